#!/usr/bin/env python3
"""finetune_compare.py ORE LIB TEXT [--steps N] [--rows B] [--block T]: SmolLM2's file trained on TEXT by
`ore train gpt --init` and by torch, with the same batches, AdamW and rates; both validation losses before
and after, and the largest difference between the losses of single steps. It takes minutes, so no test
runs it. LIB is libore.so, for the seed of the batches; the file is found by ORE_MODELS."""
import argparse
import ctypes
import glob
import json
import math
import os
import subprocess
import sys
import tempfile

import torch
import transformers

a = argparse.ArgumentParser()
a.add_argument("ore"), a.add_argument("lib"), a.add_argument("text")
a.add_argument("--steps", type=int, default=50), a.add_argument("--rows", type=int, default=2)
a.add_argument("--block", type=int, default=64)
a = a.parse_args()
LR, MOST = 1e-4, 0.01
torch.set_num_threads(2)
model = glob.glob(os.path.join(os.environ["ORE_MODELS"], "smollm2", "**", "*.gguf"), recursive=True)[0]


def say(*words):
    ran = subprocess.run([str(w) for w in words], capture_output=True, text=True)
    if ran.returncode != 0:
        sys.exit(f"{' '.join(map(str, words))}:\n{ran.stdout}{ran.stderr}")
    return ran.stdout


def by_ore(folder):
    run = f"{folder}/run"
    say(a.ore, "train", "gpt", "--init", model, "--data", a.text, "--out", run, "--block-size", a.block,
        "--batch-size", a.rows, "--steps", a.steps, "--lr", LR, "--schedule", "constant", "--warmup-steps", 0,
        "--weight-decay", 0, "--beta2", 0.999, "--eval-interval", a.steps, "--eval-batches", 1)
    lines = [json.loads(line) for line in open(f"{run}/metrics.jsonl")]
    return [line["loss"] for line in lines if "loss" in line], float(say(a.ore, "eval", run).split("loss ")[1].split()[0])


def windows(ids):
    """The rows of the whole validation part: end to end, each with its targets."""
    return [ids[i:i + a.block + 1] for i in range(0, len(ids) - 1, a.block)]


def loss_of(net, rows):
    """The sum over targets, and how many there are."""
    x = torch.tensor(rows)
    z = net(x[:, :-1]).logits
    return torch.nn.functional.cross_entropy(z.flatten(0, 1), x[:, 1:].flatten(), reduction="sum"), x[:, 1:].numel()


def evaluate(net, ids):
    with torch.no_grad():
        parts = [loss_of(net, [row]) for row in windows(ids)]
    return float(sum(p[0] for p in parts) / sum(p[1] for p in parts))


def by_torch(folder):
    say(a.ore, "convert", model, f"{folder}/hf")
    net = transformers.AutoModelForCausalLM.from_pretrained(f"{folder}/hf", attn_implementation="eager").train()
    tok = transformers.PreTrainedTokenizerFast(tokenizer_file=f"{folder}/hf/tokenizer.json")
    ids = tok(open(a.text, encoding="utf-8", newline="").read()).input_ids
    cut = math.floor(len(ids) * 0.9 * (1 + 1e-15))
    train, val = ids[:cut], ids[cut:]
    library = ctypes.CDLL(a.lib)
    library.ore_stream_seed.restype = ctypes.c_uint64
    library.ore_stream_seed.argtypes = [ctypes.c_uint64, ctypes.c_int, ctypes.c_int64, ctypes.c_int64]
    g = torch.Generator().manual_seed(library.ore_stream_seed(1, 1, 0, 0))
    optimizer = torch.optim.AdamW(net.parameters(), lr=LR, betas=(0.9, 0.999), eps=1e-8, weight_decay=0)
    before, losses = evaluate(net, val), []
    for _ in range(a.steps):
        starts = torch.randint(0, len(train) - a.block, (a.rows,), generator=g).tolist()
        total, count = loss_of(net, [train[s:s + a.block + 1] for s in starts])
        loss = total / count
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
    return losses, before, evaluate(net, val)


with tempfile.TemporaryDirectory() as folder:
    ours, ours_after = by_ore(folder)
    theirs, before, theirs_after = by_torch(folder)
off = max(abs(x - y) for x, y in zip(ours, theirs))
print(f"losses of {len(ours)} steps: at most {off:.1e} apart; first {ours[0]:.6f} and {theirs[0]:.6f}, last "
      f"{ours[-1]:.6f} and {theirs[-1]:.6f}")
print(f"validation loss: {before:.6f} before; after {ours_after:.6f} by Ore, {theirs_after:.6f} by torch")
sys.exit(0 if off <= MOST and abs(ours_after - theirs_after) <= MOST and ours_after < before else "they differ")
