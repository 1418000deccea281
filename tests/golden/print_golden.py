#!/usr/bin/env python3
"""Texts of tensors as PyTorch prints them (made with torch 2.15.0).

usage: python3 print_golden.py > print.txt

A case is a header line "# dtype sizes.. : [grad] values..", whose values repeat to fill the
shape, then the lines of the text, then a line "#".
"""
import math

import torch


def number(v):
    return "nan" if math.isnan(v) else "inf" if v == math.inf else "-inf" if v == -math.inf else repr(v)


def case(dtype, shape, values, grad=False):
    """Elements are the given values, repeated to fill the shape."""
    n = math.prod(shape)
    data = [values[i % len(values)] for i in range(n)]
    t = torch.tensor(data, dtype=torch.float64).to(dtype).reshape(shape)
    if grad:
        t.requires_grad_()
    print("# %s %s : %s%s" % (str(dtype)[6:], " ".join(map(str, shape)), "grad " if grad else "", " ".join(map(number, values))))
    print(t)
    print("#")


F32, F64, I64 = torch.float32, torch.float64, torch.int64
case(F32, (2, 2), [1.0, -2.5, 3.0, 0.1])
case(F32, (), [3.0])
case(F32, (), [3.25], grad=True)
case(F64, (), [1e-7])
case(F32, (0,), [0.0])
case(F64, (0,), [0.0])
case(I64, (0,), [0.0])
case(F32, (2, 0, 3), [0.0])
case(I64, (2, 0), [0.0])
case(F32, (3,), [1.0, 2.0, 3.0])
case(F32, (4,), [1.0, math.nan, math.inf, -math.inf])
case(F32, (4,), [1.5, math.nan, math.inf, -math.inf])
case(F32, (2,), [math.nan, math.inf])
case(F32, (3,), [0.0, -0.0, 0.0])
case(F32, (3,), [0.5, -0.0, 0.0])
case(F32, (3,), [1e-5, 1.0, 2.0])
case(F32, (3,), [1e9, 1.0, 2.0])
case(F32, (3,), [1e9, 1e9, math.nan])
case(F32, (3,), [1000.0, 1.0, 2.0])
case(F32, (3,), [1001.0, 1.0, 2.0])
case(F32, (3,), [999.5, 1.5, -2.0])
case(F32, (3,), [0.0001, 0.0002, -0.05])
case(F32, (3,), [0.00009, 0.0002, math.inf])
case(F64, (3,), [1e-200, 1e200, 0.0])
case(F32, (2, 3), [1e10, -1e-10, 0.0, 1.0, 2.0, 3.0])
case(I64, (2, 3), [1.0, -20.0, 300.0, 4.0, 5.0, 6.0])
case(torch.int32, (3,), [1.0, 2.0, -3.0])
case(torch.uint8, (2, 2), [1.0, 2.0, 255.0, 0.0])
case(torch.bool, (2, 3), [1.0, 0.0, 0.0])
case(torch.bool, (2,), [1.0])
case(torch.bfloat16, (3,), [1.0, 2.5, 1 / 3])
case(torch.float16, (3,), [1.0, 2.5, 1 / 3])
case(torch.float16, (40,), [1.0, 2.5, 1 / 3])
case(F32, (30,), [0.123456, -5.4321, 10.0])
case(I64, (50,), [float(i) for i in range(50)])
case(F32, (1001,), [0.5, 1.25, -3.0, 7.0])
case(F32, (1000,), [1.0, 2.0, 3.0])
case(F64, (1001,), [float(i) for i in range(1001)])
case(I64, (40, 40), [float(i) for i in range(1600)])
case(F32, (2, 3, 4), [0.5, -1.0, 100.25])
case(F32, (2, 2, 2, 2), [0.5, -1.0, 100.25])
case(F32, (11, 12, 13), [0.5, -1.0, 100.25, 7.0, 8.0])
case(F32, (3, 500), [0.5, -1.0, 100.25, 7.0, 8.0])
case(F32, (500, 3), [0.5, -1.0, 100.25, 7.0, 8.0])
case(F32, (7, 7, 30), [1e-3, -1.0, 100.25, 7.0, 8.0])
case(F32, (1, 1, 2000), [1.5])
case(F32, (2, 30), [0.5, -1.0, 100.25, 7.0, 8.0], grad=True)
case(F64, (2, 9), [0.5, -1.0, 100.25, 7.0, 8.0], grad=True)
case(F32, (1, 8), [0.5, -1.0, 100.25, 7.0, 8.0], grad=True)
case(F32, (6,), [0.5, -1.0], grad=True)
case(F32, (7,), [0.5, -1.0], grad=True)
case(F32, (2, 1), [0.25], grad=True)
case(F32, (8,), [123456.789, 2345.6, 99999.0])
case(F32, (3,), [16777216.0, 16777215.0, 1.0e8])
