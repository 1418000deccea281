#!/usr/bin/env python3
"""hugging_face.py RUN TEXT: opens a run of `ore train gpt` as Hugging Face's GPT2LMHeadModel, tells
the loss of a text, and goes on from it. Needs torch, transformers and safetensors."""
import json
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file
from transformers import GPT2Config, GPT2LMHeadModel

ACTIVATIONS = {"gelu": "gelu", "gelu_tanh": "gelu_new", "relu": "relu"}
TRANSPOSED = ("attn.c_attn.weight", "attn.c_proj.weight", "mlp.c_fc.weight", "mlp.c_proj.weight")


def load(run):
    """The model, ready to predict, and the characters by id."""
    c = json.loads(Path(run, "config.json").read_text())
    vocab = json.loads(Path(run, "tokenizer.json").read_text())["vocab"]
    weights = load_file(Path(run, "model.safetensors"))
    for name in weights:
        if name.endswith(TRANSPOSED):  # (out, in) here, (in, out) there
            weights[name] = weights[name].t()
    if c["tie_weights"]:  # stored once
        weights["lm_head.weight"] = weights["transformer.wte.weight"]
    model = GPT2LMHeadModel(GPT2Config(
        vocab_size=c["vocab_size"], n_positions=c["block_size"], n_embd=c["n_embd"],
        n_layer=c["n_layer"], n_head=c["n_head"], activation_function=ACTIVATIONS[c["activation"]],
        tie_word_embeddings=c["tie_weights"], embd_pdrop=c["resid_dropout"],
        attn_pdrop=c["attn_dropout"], resid_pdrop=c["resid_dropout"],
        bos_token_id=None, eos_token_id=None))
    missing, unexpected = model.load_state_dict(weights, strict=False)
    others = unexpected + [name for name in missing if not name.endswith(".bias")]
    if c["norm"] != "pre" or c["norm_kind"] != "layer" or c["positions"] != "learned" or others:
        sys.exit(f"{run}: GPT-2 has no place for its {others or 'norms or positions'}")
    return model.eval(), vocab  # biases that the run lacks are 0


def main(run, text):
    model, vocab = load(run)
    ids = torch.tensor([[vocab.index(c) for c in text]])  # (1, T), T at most the block size
    with torch.no_grad():
        logits = model(ids).logits  # (1, T, V)
        print(f"loss {torch.nn.functional.cross_entropy(logits[0, :-1], ids[0, 1:]):.6f}")
        while ids.shape[1] < model.config.n_positions:
            ids = torch.cat([ids, model(ids).logits[:, -1:].argmax(-1)], 1)
    print("".join(vocab[i] for i in ids[0]))


if __name__ == "__main__":
    main(*sys.argv[1:])
