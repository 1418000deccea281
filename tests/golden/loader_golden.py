#!/usr/bin/env python3
"""Orders that torch's DataLoader gives, as tests/test_loader.c holds them.

usage: python3 loader_golden.py
One line per case: rows, batch size, drop_last, generator, seed | the batches of two passes | one
randint(0, 1000) drawn after them from the same generator. (torch 2.x; 1.13.1 draws the same, see
dataloader_shuffle in rng_scalar.tsv.) Then, at each batch, a draw between the batches.
"""
import torch
from torch.utils.data import DataLoader, TensorDataset


def passes(loader):
    return " / ".join("  ".join(" ".join(map(str, b[0].tolist())) for b in loader) for _ in "12")


def main():
    data = TensorDataset(torch.arange(10))
    for batch in (4, 5):
        for drop in (False, True):
            for own in (False, True):
                torch.manual_seed(42)
                g = torch.Generator().manual_seed(42) if own else None
                loader = DataLoader(data, batch, shuffle=True, drop_last=drop, generator=g)
                text = passes(loader)
                after = torch.randint(0, 1000, (1,), generator=g).item()
                print(10, batch, drop, "own" if own else "default", 42, "|", text, "|", after)
    torch.manual_seed(42)
    text = passes(DataLoader(data, 4))
    print("in order", "|", text, "|", torch.randint(0, 1000, (1,)).item())
    for batch in (4, 5):
        g = torch.Generator().manual_seed(42)
        draws = []
        for _ in DataLoader(data, batch, shuffle=True, generator=g):
            draws.append(torch.randint(0, 1000, (1,), generator=g).item())
        print("between", batch, "|", draws, "|", torch.randint(0, 1000, (1,), generator=g).item())
    print("randperm(7), seed 42 |", torch.randperm(7, generator=torch.Generator().manual_seed(42)))


main()
