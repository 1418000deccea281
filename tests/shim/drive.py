#!/usr/bin/env python3
"""drive.py ORE SHIM: runs `ore` with one file operation failing, or the program killed there, and
checks what is left.

Every position of every scenario, or with --sample N so many of them drawn by --seed. Afterwards:
- the command succeeded wholly, or it ended with a status above 0 and one line on standard error
- a checkpoint that was there is still there, or a later one
- the plain command goes on from there, and ends with the files of the undisturbed run, bit by bit"""
import argparse
import errno
import os
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

STEPS, STOP = 12, 6
SIZE = ("--n-layer 1 --n-head 2 --n-embd 8 --block-size 16 --batch-size 4 --eval-interval 4 "
        "--eval-batches 2 --warmup-steps 5 --dropout 0.1 --threads 1").split()
KEPT = ["config.json", "tokenizer.json", "state.json", "model.safetensors", "best.safetensors",
        "optimizer.safetensors", "metrics.jsonl"]
SWEEP_RUNS = ["lr=0.01", "lr=0.001"]


class Fault(Exception):
    pass


def content(folder):
    """What must be equal of two runs: the files, whose paths differ in config.json alone."""
    found = {}
    for name in KEPT:
        path = folder / name
        found[name] = path.read_bytes() if path.exists() else None
    return found


def differing(a, b):
    return ", ".join(name for name in KEPT if a[name] != b[name])


class Drive:
    def __init__(self, options, root):
        self.o, self.root, self.text, self.log = options, root, root / "text.txt", root / "log"
        self.under = root / "under"
        self.run = self.under / "run"
        r = random.Random(1)
        self.text.write_text("".join(r.choice(["ore ", "iron ", "gold ", "hill\n"])
                                     for _ in range(1200)))
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith("ORE_")}
        self.environment["PATH"] = "/nonexistent"  # no gnuplot, for speed
        self.environment["XDG_CACHE_HOME"] = str(self.under / "cache")

    def ore(self, words, fault=None):
        """The finished process; fault: the variables of the shim."""
        environment = dict(self.environment)
        if fault:
            environment.update(fault, LD_PRELOAD=self.o.shim, ORE_FAULT_UNDER=str(self.under),
                               ORE_FAULT_CALLS=self.o.calls, ORE_FAULT_LOG=str(self.log))
        with self.text.open() as text:  # for --data -
            return subprocess.run([self.o.ore, *words], env=environment, stdin=text,
                                  capture_output=True, text=True, errors="replace", timeout=120)

    def well(self, words):
        p = self.ore(words)
        if p.returncode != 0 or p.stderr:
            raise Fault(f"`ore {' '.join(words)}` ends with {p.returncode}: {p.stderr.strip()}")
        return p.stdout

    def train(self, *more):
        return ["train", "gpt", *SIZE, "--data", str(self.text), "--out", str(self.run),
                "--steps", str(STEPS), *more]

    def resume(self):
        return ["train", "gpt", "--resume", "--out", str(self.run)]

    def sweep(self):
        return ["sweep", "gpt", *SIZE, "--data", str(self.text), "--out", str(self.run), "--grid",
                "lr=0.01,0.001", "--steps", "4"]

    def clear(self):
        shutil.rmtree(self.under, ignore_errors=True)
        self.under.mkdir()

    def keep(self, name):
        """Sets the run aside, to start from it again; returns its content."""
        shutil.copytree(self.run, self.root / name, symlinks=True)
        return content(self.run)

    def put(self, name):
        self.clear()
        shutil.copytree(self.root / name, self.run, symlinks=True)

    def ends_as(self, expected):
        found = content(self.run)
        if not any(found == e for e in expected):
            raise Fault(f"differs from the undisturbed run: {differing(found, expected[0])}")

    def tidy(self):
        """Nothing is left but, where it could not be removed, the checkpoint before."""
        left = [p.name for p in self.run.iterdir()
                if p.name.startswith("replaced") or p.name.startswith(".ore-tmp")]
        left += sorted(p.name for p in (self.run / "checkpoints").iterdir())[2:]
        if left:
            raise Fault(f"left behind: {', '.join(left)}")


# ---- scenarios: what is there before, the command, what must hold after --------------------------

class Scenario:
    place = "first"

    def __init__(self, drive):
        self.d = drive

    def before(self):
        self.d.clear()

    def succeeded(self, output):
        self.d.ends_as([self.expected])
        self.d.tidy()

    def failed(self):
        self.succeeded("")


class Train(Scenario):
    def make(self):
        self.before()
        self.d.well(self.command())
        self.expected = content(self.d.run)

    def command(self):
        return self.d.train()

    def failed(self):
        """A run that wrote its config goes on, one that did not starts again."""
        begun = (self.d.run / "config.json").exists()
        self.d.well(self.d.resume() if begun else self.command())
        self.succeeded("")


class Input(Train):
    """A text from standard input, of which the run keeps a copy."""

    def command(self):
        return [word if word != str(self.d.text) else "-" for word in self.d.train()]

    def failed(self):
        kept = self.d.run / "run-data.txt"
        if (self.d.run / "config.json").exists() and not kept.exists():
            self.d.well([*self.d.resume(), "--data", "-"])
            self.succeeded("")
        else:
            super().failed()
        if kept.read_bytes() != self.d.text.read_bytes():
            raise Fault("the copy of standard input is another text")


class Resume(Train):
    def make(self):
        super().make()
        self.before = super().before
        self.before()
        self.d.well(self.d.train("--stop-at", str(STOP)))
        self.d.keep("stopped")
        self.before = lambda: self.d.put("stopped")

    def command(self):
        return self.d.resume() if hasattr(self, "expected") else self.d.train()

    def failed(self):
        current = self.d.run / "current" / "state.json"
        if not current.exists():
            raise Fault("the checkpoint is gone")
        output = self.d.well(self.d.resume())
        at = output.partition("resumed     at step ")[2].split()
        if not at or int(at[0].strip(":,")) < STOP:
            raise Fault(f"goes on at step {at[:1]}, the checkpoint was that of step {STOP}")
        self.succeeded("")


class Force(Scenario):
    """A finished run is replaced by another one. What is left is one of the two, or goes on to be
    the new one; and the same command replaces it again."""

    def command(self):
        return self.d.train("--seed", "2", "--force")

    def make(self):
        super().before()
        self.d.well(self.d.train("--seed", "1"))
        self.old = self.d.keep("old")
        self.d.well(self.command())
        self.expected = content(self.d.run)

    def before(self):
        self.d.put("old")

    def failed(self):
        aside = self.d.root / "aside"
        shutil.rmtree(aside, ignore_errors=True)
        shutil.copytree(self.d.run, aside, symlinks=True)
        self.d.well(self.d.resume())
        self.d.ends_as([self.expected, self.old])
        self.d.tidy()
        shutil.rmtree(self.d.run)
        shutil.copytree(aside, self.d.run, symlinks=True)
        self.d.well(self.command())
        self.succeeded("")


class Sweep(Scenario):
    def command(self):
        return self.d.sweep()

    def runs(self):
        return [content(self.d.run / name) for name in SWEEP_RUNS]

    def make(self):
        self.before()
        self.d.well(self.command())
        self.expected = self.runs()

    def succeeded(self, output):
        for found, expected in zip(self.runs(), self.expected):
            if found != expected:
                raise Fault(f"a run of the sweep differs: {differing(found, expected)}")
        if len((self.d.run / "sweep.tsv").read_text().splitlines()) != 1 + len(SWEEP_RUNS):
            raise Fault("sweep.tsv lacks a run")

    def failed(self):
        self.d.well(self.command())
        self.succeeded("")


class SweepChildren(Sweep):
    place = "children"


class Read(Scenario):
    """A command that only reads a run: it gives its output, or one line that says why not. A note
    may say that the cache of tokens could not be used, or that it was made anew, as for a text that
    is reached by its other path."""

    notes = ("its tokens are in memory: ", " tokens kept in ")

    def make(self):
        super().before()
        self.d.well(self.d.train())
        self.expected = self.d.keep(type(self).__name__)
        self.output = self.d.well(self.command())

    def before(self):
        self.d.put(type(self).__name__)

    def succeeded(self, output):
        lines = [l for l in output.splitlines(True) if not any(note in l for note in self.notes)]
        if "".join(lines) != self.output:
            raise Fault(f"another output, with status 0: {output[:200]!r}")
        super().succeeded(output)

    def failed(self):
        super().succeeded("")


class Eval(Read):
    def command(self):
        return ["eval", str(self.d.run)]


class Sample(Read):
    def command(self):
        return ["sample", str(self.d.run), "--num", "1", "--best"]


SCENARIOS = {"train": Train, "input": Input, "resume": Resume, "force": Force, "sweep": Sweep,
             "sweep-children": SweepChildren, "eval": Eval, "sample": Sample}


# ---- positions -----------------------------------------------------------------------------------

def fault_at(scenario, at, error):
    return {"ORE_FAULT_AT": str(at), "ORE_FAULT_IN": scenario.place,
            "ORE_FAULT_ERRNO": error if error == "kill" else str(getattr(errno, error))}


def count_of(drive, scenario):
    """How many operations there are to fail; of several children, the most that one has."""
    drive.log.unlink(missing_ok=True)
    scenario.before()
    drive.ore(scenario.command(), fault_at(scenario, 0, "kill"))
    return max(int(line.split()[1]) for line in drive.log.read_text().splitlines())


def try_one(drive, scenario, at, error):
    """None, or what is wrong; and what failed."""
    drive.log.unlink(missing_ok=True)
    scenario.before()
    p = drive.ore(scenario.command(), fault_at(scenario, at, error))
    lines = drive.log.read_text().splitlines() if drive.log.exists() else []
    fired = next((line[6:] for line in lines if line.startswith("fired ")), "nothing")
    fired = fired.replace(str(drive.run), "RUN")
    try:
        if p.returncode == 0:
            scenario.succeeded(p.stdout)
        else:
            said = [line for line in p.stderr.splitlines() if line]
            if scenario.place == "first" and p.returncode != (-9 if error == "kill" else 1):
                raise Fault(f"ends with {p.returncode}: {p.stderr.strip()[:300]}")
            if error != "kill" and (len(said) != 1 or not said[0].startswith("ore ")):
                raise Fault(f"no one line but {p.stderr[:300]!r}")
            scenario.failed()
    except (Fault, OSError, subprocess.TimeoutExpired) as problem:
        return f"{problem} (after {p.stderr.strip()[:300]!r})", fired
    return None, fired


def main():
    parser = argparse.ArgumentParser(description="Fails or kills `ore` at its file operations.")
    parser.add_argument("ore")
    parser.add_argument("shim")
    parser.add_argument("--scenarios", default=",".join(SCENARIOS))
    parser.add_argument("--errors", default="EIO,kill", help="names of errno, or kill")
    parser.add_argument("--calls", default="all", help="functions that count")
    parser.add_argument("--sample", type=int, help="so many positions in all, instead of every one")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--at", type=int, help="this position alone")
    o = parser.parse_args()
    base = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # every checkpoint is synced
    root = Path(tempfile.mkdtemp(prefix="ore-drive-", dir=base))
    tried, wrong = 0, 0
    try:
        drive = Drive(o, root)
        places = []
        for name in o.scenarios.split(","):
            scenario = SCENARIOS[name](drive)
            scenario.make()
            n = count_of(drive, scenario)
            places += [(name, scenario, at, error) for error in o.errors.split(",")
                       for at in ([o.at] if o.at else range(1, n + 1))]
            print(f"{name}: {n} operations", flush=True)
        if o.sample and o.sample < len(places):
            places = random.Random(o.seed).sample(places, o.sample)
        for name, scenario, at, error in places:
            problem, fired = try_one(drive, scenario, at, error)
            tried += 1
            if problem:
                wrong += 1
                print(f"{name} {error} at {at}, {fired}: {problem}", flush=True)
    finally:
        shutil.rmtree(root, ignore_errors=True)
    print(f"{tried} positions tried, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
