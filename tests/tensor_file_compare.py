#!/usr/bin/env python3
"""tensor_file_compare.py LIB: files that torch, numpy and safetensors write, read by Ore,
and files that Ore writes, read by numpy, safetensors and gguf: names, shapes, values and what stands
beside the tensors. LIB is libore.so."""
import argparse
import collections
import ctypes as C
import json
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
try:
    import gguf
    import numpy as np
    import safetensors.torch
    import torch
except ImportError:
    print("[  SKIPPED ] tensor_file_compare: no Python with torch, numpy, safetensors and gguf "
          "(ORE_PYTHON names one)")
    sys.exit(77)
from tensor_files import Ore  # noqa: E402

WIDER = {torch.int8: torch.int32, torch.int16: torch.int32, torch.uint16: torch.int32,
         torch.uint32: torch.int64, torch.uint64: torch.int64}


def as_numpy(t):
    """A tensor as Ore gives it to Python."""
    t = t.detach().to(WIDER.get(t.dtype, t.dtype)).contiguous()
    return t.view(torch.uint16).numpy() if t.dtype == torch.bfloat16 else t.numpy()


class Reader:
    def __init__(self, ore, path):
        self.ore = ore
        ore.scope_begin()
        self.file = ore.tensor_file_open(str(path).encode())
        ore.check()

    def expect(self, tensors, all_of_them=True):
        """The file has these tensors of torch's or numpy's, and with all_of_them no others."""
        count = self.ore.tensor_file_count(self.file)
        assert count == len(tensors) or not all_of_them, (count, list(tensors))
        for name, t in tensors.items():
            want = as_numpy(t) if isinstance(t, torch.Tensor) else t
            got = self.ore.tensor(self.file, name)
            assert got.dtype == want.dtype and got.shape == want.shape, (name, got.dtype, got.shape)
            assert np.array_equal(got.view(np.uint8), np.ascontiguousarray(want).view(np.uint8)) \
                if want.ndim else got == want, name

    def metadata(self):
        text = self.ore.json_text(self.ore.tensor_file_metadata(self.file), False)
        self.ore.check()
        return json.loads(C.cast(text, C.c_char_p).value)

    def close(self):
        self.ore.tensor_file_close(self.file)
        self.ore.scope_end()
        self.ore.check()


def torch_tensors():
    torch.manual_seed(1)
    base = torch.randn(6, 8)
    tensors = collections.OrderedDict(
        plain=torch.randn(3, 5), turned=base.t(), part=base[1:5, 2:7:2], whole=base,
        scalar=torch.tensor(2.5), empty=torch.zeros(0, 4), expanded=torch.randn(4, 1).expand(4, 3),
        parameter=torch.nn.Parameter(torch.randn(2, 2)), flags=torch.tensor([True, False, True]))
    for dtype in (torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.int32,
                  torch.int16, torch.int8, torch.uint8):
        tensors[str(dtype)] = (torch.randn(7) * 50).to(dtype)
    for dtype in (torch.uint16, torch.uint32, torch.uint64):
        tensors[str(dtype)] = torch.arange(5).to(dtype)
    return tensors


def compare_torch(ore, folder):
    tensors = torch_tensors()
    path = folder / "state.pt"
    for protocol in (2, 4):
        torch.save(tensors, path, pickle_protocol=protocol)
        r = Reader(ore, path)
        r.expect(tensors)
        r.close()
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))
    torch.save(model.state_dict(), path)
    r = Reader(ore, path)
    r.expect(model.state_dict())
    assert r.metadata() == {}
    r.close()
    torch.save(torch.arange(3), path)
    r = Reader(ore, path)
    r.expect({"tensor": torch.arange(3)})
    r.close()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-4)
    model(torch.randn(5, 3)).sum().backward()
    optimizer.step()
    checkpoint = {  # as nanoGPT's train.py saves
        "model": model.state_dict(), "optimizer": optimizer.state_dict(),
        "model_args": {"n_layer": 2, "bias": False, "dropout": 0.1, "vocab_size": None},
        "iter_num": 2000, "best_val_loss": torch.tensor(1.47), "config": {"out_dir": "out-\u00e4",
                                                                        "betas": (0.9, 0.95)}}
    torch.save(checkpoint, path)
    expected = {"model." + k: v for k, v in checkpoint["model"].items()}
    for i, state in checkpoint["optimizer"]["state"].items():
        expected.update({f"optimizer.state.{i}.{k}": v for k, v in state.items()})
    expected["best_val_loss"] = checkpoint["best_val_loss"]
    r = Reader(ore, path)
    r.expect(expected)
    metadata = r.metadata()
    assert metadata["model_args"] == checkpoint["model_args"], metadata
    assert metadata["iter_num"] == 2000 and metadata["config"] == {"out_dir": "out-\u00e4",
                                                                  "betas": [0.9, 0.95]}
    assert metadata["optimizer"]["param_groups"][0]["params"] == [0, 1, 2, 3]
    assert "model" not in metadata
    r.close()
    plain = {"count": collections.Counter("aab"), "bytes": b"abc", "none": b"", "bits": b"\xff",
             "by_int": collections.defaultdict(int, a=1), "by_str": collections.defaultdict(str)}
    for protocol in (2, 4):
        torch.save(plain, path, pickle_protocol=protocol)
        r = Reader(ore, path)
        assert r.metadata() == {"count": {"a": 2, "b": 1}, "bytes": "abc", "none": "",
                                "by_int": {"a": 1}, "by_str": {}}, r.metadata()
        r.close()
    torch.save(tensors["plain"], path, _use_new_zipfile_serialization=False)
    assert not ore.tensor_file_open(str(path).encode())
    message = ore.error_message().decode()
    assert "does not read this format: PyTorch's format of before version 1.6" in message, message
    ore.c.ore_error_clear()
    print(f"torch: {len(tensors)} tensors of every kind, a model, nanoGPT's checkpoint")


def compare_numpy(ore, folder):
    draw = np.random.default_rng(0)
    arrays = {"f4": draw.standard_normal((3, 4)).astype("f4"), "f8": draw.standard_normal(5),
              "f2": draw.standard_normal((2, 2)).astype("f2"), "i8": np.arange(4),
              "i4": np.arange(4, dtype="i4"), "u1": np.arange(4, dtype="u1"),
              "b1": np.array([True, False]), "scalar": np.float32(7),
              "empty": np.zeros((0, 3), "f4"),
              "columns": np.asfortranarray(draw.standard_normal((4, 3, 2)))}
    wider = {"i1": np.arange(-3, 3, dtype="i1"), "u2": np.array([1, 65535], "u2"),
             "i2": np.array([-1, 2], "i2"), "u4": np.array([4294967295], "u4"),
             "u8": np.array([7], "u8")}
    expected = {k: np.asarray(v) for k, v in arrays.items()}
    expected.update({k: v.astype("i8" if k in ("u4", "u8") else "i4") for k, v in wider.items()})
    for save in (np.savez, np.savez_compressed):
        save(folder / "a.npz", **arrays, **wider)
        r = Reader(ore, folder / "a.npz")
        r.expect(expected)
        r.close()
    for name, array in {**arrays, **wider}.items():
        np.save(folder / "one.npy", array)
        r = Reader(ore, folder / "one.npy")
        r.expect({"one": expected[name]})
        r.close()
    for bad in (np.zeros(2, ">f4"), np.zeros(2, "c8"), np.zeros(2, [("x", "f4")]),
                np.array(["text"])):
        np.save(folder / "bad.npy", bad)
        assert not ore.tensor_file_open(str(folder / "bad.npy").encode())
        assert "dtype" in ore.error_message().decode()
        ore.c.ore_error_clear()
    print(f"numpy: {len(expected)} arrays as .npy, in .npz and in compressed .npz")


def compare_safetensors(ore, folder):
    tensors = {k: v.contiguous() for k, v in torch_tensors().items()
               if v.dtype not in WIDER and k not in ("whole", "turned")}
    safetensors.torch.save_file(tensors, folder / "a.safetensors", metadata={"format": "pt"})
    r = Reader(ore, folder / "a.safetensors")
    r.expect(tensors)
    assert r.metadata() == {"format": "pt"}
    r.close()
    print(f"safetensors: {len(tensors)} tensors")


def compare_written(ore, folder):
    draw = np.random.default_rng(2)
    plain = {"f32": (draw.standard_normal((3, 4), np.float32), "float32"),
             "f64": (draw.standard_normal(5), "float64"),
             "f16": (draw.standard_normal((2, 3, 2)).astype("f2"), "float16"),
             "i64": (np.arange(4), "int64"), "i32": (np.arange(4, dtype="i4"), "int32"),
             "scalar": (np.array(2.5, np.float32), "float32"),
             "empty": (np.zeros((0, 3), np.float32), "float32")}
    bytes_too = {**plain, "u8": (np.arange(4, dtype="u1"), "uint8"),
                 "b": (np.array([True, False]), "bool")}
    halves = {"bf16": (np.array([[0x3f80, 0xc000]], np.uint16), "bfloat16")}

    ore.write(folder / "w.npz", bytes_too)
    read = np.load(folder / "w.npz")
    assert sorted(read.files) == sorted(bytes_too)
    for name, (array, _) in bytes_too.items():
        assert read[name].dtype == array.dtype and np.array_equal(read[name], array), name
        ore.write(folder / "w.npy", {name: bytes_too[name]})
        assert np.array_equal(np.load(folder / "w.npy"), array)

    for shard_bytes in (0, 60):
        ore.write(folder / "w.safetensors", {**bytes_too, **halves}, {"format": "pt", "n": 3},
                  shard_bytes)
        paths = [folder / "w.safetensors"]
        if shard_bytes:
            index = json.loads((folder / "w.safetensors.index.json").read_text())
            assert index["metadata"]["total_size"] == sum(a.nbytes for a, _ in bytes_too.values()) + 4
            paths = sorted({folder / p for p in index["weight_map"].values()})
            assert len(paths) > 2
        read = {}
        for path in paths:
            read.update(safetensors.torch.load_file(path))
            with safetensors.safe_open(path, "pt") as opened:
                assert opened.metadata() == {"format": "pt", "n": "3"}
        assert sorted(read) == sorted({**bytes_too, **halves})
        for name, (array, _) in {**bytes_too, **halves}.items():
            assert np.array_equal(as_numpy(read[name]), array), name

    rows = draw.standard_normal((6, 512), np.float32)
    codings = ["float16", "bfloat16", "q4_0", "q4_1", "q5_0", "q5_1", "q8_0", "q4_k", "q6_k"]
    metadata = {"general.architecture": "llama", "llama.block_count": 2, "llama.rope.freq": 1e4,
                "llama.negative": -3, "llama.large": 2 ** 40, "tokenizer.ggml.add_bos_token": True,
                "tokenizer.ggml.tokens": ["<s>", "\u2581a"], "tokenizer.ggml.scores": [-1.5, 0],
                "tokenizer.ggml.token_type": [3, 1]}
    tensors = {**{k: v for k, v in plain.items() if k != "empty"}, **halves,
               **{"rows." + c: (rows, c) for c in codings}}
    ore.write(folder / "w.gguf", tensors, metadata)
    reader = gguf.GGUFReader(folder / "w.gguf")
    assert {k: f.contents() for k, f in reader.fields.items() if k in metadata} == metadata
    kinds = {k: f.types[0].name for k, f in reader.fields.items()}
    assert [kinds[k] for k in metadata] == ["STRING", "UINT32", "FLOAT32", "INT32", "INT64", "BOOL",
                                            "ARRAY", "ARRAY", "ARRAY"], kinds
    assert [t.name for t in reader.tensors] == list(tensors)
    for t in reader.tensors:
        array, coding = tensors[t.name]
        assert t.data_offset % 32 == 0
        assert [int(n) for n in reversed(t.shape)] == list(array.shape or (1,)), t.name
        want = np.frombuffer(ore.encode(coding, rows), np.uint8) if t.name.startswith("rows.") \
            else array.reshape(-1).view(np.uint8)
        assert np.array_equal(t.data.reshape(-1).view(np.uint8), want), t.name
    r = Reader(ore, folder / "w.gguf")
    assert r.metadata() == metadata
    r.expect({k: ore.decode(c, ore.encode(c, rows)).reshape(rows.shape) if c[0] == "q" else
              a.reshape(a.shape or (1,)) for k, (a, c) in tensors.items()
              if k not in ("rows.float16", "rows.bfloat16")}, all_of_them=False)
    r.close()
    print(f"written: {len(bytes_too)} tensors as .npz, .npy, .safetensors and shards, "
          f"{len(tensors)} as .gguf")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("lib")
    ore = Ore(parser.parse_args().lib)
    with tempfile.TemporaryDirectory() as folder:
        compare_torch(ore, Path(folder))
        compare_numpy(ore, Path(folder))
        compare_safetensors(ore, Path(folder))
        compare_written(ore, Path(folder))


main()
