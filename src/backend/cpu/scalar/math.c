/* math.c: mathematical functions, and remainders of every type of number. */
#include <tgmath.h>

#include "backend/cpu/scalar/loops.h"
#include "base/error.h"

#define T      float
#define SUFFIX f32
#include "backend/cpu/scalar/math_float.inc"
#define T      double
#define SUFFIX f64
#include "backend/cpu/scalar/math_float.inc"

/* a % b, 0 for the one quotient that may not fit. */
static int64_t whole_rest(int64_t a, int64_t b) {
    return b == -1 ? 0 : a % b;
}

static int64_t floored_rest(int64_t a, int64_t b) {
    int64_t rest = whole_rest(a, b);
    return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

#define T      int64_t
#define SUFFIX i64
#include "backend/cpu/scalar/modulus_int.inc"
#define T      int32_t
#define SUFFIX i32
#include "backend/cpu/scalar/modulus_int.inc"
#define T      uint8_t
#define SUFFIX u8
#include "backend/cpu/scalar/modulus_int.inc"
