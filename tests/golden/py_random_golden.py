#!/usr/bin/env python3
"""Golden vectors for Python's `random` and NumPy's legacy `np.random` (both MT19937).

usage: python3 py_random_golden.py > py_random.tsv
The lectures shuffle the word list with random.seed(42); random.shuffle(words), and the
micrograd demo uses random.uniform and np.random (legacy) through make_moons.
Columns: source, call, seed, values.
"""
import random
SEEDS = [0, 42, 1337, 2147483647]
WIDE_SEEDS = [-42, 2 ** 32, 2 ** 40 + 12345]  # of Python alone; the sign does not count


def put(src, call, seed, vals):
    print("\t".join([src, call, str(seed), " ".join(("%.17g" % v) if isinstance(v, float) else str(v) for v in vals)]))


print("# source\tcall\tseed\tvalues")
for s in SEEDS:
    for call, fn in [
        ("getrandbits(32) x8", lambda: [random.getrandbits(32) for _ in range(8)]),
        ("random() x8", lambda: [random.random() for _ in range(8)]),
        ("uniform(-1,1) x8", lambda: [random.uniform(-1, 1) for _ in range(8)]),
        ("randint(0,99) x12", lambda: [random.randint(0, 99) for _ in range(12)]),
        ("randrange(1000000) x8", lambda: [random.randrange(1000000) for _ in range(8)]),
        ("choice(range(27)) x12", lambda: [random.choice(range(27)) for _ in range(12)]),
        ("gauss(0,1) x8", lambda: [random.gauss(0, 1) for _ in range(8)]),
        ("sample(range(50),10)", lambda: random.sample(range(50), 10)),
        ("sample(range(22),5)", lambda: random.sample(range(22), 5)),
        ("sample(range(1000),40)", lambda: random.sample(range(1000), 40)),
        ("getrandbits(40) x4", lambda: [random.getrandbits(40) for _ in range(4)]),
        ("randrange(-5,2**40) x4", lambda: [random.randrange(-5, 2 ** 40) for _ in range(4)]),
    ]:
        random.seed(s)
        put("python", call, s, fn())
    for n in (1, 2, 10, 33):
        random.seed(s)
        l = list(range(n))
        random.shuffle(l)
        put("python", "shuffle(range(%d))" % n, s, l)
    random.seed(s)
    l = list(range(32033))
    random.shuffle(l)
    put("python", "shuffle(range(32033))[:16]", s, l[:16])
for s in WIDE_SEEDS:
    random.seed(s)
    put("python", "random() x8", s, [random.random() for _ in range(8)])
try:
    import numpy as np
    for s in SEEDS:
        for call, fn in [
            ("random_sample(8)", lambda: np.random.random_sample(8)),
            ("randn(9)", lambda: np.random.randn(9)),
            ("normal(0,0.1,6)", lambda: np.random.normal(scale=0.1, size=6)),
            ("randint(0,100,12)", lambda: np.random.randint(0, 100, 12)),
            ("permutation(12)", lambda: np.random.permutation(12)),
            ("uniform(-2,3,5)", lambda: np.random.uniform(-2, 3, 5)),
            ("randint(-3,2**40,4)", lambda: np.random.randint(-3, 2 ** 40, 4)),
            ("randint(0,2**32,4)", lambda: np.random.randint(0, 2 ** 32, 4)),
        ]:
            np.random.seed(s)
            put("numpy-legacy", call, s, fn().tolist())
        np.random.seed(s)
        a = np.arange(100)
        np.random.shuffle(a)
        put("numpy-legacy", "shuffle(arange(100))[:16]", s, a[:16].tolist())
except ImportError:
    pass
