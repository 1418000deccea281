/* bench_times.c: order and quantiles. */
#include <stdlib.h>

#include "bench/bench_times.h"

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void bench_sort(double *times, int64_t count) {
    qsort(times, (size_t)count, sizeof *times, by_value);
}

double bench_quantile(const double *sorted, int64_t count, double q) {
    double place = q * (double)(count - 1);
    int64_t low = (int64_t)place, high = low + 1 < count ? low + 1 : low;
    return sorted[low] + (place - (double)low) * (sorted[high] - sorted[low]);
}
