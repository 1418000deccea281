#!/usr/bin/env python3
"""op_places.py ROOT: that an op touches the places which docs/architecture.md names, and no others.

Fails for
- a builder of ops.h, loss.h, view.h, conv.h or sequence.h, a function that makes tensors, without a
  case in cases/*.def
- a case of a builder that no header declares
- a sample op that is named in other places of the library than those of PLACES, or not in one of
  them; the paragraph "An op" of the page must name them too

What compares ops with PyTorch (tests/golden, tests/torch_*) and the pages made from that are
evidence that an op may have, and are not counted."""
import re
import subprocess
import sys
from pathlib import Path

HEADERS = ("ops", "loss", "view", "conv", "sequence")
# The sample: a function of one tensor with a kernel of its own, none of whose levels is faster.
SAMPLE = "softsign"
PLACES = ["src/ops/smooth.c", "include/ore/ops.h", "src/backend/kernels.def",
          "src/backend/cpu/scalar/smooth_any.inc", "cases/math.def", "docs/reference/ops.md",
          "examples/reference/calls.c"]
# How the page names each of them.
NAMED = ["`src/ops/`", "`include/ore/ops.h`", "`kernels.def`", "`cpu/scalar/`", "`cases/`",
         "`docs/reference/ops.md`", "`examples/reference/calls.c`"]
EVIDENCE = re.compile(r"tests/|bench/|docs/torch-|docs/reference/functions/|CHANGELOG")


def builders(root):
    """Functions that make tensors, or put them into an array."""
    for header in HEADERS:
        text = (root / f"include/ore/{header}.h").read_text(encoding="utf-8")
        text = re.sub(r"/\*.*?\*/", " ", text, flags=re.S)
        for result, name, parameters in re.findall(
                r"ORE_API\s+([^;{]*?)\b(ore_\w+)\s*\(([^;]*?)\)\s*;", text, re.S):
            if "ore_tensor *" in result or "ore_tensor **" in parameters:
                yield name


def cases(root):
    """(file, id, builder) of each case."""
    for path in sorted((root / "cases").glob("*.def")):
        for row in re.findall(r"^(?:CASE|VALUES)\((\w+), (\w+),", path.read_text(encoding="utf-8"),
                              re.M):
            yield (path.name, *row)


def files_that_name(root, word):
    found = subprocess.run(["git", "-C", root, "grep", "-lw", "-e", word, "-e", f"ore_{word}",
                            "-e", f"{word}_backward"], capture_output=True, text=True, check=False)
    return {f for f in found.stdout.split() if not EVIDENCE.match(f)}


def problems(root):
    known, described = set(builders(root)), list(cases(root))
    covered = {builder for _, _, builder in described}
    yield from (f"ore/{'|'.join(HEADERS)}.h: {name} has no case in cases/*.def"
                for name in sorted(known - covered))
    declared = "".join(p.read_text(encoding="utf-8") for p in (root / "include/ore").glob("*.h"))
    yield from (f"cases/{file}: {case}: no header declares {builder}"
                for file, case, builder in described
                if not re.search(rf"\b{builder}\s*\(", declared))
    named = files_that_name(root, SAMPLE)
    yield from (f"{place}: names {SAMPLE}, and is no place of an op" for place in
                sorted(named - set(PLACES)))
    yield from (f"{place}: does not name {SAMPLE}" for place in PLACES if place not in named)
    page = (root / "docs/architecture.md").read_text(encoding="utf-8")
    paragraph = re.search(r"^\*\*An op\.\*\*.*?(?=^\*\*)", page, re.M | re.S)
    text = paragraph.group(0) if paragraph else ""
    yield from (f"docs/architecture.md: 'An op' does not name {place}" for place in NAMED
                if place not in text)
    print(f"{len(known)} builders, {len(described)} cases, {len(PLACES)} places of an op")


def main():
    found = list(problems(Path(sys.argv[1])))
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
