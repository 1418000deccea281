"""torch_compare_math.py: rows of torch_compare.py for mathematical functions and activations."""

import torch
import torch.nn.functional as F

from torch_compare_elementwise import in_place, ore_in_place, two
from torch_compare_table import one, row

# ---- mathematical functions --------------------------------------------------------------------

for name in ("sin", "cos", "erf", "expm1"):
    row(name, one("normal"), getattr(torch, name))
row("log1p", one("positive"), torch.log1p)
for name in ("log2", "log10", "rsqrt"):
    row(name, one("positive"), getattr(torch, name))
row("reciprocal", one("away"), torch.reciprocal)
row("special values", lambda d: [d.arg(None, d.floating(), "special"),
                                 d.r.choice(["sin", "cos", "erf", "expm1", "log1p", "log2",
                                             "log10", "rsqrt", "reciprocal"])],
    lambda x, f: getattr(torch, f)(x), ore=lambda lib, x, f: lib.tensor(f, x), grad=False)
for name in ("sign", "floor", "ceil", "trunc", "round"):
    row(name, one("special" if name != "sign" else "ties"), getattr(torch, name))
row("round_decimals", lambda d: [d.arg(None, d.floating()), d.r.choice([-1, 0, 1, 2, 3])],
    lambda x, n: torch.round(x, decimals=n))
for name in ("remainder", "fmod"):
    row(name, two("away", numbers=False), getattr(torch, name), grad=False)
    row(name + " ints", lambda d: [d.arg([7], d.r.choice([torch.int64, torch.int32, torch.uint8])),
                                   d.arg([7], d.r.choice([torch.int64, torch.int32]))],
        getattr(torch, name), ore=lambda lib, a, b, n=name: lib.tensor(n, a, b))
    row(name + "_scalar", lambda d: [d.arg(None, d.floating()), d.r.choice([2.0, -1.5, 0.75])],
        getattr(torch, name))
row("clamp_min", lambda d: [d.arg(), d.r.choice([-0.97, 0.03])], torch.clamp_min)
row("clamp_max", lambda d: [d.arg(), d.r.choice([-0.97, 0.03])], torch.clamp_max)
for name in ("logical_and", "logical_or", "logical_xor"):
    row(name, two("ties"), getattr(torch, name))
row("logical_not", one("ties"), torch.logical_not)
for name in ("isnan", "isinf", "isfinite"):
    row(name, one("special"), getattr(torch, name))

# ---- activations -------------------------------------------------------------------------------

row("leaky_relu", lambda d: [d.arg(), d.r.choice([0.01, 0.2, 0.0, -0.5])], F.leaky_relu)
row("elu", lambda d: [d.arg(), d.r.choice([1.0, 0.5, 2.0])], F.elu)
row("hardtanh", lambda d: [d.arg(), d.r.choice([-1.0, -0.3, 2.0]), d.r.choice([1.0, 0.4])],
    F.hardtanh)
for name in ("selu", "relu6", "hardsigmoid", "hardswish", "silu", "mish", "softsign",
             "logsigmoid"):
    row(name, one("normal", 0), getattr(F, name))
    row(name + " special", one("special", 0), getattr(F, name), grad=False,
        ore=lambda lib, x, n=name: lib.tensor(n, x))
row("softplus", lambda d: [d.arg(), d.r.choice([1.0, 2.0, 0.5]), d.r.choice([20.0, 1.0])],
    F.softplus)
row("glu", lambda d: (lambda s: [d.arg(s), d.dim(len(s))])(d.shape(1, 4)), F.glu)
row("swiglu", two("normal", numbers=False, mixed=0.0), lambda gate, up: F.silu(gate) * up,
    floor=1.0)


def prelu_args(d):
    sizes, dtype = d.shape(1, 4, 0), d.floating()
    channels = sizes[1] if len(sizes) > 1 else 1
    return [d.arg(sizes, dtype), d.arg([d.r.choice([1, channels])], dtype)]


row("prelu", prelu_args, F.prelu)

# ---- in place: on a result, so that it is recorded ---------------------------------------------

for name in ("relu_", "exp_", "neg_", "abs_", "tanh_", "sigmoid_", "sqrt_"):
    for recorded in (True, False):
        row(name + ("" if recorded else " unrecorded"),
            one("positive" if name == "sqrt_" else "away", 0 if name == "relu_" else 0.1), in_place(name, recorded),
            ore=ore_in_place(name, recorded), grad=recorded)
for name, method, values in (("sub_scalar_", "sub_", [0.5, -2.0]), ("div_scalar_", "div_", [0.5]),
                             ("pow_scalar_", "pow_", [2.0, 3.0]),
                             ("clamp_min_", "clamp_min_", [-0.4]),
                             ("clamp_max_", "clamp_max_", [0.4])):
    for recorded in (True, False):
        row(name + ("" if recorded else " unrecorded"),
            lambda d, v=values: [d.arg(), d.r.choice(v)], in_place(method, recorded),
            ore=ore_in_place(name, recorded), grad=recorded)
for recorded in (True, False):
    row("clamp_" + ("" if recorded else " unrecorded"), lambda d: [d.arg(), -0.4, 1.1],
        in_place("clamp_", recorded), ore=ore_in_place("clamp_", recorded), grad=recorded)
    row("masked_fill_" + ("" if recorded else " unrecorded"),
        lambda d: (lambda s: [d.arg(s), d.arg(d.broadcast(s), torch.bool), 1.5])(d.shape()),
        in_place("masked_fill_", recorded), ore=ore_in_place("masked_fill_", recorded),
        grad=recorded)
