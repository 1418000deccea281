"""torch_compare_conv.py: rows of torch_compare.py for convolution and pooling."""
import ctypes as C

import torch.nn.functional as F

from torch_library import shape_of
from torch_compare_table import row

KINDS = [None, "valid", "same", "causal"]


class Pair(C.Structure):
    _fields_ = [("h", C.c_int64), ("w", C.c_int64)]


def structure(dims, sizes, rest):
    """An options struct: sizes are numbers with one dim, pairs with two."""
    kind = C.c_int64 if dims == 1 else Pair

    class Options(C.Structure):
        _fields_ = [(name, kind) for name in sizes] + rest
    return Options


CONV = {n: structure(n, ["stride", "padding", "dilation"],
                     [("groups", C.c_int64), ("kind", C.c_int)]) for n in (1, 2)}
TRANSPOSE = {n: structure(n, ["stride", "padding", "output_padding", "dilation"],
                          [("groups", C.c_int64)]) for n in (1, 2)}
MAX_POOL = {n: structure(n, ["stride", "padding", "dilation"], [("ceil_mode", C.c_bool)])
            for n in (1, 2)}
AVG_POOL = {1: structure(1, ["stride", "padding"],
                         [("ceil_mode", C.c_bool), ("count_include_pad", C.c_bool)]),
            2: structure(2, ["stride", "padding"],
                         [("ceil_mode", C.c_bool), ("count_include_pad", C.c_bool),
                          ("divisor_override", C.c_int64)])}


def size_of(sizes):
    """Sizes as Ore takes them: a number, or a pair."""
    return C.c_int64(sizes[0]) if len(sizes) == 1 else Pair(*sizes)


def options(struct, sizes, rest):
    return C.byref(struct(*[s[0] if len(s) == 1 else Pair(*s) for s in sizes], *rest))


def some(d, dims, *choices):
    return [d.r.choice(choices) for _ in range(dims)]


def images(d, dims, channels):
    """x with or without a dim of images."""
    sizes = [channels] + [d.r.choice([1, 3, 5, 6, 8, 9, 17]) for _ in range(dims)]
    return sizes if d.chance(0.15) else [d.r.choice([0, 1, 2, 3])] + sizes


# ---- convolution -------------------------------------------------------------------------------


def conv_args(dims, transposed):
    def draw(d):
        groups = d.r.choice([1, 1, 1, 2, 3])
        a, b = groups * d.r.randint(1, 4), d.r.randint(1, 5)
        kernel = some(d, dims, 1, 2, 3, 4)
        dtype = d.floating()
        if transposed:
            weight, channels, out = [a, b] + kernel, a, b * groups
        else:
            weight, channels, out = [a, b] + kernel, b * groups, a
        channels += d.chance(0.03)
        bias = d.arg([out + d.chance(0.03)], dtype) if d.chance(0.6) else None
        padding = some(d, dims, 0, 0, 1, 2)
        kind = None if transposed else d.r.choice([None, None, None, "valid", "same", "causal"])
        stride = some(d, dims, 1, 1, 2, 3)
        if kind:
            padding = [0] * dims
            if kind == "same" and d.chance(0.9):
                stride = [1] * dims
        return [d.arg(images(d, dims, channels), dtype), d.arg(weight, dtype), bias, stride, padding,
                some(d, dims, 1, 1, 2), groups, kind, some(d, dims, 0, 0, 0, 1)]
    return draw


def torch_conv(dims):
    def run(x, w, b, stride, padding, dilation, groups, kind, _):
        if kind == "causal":
            pads = []
            for k, by in zip(reversed(w.shape[2:]), reversed(dilation)):
                pads += [by * (k - 1), 0]
            x, kind = F.pad(x, pads), None
        return getattr(F, f"conv{dims}d")(x, w, b, stride, kind or padding, dilation, groups)
    return run


def ore_conv(dims):
    def run(lib, x, w, b, stride, padding, dilation, groups, kind, _):
        o = options(CONV[dims], [stride, padding, dilation], [groups, KINDS.index(kind)])
        return lib.tensor(f"f_conv{dims}d", x, w, b, o)
    return run


def torch_transpose(dims):
    def run(x, w, b, stride, padding, dilation, groups, _, more):
        return getattr(F, f"conv_transpose{dims}d")(x, w, b, stride, padding, more, groups,
                                                    dilation)
    return run


def ore_transpose(dims):
    def run(lib, x, w, b, stride, padding, dilation, groups, _, more):
        o = options(TRANSPOSE[dims], [stride, padding, more, dilation], [groups])
        return lib.tensor(f"f_conv_transpose{dims}d", x, w, b, o)
    return run


def apart(what):
    """Where conv_transpose differs on purpose."""
    if "output_padding 1, expected less" in what:
        return "torch does not look at output_padding where x is empty"
    return "torch gives no positions" if "0 positions" in what else None


for n in (1, 2):
    row(f"conv{n}d", conv_args(n, False), torch_conv(n), ore=ore_conv(n))
    row(f"conv_transpose{n}d", conv_args(n, True), torch_transpose(n), ore=ore_transpose(n),
        differs=apart)


def deep_args(transposed):
    """Many channels: kernels of 3 x 3 by tiles, and planes of few places."""
    def draw(d):
        a, b, dtype = d.r.randint(12, 40), d.r.randint(12, 40), d.floating()
        tiled = d.chance(0.6)
        kernel = [3, 3] if tiled else some(d, 2, 1, 2, 3)
        bias = d.arg([b if transposed else a], dtype) if d.chance(0.6) else None
        sizes = [d.r.choice([0, 1, 2, 7]), a if transposed else b, d.r.randint(3, 9),
                 d.r.randint(3, 9)]
        return [d.arg(sizes, dtype), d.arg([a, b] + kernel, dtype), bias,
                [1, 1] if tiled else some(d, 2, 1, 2), some(d, 2, 0, 1, 2), [1, 1], 1, None, [0, 0]]
    return draw


row("conv2d_many_channels", deep_args(False), torch_conv(2), ore=ore_conv(2))
row("conv_transpose2d_many_channels", deep_args(True), torch_transpose(2), ore=ore_transpose(2),
    differs=apart)

# ---- patches -----------------------------------------------------------------------------------

UNFOLD = structure(2, ["stride", "padding", "dilation"], [])


def patches(d):
    """Kernel, stride, padding and dilation."""
    return [some(d, 2, 1, 2, 3), some(d, 2, 1, 1, 2, 3), some(d, 2, 0, 0, 1, 2),
            some(d, 2, 1, 1, 2)]


def unfold_args(d):
    return [d.arg(images(d, 2, d.r.randint(1, 3)))] + patches(d)


def fold_args(d):
    kernel, stride, padding, dilation = patches(d)
    output = some(d, 2, 3, 5, 6, 8)
    positions = [max(0, (n + 2 * p - by * (k - 1) - 1) // s + 1)
                 for n, k, s, p, by in zip(output, kernel, stride, padding, dilation)]
    sizes = [d.r.randint(1, 3) * kernel[0] * kernel[1] + d.chance(0.03),
             positions[0] * positions[1] + d.chance(0.03)]
    if d.chance(0.85):
        sizes = [d.r.choice([0, 1, 2, 3])] + sizes
    return [d.arg(sizes), output, kernel, stride, padding, dilation]


row("unfold image", unfold_args, lambda x, k, s, p, by: F.unfold(x, k, by, p, s),
    ore=lambda lib, x, k, s, p, by: lib.tensor("f_unfold", x, Pair(*k),
                                               options(UNFOLD, [s, p, by], [])))
row("fold", fold_args, lambda x, o, k, s, p, by: F.fold(x, o, k, by, p, s),
    ore=lambda lib, x, o, k, s, p, by: lib.tensor("f_fold", x, Pair(*o), Pair(*k),
                                                  options(UNFOLD, [s, p, by], [])))

# ---- pooling -----------------------------------------------------------------------------------


def misses(n, kernel, stride, padding, dilation, ceil):
    """Whether a window over n elements holds padding alone, in its gaps all of them: torch aborts."""
    room = n + 2 * padding - dilation * (kernel - 1) - 1
    last = -(-room // stride) if ceil else room // stride
    if ceil and last * stride >= n + padding:
        last -= 1
    return any(not any(0 <= start + i * dilation < n for i in range(kernel))
               for start in range(-padding, last * stride - padding + 1, stride))


def pool_args(dims):
    def draw(d):
        kernel = some(d, dims, 1, 2, 3, 4)
        sizes = images(d, dims, d.r.randint(1, 3))
        x = d.arg(sizes, None, "distinct")
        stride, padding = some(d, dims, 1, 2, 3), [d.r.randint(0, k // 2 + d.chance(0.05))
                                                   for k in kernel]
        dilation, ceil = some(d, dims, 1, 1, 2), d.chance(0.4)
        over = zip(sizes[-dims:], kernel, stride, padding, dilation)
        if any(by > 1 and misses(n, k, s, p, by, ceil) for n, k, s, p, by in over):
            dilation = [1] * dims
        return [x, kernel, stride, padding, dilation, ceil, d.chance(0.5),
                d.r.choice([None, None, 3])]
    return draw


def torch_max(dims):
    def run(x, kernel, stride, padding, dilation, ceil, *_):
        return getattr(F, f"max_pool{dims}d")(x, kernel, stride, padding, dilation, ceil,
                                              return_indices=True)
    return run


def ore_max(dims):
    def run(lib, x, kernel, stride, padding, dilation, ceil, *_):
        places = C.c_void_p()
        o = options(MAX_POOL[dims], [stride, padding, dilation], [ceil])
        return [lib.tensor(f"f_max_pool{dims}d", x, size_of(kernel), o, C.byref(places)), places]
    return run


def torch_avg(dims):
    def run(x, kernel, stride, padding, _, ceil, include, divisor):
        more = [divisor] if dims == 2 else []
        return getattr(F, f"avg_pool{dims}d")(x, kernel, stride, padding, ceil, include, *more)
    return run


def ore_avg(dims):
    def run(lib, x, kernel, stride, padding, _, ceil, include, divisor):
        rest = [ceil, include] + ([divisor or 0] if dims == 2 else [])
        o = options(AVG_POOL[dims], [stride, padding], rest)
        return lib.tensor(f"f_avg_pool{dims}d", x, size_of(kernel), o)
    return run


for n in (1, 2):
    row(f"max_pool{n}d", pool_args(n), torch_max(n), ore=ore_max(n))
    row(f"avg_pool{n}d", pool_args(n), torch_avg(n), ore=ore_avg(n))


def adaptive_args(dims):
    def draw(d):
        return [d.arg(images(d, dims, d.r.randint(1, 3)), None, "distinct"),
                some(d, dims, 1, 2, 3, 4, 7)]
    return draw


def ore_adaptive_max(dims):
    def run(lib, x, size):
        places = C.c_void_p()
        return [lib.tensor(f"f_adaptive_max_pool{dims}d", x, size_of(size), C.byref(places)),
                places]
    return run


for n in (1, 2):
    row(f"adaptive_avg_pool{n}d", adaptive_args(n), getattr(F, f"adaptive_avg_pool{n}d"),
        ore=lambda lib, x, s, n=n: lib.tensor(f"f_adaptive_avg_pool{n}d", x, size_of(s)))
    row(f"adaptive_max_pool{n}d", adaptive_args(n),
        lambda x, s, n=n: getattr(F, f"adaptive_max_pool{n}d")(x, s, return_indices=True),
        ore=ore_adaptive_max(n))


SCALES = (0.3, 0.5, 0.9, 1.0, 1.3, 1.7, 2.0, 2.5, 3.0, 3.3, 10.0)


def torch_agrees(sizes, scale):
    """torch's derivative is that of another function where such a factor leaves or doubles a size."""
    return not any(int(n * scale) in (n, 2 * n) for n in sizes[2:])


def upsample_args(sized):
    def draw(d):
        dims = d.r.randint(1, 3)
        sizes = [d.r.randint(1, 3) for _ in range(2)] + [d.r.randint(1, 5) for _ in range(dims)]
        x = d.arg(sizes)
        if sized:
            return [x, [d.r.choice((0, 1, 2, 3, 4, 6, 7, 10, 13)) for _ in range(dims)]]
        return [x, d.r.choice([s for s in SCALES if s in (1, 2) or torch_agrees(sizes, s)])]
    return draw


row("upsample_nearest", upsample_args(True),
    lambda x, size: F.interpolate(x, size, mode="nearest"),
    ore=lambda lib, x, size: lib.tensor("upsample_nearest", x, shape_of(size)))
row("upsample_nearest_by", upsample_args(False),
    lambda x, scale: F.interpolate(x, scale_factor=scale, mode="nearest"),
    ore=lambda lib, x, scale: lib.tensor("upsample_nearest_by", x, C.c_double(scale)))
