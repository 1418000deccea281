#!/usr/bin/env python3
"""The recipe of `ore train gpt --preset shakespeare-char-cpu` in PyTorch, for its loss and time.

usage: train_char.py --text FILE [--seed S] [--threads N] [--steps N]

4 layers, 4 heads, 128 channels, block 64, batch 12, no dropout, biases on but for the tied head,
GELU by erf; N(0, 0.02), residual projections over sqrt(2 layers); AdamW 1e-3 falling by cosine to
1e-4 after 100 steps of warm-up, betas 0.9 and 0.99, decay 0.1 on matrices, clip 1. Prints the loss
over the whole validation split in windows of 64 laid end to end, and the seconds.
"""
import argparse
import math
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

LAYERS, HEADS, WIDTH, BLOCK, BATCH = 4, 4, 128, 64, 12


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.ln_1, self.ln_2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.c_attn, self.proj = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.c_fc, self.mlp_proj = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)

    def forward(self, x):
        B, T, C = x.shape
        q, k, v = (t.view(B, T, HEADS, -1).transpose(1, 2)
                   for t in self.c_attn(self.ln_1(x)).split(C, 2))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.proj(y.transpose(1, 2).reshape(B, T, C))
        return x + self.mlp_proj(F.gelu(self.c_fc(self.ln_2(x))))


class GPT(nn.Module):
    def __init__(self, vocab):
        super().__init__()
        self.wte, self.wpe = nn.Embedding(vocab, WIDTH), nn.Embedding(BLOCK, WIDTH)
        self.blocks = nn.Sequential(*(Block() for _ in range(LAYERS)))
        self.ln_f = nn.LayerNorm(WIDTH)
        for name, p in self.named_parameters():
            if p.dim() == 2:
                scale = math.sqrt(2 * LAYERS) if "proj" in name else 1
                nn.init.normal_(p, std=0.02 / scale)
            elif name.endswith("bias"):
                nn.init.zeros_(p)

    def forward(self, ids, targets):
        x = self.wte(ids) + self.wpe.weight[:ids.shape[1]]
        logits = self.ln_f(self.blocks(x)) @ self.wte.weight.t()
        return F.cross_entropy(logits.flatten(0, 1), targets.flatten())


def rate(step, steps):
    if step < 100:
        return 1e-3 * (step + 1) / 101
    x = min(1, (step - 100) / max(1, steps - 100))
    return 1e-4 + 0.5 * (1 + math.cos(math.pi * x)) * (1e-3 - 1e-4)


@torch.no_grad()
def evaluate(net, data):
    total, count = 0.0, 0
    for i in range(0, len(data) - 1, BLOCK):
        x, y = data[i:i + BLOCK], data[i + 1:i + BLOCK + 1]
        x = x[:len(y)]
        total += float(net(x[None], y[None])) * len(y)
        count += len(y)
    return total / count


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--text", required=True)
    ap.add_argument("--seed", type=int, default=1)
    ap.add_argument("--threads", type=int, default=2)
    ap.add_argument("--steps", type=int, default=2000)
    a = ap.parse_args()
    torch.set_num_threads(a.threads)
    torch.manual_seed(a.seed)
    text = open(a.text, encoding="utf-8").read()
    code = {c: i for i, c in enumerate(sorted(set(text)))}
    data = torch.tensor([code[c] for c in text])
    train, val = data[:int(0.9 * len(data))], data[int(0.9 * len(data)):]
    net = GPT(len(code))
    matrices = [p for p in net.parameters() if p.dim() >= 2]
    vectors = [p for p in net.parameters() if p.dim() < 2]
    opt = torch.optim.AdamW([{"params": matrices, "weight_decay": 0.1},
                             {"params": vectors, "weight_decay": 0.0}], betas=(0.9, 0.99))
    start = time.time()
    for step in range(a.steps):
        for group in opt.param_groups:
            group["lr"] = rate(step, a.steps)
        ix = torch.randint(len(train) - BLOCK, (BATCH,)).tolist()
        x = torch.stack([train[i:i + BLOCK] for i in ix])
        y = torch.stack([train[i + 1:i + BLOCK + 1] for i in ix])
        loss = net(x, y)
        opt.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        opt.step()
    seconds = time.time() - start
    print(f"seed {a.seed} steps {a.steps} seconds {seconds:.1f} val_loss {evaluate(net, val):.4f}")


if __name__ == "__main__":
    main()
