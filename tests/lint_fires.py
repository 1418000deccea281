#!/usr/bin/env python3
"""lint_fires.py LINT: the rules of lint.py refuse what they are for, and nothing beside it."""
import subprocess
import sys
import tempfile
from pathlib import Path

ELEMENTARY = "calls an elementary function of the C library"
GUARDED = "#ifdef ORE_LINUX\nint a = pipe2(end, 0);\n#else\nint a = pipe(end);\n#endif\n"
CYCLE = {"models/a/a.h": '#include "models/b/b.h"\n', "models/b/b.h": '#include "models/a/a.h"\n'}
INSIDE = {"src/ops/op.h": "int x;\n", "lab/rungs/a.c": '#include "ops/op.h"\n'}
CASES = [  # a file, its text, what lint says of it; or several, {file: text}, and what it says
    ("src/ops/a.c", "double f(double x) {\n    return exp(x);\n}\n", ELEMENTARY),
    ("src/ops/a.c", "float f(float x) {\n    return 1 + tanhf (x);\n}\n", ELEMENTARY),
    ("src/nn/a.c", "double f(double x) {\n    return -lgamma(x);\n}\n", ELEMENTARY),
    ("src/backend/cpu/scalar/a.inc", "UNARY(log, log(a))\n", ELEMENTARY),
    ("src/backend/cpu/scalar/a.c", "#define LOG log\n", ELEMENTARY),
    ("models/a/a.c", "double f(double x) {\n    return pow(x, 3);\n}\n", ELEMENTARY),
    ("tools/ore/a.c", "double f(double x) {\n    return log10(x);\n}\n", ELEMENTARY),
    ("src/ops/a.c", "/* exp(x) */\ndouble f(double x) {\n    return ore_math_exp(x);\n}\n", None),
    ("src/ops/a.c", "double f(double x) {\n    return sqrt(fmod(x, 2)) + ore_log(x);\n}\n", None),
    ("src/ops/a.c", "UNARY(log, MATH(log, a))\n", None),
    ("src/ops/a.c", "double f(s *p) {\n    return p->exp(2) + floor(fma(2, 3, 4));\n}\n", None),
    ("tests/a.c", "double f(double x) {\n    return exp(x);\n}\n", None),
    ("src/ops/a.c", "void f(void) {\n    abort();\n}\n", "never exits and never prints"),
    ("src/ops/a.c", "void *f(void) {\n    return malloc(4);\n}\n", "the system allocator"),
    ("src/ops/a.c", '#include "train/fit.h"\n', "ops includes train/fit.h of train, which is above"),
    ("src/ops/a.c", '#include "core/node.h"\n#include <ore/ops.h>\n#include <math.h>\n', None),
    ("src/core/a.c", "#include <ore/ops.h>\n", "core includes ore/ops.h of ops, which is above it"),
    ("src/base/a.inc", "#include <ore/tensor.h>\n", "base includes ore/tensor.h of core"),
    ("src/backend/a.def", "#  include <ore/tensor.h>\n", "backend includes ore/tensor.h of core"),
    ("src/nn/a.h", '#include "models/gpt/gpt.h"\n', "models/gpt/gpt.h of models/gpt, which is above"),
    ("include/ore/tensor.h", "#include <ore/ops.h>\n", "core includes ore/ops.h of ops, which is"),
    ("include/ore/nn.h", "#include <ore/ops.h>\n", None),
    ("include/ore/nn.h", "#include <ore/ore.h>\n", "the library includes ore.h"),
    ("include/ore/strange.h", "int x;\n", "belongs to no room"),
    ("src/strange/a.c", "int x;\n", "belongs to no room"),
    ("tools/ore/strange/a.c", "int x;\n", "belongs to no room"),
    ("tools/ore/run/a.h", '#include "train/a.h"\n', "tools/run includes train/a.h of tools/train"),
    ("tools/ore/sweep/a.c", '#include "run/rundir.h"\n#include <ore/ore.h>\n', None),
    ("lab/frame/a.c", '#include "lab/rungs.h"\n', "lab/frame includes lab/rungs.h of lab, which"),
    (CYCLE, "a cycle of rooms: models/a includes models/b includes models/a"),
    (INSIDE, "lab includes ops/op.h of the library's inside"),
    ("tools/ore/run/a.h", "#include <jansson.h>\n", "jansson is what src/io stands on"),
    ("src/train/a.c", "#include <ore/io.h>\n# include <jansson.h>\n", "a.c:2: jansson is"),
    ("src/io/a.c", "#include <jansson.h>\n", None),
    ("src/ops/a.c", "int x = " + "1" * 100 + ";\n", "columns, the limit"),
    ("src/ops/a.c", "/* ---- sums ----------------------------------\n * --- */\n", "a section ruler"),
    ("src/ops/a.c", "/* ---- sums of rows ---- */\n", None),
    ("src/ops/a.c", "int x; /* TO" + "DO */\n", "a mark of unfinished work"),
    ("src/plot/run.c", "int a = pipe2(end, 0);\n", "1: pipe2: only Linux has it; see"),
    ("src/plot/run.c", GUARDED, "2: pipe2: only Linux has it; see"),
    ("src/base/system.c", GUARDED, None),
    ("src/base/system.c", GUARDED.replace("ifdef", "ifndef"), "2: pipe2: only Linux has it, and"),
    ("src/base/system.c", "int a = pipe2(end, 0);\n", "1: pipe2: only Linux has it, and"),
    ("src/base/cores.c", "#include <sys/prctl.h>\n", "1: <sys/prctl.h>: only Linux has it, and"),
    ("src/base/cores.c", "#if defined(ORE_LINUX) && X\n#if Y\nint a = gettid();\n#endif\n#endif\n",
     None),
    ("src/base/cores.c", "#if X\n#elif defined(ORE_LINUX)\nint a;\n#endif\nint b = gettid();\n",
     "5: gettid: only Linux has it, and"),
    ("src/base/cores.c", "#if X\n#elif defined(ORE_LINUX)\nint b = gettid();\n#endif\n", None),
    ("tools/ore/main.c", 'execv("/proc/self/exe", words);\n', "1: /proc/: only Linux has it; see"),
    ("tools/ore/cli/system.c", '#ifdef ORE_LINUX\nexecv("/proc/self/exe", words);\n#endif\n', None),
    ("tools/ore/bench/cmd_bench.c", "x = usage.ru_maxrss;\n", "1: ru_maxrss: differs between systems"),
    ("tools/ore/bench/cmd_bench.c", "/* as /proc/self/exe */\nint pipe2_like;\n", None),
    ("models/gpt/gpt.c", "#ifdef __linux__\n", "1: __linux__: differs between systems"),
    ("tests/test_pin.c", "cpu_set_t set;\n", "1: cpu_set_t: only Linux has it, and"),
    ("tests/test_pin.c", "#ifdef ORE_LINUX\ncpu_set_t set;\n#endif\n", None),
    ("tests/test_disk.c", "int a = mount(from, to);\n", "1: mount: only Linux has it, and"),
    ("src/io/x.c", "int a = fsync(f);\n", "1: fsync: differs between systems"),
]


def said(files):
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            path = Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return subprocess.run([sys.executable, sys.argv[1], folder], capture_output=True, text=True)


def main():
    failed = 0
    for *case, expected in CASES:
        files = case[0] if len(case) == 1 else dict([case])
        result = said(files)
        right = result.returncode == 1 and expected in result.stdout if expected \
            else result.returncode == 0
        if not right:
            print(f"{files}: {result.stdout}{result.stderr}expected: {expected}")
            failed += 1
    print(f"{len(CASES) - failed} of {len(CASES)} cases are right")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
