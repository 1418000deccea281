#!/usr/bin/env python3
"""rooms.py ROOT BUILD [--write]: which rooms of the house include and call which, checked and drawn.

A room is a folder of the tree (ROOMS); a public header belongs to the room whose functions it
declares (HEADERS). A room may use itself and rooms below it. The includes are read from the files,
the calls from the symbol tables of the object files in BUILD (by nm, or the program that the
environment variable NM names), so that a function that is declared by hand is found too.

Without --write, fails for
- an include or a call that points upward, and a cycle of rooms
- a public function whose header belongs to another room than its code
- docs/rooms.svg, the picture of all that, where it is out of date; --write draws it anew

tests/lint.py takes the rules of includes from here, and needs no build for them."""
import os
import re
import subprocess
import sys
from pathlib import Path

# From the lowest to the highest: the library, what stands on it, the command.
LIBRARY = ["base", "backend", "core", "ops", "dist", "nn", "debug", "optim", "io", "plot", "scalar", "data",
           "text", "infer", "train"]
ABOVE = ["cases", "models", "models/*", "models/list", "examples", "lab/frame", "lab/rungs", "lab"]
COMMAND = ["tools/cli", "tools/config", "tools/run", "tools/tasks", "tools/open", "tools/bench", "tools/data",
           "tools/doctor", "tools/lab", "tools/cache", "tools/info", "tools/tokenizer", "tools/embed", "tools/logits", "tools/convert", "tools/sample", "tools/train", "tools/sweep", "tools/main"]
ROOMS = LIBRARY + ABOVE + COMMAND
HEADERS = {
    "base": "base", "coding": "base", "files": "base", "generator": "base", "shape": "base",
    "device": "backend",
    "tensor": "core", "op": "core", "autocast": "core", "pyrandom": "core",
    "ops": "ops", "loss": "ops", "view": "ops", "conv": "ops", "position": "ops", "random": "ops",
    "nn": "nn", "init": "nn", "transformer": "nn", "attend": "nn",
    "sequence": "ops", "rnn": "nn",
    "optim": "optim", "grad_scaler": "optim",
    "io": "io", "table": "io", "weights": "io", "tensor_file": "io",
    "debug": "debug", "plot": "plot",
    "value": "scalar",
    "data": "data", "dataset": "data", "image": "data", "sampler": "data",
    "shards": "data",
    "text": "text", "prepare": "text", "tokenizer_trainer": "text",
    "infer": "infer",
    "train": "train", "gradcheck": "train", "run": "train",
}
# Lists of what other rooms of their level hold: a room of their own above these.
LISTS = {"models/list.c": "models/list"}
CODE = (".c", ".h", ".inc", ".def", ".cu", ".cpp")


def room_of(path):
    """The room of a file; None for what is in none: tests, ore.h, a header without a room."""
    parts = path.split("/")
    if path in LISTS:
        return LISTS[path]
    if path.startswith("include/ore/"):
        return HEADERS.get(Path(path).stem)
    if parts[0] == "src" and len(parts) > 2:
        return parts[1]
    if parts[0] in ("models", "lab"):
        return "/".join(parts[:-1][:2])
    if path.startswith("tools/ore/"):
        return "tools/" + (parts[2] if len(parts) > 3 else "main")
    return parts[0] if parts[0] in ("cases", "examples") else None


def height(room):
    """The place in ROOMS; those of the families of models are equal. None for an unknown room."""
    name = "models/*" if room.startswith("models/") and room not in ROOMS else room
    return ROOMS.index(name) if name in ROOMS else None


def included_file(path, target, is_file):
    """The file of the tree that `path` includes as `target`; None for one from elsewhere. What is
    named by its room need not be there."""
    room = target.split("/")[0] if "/" in target else None
    if room == "ore":
        return "include/" + target
    if room in ("cases", "models", "lab", "tools"):
        return target
    if room in LIBRARY:
        inside = "src/" + target
        if path.startswith("src/") or is_file(inside):
            return inside
    for folder in (str(Path(path).parent), "tools/ore"):
        if is_file(f"{folder}/{target}"):
            return f"{folder}/{target}"
    return f"tools/ore/{target}" if f"tools/{room}" in COMMAND else None


def includes_of(path, text, is_file):
    """(line number, the target as it is written, the file of the tree or None) of each include."""
    for i, line in enumerate(text.split("\n"), 1):
        match = re.match(r'\s*#\s*include\s*[<"]([^>"]+)[>"]', line)
        if match:
            yield i, match.group(1), included_file(path, match.group(1), is_file)


def points_upward(user, used):
    """Whether `user`, a room, may not use `used`, another one."""
    below, above = height(used), height(user)
    return below is not None and above is not None and below > above


def cycle_in(edges):
    """A cycle of rooms, as a list that begins and ends with the same one; [] if there is none."""
    state = {}

    def walk(room, path):
        state[room] = "open"
        for used in sorted(edges.get(room, ())):
            if state.get(used) == "open":
                return path[path.index(used):] + [used]
            if used not in state:
                found = walk(used, path + [used])
                if found:
                    return found
        state[room] = "done"
        return []

    for room in sorted(edges):
        if room not in state:
            found = walk(room, [room])
            if found:
                return found
    return []


def sources(root):
    listed = subprocess.run(["git", "-C", str(root), "ls-files", "-co", "--exclude-standard"],
                            capture_output=True, text=True, check=True).stdout.split("\n")
    return sorted(p for p in listed if p.endswith(CODE) and (root / p).is_file())


# ---- calls ----

def objects(root, build):
    """(the source, its object file) of each object of the library, the models, the lab and the
    command; objects whose source has gone are left out."""
    for path in sorted(build.glob("CMakeFiles/*.dir/**/*.o")):
        target, rest = re.match(r"CMakeFiles/(\w+)\.dir/(.*)\.o$",
                                path.relative_to(build).as_posix()).groups()
        if re.fullmatch(r"ore|ore_[a-z0-9]+", target) and (root / rest).is_file():
            yield rest, path


def calls(root, build):
    """(file that calls, name, file that defines it) of each call, and where each name is defined."""
    home, taken, source_of = {}, [], {str(path): source for source, path in objects(root, build)}
    listed = subprocess.run([os.environ.get("NM", "nm"), "-gA", *source_of], capture_output=True,
                            text=True, check=True).stdout
    for line in listed.split("\n"):
        match = re.match(r"(.*\.o):.* ([A-Za-z]) _?(\w+)$", line)
        if match:
            source, kind, name = source_of[match.group(1)], match.group(2), match.group(3)
            if kind == "U":
                taken.append((source, name))
            elif name != "main":
                home[name] = source
    return [(user, name, home[name]) for user, name in taken if name in home], home


# ---- the whole ----

def gather(root, build):
    """The edges {(user, used): {"include", "call"}}, and what is wrong."""
    edges, problems = {}, []
    files = sources(root)
    known = set(files)

    def add(kind, user_file, used_file, what):
        user, used = room_of(user_file), room_of(used_file)
        if user is None or used is None or user == used:
            return
        edges.setdefault((user, used), set()).add(kind)
        if points_upward(user, used):
            problems.append(f"{user_file}: {what} of {used}, which is above {user}")

    for path in files:
        text = (root / path).read_text(encoding="utf-8", errors="replace")
        for _, target, file in includes_of(path, text, known.__contains__):
            if file:
                add("include", path, file, f"includes {target}")
    made, home = calls(root, build)
    for user, name, definer in made:
        add("call", user, definer, f"calls {name}")
    for header, room in HEADERS.items():
        path = root / "include" / "ore" / (header + ".h")
        if not path.is_file():
            problems.append(f"include/ore/{header}.h: rooms.py gives it a room, but it is not there")
            continue
        text = re.sub(r"/\*.*?\*/", " ", path.read_text(encoding="utf-8"), flags=re.S)
        for name in re.findall(r"ORE_API\b[^;{]*?\b(ore_\w+)\s*\(", text):
            if name in home and room_of(home[name]) != room:
                problems.append(f"include/ore/{header}.h: {name} is in {home[name]}, but the header "
                                f"belongs to {room}")
    uses = {}
    for user, used in edges:
        uses.setdefault(user, set()).add(used)
    cycle = cycle_in(uses)
    if cycle:
        problems.append("a cycle of rooms: " + " uses ".join(cycle))
    return edges, problems


# ---- the picture ----

WIDTH, HEIGHT, GAP_X, GAP_Y, MARGIN = 116, 28, 18, 36, 16  # of a box and between boxes, in pixels
FILLS = {"library": "#e8f0fb", "above": "#eef7e8", "command": "#fbf1e3"}


def implied(edges):
    """The edges that follow from others: a longer path leads there as well."""
    uses = {}
    for user, used in edges:
        uses.setdefault(user, set()).add(used)
    reach = {}

    def reached(room):
        if room not in reach:
            reach[room] = set()
            for used in uses.get(room, ()):
                reach[room] |= {used} | reached(used)
        return reach[room]

    return {(user, used) for user, used in edges
            if any(used in reached(other) for other in uses[user] if other != used)}


def rows_of(edges):
    """The rooms in rows, the lowest first; each stands above all that it uses."""
    rooms = sorted({room for edge in edges for room in edge}, key=lambda r: (height(r), r))
    row = {}
    for room in rooms:
        row[room] = max((row[used] + 1 for user, used in edges if user == room and used in row),
                        default=0)
    rows = [[r for r in rooms if row[r] == i] for i in range(max(row.values()) + 1)]
    middle = {r: (i + 0.5) / len(line) for line in rows for i, r in enumerate(line)}
    for _ in range(8):  # each room moves towards the mean of those that it is joined to
        for line in rows:
            def mean(room):
                near = [middle[b if a == room else a] for a, b in edges if room in (a, b)]
                return sum(near) / len(near)
            line.sort(key=lambda r: (round(mean(r), 6), r))
            middle.update({r: (i + 0.5) / len(line) for i, r in enumerate(line)})
    return rows


def drawing(edges):
    rows = rows_of(edges)
    width = max(len(line) for line in rows) * (WIDTH + GAP_X) - GAP_X + 2 * MARGIN
    height_px = len(rows) * (HEIGHT + GAP_Y) - GAP_Y + 2 * MARGIN
    place = {}
    for i, line in enumerate(rows):
        left = (width - len(line) * (WIDTH + GAP_X) + GAP_X) / 2
        for j, room in enumerate(line):
            place[room] = (left + j * (WIDTH + GAP_X),
                           height_px - MARGIN - HEIGHT - i * (HEIGHT + GAP_Y))
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height_px}" '
           f'viewBox="0 0 {width} {height_px}" font-family="sans-serif" font-size="13">',
           '<title>Rooms of Ore: what includes and calls what</title>',
           '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" '
           'markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" fill="#445"/></marker></defs>',
           f'<rect width="{width}" height="{height_px}" fill="white"/>']
    hidden = implied(edges)
    for user, used in sorted(edges):
        if (user, used) in hidden:
            continue
        (x, y), (to_x, to_y) = place[user], place[used]
        x, y, to_x = x + WIDTH / 2, y + HEIGHT, to_x + WIDTH / 2
        bend = (to_y - y) / 2
        dash = "" if "call" in edges[user, used] else ' stroke-dasharray="5 4"'
        out.append(f'<path d="M{x:g} {y:g}C{x:g} {y + bend:g} {to_x:g} {to_y - bend:g} {to_x:g} '
                   f'{to_y:g}" fill="none" stroke="#445"{dash} marker-end="url(#tip)"/>')
    for room, (x, y) in sorted(place.items()):
        kind = ("library" if room in LIBRARY else "command" if room.startswith("tools/") else
                "above")
        label = "ore" if room == "tools/main" else re.sub("^tools/", "ore ", room)
        out.append(f'<rect x="{x:g}" y="{y:g}" width="{WIDTH}" height="{HEIGHT}" rx="4" '
                   f'fill="{FILLS[kind]}" stroke="#667"/>')
        out.append(f'<text x="{x + WIDTH / 2:g}" y="{y + 19:g}" text-anchor="middle">{label}</text>')
    return "\n".join(out + ["</svg>", ""])


def main():
    if len(sys.argv) < 3:
        sys.exit("usage: rooms.py ROOT BUILD [--write]")
    root, build = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
    edges, problems = gather(root, build)
    picture = root / "docs" / "rooms.svg"
    if not problems:
        text = drawing(edges)
        if "--write" in sys.argv:
            picture.write_text(text, encoding="utf-8")
        elif not picture.is_file() or picture.read_text(encoding="utf-8") != text:
            problems.append("docs/rooms.svg is out of date: scripts/rooms.py . build --write")
    print("\n".join(problems) if problems else
          f"{len({r for e in edges for r in e})} rooms, {len(edges)} times one uses another, all "
          "downward")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
