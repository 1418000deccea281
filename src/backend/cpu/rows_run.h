/* rows_run.h: dense rows cut into chunks and spread over all threads. */
#ifndef ORE_BACKEND_CPU_ROWS_RUN_H
#define ORE_BACKEND_CPU_ROWS_RUN_H

#include <stdint.h>

/* Handles rows begin .. end-1. */
typedef void (*ore_rows_fn)(void *arguments, int64_t begin, int64_t end);

/* Calls fn over `rows` rows of `cols` elements each, in chunks that depend on these sizes alone. */
void ore_run_rows(int64_t rows, int64_t cols, ore_rows_fn fn, void *arguments);

#endif
