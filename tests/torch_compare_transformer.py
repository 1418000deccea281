"""torch_compare_transformer.py: rows of torch_compare.py for the modules of transformer.h: initial
values, outputs, and the gradients of inputs and of every parameter.

Both sides start from one seed, so that a parameter that was drawn otherwise shows in every result,
and from it again before the forward, for dropout. That is compared with one sequence: with several,
torch draws in the order of memory, which its modules choose for themselves."""
import ctypes as C
import math
import warnings
from functools import partial

import torch

from torch_library import CODES
from torch_compare_random import PLAIN_DRAWS
from torch_compare_table import row

STRUCT_BYTES = 1 << 15  # room for any module of the header, or the layers of a stack
LAYERS = 2           # of each stack
warnings.filterwarnings("ignore", message="enable_nested_tensor|.*mismatched.*|.*nested.*")


class AttentionModuleOptions(C.Structure):
    _fields_ = [("dropout", C.c_double), ("bias", C.c_bool), ("add_bias_kv", C.c_bool),
                ("add_zero_attn", C.c_bool), ("batch_first", C.c_bool), ("kdim", C.c_int64),
                ("vdim", C.c_int64), ("num_kv_heads", C.c_int64), ("dtype", C.c_int),
                ("device", C.c_int), ("generator", C.c_void_p), ("dropout_generator", C.c_void_p)]


class TransformerOptions(C.Structure):
    _fields_ = [("dim_feedforward", C.c_int64), ("dropout", C.c_double), ("activation", C.c_void_p),
                ("layer_norm_eps", C.c_double), ("batch_first", C.c_bool), ("norm_first", C.c_bool),
                ("bias", C.c_bool), ("num_kv_heads", C.c_int64), ("dtype", C.c_int),
                ("device", C.c_int), ("generator", C.c_void_p), ("dropout_generator", C.c_void_p)]


class Mask(C.Structure):
    _fields_ = [("attn_mask", C.c_void_p), ("key_padding_mask", C.c_void_p),
                ("key_lengths", C.c_void_p), ("causal", C.c_bool)]


class NamedTensor(C.Structure):
    _fields_ = [("name", C.c_char_p), ("tensor", C.c_void_p)]


class TensorList(C.Structure):
    _fields_ = [("count", C.c_int64), ("items", C.POINTER(NamedTensor))]


KEPT = []  # structs of modules live until the end: graphs point to their parameters


def struct():
    KEPT.append(C.create_string_buffer(STRUCT_BYTES))
    return KEPT[-1]


# ---- masks ---------------------------------------------------------------------------------------

class Seen:
    """A mask in torch's words: `attn` and `padding` are tensors or None, `causal` a bool, `lengths`
    of keys stand for a padding mask in torch."""

    def __init__(self, attn=None, padding=None, causal=False, lengths=None):
        self.attn, self.padding, self.causal, self.lengths = attn, padding, causal, lengths

    def ore(self, lib):
        tensors = [lib.from_torch(t) if t is not None else None
                   for t in (self.attn, self.padding, self.lengths)]
        return Mask(*tensors, self.causal)

    def torch(self, L, S, dtype):
        """(attn_mask, key_padding_mask), floating where one of them is."""
        attn, padding = self.attn, self.padding
        if self.causal:
            hidden = torch.ones(L, S, dtype=torch.bool).triu(S - L + 1)
            attn = hidden if attn is None else \
                attn | hidden if attn.dtype == torch.bool else attn.masked_fill(hidden, -math.inf)
        if self.lengths is not None:
            beyond = torch.arange(S) >= self.lengths.unsqueeze(1)
            padding = beyond if padding is None else \
                padding | beyond if padding.dtype == torch.bool else \
                padding.masked_fill(beyond, -math.inf)
        if attn is not None and padding is not None and attn.dtype != padding.dtype:
            attn, padding = (t.to(dtype) if t.dtype != torch.bool else
                             torch.zeros(t.shape, dtype=dtype).masked_fill(t, -math.inf)
                             for t in (attn, padding))
        return attn, padding

    def __repr__(self):
        return f"Seen({self.attn}, {self.padding}, {self.causal}, {self.lengths})"


def draw_mask(d, B, H, L, S, dtype):
    """Every query sees the first key: PyTorch gives NaN where weights are asked for and none is."""
    def hide(*sizes):
        if d.chance(0.5):
            t = torch.rand(sizes, generator=d.g) < 0.3
            t[..., 0] = False
            return t
        return d.values(sizes, dtype)
    causal = d.chance(0.3) and L <= S
    attn = None
    if d.chance(0.4):
        attn = hide(L, S) if d.chance(0.6) else hide(B * H, L, S)
    padding = hide(B, S) if d.chance(0.4) else None
    lengths = torch.randint(1, S + 1, (B,), generator=d.g) if d.chance(0.3) else None
    return Seen(attn, padding, causal, lengths)


# ---- both sides ----------------------------------------------------------------------------------

def ups(sizes, dtype):
    """The gradient of an output: the same on both sides."""
    return torch.sin(torch.arange(torch.Size(sizes).numel(), dtype=torch.float64)).reshape(
        sizes).to(dtype)


def torch_results(module, y, inputs, extra=()):
    """y, what else came out, the gradients of the inputs and of all parameters, and their values."""
    values = [p.detach().clone() for p in module.parameters()]
    y.backward(ups(y.shape, y.dtype))
    grads = [x.grad for x in inputs] + [p.grad for p in module.parameters()]
    return [y, *extra] + grads + values


def ore_results(lib, module, y, inputs, extra=()):
    lib.status("backward_from", y, lib.from_torch(ups(lib.shape(y), lib.dtype(y))), False)
    found = lib.call("module_parameters", C.byref(module), restype=TensorList)
    parameters = [C.c_void_p(found.items[i].tensor) for i in range(found.count)]
    grads = [C.c_void_p(lib.call("grad", t)) for t in list(inputs) + parameters]
    return [y, *extra] + grads + parameters


def leaves(lib, tensors):
    return [lib.tensor("set_requires_grad", lib.from_torch(t), True) for t in tensors]


def torch_leaves(tensors):
    return [t.detach().clone().requires_grad_() for t in tensors]


def seeded_module(lib, seed, init, *args):
    """A root module by an init function, whose last argument is its options. What the forward draws
    follows the seed, as in torch after seed_forward."""
    o = args[-1]
    o.generator = lib.call("generator_new", C.c_uint64(seed))
    m = struct()
    lib.status(init, C.byref(m), None, None, *args[:-1], C.byref(o))
    lib.call("generator_free", C.c_void_p(o.generator), restype=None)
    lib.call("manual_seed", C.c_uint64(seed), restype=None)
    return m


def seed_forward(module, seed):
    torch.manual_seed(seed)
    return module


# ---- multi-head attention --------------------------------------------------------------------------

def dropout_of(d):
    return d.r.choice([0.1, 0.3, 0.6])


def attention_args(name, d, drop=False):
    """Of the function of that name: one tensor, two, or three."""
    H, D, dtype = d.r.choice([1, 2, 3, 4]), d.r.choice([1, 2, 4, 5]), d.floating()
    E, B, L, S = H * D, 1 if drop else d.size(0), d.size(0), d.size(0)
    kind = {"self": "self", "cross": "cross"}.get(name.split("_")[0], "all")
    if name.endswith("weights") and d.chance(0.5):
        kind = d.r.choice(["self", "cross"])
    widths = [d.size(0), d.size(0)] if kind == "all" and d.chance(0.5) else [E, E]
    S = L if kind == "self" else S
    how = {"bias": d.chance(0.8), "add_bias_kv": d.chance(0.3), "add_zero_attn": d.chance(0.3),
           "batch_first": d.chance(0.5), "dropout": dropout_of(d) if drop else 0.0}
    batched = d.chance(0.8)
    B = B if batched else 1
    mask = draw_mask(d, B, H, L, S, dtype)

    def sequence(T, width):
        x = d.values([B, T, width], dtype)
        return x[0] if not batched else x if how["batch_first"] else x.transpose(0, 1)
    x = [sequence(L, E)]
    if kind != "self":
        x.append(sequence(S, widths[0]))
    if kind == "all":
        x.append(sequence(S, widths[1]))
    weights = d.r.choice(["average", "each"]) if name.endswith("weights") else "none"
    if not batched and mask.padding is not None:
        mask.padding = mask.padding[0]
    return [x, E, H, widths, how, mask, weights, d.r.randrange(1000), dtype, (L, S)]


def torch_attention_module(x, E, H, widths, how, mask, weights, seed, dtype, sizes):
    torch.manual_seed(seed)
    m = seed_forward(torch.nn.MultiheadAttention(E, H, kdim=widths[0], vdim=widths[1], dtype=dtype,
                                                 **how), seed)
    x = torch_leaves(x)
    q, k, v = x[0], x[min(1, len(x) - 1)], x[-1]
    attn, padding = mask.torch(*sizes, dtype)
    if padding is not None and q.dim() == 2:
        padding = padding.reshape(-1)
    y, w = m(q, k, v, key_padding_mask=padding, attn_mask=attn, need_weights=weights != "none",
             average_attn_weights=weights == "average")
    return torch_results(m, y, x, [w] if w is not None else [])


def ore_attention_module(lib, x, E, H, widths, how, mask, weights, seed, dtype, sizes):
    o = AttentionModuleOptions(how["dropout"], how["bias"], how["add_bias_kv"],
                               how["add_zero_attn"], how["batch_first"], widths[0], widths[1], 0,
                               CODES[dtype], 0)
    m = seeded_module(lib, seed, "multihead_attention_init", E, H, o)
    x, given = leaves(lib, x), mask.ore(lib)
    q, k, v = x[0], x[min(1, len(x) - 1)], x[-1]
    if weights == "none":
        if len(x) == 1:
            y = lib.tensor("self_attention_forward", C.byref(m), q, C.byref(given))
        elif len(x) == 2:
            y = lib.tensor("cross_attention_forward", C.byref(m), q, k, C.byref(given))
        else:
            y = lib.tensor("multihead_attention_forward", C.byref(m), q, k, v, C.byref(given))
        return ore_results(lib, m, y, x)
    w = C.c_void_p()
    y = lib.tensor("multihead_attention_weights", C.byref(m), q, k, v, C.byref(given),
                   weights == "average", C.byref(w))
    w = lib.tensor("clone", lib.tensor("detach", w))  # backward lets go of what is behind y
    return ore_results(lib, m, y, x, [w])


def grouped_args(K, d):
    group, D, dtype = d.r.choice([1, 2, 4]), d.r.choice([1, 3, 4]), d.floating()
    B, T = d.size(0), d.size(0)
    H = K * group
    x = d.values([B, T, H * D], dtype)
    return [x, H, K, draw_mask(d, B, H, T, T, dtype), d.r.randrange(1000), dtype]


def grouped_by_hand(x, H, K, mask, seed, dtype):
    """As in torch, by F.scaled_dot_product_attention(enable_gqa=True) and a module's weights."""
    E, D = x.shape[-1], x.shape[-1] // H
    torch.manual_seed(seed)
    out = torch.nn.Linear(E, E, dtype=dtype)
    torch.nn.init.zeros_(out.bias)
    weight = torch.nn.init.xavier_uniform_(torch.empty(E + 2 * K * D, E, dtype=dtype))
    module = torch.nn.Module()
    module.in_proj_weight = torch.nn.Parameter(weight)
    module.in_proj_bias = torch.nn.Parameter(torch.zeros(E + 2 * K * D, dtype=dtype))
    module.out_proj = out
    (x,) = torch_leaves([x])
    B, T, _ = x.shape
    q, k, v = (t.unflatten(-1, (-1, D)).transpose(1, 2) for t in torch.nn.functional.linear(
        x, module.in_proj_weight, module.in_proj_bias).split([E, K * D, K * D], -1))
    attn, padding = mask.torch(T, T, dtype)
    added = torch.zeros(B, H, T, T, dtype=dtype)
    for part in (attn.reshape(-1, H if attn.dim() == 3 else 1, T, T) if attn is not None else None,
                 padding.reshape(B, 1, 1, T) if padding is not None else None):
        if part is not None:
            added = added.masked_fill(part, -math.inf) if part.dtype == torch.bool else added + part
    y = torch.nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=added, enable_gqa=True)
    return torch_results(module, out(y.transpose(1, 2).flatten(2)), [x])


def ore_grouped(lib, x, H, K, mask, seed, dtype):
    o = AttentionModuleOptions(0.0, True, False, False, True, 0, 0, 0, CODES[dtype], 0)
    E = x.shape[-1]
    if K == 1:
        m = seeded_module(lib, seed, "multi_query_attention_init", E, H, o)
    else:
        m = seeded_module(lib, seed, "grouped_query_attention_init", E, H, K, o)
    (x,) = leaves(lib, [x])
    y = lib.tensor("self_attention_forward", C.byref(m), x, C.byref(mask.ore(lib)))
    return ore_results(lib, m, y, [x])


row("grouped_query_attention_init", lambda d: grouped_args(d.r.choice([2, 3]), d), grouped_by_hand,
    ore=ore_grouped, grad=False, floor=1.0)
row("multi_query_attention_init", lambda d: grouped_args(1, d), grouped_by_hand, ore=ore_grouped,
    grad=False, floor=1.0)


# ---- layers and stacks -----------------------------------------------------------------------------

def transformer_args(d, memory, drop=False):
    """Of a layer or stack: sequences src (and tgt), their masks, and its options."""
    H, D, dtype = d.r.choice([1, 2, 3]), d.r.choice([4, 5, 6]), d.floating()
    E, B, S, L = H * D, 1 if drop else d.size(0), d.size(0), d.size(0)
    how = {"dropout": dropout_of(d) if drop else 0.0, "dim_feedforward": d.r.choice([1, 5, 16]),
           "norm_first": d.chance(0.5), "bias": d.chance(0.8), "batch_first": d.chance(0.5),
           "activation": d.r.choice(["relu", "gelu"]), "layer_norm_eps": d.r.choice([1e-5, 1e-3])}

    def sequence(T):
        x = d.values([B, T, E], dtype)
        return x if how["batch_first"] else x.transpose(0, 1)
    x, masks = [sequence(S)], [draw_mask(d, B, H, S, S, dtype)]
    if memory:
        x.append(sequence(L))
        masks += [draw_mask(d, B, H, L, L, dtype), draw_mask(d, B, H, L, S, dtype)]
    return [x, H, masks, how, d.chance(0.5), d.r.randrange(1000), dtype, (L, S)]


def torch_options(how, dtype):
    return {"dtype": dtype, **how}


def ore_options(lib, how, dtype):
    activation = C.cast(getattr(lib.lib, "ore_" + how["activation"]), C.c_void_p)
    return TransformerOptions(how["dim_feedforward"], how["dropout"], activation,
                              how["layer_norm_eps"], how["batch_first"], how["norm_first"],
                              how["bias"], 0, CODES[dtype], 0)


def torch_encoder(stack):
    def run(x, H, masks, how, norm, seed, dtype, sizes):
        torch.manual_seed(seed)
        E = x[0].shape[-1]
        m = torch.nn.TransformerEncoderLayer(E, H, **torch_options(how, dtype))
        if stack:
            last = torch.nn.LayerNorm(E, eps=how["layer_norm_eps"], bias=how["bias"], dtype=dtype)
            m = torch.nn.TransformerEncoder(m, LAYERS, last if norm else None)
        x = torch_leaves(x)
        attn, padding = masks[0].torch(sizes[1], sizes[1], dtype)
        seed_forward(m, seed)
        return torch_results(m, m(x[0], attn, src_key_padding_mask=padding), x)
    return run


def ore_encoder(stack):
    name = "transformer_encoder" if stack else "transformer_encoder_layer"

    def run(lib, x, H, masks, how, norm, seed, dtype, sizes):
        o, E = ore_options(lib, how, dtype), x[0].shape[-1]
        args = [E, H] if not stack else [C.byref(struct()), LAYERS, E, H, norm]
        m = seeded_module(lib, seed, name + "_init", *args, o)
        x = leaves(lib, x)
        y = lib.tensor(name + "_forward", C.byref(m), x[0], C.byref(masks[0].ore(lib)))
        return ore_results(lib, m, y, x)
    return run


def torch_decoder(stack):
    def run(x, H, masks, how, norm, seed, dtype, sizes):
        torch.manual_seed(seed)
        E, (L, S) = x[0].shape[-1], sizes
        m = torch.nn.TransformerDecoderLayer(E, H, **torch_options(how, dtype))
        if stack:
            last = torch.nn.LayerNorm(E, eps=how["layer_norm_eps"], bias=how["bias"], dtype=dtype)
            m = torch.nn.TransformerDecoder(m, LAYERS, last if norm else None)
        x = torch_leaves(x)
        (attn, padding), (memory, beyond) = masks[1].torch(L, L, dtype), masks[2].torch(L, S, dtype)
        y = seed_forward(m, seed)(x[1], x[0], tgt_mask=attn, memory_mask=memory,
                                  tgt_key_padding_mask=padding, memory_key_padding_mask=beyond)
        return torch_results(m, y, x)
    return run


def ore_decoder(stack):
    name = "transformer_decoder" if stack else "transformer_decoder_layer"

    def run(lib, x, H, masks, how, norm, seed, dtype, sizes):
        o, E = ore_options(lib, how, dtype), x[0].shape[-1]
        args = [E, H] if not stack else [C.byref(struct()), LAYERS, E, H, norm]
        m = seeded_module(lib, seed, name + "_init", *args, o)
        x = leaves(lib, x)
        y = lib.tensor(name + "_forward", C.byref(m), x[1], x[0], C.byref(masks[1].ore(lib)),
                       C.byref(masks[2].ore(lib)))
        return ore_results(lib, m, y, x)
    return run


class Masks(C.Structure):
    _fields_ = [("src", Mask), ("tgt", Mask), ("memory", Mask)]


def torch_transformer(x, H, masks, how, norm, seed, dtype, sizes):
    torch.manual_seed(seed)
    L, S = sizes
    m = torch.nn.Transformer(x[0].shape[-1], H, LAYERS, LAYERS, **torch_options(how, dtype))
    x = torch_leaves(x)
    given = [mask.torch(*n, dtype) for mask, n in zip(masks, ((S, S), (L, L), (L, S)))]
    y = seed_forward(m, seed)(x[0], x[1], *[attn for attn, _ in given],
                              *[padding for _, padding in given])
    return torch_results(m, y, x)


def ore_transformer(lib, x, H, masks, how, norm, seed, dtype, sizes):
    o = ore_options(lib, how, dtype)
    m = seeded_module(lib, seed, "transformer_init", C.byref(struct()), LAYERS, C.byref(struct()),
                      LAYERS, x[0].shape[-1], H, o)
    x = leaves(lib, x)
    given = Masks(*[mask.ore(lib) for mask in masks])
    y = lib.tensor("transformer_forward", C.byref(m), x[0], x[1], C.byref(given))
    return ore_results(lib, m, y, x)


def module_rows(name, args, torch_, ore):
    """Without dropout, and with it where torch's stream is Ore's."""
    row(name, args, torch_, ore=ore, grad=False, floor=1.0)
    if PLAIN_DRAWS:
        row(name + ", dropout", lambda d: args(d, drop=True), torch_, ore=ore, grad=False,
            floor=1.0)


def of_encoder(d, drop=False):
    return transformer_args(d, False, drop)


def of_both(d, drop=False):
    return transformer_args(d, True, drop)


for stack, suffix in ((False, "_layer"), (True, "")):
    module_rows(f"transformer_encoder{suffix}_forward", of_encoder, torch_encoder(stack),
                ore_encoder(stack))
    module_rows(f"transformer_decoder{suffix}_forward", of_both, torch_decoder(stack),
                ore_decoder(stack))
module_rows("transformer_forward", of_both, torch_transformer, ore_transformer)
for name in ("multihead_attention_forward", "multihead_attention_weights",
             "self_attention_forward", "cross_attention_forward"):
    module_rows(name, partial(attention_args, name), torch_attention_module, ore_attention_module)


def subsequent_args(d):
    return [d.size(0), d.floating()]


row("square_subsequent_mask", subsequent_args,
    lambda n, dtype: torch.nn.Transformer.generate_square_subsequent_mask(n, dtype=dtype),
    ore=lambda lib, n, dtype: lib.tensor("square_subsequent_mask", n, dtype), grad=False)
