#!/usr/bin/env python3
"""Golden results for ops, losses, layers, optimizers and schedulers, through the public
torch API (any torch version from 1.10 on).

usage: python3 torch_ops_golden.py > ops.json
       python3 torch_ops_golden.py --all-digits > digits.json    (see ops_digits.py)

ops.json is one JSON object; every case stands alone on its own line, so a C test may read
it line by line (skip the first and the last line, drop a trailing comma).
case  = {"name","op","args","in":[T..],"out":[T..],"cot":[T..],"grad":[T..]}
T     = {"n":name,"t":"f"|"i","s":shape,"v":flat row-major values,...}
in    : inputs; "rg":1 marks those that get a gradient
out   : results computed in float64 from the float32-exact inputs ("f") or integers ("i");
        "e" is the largest |float32 torch result - float64 result|: a scale for tolerances
cot   : the upstream gradient of each differentiable output, in the order of "out"
grad  : d(sum over outputs of out*cot)/d(input), named after the input; "e" as above
Inputs come from a 31-bit linear congruential generator seeded with the CRC-32 of the case
name: no torch or numpy random number is used, and every value is a multiple of 1/1024.
"""
import json
import math
import sys
import zlib
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(1)
F64, F32 = torch.float64, torch.float32
CASES = []
ALL_DIGITS = "--all-digits" in sys.argv


class Lcg:
    def __init__(self, name):
        self.x = zlib.crc32(name.encode()) & 0x7fffffff

    def nxt(self):
        self.x = (self.x * 1103515245 + 12345) & 0x7fffffff
        return self.x >> 8

    def f(self, *shape, lo=-2.0, hi=2.0):
        n = 1
        for s in shape:
            n *= s
        levels = int((hi - lo) * 512)
        v = [lo + (self.nxt() % levels) / 512 + 1 / 1024 for _ in range(n)]
        return torch.tensor(v, dtype=F64).reshape(shape)

    def distinct(self, *shape):
        n = 1
        for s in shape:
            n *= s
        p = list(range(n))
        for i in range(n - 1, 0, -1):
            j = self.nxt() % (i + 1)
            p[i], p[j] = p[j], p[i]
        return (torch.tensor(p, dtype=F64).reshape(shape) - n // 2) / 8 + 1 / 1024

    def i(self, hi, *shape):
        n = 1
        for s in shape:
            n *= s
        return torch.tensor([self.nxt() % hi for _ in range(n)], dtype=torch.int64).reshape(shape)


def num(v, exact=False):
    if isinstance(v, bool):
        return int(v)
    if isinstance(v, int):
        return v
    if math.isinf(v) or math.isnan(v):
        return str(v)
    r = v if exact else float("%.10g" % v)
    return int(r) if r == int(r) and abs(r) < 1e9 else r


def T(name, t, **kw):
    t = t.detach()
    f = t.is_floating_point()
    vals = [num(v, ALL_DIGITS or "e" not in kw) for v in t.contiguous().reshape(-1).tolist()]     # inputs in full, results to 10 digits
    return dict(n=name, t="f" if f else "i", s=list(t.shape), v=vals, **kw)


def dev(a, b):
    a, b = a.detach().double(), b.detach().double()
    m = torch.isfinite(a) & torch.isfinite(b)
    return float("%.2g" % (a[m] - b[m]).abs().max().item()) if bool(m.any()) else 0


def as_list(o):
    return list(o) if isinstance(o, (tuple, list)) else [o]


def case(name, op, fn, ins, grad=(), args=None, outs=None):
    """ins: list of (name, tensor); grad: names that get gradients; fn gets the tensors in order."""
    grad = [n for n, t in ins if t.is_floating_point()] if grad is True else list(grad)
    runs = []
    cots = None
    for dt in (F64, F32):
        ts = [t.to(dt).clone().requires_grad_(n in grad) if t.is_floating_point() else t.clone() for n, t in ins]
        out = as_list(fn(*ts))
        gs = []
        if grad:
            d = [o for o in out if o.is_floating_point() and o.requires_grad]
            if cots is None:
                r = Lcg(name + "/cot")
                cots = [r.f(*o.shape, lo=-1.0, hi=1.0) if o.dim() else torch.ones((), dtype=F64) for o in d]
            s = sum((o * c.to(dt)).sum() for o, c in zip(d, cots))
            leaves = [t for (n, _), t in zip(ins, ts) if n in grad]
            gs = torch.autograd.grad(s, leaves, allow_unused=True)
            gs = [torch.zeros_like(l) if g is None else g for g, l in zip(gs, leaves)]
        runs.append((out, gs))
    (o64, g64), (o32, g32) = runs
    onames = outs or (["y"] if len(o64) == 1 else ["y%d" % k for k in range(len(o64))])
    c = dict(name=name, op=op, args=args or {})
    c["in"] = [T(n, t, **({"rg": 1} if n in grad else {})) for n, t in ins]
    c["out"] = [T(n, a, **({"e": dev(a, b)} if a.is_floating_point() else {})) for n, a, b in zip(onames, o64, o32)]
    c["cot"] = [T("d" + n, k) for n, k in zip([n for n, o in zip(onames, o64) if o.is_floating_point() and o.requires_grad], cots or [])]
    c["grad"] = [T(n, a, e=dev(a, b)) for n, a, b in zip(grad, g64, g32)]
    CASES.append(c)


# ---------------------------------------------------------------- elementwise
BIN = {"add": torch.add, "sub": torch.sub, "mul": torch.mul, "div": torch.div, "maximum": torch.maximum, "minimum": torch.minimum}
for nm, fn in BIN.items():
    for tag, sa, sb in (("same", (2, 3), (2, 3)), ("row", (2, 3), (3,)), ("outer", (2, 1, 3), (4, 1)), ("scalar", (2, 2, 3), ())):
        name = "%s_%s" % (nm, tag)
        r = Lcg(name)
        b = r.f(*sb)
        if nm == "div":
            b = r.f(*sb, lo=0.5, hi=2.0)
        case(name, nm, fn, [("a", r.f(*sa)), ("b", b)], True)
r = Lcg("pow_t")
case("pow_tensor", "pow", torch.pow, [("a", r.f(2, 3, lo=0.25, hi=2.0)), ("b", r.f(3))], True)
for e in (2, 3, -1, 0.5, -0.5, 1.5):
    name = "pow_scalar_%g" % e
    r = Lcg(name)
    case(name, "pow_scalar", lambda a, e=e: a ** e, [("a", r.f(2, 3) if isinstance(e, int) else r.f(2, 3, lo=0.25, hi=2.0))], True, {"exponent": e})
UN = {
    "neg": torch.neg, "abs": torch.abs, "exp": torch.exp, "sin": torch.sin, "cos": torch.cos, "tanh": torch.tanh,
    "sigmoid": torch.sigmoid, "relu": torch.relu, "square": torch.square, "erf": torch.erf, "expm1": torch.expm1,
    "silu": F.silu, "selu": F.selu, "mish": F.mish, "relu6": lambda x: F.relu6(x * 5), "hardtanh": F.hardtanh, "logsigmoid": F.logsigmoid,
    "softsign": F.softsign, "hardswish": lambda x: F.hardswish(x * 2), "hardsigmoid": lambda x: F.hardsigmoid(x * 2),
    "gelu": F.gelu, "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"),
    "leaky_relu": F.leaky_relu, "leaky_relu_0.2": lambda x: F.leaky_relu(x, 0.2), "elu": F.elu, "elu_0.5": lambda x: F.elu(x, 0.5),
    "softplus": F.softplus, "softplus_beta2_thr1": lambda x: F.softplus(x, 2.0, 1.0), "clamp": lambda x: x.clamp(-0.75, 1.25),
    "clamp_min": lambda x: x.clamp(min=0.1),
}
NOTE = {"relu6": "relu6(5x)", "hardswish": "hardswish(2x)", "hardsigmoid": "hardsigmoid(2x)", "clamp": "min=-0.75 max=1.25", "clamp_min": "min=0.1"}
for nm, fn in UN.items():
    r = Lcg(nm)
    case(nm, nm, fn, [("x", r.f(3, 4))], True, {"note": NOTE[nm]} if nm in NOTE else {})
for nm, fn in {"log": torch.log, "sqrt": torch.sqrt, "rsqrt": torch.rsqrt, "reciprocal": torch.reciprocal, "log1p": torch.log1p, "log2": torch.log2, "log10": torch.log10}.items():
    r = Lcg(nm)
    case(nm, nm, fn, [("x", r.f(3, 4, lo=0.125, hi=3.0))], True)
for nm, fn in {"sign": torch.sign, "floor": torch.floor, "ceil": torch.ceil, "round": torch.round, "trunc": torch.trunc}.items():
    r = Lcg(nm)
    case(nm, nm, fn, [("x", r.f(3, 4))])
x = torch.tensor([0.5, 1.5, 2.5, -0.5, -1.5, -2.5], dtype=F64)
case("round_half_even", "round", torch.round, [("x", x)])
for nm, fn in {"gt": torch.gt, "le": torch.le, "eq": torch.eq, "ne": torch.ne}.items():
    r = Lcg(nm)
    case(nm, nm, lambda a, b, fn=fn: fn(a, b).long(), [("a", r.f(3, 4).round()), ("b", r.f(4).round())])

# ---------------------------------------------------------------- reductions
RED = [
    ("sum_all", "sum", lambda x: x.sum(), {}), ("sum_dim0", "sum", lambda x: x.sum(0), {"dim": [0], "keepdim": 0}),
    ("sum_dim1_keep", "sum", lambda x: x.sum(1, keepdim=True), {"dim": [1], "keepdim": 1}),
    ("sum_dims02", "sum", lambda x: x.sum((0, 2)), {"dim": [0, 2], "keepdim": 0}),
    ("mean_all", "mean", lambda x: x.mean(), {}), ("mean_dim-1_keep", "mean", lambda x: x.mean(-1, keepdim=True), {"dim": [-1], "keepdim": 1}),
    ("mean_dims01_keep", "mean", lambda x: x.mean((0, 1), keepdim=True), {"dim": [0, 1], "keepdim": 1}),
    ("var_dim0", "var", lambda x: x.var(0), {"dim": [0], "unbiased": 1}),
    ("var_dim2_biased_keep", "var", lambda x: x.var(2, unbiased=False, keepdim=True), {"dim": [2], "unbiased": 0, "keepdim": 1}),
    ("var_dims01_keep", "var", lambda x: x.var((0, 1), keepdim=True), {"dim": [0, 1], "unbiased": 1, "keepdim": 1}),
    ("std_all", "std", lambda x: x.std(), {"unbiased": 1}), ("std_dim1_keep", "std", lambda x: x.std(1, keepdim=True), {"dim": [1], "unbiased": 1, "keepdim": 1}),
    ("logsumexp_dim1", "logsumexp", lambda x: torch.logsumexp(x, 1), {"dim": [1]}),
    ("norm2_all", "norm", lambda x: x.norm(), {"p": 2}), ("norm2_dim2", "norm", lambda x: x.norm(dim=2), {"p": 2, "dim": [2]}),
    ("norm1_dim1", "norm", lambda x: x.norm(p=1, dim=1), {"p": 1, "dim": [1]}),
    ("prod_dim1", "prod", lambda x: x.prod(1), {"dim": [1]}), ("cumsum_dim1", "cumsum", lambda x: x.cumsum(1), {"dim": 1}),
    ("cumsum_dim-1", "cumsum", lambda x: x.cumsum(-1), {"dim": -1}), ("cumprod_dim2", "cumprod", lambda x: x.cumprod(2), {"dim": 2}),
]
for nm, op, fn, a in RED:
    r = Lcg(nm)
    case(nm, op, fn, [("x", r.f(2, 3, 4))], True, a)
for nm, op, fn, a in [
    ("max_all", "max", lambda x: x.max(), {}), ("max_dim1", "max_dim", lambda x: tuple(x.max(1)), {"dim": 1}), ("min_dim2_keep", "min_dim", lambda x: tuple(x.min(2, keepdim=True)), {"dim": 2, "keepdim": 1}),
    ("argmax_dim1", "argmax", lambda x: x.argmax(1), {"dim": 1}), ("argmin_all", "argmin", lambda x: x.argmin(), {}),
    ("amax_dim0", "amax", lambda x: x.amax(0), {"dim": [0]}),
    ("topk3", "topk", lambda x: tuple(x.topk(3, -1)), {"k": 3, "dim": -1, "largest": 1, "sorted": 1}),
    ("topk2_smallest_dim1", "topk", lambda x: tuple(x.topk(2, 1, largest=False)), {"k": 2, "dim": 1, "largest": 0, "sorted": 1}),
    ("sort_dim2", "sort", lambda x: tuple(x.sort(2)), {"dim": 2, "descending": 0}), ("sort_dim1_desc", "sort", lambda x: tuple(x.sort(1, descending=True)), {"dim": 1, "descending": 1}),
    ("argsort", "argsort", lambda x: x.argsort(-1), {"dim": -1}), ("median_dim2", "median", lambda x: tuple(x.median(2)), {"dim": 2}),
]:
    r = Lcg(nm)
    case(nm, op, fn, [("x", r.distinct(2, 3, 5))], True if op not in ("argmax", "argmin", "argsort") else (), a)

# ---------------------------------------------------------------- matmul family
for nm, sa, sb in (("matmul_2d", (3, 4), (4, 2)), ("matmul_batched", (2, 3, 4), (2, 4, 5)), ("matmul_bcast_2d", (2, 3, 4), (4, 2)),
                   ("matmul_bcast_4d", (2, 1, 3, 4), (3, 4, 2)), ("matmul_mat_vec", (3, 4), (4,)), ("matmul_vec_mat", (3,), (3, 2)), ("matmul_dot", (5,), (5,)), ("matmul_batch_vec", (2, 3, 4), (4,))):
    r = Lcg(nm)
    case(nm, "matmul", torch.matmul, [("a", r.f(*sa)), ("b", r.f(*sb))], True)
r = Lcg("matmul_transposed")
case("matmul_transposed", "matmul_at_b", lambda a, b: a.t() @ b, [("a", r.f(4, 3)), ("b", r.f(4, 2))], True, {"note": "a transposed view times b"})
r = Lcg("linear")
case("linear", "linear", F.linear, [("x", r.f(2, 3, 4)), ("weight", r.f(5, 4)), ("bias", r.f(5))], True, {"note": "x @ weight.T + bias"})
r = Lcg("addmm")
case("addmm", "addmm", lambda c, a, b: torch.addmm(c, a, b, beta=0.5, alpha=2.0), [("c", r.f(2,)), ("a", r.f(3, 4)), ("b", r.f(4, 2))], True, {"beta": 0.5, "alpha": 2.0})
r = Lcg("outer")
case("outer", "outer", torch.outer, [("a", r.f(3)), ("b", r.f(4))], True)
for eq, sa, sb in (("bhid,bhjd->bhij", (2, 2, 3, 4), (2, 2, 3, 4)), ("ij,jk->ik", (2, 3), (3, 4)), ("bij,bj->bi", (2, 3, 4), (2, 4)), ("i,j->ij", (3,), (2,)), ("ij,ij->", (2, 3), (2, 3))):
    r = Lcg("einsum" + eq)
    case("einsum " + eq, "einsum", lambda a, b, eq=eq: torch.einsum(eq, a, b), [("a", r.f(*sa)), ("b", r.f(*sb))], True, {"equation": eq})

# ---------------------------------------------------------------- convolution and pooling
for nm, sx, sw, kw in (("conv1d_basic", (2, 3, 7), (4, 3, 3), {}), ("conv1d_stride_pad", (1, 2, 8), (3, 2, 3), dict(stride=2, padding=1)),
                       ("conv1d_dilated_causal2", (1, 2, 9), (2, 2, 2), dict(dilation=2)), ("conv1d_groups", (2, 4, 6), (4, 2, 3), dict(groups=2, padding=1))):
    r = Lcg(nm)
    case(nm, "conv1d", lambda x, w, b, kw=kw: F.conv1d(x, w, b, **kw), [("x", r.f(*sx)), ("weight", r.f(*sw)), ("bias", r.f(sw[0]))], True, kw)
for nm, sx, sw, kw in (("conv2d_basic", (2, 2, 4, 5), (3, 2, 3, 3), {}), ("conv2d_stride_pad", (1, 2, 5, 5), (2, 2, 3, 3), dict(stride=2, padding=1)),
                       ("conv2d_asym", (1, 1, 5, 6), (2, 1, 3, 2), dict(stride=(1, 2), padding=(0, 1), dilation=(2, 1))), ("conv2d_depthwise", (1, 3, 4, 4), (3, 1, 3, 3), dict(groups=3, padding=1)), ("conv2d_1x1", (1, 3, 3, 3), (4, 3, 1, 1), {})):
    r = Lcg(nm)
    case(nm, "conv2d", lambda x, w, b, kw=kw: F.conv2d(x, w, b, **kw), [("x", r.f(*sx)), ("weight", r.f(*sw)), ("bias", r.f(sw[0]))], True, kw)
r = Lcg("conv_transpose2d")
case("conv_transpose2d", "conv_transpose2d", lambda x, w, b: F.conv_transpose2d(x, w, b, stride=2, padding=1, output_padding=1), [("x", r.f(1, 2, 3, 3)), ("weight", r.f(2, 3, 3, 3)), ("bias", r.f(3))], True, {"stride": 2, "padding": 1, "output_padding": 1})
r = Lcg("conv_transpose1d")
case("conv_transpose1d", "conv_transpose1d", lambda x, w, b: F.conv_transpose1d(x, w, b, stride=2), [("x", r.f(2, 2, 4)), ("weight", r.f(2, 3, 3)), ("bias", r.f(3))], True, {"stride": 2})
r = Lcg("max_pool2d")
case("max_pool2d", "max_pool2d", lambda x: F.max_pool2d(x, 2), [("x", r.distinct(1, 2, 4, 4))], True, {"kernel": 2, "stride": 2})
case("max_pool2d_3s2p1", "max_pool2d", lambda x: F.max_pool2d(x, 3, 2, 1), [("x", r.distinct(1, 2, 5, 5))], True, {"kernel": 3, "stride": 2, "padding": 1})
case("max_pool1d", "max_pool1d", lambda x: F.max_pool1d(x, 2), [("x", r.distinct(2, 3, 6))], True, {"kernel": 2, "stride": 2})
case("avg_pool2d", "avg_pool2d", lambda x: F.avg_pool2d(x, 2), [("x", r.f(1, 2, 4, 4))], True, {"kernel": 2, "stride": 2})
case("avg_pool2d_3s2p1", "avg_pool2d", lambda x: F.avg_pool2d(x, 3, 2, 1), [("x", r.f(1, 2, 5, 5))], True, {"kernel": 3, "stride": 2, "padding": 1, "count_include_pad": 1})
case("adaptive_avg_pool2d", "adaptive_avg_pool2d", lambda x: F.adaptive_avg_pool2d(x, (2, 3)), [("x", r.f(1, 2, 5, 4))], True, {"output": [2, 3]})
case("upsample_nearest2", "upsample_nearest", lambda x: F.interpolate(x, scale_factor=2, mode="nearest"), [("x", r.f(1, 2, 2, 3))], True, {"scale": 2})

# ---------------------------------------------------------------- normalisation, embedding, softmax
r = Lcg("embedding")
case("embedding", "embedding", lambda ix, w: F.embedding(ix, w), [("ix", r.i(6, 2, 4)), ("weight", r.f(6, 3))], ["weight"])
ix = torch.tensor([[1, 0, 2], [2, 2, 5]])
case("embedding_padding_idx", "embedding", lambda ix, w: F.embedding(ix, w, padding_idx=2), [("ix", ix), ("weight", r.f(6, 3))], ["weight"], {"padding_idx": 2})
r = Lcg("layer_norm")
case("layer_norm", "layer_norm", lambda x, w, b: F.layer_norm(x, (4,), w, b), [("x", r.f(2, 3, 4)), ("weight", r.f(4)), ("bias", r.f(4))], True, {"eps": 1e-5, "dims": 1})
case("layer_norm_2dims", "layer_norm", lambda x, w, b: F.layer_norm(x, (3, 4), w, b, 1e-3), [("x", r.f(2, 3, 4)), ("weight", r.f(3, 4)), ("bias", r.f(3, 4))], True, {"eps": 1e-3, "dims": 2})
case("layer_norm_plain", "layer_norm", lambda x: F.layer_norm(x, (4,)), [("x", r.f(3, 4))], True, {"eps": 1e-5, "dims": 1})


def bnorm(training, momentum, eps):
    def fn(x, w, b, rm, rv):
        rm, rv = rm.clone(), rv.clone()
        y = F.batch_norm(x, rm, rv, w, b, training, momentum, eps)
        return y, rm, rv
    return fn


for nm, sx in (("batch_norm_2d", (6, 3)), ("batch_norm_3d", (3, 3, 4)), ("batch_norm_4d", (2, 3, 2, 3))):
    for tr in (1, 0):
        r = Lcg(nm)
        case(nm + ("_train" if tr else "_eval"), "batch_norm", bnorm(bool(tr), 0.1, 1e-5),
             [("x", r.f(*sx)), ("weight", r.f(3)), ("bias", r.f(3)), ("running_mean", r.f(3)), ("running_var", r.f(3, lo=0.5, hi=2.0))],
             ["x", "weight", "bias"], {"training": tr, "momentum": 0.1, "eps": 1e-5}, ["y", "running_mean", "running_var"])
r = Lcg("group_norm")
case("group_norm", "group_norm", lambda x, w, b: F.group_norm(x, 2, w, b), [("x", r.f(2, 4, 3)), ("weight", r.f(4)), ("bias", r.f(4))], True, {"groups": 2, "eps": 1e-5})
case("instance_norm", "group_norm", lambda x: F.instance_norm(x), [("x", r.f(2, 3, 5))], True, {"groups": 3, "eps": 1e-5, "note": "instance norm = one group per channel"})
case("rms_norm", "rms_norm", lambda x, w: x * torch.rsqrt((x * x).mean(-1, keepdim=True) + 1e-6) * w, [("x", r.f(2, 3, 4)), ("weight", r.f(4))], True, {"eps": 1e-6, "note": "x * rsqrt(mean(x^2) + eps) * weight"})
case("normalize", "normalize", lambda x: F.normalize(x, dim=1), [("x", r.f(3, 4))], True, {"p": 2, "dim": 1, "eps": 1e-12})
for nm, fn in (("softmax", F.softmax), ("log_softmax", F.log_softmax)):
    for d in (-1, 0, 1):
        r = Lcg(nm + str(d))
        case("%s_dim%d" % (nm, d), nm, lambda x, fn=fn, d=d: fn(x, d), [("x", r.f(2, 3, 4))], True, {"dim": d})
x = torch.tensor([[1000.0, 999.0, -1000.0], [-1e4, -1e4, -1e4]], dtype=F64)
case("softmax_extreme", "softmax", lambda x: F.softmax(x, -1), [("x", x)], True, {"dim": -1})
case("log_softmax_extreme", "log_softmax", lambda x: F.log_softmax(x, -1), [("x", x)], True, {"dim": -1})
x = torch.tensor([[float("-inf"), 1.0, 2.0], [0.5, float("-inf"), float("-inf")]], dtype=F64)
case("softmax_minus_inf", "softmax", lambda x: F.softmax(x, -1), [("x", x)], True, {"dim": -1})

# ---------------------------------------------------------------- losses
for red in ("mean", "sum", "none"):
    r = Lcg("ce" + red)
    lg, tg = r.f(5, 4), r.i(4, 5)
    case("cross_entropy_" + red, "cross_entropy", lambda x, t, red=red: F.cross_entropy(x, t, reduction=red), [("x", lg), ("target", tg)], ["x"], {"reduction": red})
    tg2 = tg.clone()
    tg2[1] = -100
    tg2[3] = -100
    case("cross_entropy_ignore_" + red, "cross_entropy", lambda x, t, red=red: F.cross_entropy(x, t, reduction=red), [("x", lg), ("target", tg2)], ["x"], {"reduction": red, "ignore_index": -100})
    case("cross_entropy_smooth_" + red, "cross_entropy", lambda x, t, red=red: F.cross_entropy(x, t, reduction=red, label_smoothing=0.1), [("x", lg), ("target", tg2)], ["x"], {"reduction": red, "label_smoothing": 0.1, "ignore_index": -100})
    w = r.f(4, lo=0.25, hi=2.0)
    case("cross_entropy_weight_" + red, "cross_entropy", lambda x, t, w, red=red: F.cross_entropy(x, t, w, reduction=red), [("x", lg), ("target", tg), ("weight", w)], ["x"], {"reduction": red})
    case("nll_loss_" + red, "nll_loss", lambda x, t, red=red: F.nll_loss(x, t, reduction=red), [("x", lg), ("target", tg2)], ["x"], {"reduction": red, "ignore_index": -100})
    a, b = r.f(3, 4), r.f(3, 4)
    for nm, fn, ar in (("mse_loss", F.mse_loss, {}), ("l1_loss", F.l1_loss, {}), ("smooth_l1_loss", F.smooth_l1_loss, {"beta": 1.0}), ("huber_loss", F.huber_loss, {"delta": 1.0})):
        case("%s_%s" % (nm, red), nm, lambda x, y, fn=fn, red=red: fn(x, y, reduction=red), [("x", a), ("target", b)], ["x"], dict(reduction=red, **ar))
    t01 = (r.f(3, 4, lo=0.0, hi=1.0))
    case("bce_with_logits_" + red, "bce_with_logits", lambda x, y, red=red: F.binary_cross_entropy_with_logits(x, y, reduction=red), [("x", a * 4), ("target", t01)], ["x"], {"reduction": red})
    case("bce_" + red, "bce", lambda x, y, red=red: F.binary_cross_entropy(torch.sigmoid(x), y, reduction=red), [("x", a), ("target", t01)], ["x"], {"reduction": red, "note": "of sigmoid(x)"})
    case("kl_div_" + red, "kl_div", lambda x, y, red=red: F.kl_div(F.log_softmax(x, 1), F.softmax(y, 1), reduction=red), [("x", a), ("target", b)], ["x"], {"reduction": red, "note": "kl_div(log_softmax(x), softmax(target))"})
r = Lcg("losses2")
case("cross_entropy_prob_targets", "cross_entropy_prob", lambda x, t: F.cross_entropy(x, t), [("x", r.f(3, 4)), ("target", torch.tensor([[.25, .25, .5, 0], [1, 0, 0, 0], [.125, .375, .25, .25]], dtype=F64))], ["x"], {"reduction": "mean"})
case("cross_entropy_sequence", "cross_entropy", lambda x, t: F.cross_entropy(x.view(-1, 5), t.view(-1)), [("x", r.f(2, 3, 5)), ("target", r.i(5, 2, 3))], ["x"], {"reduction": "mean", "note": "x viewed (6,5), target viewed (6)"})
case("cross_entropy_nd", "cross_entropy_nd", lambda x, t: F.cross_entropy(x, t), [("x", r.f(2, 4, 3)), ("target", r.i(4, 2, 3))], ["x"], {"reduction": "mean", "note": "class dimension is 1"})
case("smooth_l1_beta0.5", "smooth_l1_loss", lambda x, y: F.smooth_l1_loss(x, y, beta=0.5), [("x", r.f(3, 4)), ("target", r.f(3, 4))], ["x"], {"reduction": "mean", "beta": 0.5})
case("huber_delta0.5", "huber_loss", lambda x, y: F.huber_loss(x, y, delta=0.5), [("x", r.f(3, 4)), ("target", r.f(3, 4))], ["x"], {"reduction": "mean", "delta": 0.5})
case("bce_with_logits_pos_weight", "bce_with_logits", lambda x, y, w: F.binary_cross_entropy_with_logits(x, y, pos_weight=w), [("x", r.f(3, 4)), ("target", r.f(3, 4, lo=0.0, hi=1.0)), ("pos_weight", r.f(4, lo=0.5, hi=3.0))], ["x"], {"reduction": "mean"})
case("kl_div_batchmean", "kl_div", lambda x, y: F.kl_div(F.log_softmax(x, 1), F.softmax(y, 1), reduction="batchmean"), [("x", r.f(3, 4)), ("target", r.f(3, 4))], ["x"], {"reduction": "batchmean"})
case("kl_div_log_target", "kl_div", lambda x, y: F.kl_div(F.log_softmax(x, 1), F.log_softmax(y, 1), reduction="batchmean", log_target=True), [("x", r.f(3, 4)), ("target", r.f(3, 4))], True, {"reduction": "batchmean", "log_target": 1})
case("cosine_similarity", "cosine_similarity", lambda x, y: F.cosine_similarity(x, y, dim=1), [("x", r.f(3, 4)), ("y", r.f(3, 4))], True, {"dim": 1, "eps": 1e-8})
case("hinge_svm", "hinge", lambda s, y: torch.relu(1 - y * s).mean(), [("s", r.f(6)), ("y", torch.tensor([1., -1, 1, 1, -1, -1], dtype=F64))], ["s"], {"note": "mean(relu(1 - y s))"})
case("dropout_eval", "dropout", lambda x: F.dropout(x, 0.5, False), [("x", r.f(3, 4))], True, {"p": 0.5, "training": 0})
case("multi_margin", "multi_margin_loss", lambda x, t: F.multi_margin_loss(x, t), [("x", r.f(3, 4)), ("target", r.i(4, 3))], ["x"], {"reduction": "mean", "p": 1, "margin": 1.0})

# ---------------------------------------------------------------- indexing and shape
r = Lcg("indexing")
case("gather_dim1", "gather", lambda x, ix: x.gather(1, ix), [("x", r.f(3, 4)), ("index", r.i(4, 3, 2))], ["x"], {"dim": 1})
case("gather_dim0", "gather", lambda x, ix: x.gather(0, ix), [("x", r.f(3, 4)), ("index", r.i(3, 2, 4))], ["x"], {"dim": 0})
case("scatter_add_dim0", "scatter_add", lambda x, ix, s: x.scatter_add(0, ix, s), [("x", r.f(3, 4)), ("index", r.i(3, 2, 4)), ("src", r.f(2, 4))], True, {"dim": 0})
case("scatter_dim1", "scatter", lambda x, ix, s: x.scatter(1, ix, s), [("x", r.f(2, 5)), ("index", torch.tensor([[0, 2, 4], [1, 3, 0]])), ("src", r.f(2, 3))], True, {"dim": 1})
case("index_select_dim1", "index_select", lambda x, ix: x.index_select(1, ix), [("x", r.f(3, 4)), ("index", torch.tensor([3, 0, 0, 2]))], ["x"], {"dim": 1})
case("index_add_dim0", "index_add", lambda x, ix, s: x.index_add(0, ix, s), [("x", r.f(4, 3)), ("index", torch.tensor([1, 1, 3])), ("src", r.f(3, 3))], True, {"dim": 0})
case("advanced_index_rows", "index", lambda x, ix: x[ix], [("x", r.f(5, 3)), ("index", r.i(5, 2, 4))], ["x"], {"note": "x[index], index 2-d"})
case("advanced_index_pairs", "index2", lambda x, i, j: x[i, j], [("x", r.f(4, 5)), ("i", torch.arange(4)), ("j", r.i(5, 4))], ["x"], {"note": "x[i, j]"})
m = torch.tensor([[0, 1, 0, 1], [1, 1, 0, 0], [0, 0, 0, 1]])
case("masked_fill", "masked_fill", lambda x, m: x.masked_fill(m.bool(), -7.5), [("x", r.f(3, 4)), ("mask", m)], ["x"], {"value": -7.5})
case("masked_select", "masked_select", lambda x, m: x.masked_select(m.bool()), [("x", r.f(3, 4)), ("mask", m)], ["x"])
case("where", "where", lambda m, a, b: torch.where(m.bool(), a, b), [("mask", m), ("a", r.f(3, 4)), ("b", r.f(4))], ["a", "b"])
case("cat_dim0", "cat", lambda a, b: torch.cat([a, b], 0), [("a", r.f(2, 3)), ("b", r.f(1, 3))], True, {"dim": 0})
case("cat_dim1", "cat", lambda a, b: torch.cat([a, b], 1), [("a", r.f(2, 3)), ("b", r.f(2, 2))], True, {"dim": 1})
case("stack_dim1", "stack", lambda a, b: torch.stack([a, b], 1), [("a", r.f(2, 3)), ("b", r.f(2, 3))], True, {"dim": 1})
case("split_sizes", "split", lambda x: x.split([1, 3, 2], 1), [("x", r.f(2, 6))], True, {"sizes": [1, 3, 2], "dim": 1})
case("chunk3", "chunk", lambda x: x.chunk(3, 1), [("x", r.f(2, 7))], True, {"chunks": 3, "dim": 1})
case("unbind_dim1", "unbind", lambda x: x.unbind(1), [("x", r.f(2, 3, 2))], True, {"dim": 1})
case("transpose_view", "transpose_view", lambda x: x.transpose(1, 2).reshape(2, -1), [("x", r.f(2, 3, 4))], True, {"note": "transpose(1,2) then reshape (2,12)"})
case("permute", "permute", lambda x: x.permute(2, 0, 1), [("x", r.f(2, 3, 4))], True, {"dims": [2, 0, 1]})
case("view_flatten_consecutive", "view", lambda x: x.view(2, 2, 6), [("x", r.f(2, 4, 3))], True, {"shape": [2, 2, 6]})
case("squeeze_unsqueeze", "view", lambda x: x.squeeze(1).unsqueeze(0), [("x", r.f(3, 1, 2))], True, {"shape": [1, 3, 2]})
case("expand", "expand", lambda x: x.expand(2, 3, 4), [("x", r.f(3, 1))], True, {"shape": [2, 3, 4]})
case("repeat", "repeat", lambda x: x.repeat(2, 3), [("x", r.f(2, 2))], True, {"repeats": [2, 3]})
case("repeat_interleave", "repeat_interleave", lambda x: x.repeat_interleave(2, 1), [("x", r.f(2, 3))], True, {"repeats": 2, "dim": 1})
case("flip", "flip", lambda x: x.flip(0, 2), [("x", r.f(2, 2, 3))], True, {"dims": [0, 2]})
case("roll", "roll", lambda x: x.roll(2, 1), [("x", r.f(2, 5))], True, {"shifts": 2, "dim": 1})
case("slice_step", "slice", lambda x: x[:, 1:7:2], [("x", r.f(2, 8))], True, {"dim": 1, "start": 1, "stop": 7, "step": 2})
case("select_none_ellipsis", "index_mixed", lambda x: x[..., None, 1], [("x", r.f(2, 3, 4))], True, {"note": "x[..., None, 1] has shape (2,3,1)"})
case("pad_constant", "pad", lambda x: F.pad(x, (1, 2, 0, 1), value=0.5), [("x", r.f(2, 3))], True, {"pad": [1, 2, 0, 1], "value": 0.5})
case("tril", "tril", lambda x: x.tril(), [("x", r.f(2, 3, 4))], True, {"diagonal": 0})
case("triu_1", "triu", lambda x: x.triu(1), [("x", r.f(3, 4))], True, {"diagonal": 1})
case("tril_-1", "tril", lambda x: x.tril(-1), [("x", r.f(4, 3))], True, {"diagonal": -1})
case("diagonal", "diagonal", lambda x: x.diagonal(), [("x", r.f(3, 4))], True)
case("one_hot", "one_hot", lambda ix: F.one_hot(ix, 6), [("index", r.i(6, 2, 3))], (), {"classes": 6})
case("arange_linspace", "linspace", lambda: (torch.arange(2, 12, 3), torch.linspace(-3, 0, 7, dtype=F64)), [], (), {"note": "arange(2,12,3), linspace(-3,0,7)"})
case("bincount_pairs", "index_put_accumulate", lambda x, i, j, v: x.index_put((i, j), v, accumulate=True), [("x", r.f(3, 3)), ("i", torch.tensor([0, 1, 0, 2, 0])), ("j", torch.tensor([1, 1, 1, 0, 1])), ("v", r.f(5))], True)
case("same_tensor_twice", "mul", lambda x: x * x + x, [("x", r.f(2, 3))], True, {"note": "x*x + x: gradients add up"})

# ---------------------------------------------------------------- attention, recurrent cells, small nets
r = Lcg("attention")


def attn(q, k, v):
    w = (q @ k.transpose(-2, -1)) / math.sqrt(q.shape[-1])
    t = q.shape[-2]
    w = w.masked_fill(torch.ones(t, t, dtype=torch.bool).triu(1), float("-inf"))
    return F.softmax(w, -1) @ v


case("attention_causal", "attention", attn, [("q", r.f(1, 2, 4, 3)), ("k", r.f(1, 2, 4, 3)), ("v", r.f(1, 2, 4, 3))], True, {"causal": 1, "scale": "1/sqrt(3)"})


def mha_fn(x, iw, ib, ow, ob):
    m = nn.MultiheadAttention(6, 2, batch_first=True, dtype=x.dtype)
    mask = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).triu(1)
    y, _ = F.multi_head_attention_forward(x.transpose(0, 1), x.transpose(0, 1), x.transpose(0, 1), 6, 2, iw, ib, None, None, False, 0.0, ow, ob,
                                          training=False, need_weights=False, attn_mask=mask)
    return y.transpose(0, 1)


case("multi_head_attention_causal", "mha", mha_fn, [("x", r.f(2, 4, 6)), ("in_proj_weight", r.f(18, 6, lo=-1, hi=1)), ("in_proj_bias", r.f(18, lo=-1, hi=1)), ("out_proj_weight", r.f(6, 6, lo=-1, hi=1)), ("out_proj_bias", r.f(6, lo=-1, hi=1))],
     True, {"heads": 2, "causal": 1, "batch_first": 1, "note": "rows of in_proj_weight: q, k, v; head h owns columns 3h..3h+2"})


def gpt_block(x, l1w, l1b, aw, ab, pw, pb, l2w, l2b, fw, fb, gw, gb):
    B, Tt, C = x.shape
    h = F.layer_norm(x, (C,), l1w, l1b)
    q, k, v = F.linear(h, aw, ab).split(C, 2)
    q, k, v = [t.view(B, Tt, 2, C // 2).transpose(1, 2) for t in (q, k, v)]
    y = attn(q, k, v).transpose(1, 2).reshape(B, Tt, C)
    x = x + F.linear(y, pw, pb)
    h = F.layer_norm(x, (C,), l2w, l2b)
    return x + F.linear(F.gelu(F.linear(h, fw, fb)), gw, gb)


case("gpt_block", "gpt_block", gpt_block, [("x", r.f(1, 4, 4)), ("ln1_w", r.f(4)), ("ln1_b", r.f(4)), ("attn_w", r.f(12, 4, lo=-1, hi=1)), ("attn_b", r.f(12, lo=-1, hi=1)), ("proj_w", r.f(4, 4, lo=-1, hi=1)), ("proj_b", r.f(4)),
                                           ("ln2_w", r.f(4)), ("ln2_b", r.f(4)), ("fc_w", r.f(16, 4, lo=-1, hi=1)), ("fc_b", r.f(16, lo=-1, hi=1)), ("out_w", r.f(4, 16, lo=-1, hi=1)), ("out_b", r.f(4))],
     True, {"heads": 2, "gelu": "erf", "note": "pre-norm block: x + attn(ln1 x), then x + mlp(ln2 x)"})


def rnn_fn(kind, layers=1):
    def fn(x, h, *ps):
        m = getattr(nn, kind)(3, 4, layers, batch_first=True).to(x.dtype)
        names = [n for n, _ in m.named_parameters()]
        state = dict(zip(names, ps))
        hx = h if kind != "LSTM" else (h[:layers], h[layers:])
        fnn = {"RNN": torch.rnn_tanh, "GRU": torch.gru, "LSTM": torch.lstm}[kind]
        out = fnn(x, hx, [state[n] for n in names], True, layers, 0.0, True, False, True)
        return out
    return fn


for kind, g in (("RNN", 1), ("GRU", 3), ("LSTM", 4)):
    r = Lcg(kind)
    h = r.f(2 if kind == "LSTM" else 1, 2, 4)
    case(kind.lower() + "_seq", kind.lower(), rnn_fn(kind), [("x", r.f(2, 5, 3)), ("h0", h), ("w_ih", r.f(4 * g, 3, lo=-1, hi=1)), ("w_hh", r.f(4 * g, 4, lo=-1, hi=1)), ("b_ih", r.f(4 * g, lo=-1, hi=1)), ("b_hh", r.f(4 * g, lo=-1, hi=1))],
         True, {"batch_first": 1, "note": {"RNN": "tanh", "GRU": "gate rows: r, z, n", "LSTM": "gate rows: i, f, g, o; h0 holds h0 then c0"}[kind]}, ["y", "h_n"] + (["c_n"] if kind == "LSTM" else []))
r = Lcg("mlp")


def mlp_bn(x, w1, g, b, w2, b2, t):
    h = x @ w1
    h = g * (h - h.mean(0, keepdim=True)) / h.std(0, keepdim=True) + b
    return F.cross_entropy(torch.tanh(h) @ w2 + b2, t)


case("lecture_mlp_batchnorm", "lecture_mlp_bn", mlp_bn, [("x", r.f(6, 4)), ("w1", r.f(4, 5)), ("gain", r.f(1, 5)), ("bias", r.f(1, 5)), ("w2", r.f(5, 3)), ("b2", r.f(3)), ("target", r.i(3, 6))], ["x", "w1", "gain", "bias", "w2", "b2"],
     {"note": "batch norm by hand with the unbiased std and no eps, as in makemore part 3"})
case("bigram_nn_loss", "lecture_bigram", lambda W, xs, ys: (lambda p: -p[torch.arange(5), ys].log().mean() + 0.01 * (W ** 2).mean())((lambda c: c / c.sum(1, keepdim=True))((F.one_hot(xs, 6).to(W.dtype) @ W).exp())),
     [("W", r.f(6, 6)), ("xs", torch.tensor([0, 5, 3, 3, 1])), ("ys", torch.tensor([5, 3, 3, 1, 0]))], ["W"])

# ---------------------------------------------------------------- optimizers: 5 steps with given gradients
STEPS = 5


def optim_case(name, make, args):
    r = Lcg(name)
    p0, gs = r.f(2, 3), r.f(STEPS, 2, 3)
    res = []
    for dt in (F64, F32):
        p = p0.to(dt).clone().requires_grad_()
        o = make([p])
        tr = []
        for k in range(STEPS):
            p.grad = gs[k].to(dt).clone()
            o.step()
            tr.append(p.detach().clone())
        res.append(torch.stack(tr))
    CASES.append({"name": "optim_" + name, "op": "optim", "args": args, "in": [T("p0", p0), T("grads", gs)], "out": [T("p_after_each_step", res[0], e=dev(*res))], "cot": [], "grad": []})


O = torch.optim
for nm, cls, kw in [
    ("sgd", O.SGD, dict(lr=0.1)), ("sgd_momentum", O.SGD, dict(lr=0.1, momentum=0.9)), ("sgd_nesterov", O.SGD, dict(lr=0.1, momentum=0.9, nesterov=True)),
    ("sgd_wd", O.SGD, dict(lr=0.1, weight_decay=0.01)), ("sgd_all", O.SGD, dict(lr=0.05, momentum=0.8, nesterov=True, weight_decay=0.1)), ("sgd_dampening", O.SGD, dict(lr=0.1, momentum=0.9, dampening=0.5)),
    ("adam", O.Adam, dict(lr=0.01)), ("adam_wd", O.Adam, dict(lr=0.01, betas=(0.8, 0.95), eps=1e-6, weight_decay=0.1)), ("adam_amsgrad", O.Adam, dict(lr=0.01, amsgrad=True)),
    ("adamw", O.AdamW, dict(lr=0.01)), ("adamw_wd", O.AdamW, dict(lr=0.01, betas=(0.9, 0.95), weight_decay=0.1)),
    ("rmsprop", O.RMSprop, dict(lr=0.01)), ("rmsprop_all", O.RMSprop, dict(lr=0.01, alpha=0.9, eps=1e-6, weight_decay=0.05, momentum=0.9, centered=True)), ("rmsprop_momentum", O.RMSprop, dict(lr=0.01, momentum=0.9)),
    ("adagrad", O.Adagrad, dict(lr=0.1)), ("adagrad_decay", O.Adagrad, dict(lr=0.1, lr_decay=0.1, weight_decay=0.01, initial_accumulator_value=0.5)),
    ("adadelta", O.Adadelta, dict(lr=1.0)), ("adamax", O.Adamax, dict(lr=0.02)), ("nadam", O.NAdam, dict(lr=0.02)), ("radam", O.RAdam, dict(lr=0.02)),
]:
    optim_case(nm, lambda ps, cls=cls, kw=kw: cls(ps, **kw), {"class": cls.__name__, **{k: (list(v) if isinstance(v, tuple) else int(v) if isinstance(v, bool) else v) for k, v in kw.items()}})
r = Lcg("clip")


def clip(g1, g2, mx=1.0):
    a, b = torch.zeros_like(g1).requires_grad_(), torch.zeros_like(g2).requires_grad_()
    a.grad, b.grad = g1.clone(), g2.clone()
    n = torch.nn.utils.clip_grad_norm_([a, b], mx)
    return n, a.grad, b.grad


case("clip_grad_norm", "clip_grad_norm", clip, [("g1", r.f(2, 3)), ("g2", r.f(4))], (), {"max_norm": 1.0, "note": "scale = max_norm / (norm + 1e-6), at most 1"}, ["total_norm", "g1", "g2"])

# ---------------------------------------------------------------- schedulers: the rate used at each step
S = torch.optim.lr_scheduler


def sched(name, make, args, n=20, lr=0.1, metrics=None, momentum=False):
    p = torch.zeros(1, requires_grad=True)
    o = torch.optim.SGD([p], lr=lr, momentum=0.9)
    s = make(o)
    lrs, ms = [], []
    for k in range(n):
        lrs.append(float(o.param_groups[0]["lr"]))
        ms.append(float(o.param_groups[0]["momentum"]))
        o.step()
        if metrics is not None:
            s.step(metrics[k])
        elif k + 1 < n:
            s.step()
    out = [T("lr", torch.tensor(lrs, dtype=F64), e=0)]
    if momentum:
        out.append(T("momentum", torch.tensor(ms, dtype=F64), e=0))
    CASES.append({"name": "sched_" + name, "op": "sched", "args": dict(base_lr=lr, **args), "in": [T("metric", torch.tensor(metrics, dtype=F64))] if metrics else [], "out": out, "cot": [], "grad": []})


sched("StepLR", lambda o: S.StepLR(o, 4, 0.5), {"class": "StepLR", "step_size": 4, "gamma": 0.5})
sched("MultiStepLR", lambda o: S.MultiStepLR(o, [3, 8, 9], 0.1), {"class": "MultiStepLR", "milestones": [3, 8, 9], "gamma": 0.1})
sched("ExponentialLR", lambda o: S.ExponentialLR(o, 0.9), {"class": "ExponentialLR", "gamma": 0.9})
sched("CosineAnnealingLR", lambda o: S.CosineAnnealingLR(o, 10, 0.001), {"class": "CosineAnnealingLR", "T_max": 10, "eta_min": 0.001})
sched("CosineWarmRestarts", lambda o: S.CosineAnnealingWarmRestarts(o, 4, 2, 0.001), {"class": "CosineAnnealingWarmRestarts", "T_0": 4, "T_mult": 2, "eta_min": 0.001})
sched("OneCycleLR", lambda o: S.OneCycleLR(o, max_lr=0.5, total_steps=20), {"class": "OneCycleLR", "max_lr": 0.5, "total_steps": 20, "pct_start": 0.3, "anneal": "cos", "div_factor": 25.0, "final_div_factor": 1e4, "base_momentum": 0.85, "max_momentum": 0.95}, momentum=True)
sched("OneCycleLR_linear", lambda o: S.OneCycleLR(o, max_lr=0.5, total_steps=20, anneal_strategy="linear", pct_start=0.25), {"class": "OneCycleLR", "max_lr": 0.5, "total_steps": 20, "pct_start": 0.25, "anneal": "linear", "div_factor": 25.0, "final_div_factor": 1e4}, momentum=True)
sched("LinearLR_warmup", lambda o: S.LinearLR(o, 0.1, 1.0, 5), {"class": "LinearLR", "start_factor": 0.1, "end_factor": 1.0, "total_iters": 5})
sched("ConstantLR", lambda o: S.ConstantLR(o, 0.25, 4), {"class": "ConstantLR", "factor": 0.25, "total_iters": 4})
sched("Warmup_then_cosine", lambda o: S.SequentialLR(o, [S.LinearLR(o, 0.1, 1.0, 5), S.CosineAnnealingLR(o, 15)], [5]), {"class": "SequentialLR", "note": "LinearLR(0.1 to 1 in 5), then CosineAnnealingLR(T_max 15)"})
sched("CyclicLR", lambda o: S.CyclicLR(o, 0.01, 0.1, 4, cycle_momentum=False), {"class": "CyclicLR", "min_lr": 0.01, "max_lr": 0.1, "step_size_up": 4, "mode": "triangular"})


def nano(k, warm=4, decay=16, lr=1.0, mn=0.1):
    if k < warm:
        return lr * (k + 1) / (warm + 1)
    if k > decay:
        return mn
    return mn + 0.5 * (1 + math.cos(math.pi * (k - warm) / (decay - warm))) * (lr - mn)


sched("LambdaLR_warmup_cosine", lambda o: S.LambdaLR(o, nano), {"class": "LambdaLR", "warmup": 4, "decay_iters": 16, "min_ratio": 0.1, "note": "k<warmup: (k+1)/(warmup+1); k>decay: min; else cosine between"})
MET = [1.0, 0.9, 0.95, 0.92, 0.91, 0.905, 0.8999, 0.8, 0.81, 0.82, 0.83, 0.84, 0.85, 0.5, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6]
sched("ReduceLROnPlateau", lambda o: S.ReduceLROnPlateau(o, "min", 0.5, 2), {"class": "ReduceLROnPlateau", "mode": "min", "factor": 0.5, "patience": 2, "threshold": 1e-4, "threshold_mode": "rel", "cooldown": 0}, metrics=MET)
sched("ReduceLROnPlateau_cooldown", lambda o: S.ReduceLROnPlateau(o, "min", 0.1, 1, cooldown=2, min_lr=0.002), {"class": "ReduceLROnPlateau", "mode": "min", "factor": 0.1, "patience": 1, "threshold": 1e-4, "threshold_mode": "rel", "cooldown": 2, "min_lr": 0.002}, metrics=MET)

names = [c["name"] for c in CASES]
assert len(names) == len(set(names)), "case names must differ"
w = sys.stdout.write
w('{"format":1,"torch":"%s","count":%d,"cases":[\n' % (torch.__version__.split("+")[0], len(CASES)))
w(",\n".join(json.dumps(c, separators=(",", ":")) for c in CASES))
w("\n]}\n")
print("%d cases, %d distinct ops" % (len(CASES), len(set(c["op"] for c in CASES))), file=sys.stderr)
