#!/usr/bin/env python3
"""torch_graphs.py: random programs of views and changes in place, in Ore and in PyTorch.

usage: python3 tests/torch_graphs.py [--lib build/libore.so] [--graphs N] [--seed S] [--only K]
                                     [--write FILE]

Each graph is a program of up to 32 steps over a pool of small tensors: leaves, results, views, views
of views, copies, detached handles, changes in place of any of them, with and without recording,
handles that die, gradients that are retained, and backward. After every step both must have failed
or both succeeded; in the end values, requires_grad and is_leaf of every tensor are compared, and the
gradients of all leaves and of what retained its own. Not drawn is what differs on purpose: a view
made under no_grad, or earlier, of a leaf that requires a gradient (to torch it requires one, too, and
collects it itself), changes of what overlapping windows show, and changes by an overlapping part.

Ore can go backward where torch says that a saved value was changed: of relu_, tanh_ and sigmoid_
torch saves what they have made, Ore a copy of its own. Such a program runs again in torch with
x.copy_(tanh(x)) for x.tanh_(), whose gradients must be the same. --only K prints graph K and runs
nothing else. --write stores the programs that both ran to the end, and what torch made of them:
golden/graphs.json, which test_graphs.c runs without torch, is --graphs 60 --seed 7. Where torch
cannot be imported the program says so and returns 77; the exit status is 1 if anything differs.
"""
import argparse
import json
import random
import sys
from pathlib import Path

from torch_compare import relative_error
from torch_library import CODES, Ore
from torch_sides import OreSide, Other, PatientSide, TorchSide, run
import torch


# ---- drawing steps -------------------------------------------------------------------------------

ALONE = ["relu_", "tanh_", "sigmoid_", "neg_", "abs_", "zero_"]


def memory(t):
    return t.untyped_storage().data_ptr()


def same_memory(a, b):
    return memory(a) == memory(b)


def shares_elements(t):
    """Whether elements of t may lie at one place (an expanded view; windows that overlap)."""
    reach = 0
    for stride, size in sorted((s, n) for s, n in zip(t.stride(), t.shape) if n > 1):
        if stride <= reach:
            return True
        reach += (size - 1) * stride
    return False


def shows_leaf(t):
    """Whether t is, or is a view of, a leaf that requires a gradient."""
    whole = t._base if t._is_view() else t
    return whole.requires_grad and whole.is_leaf


class Program:
    """Draws the next step from what torch's side has."""

    def __init__(self, seed):
        self.r = random.Random(seed)
        self.g = torch.Generator().manual_seed(seed)
        self.count = 0
        self.silent = set()  # memory that may have changed without a new history
        self.apart = set()  # views made under no_grad, and views of those
        self.parts = set()  # views of which one call made several, and views of those
        self.coarse = self.r.random() < 0.2  # float32 among float64

    def number(self):
        self.count += 1
        return self.count

    def random(self, shape, dtype=torch.float64):
        return torch.randn(shape, generator=self.g, dtype=torch.float64).to(dtype)

    def dtype(self):
        return torch.float32 if self.coarse and self.r.random() < 0.4 else torch.float64

    def leaf(self):
        shape = [self.r.choice([1, 2, 3, 4]) for _ in range(self.r.choice([1, 2, 2, 3]))]
        return (self.number(), "leaf", None,
                (self.random(shape, self.dtype()), self.r.random() < 0.6), True)

    def pick(self, pool, test=lambda t: True):
        fit = [k for k, t in pool.items() if test(t)]
        # late ones more often: views of views, changes of what was just made
        return self.r.choice(fit[-4:] if self.r.random() < 0.5 else fit) if fit else None

    def step(self, torch_side, ore_side):
        pool, kind = torch_side.t, self.r.random()
        if len(pool) < 2 or kind < 0.04:
            return self.leaf()
        if kind < 0.07 and len(pool) > 3:
            return (None, "free", self.pick(pool), (), True)
        if kind < 0.10:
            return (None, "retain_grad", self.pick(pool), (), True)
        if kind < 0.13:
            k = self.pick({k: t for k, t in pool.items() if k not in self.apart | self.parts},
                          lambda t: t.is_leaf)
            shown = k and sum(same_memory(t, pool[k]) for t in pool.values()) > 1
            return None if shown or not k else (None, "set_requires_grad", k, (True,), True)
        recording = self.r.random() < 0.9
        if kind < 0.40:
            return self.view(pool, ore_side, recording)
        if kind < 0.60:
            return self.plain(pool, recording)
        return self.change(pool, recording)

    def view(self, pool, ore_side, recording):
        k = self.pick(pool)
        t, r = pool[k], self.r
        recording = recording or t.requires_grad
        n, name = t.dim(), r.choice(["select", "narrow", "slice", "transpose", "permute", "unsqueeze",
                                     "squeeze", "view", "reshape", "flatten", "diagonal", "unfold",
                                     "expand", "detach", "split", "chunk", "unbind"])
        d = r.randrange(n) if n else 0
        size = t.shape[d] if n else 1
        a = r.randrange(size) if size else 0
        args = ()
        if n == 0 or size == 0:
            if name in ("select", "narrow", "slice", "transpose", "unfold", "split", "chunk", "unbind"):
                return None
        if name == "diagonal" and n < 2 or name == "unsqueeze" and n > 4:
            return None
        if name in ("view", "reshape", "flatten"):
            if tuple(t.stride()) != ore_side.lib.strides(ore_side.t[k]) or n == 0:
                return None  # of results too, torch keeps an order of dims that Ore does not
            args = () if name == "flatten" else ([t.numel()] if n > 1 else [t.numel(), 1],)
            if name == "flatten" and n < 2:
                return None
        elif name == "select":
            args = (d, a)
        elif name == "narrow":
            args = (d, a, r.randint(1, size - a))
        elif name == "slice":
            args = (d, a, r.randint(a + 1, size), r.choice([1, 2]))
        elif name == "transpose":
            args = (d, r.randrange(n))
        elif name == "permute":
            args = (r.sample(range(n), n),)
        elif name == "unsqueeze":
            args = (r.randint(0, n),)
        elif name == "diagonal":
            args = (r.choice([0, 0, 1, -1]), *r.sample(range(n), 2))
        elif name == "unfold":
            args = (d, r.randint(1, size), r.choice([1, 2]))
        elif name == "unbind":
            args = (d, a)
        elif name == "split":
            length = r.randint(1, size)
            args = (length, d, a // length)
        elif name == "chunk":
            parts = r.randint(1, size)
            args = (parts, d, a // -(-size // parts))
        elif name == "expand":
            args = ([2] + [3 if s == 1 and r.random() < 0.5 else s for s in t.shape],)
            if n > 3:
                return None
        target = self.number()
        if name == "detach":
            self.silent.add(memory(t))
        if k in self.apart or name != "detach" and not recording:
            self.apart.add(target)
        if k in self.parts and name != "detach" or name in ("split", "chunk", "unbind"):
            self.parts.add(target)
        return (target, name, k, args, recording)

    def broadcast(self, pool, t):
        """A tensor of the pool that broadcasts to t, or a new one."""
        def fits(o):
            try:
                return torch.broadcast_shapes(o.shape, t.shape) == t.shape
            except RuntimeError:
                return False
        k = self.pick(pool, fits) if self.r.random() < 0.8 else None
        if k is None:
            return self.random([s if self.r.random() < 0.8 else 1 for s in t.shape], t.dtype)
        return Other(k)

    def plain(self, pool, recording):
        k, name = self.pick(pool), self.r.choice(["mul", "add", "sub", "tanh", "sigmoid", "relu",
                                                  "clone", "mul_scalar", "sum_dim", "mul", "tanh"])
        t, args = pool[k], ()
        if name in ("mul", "add", "sub"):
            args = (self.broadcast(pool, t),)
        elif name == "mul_scalar":
            args = (self.r.choice([0.5, -1.5]),)
        elif name == "sum_dim":
            if t.dim() == 0:
                return None
            args = (self.r.randrange(t.dim()),)
        return (self.number(), name, k, args, recording)

    def change(self, pool, recording):
        refused = self.r.random() < 0.1  # leaves and their views too
        fit = {k: t for k, t in pool.items() if not shares_elements(t) or 0 in t.stride()}
        fit = {k: t for k, t in fit.items() if refused or not shows_leaf(t)}
        views = {k: t for k, t in fit.items() if t._is_view()}
        k = self.pick(views if views and self.r.random() < 0.7 else fit)
        if k is None:
            return None
        t, r = pool[k], self.r
        name = r.choice(["add_", "sub_", "mul_", "copy_", "div_", "add_", "mul_", "copy_", "alone",
                         "alone", "fill_", "add_scalar_", "mul_scalar_", "sub_scalar_",
                         "div_scalar_", "pow_scalar_", "clamp_", "clamp_min_", "clamp_max_",
                         "masked_fill_", "index_put_", "f_dropout_", "bernoulli_"])
        args = (r.choice([0.5, -1.25, 2.0]),)
        if name == "alone":
            name, args = r.choice(ALONE), ()
        elif name in ("add_", "sub_", "mul_", "copy_", "div_"):
            args = self.operand(pool, name, k)
        elif name in ("clamp_", "clamp_min_", "clamp_max_"):  # bounds that no element equals
            args = (-r.uniform(0.5, 1),) if name == "clamp_min_" else (r.uniform(0.5, 1),)
            args = (-r.uniform(0.5, 1), *args) if name == "clamp_" else args
        elif name == "pow_scalar_":
            args = (r.choice([2.0, 3.0]),)
        elif name == "masked_fill_":
            args = (torch.rand(t.shape, generator=self.g) < 0.5, 0.25)
        elif name in ("f_dropout_", "bernoulli_"):
            args = (1.0 if name == "f_dropout_" else r.choice([0.0, 1.0]),)
        elif name == "index_put_":
            if t.dim() == 0 or t.numel() == 0 or shares_elements(t):
                return None
            places = torch.randperm(t.shape[0], generator=self.g)[:2]
            args = (places, self.random((len(places), *t.shape[1:]), t.dtype), r.random() < 0.5)
        if name in ("fill_", "zero_", "masked_fill_") and shares_elements(t) or t.numel() == 0:
            return None  # torch lets these through, and dropout of nothing
        if not recording:
            self.silent.add(memory(t))
        return (None, name, k, args, recording)

    def operand(self, pool, name, k):
        t, other = pool[k], self.broadcast(pool, pool[k])
        if name == "copy_" and isinstance(other, Other) and other.number == k:
            other = Other(k) if not shares_elements(t) else self.random(t.shape, t.dtype)
        if isinstance(other, Other):
            o = pool[other.number]
            if o is not t and same_memory(o, t):  # torch refuses, Ore reads before it writes
                other = o.detach().clone()
            elif name == "div_" and not bool((o.detach().abs() > 0.1).all()):
                other = torch.full(o.shape, 1.5, dtype=o.dtype)
        if name == "div_" and not isinstance(other, Other):
            other = other.abs() + 0.5
        return (other,)


# ---- one graph -----------------------------------------------------------------------------------

STALE = "is a view made under ore_no_grad_begin, and what it shows was changed while recording"


class Graph:
    """What differs is in `bad`; `known` names an intended difference that ended the program."""

    def __init__(self, lib, seed, verbose=False):
        self.lib, self.verbose = lib, verbose
        self.program, self.done, self.bad, self.known = Program(seed), [], [], None
        self.torch, self.ore = TorchSide(), OreSide(lib)
        self.tried = []  # every step, and whether both refused it
        self.finished = False

    def both(self, step):
        """Whether the program goes on after the step."""
        theirs, ours = run(self.torch, step), run(self.ore, step)
        self.tried.append((step, theirs is not None))
        if self.verbose:
            print(show(step), "" if theirs is None else f"  torch: {theirs[:110]}",
                  "" if ours is None else f"  ore: {ours[:110]}")
        if theirs is None and ours is None:
            self.done.append(step)
            return True
        if theirs is not None and ours is not None:
            return step[1] != "backward"  # which leaves gradients that are partly done
        if theirs is None and step[2] in self.program.apart and STALE in ours:
            self.known = "a view made under no_grad whose memory was changed through a detached handle"
        elif ours is None and self.silently_changed_part(step) and "multiple views" in theirs:
            self.known = "one of several views of which memory was changed under no_grad"
        elif ours is None and step[1] == "backward" and "modified" in theirs:
            self.done.append(step)
            self.compare_patient()
        else:
            self.bad.append(f"{show(step)}: torch {theirs or 'succeeds'}, ore {ours or 'succeeds'}")
        return False

    def silently_changed_part(self, step):
        used = [step[2], *(a.number for a in step[3] if isinstance(a, Other))]
        return any(k in self.program.parts and memory(self.torch.t[k]) in self.program.silent
                   for k in used)

    def compare_patient(self):
        """Gradients against torch that saves copies."""
        self.known = "gradients where torch refuses"
        side = PatientSide()
        for step in self.done:
            failed = run(side, step)
            if failed:
                if not self.program.coarse:  # of mixed dtypes Ore saves what it has cast
                    self.bad.append(f"{show(step)}: torch {failed}, ore succeeds")
                return
        self.compare(side)

    def compare(self, side):
        for k, x in side.t.items():
            y = self.ore.t[k]
            # require a gradient in torch as soon as their base does
            if k in self.program.apart | self.program.parts:
                self.judge(f"t{k}", self.ore.value(y), side.value(x))
                continue
            if side.facts(x) != self.ore.facts(y):
                self.bad.append(f"t{k}: requires_grad, is_leaf {self.ore.facts(y)}, "
                                f"expected {side.facts(x)}")
            self.judge(f"t{k}", self.ore.value(y), side.value(x))
            if x._is_view() and not x.is_leaf and memory(x) in self.program.silent:
                continue  # what torch retains depends on the number of changes
            want, got = side.grad(x), self.ore.grad(y)
            if (want is None) != (got is None):
                self.bad.append(f"gradient of t{k}: {got}, expected {want}")
            elif want is not None:
                self.judge(f"gradient of t{k}", got, want)

    def judge(self, what, got, want):
        floor, limit = (1e-2, 2e-4) if self.program.coarse else (1e-3, 1e-10)
        if got.shape != want.shape or got.dtype != want.dtype:
            self.bad.append(f"{what}: {got.dtype} {tuple(got.shape)}, expected {want.dtype} "
                            f"{tuple(want.shape)}")
        elif relative_error(got, want, floor) > limit:
            self.bad.append(f"{what}: {got.tolist()}, expected {want.tolist()}")

    def loss(self):
        """Steps that sum some of the pool, each element with a weight of its own."""
        program, pool = self.program, self.torch.t
        wanted = [k for k, t in pool.items()
                  if k not in program.apart and t.requires_grad and t.numel()]
        program.r.shuffle(wanted)
        total = None
        for k in wanted[:3]:
            term = program.number()
            yield (term, "weighted", k, (program.random(pool[k].shape, pool[k].dtype),), True)
            if total is None:
                total = term
            else:
                total, before = program.number(), total
                yield (total, "add", before, (Other(term),), True)
        if total is not None:
            yield (None, "backward", total, (), True)

    def drive(self):
        program = self.program
        for steps in (program.r.randint(4, 20), program.r.choice([0, 0, program.r.randint(2, 12)])):
            for _ in range(steps):
                step = program.step(self.torch, self.ore)
                if step and not self.both(step):
                    return
            for step in self.loss() if steps else ():
                if not self.both(step):
                    return
                if step not in self.done:
                    break
        self.finished = True
        self.compare(self.torch)

    def run(self):
        self.lib.call("scope_begin", restype=None)
        try:
            self.drive()
        finally:
            self.lib.call("scope_end", restype=None)


# ---- storing graphs ------------------------------------------------------------------------------

def stored_tensor(t):
    return {"s": list(t.shape), "d": CODES[t.dtype], "v": t.reshape(-1).tolist()}


def stored(a):
    if isinstance(a, torch.Tensor):
        return stored_tensor(a)
    return {"t": a.number} if isinstance(a, Other) else list(a) if isinstance(a, tuple) else a


def stored_graph(graph):
    """Steps [result, name, tensor, arguments, recording, whether it is refused], and the pool."""
    side, free_of_bases = graph.torch, graph.program.apart | graph.program.parts
    pool = []
    for k, x in side.t.items():
        one = {"t": k, "value": stored_tensor(side.value(x))}
        if k not in free_of_bases:
            one["facts"] = side.facts(x)
            if not (x._is_view() and not x.is_leaf and memory(x) in graph.program.silent):
                grad = side.grad(x)
                one["grad"] = None if grad is None else stored_tensor(grad)
        pool.append(one)
    return {"steps": [[step[0], step[1], step[2], [stored(a) for a in step[3]], step[4], refused]
                      for step, refused in graph.tried],
            "float32": graph.program.coarse, "pool": pool}


def show(step):
    target, name, x, args, recording = step
    left = f"t{target} = " if target is not None else ""
    args = [f"{tuple(a.shape)}" if isinstance(a, torch.Tensor) else repr(a) for a in args]
    of = f"t{x}." if x is not None else ""
    return f"{left}{of}{name}({', '.join(args)}){'' if recording else '  # no_grad'}"


def main():
    parser = argparse.ArgumentParser(description="Ore and PyTorch on random graphs")
    parser.add_argument("--lib", type=Path, default=Path("build/libore.so"))
    parser.add_argument("--graphs", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int)
    parser.add_argument("--write", type=Path)
    a = parser.parse_args()
    torch.set_num_threads(1)
    lib, known, failed, graphs = Ore(a.lib), {}, 0, []
    for k in range(a.graphs) if a.only is None else [a.only]:
        graph = Graph(lib, a.seed * 1000003 + k, a.only is not None)
        graph.run()
        if graph.known:
            known[graph.known] = known.get(graph.known, 0) + 1
        if graph.bad:
            failed += 1
            print(f"graph {k} (--seed {a.seed} --only {k}): {graph.bad[0]}")
        elif a.write and graph.finished:
            graphs.append(json.dumps(stored_graph(graph), separators=(",", ":")))
    if a.write:
        a.write.write_text('{"torch":"%s","graphs":[\n%s\n]}\n' % (
            torch.__version__.split("+")[0], ",\n".join(graphs)))
    for what, count in sorted(known.items()):
        print(f"{count} graphs ended early: {what}")
    print(f"{a.graphs if a.only is None else 1} graphs, seed {a.seed}: {failed} differ")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
