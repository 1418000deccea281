/* bench_kernels.h: `ore bench kernels`. */
#ifndef ORE_TOOL_BENCH_KERNELS_H
#define ORE_TOOL_BENCH_KERNELS_H

#include <ore/base.h>

/* Times every kernel for about `seconds` in all and prints a table, or a line of JSON; a picture of
 * the roofline goes to the file `plot` (.svg or .png) unless it is NULL or empty. */
ore_status bench_kernels(double seconds, bool json, const char *plot);

#endif
