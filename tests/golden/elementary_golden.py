#!/usr/bin/env python3
"""elementary_golden.py: values of the elementary functions by mpmath, for tests/test_elementary.c.

Prints rows `function x y value rest`, all but the last in hexadecimal: value is the double nearest
to the true one, rest what is left of it in units in the last place of value; y is 0 but for pow.
Arguments: random ones of each range, the hardest of many (the true value lies close to the middle
of two doubles), and chosen ones beside the places where the functions change their method."""
import math
import random
import sys

from mpmath import mp, mpf
import mpmath

mp.prec = 400
random.seed(20)
CANDIDATES, HARD, PLAIN = 4000, 30, 60


def ulp(value):
    return math.ulp(value)


def nearest(true):
    """The nearest double, subnormal ones too: mpmath rounds to 53 bits whatever the exponent."""
    if abs(true) >= mpf(2) ** -1022:
        return float(true)
    return math.ldexp(int(mpmath.nint(mpmath.ldexp(true, 1074))), -1074)


def row(function, x, y):
    """(distance of the true value from the nearest double in ulps, the row) or None"""
    true = FUNCTIONS[function][0](mpf(x), mpf(y))
    if not isinstance(true, mpf) or not mpf(2) ** -1076 <= abs(true) < mpf(2) ** 1024:
        return None
    value = nearest(true)
    rest = float((true - mpf(value)) / mpf(ulp(value)))
    return abs(rest), f"{function}\t{x.hex()}\t{y.hex()}\t{value.hex()}\t{rest:.6f}"


def between(low, high):
    return lambda: random.uniform(low, high)


def sizes(low, high, both=True):
    """Of any binary exponent low .. high."""
    def draw():
        x = math.ldexp(random.uniform(1, 2), random.randint(low, high))
        return -x if both and random.random() < 0.5 else x
    return draw


def near(points, width):
    return lambda: random.choice(points) * (1 + random.uniform(-width, width))


def beside(*points):
    made = []
    for p in points:
        made += [p, math.nextafter(p, math.inf), math.nextafter(p, -math.inf)]
    return made


PI_HALVES = [float(k * mpmath.pi / 2) for k in list(range(1, 40)) + [10**6, 67108879, 10**9 + 7]]
SUBNORMAL = [5e-324, 1e-310, 2.2250738585072014e-308]
# the double of all that lies nearest to a multiple of pi / 2 (J.-M. Muller, Elementary Functions)
NEAREST_PI = math.ldexp(6381956970095103.0, 797)

ONE = [between(-3, 3), sizes(-60, 3)]
FUNCTIONS = {  # the function, draws of x, chosen x
    "exp": (lambda x, y: mpmath.exp(x), ONE + [between(-708, 709), between(-745, -708)],
            beside(0.0, 1.0, 709.78, -708.39, -745.1, 0.3, -0.3)),
    "expm1": (lambda x, y: mpmath.expm1(x), ONE + [between(-40, 709)],
              beside(0.3, -0.3, -40.0, 709.78, 45.0) + SUBNORMAL),
    "log": (lambda x, y: mpmath.log(x), [between(0.5, 2), sizes(-1073, 1023, False),
                                         near([1.0], 0.01), near([1.0], 1e-7)],
            beside(1.0, 0.6875, 1.375, 2.0) + SUBNORMAL + [sys.float_info.max]),
    "log1p": (lambda x, y: mpmath.log1p(x), [between(-0.999, 2), sizes(-60, -1),
                                             sizes(0, 1000, False), near([-1.0], 1e-9)],
              beside(2.0**-8, -(2.0**-8), -0.5, 1.0) + SUBNORMAL + [sys.float_info.max]),
    "log2": (lambda x, y: mpmath.log(x, 2), [between(0.5, 2), sizes(-1073, 1023, False),
                                             near([1.0], 0.01)],
             beside(1.0, 8.0, 2.0**500) + SUBNORMAL),
    "log10": (lambda x, y: mpmath.log(x, 10), [between(0.5, 2), sizes(-1073, 1023, False),
                                               near([1.0], 0.01)],
              beside(1.0, 10.0, 1000.0, 1e22) + SUBNORMAL),
    "pow": (lambda x, y: mpmath.power(x, y), [between(0.1, 10), sizes(-20, 20, False),
                                              near([1.0], 0.01), sizes(-1073, 1023, False)],
            beside(0.9, 0.999, 10.0, 2.0, 0.5) + SUBNORMAL),
    "sin": (lambda x, y: mpmath.sin(x), [between(-10, 10), sizes(-30, 1023), near(PI_HALVES, 1e-9),
                                         between(1e8, 1.1e8)],
            PI_HALVES + beside(0.126, 0.85546875, 2.426265, 105414350.0) + [NEAREST_PI]),
    "cos": (lambda x, y: mpmath.cos(x), [between(-10, 10), sizes(-30, 1023), near(PI_HALVES, 1e-9),
                                         between(1e8, 1.1e8)],
            PI_HALVES + beside(0.126, 0.85546875, 2.426265, 105414350.0) + [NEAREST_PI]),
    "tanh": (lambda x, y: mpmath.tanh(x), ONE + [between(-22, 22)],
             beside(0.35, 20.0, 2.0**-28) + SUBNORMAL),
    "erf": (lambda x, y: mpmath.erf(x), ONE + [between(-7, 7)],
            beside(0.75, 1.0, 4.0, 6.0) + SUBNORMAL),
    "erfc": (lambda x, y: mpmath.erfc(x), ONE + [between(-6, 26.6), between(26, 27.3)],
             beside(0.5, -1.0, 4.0, 26.5) + SUBNORMAL),
}


def exponent_for(x):
    """A y that leaves x^y within the doubles."""
    if random.random() < 0.3:
        return float(random.randint(-9, 9))
    size = abs(math.log(x)) or 1e-16
    return random.uniform(-1, 1) * min(740 / size, 1e18)


def with_exponent(function, x):
    return row(function, x, exponent_for(x) if function == "pow" else 0.0)


def main():
    print("# made by tests/golden/elementary_golden.py: function, x, y, nearest value, rest in ulps")
    for function, (_, draws, chosen) in FUNCTIONS.items():
        seen = [with_exponent(function, draws[i % len(draws)]()) for i in range(CANDIDATES)]
        seen = [r for r in seen if r]
        rows = [r for r in (with_exponent(function, x) for x in chosen) if r]
        rows += seen[:PLAIN] + sorted(seen[PLAIN:], key=lambda r: -r[0])[:HARD]
        for _, line in rows:
            print(line)


if __name__ == "__main__":
    main()
