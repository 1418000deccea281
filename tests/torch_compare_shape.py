"""torch_compare_shape.py: rows of torch_compare.py for what picks, views, joins and cuts."""
import ctypes as C

import torch
import torch.nn.functional as F

from torch_library import dims_of, shape_of
from torch_compare_table import I64, dim_args, one, row, says

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
    dim, size = d.dim(len(sizes)), 5
    if d.chance(0.8) and -len(sizes) <= dim < len(sizes):
        size = sizes[dim]
        start = d.r.randint(0, size)
        return [d.arg(sizes), dim, start, d.r.randint(0, size - start)]
    return [d.arg(sizes), dim, d.r.randint(-3, 5), d.r.randint(-1, 6)]


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


row("to_device", lambda d: [d.arg(None, d.any())], lambda x: x.to("cpu"),
    ore=lambda lib, x: lib.tensor("to_device", x, C.c_int(0)))
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
            if not stack and d.chance(0.1):
                own = [0]
            elif not stack and -len(own) <= dim < len(own):
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


row("cat", join_args(False), lambda dim, *t: torch.cat(t, dim), ore=ore_join("cat"))
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
    row(name, lambda d: [d.arg(d.shape(1, 4), d.any()),
                         d.r.choice([-BIG, -3, -1, 0, 1, 2, 9, BIG])], getattr(torch, name))
