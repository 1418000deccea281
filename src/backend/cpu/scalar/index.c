/* index.c: gather and scatter of elements along one dim. */
#include "backend/cpu/half.h"
#include "backend/cpu/scalar/loops.h"

static ore_status check_places(const ore_index_args *args) {
    for (int64_t i = 0; i < args->count; i++)
        if (args->index[i] < 0 || args->index[i] >= args->size)
            return ore_fail(ORE_INVALID, "%s: index %lld at %lld out of range, expected 0 .. %lld",
                            args->op, (long long)args->index[i], (long long)i,
                            (long long)args->size - 1);
    return ORE_OK;
}

#define T      float
#define SUFFIX f32
#include "backend/cpu/scalar/gather_any.inc"
#include "backend/cpu/scalar/scatter_any.inc"
#undef T
#undef SUFFIX
#define T      double
#define SUFFIX f64
#include "backend/cpu/scalar/gather_any.inc"
#include "backend/cpu/scalar/scatter_any.inc"
#undef T
#undef SUFFIX
#define T      int64_t
#define SUFFIX i64
#include "backend/cpu/scalar/gather_any.inc"
#undef T
#undef SUFFIX
#define T      int32_t
#define SUFFIX i32
#include "backend/cpu/scalar/gather_any.inc"
#undef T
#undef SUFFIX
#define T      uint8_t
#define SUFFIX u8
#include "backend/cpu/scalar/gather_any.inc"
#undef T
#undef SUFFIX
#define T      bool
#define SUFFIX b8
#include "backend/cpu/scalar/gather_any.inc"
#undef T
#undef SUFFIX
#define T      ore_bf16
#define SUFFIX bf16
#include "backend/cpu/scalar/gather_any.inc"
#undef T
#undef SUFFIX
#define T      ore_f16
#define SUFFIX f16
#include "backend/cpu/scalar/gather_any.inc"
#undef T
#undef SUFFIX
