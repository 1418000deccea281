#!/usr/bin/env python3
"""hugging_face.py ROOT ORE: the example of docs/guide/runs.md against Ore itself.

Trains small runs of each kind that GPT-2 has a place for, opens them with examples/hugging_face.py
and compares all logits with those of `ore logits`, and the loss with `ore eval`. Runs of another kind
must be refused. Returns 77 where torch, transformers or safetensors cannot be imported."""
import importlib.util
import os
import subprocess
import sys
import tempfile
from pathlib import Path

root, ore = sys.argv[1:]
spec = importlib.util.spec_from_file_location("example", Path(root, "examples/hugging_face.py"))
example = importlib.util.module_from_spec(spec)
try:
    import numpy
    import torch
    spec.loader.exec_module(example)
except ImportError as error:
    print(f"[  SKIPPED ] hugging_face: {error} (ORE_PYTHON names another Python)")
    sys.exit(77)

TEXT = "the cat sat on the mat; a hat is on the cat.\n" * 40
# float32 sums in another order: the largest difference here is 1.9e-6, of logits of up to 9
MOST = 2e-5
BASE = ("--n-layer 2 --n-head 2 --n-embd 16 --block-size 12 --batch-size 8 --steps 60 --lr 0.03 "
        "--eval-batches 1 --eval-interval 60 --warmup-steps 5 ")
TAKEN = ["", "--no-bias", "--bias-qkv false", "--bias-norm false --activation relu",
         "--activation gelu_tanh --no-tie-weights", "--n-layer 1 --n-head 4 --dropout 0.2"]
REFUSED = ["--norm post", "--no-final-norm", "--bias-head", "--positions sinusoidal"]


def say(*words):
    ran = subprocess.run(words, capture_output=True, text=True,
                         env={**os.environ, "PATH": ""})  # no gnuplot: no pictures
    if ran.returncode != 0:
        sys.exit(f"{' '.join(map(str, words))}:\n{ran.stdout}{ran.stderr}")
    return ran.stdout


def train(folder, flags):
    Path(folder, "text").write_text(TEXT)
    run = str(Path(folder, "run"))
    say(ore, "train", "gpt", *BASE.split(), *flags.split(), "--data", str(Path(folder, "text")),
        "--out", run, "--force")
    return run


def logits_of(folder, run, ids):
    Path(folder, "ids").write_text(" ".join(map(str, ids)))
    say(ore, "logits", run, "--ids", str(Path(folder, "ids")), "--out", str(Path(folder, "o.npy")))
    return torch.from_numpy(numpy.load(Path(folder, "o.npy"))).double()  # (T, V)


def compare(folder, flags):
    run = train(folder, flags)
    model, vocab = example.load(run)
    text = TEXT[5:5 + model.config.n_positions]
    ids = [vocab.index(c) for c in text]
    with torch.no_grad():
        theirs = model(torch.tensor([ids])).logits[0].double()  # (T, V)
    ours = logits_of(folder, run, ids)
    off = (ours - theirs).abs().max().item()
    Path(folder, "piece").write_text(text)
    told = float(say(ore, "eval", run, "--data", str(Path(folder, "piece"))).split("loss ")[1]
                 .split()[0])
    loss = torch.nn.functional.cross_entropy(theirs[:-1], torch.tensor(ids[1:])).item()
    print(f"{flags or 'as it is'}: logits {off:.1e} apart at most, of {theirs.abs().max():.1f}; "
          f"loss {loss:.6f}, ore eval {told:.6f}")
    return ours.shape == theirs.shape and off <= MOST and abs(loss - told) <= 1e-5


def is_refused(folder, flags):
    try:
        example.load(train(folder, flags))
    except SystemExit as end:
        print(f"{flags}: {end.code}")
        return "GPT-2 has no place for" in str(end.code)
    return False


with tempfile.TemporaryDirectory() as folder:
    failed = ([f for f in TAKEN if not compare(folder, f)] +
              [f for f in REFUSED if not is_refused(folder, f)])
if failed:
    sys.exit(f"these differ, or are not refused: {failed}")
