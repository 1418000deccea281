/* attention.c: attention row by row, as its equations read (src/ops/attention.c). */
#include <math.h>
#include <string.h>

#include "backend/cpu/cpu.h"
#include "base/elementary/elementary.h"
#include "base/memory.h"
#include "base/threads.h"

/* What one (b, h) reads and writes. */
typedef struct head_args {
    const ore_attention_args *a;
    void *scratch; /* per head: one row of weights, and backward's row of dS */
} head_args;

/* Keys that query t sees: 0 .. count - 1. */
static int64_t keys_of(const ore_attention_args *a, int64_t t) {
    return a->causal ? t + a->Tk - a->Tq + 1 : a->Tk;
}

static bool is_kept(const ore_attention_args *a, int64_t row, int64_t key) {
    int64_t bit = row * a->Tk + key;
    return !a->keep || (a->keep[bit / 8] >> (bit % 8) & 1);
}

#define T      float
#define SUFFIX f32
#include "backend/cpu/scalar/attention_any.inc"
#define T      double
#define SUFFIX f64
#include "backend/cpu/scalar/attention_any.inc"
