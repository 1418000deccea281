/* bench_cases.h: the kernels that `ore bench kernels` times, as cases of ops. */
#ifndef ORE_TOOL_BENCH_CASES_H
#define ORE_TOOL_BENCH_CASES_H

#include <stdbool.h>

typedef struct bench_case {
    const char *group, *name;
    const char *id;     /* of the case (cases/cases.h) that is called */
    const char *inputs; /* replace those of that case, in the same form: float32 from N(0, 1) */
    bool backward;      /* the run also computes the gradients of its floating inputs */
    /* Of one run: arithmetic operations, a call of exp or the like counting as one; and bytes that
     * are read and written at least, if nothing is moved twice. */
    double flops, bytes;
} bench_case;

int bench_case_count(void);
const bench_case *bench_case_at(int i);

#endif
