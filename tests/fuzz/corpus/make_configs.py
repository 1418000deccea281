#!/usr/bin/env python3
"""make_configs.py: writes the seeds of fuzz_configs and fuzz_gguf_model into the folders beside it: the
config.json of each family in tests/golden, others with each scaling of rotary positions and each way to say
where windows are, and small GGUF files of each architecture. It needs numpy and gguf."""
import json
from pathlib import Path

import gguf
import numpy as np

here = Path(__file__).resolve().parent
golden = here.parent.parent / "golden"
ROPE = {"linear": dict(rope_type="linear", factor=2.0),
        "dynamic": dict(rope_type="dynamic", factor=2.0),
        "yarn": dict(rope_type="yarn", factor=4.0, original_max_position_embeddings=16, beta_fast=24.0),
        "longrope": dict(rope_type="longrope", original_max_position_embeddings=16, short_factor=[1.0, 1.5],
                         long_factor=[1.0, 7.0])}
# What a config leaves to its readers, or does not change what is computed.
IDLE = ("architectures", "dtype", "transformers_version", "use_cache", "initializer_range", "bos_token_id",
        "eos_token_id", "pad_token_id")


def write_configs():
    for config in sorted(golden.glob("hf/*/config.json")) + [golden / "bert/masked/config.json"]:
        values = {k: v for k, v in json.loads(config.read_text()).items() if k not in IDLE}
        (here / "configs" / config.parent.name).write_text(json.dumps(values, separators=(",", ":")))
    llama = dict(model_type="llama", vocab_size=11, hidden_size=8, intermediate_size=12, num_attention_heads=2,
                 num_hidden_layers=2, rope_theta=10000.0)
    for name, scaling in ROPE.items():
        (here / "configs" / name).write_text(json.dumps(dict(llama, rope_scaling=scaling), separators=(",", ":")))


def write_file(arch, tensors, *, numbers=(), **texts):
    """C = 4 channels in 2 heads, one layer, a vocabulary of 3."""
    w = gguf.GGUFWriter(here / "gguf_model" / arch, arch)
    w.add_block_count(1)
    w.add_context_length(8)
    w.add_embedding_length(4)
    w.add_feed_forward_length(6)
    w.add_head_count(2)
    if arch == "gpt2":
        w.add_layer_norm_eps(1e-5)
    else:
        w.add_layer_norm_rms_eps(1e-5)
    for key, value in numbers:
        (w.add_float32 if isinstance(value, float) else w.add_uint32)(f"{arch}.{key}", value)
    for key, value in texts.items():
        w.add_string(f"{arch}.{key.replace('__', '.')}", value)
    for name, shape in tensors.items():
        w.add_tensor(name, np.ones(shape, np.float32))
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


def llama_like(**more):
    layer = {"attn_norm.weight": (4,), "attn_q.weight": (4, 4), "attn_k.weight": (2, 4), "attn_v.weight": (2, 4),
             "attn_output.weight": (4, 4), "ffn_norm.weight": (4,), "ffn_gate.weight": (6, 4), "ffn_up.weight": (6, 4),
             "ffn_down.weight": (4, 6)}
    tensors = {"token_embd.weight": (3, 4), "output_norm.weight": (4,)}
    tensors.update({f"blk.0.{k}": v for k, v in layer.items()})
    return {**tensors, **{k.replace("__", "."): v for k, v in more.items()}}


def write_files():
    group = ("attention.head_count_kv", 1)
    write_file("llama", llama_like(rope_freqs__weight=(1,)), numbers=[group, ("attention.sliding_window", 3)])
    biases = {f"blk__0__attn_{k}__bias": (n,) for k, n in (("q", 4), ("k", 2), ("v", 2))}
    write_file("qwen2", llama_like(**biases), numbers=[group, ("rope.scaling.factor", 2.0), (
        "rope.scaling.original_context_length", 4)], rope__scaling__type="yarn")
    phi = llama_like(rope_factors_short__weight=(1,), rope_factors_long__weight=(1,))
    phi = {k: (12, 4) if k.endswith("ffn_up.weight") else v for k, v in phi.items()
           if not any(n in k for n in ("ffn_gate", "attn_q", "attn_k", "attn_v"))}
    write_file("phi3", {**phi, "blk.0.attn_qkv.weight": (8, 4)},
               numbers=[group, ("rope.scaling.attn_factor", 1.5), ("rope.scaling.original_context_length", 4)])
    post = {f"blk__0__{k}__weight": (4,) for k in ("post_attention_norm", "post_ffw_norm")}
    norms = {f"blk__0__attn_{k}_norm__weight": (2,) for k in "qk"}
    write_file("gemma3", llama_like(**post, **norms), numbers=[group, ("attention.sliding_window", 3)])
    layer = {"attn_norm": (4,), "attn_qkv": (12, 4), "attn_output": (4, 4), "ffn_norm": (4,), "ffn_up": (6, 4),
             "ffn_down": (4, 6)}
    gpt2 = {"token_embd.weight": (3, 4), "position_embd.weight": (8, 4), "output_norm.weight": (4,),
            "output_norm.bias": (4,)}
    for name, shape in layer.items():
        gpt2[f"blk.0.{name}.weight"] = shape
        gpt2[f"blk.0.{name}.bias"] = shape[:1]
    write_file("gpt2", gpt2, hidden_activation="relu")


for folder in ("configs", "gguf_model"):
    (here / folder).mkdir(exist_ok=True)
write_configs()
write_files()
