#!/usr/bin/env python3
"""bert_compare.py OUTPUTS TUNE ORE: Ore's BERT against transformers. OUTPUTS and TUNE are the programs
bert_outputs and bert_tune, ORE the command.

Models of random weights, of every kind and of drawn sizes: hidden states and logits of a batch with padding
and token types within 1e-4 of the largest; the folder that Ore writes, opened by transformers, has the same
names, shapes, types and bits, and gives the same. 200 sentences through all-MiniLM-L6-v2, where the folder
that ORE_MODELS names has it: `ore embed` within 1e-5 of mean pooling; and 20 steps of AdamW on pairs of them,
each step's loss within 1e-3 of torch's."""
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

try:
    import numpy as np
    import torch
    from safetensors.torch import load_file, save_file
    from transformers import AutoModel, AutoTokenizer, BertForMaskedLM, BertForPreTraining, BertModel
except ImportError:
    print("[  SKIPPED ] bert_compare: no Python with torch and transformers (ORE_PYTHON names one)")
    sys.exit(77)

sys.path.insert(0, str(Path(__file__).parent))
import bert_made as made  # noqa: E402

OUTPUTS, TUNE, ORE = sys.argv[1:4]
torch.set_num_threads(1)
failures = 0


def expect(good, message):
    global failures
    if not good:
        failures += 1
        print("FAILED", message)


def drawn_changes(draw):
    heads = draw.choice([1, 2, 3, 4])
    return dict(hidden_size=heads * draw.choice([2, 5, 8, 16]), num_attention_heads=heads,
                num_hidden_layers=draw.randint(1, 4), intermediate_size=draw.randint(1, 70),
                max_position_embeddings=draw.choice([3, 16, 64]), type_vocab_size=draw.randint(1, 3),
                vocab_size=draw.randint(2, 90), layer_norm_eps=draw.choice([1e-12, 1e-5, 1e-2]),
                initializer_range=draw.choice([0.1, 0.5]), hidden_act=draw.choice(["gelu", "gelu_new", "relu"]),
                pad_token_id=draw.choice([0, 1, None]), tie_word_embeddings=draw.choice([True, True, False]))


def compare_model(kind, seed, dtype, folder):
    changes = drawn_changes(random.Random(seed))
    model = made.made(kind, seed, **changes).to(dtype)
    model.save_pretrained(folder / "model", max_shard_size=draw_shards(seed))
    ids, types, lengths = made.batch(model, seed, rows=5)
    save_file({"ids": ids, "types": types, "lengths": lengths}, folder / "in.safetensors")
    run = subprocess.run([OUTPUTS, folder / "model", folder / "in.safetensors", folder / "out.safetensors",
                          folder / "copy"], capture_output=True, text=True)
    what = f"{kind.__name__} {dtype} {changes}"
    expect(run.returncode == 0, f"{what}: {run.stderr}")
    if run.returncode:
        return
    got, want = load_file(folder / "out.safetensors"), made.outputs(model.float(), ids, types, lengths)
    expect(got.keys() >= want.keys(), f"{what}: {got.keys()}")
    for name, w in want.items():
        error = ((got[name] - w).abs().max() / w.abs().max()).item()
        expect(error <= 1e-4, f"{what}: {name} differs by {error:g} of the largest")
    copy = kind.from_pretrained(folder / "copy", dtype="auto")
    mine, theirs = copy.state_dict(), model.to(dtype).state_dict()
    expect(mine.keys() == theirs.keys(), f"{what}: {mine.keys() ^ theirs.keys()}")
    for name in mine.keys() & theirs.keys():
        expect(mine[name].dtype == theirs[name].dtype and torch.equal(mine[name], theirs[name]), f"{what}: {name}")
    first = {n: t for f in (folder / "model").glob("*.safetensors") for n, t in load_file(f).items()}
    second = load_file(folder / "copy" / "model.safetensors")
    expect(first.keys() == second.keys(), f"{what}: {first.keys() ^ second.keys()}")
    expect(all(first[n].dtype == second[n].dtype and torch.equal(first[n], second[n])
               for n in first.keys() & second.keys()), f"{what}: the files differ")
    for other in (torch.bfloat16, torch.float16, torch.float32):
        compare_cast(kind, folder, other, theirs, what)


def compare_cast(kind, folder, dtype, theirs, what):
    """`ore convert --dtype` writes what torch casts to, in a folder that transformers opens in it."""
    word = str(dtype).removeprefix("torch.")
    run = subprocess.run([ORE, "convert", folder / "model", folder / word, "--dtype", word], capture_output=True, text=True)
    expect(run.returncode == 0, f"{what}: {run.stderr}")
    cast = kind.from_pretrained(folder / word)
    expect(cast.dtype == dtype, f"{what}: {word} is opened in {cast.dtype}")
    expect(all(torch.equal(t, theirs[n].to(dtype)) for n, t in cast.state_dict().items()), f"{what}: {word}")


def draw_shards(seed):
    return "2KB" if seed % 3 == 0 else "1GB"


def sentences():
    draw = random.Random(5)
    words = """the a of and to model token cat dog river language learning small quiet neural network gradient table Paris
    42 3.14 don't naïve café sleeps runs falls sharply optimizer, transformer. (why?) stock prices Über 東京 café's""".split()
    return [" ".join(draw.choice(words) for _ in range(draw.choice([0, 1, 3, 8, 20, 60, 300]))) for _ in range(200)]


@torch.no_grad()
def compare_minilm(path, folder):
    tokenizer, model = AutoTokenizer.from_pretrained(path), AutoModel.from_pretrained(path).eval()
    texts, want = sentences(), []
    for t in texts:
        x = tokenizer(t, return_tensors="pt", truncation=True, max_length=256)
        h = model(**x).last_hidden_state[0].mean(0)
        want.append((h / h.norm()).numpy())
    out = folder / "v.npy"
    run = subprocess.run([ORE, "embed", path, "--out", out], input="\n".join(texts) + "\n", capture_output=True, text=True)
    expect(run.returncode == 0, run.stderr)
    worst = float(np.abs(np.load(out) - np.array(want)).max())
    expect(worst <= 1e-5, f"MiniLM: {worst:g}")
    print(f"MiniLM, 200 sentences: largest difference {worst:.2g}")


def tune_minilm(path, folder):
    """The pairs have nothing in common but being pairs: four batches of them, again and again."""
    steps, batches, rows, length = 20, 4, 8, 12
    draw = random.Random(6)
    model = AutoModel.from_pretrained(path).eval()  # without dropout, which draws other numbers
    anchors, positives = (torch.tensor([draw.randrange(1000, 20000) for _ in range(batches * rows * length)])
                          .view(batches, rows, length).repeat(steps // batches, 1, 1) for _ in range(2))
    save_file({"anchors": anchors, "positives": positives}, folder / "pairs.safetensors")
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
    want = []
    for a, b in zip(anchors, positives):
        x, y = (torch.nn.functional.normalize(model(ids).last_hidden_state.mean(1)) for ids in (a, b))
        loss = torch.nn.functional.cross_entropy(20 * x @ y.T, torch.arange(rows))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        want.append(loss.item())
    run = subprocess.run([TUNE, path, folder / "pairs.safetensors"], capture_output=True, text=True)
    expect(run.returncode == 0, run.stderr)
    got = [float(line) for line in run.stdout.split()]
    worst = max(map(abs, np.subtract(got, want)))
    expect(len(got) == steps and worst <= 1e-3, f"MiniLM, trained on: losses {got}, torch's {want}")
    print(f"MiniLM, trained on for {steps} steps: loss {got[0]:.4f} to {got[-1]:.4f}, at most {worst:.2g} from torch's")


with tempfile.TemporaryDirectory() as scratch:
    seed = 100
    for kind in (BertModel, BertForMaskedLM, BertForPreTraining):
        for dtype in (torch.float32, torch.float32, torch.float32, torch.bfloat16, torch.float16):
            seed += 1
            compare_model(kind, seed, dtype, Path(tempfile.mkdtemp(dir=scratch)))
    minilm = Path(os.environ.get("ORE_MODELS", "")) / "minilm/model"
    if (minilm / "model.safetensors").exists():
        compare_minilm(minilm, Path(scratch))
        tune_minilm(minilm, Path(scratch))
    else:
        print("skipped: MiniLM is not there: set ORE_MODELS to the folder that has it")
print(f"bert_compare: {seed - 100} models, {failures} failures")
sys.exit(failures > 0)
