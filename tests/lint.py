#!/usr/bin/env python3
"""lint.py ROOT: checks what the compiler does not: lengths, layers, and house rules.

- a file is at most 600 lines, a function at most 60, a line at most 100 columns, a section ruler
  one short line
- files lie in rooms, and public headers belong to rooms (scripts/rooms.py); includes point only
  downward in their order, rooms include each other in no cycle, and code above the library includes
  none of its inside
- JSON has one way, ore_json: jansson.h is included in src/io and in tests alone
- malloc and its kin are called in src/base/memory.c alone, as far as src/ goes
- no exit, abort or printing in the library; no marks of unfinished work; no machine paths
- the C library's elementary functions, whose last bits follow its version, are called in tests,
  examples and benchmarks alone
- what only Linux has stands under ORE_LINUX in PLACES_OF_SYSTEMS or tests/, and what systems do
  differently in PLACES_OF_SYSTEMS alone
"""
import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts"))
import rooms  # noqa: E402: which rooms there are, and which public header belongs to which

# Where an alternative for other systems stands beside each call; tests/shim is built on Linux alone.
PLACES_OF_SYSTEMS = ("src/base/", "tools/ore/cli/system.c")
LINUX_ONLY = re.compile(r"""\b(
    accept4 | dup3 | pipe2 | SOCK_CLOEXEC | SOCK_NONBLOCK | memfd_create | MFD_\w+ | O_TMPFILE |
    O_PATH | O_DIRECT | O_NOATIME | copy_file_range | fallocate | posix_fallocate | posix_fadvise |
    POSIX_FADV_\w+ | sync_file_range | syncfs | fdatasync | renameat2 | statx | splice(?=\s*\() |
    sendfile | F_SETPIPE_SZ | F_OFD_\w+ | epoll_\w+ | inotify_\w+ | fanotify_\w+ | eventfd | signalfd |
    timerfd_\w+ | ppoll | mremap | MAP_POPULATE | MAP_HUGETLB | MAP_STACK | MADV_HUGEPAGE |
    MADV_DONTFORK | MADV_POPULATE_\w+ | unshare | CLONE_\w+ | u?mount2?(?=\s*\() | prctl | PR_[SG]ET_\w+ |
    pidfd_\w+ | process_vm_\w+ | ptrace | getauxval | AT_HWCAP2? | gettid | tgkill | syscall(?=\s*\() |
    getrandom | sigtimedwait | sigwaitinfo | SIGRTM\w+ | SIGPWR | sched_[gs]etaffinity | cpu_set_t |
    CPU_(ZERO|SET|ISSET|COUNT|EQUAL|ALLOC|FREE)\w* | _SC_AVPHYS_PAGES | sysinfo | get_nprocs\w* |
    CLOCK_BOOTTIME | CLOCK_\w+_COARSE | clock_nanosleep | pthread_barrier\w+ | pthread_spin\w+ |
    pthread_\w+_np | pthread_condattr_setclock | pthread_mutex_timedlock | sem_init | sem_timedwait |
    malloc_trim | malloc_usable_size | mallinfo2? | mallopt | memalign | secure_getenv | execvpe |
    strchrnul | memrchr | mempcpy | rawmemchr | qsort_r | fopencookie | canonicalize_file_name |
    program_invocation_\w+ | TEMP_FAILURE_RETRY | exp10[fl]? | sincos[fl]?
    )(?!\w) | [<](linux/[\w/]+ | sys/(auxv | epoll | eventfd | inotify | prctl | sendfile | signalfd |
    sysinfo | timerfd | vfs) | features | malloc | endian | byteswap | error)\.h[>]
    """, re.X)
LINUX_PATH = re.compile(r"/proc/|/sys/(fs|devices|class|kernel)/")
VARYING = re.compile(r"\b(MSG_NOSIGNAL|SO_NOSIGPIPE|F_FULLFSYNC|fsync|environ|getentropy|ru_maxrss|"
                     r"st_[acm]tim(espec)?|sysctl\w*|_NSGet\w+|__linux__|__APPLE__)\b")
FILE_LINES, FUNCTION_LINES, COLUMNS = 600, 60, 100
CODE = {".c", ".h", ".inc", ".def", ".cu", ".cpp"}
TEXT = CODE | {".py", ".sh", ".cmake", ".txt", ".md", ""}
# What libm rounds as its version likes; sqrt, fma, fmod, floor and their kin are exact.
ELEMENTARY = (r"a?(?:sin|cos|tan)h?|atan2|sincos|exp|exp2|exp10|expm1|log|log2|log10|log1p|pow|"
              r"cbrt|hypot|erf|erfc|lgamma|tgamma|j[01n]|y[01n]")
ELEMENTARY_CALL = re.compile(rf"(?<![\w.>])(?:{ELEMENTARY})[fl]?\s*\(|"
                             rf"^\s*#\s*define\s.*\s(?:{ELEMENTARY})[fl]?\s*$")
# compares the library with the C library, within bounds
ELEMENTARY_MAY = {"tools/ore/doctor/selftest.c"}

root = Path(sys.argv[1])
problems = []


def problem(path, line, text):
    problems.append(f"{path}:{line}: {text}")


def files():
    listed = subprocess.run(["git", "-C", str(root), "ls-files", "-co", "--exclude-standard"],
                            capture_output=True, text=True)
    if listed.returncode == 0:
        names = listed.stdout.split("\n")
    else:
        names = [str(p.relative_to(root)) for p in root.rglob("*")]
    return [n for n in names if n and (root / n).is_file() and not n.startswith("build")]


def without_comments(text):
    """The code with comments and literals blanked, line for line."""
    def blank(match):
        return re.sub(r"[^\n]", " ", match.group(0))
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', blank, text,
                  flags=re.S)


def check_lengths(name, lines):
    generated = "golden" in name or "generated" in name
    if len(lines) > FILE_LINES and not generated:
        problem(name, len(lines), f"{len(lines)} lines, the limit is {FILE_LINES}")
    for i, line in enumerate(lines, 1):
        if len(line) > COLUMNS and not generated:
            problem(name, i, f"{len(line)} columns, the limit is {COLUMNS}")


def check_functions(name, code):
    start, prev = None, " "
    for i, line in enumerate(code.split("\n"), 1):
        if start is None and re.match(r"[A-Za-z_].*\)\s*\{\s*\\?$|\s{4,}.*\)\s*\{\s*\\?$", line) \
                and not re.match(r"\s*(if|for|while|switch|do|else|#)\b", line) \
                and (line[0] not in " #" or re.match(r"^[A-Za-z_]", prev)):
            start = i
        elif start is not None and re.match(r"\}", line):
            if i - start + 1 > FUNCTION_LINES:
                problem(name, start, f"a function of {i - start + 1} lines, the limit is "
                                     f"{FUNCTION_LINES}")
            start = None
        if line.strip():
            prev = line


def check_room(name):
    """That a file lies in a room, and a public header belongs to one."""
    if not name.startswith(("src/", "include/ore/", "tools/ore/")) or name == "include/ore/ore.h":
        return
    room = rooms.room_of(name)
    if room is None or rooms.height(room) is None:
        problem(name, 1, f"belongs to no room of scripts/rooms.py ({room or 'HEADERS'})")


def check_includes(name, text, uses):
    """That includes point downward; `uses` gathers what each room includes."""
    folder, room = name.split("/")[0], rooms.room_of(name)
    for i, target, file in rooms.includes_of(name, text, lambda p: (root / p).is_file()):
        if file is None:
            continue
        if folder in ("cases", "models", "tools", "examples", "lab", "include") and file.startswith("src/"):
            problem(name, i, f"{folder} includes {target} of the library's inside")
        if folder in ("src", "include") and file == "include/ore/ore.h":
            problem(name, i, "the library includes ore.h, which includes all of it")
        used = rooms.room_of(file)
        if room is None or used is None or used == room:
            continue
        uses.setdefault(room, set()).add(used)
        if rooms.points_upward(room, used):
            problem(name, i, f"{room} includes {target} of {used}, which is above it")


def check_json(name, text):
    if name.startswith(("src/io/", "tests/")):
        return
    for match in re.finditer(r"^[ \t]*#[ \t]*include[ \t]*[<\"]jansson", text, re.M):
        problem(name, text.count("\n", 0, match.start()) + 1,
                "jansson is what src/io stands on; everything else has ore_json")


def check_calls(name, code):
    if not name.startswith("src/"):
        return
    for i, line in enumerate(code.split("\n"), 1):
        if name != "src/base/memory.c" and re.search(
                r"(?<![\w.>])(malloc|calloc|realloc|free|aligned_alloc|strdup)\s*\(", line):
            problem(name, i, "calls the system allocator outside src/base/memory.c")
        if re.search(r"(?<![\w.>])(_?exit|abort|printf|puts|perror)\s*\(", line) \
                and "_exit(127)" not in line:
            problem(name, i, "the library never exits and never prints")


def check_elementary(name, code):
    if not name.startswith(("src/", "include/", "cases/", "models/", "tools/")) or name in ELEMENTARY_MAY:
        return
    for i, line in enumerate(code.split("\n"), 1):
        if ELEMENTARY_CALL.search(line):
            problem(name, i, "calls an elementary function of the C library; ore_math_* of "
                             "base/elementary/elementary.h have the same bits everywhere")


def linux_lines(lines):
    """The numbers of the lines that are compiled under ORE_LINUX alone."""
    inside, found = [], set()
    for i, line in enumerate(lines, 1):
        match = re.match(r"\s*#\s*(if|ifdef|ifndef|elif|else|endif)\b(.*)", line)
        if match:
            word, rest = match.groups()
            named = "ORE_LINUX" in rest
            if word in ("if", "ifdef", "ifndef"):
                positive = named and word != "ifndef" and "!" not in rest
                inside.append((positive, named and not positive))
            elif word == "endif":
                inside = inside[:-1]
            elif inside and word == "else":
                inside[-1] = (inside[-1][1], False)
            elif inside:
                inside[-1] = (named and "!" not in rest, False)
        elif any(positive for positive, _ in inside):
            found.add(i)
    return found


def check_systems(name, text, code):
    if name.startswith("tests/shim/"):
        return
    lines = text.split("\n")
    guarded, base = linux_lines(lines), name.startswith(PLACES_OF_SYSTEMS)
    without_notes = re.sub(r"/\*.*?\*/|//[^\n]*", lambda m: re.sub(r"[^\n]", " ", m.group(0)), text,
                           flags=re.S).split("\n")
    for i, line in enumerate(code.split("\n"), 1):
        only = LINUX_ONLY.search(line) or LINUX_PATH.search(without_notes[i - 1])
        if only and not base and not name.startswith("tests/"):
            problem(name, i, f"{only.group(0)}: only Linux has it; see src/base/system.h")
        elif only and i not in guarded:
            problem(name, i, f"{only.group(0)}: only Linux has it, and ORE_LINUX is not asked")
        varying = VARYING.search(line)
        if varying and not base:
            problem(name, i, f"{varying.group(0)}: differs between systems; see src/base/system.h")


def check_rulers(name, lines):
    for i, line in enumerate(lines, 1):
        if re.match(r"\s*/\* -{3,}", line) and not re.fullmatch(
                r"\s*/\* ---- \S.{0,84}(?<!-) ---- \*/(\s*\\)?", line):
            problem(name, i, "a section ruler is one short line: /* ---- title ---- */")


def check_marks(name, lines):
    if name == "tests/lint.py":
        return
    for i, line in enumerate(lines, 1):
        if re.search(r"\b(TODO|FIXME|XXX|HACK)\b", line):
            problem(name, i, "a mark of unfinished work")
        if re.search(r"(?<![\w.])/(work|root|farm)/", line):
            problem(name, i, "a path of one machine")


def main():
    count, uses = 0, {}
    for name in sorted(files()):
        suffix = Path(name).suffix
        if suffix not in TEXT or "/golden/" in name or "/corpus/" in name:
            continue
        try:
            text = (root / name).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        count += 1
        lines = text.rstrip("\n").split("\n")
        check_marks(name, lines)
        if suffix in CODE:
            check_lengths(name, lines)
            check_rulers(name, lines)
            code = without_comments(text)
            check_functions(name, code)
            check_room(name)
            check_includes(name, text, uses)
            check_json(name, text)
            check_calls(name, code)
            check_elementary(name, code)
            check_systems(name, text, code)
    cycle = rooms.cycle_in(uses)
    if cycle:
        problems.append("a cycle of rooms: " + " includes ".join(cycle))
    print("\n".join(problems) if problems else f"{count} files are in order")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
