/* arith.c: elementwise arithmetic of every type that has it. Integers wrap around. */
#include <tgmath.h>

#include "backend/cpu/scalar/loops.h"

static bool is_negative(int64_t a) {
    return a < 0;
}

/* a^b modulo 2^64; a negative power is 0 but for a of 1 and -1, as in PyTorch. */
static uint64_t whole_power(int64_t a, int64_t b) {
    if (b < 0)
        return a == 1 || a == -1 ? (uint64_t)(b % 2 ? a : 1) : 0;
    uint64_t power = 1;
    for (uint64_t factor = (uint64_t)a; b > 0; b /= 2, factor *= factor)
        power *= b % 2 ? factor : 1;
    return power;
}

#define T      float
#define SUFFIX f32
#include "backend/cpu/scalar/arith_float.inc"
#define T      double
#define SUFFIX f64
#include "backend/cpu/scalar/arith_float.inc"
#define T      int64_t
#define SUFFIX i64
#include "backend/cpu/scalar/arith_int.inc"
#define T      int32_t
#define SUFFIX i32
#include "backend/cpu/scalar/arith_int.inc"
#define T      uint8_t
#define SUFFIX u8
#include "backend/cpu/scalar/arith_int.inc"

/* bool: + is or, x is and */
#define T      bool
#define SUFFIX b8
BINARY(add, a | b)
BINARY(mul, a &b)
#include "backend/cpu/scalar/compare_any.inc"
#undef T
#undef SUFFIX
