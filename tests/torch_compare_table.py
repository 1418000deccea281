"""torch_compare_table.py: the table of what torch_compare.py compares, and what its parts share.

torch_compare_elementwise.py, torch_compare_reduce.py, torch_compare_shape.py and
torch_compare_index.py each add the rows of their kind. A row: name, draw(d) -> arguments, ore(lib, *arguments) and torch(*arguments); see
Row. Functions that return a tensor are called with lib.tensor(NAME, ...), those with a status with
lib.status."""
import re

import torch

from torch_compare import Row

F32, F64, I64 = torch.float32, torch.float64, torch.int64
ROWS = []


def row(name, draw, torch_, ore=None, **how):
    ROWS.append(Row(name, draw, ore or (lambda lib, *a: lib.tensor(name, *a)), torch_, **how))


def says(text, reason):
    """A difference on purpose: what is reported holds `text`."""
    return lambda what: reason if text in what else None


def no_such_index(what):
    """A difference on purpose: Ore refuses an index that is out of range, though nothing is there."""
    said = re.search(r"index (-?\d+) out of range for dim \d+ of (\d+)", what)
    if said and not -int(said[2]) <= int(said[1]) < int(said[2]):
        return "torch does not look at the indices where a mask selects nothing"
    return None


def one(kind="normal", numbers=0.2, low=0, high=4):
    def draw(d):
        return [d.arg(None, d.number() if d.chance(numbers) else d.floating(), kind, low, high)]
    return draw


def dim_args(kind="normal", dtype=None):
    def draw(d):
        sizes = d.shape(0, 4)
        return [d.arg(sizes, dtype(d) if dtype else None, kind), d.dim(len(sizes))]
    return draw
