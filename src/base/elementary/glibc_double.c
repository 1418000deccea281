/* glibc_double.c: the sine and cosine of elementary.h with the fused multiplications and additions
 * that glibc's build for processors with FMA has. */
#include <math.h>

#include "base/elementary/glibc.h"
#include "base/elementary/tables.h"

#define NAME(name)       fused_##name
#define MUL_ADD(a, b, c) fma(a, b, c)
#include "base/elementary/sine_any.inc"

double ore_glibc_sin(double x) {
    return fused_sine(x);
}

double ore_glibc_cos(double x) {
    return fused_cosine(x);
}
