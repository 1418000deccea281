"""torch_compare_page.py: the result of torch_compare.py as a page of docs/."""
import datetime
import platform
import re

import torch

HEAD = """# Ore against PyTorch

Made by `{command}`
on {date}: torch {torch}, Python {python}, kernels {level}.

{cases:,} random configurations of {functions} functions through the C interface: shapes with sizes
0 and 1, strided views, broadcasting, dtypes, negative dims, options. Both must fail, or give the
same shape, dtype, strides of views, values and gradients. Mismatches: {mismatches}.

An error is the largest difference relative to the largest value of the result (for a few functions
relative to 1 or more, where a result is a small difference of large numbers). Where results differ,
Ore's is measured against PyTorch's float64: it must be right there, or, where large numbers cancel,
at most {noise:g} times as far off as PyTorch's float32 or as what changes of the inputs by half a unit
in their last place lead to. "exact" are integers, bools and copies. What draws random numbers is
compared as samples of 3,000: the number is their distance (Kolmogorov and Smirnov), at most
{limit:.2g}. The test `torch_compare` runs a part of this where Python has torch, and fails where this
page lists other functions.

| Ore | cases | values: float32 | float64 | gradients: float32 | float64 |
|---|---|---|---|---|---|
"""


def merged(report, rows):
    """Per function: the cases, and the worst error by (what, dtype)."""
    functions = {}
    for row in rows:
        for name in row.functions() if report.count.get(row.name) else ():
            entry = functions.setdefault(name, {"cases": 0})
            entry["cases"] += report.count[row.name]
            for (of, what, dtype), error in report.worst.items():
                if of == row.name:
                    entry[what, dtype] = max(entry.get((what, dtype), 0.0), error)
    return functions


def cell(entry, what, dtype):
    error = entry.get((what, dtype))
    if what == "value" and error is None and ("distance", dtype) in entry:
        return f"sample {entry['distance', dtype]:.2g}"
    return "" if error is None else f"{error:.1e}" if error else "0"


def line(name, entry):
    values = [cell(entry, "value", d) for d in ("float32", "float64")]
    if not any(values):
        sample = entry.get(("distance", "int64"))
        values = ["exact" if sample is None else f"sample {sample:.2g}"] * 2
    gradients = [cell(entry, "gradient", d) for d in ("float32", "float64")]
    return "| `ore_{}` | {:,} | {} | {} | {} | {} |\n".format(name, entry["cases"], *values,
                                                            *gradients)


def write_page(path, report, rows, lib, options):
    from torch_compare import NOISE
    from torch_compare_random import LIMIT
    functions = merged(report, rows)
    head = HEAD.format(
        command=f"tests/torch_compare.py --rounds {options.rounds} --seed {options.seed} --page "
                f"docs/{path.name}",
        date=datetime.date.today().isoformat(), torch=torch.__version__,
        python=platform.python_version(), level=lib.lib.ore_cpu_level().decode(),
        cases=sum(report.count.values()), functions=len(functions), limit=LIMIT, noise=NOISE,
        mismatches=sum(map(len, report.bad.values())))
    tail = "".join(f"\n- `ore_{name}` differs on purpose ({count} of the cases): {why}"
                   for (name, why), count in sorted(report.known.items()))
    tail += "".join(f"\n- `ore_{name}` was held against PyTorch's float64 (results: {count})"
                    for name, count in sorted(report.noise.items()))
    path.write_text(head + "".join(line(n, functions[n]) for n in sorted(functions)) +
                    (tail + "\n" if tail else ""), encoding="utf-8")


def check_page(path, rows):
    """How many functions the page has too many or too few; prints them."""
    listed = set(re.findall(r"^\| `ore_(\w+)`", path.read_text(encoding="utf-8"), re.M))
    compared = set().union(*(row.functions() for row in rows))
    for name in sorted(listed ^ compared):
        print(f"{path.name}: {'lists' if name in listed else 'lacks'} ore_{name}; --page "
              f"{path.name} makes it anew")
    return len(listed ^ compared)
