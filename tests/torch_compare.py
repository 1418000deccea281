#!/usr/bin/env python3
"""torch_compare.py: Ore against PyTorch, call by call, over random configurations.

usage: python3 tests/torch_compare.py [--lib build/libore.so] [--rounds N] [--seed S] [--only NAME]
                                      [--verbose] [--page FILE] [--check FILE] [--halves]

Runs on demand, and as the test torch_compare; where torch cannot be imported it says so and returns
77. --page writes the result as docs/torch-compare.md, --check tells whether that page has the
functions that were compared. Each row of torch_compare_table.ROWS draws arguments
(shapes with sizes 0 and 1, strided views, broadcasting, dtypes, negative dims, options), calls Ore
through ctypes and torch, and compares what comes out: shape, dtype, strides and offset of views,
values, gradients of every input that can have one, and whether the call fails at all. The report
names each function's worst error, relative to the largest value of its result, and every mismatch.
A row may carry a reason why Ore differs on purpose (`differs`); such a case is counted apart. What
differs is measured against torch's float64: by the same limit, or, where a result is what large
numbers leave of each other, by what roundings of the inputs do to it (see error_in_double). The
exit status is 1 when there is a mismatch without a reason.

--halves draws bfloat16 and float16 where there would be float32 and float64. Ore rounds the result
of an operation once, torch often in between too, so what differs by more than a few roundings is
held against torch's float64, with room for what torch itself is wrong by. What torch does not have
for a half type is counted and left out, and so are the rows of layers that draw their own weights,
of which torch draws other ones for halves.
"""
import argparse
import ctypes as C
import importlib
import math
import random
import re
import sys
from pathlib import Path

from torch_library import TYPES, Ore, OreError, shape_of
import torch

TOLERANCE = {torch.float32: 2e-5, torch.float64: 2e-12, torch.bfloat16: 1e-2, torch.float16: 2e-3}
# What large numbers leave of each other may be wrong by NOISE times what CHANGES random changes of
# the inputs by half a unit in the last place do to it at most, or torch's float32 is wrong by (2.4
# times at most in 19,000 cases, most of norms); but by no more than LIMITS tolerances, so that no
# jump of a function is taken for noise.
NOISE, CHANGES, LIMITS = 4.0, 8, 100.0
LAYERS = ("torch_compare_attend", "torch_compare_transformer")
FULL, HALVES = (torch.float32, torch.float64), (torch.bfloat16, torch.float16)
# Half a unit in the last place of 1, by which changed inputs are changed.
SHARE = {torch.float32: 2.0 ** -24, torch.bfloat16: 2.0 ** -8, torch.float16: 2.0 ** -11}

# ---- drawing arguments -------------------------------------------------------------------------

class Arg:
    """A tensor argument: a dense base and the views that lead from it to the argument."""

    def __init__(self, base, views=()):
        self.base, self.views, self.wants, self.changed = base, list(views), False, None

    def torch(self):
        """The argument in torch, which `changed` may change: see change."""
        t = self.base.clone()
        self.leaf = t.requires_grad_() if self.wants else t
        for name, args in self.views:
            t = getattr(t, name)(*args)
        return t if self.changed is None else change(t, self.changed)

    def ore(self, lib):
        t = lib.from_torch(self.base)
        if self.wants:
            lib.tensor("set_requires_grad", t, True)
        self.handle = t
        for name, args in self.views:
            if name == "expand":
                args = [shape_of(args)]
            name = "slice" if name == "slice_of" else name
            t = lib.tensor(name, t, *args)
        return t

    def in_double(self, changed):
        """The same argument with float64 for narrower types."""
        base = self.base.double() if self.base.dtype in SHARE else self.base
        other = Arg(base, self.views)
        other.wants, other.changed = self.wants, changed if base.dtype == torch.float64 else None
        return other

    def __repr__(self):
        steps = "".join(f".{n}{a}" for n, a in self.views)
        return f"{str(self.base.dtype)[6:]}{tuple(self.base.shape)}{steps}"


def change(t, how):
    """t, each element more or less by `share` of itself, or as it is: how is (generator, share).
    The gradient of t comes back as it is: each of its parts has errors of its own."""
    generator, share = how
    finite = t.detach().nan_to_num(nan=0.0, posinf=0.0, neginf=0.0)
    return t + finite * torch.randint(-1, 2, t.shape, generator=generator) * share


def slice_of(t, dim, start, stop, step):
    index = [slice(None)] * t.dim()
    index[dim] = slice(start, stop, step)
    return t[tuple(index)]


torch.Tensor.slice_of = slice_of


class Draw:
    """Random arguments; one seed, one sequence of them."""

    def __init__(self, seed, floats=FULL):
        self.floats = floats
        self.r = random.Random(seed)
        self.g = torch.Generator().manual_seed(seed)

    def chance(self, p):
        return self.r.random() < p

    def size(self, zero=0.06, one=0.15):
        x = self.r.random()
        return 0 if x < zero else 1 if x < zero + one else self.r.choice([2, 3, 4, 5, 7, 8, 9, 17])

    def shape(self, low=0, high=4, zero=0.06):
        n = self.r.randint(low, high)
        sizes = [self.size(zero) for _ in range(n)]
        while torch.Size(sizes).numel() > 4000:
            sizes[sizes.index(max(sizes))] = 2
        return sizes

    def dim(self, ndim):
        """A dim as a caller might name it: valid, sometimes negative, rarely out of range."""
        if self.chance(0.03):
            return self.r.choice([ndim, -ndim - 1, ndim + 5])
        n = max(ndim, 1)
        return self.r.randint(-n, n - 1)

    def floating(self):
        return self.r.choice(self.floats)

    def number(self):
        return self.r.choice([*self.floats, torch.int64, torch.int32, torch.uint8])

    def any(self):
        return self.r.choice(TYPES)

    def values(self, shape, dtype, kind="normal"):
        if dtype == torch.bool:
            return torch.rand(shape, generator=self.g) < 0.5
        if not dtype.is_floating_point:
            low = 0 if dtype == torch.uint8 or kind == "positive" else -9
            return torch.randint(low, 10, shape, generator=self.g).to(dtype)
        n = torch.Size(shape).numel()
        if kind == "distinct":
            x = torch.randperm(n, generator=self.g).reshape(shape).double() / 4 - n / 8
        elif kind == "ties":
            x = torch.randint(-2, 3, shape, generator=self.g).double()
        else:
            x = torch.randn(shape, generator=self.g, dtype=torch.float64) * 1.5
        if kind == "positive":
            x = x.abs() + 0.1
        if kind == "away":
            x = torch.where(x >= 0, x + 0.2, x - 0.2)
        if kind == "special" and n:
            flat = x.reshape(-1)
            for i in range(n):
                if self.chance(0.2):
                    flat[i] = self.r.choice([0.0, -0.0, float("inf"), float("-inf"), float("nan"),
                                             1.0, -1.0, 100.0, -100.0, 1e-30])
        return x.to(dtype)

    def laid_out(self, sizes, dtype, kind):
        """A base and views whose end has the sizes."""
        sizes, views = list(sizes), []
        for _ in range(self.r.choice([0, 0, 1, 1, 2])):
            n = len(sizes)
            how = self.r.choice(["transpose", "slice", "select", "expand", "unsqueeze"])
            if how == "transpose" and n >= 2:
                a, b = self.r.sample(range(n), 2)
                sizes[a], sizes[b] = sizes[b], sizes[a]
                views.insert(0, ("transpose", (a, b)))
            elif how == "slice" and n >= 1:
                d, step = self.r.randrange(n), self.r.choice([1, 2, 3])
                start = self.r.randint(0, 2)
                stop = start + (sizes[d] - 1) * step + 1 if sizes[d] else start
                views.insert(0, ("slice_of", (d, start, stop, step)))
                sizes[d] = stop + self.r.randint(0, 2)
            elif how == "select" and n < 5:
                d, size = self.r.randint(0, n), self.r.randint(1, 3)
                views.insert(0, ("select", (d, self.r.randrange(size))))
                sizes.insert(d, size)
            elif how == "expand" and 1 in range(n):
                d = self.r.randrange(n)
                views.insert(0, ("expand", tuple(sizes)))
                sizes[d] = 1
            elif how == "unsqueeze" and 1 in sizes:
                d = sizes.index(1)
                views.insert(0, ("unsqueeze", (d,)))
                del sizes[d]
        return Arg(self.values(sizes, dtype, kind), views)

    def arg(self, sizes=None, dtype=None, kind="normal", low=0, high=4, dense=False):
        sizes = self.shape(low, high) if sizes is None else sizes
        dtype = self.floating() if dtype is None else dtype
        if dense:
            return Arg(self.values(sizes, dtype, kind))
        return self.laid_out(sizes, dtype, kind)

    def given(self, tensor):
        return Arg(tensor)

    def broadcast(self, sizes):
        """Sizes that broadcast with `sizes`; rarely ones that do not."""
        out = [1 if self.chance(0.25) else n for n in sizes]
        out = out[self.r.randint(0, len(out)):] if self.chance(0.3) else out
        if out and self.chance(0.03):
            out[self.r.randrange(len(out))] += 1
        return out


# ---- comparing ---------------------------------------------------------------------------------

class Report:
    def __init__(self, halves=False):
        self.halves = halves
        self.worst, self.count, self.bad, self.known, self.noise = {}, {}, {}, {}, {}
        self.absent = {}

    def error(self, name, value):
        self.worst[name] = max(self.worst.get(name, 0.0), value)

    def mismatch(self, row, what, args):
        why = row.differs and row.differs(what)
        if not why and self.halves and "expected float32 or float64" in what:
            why = "drawn in float32 and cast"
        if why:
            key = (row.name, why)
            self.known[key] = self.known.get(key, 0) + 1
            return
        self.bad.setdefault(row.name, []).append((what, args))


def relative_error(got, want, floor):
    """The largest difference, relative to the largest finite value (or to `floor`, where results
    are small differences of large numbers); infinite where NaN or infinity differ. The smallest
    number above 0 that got's type has is no difference."""
    if got.numel() == 0:
        return 0.0
    least = torch.finfo(got.dtype).smallest_normal * torch.finfo(got.dtype).eps \
        if got.is_floating_point() else 0.0
    got, want = got.double(), want.double()
    if not torch.equal(torch.isnan(got), torch.isnan(want)):
        return float("inf")
    infinite = torch.isinf(want) | torch.isinf(got)
    if not torch.equal(got[infinite], want[infinite]):
        return float("inf")
    finite = ~(torch.isnan(want) | infinite)
    if not finite.any():
        return 0.0
    scale = max(want[finite].abs().max().item(), floor)
    difference = max((got[finite] - want[finite]).abs().max().item() - least, 0.0)
    return difference / scale if scale > 0 else difference


class Row:
    """A function: draw(d) -> arguments, ore(lib, *arguments) and torch(*arguments) -> results."""

    def __init__(self, name, draw, ore, torch_, grad=True, views=False, floor=0.0, differs=None,
                 distance=None, in_double=None):
        self.name, self.draw, self.ore, self.torch = name, draw, ore, torch_
        self.grad, self.views, self.floor, self.differs = grad, views, floor, differs
        self.in_double = in_double  # (arguments) -> those for float64, where a dtype decides them
        self.distance = distance  # (of two samples, its limit) where numbers are drawn
        self.calls = set()

    def functions(self):
        """What the row compares: the function that its name begins with, or else all that it calls
        (but for what prepares arguments)."""
        first = self.name.replace(",", " ").split()[0]
        return {first} if first in self.calls else self.calls - {"detach", "from_data", "ok"}


def listed(result):
    return list(result) if isinstance(result, (list, tuple)) else [result]


def run_torch(row, args):
    try:
        return listed(row.torch(*[a.torch() if isinstance(a, Arg) else a for a in args])), None
    except (RuntimeError, IndexError, ValueError, TypeError, OverflowError,
            NotImplementedError) as e:
        return None, str(e).split("\n")[0]


class InDouble:
    """A case in torch once more, with float64 for float32; it runs only if it is asked for. A result
    is None where torch does not take float64 there."""

    def __init__(self, row, args):
        self.row, self.ups = row, []
        self.args = row.in_double(args) if row.in_double else args

    def run(self, changed):
        again = [a.in_double(changed) if isinstance(a, Arg) else a for a in self.args]
        return again, run_torch(self.row, again)[0]

    def value(self, i, changed):
        results = self.run(changed)[1]
        return results and results[i].detach()

    def gradient(self, i, changed):
        """Of argument i; `ups` are the gradients that came from above, by the result's number."""
        again, results = self.run(changed)
        if not results:
            return None
        for k, up in self.ups:
            up = up.double() if changed is None else change(up.double(), changed)
            results[k].backward(up.to(results[k].dtype), retain_graph=True)
        return again[i].leaf.grad


def error_in_double(row, got, want, run, limit):
    """The error against float64 of what Ore gave, or None where it is more than roundings explain:
    those of torch, too, which gave `want`. run(changed) is the same result in float64."""
    truth = run(None)
    if truth is None:
        return None
    error = relative_error(got, truth, row.floor)
    if error <= limit:
        return error
    share = SHARE.get(got.dtype, 2.0 ** -52)  # of float64: one unit
    how = torch.Generator().manual_seed(0), share
    errors = [relative_error(x, truth, row.floor)
              for x in [want] + [run(how) for _ in range(CHANGES)]]
    noise = max((e for e in errors if e < math.inf), default=0.0)
    return error if error <= min(NOISE * noise, LIMITS * limit) else None


def run_ore(row, lib, args):
    try:
        given = [a.ore(lib) if isinstance(a, Arg) else a for a in args]
        lib.called = row.calls
        return listed(row.ore(lib, *given)), None
    except OreError as e:
        return None, str(e)
    finally:
        lib.called = set()


def compare_results(row, lib, got, want, report, args, in_double):
    if len(got) != len(want):
        report.mismatch(row, f"{len(got)} results, expected {len(want)}", args)
        return False
    for i, (g, w) in enumerate(zip(got, want)):
        shape, dtype = lib.shape(g), lib.dtype(g)
        if shape != tuple(w.shape):
            report.mismatch(row, f"shape {shape}, expected {tuple(w.shape)}", args)
            return False
        if dtype != w.dtype:
            report.mismatch(row, f"dtype {dtype}, expected {w.dtype}", args)
            return False
        if row.views and w.numel() and (
                [s for s, n in zip(lib.strides(g), shape) if n > 1]
                != [s for s, n in zip(w.stride(), shape) if n > 1]
                or lib.call("storage_offset", g, restype=C.c_int64) != w.storage_offset()):
            report.mismatch(row, f"strides {lib.strides(g)}, expected {w.stride()}", args)
        judge(row, report, "value", lib.to_torch(g), w.detach(), args,
              lambda changed, i=i: in_double.value(i, changed))
    return True


def judge(row, report, what, got, want, args, in_double):
    """Compares two results; in_double(changed) is the same in float64: see InDouble."""
    if row.distance:
        error, limit = row.distance[0](got, want), row.distance[1]
        if error <= limit:
            report.error((row.name, "distance", str(want.dtype)[6:]), error)
        else:
            report.mismatch(row, f"samples {error:.3g} apart", args)
        return
    error = relative_error(got, want, row.floor)
    coarsest = max([TOLERANCE.get(a.base.dtype, 0.0) for a in args if isinstance(a, Arg)] +
                   [TOLERANCE.get(want.dtype, 0.0)])
    limit = 0.0 if not want.dtype.is_floating_point else coarsest
    if error > limit and want.dtype.is_floating_point:
        against_double = error_in_double(row, got, want, in_double, limit)
        if against_double is not None:
            report.noise[row.name] = report.noise.get(row.name, 0) + 1
            error = limit = against_double
    if error <= limit:
        report.error((row.name, what, str(want.dtype)[6:]), error)
    else:
        report.mismatch(row, f"{what} off by {error:.3g}: {got.flatten()[:6].tolist()}, expected "
                             f"{want.flatten()[:6].tolist()}", args)


def compare_gradients(row, lib, draw, got, want, args, report, in_double):
    for i, (g, w) in enumerate(zip(got, want)):
        if not w.requires_grad:
            continue
        up = draw.values(w.shape, w.dtype)
        w.backward(up, retain_graph=True)
        in_double.ups.append((i, up))
        try:
            lib.status("backward_from", g, lib.from_torch(up), True)
        except OreError as e:
            report.mismatch(row, f"backward: {e}", args)
            return
    for i, a in enumerate(args):
        if not isinstance(a, Arg) or not a.wants:
            continue
        mine = lib.call("grad", a.handle)
        if a.leaf.grad is None:
            continue
        if not mine:
            report.mismatch(row, f"no gradient for {a}", args)
            continue
        judge(row, report, "gradient", lib.to_torch(C.c_void_p(mine)), a.leaf.grad, args,
              lambda changed, i=i: in_double.gradient(i, changed))


LACKS = re.compile("not implemented for '(Half|BFloat16)'|must be either float or double")


def run_case(row, lib, draw, report):
    args = row.draw(draw)
    for a in args:
        if isinstance(a, Arg):
            a.wants = row.grad and a.base.dtype in draw.floats and draw.chance(0.85)
    want, torch_error = run_torch(row, args)
    lib.call("scope_begin", restype=None)
    got, ore_error = run_ore(row, lib, args)
    report.count[row.name] = report.count.get(row.name, 0) + 1
    if want is None and draw.floats == HALVES and LACKS.search(torch_error):
        report.absent[row.name] = report.absent.get(row.name, 0) + 1
    elif (want is None) != (got is None):
        report.mismatch(row, f"ore says '{ore_error}'" if got is None else
                        f"torch says '{torch_error}', ore gives {lib.shape(got[0])}", args)
    elif want is not None:
        in_double = InDouble(row, args)
        if compare_results(row, lib, got, want, report, args, in_double) and row.grad:
            compare_gradients(row, lib, draw, got, want, args, report, in_double)
    lib.call("scope_end", restype=None)
    if not lib.call("ok", restype=C.c_bool):
        report.mismatch(row, "an error is left pending: " +
                        lib.lib.ore_error_message().decode(), args)
        lib.lib.ore_error_clear()


def print_report(report, verbose):
    for name in sorted(report.count):
        parts = [f"{what} {dtype} {error:.2g}" for (n, what, dtype), error
                 in sorted(report.worst.items()) if n == name]
        print(f"{name:18} {report.count[name]:6} cases  {'; '.join(parts)}")
    print_mismatches(report, verbose)


def print_mismatches(report, verbose):
    for (name, why), count in sorted(report.known.items()):
        print(f"differs on purpose: {name}: {why} ({count} cases)")
    for name, count in sorted(report.noise.items()):
        print(f"held against float64: {name} (results: {count})")
    for name, count in sorted(report.absent.items()):
        print(f"not in torch: {name} ({count} cases)")
    for name, cases in sorted(report.bad.items()):
        for what, args in cases[:None if verbose else 4]:
            print(f"MISMATCH {name}: {what}\n    {args}")
        print(f"MISMATCH {name}: {len(cases)} of {report.count[name]} cases")


def all_rows():
    from torch_compare_table import ROWS
    for part in sorted(Path(__file__).resolve().parent.glob("torch_compare_*.py")):
        importlib.import_module(part.stem)  # each adds its rows
    return ROWS


def common_options(description, rounds):
    root = Path(__file__).resolve().parent.parent
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--lib", default=root / "build" / "libore.so")
    parser.add_argument("--rounds", type=int, default=rounds, help="cases for each function")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", help="a function's name")
    parser.add_argument("--verbose", action="store_true")
    return parser


def run_rows(rows, lib, o, report, floats=FULL):
    """All cases of the rows that the options ask for."""
    torch.set_num_threads(1)
    for row in rows:
        if o.only and row.name != o.only:
            continue
        for i in range(o.rounds):
            seed = o.seed * 1000003 + i * 7919 + sum(map(ord, row.name))
            run_case(row, lib, Draw(seed, floats), report)


def main():
    from torch_compare_page import check_page, write_page
    rows = all_rows()
    parser = common_options("Compares Ore with PyTorch.", 100)
    parser.add_argument("--halves", action="store_true", help="bfloat16 and float16")
    parser.add_argument("--page", type=Path, help="write the result there")
    parser.add_argument("--check", type=Path, help="compare that page's functions")
    o = parser.parse_args()
    lib, report = Ore(o.lib), Report(o.halves)
    print(f"torch {torch.__version__}, ore at level {lib.lib.ore_cpu_level().decode()}")
    if o.halves:
        run_rows([row for row in rows if row.torch.__module__ not in LAYERS], lib, o, report, HALVES)
    else:
        run_rows(rows, lib, o, report)
    if o.verbose or not o.check:
        print_report(report, o.verbose)
    else:
        print_mismatches(report, o.verbose)
    if o.page:
        write_page(o.page, report, rows, lib, o)
    bad = sum(len(cases) for cases in report.bad.values())
    if o.check:
        bad += check_page(o.check, rows)
    print(f"{sum(report.count.values())} cases of {len(report.count)} functions, {bad} mismatches")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
