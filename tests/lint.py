#!/usr/bin/env python3
"""lint.py ROOT: checks what the compiler does not: lengths, layers, and house rules.

- a file is at most 600 lines, a function at most 60, a line at most 100 columns, a section ruler
  one short line
- src/ includes only downward in the list of rooms; code above it only <ore/..> and models/
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

ROOMS = ["base", "backend", "core", "ops", "dist", "nn", "optim", "io", "plot", "scalar", "data",
         "text", "infer", "train"]
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


def check_layers(name, text):
    parts = name.split("/")
    for i, line in enumerate(text.split("\n"), 1):
        match = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
        if not match:
            continue
        target = match.group(2)
        if parts[0] == "include" and match.group(1) == '"':
            problem(name, i, f"a public header includes {target}")
        if parts[0] == "src":
            room, other = parts[1], target.split("/")[0]
            if target.startswith(("models/", "tools/")):
                problem(name, i, f"src includes {target}, which is above it")
            if room in ROOMS and other in ROOMS and match.group(1) == '"' \
                    and ROOMS.index(other) > ROOMS.index(room):
                problem(name, i, f"{room} includes {target}, which is above it")
        if parts[0] in ("models", "tools", "examples") and match.group(1) == '"':
            if target.split("/")[0] in ROOMS and (root / "src" / target).exists():
                problem(name, i, f"{parts[0]} includes {target} of the library's inside")
        if parts[0] == "models" and target.startswith("tools/"):
            problem(name, i, f"models include {target}, which is above them")


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
    if not name.startswith(("src/", "include/", "models/", "tools/")) or name in ELEMENTARY_MAY:
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
    count = 0
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
            check_layers(name, text)
            check_calls(name, code)
            check_elementary(name, code)
            check_systems(name, text, code)
    print("\n".join(problems) if problems else f"{count} files are in order")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
