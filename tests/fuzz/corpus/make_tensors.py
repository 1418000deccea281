#!/usr/bin/env python3
"""make_tensors.py: writes the seeds of fuzz_gguf_tensors, fuzz_torch and fuzz_npy into the folders
beside it: small files with every type of tensor and of value. It needs numpy and torch."""
import io
import struct
import zipfile
from pathlib import Path

import numpy as np
import torch

here = Path(__file__).resolve().parent

# type: (number, elements of a block, its bytes)
TYPES = {"f32": (0, 1, 4), "f16": (1, 1, 2), "q4_0": (2, 32, 18), "q4_1": (3, 32, 20),
         "q5_0": (6, 32, 22), "q5_1": (7, 32, 24), "q8_0": (8, 32, 34), "q2_k": (10, 256, 84),
         "q3_k": (11, 256, 110), "q4_k": (12, 256, 144), "q5_k": (13, 256, 176),
         "q6_k": (14, 256, 210), "i8": (24, 1, 1), "i16": (25, 1, 2), "i32": (26, 1, 4),
         "i64": (27, 1, 8), "f64": (28, 1, 8), "bf16": (30, 1, 2)}


def text(value):
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def gguf(values, types, alignment):
    """A file of these values, (key, type, bytes), and a tensor of two blocks of each type."""
    head = struct.pack("<4sIQQ", b"GGUF", 3, len(types), len(values))
    for key, kind, data in values:
        head += text(key) + struct.pack("<I", kind) + data
    data = b""
    for i, name in enumerate(types):
        number, elements, size = TYPES[name]
        head += text(f"blk.{i}.{name}") + struct.pack("<IQQIQ", 2, elements, 2, number, len(data))
        data += bytes((7 * j + i) % 251 for j in range(2 * size))
        data += bytes(-len(data) % alignment)
    return head + bytes(-len(head) % alignment) + data


def write_gguf():
    array = lambda kind, count, data: struct.pack("<IQ", kind, count) + data  # noqa: E731
    values = [("general.architecture", 8, text("llama")), ("a", 0, b"\x07"), ("b", 1, b"\xf9"),
              ("c", 2, b"\1\2"), ("d", 3, b"\1\xff"), ("e", 4, b"\1\0\0\0"), ("f", 5, b"\xff" * 4),
              ("g", 6, struct.pack("<f", 1e-5)), ("h", 7, b"\1"), ("i", 10, b"\xff" * 8),
              ("j", 11, b"\xfe" * 8), ("k", 12, struct.pack("<d", 0.5)),
              ("texts", 9, array(8, 2, text("<s>") + text("\u2581a"))),
              ("scores", 9, array(6, 2, struct.pack("<ff", -1, float("nan")))),
              ("general.alignment", 4, struct.pack("<I", 64))]
    names = list(TYPES)
    (here / "gguf_tensors/small").write_bytes(gguf(values, ["f32", "q4_1", "i8"], 64))
    (here / "gguf_tensors/plain").write_bytes(gguf(values[:1], names[:2] + names[12:], 32))
    (here / "gguf_tensors/blocks").write_bytes(gguf([], names[2:7], 32))
    (here / "gguf_tensors/large").write_bytes(gguf([], names[7:12], 32))


def write_torch():
    base = torch.arange(6.0).reshape(2, 3)
    state = {"model": {"w": base, "t": base.t(), "n": torch.tensor(3)}, "iter_num": 7,
             "args": {"bias": True, "x": None, "lr": 1e-3, "betas": (0.9, [1, -2])}}
    small = {"w": torch.nn.Parameter(base.half()), "i": torch.ones(2, dtype=torch.uint16)}
    for name, value, protocol in (("state", state, 2), ("small", small, 4)):
        file = io.BytesIO()
        torch.save(value, file, pickle_protocol=protocol)
        (here / "torch" / name).write_bytes(file.getvalue())
        with zipfile.ZipFile(file) as archive:
            pickle = next(n for n in archive.namelist() if n.endswith("data.pkl"))
            (here / "torch" / (name + ".pkl")).write_bytes(archive.read(pickle))


def write_numpy():
    arrays = {"f": np.arange(6, dtype="f4").reshape(2, 3), "c": np.ones((2, 2), "f8", order="F"),
              "b": np.array([True]), "u": np.array([1, 2], "u8")}
    np.savez(here / "npy/plain.npz", **arrays)
    np.savez_compressed(here / "npy/packed.npz", **arrays)
    np.save(here / "npy/one.npy", arrays["f"])


write_gguf()
write_torch()
write_numpy()
