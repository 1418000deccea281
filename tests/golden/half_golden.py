#!/usr/bin/env python3
"""Writes half.tsv: what PyTorch computes in bfloat16 and float16, as bits.
A row is op, dtype, and lists of bits (hexadecimal, by commas): the inputs a and b (2, 24), and the
result. usage: half_golden.py > half.tsv (torch 2.15, CPU)"""
import torch
import torch.nn.functional as F

OPS = {
    "add": lambda a, b: a + b,
    "mul_number": lambda a, b: a * 0.1,
    "div": lambda a, b: a / b,
    "exp": lambda a, b: a.exp(),
    "log": lambda a, b: b.log(),
    "tanh": lambda a, b: a.tanh(),
    "sigmoid": lambda a, b: a.sigmoid(),
    "gelu": lambda a, b: F.gelu(a),
    "silu": lambda a, b: F.silu(a),
    "softmax": lambda a, b: F.softmax(a, -1),
    "log_softmax": lambda a, b: F.log_softmax(a, -1),
    "layer_norm": lambda a, b: F.layer_norm(a, (24,), b[0], a[1]),
    "rms_norm": lambda a, b: F.rms_norm(a, (24,), b[0], 1e-5),
    "sum": lambda a, b: a.sum(-1),
    "mean": lambda a, b: (a * 300).mean(),
    "matmul": lambda a, b: a @ b.T,
    "cumsum": lambda a, b: a.cumsum(-1),
    "randn": lambda a, b: torch.randn(40, dtype=a.dtype, generator=torch.Generator().manual_seed(3)),
}


def bits(t):
    return ",".join(f"{x & 0xffff:04x}" for x in t.contiguous().view(torch.int16).flatten().tolist())


print("# op\tdtype\ta (2, 24)\tb (2, 24)\tresult; made by half_golden.py, torch", torch.__version__)
for dtype in (torch.bfloat16, torch.float16):
    generator = torch.Generator().manual_seed(1)
    a = (torch.randn(2, 24, generator=generator) * 2).to(dtype)
    b = (torch.rand(2, 24, generator=generator) + 0.1).to(dtype)
    for name, op in OPS.items():
        print(name, str(dtype)[6:], bits(a), bits(b), bits(op(a, b)), sep="\t")
