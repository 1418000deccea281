"""bert_golden.py: writes golden/bert/: small models by transformers, what it makes of a batch, and
vectors of texts. Folders, as transformers saves them, each with outputs.safetensors:

encoder      BertModel, gelu, with its pooler and a tokenizer; vectors.json has texts with their vectors
             (mean and first token, not normalised, of at most 16 tokens)
masked       BertForMaskedLM, gelu_new, its decoder tied
pretraining  BertForPreTraining, relu, not tied, weights in half precision; model.safetensors has the names
             that older versions wrote: gamma and beta, position_ids

outputs.safetensors: ids, types, lengths; hidden.N, pooled, words and next as bert_made.py says."""
import json
import shutil
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from transformers import BertForMaskedLM, BertForPreTraining, BertModel

sys.path.insert(0, str(Path(__file__).parents[1]))
import bert_made as made  # noqa: E402

OUT = Path(__file__).parent / "bert"
TEXTS = ["a cat sleeps on the table .", "", "the small dog runs", "c", "zebra", "A DOG, a Cat",
         "the cat runs on the hill , the dog sleeps on the table , the language is small ."]


def write(name, model, seed):
    folder = OUT / name
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    ids, types, lengths = made.batch(model, seed)
    given = {"ids": ids, "types": types, "lengths": lengths}
    results = {k: v.contiguous() for k, v in made.outputs(model.float(), ids, types, lengths).items()}
    if name == "masked":  # the same of ids alone, as `ore logits` has it
        alone = model(input_ids=torch.tensor([[5, 6, 8, 9, 4, 12]]), output_hidden_states=True)
        results["of_ids"] = alone.logits[0].detach()
        results["hidden_of_ids"] = torch.cat(alone.hidden_states).detach()
    save_file({**given, **results}, folder / "outputs.safetensors")
    return folder


def old_names(path):
    tensors = load_file(path)
    old = {n.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): t
           for n, t in tensors.items()}
    old["bert.embeddings.position_ids"] = torch.arange(16)[None]
    save_file(old, path, metadata={"format": "pt"})


encoder = made.made(BertModel, 1)
folder = write("encoder", encoder, 2)
tokenizer = made.tokenizer()
tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
vectors = [{"text": t, **{p: [float(f"{v:.9g}") for v in made.embedded(encoder, tokenizer, t, 16, p).tolist()]
                          for p in ("mean", "cls")}} for t in TEXTS]
(folder / "vectors.json").write_text("[\n" + ",\n".join(json.dumps(v) for v in vectors) + "\n]\n")

write("masked", made.made(BertForMaskedLM, 3, hidden_act="gelu_new"), 4)
half = made.made(BertForPreTraining, 5, hidden_act="relu", tie_word_embeddings=False).half()
old_names(write("pretraining", half, 6) / "model.safetensors")
