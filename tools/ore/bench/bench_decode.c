/* bench_decode.c: `ore bench decode`: computes the next token of a GPT with a cache of keys and
 * values, and by computing the whole context again. */
#include <stdio.h>
#include <string.h>

#include <ore/ops.h>

#include "bench/bench.h"
#include "bench/bench_times.h"
#include "bench/gpt_presets.h"
#include "cli/words.h"

enum {
    LENGTHS = 4,   /* lengths of context: the block size, and a half, fourth and eighth of it */
    PAIRS_MIN = 3, /* pairs that are timed, however long they take */
    PAIRS_MAX = 4096,
    WARMUP_PAIRS = 2, /* pairs before these, until the memory pool holds every block */
    SEED = 1337,
};

typedef struct decode_bench {
    const gpt_preset *preset;
    gpt model;
    ore_generator *generator;
    ore_kv_cache *cache; /* of B sequences */
    int64_t B, lengths[LENGTHS];
    int rows;
} decode_bench;

/* The results for a context of T tokens. */
typedef struct decode_result {
    int64_t T, pairs;
    double cached_s, whole_s; /* median seconds of a token of each sequence */
    double ratio;             /* median of the pairs' quotients whole / cached */
    double calls;             /* calls of the system allocator per pair */
} decode_result;

/* ---- one pair ---- */

static ore_tensor *whole(decode_bench *b, ore_tensor *ids) {
    return gpt_forward_last(&b->model, ids);
}

/* The logits after ids (B, T), of which the cache holds all but the last token, before and
 * after. */
static ore_tensor *cached(decode_bench *b, ore_tensor *ids) {
    int64_t T = ore_size(ids, 1);
    ore_kv_cache_truncate(b->cache, T - 1);
    return gpt_step(&b->model, b->cache, ore_narrow(ids, 1, T - 1, 1));
}

static double seconds_of(ore_tensor *(*next)(decode_bench *b, ore_tensor *ids), decode_bench *b,
                         ore_tensor *ids) {
    double began = ore_clock_s();
    ore_scope_begin();
    next(b, ids);
    ore_scope_end();
    return ore_clock_s() - began;
}

/* Times both ways once. Every second pair begins with the other one, so that neither always finds
 * the processor's caches as the other has left them. */
static void time_pair(decode_bench *b, ore_tensor *ids, int64_t turn, double *cached_s,
                      double *whole_s) {
    if (turn % 2)
        *whole_s = seconds_of(whole, b, ids);
    *cached_s = seconds_of(cached, b, ids);
    if (turn % 2 == 0)
        *whole_s = seconds_of(whole, b, ids);
}

/* ---- one context length ---- */

/* Fills the cache with all but the last of ids (B, T). */
static void fill(decode_bench *b, ore_tensor *ids) {
    int64_t before = ore_size(ids, 1) - 1;
    ore_kv_cache_truncate(b->cache, 0);
    if (before > 0)
        gpt_step(&b->model, b->cache, ore_narrow(ids, 1, 0, before));
}

/* Checks that both ways give the same logits, to the bit. */
static ore_status compare(decode_bench *b, ore_tensor *ids) {
    ore_tensor *x = cached(b, ids), *y = whole(b, ids); /* (B, V) each */
    if (!ore_ok())
        return ore_error_status();
    size_t bytes = (size_t)ore_numel(y) * ore_dtype_size(ore_tensor_dtype(y));
    if (memcmp(ore_data(x), ore_data(y), bytes) != 0)
        ore_fail(ORE_STATE,
                 "decode: the logits with keys and values kept differ from those "
                 "without, over %lld tokens",
                 (long long)ore_size(ids, 1));
    return ore_error_status();
}

static void measure_pairs(decode_bench *b, ore_tensor *ids, double seconds, decode_result *r) {
    static double cached_s[PAIRS_MAX], whole_s[PAIRS_MAX], ratios[PAIRS_MAX];
    ore_memory_stats before, after;
    for (int64_t i = 0; i < WARMUP_PAIRS; i++)
        time_pair(b, ids, i, cached_s, whole_s);
    ore_memory_read(&before);
    double end = ore_clock_s() + seconds;
    for (int64_t i = 0; ore_ok() && i < PAIRS_MAX; i++) {
        if (i >= PAIRS_MIN && ore_clock_s() >= end)
            break;
        time_pair(b, ids, i, &cached_s[i], &whole_s[i]);
        ratios[i] = whole_s[i] / cached_s[i];
        r->pairs = i + 1;
    }
    ore_memory_read(&after);
    if (!ore_ok())
        return;
    r->calls = (double)(after.system_calls - before.system_calls) / (double)r->pairs;
    bench_sort(cached_s, r->pairs);
    bench_sort(whole_s, r->pairs);
    bench_sort(ratios, r->pairs);
    r->cached_s = bench_quantile(cached_s, r->pairs, 0.5);
    r->whole_s = bench_quantile(whole_s, r->pairs, 0.5);
    r->ratio = bench_quantile(ratios, r->pairs, 0.5);
}

static void measure_length(decode_bench *b, int64_t T, double seconds, decode_result *r) {
    *r = (decode_result){.T = T};
    ore_scope_begin();
    ore_no_grad_begin();
    ore_tensor *ids =
        ore_randint(0, b->preset->vocab_size, ORE_SHAPE(b->B, T), ORE_INT64, b->generator);
    if (ids)
        fill(b, ids);
    if (compare(b, ids) == ORE_OK)
        measure_pairs(b, ids, seconds, r);
    ore_no_grad_end();
    ore_scope_end();
}

/* ---- results ---- */

static double rate(const decode_bench *b, double seconds) {
    return (double)b->B / seconds;
}

static void print_head(const decode_bench *b) {
    char count[COUNT_BYTES], sequences[COUNT_BYTES];
    printf("workload    decode-%s: %s, %s\n", b->preset->name,
           counted_text(ore_module_parameter_count(&b->model.module, false), "parameter", count),
           counted_text(b->B, "sequence", sequences));
    printf("machine     %s, %s kernels, %s\n", ore_cpu_model_name(), ore_cpu_level(),
           counted_text(ore_num_threads(), "thread", count));
    printf("tokens/s    with keys and values kept, without, and the median quotient of pairs\n");
    printf("%-11s %12s %12s %8s %7s\n", "context", "kept", "without", "quotient", "pairs");
}

static void print_row(const decode_bench *b, const decode_result *r) {
    printf("%-11lld %12.0f %12.0f %8.2f %7lld\n", (long long)r->T, rate(b, r->cached_s),
           rate(b, r->whole_s), r->ratio, (long long)r->pairs);
    fflush(stdout);
}

static void print_json(const decode_bench *b, const decode_result *results) {
    ore_json *o = ore_json_object_new();
    ore_json_set_string(o, "workload", "decode");
    ore_json_set_string(o, "preset", b->preset->name);
    ore_json_set_string(o, "ore", ore_version());
    ore_json_set_string(o, "cpu", ore_cpu_model_name());
    ore_json_set_string(o, "kernels", ore_cpu_level());
    ore_json_set_int(o, "threads", ore_num_threads());
    ore_json_set_int(o, "params", ore_module_parameter_count(&b->model.module, false));
    ore_json_set_int(o, "batch", b->B);
    ore_json *rows = ore_json_set_array(o, "rows");
    for (int i = 0; i < b->rows; i++) {
        const decode_result *r = &results[i];
        ore_json *row = ore_json_add_object(rows);
        ore_json_set_int(row, "context", r->T);
        ore_json_set_double(row, "cached_tokens_per_s", rate(b, r->cached_s));
        ore_json_set_double(row, "whole_tokens_per_s", rate(b, r->whole_s));
        ore_json_set_double(row, "ratio", r->ratio);
        ore_json_set_int(row, "pairs", r->pairs);
        ore_json_set_double(row, "allocator_calls_per_pair", r->calls);
    }
    char *text = ore_json_text(o, false);
    if (text)
        printf("%s\n", text);
    ore_string_free(text);
    ore_json_free(o);
}

/* ---- the workload ---- */

/* The length of context that was asked for, or several, the longest last. */
static ore_status choose_lengths(decode_bench *b, const bench_config *c) {
    int64_t max = b->preset->block_size;
    if (c->seq != CONFIG_AUTO_INT && c->seq > max)
        return ore_fail(ORE_INVALID, "--seq %lld: expected at most the %lld of %s",
                        (long long)c->seq, (long long)max, b->preset->name);
    b->rows = c->seq != CONFIG_AUTO_INT ? 1 : LENGTHS;
    for (int i = 0; i < b->rows; i++)
        b->lengths[i] = c->seq != CONFIG_AUTO_INT ? c->seq : max >> (LENGTHS - 1 - i);
    return ORE_OK;
}

static ore_status open_decode(decode_bench *b, const bench_config *c) {
    b->preset = gpt_preset_find(c->preset);
    if (!b->preset || choose_lengths(b, c) != ORE_OK)
        return ore_error_status();
    gpt_config config = gpt_preset_config(b->preset);
    b->B = c->batch != CONFIG_AUTO_INT ? c->batch : 1;
    b->generator = ore_generator_new(SEED);
    if (gpt_init(&b->model, &config, b->generator) != ORE_OK)
        return ore_error_status();
    ore_module_eval(&b->model.module);
    b->cache = gpt_cache_new(&b->model, b->B);
    return ore_error_status();
}

static ore_status run_rows(decode_bench *b, const bench_config *c, decode_result *results) {
    if (!c->json)
        print_head(b);
    for (int i = 0; i < b->rows && ore_ok(); i++) {
        measure_length(b, b->lengths[i], c->seconds / b->rows, &results[i]);
        if (ore_ok() && !c->json)
            print_row(b, &results[i]);
    }
    if (ore_ok() && c->json)
        print_json(b, results);
    for (int i = 0; i < b->rows && ore_ok(); i++)
        if (results[i].calls > 0)
            ore_fail(ORE_STATE,
                     "decode: a steady pair of tokens calls the system allocator %g "
                     "times, expected 0",
                     results[i].calls);
    return ore_error_status();
}

static ore_status measure(const bench_config *c) {
    decode_bench b = {0};
    decode_result results[LENGTHS];
    if (open_decode(&b, c) == ORE_OK)
        run_rows(&b, c, results);
    ore_kv_cache_free(b.cache);
    gpt_free(&b.model);
    ore_generator_free(b.generator);
    return ore_error_status();
}

const bench_workload bench_decode = {
    .name = "decode",
    .about = "the next token of a GPT with and without kept keys and values; presets as gpt",
    .measure = measure,
};
