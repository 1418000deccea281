"""torch_compare_losses.py: rows of torch_compare.py for losses and distances."""
import ctypes as C
import math

import torch
import torch.nn.functional as F

from torch_library import CrossEntropyOptions
from torch_compare_table import I64, row, says

REDUCTIONS = ["mean", "sum", "none", "batchmean"]


class NllOptions(C.Structure):
    _fields_ = [("reduction", C.c_int), ("ignore_index", C.c_int64), ("weight", C.c_void_p)]


class MultiMarginOptions(C.Structure):
    _fields_ = [("reduction", C.c_int), ("p", C.c_int), ("margin", C.c_double),
                ("weight", C.c_void_p)]


class TripletOptions(C.Structure):
    _fields_ = [("reduction", C.c_int), ("margin", C.c_double), ("p", C.c_double),
                ("eps", C.c_double), ("swap", C.c_bool)]


def code(reduction):
    return C.c_int(REDUCTIONS.index(reduction))


def given(d, arg):
    """The argument or None: options that may be left out."""
    return arg if d.chance(0.5) else None


def fixed(weight):
    """Options take part in no gradient."""
    return weight.detach() if weight is not None else None


def ore_fixed(lib, weight):
    return lib.tensor("detach", weight) if weight else None


def target_sizes(d, sizes):
    """x's sizes, as a rule; rarely others, which torch broadcasts."""
    return d.broadcast(sizes) if d.chance(0.1) else sizes


OWN_SHAPE = says("expected the same shape", "a target has the shape of x; torch broadcasts")


def pair(kind="normal", other="normal"):
    """Two tensors of one dtype, as a rule of one shape, and a reduction."""
    def draw(d):
        sizes, dtype = d.shape(), d.floating()
        return [d.arg(sizes, dtype, kind), d.arg(target_sizes(d, sizes), dtype, other),
                d.r.choice(REDUCTIONS[:3])]
    return draw


for name in ("mse_loss", "l1_loss"):
    row(name, pair(), lambda x, t, r, n=name: getattr(F, n)(x, t, reduction=r),
        ore=lambda lib, x, t, r, n=name: lib.tensor(n, x, t, code(r)), differs=OWN_SHAPE)
for name, key in (("smooth_l1_loss", "beta"), ("huber_loss", "delta")):
    row(name, lambda d: pair()(d) + [d.r.choice([1.0, 0.5, 2.0])],
        lambda x, t, r, v, n=name, k=key: getattr(F, n)(x, t, reduction=r, **{k: v}),
        ore=lambda lib, x, t, r, v, n=name: lib.tensor(n, x, t, code(r), v),
        differs=OWN_SHAPE)


def probabilities(d, sizes, dtype):
    a = d.arg(sizes, dtype)
    a.base = torch.sigmoid(a.base)
    return a


def bce_args(d):
    sizes, dtype = d.shape(), d.floating()
    return [probabilities(d, sizes, dtype), probabilities(d, sizes, dtype),
            given(d, d.arg(sizes, dtype, "positive")), d.r.choice(REDUCTIONS[:3])]


row("binary_cross_entropy", bce_args, lambda x, t, w, r: F.binary_cross_entropy(
    x, t, fixed(w), reduction=r),
    ore=lambda lib, x, t, w, r: lib.tensor("binary_cross_entropy", x, t,
                                           ore_fixed(lib, w), code(r)))


def logits_args(d):
    sizes, dtype = d.shape(1, 4), d.floating()
    return [d.arg(sizes, dtype), probabilities(d, sizes, dtype),
            given(d, d.arg(sizes, dtype, "positive")),
            given(d, d.arg([sizes[-1]], dtype, "positive")), d.r.choice(REDUCTIONS[:3])]


row("binary_cross_entropy_with_logits", logits_args,
    lambda x, t, w, p, r: F.binary_cross_entropy_with_logits(
        x, t, fixed(w), pos_weight=fixed(p), reduction=r),
    ore=lambda lib, x, t, w, p, r: lib.tensor(
        "binary_cross_entropy_with_logits", x, t, ore_fixed(lib, w), ore_fixed(lib, p), code(r)),
    floor=1.0)


def kl_args(d):
    sizes, dtype, log_target = d.shape(1, 4), d.floating(), d.chance(0.5)
    own = target_sizes(d, sizes)
    target = d.arg(own, dtype) if log_target else probabilities(d, own, dtype)
    if not log_target and target.base.numel() and d.chance(0.3):
        target.base.view(-1)[0] = 0
    return [d.arg(sizes, dtype), target, d.r.choice(REDUCTIONS), log_target]


def torch_kl(x, t, r, log_target):
    """torch's gradient of a target 0 is infinite; the target takes part only where it is not."""
    t = t if log_target else t.detach()
    return F.kl_div(x, t, reduction=r, log_target=log_target)


row("kl_div", kl_args, torch_kl,
    ore=lambda lib, x, t, r, log: lib.tensor("kl_div", x, t if log else lib.tensor("detach", t),
                                             code(r), log), differs=OWN_SHAPE)


def label_args(d, rest, zero=0.06):
    classes, dtype = d.r.randint(1, 7), d.floating()
    batch = [] if d.chance(0.1) else [d.size(zero)]
    rest = rest if batch else []
    target = torch.randint(0, classes, batch + rest, generator=d.g)
    weight = given(d, d.arg([classes], dtype, "positive", dense=True))
    t = d.arg([1], I64, dense=True)
    t.base = target
    return [d.arg(batch + [classes] + rest, dtype), t, weight, d.r.choice(REDUCTIONS[:3])], classes


def nll_args(d):
    args, classes = label_args(d, d.shape(0, 2, 0))
    target, ignore = args[1].base, d.r.choice([-100, 0])
    if d.chance(0.3) and target.numel():
        target.view(-1)[0] = d.r.choice([ignore, ignore, classes, -1])
    return args + [ignore]


def dense(x):
    """torch's backward of nll_loss takes only an x with the strides of a new tensor."""
    return x.clone(memory_format=torch.contiguous_format)


row("nll_loss", nll_args,
    lambda x, t, w, r, ignore: F.nll_loss(
        dense(x), t, fixed(w), ignore_index=ignore, reduction=r),
    ore=lambda lib, x, t, w, r, ignore: lib.tensor(
        "nll_loss", x, t, C.byref(NllOptions(REDUCTIONS.index(r), ignore, w))))
row("multi_margin_loss", lambda d: label_args(d, [], 0)[0] + [d.r.choice([1, 2]), 0.7],
    lambda x, t, w, r, p, m: F.multi_margin_loss(x, t, p, m, fixed(w), reduction=r),
    ore=lambda lib, x, t, w, r, p, m: lib.tensor(
        "multi_margin_loss", x, t, C.byref(MultiMarginOptions(
            REDUCTIONS.index(r), p, m, ore_fixed(lib, w)))), floor=1.0)


def soft_args(d):
    classes, dtype = d.r.randint(1, 7), d.floating()
    sizes = [d.size(0), classes] + d.shape(0, 2, 0) if d.chance(0.9) else [classes]
    return [d.arg(sizes, dtype), probabilities(d, sizes, dtype),
            given(d, d.arg([classes], dtype, "positive", dense=True)), d.r.choice(REDUCTIONS[:3]),
            d.r.choice([0.0, 0.1])]


row("cross_entropy of probabilities", soft_args,
    lambda x, t, w, r, s: F.cross_entropy(x, t, fixed(w), reduction=r, label_smoothing=s),
    ore=lambda lib, x, t, w, r, s: lib.tensor("cross_entropy", x, t, C.byref(CrossEntropyOptions(
        REDUCTIONS.index(r), -100, s, ore_fixed(lib, w)))), floor=1.0)

# ---- margins and distances ---------------------------------------------------------------------


def signed(d, sizes, dtype):
    t = d.arg([1], dtype, dense=True)
    t.base = torch.randint(0, 2, sizes, generator=d.g).to(dtype) * 2 - 1
    return t


def hinge_args(d):
    sizes, dtype = d.shape(), d.floating()
    return [d.arg(sizes, dtype), signed(d, target_sizes(d, sizes), dtype), 0.9,
            d.r.choice(REDUCTIONS[:3])]


row("hinge_embedding_loss", hinge_args,
    lambda x, t, m, r: F.hinge_embedding_loss(x, t.detach(), m, reduction=r),
    ore=lambda lib, x, t, m, r: lib.tensor("hinge_embedding_loss", x, lib.tensor("detach", t), m,
                                           code(r)), differs=OWN_SHAPE)
row("hinge_loss", hinge_args,
    lambda x, t, m, r: {"mean": torch.mean, "sum": torch.sum, "none": lambda v: v}[r](
        F.relu(1 - t * x)),
    ore=lambda lib, x, t, m, r: lib.tensor("hinge_loss", x, t, code(r)), differs=OWN_SHAPE)


def vectors(d, count):
    sizes, dtype = [d.size(0), d.r.choice([2, 5, 9])], d.floating()
    return [d.arg(sizes, dtype, "away") for _ in range(count)]


row("cosine_similarity", lambda d: vectors(d, 2) + [d.r.choice([1, -1, 0]), 1e-8],
    lambda a, b, dim, eps: F.cosine_similarity(a, b, dim, eps), floor=1.0)


def cosine_args(d):
    a, b = vectors(d, 2)
    return [a, b, signed(d, [a.torch().shape[0]], a.base.dtype), d.r.choice([0.0, 0.3]),
            d.r.choice(REDUCTIONS[:3])]


row("cosine_embedding_loss", cosine_args,
    lambda a, b, t, m, r: F.cosine_embedding_loss(a, b, t.detach(), m, reduction=r),
    ore=lambda lib, a, b, t, m, r: lib.tensor("cosine_embedding_loss", a, b,
                                              lib.tensor("detach", t), m, code(r)), floor=1.0)
row("pairwise_distance", lambda d: vectors(d, 2) + [d.r.choice([0.5, 1.0, 2.0, 3.0, math.inf]),
                                                    d.r.choice([0.0, 1e-6]), d.chance(0.5)],
    F.pairwise_distance)
row("triplet_margin_loss", lambda d: vectors(d, 3) + [d.r.choice([1.0, 2.0]), d.chance(0.5),
                                                      d.r.choice(REDUCTIONS[:3])],
    lambda a, p, n, power, swap, r: F.triplet_margin_loss(a, p, n, p=power, swap=swap, reduction=r),
    ore=lambda lib, a, p, n, power, swap, r: lib.tensor(
        "triplet_margin_loss", a, p, n, C.byref(TripletOptions(
            REDUCTIONS.index(r), 1.0, power, 1e-6, swap))), floor=1.0)
