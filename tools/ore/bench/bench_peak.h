/* bench_peak.h: the measured peak speeds of this machine: the roofline of `ore bench kernels`. */
#ifndef ORE_TOOL_BENCH_PEAK_H
#define ORE_TOOL_BENCH_PEAK_H

#include <ore/device.h>

/* Bytes of all arrays of one pass: the first fit the caches of common processors, the second do
 * not. */
enum { PEAK_CACHED_BYTES = 3 << 20, PEAK_MEMORY_BYTES = 192 << 20 };

typedef struct bench_peak {
    double gflops;      /* float32 multiply-adds, two operations each, of all threads */
    double cached_gbps; /* a[i] = b[i] + s c[i], three arrays, PEAK_CACHED_BYTES in all */
    double memory_gbps; /* the same over PEAK_MEMORY_BYTES */
} bench_peak;

/* Measures with ore_num_threads() threads and the vectors of the CPU level in force, the best of
 * several tries of each. */
ore_status bench_peak_measure(bench_peak *peak);

#endif
