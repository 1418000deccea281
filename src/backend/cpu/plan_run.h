/* plan_run.h: walking iteration plans on the CPU, over all threads. */
#ifndef ORE_BACKEND_CPU_PLAN_RUN_H
#define ORE_BACKEND_CPU_PLAN_RUN_H

#include "backend/backend.h"

enum { ORE_CHUNK_ELEMENTS = 1 << 14 }; /* of a chunk; some microseconds of elementwise work */

/* Handles n elements along one dim: operand i starts at data[i] and steps strides[i] bytes. */
typedef void (*ore_plan_loop)(char *const *data, const int64_t *strides, int64_t n,
                              void *arguments);

/* Calls loop over the whole plan, cut into chunks that depend on the plan alone. */
ore_status ore_run_plan(const ore_plan *plan, ore_plan_loop loop, void *arguments);

/* Handles `lines` lines of n elements along the last dim: operand i of the first line starts at
 * data[i] and steps strides[i] bytes; the next line's start is steps[i] bytes on. */
typedef void (*ore_lines_loop)(char *const *data, const int64_t *steps, const int64_t *strides,
                               int64_t lines, int64_t n, void *arguments);

/* As ore_run_plan, for loops that do many short lines in one call. */
ore_status ore_run_lines(const ore_plan *plan, ore_lines_loop loop, void *arguments);

/* Calls loop over elements begin .. end-1 of the plan (row-major), on the calling thread, with
 * `shift[i]` bytes added to operand i (NULL: none). */
void ore_run_plan_range(const ore_plan *plan, int64_t begin, int64_t end, const int64_t *shift,
                        ore_plan_loop loop, void *arguments);

#endif
