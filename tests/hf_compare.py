#!/usr/bin/env python3
"""hf_compare.py ORE [--golden FOLDER] [FAMILY..]: random-weight models of transformers against Ore, both ways.

Each model is made with a fixed seed, saved as a folder and read by `ore logits`: the logits and what
goes into each layer must be transformers' up to 1e-4 of the largest. `ore convert` then writes the
folder anew: names, shapes, dtypes and bytes must be the same, and transformers must open it with
the same logits; with `--dtype` in that dtype. Its GGUF file gives these logits, too, or is refused by name. With --golden it writes the smallest ones and their answers instead, for
tests/test_hf.c: tests/golden/hf. Returns 77 where torch or transformers cannot be imported."""
import importlib.util
import json
import subprocess
import sys
import tempfile
from pathlib import Path

ore, *chosen = sys.argv[1:]
golden = Path(chosen[1]) if chosen[:1] == ["--golden"] else None
try:
    import numpy
    import torch
    import transformers
    from safetensors.torch import load_file, save_file
except ImportError as error:
    print(f"[  SKIPPED ] hf_compare: {error} (ORE_PYTHON names another Python)")
    sys.exit(77)
gguf, accelerate = (importlib.util.find_spec(n) and importlib.import_module(n) for n in ("gguf", "accelerate"))
transformers.logging.set_verbosity_error()
torch.set_num_threads(1)

T, V = 48, 97
MOST = 1e-4  # of the largest value; the largest difference seen is printed
SMALL = dict(vocab_size=V, hidden_size=32, intermediate_size=56, num_hidden_layers=3, num_attention_heads=4,
             num_key_value_heads=2, max_position_embeddings=64, initializer_range=0.3, pad_token_id=0,
             bos_token_id=1, eos_token_id=2)
LLAMA3 = dict(rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
              original_max_position_embeddings=16, rope_theta=500000.0)
YARN = dict(rope_type="yarn", factor=4.0, original_max_position_embeddings=16, rope_theta=10000.0)
HALVES = ("llama bfloat16", "gpt2 float16")  # stored so; computed in float32 here and there
FAMILIES = {
    "llama bfloat16": dict(SMALL, tie_word_embeddings=True),
    "gpt2 float16": dict(vocab_size=V, n_embd=32, n_layer=3, n_head=4, n_positions=64, initializer_range=0.3),
    "gpt2": dict(vocab_size=V, n_embd=32, n_layer=3, n_head=4, n_positions=64, initializer_range=0.3),
    "gpt2 untied relu": dict(model_type="gpt2", vocab_size=V, n_embd=32, n_layer=2, n_head=4, n_positions=64,
                             n_inner=40, activation_function="relu", tie_word_embeddings=False, initializer_range=0.3),
    "llama": dict(SMALL),
    "llama llama3": dict(SMALL, rope_parameters=LLAMA3, tie_word_embeddings=True),
    "llama biases": dict(SMALL, attention_bias=True, mlp_bias=True, head_dim=12, num_key_value_heads=1),
    "llama linear": dict(SMALL, rope_parameters=dict(rope_type="linear", factor=2.0, rope_theta=10000.0)),
    "llama dynamic": dict(SMALL, max_position_embeddings=24,
                          rope_parameters=dict(rope_type="dynamic", factor=2.0, rope_theta=10000.0)),
    "llama yarn": dict(SMALL, rope_parameters=YARN),
    "mistral": dict(SMALL, sliding_window=9),
    "mistral no window": dict(SMALL, sliding_window=None),
    "qwen2": dict(SMALL, tie_word_embeddings=True),
    "qwen2 window": dict(SMALL, use_sliding_window=True, sliding_window=7, max_window_layers=1),
    "qwen3": dict(SMALL, head_dim=16),
    "gemma2": dict(SMALL, head_dim=16, query_pre_attn_scalar=20, sliding_window=9, final_logit_softcapping=30.0,
                   attn_logit_softcapping=50.0),
    "gemma3_text": dict(SMALL, head_dim=16, query_pre_attn_scalar=16, sliding_window=9, num_hidden_layers=7,
                        rope_scaling=dict(rope_type="linear", factor=8.0)),
    "phi3": dict(SMALL),
    "phi3 longrope": dict(SMALL, original_max_position_embeddings=16, rope_parameters=dict(
        rope_type="longrope", short_factor=[1.0, 1.1, 1.2, 1.5], long_factor=[1.0, 2.0, 3.5, 7.0], rope_theta=10000.0)),
    "phi3 window": dict(SMALL, sliding_window=5, partial_rotary_factor=0.5),
}


def say(*words):
    ran = subprocess.run([str(w) for w in words], capture_output=True, text=True)
    if ran.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, words))}:\n{ran.stdout}{ran.stderr}")
    return ran.stdout


def make(name, folder):
    options = dict(FAMILIES[name])
    kind = options.pop("model_type", name.split()[0])
    torch.manual_seed(7)
    config = transformers.AutoConfig.for_model(kind, **options)
    config._attn_implementation = "eager"
    model = transformers.AutoModelForCausalLM.from_config(config, attn_implementation="eager").eval()
    with torch.no_grad():
        for key, p in model.named_parameters():  # norms and biases are constants at first
            if p.dim() == 1:
                p.add_(torch.randn_like(p) * 0.3)
    if name not in HALVES:
        model.save_pretrained(folder)
        return model
    model.to(getattr(torch, name.split()[1])).save_pretrained(folder)
    return open_again(folder)  # whose rotary frequencies have not been rounded


def open_again(folder):
    return transformers.AutoModelForCausalLM.from_pretrained(folder, attn_implementation="eager",
                                                             dtype=torch.float32).eval()


def answers(model, ids):
    with torch.no_grad():
        out = model(torch.tensor([ids]), output_hidden_states=True)
    return out.logits[0].numpy(), torch.stack([h[0] for h in out.hidden_states]).numpy()


def apart(a, b):
    assert a.shape == b.shape, (a.shape, b.shape)
    return float(numpy.abs(a - b).max() / numpy.abs(b).max())


def check_dtype(folder, dtype, weights):
    """`ore convert --dtype` writes what torch casts to, in a folder that transformers opens in it."""
    word = str(dtype).removeprefix("torch.")
    say(ore, "convert", folder / "theirs", folder / word, "--dtype", word)
    cast = load_file(folder / word / "model.safetensors")
    assert cast.keys() == weights.keys()
    assert all(torch.equal(cast[k], w.to(dtype)) and cast[k].dtype == dtype for k, w in weights.items())
    opened = transformers.AutoModelForCausalLM.from_pretrained(folder / word)
    assert opened.dtype == dtype and opened.config.dtype == dtype, (opened.dtype, opened.config.dtype)


# What GGUF has no place for, and which files transformers reads with all that they say (where it has
# accelerate): of others it leaves out scalings of positions, windows, biases or sizes.
REFUSED = {"llama dynamic": "rope_scaling dynamic", "qwen2 window": "window 7", "gemma2": "query_scalar 20"}
READ = ("llama", "llama bfloat16", "mistral no window", "qwen2")


def llama3_factors(size, p):
    """What llama.cpp's converter writes (LlamaModel of convert_hf_to_gguf.py), by the equations of
    transformers' modeling_rope_utils.py."""
    wavelengths = 2 * numpy.pi * p["rope_theta"] ** (numpy.arange(0, size, 2) / size)
    smooth = (p["original_max_position_embeddings"] / wavelengths - p["low_freq_factor"]) \
        / (p["high_freq_factor"] - p["low_freq_factor"])
    smooth = smooth.clip(0, 1)
    return 1 / ((1 - smooth) / p["factor"] + smooth)


def check_gguf(name, folder, ids, logits):
    """A GGUF file of the model, read by Ore, by the package gguf, and by transformers."""
    file = folder / "gguf" / "m.gguf"
    file.parent.mkdir()
    ran = subprocess.run([ore, "convert", folder / "theirs", file], capture_output=True, text=True)
    if name in REFUSED:
        assert f"GGUF has no place for {REFUSED[name]}\n" in ran.stderr, ran.stderr
        return "refused"
    assert ran.returncode == 0, ran.stderr
    say(ore, "logits", file, "--ids", folder / "ids", "--out", folder / "g.npy")
    off = apart(numpy.load(folder / "g.npy"), logits)
    assert off <= MOST, off
    reader = gguf.GGUFReader(file) if gguf else None
    if gguf and name == "llama llama3":
        written = next(t.data for t in reader.tensors if t.name == "rope_freqs.weight")
        assert numpy.allclose(written, llama3_factors(8, LLAMA3), rtol=1e-6), written
    if gguf and name == "mistral":
        assert int(reader.get_field("llama.attention.sliding_window").contents()) == 9
    if gguf and accelerate and name in READ:
        theirs = transformers.AutoModelForCausalLM.from_pretrained(
            file.parent, gguf_file=file.name, attn_implementation="eager", dtype=torch.float32).eval()
        assert numpy.array_equal(answers(theirs, ids)[0], logits)
        return f"{off:.1e}, the same in transformers"
    return f"{off:.1e}"


def compare(name, folder):
    model = make(name, folder / "theirs")
    ids = torch.randint(V, (T,), generator=torch.Generator().manual_seed(3)).tolist()
    (folder / "ids").write_text(" ".join(map(str, ids)))
    logits, hidden = answers(model, ids)
    say(ore, "logits", folder / "theirs", "--ids", folder / "ids", "--out", folder / "o.npy",
        "--hidden", folder / "h.npz")
    off = apart(numpy.load(folder / "o.npy"), logits)
    off_hidden = apart(numpy.load(folder / "h.npz")["hidden"], hidden)
    say(ore, "convert", folder / "theirs", folder / "ours")
    a, b = (load_file(folder / f / "model.safetensors") for f in ("theirs", "ours"))
    assert a.keys() == b.keys(), a.keys() ^ b.keys()
    assert all(a[k].dtype == b[k].dtype and torch.equal(a[k], b[k]) for k in a)
    for dtype in (torch.bfloat16, torch.float16, torch.float32):
        check_dtype(folder, dtype, a)
    file = check_gguf(name, folder, ids, logits)
    back = open_again(folder / "ours")
    same = numpy.array_equal(answers(back, ids)[0], logits)
    print(f"{name}: logits {off:.1e} of the largest apart, streams {off_hidden:.1e}; back in transformers: "
          f"{'the same' if same else 'OTHER'}; GGUF: {file}")
    return off <= MOST and off_hidden <= MOST and same


GOLDEN = dict(vocab_size=11, hidden_size=8, intermediate_size=12, num_attention_heads=2, num_key_value_heads=1,
              n_embd=8, n_head=2, num_hidden_layers=3, n_layer=2)


def write_golden(name, folder):
    FAMILIES[name] = {k: GOLDEN.get(k, v) for k, v in FAMILIES[name].items()}
    if "head_dim" in FAMILIES[name]:
        FAMILIES[name]["head_dim"] = 6
    model = make(name, folder)
    Path(folder, "generation_config.json").unlink(missing_ok=True)
    ids = torch.randint(11, (20,), generator=torch.Generator().manual_seed(3))
    save_file({"ids": ids, "logits": torch.from_numpy(answers(model, ids.tolist())[0])}, folder / "answers.safetensors")


if golden:
    for name in ("gpt2", "llama llama3", "mistral", "qwen2", "qwen3", "gemma2", "gemma3_text", "phi3"):
        write_golden(name, golden / name.split()[0])
    sys.exit()
failed = []
for name in chosen or FAMILIES:
    with tempfile.TemporaryDirectory() as folder:
        try:
            ok = compare(name, Path(folder))
        except AssertionError as error:
            print(f"{name}: {error}")
            ok = False
    failed += [] if ok else [name]
if failed:
    sys.exit(f"these differ: {failed}")
