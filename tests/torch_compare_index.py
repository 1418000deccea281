"""torch_compare_index.py: rows of torch_compare.py for scans, order, counts, advanced indexing,
rearranging and contractions."""
import ctypes as C

import torch
import torch.nn.functional as F

from torch_library import dims_of, shape_of
from torch_compare_reduce import all_reals, ore_over, over, reduce_args, some_dims
from torch_compare_table import no_such_index, row, says

DISTINCT = "distinct"


def with_places(name):
    """A call whose last argument receives places."""
    def run(lib, *args):
        places = C.c_void_p()
        values = lib.tensor(name, *args, C.byref(places))
        return [values, places]
    return run


def dim_draw(kind=DISTINCT, dtypes=None, low=0):
    def draw(d):
        sizes = d.shape(low, 4)
        return [d.arg(sizes, dtypes(d) if dtypes else None, kind), d.dim(len(sizes))]
    return draw


# ---- reductions --------------------------------------------------------------------------------

row("cumsum", dim_draw("normal", all_reals), torch.cumsum)
row("cumprod", dim_draw("normal"), torch.cumprod)
row("cumprod ties", dim_draw("ties"), torch.cumprod, ore=lambda lib, *a: lib.tensor("cumprod", *a))


def prod_over(x, dims, keepdim):
    x = x.prod() if x.dim() == 0 else x
    for k in sorted((k + x.dim() if k < 0 else k for k in dims), reverse=True):
        x = x.prod(k, keepdim=keepdim)
    return x


def prod_args(d):
    sizes = d.shape(0, 4)
    dims = [k % max(len(sizes), 1) for k in some_dims(d, len(sizes)) if -9 < k < 9]
    return [d.arg(sizes, all_reals(d), "ties" if d.chance(0.4) else "normal"),
            sorted(set(dims)), d.chance(0.5)]


row("prod", prod_args, over(prod_over), ore=ore_over("prod"))
row("logsumexp", reduce_args(), over(lambda x, n, k: torch.logsumexp(x, n, keepdim=k)),
    ore=ore_over("logsumexp"))
for name in ("any", "all"):
    row(name, reduce_args("ties", lambda d: d.any()),
        over(lambda x, n, k, f=getattr(torch, name): f(x, n, keepdim=k) if n else f(x)),
        ore=ore_over(name), grad=False)


def norm_args(d):
    x, dims, keepdim = reduce_args("away", zero=0)(d)
    return [x, d.r.choice([2.0, 2.0, 1.0, 3.0, 0.5, 0.0, float("inf"), float("-inf")]), dims,
            keepdim]


row("norm", norm_args, lambda x, p, n, k: torch.linalg.vector_norm(x, p, n or None, k),
    ore=lambda lib, x, p, n, k: lib.tensor("norm", x, p, dims_of(n), k))
row("f_normalize", lambda d: dim_draw("normal", low=1)(d),
    lambda x, n: F.normalize(x, dim=n), floor=1.0,
    ore=lambda lib, x, n: lib.tensor("f_normalize", x, 2.0, n, 1e-12))

# ---- order and counts --------------------------------------------------------------------------


def sort_draw(kind):
    return lambda d: dim_draw(kind, all_reals)(d) + [d.chance(0.5)]


for kind in (DISTINCT, "ties", "special"):
    row("sort " + kind, sort_draw(kind),
        lambda x, n, down: torch.sort(x, dim=n, descending=down, stable=True),
        ore=with_places("sort"), grad=kind == DISTINCT)
row("argsort", sort_draw("ties"),
    lambda x, n, down: torch.sort(x, dim=n, descending=down, stable=True)[1])


def topk_args(d):
    x = d.arg(d.shape(0, 4), None, DISTINCT, dense=True)  # torch leaves ties open
    n = x.torch().dim()
    dim = d.dim(n)
    size = x.torch().shape[dim] if -n <= dim < n else 1
    return [x, d.r.randint(0, size + (1 if d.chance(0.05) else 0)), dim, d.chance(0.5)]


row("topk", topk_args, torch.topk, ore=with_places("topk"))
# contiguous: torch reads beside the elements of expanded tensors
row("median", lambda d: dim_draw(DISTINCT)(d) + [d.chance(0.5)],
    lambda x, n, k: torch.median(x.contiguous(), n, keepdim=k), ore=with_places("median"))
row("median special", lambda d: dim_draw("special")(d) + [d.chance(0.5)],
    lambda x, n, k: torch.median(x.contiguous(), n, keepdim=k)[0],
    ore=lambda lib, *a: lib.tensor("median", *a, None), grad=False)
row("median_all", lambda d: [d.arg(d.shape(0, 4, 0), None, "ties")], torch.median)


def quantile_args(d):
    x, dim = dim_draw("normal")(d)
    dtype = x.base.dtype
    q = torch.rand([] if d.chance(0.4) else [d.r.randint(0, 4)], generator=d.g).to(dtype)
    return [x, d.given(q), dim, d.chance(0.5)]


row("quantile", quantile_args, lambda x, q, n, k: torch.quantile(x, q.detach(), n, keepdim=k))


def ore_unique(lib, x):
    inverse, counts = C.c_void_p(), C.c_void_p()
    return [lib.tensor("unique", x, C.byref(inverse), C.byref(counts)), inverse, counts]


def unique_dim_args(d):
    sizes = d.shape(1, 4, 0)
    kept = sizes if d.chance(0.5) else [min(n, 2) for n in sizes]
    return [d.arg(kept, all_reals(d), "ties"), d.dim(len(kept))]


def ore_unique_dim(lib, x, dim):
    inverse, counts = C.c_void_p(), C.c_void_p()
    return [lib.tensor("unique_dim", x, dim, C.byref(inverse), C.byref(counts)), inverse, counts]


row("unique_dim", unique_dim_args,
    lambda x, dim: torch.unique(x, return_inverse=True, return_counts=True, dim=dim),
    ore=ore_unique_dim, grad=False)
row("unique", lambda d: [d.arg(None, all_reals(d), "ties")],
    lambda x: torch.unique(x, return_inverse=True, return_counts=True), ore=ore_unique, grad=False)


def bincount_args(d):
    n = d.size()
    x = torch.randint(-1 if d.chance(0.05) else 0, 12, [n], generator=d.g)
    weights = d.arg([n], d.floating()) if d.chance(0.5) else None
    return [d.given(x), weights, d.r.choice([0, 0, 3, 20])]


row("bincount", bincount_args, torch.bincount, grad=False)
row("histc", lambda d: [d.arg(d.shape(0, 3, 0)), d.r.choice([1, 3, 7]),
                        *d.r.choice([(0.0, 0.0), (-1.0, 2.0), (-2.0, 0.5)])],
    torch.histc, grad=False)
row("one_hot", lambda d: [d.given(torch.randint(0, 5, d.shape(0, 3, 0), generator=d.g)),
                          d.r.choice([-1, 5, 9])], F.one_hot)

# ---- advanced indexing -------------------------------------------------------------------------


def places(d, sizes, n, low=None):
    low = -n if low is None else low
    t = torch.randint(low, max(n, low + 1), sizes, generator=d.g)
    return d.given(t + n if d.chance(0.02) else t)


def index_list(d, sizes):
    common, out, k = d.shape(0, 2), [], 0
    while k < len(sizes) and d.chance(0.8):
        how = d.r.random()
        if how < 0.3:
            out.append(None)
        elif how < 0.45:
            n = d.r.randint(1, len(sizes) - k)
            mask = torch.rand(sizes[k:k + n], generator=d.g) < 0.4
            out.append(d.given(mask))
            k += n - 1
        else:
            own = d.broadcast(common)
            out.append(places(d, own, sizes[k]))
        k += 1
    return out


def as_index(indices):
    return tuple(slice(None) if i is None else i for i in indices)


def index_array(indices):
    return (C.c_void_p * max(len(indices), 1))(*[i.value if i else None for i in indices])


def index_args(d):
    sizes = d.shape(1, 4, 0)
    return [d.arg(sizes), *index_list(d, sizes)]


row("index", index_args, lambda x, *i: x[as_index(i)],
    ore=lambda lib, x, *i: lib.tensor("index", x, index_array(i), C.c_int(len(i))))


def index_put_args(d):
    sizes = d.shape(1, 4, 0)
    x, indices = d.arg(sizes), index_list(d, sizes)
    if not any(i is not None for i in indices):
        indices = [places(d, [3], sizes[0])]
    try:
        shape = list(x.torch()[as_index([i and i.torch() for i in indices])].shape)
    except (IndexError, RuntimeError):
        shape = []
    return [x, d.arg(d.broadcast(shape), x.base.dtype), *indices]


def torch_index_put(x, v, *i):
    y = x.clone()
    full = torch.arange(x.numel()).reshape(x.shape)[as_index(i)].expand(x[as_index(i)].shape)
    return y.reshape(-1).index_put((full,), v, accumulate=True).reshape(x.shape)


row("index_put", index_put_args, torch_index_put,
    ore=lambda lib, x, v, *i: lib.tensor("index_put", x, index_array(i), C.c_int(len(i)), v, True),
    differs=no_such_index)


def scatter_args(d):
    sizes = d.shape(1, 4, 0)
    dim = d.r.randrange(len(sizes))
    own = [d.r.randint(1, n) for n in sizes]
    index = torch.rand([*own[:dim], *own[dim + 1:], sizes[dim]], generator=d.g).argsort(-1)
    index = index[..., :own[dim]].movedim(-1, dim)
    x = d.arg(sizes)
    return [x, dim - len(sizes) if d.chance(0.3) else dim, d.given(index.contiguous()),
            d.arg(own, x.base.dtype)]


row("scatter", scatter_args, torch.scatter)
row("scatter_value", lambda d: scatter_args(d)[:3] + [2.5], torch.scatter)


def scatter_add_args(d):
    x, dim, index, source = scatter_args(d)
    n = x.torch().shape[dim]
    return [x, dim, d.given(torch.randint(0, n, index.base.shape, generator=d.g)), source]


row("scatter_add", scatter_add_args, torch.scatter_add)


def index_add_args(d):
    sizes = d.shape(1, 4, 0)
    dim = d.dim(len(sizes))
    x, n = d.arg(sizes), d.r.randint(0, 6)
    own = list(sizes)
    if -len(own) <= dim < len(own):
        own[dim] = n
    return [x, dim, places(d, [n], sizes[dim % len(sizes)], 0), d.arg(own, x.base.dtype)]


row("index_add", index_add_args, torch.index_add)


def mask_args(d):
    sizes = d.shape(0, 4)
    return [d.arg(sizes, d.any()), d.arg(d.broadcast(sizes), torch.bool)]


row("masked_select", mask_args, torch.masked_select)
row("nonzero", lambda d: [d.arg(None, d.any(), "ties")], torch.nonzero)

# ---- rearranging -------------------------------------------------------------------------------


def repeat_args(d):
    sizes = d.shape(0, 3)
    extra = d.r.randint(-1 if d.chance(0.05) else 0, 2)
    return [d.arg(sizes), [d.r.randint(0 if d.chance(0.2) else 1, 3)
                           for _ in range(max(len(sizes) + extra, 0))]]


row("repeat", repeat_args, lambda x, r: x.repeat(r),
    ore=lambda lib, x, r: lib.tensor("repeat", x, shape_of(r)))
row("repeat_interleave", lambda d: (lambda a: [a[0], d.r.randint(0, 3), a[1]])(
    dim_draw("normal", low=1)(d)), torch.repeat_interleave)


def each_args(d):
    x, dim = dim_draw("normal", low=1)(d)
    sizes = x.torch().shape
    n = sizes[dim] if -len(sizes) <= dim < len(sizes) else 1
    return [x, d.given(torch.randint(0, 4, [n], generator=d.g)), dim]


row("repeat_interleave_each", each_args, torch.repeat_interleave)


def roll_args(d):
    sizes = d.shape(1, 4)
    dims = [k for k in some_dims(d, len(sizes))]
    return [d.arg(sizes, d.any()), [d.r.randint(-9, 9) for _ in dims or [0]], dims]


row("roll", roll_args, lambda x, s, n: x.roll(s, n),
    ore=lambda lib, x, s, n: lib.tensor("roll", x, (C.c_int64 * len(s))(*s), dims_of(n)),
    grad=False, differs=says("roll: dim", "torch does not look at the dims of an empty tensor"))
row("flip", lambda d: (lambda s: [d.arg(s, d.any()), some_dims(d, len(s)) or list(range(len(s)))])(
    d.shape(0, 4)), torch.flip, ore=lambda lib, x, n: lib.tensor("flip", x, dims_of(n)))
row("unfold", lambda d: (lambda s: [d.arg(s), d.dim(len(s)), d.r.randint(0, 4), d.r.randint(1, 3)])(
    d.shape(1, 4)), lambda x, n, size, step: x.unfold(n, size, step), views=True)


def ore_unbind(lib, x, dim):
    room = (C.c_void_p * 64)()
    n = lib.call("unbind", x, C.c_int(dim), room, C.c_int(64), restype=C.c_int)
    if n < 0:
        lib.fail()
    return [C.c_void_p(p) for p in room[:n]]


row("unbind", dim_draw("normal", low=1), torch.unbind, ore=ore_unbind, views=True)


def grid_args(d):
    dtype = d.floating()
    return [d.r.choice(["ij", "xy"]), *[d.arg(d.shape(0, 1), dtype)
                                        for _ in range(d.r.randint(1, 4))]]


def ore_meshgrid(lib, indexing, *t):
    room = (C.c_void_p * len(t))()
    lib.status("meshgrid", (C.c_void_p * len(t))(*t), C.c_int(len(t)),
               C.c_char_p(indexing.encode()), room)
    return [C.c_void_p(p) for p in room]


row("meshgrid", grid_args, lambda how, *t: torch.meshgrid(*t, indexing=how), ore=ore_meshgrid)

MODES = ["constant", "reflect", "replicate", "circular"]


def pad_args(d):
    mode = d.r.randrange(4)
    sizes = d.shape(1 if mode == 0 else 3, 4 if mode == 0 else 3, 0.03 if mode == 0 else 0)
    low = 0 if mode else -2
    n = d.r.randint(1, len(sizes)) if mode == 0 else 1
    return [d.arg(sizes), [d.r.randint(low, 4) for _ in range(2 * n)], mode,
            0.5 if mode == 0 else 0.0]


row("pad", pad_args, lambda x, p, m, v: F.pad(x, p, MODES[m], v if m == 0 else None),
    ore=lambda lib, x, p, m, v: lib.tensor("pad", x, (C.c_int64 * len(p))(*p), C.c_int(len(p)),
                                           C.c_int(m), v))
row("diagonal", lambda d: (lambda s: [d.arg(s), d.r.randint(-4, 4), d.dim(len(s)),
                                      d.dim(len(s))])(d.shape(2, 4)), torch.diagonal, views=True)
row("diag", lambda d: [d.arg(d.shape(1, 2)), d.r.randint(-4, 4)], torch.diag)
for name in ("tril_indices", "triu_indices"):
    row(name, lambda d: [d.r.randint(0, 5), d.r.randint(0, 5), d.r.randint(-3, 3)],
        getattr(torch, name))

# ---- products ----------------------------------------------------------------------------------


def einsum_args(d):
    """Random letters for up to three operands; a few sizes of 1."""
    size = {c: d.r.choice([1, 2, 3, 4]) for c in "abcdeF"}
    terms = ["".join(d.r.choice("abcdeF") for _ in range(d.r.randint(0, 3)))
             for _ in range(d.r.randint(1, 3))]
    seen = sorted(set("".join(terms)))
    text = ",".join(terms)
    if d.chance(0.8):
        text += "->" + "".join(d.r.sample(seen, d.r.randint(0, len(seen))))
    return [text, *[d.arg([size[c] for c in t], torch.float64) for t in terms]]


row("einsum", einsum_args, torch.einsum, ore=lambda lib, text, *t: lib.tensor(
    "einsum", C.c_char_p(text.encode()), (C.c_void_p * len(t))(*t), C.c_int(len(t))))


def tensordot_args(d):
    a, b = d.shape(1, 4), d.shape(1, 4)
    n = d.r.randint(0, min(len(a), len(b), 2))
    da, db = d.r.sample(range(len(a)), n), d.r.sample(range(len(b)), n)
    for i, j in zip(da, db):
        b[j] = a[i] + (1 if d.chance(0.03) and a[i] > 1 else 0)
    return [d.arg(a, torch.float64), d.arg(b, torch.float64), da, db]


row("tensordot", tensordot_args, lambda a, b, m, n: torch.tensordot(a, b, (m, n)),
    ore=lambda lib, a, b, m, n: lib.tensor("tensordot", a, b, dims_of(m), dims_of(n)))


def matrices(shapes):
    def draw(d):
        sizes = {c: d.size() for c in "bijk"}
        dtype = d.floating()
        return [d.arg([sizes[c] + (9 if d.chance(0.01) else 0) for c in s], dtype) for s in shapes]
    return draw


row("outer", matrices(["i", "j"]), torch.outer)
row("dot", matrices(["i", "i"]), torch.dot)
row("mv", matrices(["ij", "j"]), torch.mv)
row("bmm", matrices(["bij", "bjk"]), torch.bmm)
row("addmm", lambda d: matrices(["ik", "ij", "jk"])(d) + [d.r.choice([1.0, 0.5, 0.0]),
                                                         d.r.choice([1.0, -2.0])],
    lambda c, a, b, beta, alpha: torch.addmm(c, a, b, beta=beta, alpha=alpha))
