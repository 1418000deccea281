/* bench_times.h: measured times in order. */
#ifndef ORE_TOOL_BENCH_TIMES_H
#define ORE_TOOL_BENCH_TIMES_H

#include <stdint.h>

/* Sorts times, the shortest first. */
void bench_sort(double *times, int64_t count);
/* The q-quantile, 0 <= q <= 1, of 1 or more sorted times, linear between neighbours. */
double bench_quantile(const double *sorted, int64_t count, double q);

#endif
