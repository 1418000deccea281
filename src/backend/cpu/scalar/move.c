/* move.c: copy, fill, where, ramp and cast of every element type. */
#include "backend/cpu/scalar/loops.h"
#include "base/half.h"

/* What lies outside int64, NaN too, becomes its smallest number, as x86 converts it. */
static int64_t int64_of(double x) {
    return x >= -0x1p63 && x < 0x1p63 ? (int64_t)x : INT64_MIN;
}

static int64_t int64_itself(int64_t x) {
    return x;
}

static ore_bf16 bf16_of(double x) {
    return ore_bf16_from_float((float)x);
}

static ore_f16 f16_of(double x) {
    return ore_f16_from_float((float)x);
}

static double bf16_value(ore_bf16 h) {
    return (double)ore_bf16_to_float(h);
}

static double f16_value(ore_f16 h) {
    return (double)ore_f16_to_float(h);
}

#define FLOAT_OF(x)  ((float)(x))
#define DOUBLE_OF(x) ((double)(x))
#define INT64_OF(x)  _Generic((x), float : int64_of, double : int64_of, default : int64_itself)(x)
#define INT32_OF(x)  ((int32_t)INT64_OF(x))
#define UINT8_OF(x)  ((uint8_t)INT64_OF(x))
#define BOOL_OF(x)   ((x) != 0)
#define BF16_OF(x)   bf16_of((double)(x))
#define F16_OF(x)    f16_of((double)(x))
#define ITSELF(x)    (x)

#define T           float
#define SUFFIX      f32
#define FROM_DOUBLE FLOAT_OF
#define VALUE       ITSELF
#include "backend/cpu/scalar/move_any.inc"
#include "backend/cpu/scalar/cast_any.inc"
#define T           double
#define SUFFIX      f64
#define FROM_DOUBLE DOUBLE_OF
#define VALUE       ITSELF
#include "backend/cpu/scalar/move_any.inc"
#include "backend/cpu/scalar/cast_any.inc"
#define T           ore_bf16
#define SUFFIX      bf16
#define FROM_DOUBLE BF16_OF
#define VALUE       bf16_value
#include "backend/cpu/scalar/move_any.inc"
#include "backend/cpu/scalar/cast_any.inc"
#define T           ore_f16
#define SUFFIX      f16
#define FROM_DOUBLE F16_OF
#define VALUE       f16_value
#include "backend/cpu/scalar/move_any.inc"
#include "backend/cpu/scalar/cast_any.inc"
#define T           int64_t
#define SUFFIX      i64
#define FROM_DOUBLE INT64_OF
#define VALUE       ITSELF
#include "backend/cpu/scalar/move_any.inc"
#include "backend/cpu/scalar/cast_any.inc"
#define T           int32_t
#define SUFFIX      i32
#define FROM_DOUBLE INT32_OF
#define VALUE       ITSELF
#include "backend/cpu/scalar/move_any.inc"
#include "backend/cpu/scalar/cast_any.inc"
#define T           uint8_t
#define SUFFIX      u8
#define FROM_DOUBLE UINT8_OF
#define VALUE       ITSELF
#include "backend/cpu/scalar/move_any.inc"
#include "backend/cpu/scalar/cast_any.inc"
#define T           bool
#define SUFFIX      b8
#define FROM_DOUBLE BOOL_OF
#define VALUE       ITSELF
#include "backend/cpu/scalar/move_any.inc"
#include "backend/cpu/scalar/cast_any.inc"

/* ---- dense halves as float32, and back ---- */

#define HALF_ROWS(suffix, type)                                                                    \
    ore_status scalar_widen_##suffix(const ore_context *ctx, const void *x, float *y, int64_t n) { \
        const type *from = x;                                                                      \
        (void)ctx;                                                                                 \
        for (int64_t i = 0; i < n; i++)                                                            \
            y[i] = ore_##suffix##_to_float(from[i]);                                               \
        return ORE_OK;                                                                             \
    }                                                                                              \
    ore_status scalar_narrow_##suffix(const ore_context *ctx, const float *x, void *y,             \
                                      int64_t n) {                                                 \
        type *to = y;                                                                              \
        (void)ctx;                                                                                 \
        for (int64_t i = 0; i < n; i++)                                                            \
            to[i] = ore_##suffix##_from_float(x[i]);                                               \
        return ORE_OK;                                                                             \
    }
HALF_ROWS(bf16, ore_bf16)
HALF_ROWS(f16, ore_f16)
