#!/usr/bin/env python3
"""coverage.py ROOT [--write]: makes docs/torch-coverage.md, one row for each public function: its name
in torch, and what tests compare it with. Without --write, checks that the page is up to date.

Everything comes from elsewhere, so there is no list to keep:
- the functions, from ORE_API in include/ore/*.h
- torch's names, from the tables of docs/reference/*.md, whose first column is torch's
- tests, from calls in the code of tests/**/*.c, comments and texts left out: a function in the tables of
  support/golden_*.c has golden values, a CASE in cases/*.def a gradient check
- comparisons with PyTorch itself, from docs/torch-compare.md, which torch_compare.py writes
- all of torch's names, from torch_names.txt beside this file, which torch_names.py writes

It also makes the pages of functions, see reference.py.

It fails for a public function that no test calls, and for an operation of OPERATIONS that is compared
neither with PyTorch nor with central differences."""
import re
import sys
from pathlib import Path

sys.dont_write_bytecode = True
import reference  # noqa: E402

root = Path(sys.argv[1]).resolve()
PAGE = root / "docs" / "torch-coverage.md"
COMPARED = root / "docs" / "torch-compare.md"
NAMES = Path(__file__).with_name("torch_names.txt")
OPERATIONS = ("ops.h", "loss.h", "view.h", "conv.h", "position.h", "sequence.h")
INTRO = """# What torch has, what Ore has, what is tested against what

Made by `tests/docs/coverage.py . --write` from the headers, the reference pages and the tests. The
test `coverage` fails when this page is out of date, when a public function is called by no test, and
when an operation is compared with nothing.

- **golden**: results and gradients in `tests/golden/ops.json`, made by torch 1.13.1
- **PyTorch**: the same call in both by `tests/torch_compare.py`; the worst error of each is in
  [torch-compare.md](torch-compare.md)
- **differences**: the gradient against central differences in float64
- the last column: the test program that calls the function most, and the golden files that this
  program reads
"""


def without_comments(text):
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', " ", text,
                  flags=re.S)


def public_functions(header):
    """(name, whether it makes a tensor), in the order of the header."""
    text = without_comments(header.read_text(encoding="utf-8"))
    return [(name, "ore_tensor *" in result) for result, name in
            re.findall(r"ORE_API\b([^;{]*?)\b(ore_\w+)\s*\(", text)]


def calls_of(path):
    """How often the code of a test names each function."""
    counts = {}
    for name in re.findall(r"\bore_\w+", without_comments(path.read_text(encoding="utf-8"))):
        counts[name] = counts.get(name, 0) + 1
    return counts


def torch_rows():
    """(torch's module, torch's cell, Ore's cell) of the tables of the reference whose first column is
    torch's."""
    for page in sorted((root / "docs" / "reference").glob("*.md")):
        place = None  # torch's module, while in such a table
        for line in page.read_text(encoding="utf-8").split("\n"):
            cells = line.strip().strip("|").split(" | ")
            heading = re.match(r" ?(torch[\w.]*) ?$", cells[0])
            if not line.startswith("|"):
                place = None
            elif heading:
                place = heading.group(1)
            elif place and len(cells) > 1:
                yield place, cells[0], cells[1]


def torch_names():
    """Ore's name -> torch's."""
    names = {}
    for place, torch_cell, ore_cell in torch_rows():
        add_names(names, place, torch_cell, ore_cell)
    return names


def add_names(names, place, torch_cell, ore_cell):
    """Where both cells list as many names they go pair by pair (in Ore's cell a semicolon starts
    again); else each has the whole cell. What stands before the first one's dot holds for bare
    names after it."""
    torches = re.findall(r"`([^`]+)`", torch_cell)
    prefix = re.match(r"((?:torch|F|nn)\.)|", torches[0] if torches else "").group(1) or ""
    prefix = place + "." if place != "torch" else prefix
    torches = [prefix + t if re.match(r"\w+(\(.*\))?$", t) else t for t in torches]
    for part in ore_cell.split(";"):
        ores = re.findall(r"\bore_\w+", part)
        for i, ore in enumerate(ores):
            own = torches[i:i + 1] if len(torches) == len(ores) else torches
            if own and ore not in names:
                names[ore] = ", ".join(f"`{t}`" for t in own)


def compared_functions():
    """Ore's name -> whether gradients were compared, from torch_compare's page."""
    rows = re.findall(r"^\| `(ore_\w+)` \|[^|]*\|[^|]*\|[^|]*\|([^|]*)\|([^|]*)\|",
                      COMPARED.read_text(encoding="utf-8"), re.M)
    return {name: any(cell.strip() for cell in gradients) for name, *gradients in rows}


# torch's names of what goes by another one here.
SYNONYMS = {"BCELoss": "binary_cross_entropy", "BCEWithLogitsLoss": "binary_cross_entropy_with_logits",
            "CrossEntropyLoss": "cross_entropy", "KLDivLoss": "kl_div", "LRScheduler": "schedule",
            "Parameter": "module_register_parameter", "ReduceLROnPlateau": "reduce_lr_on_plateau",
            "cpu": "to_device", "cuda": "to_device", "data_ptr": "data", "double": "to",
            "float": "to", "half": "to", "int": "to", "load": "safetensors_open", "long": "to",
            "mm": "matmul", "numpy": "data", "rsub": "rsub_scalar", "save": "safetensors_write",
            "split_with_sizes": "split_sizes", "type_as": "to"}


def squashed(name):
    return name.replace("_", "").lower()


def known_names():
    """Names that Ore has, squashed: those in the first column of the reference's tables, without
    arguments, and those of the functions themselves: ore_f_NAME, ore_init_NAME, ore_NAME_layer_init."""
    known = set()
    for _, cell, _ in torch_rows():
        cell = re.sub(r"\([^()]*\)", " ", cell)
        known |= set(re.findall(r"[A-Za-z_]\w*", " ".join(re.findall(r"`([^`]+)`", cell))))
    for header in (root / "include" / "ore").glob("*.h"):
        for name, _ in public_functions(header):
            bare = re.sub(r"^ore_(f_|init_)?", "", name)
            known |= {bare, re.sub(r"(_layer)?_(init|new|defaults)$", "", bare)}
    return {squashed(name) for name in known}


def lacking():
    """The last part of the page: torch's names that no table of the reference has."""
    known, parts = known_names(), {}
    version, *rows = NAMES.read_text(encoding="utf-8").splitlines()
    for row in rows:
        part, name = row.split("\t")
        parts.setdefault(part, []).append(name)
    lines = ["", "## What torch has and Ore lacks", "",
             f"Public names of {version.lstrip('# ').split(':')[0]} that no table of the reference "
             "names, without aliases;", "functions that are methods too stand under `torch`.", "",
             "| part of torch | has | Ore lacks |", "|---|---|---|"]
    for part, names in parts.items():
        missing = [n for n in names if squashed(SYNONYMS.get(n, n)) not in known]
        lines.append(f"| `{part}` | {len(names)} | {len(missing)}: "
                     + ", ".join(f"`{n}`" for n in missing) + " |")
    return lines


class Tests:
    def __init__(self):
        self.calls = {p: calls_of(p) for p in sorted((root / "tests").rglob("*.c"))}
        program = self.calls[root / "tests" / "test_cases.c"]  # runs all that cases/ describes
        for path in sorted(p for kind in ("*.c", "*.def") for p in (root / "cases").glob(kind)):
            for name, count in calls_of(path).items():
                program[name] = program.get(name, 0) + count
        self.golden = self.named_in(lambda p: p.name.startswith("golden_"))
        self.differences = {name for path in (root / "cases").glob("*.def") for row in re.findall(
            r"^CASE\(.*?(?=^CASE|^VALUES|\Z)", path.read_text(encoding="utf-8"), re.M | re.S)
                            for name in re.findall(r"\bore_\w+", row)}
        self.compared = compared_functions()

    def named_in(self, which):
        return {name for path, calls in self.calls.items() if which(path) for name in calls}

    def program(self, name):
        """The program that calls it most, and what golden files that reads; "" if none does."""
        counts = [(calls[name], path) for path, calls in self.calls.items() if name in calls]
        if not counts:
            return ""
        programs = [c for c in counts if c[1].name.startswith("test_")] or counts
        path = min(programs, key=lambda c: (-c[0], c[1]))[1]
        golden = re.findall(r"/golden/([\w.]+\.(?:tsv|json|txt|safetensors))",
                            path.read_text(encoding="utf-8"))
        return f"{path.name}" + "".join(f", {g}" for g in sorted(set(golden)))

    def against(self, header, name):
        """What values and gradients are compared with. Where PyTorch has no gradient to compare,
        a gradient check calls the function only for its arguments."""
        here, gradient = name in self.compared, self.compared.get(name, True)
        operation = header.name in OPERATIONS
        values = ["golden"] * (operation and name in self.golden) + ["PyTorch"] * here
        gradients = ["differences"] * (operation and gradient and name in self.differences)
        return values, gradients + ["PyTorch"] * (here and gradient)


def page_and_problems():
    tests, torch, problems, lines, count = Tests(), torch_names(), [], [], 0
    for header in sorted((root / "include" / "ore").glob("*.h")):
        functions = public_functions(header)
        if functions:
            lines += ["", f"## {header.name}", "", "| torch | Ore | values | gradients | test |",
                      "|---|---|---|---|---|"]
        for name, makes_tensor in functions:
            count += 1
            values, gradients = tests.against(header, name)
            program = tests.program(name)
            if not program:
                problems.append(f"{header.name}: {name} is called by no test")
            if header.name in OPERATIONS and makes_tensor and not values and not gradients:
                problems.append(f"{header.name}: {name} is compared with neither PyTorch nor "
                                "central differences")
            lines.append(f"| {torch.get(name, '')} | `{name}` | {', '.join(values)} | "
                         f"{', '.join(gradients)} | {program} |")
    named = sum(1 for line in lines if line.startswith("| `"))
    head = f"{INTRO}\n{count} functions, {named} of them with a name in torch."
    return head + "\n" + "\n".join(lines + lacking()) + "\n", problems


def main():
    page, problems = page_and_problems()
    pages = {PAGE: page, **reference.pages(root, torch_names())}
    old = set((root / "docs" / "reference" / "functions").glob("*.md")) - set(pages)
    for path, text in pages.items():
        if "--write" in sys.argv[2:]:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        elif not path.is_file() or path.read_text(encoding="utf-8") != text:
            old.add(path)
    problems += [f"{path.relative_to(root)} is out of date: python3 tests/docs/coverage.py . --write"
                 for path in sorted(old)]
    print("\n".join(problems) if problems else f"{len(pages)} pages are up to date")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
