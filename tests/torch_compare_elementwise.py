"""torch_compare_elementwise.py: rows of torch_compare.py for elementwise functions, changes in
place and creation."""
import ctypes as C
import math

import torch
import torch.nn.functional as F

from torch_library import shape_of
from torch_compare_table import F32, F64, I64, one, row, says

# ---- elementwise -------------------------------------------------------------------------------


def two(kind="normal", mixed=0.25, numbers=True):
    def draw(d):
        sizes = d.shape(0, 4)
        dtype = d.floating() if d.chance(0.7) or not numbers else d.number()
        other = (d.number() if numbers else d.floating()) if d.chance(mixed) else dtype
        a, b = d.arg(sizes, dtype, kind), d.arg(d.broadcast(sizes), other, kind)
        return [a, b] if d.chance(0.5) else [b, a]
    return draw


row("add", two("special"), torch.add)
NO_BOOL = says("with a bool tensor", "bool is a number where another type decides")
row("sub", two(), torch.sub)
row("mul", two("special"), torch.mul)
row("div", two("away"), torch.div, floor=1.0)
row("maximum", two("ties"), torch.maximum)
row("minimum", two("special"), torch.minimum)
row("pow", two("positive"), torch.pow)
row("pow_zero", lambda d: [d.arg([7], F64, "ties"), d.arg([7], F64, "ties")], torch.pow,
    ore=lambda lib, a, b: lib.tensor("pow", a, b))
for name in ("eq", "ne", "lt", "le", "gt", "ge"):
    row(name, two("ties" if name != "ne" else "special"), getattr(torch, name))


def with_number(values, whole_integers=True):
    def draw(d):
        dtype = d.floating() if d.chance(0.8) else d.number()
        v = d.r.choice(values)
        if not dtype.is_floating_point:
            v = float(math.floor(v)) if whole_integers else v
        return [d.arg(None, dtype, "away"), v]
    return draw


def as_python(v, t):
    """A whole number beside an integer tensor is an integer, as Ore takes it."""
    return int(v) if not t.dtype.is_floating_point and v == math.floor(v) else v


NUMBERS = [-2.0, -1.0, -0.5, 0.0, 0.3, 1.0, 2.0, 3.0, 7.25]
for name, fn in (("add_scalar", torch.add), ("sub_scalar", torch.sub), ("mul_scalar", torch.mul),
                 ("rsub_scalar", lambda a, v: v - a), ("div_scalar", torch.div),
                 ("rdiv_scalar", lambda a, v: v / a)):
    row(name, with_number(NUMBERS, False), lambda a, v, fn=fn: fn(a, as_python(v, a)))
row("pow_scalar", lambda d: [d.arg(None, d.floating(), "positive"), d.r.choice(NUMBERS)],
    torch.pow)
row("pow_scalar_ints", lambda d: [d.arg(None, I64), float(d.r.randint(0, 4))],
    lambda a, v: torch.pow(a, int(v)), ore=lambda lib, a, v: lib.tensor("pow_scalar", a, v))
row("neg", one("special"), torch.neg)
row("abs", one("special"), torch.abs)
row("exp", one("special"), torch.exp)
row("log", one("positive"), torch.log)
row("sqrt", one("positive"), torch.sqrt)
row("square", one(), torch.square)
row("tanh", one("special"), torch.tanh)
row("sigmoid", one("special"), torch.sigmoid)
row("relu", one("special", 0), torch.relu, grad=False)
row("relu, gradient", one("normal", 0), torch.relu, ore=lambda lib, x: lib.tensor("relu", x))
row("gelu", one("normal", 0), F.gelu)
row("gelu_tanh", one("normal", 0), lambda x: F.gelu(x, approximate="tanh"))


def clamp_args(d):
    dtype = d.floating() if d.chance(0.8) else d.number()
    low, high = d.r.choice([-0.97, 0.03, -math.inf]), d.r.choice([2.03, 0.03, -2.03, math.inf])
    if not dtype.is_floating_point:
        low, high = d.r.choice([0.0, 1.0, 0.5, -math.inf]), d.r.choice([5.0, 0.0, 2.5, math.inf])
    return [d.arg(None, dtype, "special"), low, high]


def torch_clamp(x, low, high):
    """At a bound Ore passes the gradient, as torch 1.13 does; later ones stop it there."""
    if x.dtype.is_floating_point:
        inside = (x >= low) & (x <= high)
        return torch.where(inside, x, torch.clamp(x, low, high).detach())
    low = None if low == -math.inf else as_python(low, x)
    high = None if high == math.inf else as_python(high, x)
    return x.clone() if low is None and high is None else torch.clamp(x, low, high)


row("clamp", clamp_args, torch_clamp)


def where_args(d):
    sizes, dtype = d.shape(), d.any()
    other = d.any() if d.chance(0.3) else dtype
    return [d.arg(d.broadcast(sizes), torch.bool), d.arg(sizes, dtype),
            d.arg(d.broadcast(sizes), other)]


row("where", where_args, torch.where)


def fill_args(d):
    sizes, dtype = d.shape(), d.any()
    return [d.arg(sizes, dtype), d.arg(d.broadcast(sizes), torch.bool),
            float(d.r.choice([0, 1, 3]))]


row("masked_fill", fill_args, lambda a, m, v: a.masked_fill(m, v))

# ---- in place: on a result, so that it is recorded --------------------------------------------


def in_place(method, recorded):
    def run(t, *others):
        t = t * 1 if recorded else t.detach().clone()
        others = [o if recorded or not isinstance(o, torch.Tensor) else o.detach() for o in others]
        return getattr(t, method)(*others)
    return run


def ore_in_place(name, recorded):
    def run(lib, t, *others):
        if recorded:
            t = lib.tensor("mul_scalar", t, 1.0)
        else:
            t = lib.tensor("clone", lib.tensor("detach", t))
            others = [lib.tensor("detach", o) if isinstance(o, C.c_void_p) else o for o in others]
        return lib.tensor(name, t, *others)
    return run


def in_place_args(d):
    sizes = d.shape()
    dtype = d.floating() if d.chance(0.6) else d.number()
    other = d.any() if d.chance(0.3) else dtype
    if other in (torch.bfloat16, torch.float16):
        other = dtype
    if d.chance(0.05):
        dtype = torch.bool
    return [d.arg(sizes, dtype, "away"), d.arg(d.broadcast(sizes), other, "away")]


for name in ("add_", "sub_", "mul_", "div_", "copy_"):
    for recorded in (True, False):
        row(name + ("" if recorded else " unrecorded"), in_place_args, in_place(name, recorded),
            ore=ore_in_place(name, recorded), grad=recorded, differs=NO_BOOL, floor=1.0)
for name, method in (("add_scalar_", "add_"), ("mul_scalar_", "mul_"), ("fill_", "fill_")):
    for recorded in (True, False):
        row(name + ("" if recorded else " unrecorded"), with_number(NUMBERS, name == "fill_"),
            lambda t, v, m=method, r=recorded: in_place(m, r)(t, as_python(v, t)),
            ore=ore_in_place(name, recorded), grad=recorded)
row("zero_", lambda d: [d.arg(None, d.number())], in_place("zero_", True),
    ore=ore_in_place("zero_", True))


def self_args(d):
    return [d.arg([d.size(0), d.size(0)], d.floating())]


for name in ("add_", "sub_", "mul_"):
    row(name + " of itself", self_args,
        lambda t, n=name: (lambda c: getattr(c, n)(c))(t.detach().clone()),
        ore=lambda lib, t, n=name: (lambda c: lib.tensor(n, c, c))(lib.tensor("clone", t)),
        grad=False)


def overlap_args(d):
    n = d.r.choice([3, 8, 40])
    return [d.arg([n], d.floating(), dense=True), d.r.randint(0, 2), d.r.randint(0, 2), n - 2]


def torch_overlap(t, a, b, n):
    t = t.detach().clone()
    t.narrow(0, a, n).add_(t.narrow(0, b, n).clone())
    return t


def ore_overlap(lib, t, a, b, n):
    t = lib.tensor("clone", t)
    lib.tensor("add_", lib.tensor("narrow", t, 0, a, n), lib.tensor("narrow", t, 0, b, n))
    return t


row("add_ overlapping", overlap_args, torch_overlap, ore=ore_overlap, grad=False)

# ---- dropout: what draws nothing ---------------------------------------------------------------

row("f_dropout", lambda d: [d.arg(), d.r.choice([0.0, 0.5, 1.0, 1.5]), d.chance(0.3)],
    lambda x, p, training: F.dropout(x, p if p != 0.5 else 0.0, training),
    ore=lambda lib, x, p, training: lib.tensor("f_dropout", x, p if p != 0.5 else 0.0, training,
                                               None))

# ---- creation ----------------------------------------------------------------------------------


def made_args(d):
    return [d.shape() if not d.chance(0.03) else [2, -1], d.any()]


for name in ("zeros", "ones"):
    row(name, made_args, lambda s, t, n=name: getattr(torch, n)(s, dtype=t),
        ore=lambda lib, s, t, n=name: lib.tensor(n, shape_of(s), t))
row("full", lambda d: [d.shape(), d.r.choice([0.0, 1.0, 2.5, -3.0]), d.any()],
    lambda s, v, t: torch.full(s, v).to(t),
    ore=lambda lib, s, v, t: lib.tensor("full", shape_of(s), v, t))
for name in ("zeros_like", "ones_like"):
    row(name, lambda d: [d.arg(None, d.any(), dense=True)], getattr(torch, name), grad=False)
row("scalar", lambda d: [d.r.choice([0.0, 1.0, -2.5]), d.any()],
    lambda v, t: torch.tensor(v).to(t))


def arange_args(d):
    start, step = d.r.choice([0.0, -3.0, 2.0, 0.5]), d.r.choice([1.0, 2.0, -1.0, 0.25, 0.0])
    end = d.r.choice([0.0, 1.0, 7.0, 100.0, -5.0])
    dtype = d.number()
    if not dtype.is_floating_point and any(v != int(v) for v in (start, step)):
        dtype = F64
    return [start, end, step, dtype if dtype != torch.uint8 else I64]


def torch_arange(start, end, step, dtype):
    if not dtype.is_floating_point:
        start, end, step = int(start), int(end), int(step)
    return torch.arange(start, end, step, dtype=dtype)


row("arange", arange_args, torch_arange)


def linspace_args(d):
    dtype = d.r.choice([F32, F64, I64, torch.int32])
    # integers are cut off, so no step whose multiples are whole numbers but for a rounding
    steps = [10, 101] if dtype.is_floating_point else [4, 5, 8, 12, 102]
    return [d.r.choice([0.0, -3.0, 2.5]), d.r.choice([0.0, 7.0, 9.5]),
            d.r.choice([-1, 0, 1, 2, 3] + steps), dtype]


row("linspace", linspace_args, lambda a, b, n, t: torch.linspace(a, b, n, dtype=t))
row("eye", lambda d: [d.r.randint(-1, 5), d.r.randint(0, 5), d.any()],
    lambda n, m, t: torch.eye(n, m, dtype=t))


def item_args(d):
    return [d.arg([] if d.chance(0.5) else d.shape(0, 2), d.any())]


def ore_item(lib, x):
    v = lib.call("item", x, restype=C.c_double)
    if not lib.call("ok", restype=C.c_bool):
        lib.fail()
    return lib.tensor("scalar", float(v), F64)


row("item", item_args, lambda x: torch.tensor(x.item(), dtype=F64), ore=ore_item, grad=False)
