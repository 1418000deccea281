/* attention.c: attention row by row, as its equations read (src/ops/attention.c). */
#include <math.h>
#include <string.h>

#include "backend/cpu/attention_keys.h"
#include "backend/cpu/cpu.h"
#include "base/elementary/elementary.h"
#include "base/memory.h"
#include "base/threads.h"

/* What one (b, h) reads and writes. */
typedef struct head_args {
    const ore_attention_args *a;
    ore_attention_keys keys;
    void *scratch; /* per head: one row of weights, and what the soft cap leaves of its gradient */
} head_args;

/* Keys that query t of entry b sees. */
static ore_key_range keys_of(const head_args *job, int64_t b, int64_t t) {
    return job->keys.ranges[b * job->keys.entry_stride + t];
}

static bool is_kept(const ore_attention_args *a, int64_t row, int64_t key) {
    int64_t bit = row * a->Tk + key;
    return !a->keep || (a->keep[bit / 8] >> (bit % 8) & 1);
}

static double distance_of(const ore_attention_args *a, int64_t b, int64_t t, int64_t key) {
    return fabs((double)(key - (ore_attention_start(a, b) + t)));
}

/* Runs fn for every head, each with its part of the scratch memory. */
static ore_status run_heads(const ore_attention_args *a, size_t element_bytes, ore_chunk_fn fn) {
    int64_t heads = a->B * a->H;
    head_args job = {.a = a, .keys = ore_attention_keys_of(a, 1)};
    if (job.keys.ranges)
        job.scratch = ore_alloc((size_t)(heads * 2 * a->Tk) * element_bytes);
    if (job.scratch)
        ore_parallel_for(heads, fn, &job);
    ore_release(job.scratch);
    ore_release(job.keys.ranges);
    return ore_error_status();
}

#define T      float
#define SUFFIX f32
#include "backend/cpu/scalar/attention_any.inc"
#define T      double
#define SUFFIX f64
#include "backend/cpu/scalar/attention_any.inc"
