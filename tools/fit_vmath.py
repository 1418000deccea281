#!/usr/bin/env python3
"""Coefficients of the polynomials in src/backend/cpu/vector/vmath.h (needs mpmath).

Each polynomial interpolates its function at Chebyshev nodes, which is within a small factor of the
best one. Prints the coefficients, lowest power first, and the largest relative error of the whole
function after rounding them to float.
"""
import struct
from mpmath import cos, erf, erfc, exp, log, log1p, lu_solve, matrix, mp, mpf, pi, sqrt, tanh

mp.dps = 60
TINY = mpf(10) ** -12


def to_float(value):
    return mpf(struct.unpack("f", struct.pack("f", float(value)))[0])


def fit(function, low, high, degree):
    n = degree + 1
    middle, half = (low + high) / 2, (high - low) / 2
    nodes = [middle + half * cos((2 * i + 1) * pi / (2 * n)) for i in range(n)]
    powers = matrix(n, n)
    for i, x in enumerate(nodes):
        for j in range(n):
            powers[i, j] = x**j
    return list(lu_solve(powers, matrix([function(x) for x in nodes])))


def show(name, function, error, low, high, degree):
    """error(x, P(x)) is the relative error of what P stands in."""
    low, high = mpf(low), mpf(high)
    rounded = [to_float(c) for c in fit(function, low, high, degree)]
    points = [low + (high - low) * i / 2000 for i in range(2001)]
    values = [(x, sum(c * x**i for i, c in enumerate(rounded))) for x in points if abs(x) > TINY]
    worst = max(abs(error(x, p)) for x, p in values)
    print(f"{name}: worst error 2^{float(log(worst, 2)):.2f}")
    print("    " + ", ".join("%.9gf" % float(c) for c in rounded))


half_log2 = log(mpf(2)) / 2 * mpf("1.0001")
show("exp(r) = 1 + r + r^2 P(r)",
     lambda r: (exp(r) - 1 - r) / r**2 if abs(r) > TINY else mpf(1) / 2,
     lambda r, p: (1 + r + r * r * p) / exp(r) - 1, -half_log2, half_log2, 4)
show("log(1 + f) = f - f^2 / 2 + f^3 P(f)",
     lambda f: (log1p(f) - f + f * f / 2) / f**3 if abs(f) > TINY else mpf(1) / 3,
     lambda f, p: (f - f * f / 2 + f**3 * p) / log1p(f) - 1,
     sqrt(mpf(1) / 2) - 1, sqrt(mpf(2)) - 1, 8)
show("tanh(x) = x + x z P(z), z = x^2",
     lambda z: (tanh(sqrt(z)) / sqrt(z) - 1) / z,
     lambda z, p: (1 + z * p) / (tanh(sqrt(z)) / sqrt(z)) - 1, 0, "0.39", 5)
show("erf(x) = x + x P(z), z = x^2",
     lambda z: erf(sqrt(z)) / sqrt(z) - 1,
     lambda z, p: (1 + p) / (erf(sqrt(z)) / sqrt(z)) - 1, 0, 1, 7)
show("log(erfc(1 + t)) = P(t), the error that of erf",
     lambda t: log(erfc(t + 1)),
     lambda t, p: (1 - exp(p)) / erf(t + 1) - 1, 0, 3, 8)
