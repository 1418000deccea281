/* range.h: the check of places that data names: indices and labels. */
#ifndef ORE_BACKEND_CPU_RANGE_H
#define ORE_BACKEND_CPU_RANGE_H

#include <ore/base.h>

/* ORE_INVALID "gather: index 7 at 2 out of range, expected 0 .. 4" unless every place is in
 * 0 .. size - 1 or, where ignored is not NULL, is *ignored: "cross_entropy: label 7 at 2 out of
 * range, expected 0 .. 4 or -100". */
ore_status ore_check_range(const char *op, const char *noun, const int64_t *places, int64_t n,
                           int64_t size, const int64_t *ignored);

#endif
