"""reference.py: the pages docs/reference/functions/NAME.md, an entry for each function and callback of
include/ore/NAME.h. coverage.py writes and checks them; nothing in them is written by hand:

- the contract and the signature are the header's own lines
- torch's name is the one in the tables of docs/reference/*.md
- the line that runs is the shortest call in the programs of examples/, which the test `docs` compares
  with the pages, or in the tests, which run all of them; of a callback in a struct of options, the
  line that sets it. What only shows how a function refuses comes last
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


def shows_refusal(text):
    """Whether a line hands over what a function refuses, or nothing at all."""
    return bool(re.search(r"assert_null|assert_false|refus|expect_|invalid\(|isnan|\)99|"
                          r"\(NULL\b|NULL, NULL", text))


class Lines:
    """The best line for a name: in examples/reference, else in another example, else in a test; there
    the shortest that shows no refusal. Names are functions, and "STRUCT.member" of callbacks."""

    def __init__(self, root, callbacks):
        self.best = {}
        folders = [(0, root / "examples" / "reference"), (1, root / "examples"), (2, root / "tests")]
        for rank, folder in folders:
            for path in sorted(folder.glob("*.c")):
                place = str(path.relative_to(root))
                for line, text in code_lines(path):
                    for name in re.findall(r"\bore_\w+(?=\()", text):
                        self.offer(name, (rank, shows_refusal(text), len(text), place), text)
                for name, text in settings(path, callbacks):
                    self.offer(name, (rank, False, len(text), place), text)

    def offer(self, name, key, text):
        if name not in self.best or key < self.best[name][0]:
            self.best[name] = (key, text)

    def of(self, name):
        """(file, line), or None."""
        found = self.best.get(name)
        return (found[0][-1], found[1]) if found else None


def settings(path, callbacks):
    """("STRUCT.member", line) of each line in a C file that sets a callback of a struct."""
    code = path.read_text(encoding="utf-8")
    here = {name for name in callbacks if re.search(rf"\b{name.split('.')[0]}\b", code)}
    for line in code.split("\n"):
        found = re.fullmatch(r"\s*(\w+\.(\w+) = [a-z]\w*;)", line)
        for name in here if found else ():
            if name.split(".")[1] == found.group(2):
                yield name, found.group(1)


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


def members_of(headers):
    """"STRUCT.member" -> the callback's type, of all structs of the headers."""
    members = {}
    for body, struct in re.findall(r"typedef struct \w+ \{([^}]*)\} (\w+);", headers):
        for kind, member in re.findall(r"\b(ore_\w+) (\w+);", body):
            if re.search(rf"\(\*{kind}\)\(", headers):
                members[f"{struct}.{member}"] = kind
    return members


def users_of(callback, headers):
    """Where a callback of this type goes: members of structs, functions that take it, and functions
    that take such a struct."""
    members = [name for name, kind in members_of(headers).items() if kind == callback]
    functions = re.findall(r"ORE_API\b[^;(]*?\b(ore_\w+)\s*\(([^;]*)\);", headers)
    return members + [name for kind in [callback, *(m.split(".")[0] for m in members)]
                      for name, arguments in functions if re.search(rf"\b{kind}\b", arguments)]


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
    headers = {header: header.read_text(encoding="utf-8")
               for header in sorted((root / "include" / "ore").glob("*.h"))}
    lines, made = Lines(root, members_of("".join(headers.values()))), {}
    for header in headers:
        text = page(header, headers, torch, lines)
        if text:
            made[root / "docs" / "reference" / "functions" / (header.stem + ".md")] = text
    return made
