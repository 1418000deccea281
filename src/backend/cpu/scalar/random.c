/* random.c: draws from PyTorch's CPU generator into contiguous memory, word for word as torch
 * 1.13.1's scalar kernels take them, or as the generator's variant says. docs/random.md has the
 * streams. */
#include <math.h>

#include "backend/cpu/cpu.h"
#include "backend/cpu/scalar/random_avx2.h"
#include "base/elementary/elementary.h"
#include "base/elementary/glibc.h"
#include "base/generator.h"
#include "base/half.h"

/* Words drawn at a time: 2 KiB of the stack, in the L1 cache; a multiple of any number's words. */
enum { BATCH_WORDS = 512, BLOCK = ORE_NORMAL_BLOCK };
static const double TWO_PI = 6.283185307179586476925286766559;

/* ---- real numbers ---- */

static inline float unit_f32(const uint32_t *words) {
    return (float)(words[0] & 0xffffffu) * 0x1p-24f;
}

/* k of the number k 2^-53 that two words make. */
static inline uint64_t unit_bits(const uint32_t *words) {
    return (uint64_t)(words[0] & 0x1fffffu) << 32 | words[1];
}

static inline double unit_f64(const uint32_t *words) {
    return (double)unit_bits(words) * 0x1p-53;
}

/* Box and Muller's pair, one value at a time, in double for every dtype: cos first, sin waits in
 * the generator for the next call. */
static double single_normal(ore_generator *g) {
    if (g->has_normal) {
        g->has_normal = false;
        return g->next_normal;
    }
    double u1 = ore_engine_unit(&g->engine);
    double u2 = ore_engine_unit(&g->engine);
    double r = sqrt(-2 * ore_math_log(1 - u2)), t = TWO_PI * u1;
    g->next_normal = r * ore_glibc_sin(t);
    g->has_normal = true;
    return r * ore_glibc_cos(t);
}

/* u < p, for u = k 2^-53, is k < this. */
static uint64_t unit_limit(double p) {
    return (uint64_t)ceil(p * 0x1p53);
}

#define T          float
#define NAME(name) name##_f32
#define UNIT_WORDS 1
#define SQRT       sqrtf
#define LOG        ore_glibc_logf
#define COS        ore_glibc_cosf
#define SIN        ore_glibc_sinf
#define FMA        fmaf
#define AVX2_BLOCK ore_normal_block_avx2_f32
#include "backend/cpu/scalar/random_any.inc"
#undef T
#undef NAME
#undef UNIT_WORDS
#undef SQRT
#undef LOG
#undef COS
#undef SIN
#undef FMA
#undef AVX2_BLOCK

#define T          double
#define NAME(name) name##_f64
#define UNIT_WORDS 2
#define SQRT       sqrt
#define LOG        ore_math_log
#define COS        ore_glibc_cos
#define SIN        ore_glibc_sin
#define FMA        fma
#define AVX2_BLOCK ore_normal_block_avx2_f64
#include "backend/cpu/scalar/random_any.inc"
#undef T
#undef NAME
#undef UNIT_WORDS
#undef SQRT
#undef LOG
#undef COS
#undef SIN
#undef FMA
#undef AVX2_BLOCK

/* The half types draw one word, of which they keep as many bits as they have; the product and the
 * sum are of float32. */
#define HALF_UNIFORM_ROW(suffix, type, bits)                                                       \
    static float round_##suffix(float x) {                                                         \
        return ore_##suffix##_to_float(ore_##suffix##_from_float(x));                              \
    }                                                                                              \
    ore_status scalar_uniform_##suffix(const ore_context *ctx, ore_generator *g, void *x,          \
                                       int64_t n, double low, double high) {                       \
        (void)ctx;                                                                                 \
        type *y = x;                                                                               \
        float a = round_##suffix((float)low), b = round_##suffix((float)high);                     \
        float width = round_##suffix(b - a);                                                       \
        ore_generator_lock(g);                                                                     \
        for (int64_t i = 0; i < n; i++) {                                                          \
            uint32_t k = ore_engine_u32(&g->engine) & ((1u << (bits)) - 1);                        \
            float u = (float)k / (float)(1u << (bits));                                            \
            y[i] = ore_##suffix##_from_float(u * width + a);                                       \
        }                                                                                          \
        ore_generator_unlock(g);                                                                   \
        return ORE_OK;                                                                             \
    }
HALF_UNIFORM_ROW(bf16, ore_bf16, 8)
HALF_UNIFORM_ROW(f16, ore_f16, 11)

/* ---- integers ---- */

/* low + word mod span. */
typedef struct integer_draw {
    int64_t low;
    uint64_t span;
    bool wide; /* two words each */
} integer_draw;

/* range 0 stands for the dtype's own numbers 0 .. whole - 1. */
static integer_draw integers_of(const ore_generator *g, int64_t low, uint64_t range,
                                uint64_t whole) {
    if (range == 0)
        return (integer_draw){0, whole, whole > UINT64_C(1) << 32};
    int bits = g->variant & ORE_RANDOM_WIDE_INTEGERS ? 28 : 32;
    return (integer_draw){low, range, range >= UINT64_C(1) << bits};
}

static inline int64_t next_integer(ore_generator *g, const integer_draw *d) {
    uint64_t word = d->wide ? ore_engine_u64(&g->engine) : ore_engine_u32(&g->engine);
    return (int64_t)((uint64_t)d->low + word % d->span);
}

static ore_bf16 bf16_of_integer(int64_t k) {
    return ore_bf16_from_float((float)k);
}
static ore_f16 f16_of_integer(int64_t k) {
    return ore_f16_from_float((float)k);
}

#define RANDOM_ROW(suffix, type, whole, from_integer)                                              \
    ore_status scalar_random_##suffix(const ore_context *ctx, ore_generator *g, void *x,           \
                                      int64_t n, int64_t low, uint64_t range) {                    \
        (void)ctx;                                                                                 \
        type *y = x;                                                                               \
        ore_generator_lock(g);                                                                     \
        integer_draw d = integers_of(g, low, range, whole);                                        \
        for (int64_t i = 0; i < n; i++)                                                            \
            y[i] = from_integer(next_integer(g, &d));                                              \
        ore_generator_unlock(g);                                                                   \
        return ORE_OK;                                                                             \
    }
RANDOM_ROW(f32, float, (1u << 24) + 1, (float))
RANDOM_ROW(f64, double, (UINT64_C(1) << 53) + 1, (double))
RANDOM_ROW(i64, int64_t, UINT64_C(1) << 63, (int64_t))
RANDOM_ROW(i32, int32_t, 1u << 31, (int32_t))
RANDOM_ROW(u8, uint8_t, 256, (uint8_t))
RANDOM_ROW(b8, uint8_t, 2, (uint8_t))
RANDOM_ROW(bf16, ore_bf16, (1u << 8) + 1, bf16_of_integer)
RANDOM_ROW(f16, ore_f16, (1u << 11) + 1, f16_of_integer)

/* Fisher and Yates from the front; two words a step where 32 bits would be too coarse for n. */
ore_status scalar_randperm_i64(const ore_context *ctx, ore_generator *g, int64_t *x, int64_t n) {
    (void)ctx;
    for (int64_t i = 0; i < n; i++)
        x[i] = i;
    bool wide = n >= UINT32_MAX / 20;
    ore_generator_lock(g);
    for (int64_t i = 0; i < n - 1; i++) {
        uint64_t word = wide ? ore_engine_u64(&g->engine) : ore_engine_u32(&g->engine);
        int64_t j = i + (int64_t)(word % (uint64_t)(n - i));
        int64_t t = x[i];
        x[i] = x[j];
        x[j] = t;
    }
    ore_generator_unlock(g);
    return ORE_OK;
}
