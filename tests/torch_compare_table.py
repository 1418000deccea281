"""torch_compare_table.py: the table of what torch_compare.py compares, and what its parts share.

torch_compare_elementwise.py, torch_compare_reduce.py, torch_compare_shape.py and
torch_compare_index.py each add the rows of their kind. A row: name, draw(d) -> arguments, ore(lib, *arguments) and torch(*arguments); see
Row. Functions that return a tensor are called with lib.tensor(NAME, ...), those with a status with
lib.status."""
import torch

from torch_compare import Row

F32, F64, I64 = torch.float32, torch.float64, torch.int64
ROWS = []


def row(name, draw, torch_, ore=None, **how):
    ROWS.append(Row(name, draw, ore or (lambda lib, *a: lib.tensor(name, *a)), torch_, **how))


def says(text, reason):
    """A difference on purpose: what is reported holds `text`."""
    return lambda what: reason if text in what else None


def one(kind="normal", numbers=0.2, low=0, high=4):
    def draw(d):
        return [d.arg(None, d.number() if d.chance(numbers) else d.floating(), kind, low, high)]
    return draw


def dim_args(kind="normal", dtype=None):
    def draw(d):
        sizes = d.shape(0, 4)
        return [d.arg(sizes, dtype(d) if dtype else None, kind), d.dim(len(sizes))]
    return draw
