"""reference.py: the pages docs/reference/functions/NAME.md, an entry for each function and callback of
include/ore/NAME.h. coverage.py writes and checks them; nothing in them is written by hand:

- the contract and the signature are the header's own lines
- torch's name is the one in the tables of docs/reference/*.md
- the line that runs is the shortest call in the programs of examples/, which the test `docs` compares
  with the pages, or in the tests, which run all of them
"""
import re

HEAD = """# Functions of ore/{name}

Made by `tests/docs/coverage.py . --write` from the header, the examples and the tests.
[The page of the header](../{stem}.md) says how they belong together. Each entry has the contract as it
stands in [`include/ore/{name}`](../../../include/ore/{name}), torch's name, and a line that runs.
"""


def code_lines(path):
    """The statements of a C file that stand on one line, without indentation."""
    for line in path.read_text(encoding="utf-8").split("\n"):
        text = line.strip()
        if text.endswith(";") and text.count("(") == text.count(")") and "(" in text \
                and not text.startswith(("*", "/*", "static ", "#", "ORE_API", "return ore_fail")):
            yield line, text


class Lines:
    """The best line that calls a name: in examples/reference, else in another example, else in a
    test; there the shortest."""

    def __init__(self, root):
        self.best = {}
        folders = [(0, root / "examples" / "reference"), (1, root / "examples"), (2, root / "tests")]
        for rank, folder in folders:
            for path in sorted(folder.glob("*.c")):
                for line, text in code_lines(path):
                    for name in re.findall(r"\bore_\w+(?=\()", text):
                        self.offer(name, (rank, len(text), str(path.relative_to(root))), text)

    def offer(self, name, key, text):
        if name not in self.best or key < self.best[name][0]:
            self.best[name] = (key, text)

    def of(self, name):
        """(file, line), or None."""
        found = self.best.get(name)
        return (found[0][2], found[1]) if found else None


def entries(text):
    """The lines of each block that declares functions: a comment, types that it describes, and what
    follows without a blank line or another comment."""
    text = text.partition("ORE_BEGIN_DECLS\n")[2] if "ORE_BEGIN_DECLS\n" in text else text
    lines, i, block = text.split("\n"), 0, []
    while i < len(lines):
        if not lines[i].strip() or lines[i].startswith("/*"):
            if names_of(block):
                yield block
                block = []
            elif not lines[i].strip():
                block = []
        if lines[i].startswith("/*"):
            start = i
            while "*/" not in lines[i]:
                i += 1
            if not lines[start].startswith("/* ----"):
                block += lines[start:i + 1]
        elif lines[i].strip():
            block.append(lines[i])
        i += 1
    if names_of(block):
        yield block


def names_of(lines):
    """The functions and callbacks that the lines declare."""
    text = re.sub(r"/\*.*?\*/", " ", "\n".join(lines), flags=re.S)
    return [a or b for a, b in re.findall(
        r"ORE_API\b[^;(]*?\b(ore_\w+)\s*\(|typedef [^;{]*?\(\*(ore_\w+)\)\(", text)]


def users_of(callback, headers):
    """The functions of all headers that take a callback of this type, themselves or in a struct."""
    types = {callback} | {name for body, name in re.findall(
        r"typedef struct \w+ \{([^}]*)\} (\w+);", headers) if re.search(rf"\b{callback}\b", body)}
    return [name for name, arguments in
            re.findall(r"ORE_API\b[^;(]*?\b(ore_\w+)\s*\(([^;]*)\);", headers)
            if types & set(re.findall(r"\w+", arguments))]


def page(header, headers, torch, lines):
    text = headers[header]
    out = [HEAD.format(name=header.name, stem=header.stem)]
    found = False
    for block in entries(text):
        names, found = names_of(block), True
        out += ["## " + ", ".join(f"`{n}`" for n in names), "",
                f"<!-- example: include/ore/{header.name} -->", "```c", *block, "```", ""]
        known = [(n, torch[n]) for n in names if n in torch]
        if known:
            same = len({t for _, t in known}) == 1
            out += ["In torch: " + (known[0][1] if same else
                                    "; ".join(f"{t} is `{n}`" for n, t in known)) + ".", ""]
        shown = []
        for name in names:
            calls = [name] + users_of(name, "".join(headers.values()))
            line = next((lines.of(c) for c in calls if lines.of(c)), None)
            if line and line not in shown:
                shown.append(line)
        for path in dict.fromkeys(p for p, _ in shown):
            for _, call in (s for s in shown if s[0] == path):
                out += [f"<!-- example: {path} -->", "```c", call, "```", ""]
    return "\n".join(out).rstrip() + "\n" if found else None


def pages(root, torch):
    """Path -> text of every page."""
    lines, made = Lines(root), {}
    headers = {header: header.read_text(encoding="utf-8")
               for header in sorted((root / "include" / "ore").glob("*.h"))}
    for header in headers:
        text = page(header, headers, torch, lines)
        if text:
            made[root / "docs" / "reference" / "functions" / (header.stem + ".md")] = text
    return made
