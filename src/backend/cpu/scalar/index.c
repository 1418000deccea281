/* index.c: gather and scatter of elements along one dim. */
#include "backend/cpu/range.h"
#include "backend/cpu/scalar/loops.h"
#include "base/half.h"

static ore_status check_places(const ore_index_args *args) {
    return ore_check_range(args->op, "index", args->index, args->count, args->size, NULL);
}

#define ADD(a, b) ((a) + (b))
#define T         float
#define SUFFIX    f32
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
#undef ADD
#define ADD(a, b) ((T)((uint64_t)(a) + (uint64_t)(b))) /* wraps */
#define T         int64_t
#define SUFFIX    i64
#include "backend/cpu/scalar/gather_any.inc"
#include "backend/cpu/scalar/scatter_any.inc"
#undef T
#undef SUFFIX
#define T      int32_t
#define SUFFIX i32
#include "backend/cpu/scalar/gather_any.inc"
#include "backend/cpu/scalar/scatter_any.inc"
#undef T
#undef SUFFIX
#define T      uint8_t
#define SUFFIX u8
#include "backend/cpu/scalar/gather_any.inc"
#include "backend/cpu/scalar/scatter_any.inc"
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
