"""torch_compare_random.py: rows of torch_compare.py for what draws random numbers. PyTorch's streams
differ between its builds, so the numbers are compared as samples: the error is the distance of Kolmogorov
and Smirnov, the greatest difference between the two shares of numbers up to x."""
import ctypes as C
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

from torch_library import shape_of
from torch_compare_table import F64, I64, row

COUNT, SEED = 3000, 2023
LIMIT = 2.2 * math.sqrt(2 / COUNT)  # exceeded by one pair of equal samples in 8,000


def plain_draws():
    """Whether torch's dropout draws from its generator itself, as Ore's does: where MKL runs on a
    processor of Intel's, it draws from MKL's generator."""
    torch.manual_seed(SEED)
    dropped = torch.empty(64).bernoulli_(0.5)
    torch.manual_seed(SEED)
    return torch.equal(dropped, torch.bernoulli(torch.full([64], 0.5, dtype=F64)).float())


PLAIN_DRAWS = plain_draws()


def distance(got, want):
    """Between the two samples; infinite where their numbers are not the same."""
    a, b = got.double().flatten().sort()[0], want.double().flatten().sort()[0]
    if a.numel() != b.numel() or torch.isnan(a).any():
        return float("inf")
    if a.numel() == 0:
        return 0.0
    x = torch.cat([a, b])
    below = [torch.searchsorted(s, x, right=True).double() / s.numel() for s in (a, b)]
    return (below[0] - below[1]).abs().max().item()


def drawn(name, draw, torch_, ore=None):
    """torch draws from one seed every time; Ore's stream goes on from call to call."""
    def run(*args):
        torch.manual_seed(SEED)
        return torch_(*args)
    row(name, draw, run, ore=ore or (lambda lib, *a: lib.tensor(name, *a, None)), grad=False,
        distance=(distance, LIMIT))


def sizes(d):
    """As many numbers in one to three dims."""
    return d.r.choice([[COUNT], [3, COUNT // 3], [5, 3, COUNT // 15], [COUNT, 1]])


def of_shape(lib, name, s, *rest):
    return lib.tensor(name, shape_of(s), *rest, None)


for name in ("rand", "randn"):
    drawn(name, lambda d: [sizes(d), d.floating()],
          lambda s, t, n=name: getattr(torch, n)(s, dtype=t),
          ore=lambda lib, s, t, n=name: of_shape(lib, n, s, t))
drawn("randint", lambda d: [d.r.choice([-5, 0]), d.r.choice([1, 7, 2**40]), sizes(d), I64],
      lambda low, high, s, t: torch.randint(low, high, s, dtype=t),
      ore=lambda lib, low, high, s, t: lib.tensor("randint", low, high, shape_of(s), t, None))
drawn("randperm", lambda d: [d.r.choice([0, 1, 100, COUNT])], torch.randperm)


def weights(d, zero=0.3):
    w = torch.rand(d.r.choice([2, 5, 20]), generator=d.g, dtype=d.floating())
    w[0] = 0 if d.chance(zero) else w[0]
    return d.given(w + 0.01)


drawn("multinomial", lambda d: [weights(d), COUNT, True], torch.multinomial)
drawn("bernoulli", lambda d: [d.given(torch.full(sizes(d), d.r.choice([0.0, 0.3, 0.7, 1.0]),
                                                 dtype=d.floating()))], torch.bernoulli)


def filled(name, *options):
    """t.name(..) of a tensor of zeros, dense or transposed."""
    def draw(d):
        t = d.given(torch.zeros(sizes(d), dtype=d.floating()))
        if t.base.dim() > 1 and d.chance(0.5):
            t.views = [("transpose", (0, 1))]
        return [t, *d.r.choice(options)]
    drawn(name, draw, lambda t, *a: getattr(t, name)(*a))


filled("uniform_", (0.0, 1.0), (-3.0, 2.0))
filled("normal_", (0.0, 1.0), (2.0, 0.1))
filled("bernoulli_", (0.3,), (0.0,), (1.0,))
filled("exponential_", (1.0,), (3.5,))
drawn("random_", lambda d: [d.given(torch.zeros(sizes(d), dtype=I64)), -3, 9],
      lambda t, low, high: t.random_(low, high))
for name in ("f_dropout", "f_dropout_"):
    drawn(name + " drawn", lambda d: [d.given(torch.ones(sizes(d), dtype=d.floating())),
                                      d.r.choice([0.0, 0.2, 0.5, 1.0]), d.chance(0.8)],
          lambda x, p, training: F.dropout(x, p, training),
          ore=lambda lib, x, p, training, n=name: lib.tensor(n, x, p, training, None))

# ---- initialisers: with the same fans and gains --------------------------------------------------


def matrix(d):
    return d.given(torch.zeros(d.r.choice([[60, 50], [50, 60], [30, 10, 10]]), dtype=d.floating()))


for name, args in (("uniform", [(0.0, 1.0), (-2.0, 3.0)]), ("normal", [(0.0, 1.0), (1.0, 0.02)]),
                   ("xavier_uniform", [(1.0,), (5 / 3,)]), ("xavier_normal", [(1.0,), (0.5,)]),
                   ("trunc_normal", [(0.0, 1.0, -2.0, 2.0), (0.5, 2.0, -1.0, 1.5)])):
    drawn("init_" + name, lambda d, a=args: [matrix(d), *d.r.choice(a)],
          lambda t, *a, n=name: getattr(nn.init, n + "_")(t, *a))
GAINS = ["linear", "conv1d", "sigmoid", "tanh", "relu", "leaky_relu", "selu"]
for name in ("kaiming_uniform", "kaiming_normal"):
    drawn("init_" + name, lambda d: [matrix(d), d.r.choice([0.0, 0.2, math.sqrt(5)]),
                                     d.r.choice(["fan_in", "fan_out"]), d.r.choice(GAINS)],
          lambda t, a, mode, gain, n=name: getattr(nn.init, n + "_")(t, a, mode, gain),
          ore=lambda lib, t, a, mode, gain, n=name: lib.tensor(
              "init_" + n, t, a, C.c_int(mode == "fan_out"), C.c_int(GAINS.index(gain)), None))
drawn("init_orthogonal", lambda d: [matrix(d), d.r.choice([1.0, 2.0])],
      lambda t, gain: nn.init.orthogonal_(t.float(), gain).to(t.dtype))
drawn("init_sparse", lambda d: [d.given(torch.zeros(60, 50, dtype=d.floating())),
                                d.r.choice([0.1, 0.5]), 0.01], nn.init.sparse_)
for name in ("zeros", "ones", "eye"):
    row("init_" + name, lambda d: [d.given(torch.full([4, 7], 3.0, dtype=d.floating()))],
        lambda t, n=name: getattr(nn.init, n + "_")(t), grad=False)
row("init_constant", lambda d: [d.arg([3, 4], d.floating(), dense=True), 0.7], nn.init.constant_, grad=False)
for gain in range(len(GAINS)):
    row("calculate_gain " + GAINS[gain], lambda d: [d.r.choice([0.01, 0.2, 1.0])],
        lambda slope, g=GAINS[gain]: torch.tensor(
            nn.init.calculate_gain(g, slope if g == "leaky_relu" else None), dtype=F64),
        ore=lambda lib, slope, g=gain: lib.tensor("scalar", lib.call(
            "calculate_gain", C.c_int(g), slope, restype=C.c_double), F64), grad=False)
