/* test_attention_options.c: the fused attention with its options over several blocks of queries and
 * keys, on every level, against the plain composition in float64; what must not change a bit; and
 * what is refused. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <ore/ops.h>

#include "backend/cpu/cpu.h"
#include "support/errors.h"
#include "support/levels.h"

/* ---- problems ---- */

/* Blocks of the kernel are 96 queries and 96 keys, tiles of 6 or 12 rows. */
typedef struct problem {
    int64_t H, Hk, Tq, Tk, D, Dv, window;
} problem;

static const problem problems[] = {
    {2, 1, 130, 130, 20, 12, 50},  {2, 1, 97, 211, 16, 7, 120}, {2, 2, 199, 101, 8, 24, 9},
    {1, 1, 230, 230, 16, 16, 100}, {2, 2, 1, 250, 16, 16, 110},
};
enum { PROBLEMS = sizeof problems / sizeof *problems };

/* The entries of a batch have other lengths, starts and documents each. */
enum { B = 3 };

enum {
    CAUSAL = 1 << 0,
    WINDOW = 1 << 1,
    LENGTHS = 1 << 2,
    STARTS = 1 << 3,
    DOCUMENTS = 1 << 4,
    SLOPES = 1 << 5,
    SOFT_CAP = 1 << 6,
    DROPOUT = 1 << 7,
    MASK = 1 << 8,
    BOOL_MASK = 1 << 9, /* goes before a float one */
    OPTIONS = 10,
    ALL = (1 << OPTIONS) - 1,
};

/* Whether the op takes these: without starts, causal queries stand at the end of the keys. */
static bool is_allowed(const problem *p, int options) {
    return p->Tq <= p->Tk || options & STARTS || !(options & CAUSAL);
}

static void describe(const problem *p, int options, char *text, size_t bytes) {
    static const char *const names[OPTIONS] = {"causal",    "window", "lengths",  "starts",
                                               "documents", "slopes", "soft_cap", "dropout",
                                               "mask",      "bool"};
    size_t used = (size_t)snprintf(text, bytes, "(%d, %d, %d, %d) over %d keys:", B, (int)p->H,
                                   (int)p->Tq, (int)p->D, (int)p->Tk);
    for (int i = 0; i < OPTIONS; i++)
        if (options >> i & 1)
            used += (size_t)snprintf(text + used, bytes - used, " %s", names[i]);
}

/* The first has all keys, the last none. */
static ore_tensor *lengths_of(const problem *p) {
    return ore_from_data((int64_t[B]){p->Tk, p->Tk / 2 + 3, 0}, ORE_SHAPE(B), ORE_INT64);
}

/* Some of the second's queries stand before the first key, some of the last's behind all. */
static ore_tensor *starts_of(const problem *p) {
    return ore_from_data((int64_t[B]){p->Tk - p->Tq, -5, p->Tk / 3}, ORE_SHAPE(B), ORE_INT64);
}

/* One document, long ones and short ones. */
static ore_tensor *documents_of(const problem *p) {
    ore_tensor *documents = ore_zeros(ORE_SHAPE(B, p->Tk), ORE_INT64);
    int64_t *number = ore_data_mut(documents);
    for (int64_t key = 0; key < p->Tk; key++) {
        number[p->Tk + key] = key / 41 % 2;
        number[2 * p->Tk + key] = -key / 3;
    }
    return documents;
}

/* ---- what comes of one ---- */

/* Inputs that have gradients. */
enum { Q, K, V, ADDED, LOST, INPUTS, Y = INPUTS, RESULTS };
static const char *const result_names[RESULTS] = {"dq", "dk", "dv", "dmask", "dslopes", "y"};

/* Float32, so that float64 has the same numbers. The mask hides a tenth of the keys, and all of
 * those of query 7. */
static void make_inputs(const problem *p, ore_tensor **in) {
    ore_generator *g = ore_generator_new(11);
    in[Q] = ore_randn(ORE_SHAPE(B, p->H, p->Tq, p->D), ORE_FLOAT32, g);
    in[K] = ore_randn(ORE_SHAPE(B, p->Hk, p->Tk, p->D), ORE_FLOAT32, g);
    in[V] = ore_randn(ORE_SHAPE(B, p->Hk, p->Tk, p->Dv), ORE_FLOAT32, g);
    in[ADDED] = ore_randn(ORE_SHAPE(p->Tq, p->Tk), ORE_FLOAT32, g);
    in[LOST] = ore_rand(ORE_SHAPE(B, p->H), ORE_FLOAT32, g);
    ore_generator_free(g);
    float *mask = ore_data_mut(in[ADDED]);
    for (int64_t i = 0; i < p->Tq * p->Tk; i++)
        mask[i] = mask[i] < -1.28F || i / p->Tk == 7 ? -INFINITY : mask[i];
}

static ore_attention_options options_of(const problem *p, int options, ore_tensor *const *in) {
    ore_attention_options o = ore_attention_defaults();
    o.causal = options & CAUSAL;
    o.window = options & WINDOW ? p->window : 0;
    o.lengths = options & LENGTHS ? lengths_of(p) : NULL;
    o.starts = options & STARTS ? starts_of(p) : NULL;
    o.documents = options & DOCUMENTS ? documents_of(p) : NULL;
    o.slopes = options & SLOPES ? in[LOST] : NULL;
    o.soft_cap = options & SOFT_CAP ? 1.5 : 0;
    o.dropout = options & DROPOUT ? 0.25 : 0;
    if (options & BOOL_MASK)
        o.mask = ore_gt(ore_detach(in[ADDED]), ore_scalar(-1, ore_tensor_dtype(in[ADDED])));
    else if (options & MASK)
        o.mask = in[ADDED];
    return o;
}

typedef ore_tensor *(*attention_fn)(ore_tensor *q, ore_tensor *k, ore_tensor *v,
                                    const ore_attention_options *options);

/* y, and the gradients of sum(y dy) at the inputs; NULL at those that it does not read. */
typedef struct outcome {
    ore_tensor *t[RESULTS];
} outcome;

static outcome outcome_of(attention_fn attend, const problem *p, int options, ore_dtype dtype) {
    ore_tensor *in[INPUTS];
    outcome out;
    make_inputs(p, in);
    for (int i = 0; i < INPUTS; i++)
        in[i] = ore_set_requires_grad(ore_clone(ore_to(in[i], dtype)), true);
    ore_attention_options o = options_of(p, options, in);
    o.generator = ore_generator_new(5);
    ore_tensor *y = attend(in[Q], in[K], in[V], &o);
    out.t[Y] = ore_clone(ore_detach(y)); /* backward lets y go */
    ore_generator_seed(o.generator, 6);
    ore_tensor *dy = ore_to(ore_randn(ore_shape_of(y), ORE_FLOAT32, o.generator), dtype);
    assert_int_equal(ore_backward(ore_sum(ore_mul(y, dy), ORE_ALL, false)), ORE_OK);
    ore_generator_free(o.generator);
    for (int i = 0; i < INPUTS; i++)
        out.t[i] = ore_grad(in[i]);
    return out;
}

static double greatest(ore_tensor *x) {
    return ore_item(ore_amax(ore_abs(ore_to(ore_detach(x), ORE_FLOAT64)), ORE_ALL, false));
}

/* A slope's gradient is a sum over all queries and keys of what largely cancels, times distances:
 * it may be off by more. Of 95 it was off by 2.0e-3 with NEON's four lanes, where PyTorch's float32
 * is off by 3e-4 to 9e-4 over eight draws of such shapes. */
static void expect_close(const outcome *got, const outcome *want, double tolerance,
                         const char *what) {
    for (int i = 0; i < RESULTS; i++) {
        if (!got->t[i] || !want->t[i]) {
            assert_true(!got->t[i] && !want->t[i]);
            continue;
        }
        ore_tensor *x = ore_to(ore_detach(got->t[i]), ORE_FLOAT64);
        double off = greatest(ore_sub(x, ore_detach(want->t[i]))), size = greatest(want->t[i]);
        if (!(off <= (i == LOST ? 10 : 1) * tolerance * (1 + size)))
            fail_msg("%s: %s of up to %.3g is off by %.3g", what, result_names[i], size, off);
    }
}

static bool same_bits(ore_tensor *a, ore_tensor *b) {
    a = ore_contiguous(ore_detach(a));
    b = ore_contiguous(ore_detach(b));
    return ore_shape_equal(ore_shape_of(a), ore_shape_of(b)) &&
           memcmp(ore_data(a), ore_data(b),
                  (size_t)ore_numel(a) * ore_dtype_size(ore_tensor_dtype(a))) == 0;
}

/* ---- levels ---- */

static void use_table(const ore_kernels *table) {
    ((ore_context *)ore_context_of(ORE_CPU))->kernels = table;
}

/* Every level in both types against the composition in float64, which the usual level computes. */
static void check(const problem *p, int options) {
    const ore_kernels *usual = ore_context_of(ORE_CPU)->kernels;
    const level_tables *levels = levels_to_test();
    char what[256], of_options[200];
    if (!is_allowed(p, options))
        return;
    ore_scope_begin();
    outcome want = outcome_of(ore_attention_plain, p, options, ORE_FLOAT64);
    describe(p, options, of_options, sizeof of_options);
    for (int l = -1; l < levels->count; l++)
        for (int wide = 0; wide < 2; wide++) {
            use_table(l < 0 ? &scalar_kernels : &levels->tables[l]);
            outcome got = outcome_of(ore_attention, p, options, wide ? ORE_FLOAT64 : ORE_FLOAT32);
            use_table(usual);
            snprintf(what, sizeof what, "%s, float%d: %s", l < 0 ? "scalar" : levels->names[l],
                     wide ? 64 : 32, of_options);
            expect_close(&got, &want, wide ? 1e-13 : 4e-6, what);
        }
    ore_scope_end();
}

static void each_option_is_the_plain_one(void **state) {
    (void)state;
    for (int i = 0; i < PROBLEMS; i++)
        for (int option = 0; option < OPTIONS; option++) {
            check(&problems[i], 1 << option);
            check(&problems[i], CAUSAL | 1 << option);
        }
}

static void options_together_are_the_plain_ones(void **state) {
    (void)state;
    for (int i = 0; i < PROBLEMS; i++) {
        check(&problems[i], ALL);
        for (int option = 0; option < OPTIONS; option++)
            check(&problems[i], ALL & ~(1 << option));
        check(&problems[i], WINDOW | DOCUMENTS | LENGTHS | SLOPES | SOFT_CAP);
        check(&problems[i], WINDOW | DOCUMENTS | STARTS | CAUSAL);
        check(&problems[i], LENGTHS | DOCUMENTS | MASK | DROPOUT);
    }
}

/* ---- what changes no bit ---- */

static void threads_change_no_bit(void **state) {
    (void)state;
    static const int options[] = {ALL, ALL & ~BOOL_MASK, LENGTHS | CAUSAL, WINDOW | DOCUMENTS};
    int before = ore_num_threads();
    for (int i = 0; i < PROBLEMS; i++)
        for (size_t j = 0; j < sizeof options / sizeof *options; j++) {
            if (!is_allowed(&problems[i], options[j]))
                continue;
            ore_scope_begin();
            ore_set_num_threads(1);
            outcome one = outcome_of(ore_attention, &problems[i], options[j], ORE_FLOAT32);
            for (int threads = 2; threads <= 5; threads += 3) {
                ore_set_num_threads(threads);
                outcome more = outcome_of(ore_attention, &problems[i], options[j], ORE_FLOAT32);
                for (int r = 0; r < RESULTS; r++)
                    assert_true(!one.t[r] ? !more.t[r] : same_bits(one.t[r], more.t[r]));
            }
            ore_scope_end();
        }
    ore_set_num_threads(before);
}

static ore_tensor *entry(ore_tensor *x, int64_t b) {
    return x ? ore_narrow(x, 0, b, 1) : NULL;
}

/* An entry has the same bits alone and beside others, whatever these see. */
static void entries_do_not_depend_on_others(void **state) {
    (void)state;
    for (int i = 0; i < PROBLEMS; i++) {
        const problem *p = &problems[i];
        ore_tensor *in[INPUTS];
        make_inputs(p, in);
        ore_attention_options o = options_of(p, ALL & ~DROPOUT, in);
        ore_tensor *y = ore_attention(in[Q], in[K], in[V], &o);
        for (int64_t b = 0; b < B; b++) {
            ore_attention_options alone = o;
            alone.lengths = entry(o.lengths, b);
            alone.starts = entry(o.starts, b);
            alone.documents = entry(o.documents, b);
            alone.slopes = entry(o.slopes, b);
            ore_tensor *own =
                ore_attention(entry(in[Q], b), entry(in[K], b), entry(in[V], b), &alone);
            assert_true(same_bits(own, entry(y, b)));
        }
    }
}

/* Keys behind the lengths might as well not be there; their gradients are 0. */
static void lengths_are_shorter_keys(void **state) {
    (void)state;
    const problem *p = &problems[3];
    const int64_t length = 130, rest = p->Tk - length;
    ore_attention_options o = ore_attention_defaults();
    o.lengths = ore_from_data((int64_t[B]){length, length, length}, ORE_SHAPE(B), ORE_INT64);
    ore_tensor *in[INPUTS], *shorter[3], *y, *y_shorter;
    make_inputs(p, in);
    for (int i = Q; i <= V; i++) {
        shorter[i] = ore_clone(i == Q ? in[Q] : ore_narrow(in[i], 2, 0, length));
        ore_set_requires_grad(shorter[i], true);
        ore_set_requires_grad(in[i], true);
    }
    y = ore_attention(in[Q], in[K], in[V], &o);
    y_shorter = ore_attention(shorter[Q], shorter[K], shorter[V], NULL);
    assert_true(same_bits(y, y_shorter));
    ore_backward(ore_sum(ore_mul(y, y), ORE_ALL, false));
    ore_backward(ore_sum(ore_mul(y_shorter, y_shorter), ORE_ALL, false));
    assert_true(same_bits(ore_grad(in[Q]), ore_grad(shorter[Q])));
    for (int i = K; i <= V; i++) {
        assert_true(same_bits(ore_narrow(ore_grad(in[i]), 2, 0, length), ore_grad(shorter[i])));
        assert_true(greatest(ore_narrow(ore_grad(in[i]), 2, length, rest)) == 0);
    }
}

/* ---- what is refused ---- */

/* q, k and v of two entries, 4 query heads over 2 others, 3 queries and 5 keys. */
static ore_tensor *q_of(ore_dtype dtype) {
    return ore_ones(ORE_SHAPE(2, 4, 3, 8), dtype);
}
static ore_tensor *k_of(ore_dtype dtype) {
    return ore_ones(ORE_SHAPE(2, 2, 5, 8), dtype);
}

/* Both forms of the op refuse the options with the message, which begins with the op's name. */
static void refused(ore_attention_options o, const char *message) {
    ore_tensor *q = q_of(ORE_FLOAT32), *k = k_of(ORE_FLOAT32);
    char text[256];
    snprintf(text, sizeof text, "attention: %s", message);
    assert_null(ore_attention(q, k, k, &o));
    assert_error_is(ORE_INVALID, text);
    assert_null(ore_attention_plain(q, k, k, &o));
    assert_error_is(ORE_INVALID, text);
    snprintf(text, sizeof text, "attention_weights: %s", message);
    assert_null(ore_attention_weights(q, k, &o));
    assert_error_is(ORE_INVALID, text);
}

static ore_tensor *integers(ore_shape shape) {
    return ore_zeros(shape, ORE_INT64);
}

static void masks_that_do_not_fit_are_refused(void **state) {
    (void)state;
    refused((ore_attention_options){.mask = ore_zeros(ORE_SHAPE(3, 4), ORE_FLOAT32)},
            "mask (3, 4) of float32, expected bool or float32 that broadcasts to (B, H, Tq, Tk) "
            "(2, 4, 3, 5)");
    refused((ore_attention_options){.mask = ore_zeros(ORE_SHAPE(2, 2, 3, 5), ORE_BOOL)},
            "mask (2, 2, 3, 5) of bool, expected bool or float32 that broadcasts to (B, H, Tq, "
            "Tk) (2, 4, 3, 5)");
    refused((ore_attention_options){.mask = ore_zeros(ORE_SHAPE(1, 1, 1, 3, 5), ORE_BOOL)},
            "mask (1, 1, 1, 3, 5) of bool, expected bool or float32 that broadcasts to (B, H, Tq, "
            "Tk) (2, 4, 3, 5)");
    refused((ore_attention_options){.mask = ore_zeros(ORE_SHAPE(3, 5), ORE_FLOAT64)},
            "mask (3, 5) of float64, expected bool or float32 that broadcasts to (B, H, Tq, Tk) "
            "(2, 4, 3, 5)");
    refused((ore_attention_options){.mask = integers(ORE_SHAPE(5))},
            "mask (5,) of int64, expected bool or float32 that broadcasts to (B, H, Tq, Tk) (2, 4, "
            "3, 5)");
}

static void places_that_do_not_fit_are_refused(void **state) {
    (void)state;
    refused((ore_attention_options){.lengths = integers(ORE_SHAPE(3))},
            "lengths (3,) of int64, expected int64 (B) (2,)");
    refused((ore_attention_options){.lengths = ore_zeros(ORE_SHAPE(2), ORE_FLOAT32)},
            "lengths (2,) of float32, expected int64 (B) (2,)");
    refused((ore_attention_options){.starts = integers(ORE_SHAPE(2, 1))},
            "starts (2, 1) of int64, expected int64 (B) (2,)");
    refused((ore_attention_options){.documents = integers(ORE_SHAPE(2, 3))},
            "documents (2, 3) of int64, expected int64 (B, Tk) (2, 5)");
    refused((ore_attention_options){.documents = integers(ORE_SHAPE(5))},
            "documents (5,) of int64, expected int64 (B, Tk) (2, 5)");
    refused((ore_attention_options){.documents = ore_zeros(ORE_SHAPE(2, 5), ORE_BOOL)},
            "documents (2, 5) of bool, expected int64 (B, Tk) (2, 5)");
    refused((ore_attention_options){.window = -1}, "window -1, expected 0 (none) or more");
}

static void numbers_that_do_not_fit_are_refused(void **state) {
    (void)state;
    refused((ore_attention_options){.slopes = ore_zeros(ORE_SHAPE(2), ORE_FLOAT32)},
            "slopes (2,) of float32, expected (H) or (B, H) of float32, B 2 and H 4");
    refused((ore_attention_options){.slopes = ore_zeros(ORE_SHAPE(4, 2), ORE_FLOAT32)},
            "slopes (4, 2) of float32, expected (H) or (B, H) of float32, B 2 and H 4");
    refused((ore_attention_options){.slopes = ore_zeros(ORE_SHAPE(4), ORE_FLOAT64)},
            "slopes (4,) of float64, expected (H) or (B, H) of float32, B 2 and H 4");
    refused((ore_attention_options){.soft_cap = -1},
            "soft_cap -1, expected 0 (none) or a number above 0");
    refused((ore_attention_options){.soft_cap = NAN},
            "soft_cap nan, expected 0 (none) or a number above 0");
    refused((ore_attention_options){.soft_cap = INFINITY},
            "soft_cap inf, expected 0 (none) or a number above 0");
    refused((ore_attention_options){.dropout = -0.5}, "dropout -0.5, expected 0 <= dropout <= 1");
}

static void heads_that_do_not_fit_are_refused(void **state) {
    (void)state;
    ore_tensor *q = q_of(ORE_FLOAT32), *k = ore_ones(ORE_SHAPE(2, 3, 5, 8), ORE_FLOAT32);
    assert_null(ore_attention(q, k, k, NULL));
    assert_error_is(ORE_INVALID,
                    "attention: q (2, 4, 3, 8), k (2, 3, 5, 8), v (2, 3, 5, 8), expected (B, H, "
                    "Tq, D), (B, Hk, Tk, D), (B, Hk, Tk, Dv) with H a multiple of Hk");
    assert_null(ore_attention_weights(q, k, NULL));
    assert_error_is(ORE_INVALID, "attention_weights: q (2, 4, 3, 8), k (2, 3, 5, 8), expected (B, "
                                 "H, Tq, D), (B, Hk, Tk, D) with H a multiple of Hk");
    assert_null(ore_attention_weights(q, k_of(ORE_FLOAT64), NULL));
    assert_error_is(ORE_INVALID,
                    "attention_weights: q of float32, k of float64, expected one dtype");
}

/* Only the rows of the table see what is in lengths and starts. */
static void places_out_of_range_are_refused(void **state) {
    (void)state;
    static const struct {
        int64_t lengths[2], starts[2];
        const char *message;
    } cases[] = {
        {{5, 6}, {0, 0}, "attention: lengths[1] is 6, expected 0 .. 5"},
        {{-1, 5}, {0, 0}, "attention: lengths[0] is -1, expected 0 .. 5"},
        {{0, INT64_MIN}, {0, 0}, "attention: lengths[1] is -9223372036854775808, expected 0 .. 5"},
        {{0, 5},
         {0, (INT64_C(1) << 30) + 1},
         "attention: starts[1] is 1073741825, expected -2^30 .. 2^30"},
        {{0, 5},
         {-(INT64_C(1) << 30) - 1, 0},
         "attention: starts[0] is -1073741825, expected -2^30 .. 2^30"},
    };
    const ore_kernels *usual = ore_context_of(ORE_CPU)->kernels;
    ore_tensor *q = q_of(ORE_FLOAT32), *k = k_of(ORE_FLOAT32);
    ore_tensor *qkv = ore_ones(ORE_SHAPE(2, 5, 24), ORE_FLOAT32);
    for (size_t i = 0; i < 2 * sizeof cases / sizeof *cases; i++) {
        ore_attention_options o = ore_attention_defaults();
        o.lengths = ore_from_data(cases[i / 2].lengths, ORE_SHAPE(2), ORE_INT64);
        o.starts = ore_from_data(cases[i / 2].starts, ORE_SHAPE(2), ORE_INT64);
        use_table(i % 2 ? &scalar_kernels : usual);
        assert_null(ore_attention(q, k, k, &o));
        assert_error_is(ORE_INVALID, cases[i / 2].message);
        assert_null(ore_attention_packed(qkv, 2, &o));
        assert_error_is(ORE_INVALID, cases[i / 2].message);
        use_table(usual);
    }
}

/* As far as starts may be, every key is behind all queries, or every query behind all keys. */
static void far_starts_see_all_or_nothing(void **state) {
    (void)state;
    static const int64_t far[] = {INT64_C(1) << 30, -(INT64_C(1) << 30)};
    ore_attention_options o = ore_attention_defaults();
    o.causal = true;
    o.starts = ore_from_data(far, ORE_SHAPE(2), ORE_INT64);
    ore_tensor *y = ore_attention(q_of(ORE_FLOAT32), k_of(ORE_FLOAT32), k_of(ORE_FLOAT32), &o);
    assert_true(ore_item(ore_amin(entry(y, 0), ORE_ALL, false)) == 1);
    assert_true(greatest(entry(y, 1)) == 0);
    o.window = INT64_MAX;
    assert_true(
        same_bits(y, ore_attention(q_of(ORE_FLOAT32), k_of(ORE_FLOAT32), k_of(ORE_FLOAT32), &o)));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin_scope, end_scope)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(each_option_is_the_plain_one),
        TEST(options_together_are_the_plain_ones),
        TEST(threads_change_no_bit),
        TEST(entries_do_not_depend_on_others),
        TEST(lengths_are_shorter_keys),
        TEST(masks_that_do_not_fit_are_refused),
        TEST(places_that_do_not_fit_are_refused),
        TEST(numbers_that_do_not_fit_are_refused),
        TEST(heads_that_do_not_fit_are_refused),
        TEST(places_out_of_range_are_refused),
        TEST(far_starts_see_all_or_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
