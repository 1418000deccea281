#!/usr/bin/env python3
"""embed.py DIR [--ore build/ore] [--threads N] [--batch N] [--rounds N] [--sentences N]: `ore embed` beside
transformers on the same sentences, those of this repository's pages, with the same threads and batches, in
turn; medians over the rounds, of time and of processor time, which other work on the machine disturbs less.

Both go from text to normalised means: tokens, model, pooling. Batches hold the same sentences: of each 16
batches, read in turn, the sentences are sorted by their numbers of tokens, as Ore does by itself. transformers
pads a batch to its longest. It is timed in this process once everything is loaded; Ore as a whole process that
writes a matrix, less the same without input, so that neither's start counts. "in order" is transformers with
batches as the sentences come. Vectors must agree within 1e-5."""
import argparse
import os
import re
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from transformers import AutoModel, AutoTokenizer

ROOT = Path(__file__).parents[1]
AHEAD = 16  # batches that are sorted together, as tools/ore/embed/cmd_embed.c has it


def sentences(most):
    pages = sorted(ROOT.glob("docs/guide/*.md")) + [ROOT / "docs/architecture.md", ROOT / "docs/random.md"]
    texts = []
    for page in pages:
        for block in page.read_text().split("\n\n"):
            if block.strip() and block[0].isalpha():
                texts += re.split(r"(?<=[.:;]) +", " ".join(block.split()))
    return texts[:most]


class Transformers:
    def __init__(self, folder, batch):
        self.tokenizer, self.model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).eval()
        self.batch = batch

    @torch.inference_mode()
    def embed(self, texts):
        x = self.tokenizer(texts, padding=True, truncation=True, max_length=256, return_tensors="pt")
        h = self.model(**x).last_hidden_state
        mask = x.attention_mask[..., None].to(h.dtype)
        return torch.nn.functional.normalize((h * mask).sum(1) / mask.sum(1), dim=1).numpy()

    def in_order(self, texts):
        return np.concatenate([self.embed(texts[i:i + self.batch]) for i in range(0, len(texts), self.batch)])

    def sorted(self, texts):
        ahead = AHEAD * self.batch
        out = [None] * len(texts)
        for start in range(0, len(texts), ahead):
            window = texts[start:start + ahead]
            lengths = [len(ids) for ids in self.tokenizer(window).input_ids]
            order = sorted(range(len(window)), key=lambda i: lengths[i])
            for i in range(0, len(order), self.batch):
                places = order[i:i + self.batch]
                for place, vector in zip(places, self.embed([window[p] for p in places])):
                    out[start + place] = vector
        return np.array(out)


def timed(function, *arguments):
    """Seconds, and those of processors that this process and its children took; and the result."""
    start, before = time.perf_counter(), os.times()
    result = function(*arguments)
    seconds, after = time.perf_counter() - start, os.times()
    return np.array([seconds, sum(after[:4]) - sum(before[:4])]), result


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dir")
    parser.add_argument("--ore", default=ROOT / "build/ore")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--sentences", type=int, default=1024)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    texts = sentences(args.sentences)
    theirs = Transformers(args.dir, args.batch)
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "v.npy"

        def ours(lines):
            subprocess.run([args.ore, "embed", args.dir, "--threads", str(args.threads), "--batch", str(args.batch),
                            "--out", out], input="".join(t + "\n" for t in lines), text=True, check=True)
            return np.load(out)

        tokens = [len(ids) for ids in theirs.tokenizer(texts).input_ids]
        print(f"{len(texts)} sentences of {statistics.mean(tokens):.1f} tokens (most {max(tokens)}), "
              f"batches of {args.batch}, {args.threads} thread{'s' * (args.threads > 1)}")
        theirs.sorted(texts[:2 * args.batch])  # what is allocated at the first call
        rows = []
        for _ in range(args.rounds):
            start, _ = timed(ours, [])
            whole, a = timed(ours, texts)
            by_length, b = timed(theirs.sorted, texts)
            in_order, c = timed(theirs.in_order, texts)
            worst = max(np.abs(a - b).max(), np.abs(a - c).max())
            assert worst <= 1e-5, worst
            rows.append((whole - start, start, by_length, in_order))
        rows = np.array(rows)  # (rounds, what, seconds and processor time)
        for i, unit in enumerate(("time", "processor time")):
            ore, start, by_length, in_order = np.median(rows[:, :, i], axis=0)
            print(f"{unit}\nOre           {len(texts) / ore:8.1f} sentences/s ({start:.2f} s to start)")
            for name, seconds, column in (("transformers", by_length, 2), ("in order", in_order, 3)):
                ratios = rows[:, column, i] / rows[:, 0, i]
                print(f"{name:13} {len(texts) / seconds:8.1f} sentences/s: Ore is {np.median(ratios):.2f} times "
                      f"as fast ({ratios.min():.2f} to {ratios.max():.2f})")


if __name__ == "__main__":
    main()
