"""torch_compare_ops.py: the functions that torch_compare.py compares, one row each.

A row: name, draw(d) -> arguments, ore(lib, *arguments), torch(*arguments); see Row. Functions that
return a tensor are called with lib.tensor(NAME, ...), those with a status with lib.status."""
import ctypes as C
import math

import torch
import torch.nn.functional as F

from torch_compare import (AttentionOptions, CrossEntropyOptions, OreError, Row, dims_of, shape_of)

F32, F64, I64 = torch.float32, torch.float64, torch.int64
ROWS = []


def row(name, draw, torch_, ore=None, **how):
    ROWS.append(Row(name, draw, ore or (lambda lib, *a: lib.tensor(name, *a)), torch_, **how))


def says(text, reason):
    """A difference on purpose: what is reported holds `text`."""
    return lambda what: reason if text in what else None


# ---- elementwise -------------------------------------------------------------------------------


def two(kind="normal", mixed=0.25, numbers=True):
    def draw(d):
        sizes = d.shape(0, 4)
        dtype = d.floating() if d.chance(0.7) or not numbers else d.number()
        other = (d.number() if numbers else d.floating()) if d.chance(mixed) else dtype
        a, b = d.arg(sizes, dtype, kind), d.arg(d.broadcast(sizes), other, kind)
        return [a, b] if d.chance(0.5) else [b, a]
    return draw


def one(kind="normal", numbers=0.2, low=0, high=4):
    def draw(d):
        return [d.arg(None, d.number() if d.chance(numbers) else d.floating(), kind, low, high)]
    return draw


row("add", two("special"), torch.add)
NO_BOOL = says("with a bool tensor", "bool is a number where another type decides")
row("sub", two(), torch.sub)
row("mul", two("special"), torch.mul)
row("div", two("away"), torch.div)
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
    if x.dtype.is_floating_point:
        return torch.clamp(x, low, high)
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
            ore=ore_in_place(name, recorded), grad=recorded, differs=NO_BOOL)
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

# ---- reductions --------------------------------------------------------------------------------


def some_dims(d, n):
    if n == 0 or d.chance(0.25):
        return []
    dims = d.r.sample(range(n), d.r.randint(1, n))
    dims = [k - n if d.chance(0.3) else k for k in dims]
    if d.chance(0.04):
        dims.append(d.r.choice([dims[0], n, -n - 1]))
    return dims


def reduce_args(kind="normal", dtypes=None, zero=0.06):
    def draw(d):
        sizes = d.shape(0, 5, zero)
        dtype = dtypes(d) if dtypes else d.floating()
        return [d.arg(sizes, dtype, kind), some_dims(d, len(sizes)), d.chance(0.5)]
    return draw


def over(fn):
    def run(x, dims, keepdim, *rest):
        dims = dims or list(range(x.dim()))
        return fn(x, dims, keepdim, *rest)
    return run


def ore_over(name):
    return lambda lib, x, dims, *rest: lib.tensor(name, x, dims_of(dims), *rest)


def all_reals(d):
    return d.floating() if d.chance(0.7) else d.r.choice([I64, torch.int32, torch.uint8,
                                                         torch.bool])


row("sum", reduce_args(dtypes=all_reals), over(lambda x, n, k: torch.sum(x, n, keepdim=k)),
    ore=ore_over("sum"))
row("mean", reduce_args(), over(lambda x, n, k: torch.mean(x, n, keepdim=k)), ore=ore_over("mean"))


def spread_args(d):
    x, dims, keepdim = reduce_args()(d)
    return [x, dims, d.r.choice([0, 1, 1, 2]), keepdim]




def over_corrected(what):
    inf = "off by inf" in what and "inf" in what.split("expected")[1]
    return "nan, as documented, where the correction reaches the count" if inf else None


row("var", spread_args, over(lambda x, n, c, k: torch.var(x, n, correction=c, keepdim=k)),
    ore=ore_over("var"), differs=over_corrected)
row("std", spread_args, over(lambda x, n, c, k: torch.std(x, n, correction=c, keepdim=k)),
    ore=ore_over("std"), differs=over_corrected)
row("amax", reduce_args("ties", all_reals), over(torch.amax), ore=ore_over("amax"))
row("amin", reduce_args("ties", all_reals), over(torch.amin), ore=ore_over("amin"))


def place_args(kind):
    def draw(d):
        sizes = d.shape(0, 4)
        return [d.arg(sizes, d.floating() if d.chance(0.7) else I64, kind), d.dim(len(sizes)),
                d.chance(0.5)]
    return draw


def ore_places(name):
    def run(lib, x, dim, keepdim):
        indices = C.c_void_p()
        values = lib.tensor(name, x, dim, keepdim, C.byref(indices))
        return [values, indices]
    return run


row("max_dim", place_args("distinct"), lambda x, n, k: tuple(torch.max(x, n, k)),
    ore=ore_places("max_dim"))
row("min_dim", place_args("distinct"), lambda x, n, k: tuple(torch.min(x, n, k)),
    ore=ore_places("min_dim"))
row("argmax", place_args("special"), torch.argmax, grad=False)
row("argmin", place_args("distinct"), torch.argmin, grad=False)
row("argmax_all", one("distinct"), torch.argmax, grad=False)
row("argmin_all", one("special"), torch.argmin, grad=False)

# ---- products ----------------------------------------------------------------------------------


def matmul_args(d):
    batch = d.shape(0, 2)
    m, k, n = d.size(), d.size(), d.size()
    a, b = d.broadcast(batch) + [m, k], d.broadcast(batch) + [k, n]
    if d.chance(0.15):
        a = [k]
    if d.chance(0.15):
        b = [k]
    if d.chance(0.03):
        b[-1] += 1
    dtype = d.floating()
    return [d.arg(a, dtype), d.arg(b, dtype)]


row("matmul", matmul_args, torch.matmul)


def linear_args(d):
    dtype, n, m = d.floating(), d.size(), d.size()
    args = [d.arg(d.shape(0, 3) + [n], dtype), d.arg([m, n], dtype)]
    return args + [d.arg([m], dtype) if d.chance(0.6) else None]


row("f_linear", linear_args, F.linear)

# ---- softmax, norms, losses --------------------------------------------------------------------


def dim_args(kind="normal", dtype=None):
    def draw(d):
        sizes = d.shape(0, 4)
        return [d.arg(sizes, dtype(d) if dtype else None, kind), d.dim(len(sizes))]
    return draw


row("softmax", dim_args(), F.softmax, floor=1.0)
row("log_softmax", dim_args(), F.log_softmax, floor=1.0)


def norm_args(d):
    sizes, dtype = d.shape(1, 4, 0), d.floating()
    normalized = sizes[-d.r.randint(1, len(sizes)):]
    weight = d.arg(normalized, dtype) if d.chance(0.6) else None
    bias = d.arg(normalized, dtype) if d.chance(0.6) else None
    return [d.arg(sizes, dtype), list(normalized), weight, bias, d.r.choice([1e-5, 1e-3])]


row("f_layer_norm", norm_args, F.layer_norm, floor=30.0,
    ore=lambda lib, x, s, *rest: lib.tensor("f_layer_norm", x, shape_of(s), *rest))


def cross_entropy_args(d):
    classes, dtype, rest = d.r.randint(1, 7), d.floating(), d.shape(0, 2, 0)
    batch = [] if d.chance(0.1) else [d.size()]
    rest = rest if batch else []
    target = torch.randint(0, classes, batch + rest, generator=d.g)
    ignore = d.r.choice([-100, -100, 0, classes - 1])
    if d.chance(0.3) and target.numel():
        target.view(-1)[d.r.randrange(target.numel())] = ignore
    if d.chance(0.04) and target.numel():
        target.view(-1)[0] = d.r.choice([classes, -1])
    weight = d.arg([classes], dtype, "positive", dense=True) if d.chance(0.3) else None
    x = d.arg(batch + [classes] + rest, dtype)
    t = d.arg([1], I64, dense=True)
    t.base = target
    return [x, t, weight, d.r.choice(["mean", "sum", "none"]), ignore,
            d.r.choice([0.0, 0.0, 0.1, 1.0])]


def torch_cross_entropy(x, t, weight, reduction, ignore, smoothing):
    weight = weight.detach() if weight is not None else None
    return F.cross_entropy(x, t, weight, ignore_index=ignore, reduction=reduction,
                           label_smoothing=smoothing)


def ore_cross_entropy(lib, x, t, weight, reduction, ignore, smoothing):
    options = CrossEntropyOptions(["mean", "sum", "none"].index(reduction), ignore, smoothing,
                                  weight)
    return lib.tensor("cross_entropy", x, t, C.byref(options))


row("cross_entropy", cross_entropy_args, torch_cross_entropy, ore=ore_cross_entropy)


def attention_args(d):
    b, h, tq, tk = d.size(), d.size(0), d.size(0), d.size(0)
    n, nv, dtype, causal = d.size(0), d.size(0), d.floating(), d.chance(0.5)
    tq = min(tq, tk) if causal else tq
    return [d.arg([b, h, tq, n], dtype), d.arg([b, h, tk, n], dtype), d.arg([b, h, tk, nv], dtype),
            causal, d.r.choice([0.0, 0.25])]


def torch_attention(q, k, v, causal, scale):
    s = q @ k.transpose(-2, -1) * (scale or 1 / math.sqrt(q.shape[-1]))
    if causal:
        hidden = torch.ones(s.shape[-2:], dtype=torch.bool).triu(s.shape[-1] - s.shape[-2] + 1)
        s = s.masked_fill(hidden, -math.inf)
    return torch.softmax(s, -1) @ v


def ore_attention(name):
    def run(lib, q, k, v, causal, scale):
        return lib.tensor(name, q, k, v, C.byref(AttentionOptions(causal, scale, 0.0, None)))
    return run


row("attention", attention_args, torch_attention, ore=ore_attention("attention"), floor=1.0)
row("attention_plain", attention_args, torch_attention, ore=ore_attention("attention_plain"),
    floor=1.0)

# ---- indexing ----------------------------------------------------------------------------------


def places(d, shape, size):
    t = d.arg([1], I64, dense=True)
    t.base = torch.randint(0, max(size, 1), shape, generator=d.g)
    if t.base.numel() and d.chance(0.05):
        t.base.view(-1)[-1] = d.r.choice([size, -1])
    return t


def embedding_args(d):
    v = d.r.randint(1, 9)
    return [places(d, d.shape(0, 3), v), d.arg([v, d.size()]), d.r.choice([-1, -1, 0, v - 1])]


row("f_embedding", embedding_args,
    lambda i, w, p: F.embedding(i, w, padding_idx=None if p < 0 else p))


def gather_args(d):
    sizes = d.shape(0, 4, 0)
    n, dim = len(sizes), d.dim(len(sizes))
    shape = [d.r.randint(1, k) for k in sizes]
    if n and -n <= dim < n:
        shape[dim] = d.size()
    size = sizes[dim] if n and -n <= dim < n else 1
    return [d.arg(sizes, d.any()), dim, places(d, shape, size)]


row("gather", gather_args, torch.gather)


def index_select_args(d):
    sizes = d.shape(0, 4, 0)
    n, dim = len(sizes), d.dim(len(sizes))
    size = sizes[dim] if n and -n <= dim < n else 1
    return [d.arg(sizes, d.any()), dim, places(d, [d.size()] if n else [1], size)]


row("index_select", index_select_args, torch.index_select)

# ---- shape -------------------------------------------------------------------------------------


def factors(d, n):
    """Sizes whose product is n, at times with a -1, at times wrong."""
    sizes = []
    for f in (2, 3, 5, 7):
        while n and n % f == 0 and d.chance(0.6):
            sizes.append(f)
            n //= f
    sizes.append(n)
    while d.chance(0.3) and len(sizes) < 7:
        sizes.append(1)
    d.r.shuffle(sizes)
    if d.chance(0.3):
        sizes[d.r.randrange(len(sizes))] = -1
    if d.chance(0.04):
        sizes[d.r.randrange(len(sizes))] += 1
    return sizes


def view_args(d):
    x = d.arg(None, d.any(), low=0, high=4)
    with torch.no_grad():
        t = x.torch()
        sizes = factors(d, t.numel())
        if d.chance(0.4) and t.dim() > 1:  # join or cut neighbours, which strides may allow
            k = d.r.randrange(t.dim() - 1)
            sizes = list(t.shape[:k]) + [t.shape[k] * t.shape[k + 1]] + list(t.shape[k + 2:])
    return [x, sizes]


VIEW = dict(views=True)
for name in ("view", "reshape"):
    row(name, view_args, lambda x, s, n=name: getattr(x, n)(s),
        ore=lambda lib, x, s, n=name: lib.tensor(n, x, shape_of(s)), views=name == "view")
row("flatten", lambda d: (lambda x, n: [x, d.dim(n), d.dim(n)])(
    *(lambda s: (d.arg(s), len(s)))(d.shape())), torch.flatten)
row("transpose", lambda d: (lambda s: [d.arg(s), d.dim(len(s)), d.dim(len(s))])(d.shape()),
    torch.transpose, **VIEW)
row("t", lambda d: [d.arg(d.shape(0, 3))], torch.t, **VIEW)


def permute_args(d):
    sizes = d.shape(0, 5)
    order = list(range(len(sizes)))
    d.r.shuffle(order)
    order = [k - len(sizes) if d.chance(0.2) else k for k in order]
    if order and d.chance(0.05):
        order[0] = order[-1]
    return [d.arg(sizes), order]


row("permute", permute_args, torch.permute,
    ore=lambda lib, x, order: lib.tensor("permute", x, dims_of(order)), **VIEW)


def narrow_args(d):
    sizes = d.shape(0, 4)
    return [d.arg(sizes), d.dim(len(sizes)), d.r.randint(-3, 5), d.r.randint(-1, 6)]


row("narrow", narrow_args, torch.narrow, **VIEW)
BIG = 2 ** 40


def slice_args(d):
    sizes = d.shape(1, 4)
    bound = [-BIG, -9, -3, -1, 0, 1, 2, 4, 9, BIG]
    return [d.arg(sizes), d.r.randrange(len(sizes)), d.r.choice(bound), d.r.choice(bound),
            d.r.choice([1, 1, 2, 3, 9, BIG])]


row("slice", slice_args, lambda x, *place: x.slice_of(*place), **VIEW)
row("select", lambda d: (lambda s: [d.arg(s), d.dim(len(s)), d.r.randint(-4, 4)])(d.shape()),
    torch.select, **VIEW)
row("squeeze", dim_args(dtype=lambda d: d.any()), torch.squeeze, **VIEW)
row("squeeze_all", one(), torch.squeeze, **VIEW)
row("unsqueeze", lambda d: (lambda s: [d.arg(s), d.dim(len(s) + 1)])(d.shape()), torch.unsqueeze,
    **VIEW)


def expand_args(d):
    sizes = d.shape(0, 4)
    wide = [d.size() if n == 1 and d.chance(0.7) else -1 if d.chance(0.2) else n for n in sizes]
    wide = [d.size() for _ in range(d.r.randint(0, 2))] + wide
    if wide and d.chance(0.04):
        wide[0] += 1
    return [d.arg(sizes), wide]


row("expand", expand_args, lambda x, s: x.expand(s),
    ore=lambda lib, x, s: lib.tensor("expand", x, shape_of(s)), **VIEW)
row("clone", lambda d: [d.arg(None, d.any())], torch.clone)
row("contiguous", lambda d: [d.arg(None, d.any())], lambda x: x.contiguous(), **VIEW)
row("detach", lambda d: [d.arg(None, d.any())], torch.detach, **VIEW)


def cast_args(d):
    return [d.arg(None, d.any()), d.any()]


row("to", cast_args, lambda x, t: x.to(t), differs=says(
    "off by", "bfloat16 and float16 sums of gradients are rounded once"))

# ---- joining -----------------------------------------------------------------------------------


def join_args(stack):
    def draw(d):
        sizes, n = d.shape(0 if stack else 1, 3), d.r.randint(1, 4)
        dim = d.dim(len(sizes) + (1 if stack else 0))
        args = [dim]
        dtype = d.any()
        for _ in range(n):
            own = list(sizes)
            if not stack and -len(own) <= dim < len(own):
                own[dim] = d.size()
            if d.chance(0.02) and own:
                own[0] += 1
            args.append(d.arg(own, d.any() if d.chance(0.15) else dtype))
        return args
    return draw


def ore_join(name):
    def run(lib, dim, *tensors):
        return lib.tensor(name, (C.c_void_p * len(tensors))(*tensors), len(tensors), dim)
    return run


row("cat", join_args(False), lambda dim, *t: torch.cat(t, dim), ore=ore_join("cat"), differs=says(
    "differ in another dim", "torch lets an empty 1-d tensor join anything"))
row("stack", join_args(True), lambda dim, *t: torch.stack(t, dim), ore=ore_join("stack"))


def parts(lib, name, *args):
    room = (C.c_void_p * 64)()
    n = lib.call(name, *args, room, 64, restype=C.c_int)
    if n < 0:
        lib.fail()
    return [C.c_void_p(p) for p in room[:n]]


def cut_args(low, high):
    return lambda d: (lambda s: [d.arg(s), d.r.randint(low, high), d.dim(len(s))])(d.shape(1, 4))


row("split", cut_args(0, 9), torch.split, ore=lambda lib, *a: parts(lib, "split", *a), **VIEW)
row("chunk", cut_args(0, 9), torch.chunk, ore=lambda lib, *a: parts(lib, "chunk", *a), **VIEW)


def sizes_args(d):
    sizes = d.shape(1, 4)
    dim = d.r.randrange(len(sizes))
    cuts, left = [], sizes[dim]
    while left > 0:
        cuts.append(d.r.randint(0, left))
        left -= cuts[-1]
    if d.chance(0.05):
        cuts.append(1)
    if d.chance(0.05):
        cuts += [-1, 1]
    return [d.arg(sizes), cuts or [0], dim]


def ore_split_sizes(lib, x, sizes, dim):
    room = (C.c_void_p * len(sizes))()
    lib.status("split_sizes", x, (C.c_int64 * len(sizes))(*sizes), len(sizes), dim, room)
    return [C.c_void_p(p) for p in room]


row("split_sizes", sizes_args, torch.split, ore=ore_split_sizes, **VIEW)
for name in ("tril", "triu"):
    row(name, lambda d: [d.arg(d.shape(1, 4), d.any()), d.r.choice([-BIG, -3, -1, 0, 1, 2, 9, BIG])],
        getattr(torch, name))

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
row("linspace", lambda d: [d.r.choice([0.0, -3.0, 2.5]), d.r.choice([0.0, 7.0, 9.5]),
                           d.r.choice([-1, 0, 1, 2, 3, 10, 101]),
                           d.r.choice([F32, F64, I64, torch.int32])],
    lambda a, b, n, t: torch.linspace(a, b, n, dtype=t))
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
