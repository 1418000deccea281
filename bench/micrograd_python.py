#!/usr/bin/env python3
"""micrograd_python.py: training steps of the 3-4-4-1 perceptron on four examples in the Python
library micrograd, as bench/pytorch/bench.py times them in PyTorch; prints one line of JSON."""
import argparse
import json
import random
import resource
import statistics
import time

from micrograd.nn import MLP

XS = [[2.0, 3.0, -1.0], [3.0, -1.0, 0.5], [0.5, 1.0, 1.0], [1.0, 1.0, -1.0]]
YS = [1.0, -1.0, -1.0, 1.0]


def main():
    ap = argparse.ArgumentParser(description=__doc__)
    ap.add_argument("--seconds", type=float, default=10)
    arguments = ap.parse_args()
    random.seed(1337)
    net = MLP(3, [4, 4, 1])

    def step():
        loss = sum((net(x) - y) ** 2 for x, y in zip(XS, YS))
        net.zero_grad()
        loss.backward()
        for p in net.parameters():
            p.data -= 0.05 * p.grad

    for _ in range(50):
        step()
    times, end = [], time.perf_counter() + arguments.seconds
    while len(times) < 5 or time.perf_counter() < end:
        began = time.perf_counter()
        step()
        times.append(time.perf_counter() - began)
    median = statistics.median(times)
    print(json.dumps({
        "workload": "micrograd", "threads": 1, "median_ms": median * 1e3,
        "min_ms": min(times) * 1e3, "steps": len(times), "rate": 1 / median, "unit": "steps/s",
        "params": len(net.parameters()),
        "peak_rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


if __name__ == "__main__":
    main()
