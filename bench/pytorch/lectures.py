#!/usr/bin/env python3
"""The training loops of the lecture rungs mlp, batchnorm, backprop and wavenet in plain PyTorch.

A step is the lecture's: draw 32 examples with replacement, forward, clear the gradients, backward
(by hand in `backprop`), p.data += -lr * p.grad. Prints microseconds a step for each loop; the
rungs (`ore lab NAME`) print the same for Ore.

  lectures.py NAMES_FILE [--steps 5000] [--threads 1] [--only SUBSTRING]
"""
import argparse
import random
import time

import torch
import torch.nn.functional as F

BATCH = 32


def examples(words, block):
    xs, ys = [], []
    for word in words:
        context = [0] * block
        for letter in word + ".":
            ix = 0 if letter == "." else ord(letter) - 96
            xs.append(context)
            ys.append(ix)
            context = context[1:] + [ix]
    return torch.tensor(xs), torch.tensor(ys)


# ---------------------------------------------------------------- perceptron, batch norm
def perceptron(g, norm):
    C = torch.randn((27, 10), generator=g)
    W1 = torch.randn((30, 200), generator=g) * (5 / 3) / 30**0.5
    b1 = torch.randn(200, generator=g) * 0.01
    W2 = torch.randn((200, 27), generator=g) * 0.01
    b2 = torch.randn(27, generator=g) * 0
    gain, bias = torch.ones((1, 200)), torch.zeros((1, 200))
    running_mean, running_std = torch.zeros((1, 200)), torch.ones((1, 200))

    def forward(x):
        h = C[x].view(x.shape[0], -1) @ W1
        if norm:
            mean, std = h.mean(0, keepdim=True), h.std(0, keepdim=True)
            with torch.no_grad():
                running_mean.mul_(0.999).add_(0.001 * mean)
                running_std.mul_(0.999).add_(0.001 * std)
            h = gain * (h - mean) / std + bias
        else:
            h = h + b1
        return torch.tanh(h) @ W2 + b2

    return forward, [C, W1, W2, b2] + ([gain, bias] if norm else [b1])


# ---------------------------------------------------------------- the tree
class Linear:
    def __init__(self, fan_in, fan_out, bias=True):
        self.weight = torch.randn((fan_in, fan_out)) / fan_in**0.5
        self.bias = torch.zeros(fan_out) if bias else None

    def __call__(self, x):
        y = x @ self.weight
        return y if self.bias is None else y + self.bias

    def parameters(self):
        return [self.weight] + ([] if self.bias is None else [self.bias])


class BatchNorm:
    def __init__(self, dim):
        self.gamma, self.beta = torch.ones(dim), torch.zeros(dim)
        self.mean, self.var = torch.zeros(dim), torch.ones(dim)

    def __call__(self, x):
        dims = 0 if x.ndim == 2 else (0, 1)
        mean, var = x.mean(dims, keepdim=True), x.var(dims, keepdim=True)
        with torch.no_grad():
            self.mean = 0.9 * self.mean + 0.1 * mean
            self.var = 0.9 * self.var + 0.1 * var
        return self.gamma * (x - mean) / torch.sqrt(var + 1e-5) + self.beta

    def parameters(self):
        return [self.gamma, self.beta]


def tree(dim, hidden):
    table, layers, width = torch.randn((27, dim)), [], dim
    for _ in range(3):
        layers.append((Linear(2 * width, hidden, bias=False), BatchNorm(hidden)))
        width = hidden
    last = Linear(hidden, 27)

    def forward(x):
        x = table[x]
        for linear, norm in layers:
            B, T, C = x.shape
            x = x.view(B, T // 2, 2 * C)
            x = torch.tanh(norm(linear(x.squeeze(1) if T == 2 else x)))
        return last(x)

    return forward, [table] + [p for pair in layers for m in pair for p in m.parameters()] + last.parameters()


# ---------------------------------------------------------------- steps
def autograd_step(forward, parameters, X, Y, g):
    for p in parameters:
        p.requires_grad = True

    def step():
        ix = torch.randint(0, X.shape[0], (BATCH,), generator=g)
        loss = F.cross_entropy(forward(X[ix]), Y[ix])
        for p in parameters:
            p.grad = None
        loss.backward()
        for p in parameters:
            p.data += -0.1 * p.grad
        return loss.item()

    return step


def by_hand_step(X, Y, g):
    n, H = BATCH, 200
    C = torch.randn((27, 10), generator=g)
    W1 = torch.randn((30, H), generator=g) * (5 / 3) / 30**0.5
    b1 = torch.randn(H, generator=g) * 0.1
    W2 = torch.randn((H, 27), generator=g) * 0.1
    b2 = torch.randn(27, generator=g) * 0.1
    gain = torch.randn((1, H)) * 0.1 + 1.0
    bias = torch.randn((1, H)) * 0.1

    @torch.no_grad()
    def step():
        ix = torch.randint(0, X.shape[0], (n,), generator=g)
        x, y = X[ix], Y[ix]
        emb = C[x]
        embcat = emb.view(n, -1)
        before = embcat @ W1 + b1
        mean, var = before.mean(0, keepdim=True), before.var(0, keepdim=True)
        var_inv = (var + 1e-5) ** -0.5
        raw = (before - mean) * var_inv
        h = torch.tanh(gain * raw + bias)
        logits = h @ W2 + b2
        loss = F.cross_entropy(logits, y)
        dlogits = F.softmax(logits, 1)
        dlogits[range(n), y] -= 1
        dlogits /= n
        dh, dW2, db2 = dlogits @ W2.T, h.T @ dlogits, dlogits.sum(0)
        dpre = (1.0 - h**2) * dh
        dgain, dbias = (raw * dpre).sum(0, keepdim=True), dpre.sum(0, keepdim=True)
        dbefore = gain * var_inv / n * (n * dpre - dpre.sum(0) - n / (n - 1) * raw * (dpre * raw).sum(0))
        dembcat, dW1, db1 = dbefore @ W1.T, embcat.T @ dbefore, dbefore.sum(0)
        dC = torch.zeros_like(C).index_add_(0, x.view(-1), dembcat.view(-1, 10))
        for p, d in zip((C, W1, b1, W2, b2, gain, bias), (dC, dW1, db1, dW2, db2, dgain, dbias)):
            p += -0.1 * d
        return loss.item()

    return step


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("names")
    parser.add_argument("--steps", type=int, default=5000)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--only", default="")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    words = open(args.names).read().split()
    random.seed(42)
    random.shuffle(words)
    words = words[:int(0.8 * len(words))]
    three, eight = examples(words, 3), examples(words, 8)
    g = torch.Generator().manual_seed(2147483647)
    torch.manual_seed(42)
    loops = [
        ("mlp", lambda: autograd_step(*perceptron(g, False), *three, g)),
        ("batchnorm", lambda: autograd_step(*perceptron(g, True), *three, g)),
        ("backprop by hand", lambda: by_hand_step(*three, g)),
        ("wavenet, tree, 22K", lambda: autograd_step(*tree(10, 68), *eight, None)),
        ("wavenet, tree, 76K", lambda: autograd_step(*tree(24, 128), *eight, None)),
    ]
    print(f"torch {torch.__version__}, {args.threads} thread(s), {args.steps} steps")
    for name, make in loops:
        if args.only not in name:
            continue
        step = make()
        for _ in range(100):
            step()
        start = time.perf_counter()
        for _ in range(args.steps):
            loss = step()
        us = (time.perf_counter() - start) / args.steps * 1e6
        print(f"{name:20} {us:8.0f} us a step, {us * 0.2:6.0f} s for 200,000; last loss {loss:.3f}", flush=True)


if __name__ == "__main__":
    main()
