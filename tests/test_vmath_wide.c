/* test_vmath_wide.c: test_vmath.c for 64-byte vectors, compiled for AVX2. */
#define ORE_LEVEL_wide
#include "test_vmath.c"
