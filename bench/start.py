#!/usr/bin/env python3
"""start.py [--ore build/ore] [--folder DIR] [--rounds N] [--threads N]: how soon a model of 1.2 billion
parameters answers: the logits of four tokens by `ore logits`, from the start of the process, beside the time
that reading the same file takes (cat), in turn. Cold: the system's file cache is dropped before each, which
needs root and Linux; warm: the file is in it. The model has the shape of Llama 3.2 1B, random weights in
bfloat16, and is written by transformers into DIR (2.5 GB) unless it is there."""
import argparse
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path


def make(folder):
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM
    torch.manual_seed(0)
    torch.set_default_dtype(torch.bfloat16)
    LlamaForCausalLM(LlamaConfig(
        hidden_size=2048, num_hidden_layers=16, intermediate_size=8192, num_attention_heads=32,
        num_key_value_heads=8, vocab_size=128256, tie_word_embeddings=True, max_position_embeddings=4096,
        rope_theta=500000.0, bos_token_id=1, eos_token_id=2)).save_pretrained(folder)


def seconds(command):
    start = time.monotonic()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return time.monotonic() - start


def drop_caches():
    os.sync()
    Path("/proc/sys/vm/drop_caches").write_text("3")


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--ore", default=str(Path(__file__).parents[1] / "build/ore"))
parser.add_argument("--folder", default=str(Path(tempfile.gettempdir(), "ore-start")))
parser.add_argument("--rounds", type=int, default=5)
parser.add_argument("--threads", default="auto")
args = parser.parse_args()
weights = Path(args.folder, "model.safetensors")
if not weights.exists():
    make(args.folder)
with tempfile.TemporaryDirectory() as scratch:
    ids = Path(scratch, "ids")
    ids.write_text("1 5 99 1000")
    answer = [args.ore, "logits", args.folder, "--ids", ids, "--out", f"{scratch}/o.npy", "--threads", args.threads]
    sides = {"cat, cold": (["cat", weights], True), "ore, cold": (answer, True), "ore, warm": (answer, False)}
    times = {name: [] for name in sides}
    for _ in range(args.rounds):
        for name, (command, cold) in sides.items():
            if cold:
                drop_caches()
            times[name].append(seconds(command))
for name, each in times.items():
    print(f"{name:10} {statistics.median(each):.2f} s ({min(each):.2f} to {max(each):.2f})")
