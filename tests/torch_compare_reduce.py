"""torch_compare_reduce.py: rows of torch_compare.py for what folds dims: reductions, products,
softmax, norms and losses."""
import ctypes as C
import math

import torch
import torch.nn.functional as F

from torch_library import CrossEntropyOptions, dims_of, shape_of
from torch_compare_table import F32, I64, dim_args, one, row

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


def folds_equal_values(x, dims):
    try:
        std = torch.std(x.torch().double(), dims or list(range(len(x.torch().shape))), correction=0)
    except (RuntimeError, IndexError):
        return False
    return bool(((std > 0) & (std < 1e-12)).any())


def spread_args(d):
    """Not of several equal values: their std is 0, its gradient too, and Ore says so
    (test_ops_edges.c); torch's mean of them rounds, its std may be 1e-16, and its gradient then
    is as large as that of any other."""
    x, dims, keepdim = reduce_args()(d)
    while folds_equal_values(x, dims):
        x, dims, keepdim = reduce_args()(d)
    return [x, dims, d.r.choice([0, 1, 1, 2]), keepdim]


def over_corrected(what):
    """The numbers drawn are finite, so that nothing else makes a nan."""
    nan = "off by inf" in what and "nan" in what.split("expected")[0]
    return "nan, as documented, where the correction reaches the count" if nan else None


row("var", spread_args, over(lambda x, n, c, k: torch.var(x, n, correction=c, keepdim=k)),
    ore=ore_over("var"), differs=over_corrected, floor=1.0)
row("std", spread_args, over(lambda x, n, c, k: torch.std(x, n, correction=c, keepdim=k)),
    ore=ore_over("std"), differs=over_corrected, floor=1.0)
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


row("softmax", dim_args(), F.softmax, floor=1.0)
row("log_softmax", dim_args(), F.log_softmax, floor=1.0)


def norm_args(d):
    sizes, dtype = d.shape(1, 4, 0), d.floating()
    normalized = sizes[-d.r.randint(1, len(sizes)):]
    weight = d.arg(normalized, dtype) if d.chance(0.6) else None
    bias = d.arg(normalized, dtype) if d.chance(0.6) else None
    return [d.arg(sizes, dtype), list(normalized), weight, bias, d.r.choice([1e-5, 1e-3])]


row("f_layer_norm", norm_args, F.layer_norm, floor=1.0,
    ore=lambda lib, x, s, *rest: lib.tensor("f_layer_norm", x, shape_of(s), *rest))


def torch_rms_norm(x, normalized, weight, eps):
    return F.rms_norm(x, normalized, weight, None if math.isnan(eps) else eps)


def eps_of_float32(args):
    single = args[0].base.dtype == F32 and math.isnan(args[3])
    return args[:3] + [torch.finfo(F32).eps if single else args[3]]


row("f_rms_norm", lambda d: norm_args(d)[:3] + [d.r.choice([1e-5, 1e-3, math.nan])],
    torch_rms_norm, floor=1.0, in_double=eps_of_float32,
    ore=lambda lib, x, s, *rest: lib.tensor("f_rms_norm", x, shape_of(s), *rest))


def group_norm_args(d):
    sizes, dtype = d.shape(2, 4, 0), d.floating()
    groups = d.r.choice([k for k in range(1, sizes[1] + 1) if sizes[1] % k == 0])
    groups = groups + 1 if d.chance(0.04) else groups
    weight, bias = (d.arg(sizes[1:2], dtype) if d.chance(0.6) else None for _ in range(2))
    return [d.arg(sizes, dtype), groups, weight, bias, d.r.choice([1e-5, 1e-3])]


row("f_group_norm", group_norm_args, F.group_norm, floor=1.0)


def instance_norm_args(d):
    sizes, dtype = d.shape(2, 4, 0), d.floating()
    channels = sizes[1:2]
    weight, bias = (d.arg(channels, dtype, dense=True) if d.chance(0.6) else None
                    for _ in range(2))
    mean, var = (d.arg(channels, dtype, "positive", dense=True) for _ in range(2))
    of_input = d.chance(0.6)
    if of_input and d.chance(0.5):
        mean = var = None
    return [d.arg(sizes, dtype), mean, var, weight, bias, of_input, d.r.choice([0.1, 0.5]),
            d.r.choice([1e-5, 1e-3])]


def with_running(run):
    """The result, and the running values after it."""
    def results(x, mean, var, *rest):
        if mean is not None and isinstance(mean, torch.Tensor):
            mean, var = mean.detach(), var.detach()
        y = run(x, mean, var, *rest)
        return [y] if mean is None else [y, mean, var]
    return results


def two_dims_refused(x, *rest):
    if x.dim() < 3:
        raise ValueError("expected three dims or more")
    return F.instance_norm(x.contiguous(), *rest)


def ore_instance_norm(lib, x, mean, var, *rest):
    if mean is not None:
        mean, var = lib.tensor("detach", mean), lib.tensor("detach", var)
    y = lib.tensor("f_instance_norm", x, mean, var, *rest)
    return [y] if mean is None else [y, mean, var]


row("f_instance_norm", instance_norm_args, with_running(two_dims_refused), floor=1.0,
    ore=ore_instance_norm)


def batch_norm_args(d):
    sizes, dtype = d.shape(1, 4, 0), d.floating()
    weight, bias = (d.arg(sizes[1:2] or [3], dtype) if d.chance(0.6) else None for _ in range(2))
    return [d.arg(sizes, dtype), None, None, weight, bias, True, 0.1, d.r.choice([1e-5, 1e-3])]


def torch_batch_norm(x, mean, var, weight, *rest):
    """torch 2.15's backward reads strided weights, and some strided x, as if they were dense."""
    weight = None if weight is None else weight.contiguous()
    return F.batch_norm(x.contiguous(), mean, var, weight, *rest)


row("batch_norm", batch_norm_args, torch_batch_norm, floor=1.0)


def beside_halves(draw, weight=None):
    """A half x, and parameters that are float32; where torch takes a bias only behind a weight, `weight`
    is the place of that."""
    def args(d):
        d.floats = (F32,)
        args = draw(d)
        if weight and args[weight] is None:
            args[weight + 1] = None
        args[0].base = args[0].base.to(d.r.choice([torch.bfloat16, torch.float16]))
        d.floats = (F32, args[0].base.dtype)  # what may want a gradient
        return args
    return args


def running_args(d):
    x, _, _, *rest = batch_norm_args(d)
    mean, var = (d.arg(x.torch().shape[1:2] or [3], x.base.dtype, "positive", dense=True) for _ in range(2))
    rest[2] = d.chance(0.6)
    return [x, mean, var, *rest]


def ore_batch_norm(lib, x, mean, var, *rest):
    mean, var = lib.tensor("detach", mean), lib.tensor("detach", var)
    return [lib.tensor("batch_norm", x, mean, var, *rest), mean, var]


row("f_layer_norm, float32 parameters", beside_halves(norm_args, 2), F.layer_norm, floor=1.0,
    ore=lambda lib, x, s, *rest: lib.tensor("f_layer_norm", x, shape_of(s), *rest))
row("f_rms_norm, float32 weight", beside_halves(lambda d: norm_args(d)[:3] + [d.r.choice([1e-5, 1e-3])]),
    torch_rms_norm, floor=1.0,
    ore=lambda lib, x, s, *rest: lib.tensor("f_rms_norm", x, shape_of(s), *rest))
row("f_group_norm, float32 parameters", beside_halves(group_norm_args, 2), F.group_norm, floor=1.0,
    ore=lambda lib, *args: lib.tensor("f_group_norm", *args))
row("f_instance_norm, float32 parameters", beside_halves(instance_norm_args, 3),
    with_running(two_dims_refused), floor=1.0, ore=ore_instance_norm)
row("batch_norm, float32 parameters", beside_halves(running_args), with_running(torch_batch_norm),
    floor=1.0, ore=ore_batch_norm)


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


row("cross_entropy", cross_entropy_args, torch_cross_entropy, ore=ore_cross_entropy, floor=1.0)
