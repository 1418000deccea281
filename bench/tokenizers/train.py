#!/usr/bin/env python3
"""train.py: training of byte-level BPE in Ore, in Hugging Face's tokenizers and in plain Python.

    train.py plain FILE [--ore build/ore]            512 tokens; plain Python takes minutes
    train.py zipf [--mib 1024] [--vocab 32768]       a generated text; against tokenizers

Each side is a process of its own, one after the other on the same text. Prints wall-clock and
processor seconds and the peak of memory (resident set), the ratios, and whether the merges are the
same. Needs numpy and tokenizers for `zipf`; `plain` with --pattern gpt2 needs regex.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent

HUGGING_FACE = """
import sys
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
text, size, out = sys.argv[1:4]
tokenizer = Tokenizer(models.BPE())
tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
tokenizer.train([text], trainers.BpeTrainer(vocab_size=int(size), min_frequency=2,
    initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
tokenizer.save(out)
"""


def run(command):
    """Wall-clock and processor seconds, and the peak in MiB, of a process."""
    start = time.monotonic()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    if status != 0:
        sys.exit(f"{command[0]} failed")
    return time.monotonic() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def show(name, figures):
    print(f"{name:12} {figures[0]:9.2f} s, {figures[1]:9.2f} s of processors, "
          f"peak {figures[2]:7.0f} MiB", flush=True)


def ore_command(args, text, size, out, pattern="gpt2"):
    return [args.ore, "tokenizer", "train", text, "--vocab-size", str(size), "--special", "none",
            "--pattern", pattern, "--out", out] + (
                ["--threads", str(args.threads)] if args.threads else [])


def merges_of(path):
    merges = json.loads(Path(path).read_text(encoding="utf-8"))["model"]["merges"]
    return [tuple(m.split(" ")) if isinstance(m, str) else tuple(m) for m in merges]


def plain(args):
    with tempfile.TemporaryDirectory() as folder:
        out = f"{folder}/ore.json"
        for pattern in ["none", "gpt2"] if args.pattern == "both" else [args.pattern]:
            runs = [run(ore_command(args, args.file, 512, out, pattern))
                    for _ in range(args.repeat)]
            ours = tuple(min(figures) for figures in zip(*runs))
            show(f"ore {pattern}", ours)
            command = [sys.executable, str(HERE / "plain_bpe.py"), args.file, "512", "--pattern",
                       pattern]
            theirs = run(command)
            show(f"plain {pattern}", theirs)
            print(f"{'':12} {theirs[0] / ours[0]:.0f} times as fast, {theirs[1] / ours[1]:.0f} by "
                  "processor time", flush=True)


def zipf(args):
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        text = f"{folder}/zipf.txt"
        subprocess.run([sys.executable, str(HERE / "zipf_text.py"), text, str(args.mib)],
                       check=True)
        ours = run(ore_command(args, text, args.vocab, f"{folder}/ore.json"))
        show("ore", ours)
        theirs = run([sys.executable, "-c", HUGGING_FACE, text, str(args.vocab),
                      f"{folder}/theirs.json"])
        show("tokenizers", theirs)
        print(f"{'':12} {theirs[0] / ours[0]:.1f} times as fast, {theirs[1] / ours[1]:.1f} by "
              f"processor time, {ours[2] / theirs[2]:.2f} of the memory")
        a, b = merges_of(f"{folder}/ore.json"), merges_of(f"{folder}/theirs.json")
        print(f"{'':12} {len(a)} and {len(b)} merges, {'the same' if a == b else 'which differ'}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    modes = parser.add_subparsers(dest="mode", required=True)
    for name in ["plain", "zipf"]:
        mode = modes.add_parser(name)
        mode.add_argument("--ore", default="build/ore")
        mode.add_argument("--threads", type=int, default=0, help="Ore's; 0: all cores")
        if name == "plain":
            mode.add_argument("file")
            mode.add_argument("--pattern", choices=["none", "gpt2", "both"], default="both")
            mode.add_argument("--repeat", type=int, default=5, help="the least of so many runs of Ore, of each figure")
        else:
            mode.add_argument("--mib", type=int, default=1024)
            mode.add_argument("--vocab", type=int, default=32768)
            mode.add_argument("--folder", default=None, help="for the text, its size free")
    args = parser.parse_args()
    plain(args) if args.mode == "plain" else zipf(args)


if __name__ == "__main__":
    main()
