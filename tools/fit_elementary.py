#!/usr/bin/env python3
"""Tables and coefficients of src/base/elementary/ (needs mpmath): writes tables.c to the standard
output, or with --check compares it to the file named.

Polynomials interpolate their functions at Chebyshev nodes, which is within a small factor of the
best one; the largest error of each stands beside it.
"""
import sys
from mpmath import chop, cos, erf, erfc, exp, expm1, floor, log, lu_solve, matrix, mp, mpf, pi, sin
from mpmath import sqrt, tanh

mp.dps = 60
LINES = []


def hexa(x):
    text = float(x).hex()
    mantissa, power = text.split("p")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa}p{power}"


def pair(x):
    """x as the sum of two doubles."""
    high = float(x)
    return high, float(x - mpf(high))


def cut(x, bits):
    """x rounded to a multiple of 2^-bits."""
    return floor(x * mpf(2) ** bits + mpf(1) / 2) / mpf(2) ** bits


def fit(function, low, high, degree):
    n = degree + 1
    low, high = mpf(low), mpf(high)
    middle, half = (low + high) / 2, (high - low) / 2
    nodes = [middle + half * cos((2 * i + 1) * pi / (2 * n)) for i in range(n)]
    # Newton's divided differences, then powers
    diffs = [function(x) for x in nodes]
    for j in range(1, n):
        for i in range(n - 1, j - 1, -1):
            diffs[i] = (diffs[i] - diffs[i - 1]) / (nodes[i] - nodes[i - j])
    c = [diffs[n - 1]]
    for i in range(n - 2, -1, -1):
        shifted = [mpf(0)] + c
        for k, value in enumerate(c):
            shifted[k] -= value * nodes[i]
        shifted[0] += diffs[i]
        c = shifted
    points = [low + (high - low) * i / 300 for i in range(301)]
    worst = max(abs(sum(float(a) * x**k for k, a in enumerate(c)) - function(x))
                for x in points)
    return c, worst


def emit(text=""):
    LINES.append(text)


def rows(values, per_line=None):
    line = "   "
    for value in values:
        word = f" {value},"
        if len(line) + len(word) > 100:
            emit(line)
            line = "   "
        line += word
    emit(line)


def table(name, shape, values, comment):
    emit(f"/* {comment} */")
    emit(f"const double {name}{shape} = {{")
    rows(values)
    emit("};")
    emit()


def braces(numbers):
    return "{" + ", ".join(hexa(x) for x in numbers) + "}"


def polynomial(name, function, low, high, degree, comment):
    c, worst = fit(function, low, high, degree)
    note = "exact" if worst == 0 else f"error 2^{float(log(worst, 2)):.1f}"
    table(name, f"[{len(c)}]", [hexa(x) for x in c], f"{comment}; {note}.")


def log_rows():
    """1/c to 9 bits and log c, whose first part is a multiple of 2^-42; c near the middle of the
    i-th part of [0.6875, 1.375), and 1 beside 1."""
    made = []
    for i in range(128):
        index = i + 48  # of 1 + index / 128 for index < 128 in [0.5, 1)
        low = (1 + mpf(index) / 128) / 2 if index < 128 else 1 + mpf(index - 128) / 128
        high = low + (mpf(1) / 256 if index < 128 else mpf(1) / 128)
        beside_one = low == 1 or high == 1
        inverse = mpf(1) if beside_one else cut(2 / (low + high), 9)
        value = -log(inverse)
        first = cut(value, 42)
        made.append(braces([inverse, first, value - first]))
    return made


def erfcx(x):
    return exp(x * x) * erfc(x)


def erfcx_rows():
    """erfcx at the middles of [0.5, 1), [1, 1.5) .. [3.5, 4): its value in two parts and the
    polynomial in the distance."""
    made, worst = [], mpf(0)
    for i in range(7):
        c = mpf(3) / 4 + mpf(i) / 2
        start = erfcx(c)
        high, low = pair(start)

        def slope(h):
            if abs(h) < mpf(10) ** -15:
                return 2 * c * start - 2 / sqrt(pi) + h * (start * (1 + 2 * c * c) - 2 * c / sqrt(pi))
            return (erfcx(c + h) - start) / h
        coefficients, error = fit(slope, -0.25, 0.25, 14)
        worst = max(worst, error / 4 / erfcx(c + mpf(1) / 4))
        made.append([high, low] + coefficients)
    return made, worst


def tail(z):
    """erfc(x) = e^(-x^2) / (sqrt(pi) x) (1 - z tail(z)), z = 1 / x^2"""
    if z < mpf(10) ** -9:
        return mpf(1) / 2 - 3 * z / 4 + 15 * z * z / 8
    x = 1 / sqrt(z)
    return (1 - sqrt(pi) * x * erfcx(x)) / z


def make():
    emit("/* tables.c: made by tools/fit_elementary.py. */")
    emit('#include "base/elementary/tables.h"')
    emit()
    emit("/* Hexadecimal numbers of any length side by side. */")
    emit("/* clang-format off */")
    table("ore_exp2_table", "[32][2]", [braces(pair(mpf(2) ** (mpf(i) / 32))) for i in range(32)],
          "2^(i / 32) in two parts")
    table("ore_log_table", "[128][3]", log_rows(), "1 / c, and log c in two parts")
    table("ore_sine_table", "[110][4]",
          [braces(pair(sin(mpf(k) / 128)) + pair(cos(mpf(k) / 128))) for k in range(110)],
          "sin(k / 128) and cos(k / 128), each in two parts")
    small = mpf("0.011")
    polynomial("ore_expm1_tail", lambda r: (expm1(r) - r) / r**2 if abs(r) > mpf(10) ** -15
               else mpf(1) / 2 + r / 6, -small, small, 4, "(e^r - 1 - r) / r^2, |r| <= log(2) / 64")
    polynomial("ore_expm1_near", lambda x: (expm1(x) - x - x * x / 2) / x**3
               if abs(x) > mpf(10) ** -12 else mpf(1) / 6 + x / 24, -0.3, 0.3, 10,
               "(e^x - 1 - x - x^2 / 2) / x^3, |x| <= 0.3")
    polynomial("ore_log_tail", lambda r: (log(1 + r) - r + r * r / 2) / r**3
               if abs(r) > mpf(10) ** -12 else mpf(1) / 3 - r / 4, -mpf(1) / 127, mpf(1) / 127, 7,
               "(log(1 + r) - r + r^2 / 2) / r^3, |r| <= 1 / 128")
    polynomial("ore_tanh_near", lambda z: (tanh(sqrt(z)) / sqrt(z) - 1) / z
               if z > mpf(10) ** -15 else -mpf(1) / 3 + 2 * z / 15, 0, "0.1225", 9,
               "(tanh(x) / x - 1) / z, z = x^2, |x| <= 0.35")
    polynomial("ore_erf_near", lambda z: erf(sqrt(z)) / sqrt(z) - 1 if z > mpf(10) ** -25
               else 2 / sqrt(pi) - 1, 0, 1, 14, "erf(x) / x - 1 in z = x^2, |x| <= 1")
    made, worst = erfcx_rows()
    table("ore_erfcx_table", f"[7][{len(made[0])}]",
          ["{" + ",\n      ".join(", ".join(hexa(x) for x in row[i:i + 4])
                                  for i in range(0, len(row), 4)) + "}" for row in made],
          f"e^(x^2) erfc(x) about 0.75 + i / 2; error 2^{float(log(worst, 2)):.1f}")
    polynomial("ore_erfc_tail", tail, 0, mpf(1) / 16, 15,
               "(1 - sqrt(pi) x e^(x^2) erfc(x)) / z, z = 1 / x^2, x >= 4")
    words = []
    rest = 2 / pi
    mp.prec = 1400
    rest = 2 / pi
    for _ in range(44):
        rest *= mpf(2) ** 32
        words.append(f"0x{int(floor(rest)):08x}")
        rest -= floor(rest)
    emit("/* The bits of 2 / pi, 32 a word, from the first after the point. */")
    emit("const uint32_t ore_two_over_pi[44] = {")
    rows(words)
    emit("};")
    emit("/* clang-format on */")
    return "\n".join(LINES) + "\n"


text = make()
if len(sys.argv) == 3 and sys.argv[1] == "--check":
    if open(sys.argv[2]).read() != text:
        sys.exit(f"{sys.argv[2]} differs from what this script makes")
else:
    sys.stdout.write(text)
