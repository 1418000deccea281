/* arith.c: elementwise arithmetic of every type that has it. Integers wrap around. */
#include <tgmath.h>

#include "backend/cpu/scalar/loops.h"

static bool is_negative(int64_t a) {
    return a < 0;
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
