#!/usr/bin/env python3
"""lint_fires.py LINT: the rules of lint.py refuse what they are for, and nothing beside it."""
import subprocess
import sys
import tempfile
from pathlib import Path

ELEMENTARY = "calls an elementary function of the C library"
CASES = [  # a file, its text, what lint says of it
    ("src/ops/a.c", "double f(double x) {\n    return exp(x);\n}\n", ELEMENTARY),
    ("src/ops/a.c", "float f(float x) {\n    return 1 + tanhf (x);\n}\n", ELEMENTARY),
    ("src/nn/a.c", "double f(double x) {\n    return -lgamma(x);\n}\n", ELEMENTARY),
    ("src/backend/cpu/scalar/a.inc", "UNARY(log, log(a))\n", ELEMENTARY),
    ("src/backend/cpu/scalar/a.c", "#define LOG log\n", ELEMENTARY),
    ("models/a/a.c", "double f(double x) {\n    return pow(x, 3);\n}\n", ELEMENTARY),
    ("tools/ore/a.c", "double f(double x) {\n    return log10(x);\n}\n", ELEMENTARY),
    ("src/ops/a.c", "/* exp(x) */\ndouble f(double x) {\n    return ore_math_exp(x);\n}\n", None),
    ("src/ops/a.c", "double f(double x) {\n    return sqrt(fmod(x, 2)) + ore_log(x);\n}\n", None),
    ("src/ops/a.c", "UNARY(log, MATH(log, a))\n", None),
    ("src/ops/a.c", "double f(s *p) {\n    return p->exp(2) + floor(fma(2, 3, 4));\n}\n", None),
    ("tests/a.c", "double f(double x) {\n    return exp(x);\n}\n", None),
    ("src/ops/a.c", "void f(void) {\n    abort();\n}\n", "never exits and never prints"),
    ("src/ops/a.c", "void *f(void) {\n    return malloc(4);\n}\n", "the system allocator"),
    ("src/ops/a.c", '#include "train/fit.h"\n', "which is above it"),
    ("src/ops/a.c", "int x = " + "1" * 100 + ";\n", "columns, the limit"),
    ("src/ops/a.c", "int x; /* TO" + "DO */\n", "a mark of unfinished work"),
]


def said(name, text):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.parent.mkdir(parents=True)
        path.write_text(text)
        return subprocess.run([sys.executable, sys.argv[1], folder], capture_output=True, text=True)


def main():
    failed = 0
    for name, text, expected in CASES:
        result = said(name, text)
        right = result.returncode == 1 and expected in result.stdout if expected \
            else result.returncode == 0
        if not right:
            print(f"{name}: {text!r}: {result.stdout}{result.stderr}expected: {expected}")
            failed += 1
    print(f"{len(CASES) - failed} of {len(CASES)} cases are right")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
