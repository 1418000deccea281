"""torch_compare_attention.py: rows of torch_compare.py for attention: a mask, shared heads and a causal
one against torch's scaled_dot_product_attention, all other options against what torch makes of them
composed."""
import ctypes as C
import math

import torch
import torch.nn.functional as F

from torch_library import AttentionOptions
from torch_compare_table import I64, row


def integers(d, values):
    """A dense int64 argument of the given values, a nested list."""
    t = d.arg([1], I64, dense=True)
    t.base = torch.tensor(values, dtype=I64)
    return t


def mask_arg(d, sizes, dtype, each_key=False):
    """bool or float, of sizes that broadcast to `sizes` (rarely not); a float one hides some keys,
    and with each_key has a number for each."""
    keys, sizes = sizes[-1:], d.broadcast(sizes)
    if d.chance(0.5):
        return d.arg(sizes, torch.bool)
    if each_key:
        sizes = sizes[:-1] + keys
    mask = d.arg(sizes, dtype)
    mask.base = mask.base.masked_fill(torch.rand(mask.base.shape, generator=d.g) < 0.2, -math.inf)
    return mask


def documents_of(d, b, tk):
    """(b, tk) of numbers that change at random places, and never come again."""
    changes = (torch.rand((b, tk), generator=d.g) < d.r.choice([0.1, 0.5])).to(I64)
    t = d.arg([1], I64, dense=True)
    t.base = changes.cumsum(1) - 3
    return t


def heads_args(d):
    """q, k, v and whether it is causal."""
    b, group, hk, tq, tk = d.size(), d.r.choice([1, 1, 2, 3]), d.size(0), d.size(0), d.size(0)
    n, nv, dtype, causal = d.size(0), d.size(0), d.floating(), d.chance(0.4)
    tq, hk = min(tq, tk) if causal else tq, min(hk, 4)
    return [d.arg([b, hk * group, tq, n], dtype), d.arg([b, hk, tk, n], dtype),
            d.arg([b, hk, tk, nv], dtype)], causal


def sizes_of(args):
    q, k = (torch.empty(a.torch().shape) for a in args[:2])
    return q.shape[0], q.shape[1], q.shape[2], k.shape[2]


def option_args(d, args, causal, sums, share=0.35):
    """What follows q, k, v in a row: every option, each in a share of the cases. With `sums` those,
    too, whose gradient is a sum over a query's keys."""
    b, h, tq, tk = sizes_of(args)
    dtype = args[0].base.dtype
    slopes = d.arg(d.r.choice([[h], [b, h]]), dtype) if sums else None
    far = 20 if d.chance(0.1) and not sums else 3
    return [causal, d.r.choice([0.0, 0.25]),
            mask_arg(d, [b, h, tq, tk], dtype, not sums) if d.chance(share) else None,
            integers(d, [d.r.randint(0, tk) for _ in range(b)]) if d.chance(share) else None,
            integers(d, [d.r.randint(-far, tk + far) for _ in range(b)])
            if d.chance(share) else None,
            documents_of(d, b, tk) if d.chance(share) else None,
            d.r.randint(1, 9) if d.chance(share) else 0,
            slopes,
            d.r.choice([0.5, 2.0, 30.0]) if d.chance(share) else 0.0]


def attention_args(sums=False):
    def draw(d):
        args, causal = heads_args(d)
        return args + option_args(d, args, causal, sums)
    return draw


def packed_args(sums):
    def draw(d):
        b, t, h, n, causal = d.size(), d.size(0), min(d.size(0), 4), d.size(0), d.chance(0.5)
        x = d.arg([b, t, 3 * h * n], d.floating())
        like = [d.arg([b, h, t, n], x.base.dtype, dense=True)] * 2
        return [x, h] + option_args(d, like, causal, sums)
    return draw


def seen_keys(tq, tk, device_of, causal, lengths, starts, documents, window):
    """bool (B or 1, 1, Tq, Tk), and the distances of keys from queries."""
    begin = torch.tensor([tk - tq]) if starts is None else starts
    places = begin.reshape(-1, 1, 1, 1) + torch.arange(tq).reshape(1, 1, tq, 1)
    keys = torch.arange(tk).reshape(1, 1, 1, tk)
    distance = keys - places
    seen = torch.ones_like(distance, dtype=torch.bool)
    if causal:
        seen = seen & (distance <= 0)
    if window:
        seen = seen & (distance.abs() < window)
    if lengths is not None:
        seen = seen & (keys < lengths.reshape(-1, 1, 1, 1))
    if documents is not None and tk:
        b = documents.shape[0]
        inside = ((places >= 0) & (places < tk)).expand(b, 1, tq, 1)
        own = documents.gather(1, places.clamp(0, tk - 1).expand(b, 1, tq, 1).reshape(b, tq))
        seen = seen & inside & (own.reshape(b, 1, tq, 1) == documents.reshape(b, 1, 1, tk))
    return seen, distance


def torch_weights(q, k, causal, scale, mask=None, lengths=None, starts=None, documents=None,
                  window=0, slopes=None, soft_cap=0.0):
    h, tq, tk = q.shape[1], q.shape[2], k.shape[2]
    if causal and starts is None and tq > tk:
        raise ValueError("more queries than keys")
    if h != k.shape[1]:
        k = k.repeat_interleave(h // k.shape[1], 1)
    s = q @ k.transpose(-2, -1) * (scale or 1 / math.sqrt(q.shape[-1]))
    if soft_cap:
        s = torch.tanh(s / soft_cap) * soft_cap
    seen, distance = seen_keys(tq, tk, q, causal, lengths, starts, documents, window)
    if slopes is not None:
        s = s - slopes.reshape(-1, h, 1, 1) * distance.abs()
    if mask is not None:
        wide = s.shape
        s = s.masked_fill(~mask, -math.inf) if mask.dtype == torch.bool else s + mask
        if s.shape != wide:
            raise ValueError("the mask enlarges the scores")
    s = s.masked_fill(~seen, -math.inf)
    hidden = (s.detach() == -math.inf).all(-1, keepdim=True)
    return torch.softmax(s.masked_fill(hidden, 0), -1).masked_fill(hidden, 0)


def torch_attention(q, k, v, *options):
    if q.shape[1] != v.shape[1]:
        v = v.repeat_interleave(q.shape[1] // v.shape[1], 1)
    return torch_weights(q, k, *options) @ v


def torch_packed(x, h, *options):
    if h < 1:
        raise ValueError("no heads")
    b, t, c = x.shape
    q, k, v = (y.reshape(b, t, h, c // 3 // h).transpose(1, 2) for y in x.split(c // 3, 2))
    return torch_attention(q, k, v, *options).transpose(1, 2).reshape(b, t, c // 3)


def options_of(causal, scale, mask=None, lengths=None, starts=None, documents=None, window=0,
               slopes=None, soft_cap=0.0):
    return C.byref(AttentionOptions(causal, scale, 0.0, None, mask, lengths, starts, documents,
                                    window, slopes, soft_cap))


def ore_attention(name):
    return lambda lib, q, k, v, *options: lib.tensor(name, q, k, v, options_of(*options))


def ore_packed(lib, x, h, *options):
    return lib.tensor("attention_packed", x, h, options_of(*options))


# What a query's scores get adds up to 0. So does the gradient of a mask that adds the same to all of
# them, and a slope's adds that up times distances of up to 20: the size of such sums says little of
# the numbers that they are made of.
SUM_FLOOR = 16.0
row("attention", attention_args(), torch_attention, ore=ore_attention("attention"), floor=1.0)
row("attention, sums", attention_args(True), torch_attention, ore=ore_attention("attention"),
    floor=SUM_FLOOR)
row("attention_plain", attention_args(), torch_attention, ore=ore_attention("attention_plain"),
    floor=1.0)
row("attention_plain, sums", attention_args(True), torch_attention,
    ore=ore_attention("attention_plain"), floor=SUM_FLOOR)
row("attention_packed", packed_args(False), torch_packed, ore=ore_packed, floor=1.0)
row("attention_packed, sums", packed_args(True), torch_packed, ore=ore_packed,
    floor=SUM_FLOOR)
row("attention_weights", lambda d: [a for i, a in enumerate(attention_args()(d)) if i != 2],
    torch_weights, floor=1.0,
    ore=lambda lib, q, k, *options: lib.tensor("attention_weights", q, k, options_of(*options)))


# ---- what torch has as one function ------------------------------------------------------------

def sdpa_args(d):
    """Sizes of 1 or more: with none, torch's kernels differ among themselves."""
    b, group, hk, tq, tk = (d.size(0) for _ in range(5))
    n, dtype, hk, group = d.size(0), d.floating(), min(hk, 4), min(group, 3)
    causal = d.chance(0.3)
    tk = tq if causal else tk
    args = [d.arg([b, hk * group, tq, n], dtype), d.arg([b, hk, tk, n], dtype),
            d.arg([b, hk, tk, n], dtype), causal, d.r.choice([0.0, 0.25])]
    return args + [None if causal else mask_arg(d, [b, hk * group, tq, tk], dtype)]


def torch_sdpa(q, k, v, causal, scale, mask):
    if mask is not None:  # torch takes none of less than 2 dims
        mask = mask.expand(*q.shape[:3], k.shape[2])
    return F.scaled_dot_product_attention(q, k, v, mask, is_causal=causal, scale=scale or None,
                                          enable_gqa=True)


row("attention, as SDPA", sdpa_args, torch_sdpa, ore=ore_attention("attention"), floor=1.0)


# ---- documents ---------------------------------------------------------------------------------

def numbers_args(d):
    return [d.arg(d.shape(1, 3), d.r.choice([I64, torch.int32, torch.uint8])), d.r.randint(-2, 3)]


def torch_numbers(ids, separator):
    ends = (ids == separator).to(I64)
    return ends.cumsum(-1) - ends


def positions_args(d):
    sizes = d.shape(1, 3)
    x = d.arg(sizes, I64, "ties")
    x.base = x.base.clamp(0, 2)
    return [x]


def torch_positions(documents):
    out = torch.zeros(documents.shape, dtype=I64)
    for t in range(1, documents.shape[-1]):
        same = documents[..., t] == documents[..., t - 1]
        out[..., t] = torch.where(same, out[..., t - 1] + 1, 0)
    return out


row("document_numbers", numbers_args, torch_numbers)
row("document_positions", positions_args, torch_positions)
