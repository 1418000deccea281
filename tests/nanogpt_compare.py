#!/usr/bin/env python3
"""nanogpt_compare.py ORE [--golden TESTS]: checkpoints in the shape of nanoGPT's ckpt.pt against Ore.

Random-weight models of torch, with and without biases, as they are and as torch.compile names their tensors,
are saved beside the state of their optimizer after a step: the logits of `ore logits` must be torch's up to
1e-4 of the largest, and so must those of the folder that `ore convert` makes of the file, by Ore, and by
transformers where it can be imported. With --golden it writes a small one and its answers into TESTS, this
folder, instead: golden/nanogpt, for test_nanogpt.c, and a seed of fuzz/fuzz_nanogpt.c. Returns 77 where torch cannot be imported."""
import subprocess
import sys
import tempfile
from pathlib import Path

ore, *rest = sys.argv[1:]
try:
    import numpy
    import torch
    from torch import nn
    from torch.nn import functional
except ImportError as error:
    print(f"[  SKIPPED ] nanogpt_compare: {error} (ORE_PYTHON names another Python)")
    sys.exit(77)
try:
    import transformers
except ImportError as error:
    transformers = None
    print(f"without transformers: {error}")
else:
    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
torch.set_num_threads(1)
MOST = 1e-4  # of the largest value; the largest difference seen is printed
ARGS = dict(n_layer=3, n_head=4, n_embd=32, block_size=64, bias=True, vocab_size=97, dropout=0.1)


class Attention(nn.Module):
    def __init__(self, a):
        super().__init__()
        self.heads = a["n_head"]
        self.c_attn = nn.Linear(a["n_embd"], 3 * a["n_embd"], bias=a["bias"])
        self.c_proj = nn.Linear(a["n_embd"], a["n_embd"], bias=a["bias"])

    def forward(self, x):
        q, k, v = (part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in self.c_attn(x).chunk(3, -1))
        mixed = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.c_proj(mixed.transpose(1, 2).flatten(2))


class Mlp(nn.Module):
    def __init__(self, a):
        super().__init__()
        self.c_fc = nn.Linear(a["n_embd"], 4 * a["n_embd"], bias=a["bias"])
        self.c_proj = nn.Linear(4 * a["n_embd"], a["n_embd"], bias=a["bias"])

    def forward(self, x):
        return self.c_proj(functional.gelu(self.c_fc(x)))


class Block(nn.Module):
    def __init__(self, a):
        super().__init__()
        self.ln_1 = nn.LayerNorm(a["n_embd"], bias=a["bias"])
        self.attn = Attention(a)
        self.ln_2 = nn.LayerNorm(a["n_embd"], bias=a["bias"])
        self.mlp = Mlp(a)

    def forward(self, x):
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp(self.ln_2(x))


class Gpt(nn.Module):
    """The modules of nanoGPT's GPT, by their names."""

    def __init__(self, a):
        super().__init__()
        self.transformer = nn.ModuleDict(dict(
            wte=nn.Embedding(a["vocab_size"], a["n_embd"]), wpe=nn.Embedding(a["block_size"], a["n_embd"]),
            h=nn.ModuleList(Block(a) for _ in range(a["n_layer"])), ln_f=nn.LayerNorm(a["n_embd"], bias=a["bias"])))
        self.lm_head = nn.Linear(a["n_embd"], a["vocab_size"], bias=False)
        self.transformer.wte.weight = self.lm_head.weight

    def forward(self, ids):
        t = self.transformer
        x = t.wte(ids) + t.wpe(torch.arange(ids.shape[-1]))
        for block in t.h:
            x = block(x)
        return self.lm_head(t.ln_f(x))


def make(args, compiled, path, steps=1):
    """Saves a model after steps of its optimizer; gives it."""
    torch.manual_seed(7)
    model = Gpt(args)
    with torch.no_grad():
        for p in model.parameters():
            p.add_(torch.randn_like(p) * 0.2)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, betas=(0.9, 0.95))
    for _ in range(steps):
        model(torch.arange(5)[None]).square().mean().backward()
        optimizer.step()
    state = {("_orig_mod." if compiled else "") + k: v for k, v in model.state_dict().items()}
    torch.save({"model": state, "optimizer": optimizer.state_dict(), "model_args": args, "iter_num": steps,
                "best_val_loss": torch.tensor(2.5), "config": {"dataset": "openwebtext", "compile": compiled}}, path)
    return model.eval()


def say(*words):
    ran = subprocess.run([str(w) for w in words], capture_output=True, text=True)
    if ran.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, words))}:\n{ran.stdout}{ran.stderr}")


def drawn_ids(args, count):
    return torch.randint(args["vocab_size"], (count,), generator=torch.Generator().manual_seed(3))


def apart(a, b):
    assert a.shape == b.shape, (a.shape, b.shape)
    return float(numpy.abs(a - b).max() / numpy.abs(b).max())


def ore_logits(model, folder):
    say(ore, "logits", model, "--ids", folder / "ids", "--out", folder / "o.npy")
    return numpy.load(folder / "o.npy")


@torch.no_grad()
def compare(args, compiled, folder):
    with torch.enable_grad():
        model = make(args, compiled, folder / "ckpt.pt")
    ids = drawn_ids(args, 48)
    (folder / "ids").write_text(" ".join(map(str, ids.tolist())))
    logits = model(ids[None])[0].numpy()
    say(ore, "convert", folder / "ckpt.pt", folder / "folder")
    offs = [apart(ore_logits(folder / at, folder), logits) for at in ("ckpt.pt", "folder")]
    if transformers:
        theirs = transformers.AutoModelForCausalLM.from_pretrained(folder / "folder").eval()
        offs.append(apart(theirs(ids[None]).logits[0].numpy(), logits))
    apart_by = dict(zip(("ckpt.pt", "folder", "transformers"), offs))
    print(f"bias {args['bias']}, compiled {compiled}: {', '.join(f'{k} {o:.1e}' for k, o in apart_by.items())} of the "
          "largest apart")
    return max(offs) <= MOST


if rest[:1] == ["--golden"]:
    out = Path(rest[1]) / "golden" / "nanogpt"
    seed = Path(rest[1]) / "fuzz" / "corpus" / "nanogpt" / "small"
    for folder in (out, seed.parent):
        folder.mkdir(exist_ok=True)
    make(dict(ARGS, n_layer=1, n_head=2, n_embd=4, block_size=4, vocab_size=3), False, seed, steps=0)
    small = dict(ARGS, n_layer=1, n_head=2, n_embd=8, block_size=16, bias=False, vocab_size=11)
    golden = make(small, True, out / "ckpt.pt")
    from safetensors.torch import save_file
    ids = drawn_ids(small, 16)
    save_file({"ids": ids, "logits": golden(ids[None])[0].detach()}, out / "answers.safetensors")
    sys.exit()
good = True
for bias in (True, False):
    for compiled in (False, True):
        with tempfile.TemporaryDirectory() as at:
            good = compare(dict(ARGS, bias=bias), compiled, Path(at)) and good
sys.exit(0 if good else "these differ")
