/* bench_cases.h: the kernels that `ore bench kernels` times, as cases of ops. */
#ifndef ORE_TOOL_BENCH_CASES_H
#define ORE_TOOL_BENCH_CASES_H

#include <stdbool.h>

typedef struct bench_case {
    const char *group, *name;
    const char *id;     /* of the op's case (cases/cases.h): what is called */
    const char *inputs; /* in the form of that, in place of its own: float32 from N(0, 1), labels */
    bool backward;      /* gradients of the float inputs, from a gradient of ones, belong to it */
    double flops, bytes; /* of one run: arithmetic, each function call one; least memory traffic */
} bench_case;

int bench_case_count(void);
const bench_case *bench_case_at(int i);

#endif
