/* bench_cases.h: the kernels that `ore bench kernels` times, as calls of the public interface. */
#ifndef ORE_TOOL_BENCH_CASES_H
#define ORE_TOOL_BENCH_CASES_H

#include <ore/ops.h>

enum { CASE_INPUTS = 3 };

typedef struct case_input {
    ore_shape shape; /* no dims and no labels: no such input */
    int64_t labels;  /* int64 below this; 0: float32 from N(0, 1) */
} case_input;

typedef struct bench_case {
    const char *group, *name;
    case_input inputs[CASE_INPUTS];
    bool backward;       /* gradients of the float inputs, from a gradient of ones, belong to it */
    double flops, bytes; /* of one run: arithmetic, each function call one; least memory traffic */
    /* One run; the result belongs to the caller's scope. */
    ore_tensor *(*run)(ore_tensor *const *x);
} bench_case;

int bench_case_count(void);
const bench_case *bench_case_at(int i);

#endif
