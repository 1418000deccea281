"""torch_compare_position.py: rows of torch_compare.py for position.h, against torch and against
transformers' modeling_rope_utils and its models."""
import ctypes as C
import math

import torch

from torch_compare_table import F64, row

try:
    from transformers import LlamaConfig
    from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS
    from transformers.models.cohere.modeling_cohere import apply_rotary_pos_emb as rotate_pairs
    from transformers.models.llama.modeling_llama import apply_rotary_pos_emb as rotate_halves
except ImportError:
    ROPE_INIT_FUNCTIONS = None

SCALINGS = ["default", "linear", "dynamic", "yarn", "llama3", "longrope"]


class RotaryOptions(C.Structure):
    _fields_ = [("theta", C.c_double), ("scaling", C.c_int), ("factor", C.c_double),
                ("max_positions", C.c_int64), ("original_max_positions", C.c_int64),
                ("length", C.c_int64), ("attention_factor", C.c_double),
                ("beta_fast", C.c_double), ("beta_slow", C.c_double), ("mscale", C.c_double),
                ("mscale_all_dim", C.c_double), ("truncate", C.c_bool),
                ("low_freq_factor", C.c_double), ("high_freq_factor", C.c_double),
                ("short_factors", C.c_void_p), ("long_factors", C.c_void_p)]


def sinusoids(T, width, dtype):
    angle = torch.arange(T, dtype=F64).unsqueeze(1) / 10000 ** (
        torch.arange(0, width, 2, dtype=F64) / width)
    return torch.stack([angle.sin(), angle.cos()], 2).flatten(1)[:, :width].to(dtype)


def table_args(d):
    return [d.size(), d.size(0), d.floating()]


row("sinusoidal_positions", table_args, sinusoids, grad=False)


def slopes(heads, dtype):
    """As in the paper's published code."""
    def of_power(n):
        start = 2 ** -(2 ** -(math.log2(n) - 3))
        return [start * start ** i for i in range(n)]
    n = 2 ** math.floor(math.log2(heads))
    return torch.tensor(of_power(n) + of_power(2 * n)[0::2][:heads - n], dtype=dtype)


row("alibi_slopes", lambda d: [d.r.randint(1, 40), d.floating()], slopes, grad=False)


# ---- rotary --------------------------------------------------------------------------------------

def rotary_options(d):
    """Options by Hugging Face's names, with the channels and the length."""
    R, kind = 2 * d.r.choice([2, 3, 4, 8, 32]), d.r.choice(SCALINGS)
    original = d.r.choice([16, 100, 4096])
    o = {"rope_type": kind, "rope_theta": d.r.choice([10000.0, 500000.0, 100.0])}
    most = original * d.r.choice([1, 2, 8])
    if kind != "default":
        o["factor"] = d.r.choice([1.0, 2.0, 8.5])
    if kind in ("yarn", "llama3", "longrope"):
        o["original_max_position_embeddings"] = original
    if kind == "yarn":
        o.update({"beta_fast": d.r.choice([32.0, 8.0]), "beta_slow": d.r.choice([1.0, 2.0]),
                  "truncate": d.chance(0.7)})
        if d.chance(0.3):
            o.update({"mscale": 0.707, "mscale_all_dim": d.r.choice([1.0, 0.5])})
    if kind == "llama3":
        o.update({"low_freq_factor": 1.0, "high_freq_factor": d.r.choice([4.0, 2.0])})
    if kind == "longrope":
        o.update({"short_factor": [d.r.uniform(1, 2) for _ in range(R // 2)],
                  "long_factor": [d.r.uniform(1, 20) for _ in range(R // 2)]})
    if kind in ("yarn", "longrope") and d.chance(0.3):
        o["attention_factor"] = 1.25
    if kind in ("yarn", "longrope") and d.chance(0.3):
        o["factor"] = None
    return [R, o, most, d.r.choice([0, 3, original, 2 * original, 9 * original])]


def hugging_face(R, o, most, length):
    """(frequencies, attention factor)"""
    config = LlamaConfig(hidden_size=R, num_attention_heads=1, max_position_embeddings=most)
    config.rope_parameters = dict(o)
    if o["rope_type"] == "default":
        return 1.0 / o["rope_theta"] ** (torch.arange(0, R, 2).float() / R), 1.0
    return ROPE_INIT_FUNCTIONS[o["rope_type"]](config, "cpu", seq_len=length or None)


def c_options(R, o, most, length):
    both = [(C.c_double * (R // 2))(*o[k]) if k in o else None
            for k in ("short_factor", "long_factor")]
    c = RotaryOptions(
        o["rope_theta"], SCALINGS.index(o["rope_type"]), o.get("factor", 1.0) or 0.0, most,
        o.get("original_max_position_embeddings", 0), length, o.get("attention_factor", 0.0),
        o.get("beta_fast", 32.0), o.get("beta_slow", 1.0), o.get("mscale", 0.0),
        o.get("mscale_all_dim", 0.0), o.get("truncate", True), o.get("low_freq_factor", 1.0),
        o.get("high_freq_factor", 4.0), *[C.cast(b, C.c_void_p) if b else None for b in both])
    c.kept = both  # as long as the options
    return c


def torch_frequencies(R, o, most, length):
    """Logarithms, so that small frequencies count as much as large ones."""
    f, scale = hugging_face(R, o, most, length)
    return [f.log(), torch.tensor(scale, dtype=torch.float32)]


def ore_frequencies(lib, R, o, most, length):
    scale, c = C.c_double(), c_options(R, o, most, length)
    f = lib.tensor("rotary_frequencies", R, C.byref(c), C.byref(scale))
    return [lib.tensor("log", lib.tensor("to", f, torch.float32)), lib.tensor("scalar", scale.value, torch.float32)]


def rotary_args(d):
    """x (B, H, T, D), and positions of each row."""
    R, o, most, length = rotary_options(d)
    D = R + d.r.choice([0, 0, 1, 4])
    B, H, T = d.size(0), d.size(0), d.size(0)
    positions = torch.randint(0, 60, (B, T), generator=d.g)  # float32 frequencies are good for
    return [d.arg([B, H, T, D], torch.float32), positions, R, o, most, length, d.chance(0.5)]


def torch_rotary(x, positions, R, o, most, length, pairs):
    f, scale = hugging_face(R, o, most, length)
    angles = positions.double().unsqueeze(-1) * f.double()
    both = angles.repeat_interleave(2, -1) if pairs else torch.cat([angles, angles], -1)
    rotate = rotate_pairs if pairs else rotate_halves
    turned = x[..., :R]
    turned = rotate(turned, turned, both.cos() * scale, both.sin() * scale)[0].to(x.dtype)
    return torch.cat([turned, x[..., R:]], -1)


def ore_rotary(lib, x, positions, R, o, most, length, pairs):
    cos, sin, c = C.c_void_p(), C.c_void_p(), c_options(R, o, most, length)
    at = lib.tensor("unsqueeze", lib.from_torch(positions), C.c_int(1))
    lib.status("rotary_tables", at, R, C.byref(c), torch.float32, C.byref(cos), C.byref(sin))
    return lib.tensor("rotary", x, cos, sin, C.c_int(0 if pairs else 1))


if ROPE_INIT_FUNCTIONS:
    row("rotary_frequencies", rotary_options, torch_frequencies, ore=ore_frequencies, grad=False)
    row("rotary", rotary_args, torch_rotary, ore=ore_rotary, floor=1.0)
