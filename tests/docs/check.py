#!/usr/bin/env python3
"""check.py ROOT BUILD: keeps README.md and docs/ true.

- a ```c block stands under <!-- example: FILE -->, and its lines stand in that file as they are, in
  a row, indented alike
- a block under <!-- output: FILE --> is what the program made of that example prints
- a relative link leads to a file, and its #fragment to a heading there
- docs/reference/NAME.md names every function that include/ore/NAME.h declares
"""
import re
import subprocess
import sys
import tempfile
from pathlib import Path

root, build = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
problems = []
quotes = outputs = links = functions = 0


def problem(page, line, text):
    problems.append(f"{page.relative_to(root)}:{line}: {text}")


def blocks(text):
    """(line number, marker kind, marker file, language, lines) of each fenced block."""
    lines, i = text.split("\n"), 0
    while i < len(lines):
        fence = re.match(r"```(\w*)$", lines[i])
        if not fence:
            i += 1
            continue
        end = lines.index("```", i + 1)
        above = next((line for line in reversed(lines[:i]) if line.strip()), "")
        marker = re.match(r"<!-- (example|output): (\S+) -->$", above)
        kind, name = marker.groups() if marker else (None, None)
        yield i + 1, kind, name, fence.group(1), lines[i + 1:end]
        i = end + 1


def without_margin(lines):
    margin = min((len(l) - len(l.lstrip()) for l in lines if l.strip()), default=0)
    return [l[margin:].rstrip() for l in lines]


def stands_in(quote, source):
    quote = without_margin(quote)
    count = len(quote)
    return any(without_margin(source[i:i + count]) == quote
               for i in range(len(source) - count + 1))


def check_quote(page, line, name, lines):
    global quotes
    quotes += 1
    if not (root / name).is_file():
        problem(page, line, f"no file {name}")
    elif not stands_in(lines, (root / name).read_text(encoding="utf-8").split("\n")):
        problem(page, line, f"these lines do not stand in {name} as they are here")


def check_output(page, line, name, lines):
    global outputs
    outputs += 1
    program = build / Path(name).with_suffix("")
    if not program.is_file():
        problem(page, line, f"no program {program.name} of {name} in the build")
        return
    with tempfile.TemporaryDirectory() as folder:
        ran = subprocess.run([program], capture_output=True, text=True, cwd=folder)
    said = [l.rstrip() for l in ran.stdout.rstrip("\n").split("\n")]
    if ran.returncode != 0 or said != [l.rstrip() for l in lines]:
        problem(page, line, f"{name} prints (status {ran.returncode}):\n" + "\n".join(said))


def fragments(page):
    heads = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in heads}


def check_links(page, text):
    global links
    text = re.sub(r"```.*?```|`[^`\n]*`", lambda m: re.sub(r"[^\n]", " ", m.group(0)), text,
                  flags=re.S)
    for match in re.finditer(r"\[[^\]]*\]\(([^)\s]+)\)", text):
        target, _, fragment = match.group(1).partition("#")
        if re.match(r"\w+:", target):
            continue
        links += 1
        line = text.count("\n", 0, match.start()) + 1
        path = (page.parent / target).resolve() if target else page
        if not path.exists():
            problem(page, line, f"no file {target}")
        elif fragment and fragment not in fragments(path):
            problem(page, line, f"no heading #{fragment} in {path.name}")


def check_reference(header):
    global functions
    page = root / "docs" / "reference" / (header.stem + ".md")
    if not page.is_file():
        problem(header, 1, f"no {page.relative_to(root)}")
        return
    said = set(re.findall(r"\bore_\w+", page.read_text(encoding="utf-8")))
    for name in re.findall(r"ORE_API\b[^;{]*?\b(ore_\w+)\s*\(", header.read_text(encoding="utf-8")):
        functions += 1
        if name not in said:
            problem(page, 1, f"does not name {name} of {header.name}")


def check_page(page):
    text = page.read_text(encoding="utf-8")
    for line, kind, name, language, lines in blocks(text):
        if kind == "example":
            check_quote(page, line, name, lines)
        elif kind == "output":
            check_output(page, line, name, lines)
        elif language in ("c", "cpp"):
            problem(page, line, "a C block without <!-- example: FILE --> above it")
    check_links(page, text)


def main():
    for page in [root / "README.md", *sorted((root / "docs").rglob("*.md"))]:
        check_page(page)
    for header in sorted((root / "include" / "ore").glob("*.h")):
        if header.stem != "ore":
            check_reference(header)
    print("\n".join(problems) if problems else
          f"{quotes} quotes, {outputs} outputs, {links} links, {functions} functions are in order")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
