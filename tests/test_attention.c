/* test_attention.c: the attention rows of every level against scalar and the fused op against the
 * plain composition; gradients; and what must not change a bit: threads, other rows, the batch. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <ore/gradcheck.h>
#include <ore/ops.h>

#include "backend/cpu/cpu.h"
#include "support/levels.h"
#include "support/numbers.h"

/* ---- the rows of one problem ---- */

typedef struct problem {
    int64_t B, H, Tq, Tk, D, Dv;
    bool causal, drops;
    double size; /* greatest element of q and k */
} problem;

enum { Q, K, V, DY, Y, ROWS, DQ, DK, DV, ARRAYS };
static const char *const names[ARRAYS] = {"q", "k", "v", "dy", "y", "rows", "dq", "dk", "dv"};

/* Operands of one problem and what came of them. Rows of q, k, v, dy and of the
 * gradients are `gap` elements longer than the heads together, as where q, k and v are views of
 * one tensor. */
typedef struct run {
    ore_dtype dtype;
    int64_t elements[ARRAYS];
    int64_t gradient_row[ARRAYS]; /* of DQ .. DV, with the gap, which holds zeros; 0 for others */
    void *array[ARRAYS];
    uint8_t *keep;
    ore_attention_args args;
} run;

enum { GAP = 3 };

static double get(const run *r, int array, int64_t i) {
    return r->dtype == ORE_FLOAT32 ? (double)((const float *)r->array[array])[i]
                                   : ((const double *)r->array[array])[i];
}

static void fill(run *r, int array, double size) {
    for (int64_t i = 0; i < r->elements[array]; i++) {
        int64_t row = r->gradient_row[array];
        double value = row && i % row >= row - GAP ? 0 : size * (2 * next_number() - 1);
        if (r->dtype == ORE_FLOAT32)
            ((float *)r->array[array])[i] = (float)value;
        else
            ((double *)r->array[array])[i] = value;
    }
}

/* (B, T, H, width) with a gap after the heads of each row; the last gap is not there, so that
 * AddressSanitizer watches the end. */
static void strides_of(int64_t *strides, int64_t T, int64_t H, int64_t width, int64_t gap) {
    strides[2] = H * width + gap;
    strides[1] = width;
    strides[0] = T * strides[2];
}

static run run_new(const problem *p, ore_dtype dtype) {
    run r = {.dtype = dtype};
    int64_t row = p->H * p->D + GAP, value_row = p->H * p->Dv + GAP, heads = p->B * p->H;
    int64_t elements[ARRAYS] = {
        p->B * p->Tq * row - GAP,       p->B * p->Tk * row - GAP, p->B * p->Tk * value_row - GAP,
        p->B * p->Tq * value_row - GAP, heads * p->Tq * p->Dv,    2 * heads * p->Tq,
        p->B * p->Tq * row - GAP,       p->B * p->Tk * row - GAP, p->B * p->Tk * value_row - GAP};
    for (int i = 0; i < ARRAYS; i++) {
        r.elements[i] = elements[i] > 0 ? elements[i] : 0;
        r.array[i] = malloc((size_t)r.elements[i] * ore_dtype_size(dtype));
        assert_non_null(r.array[i]);
        r.gradient_row[i] = i == DV ? value_row : i == DQ || i == DK ? row : 0;
        fill(&r, i, i <= K ? p->size : 1);
    }
    if (p->drops) {
        int64_t bytes = (heads * p->Tq * p->Tk + 7) / 8;
        r.keep = malloc((size_t)bytes);
        for (int64_t i = 0; i < bytes; i++)
            r.keep[i] = (uint8_t)(256 * fabs(2 * next_number() - 1));
    }
    r.args = (ore_attention_args){.B = p->B,
                                  .H = p->H,
                                  .Tq = p->Tq,
                                  .Tk = p->Tk,
                                  .group = 1,
                                  .D = p->D,
                                  .Dv = p->Dv,
                                  .scale = 1 / sqrt((double)p->D),
                                  .causal = p->causal,
                                  .keep = r.keep,
                                  .keep_scale = p->drops ? 2 : 1};
    strides_of(r.args.q_stride, p->Tq, p->H, p->D, GAP);
    strides_of(r.args.k_stride, p->Tk, p->H, p->D, GAP);
    strides_of(r.args.v_stride, p->Tk, p->H, p->Dv, GAP);
    strides_of(r.args.dy_stride, p->Tq, p->H, p->Dv, GAP);
    strides_of(r.args.dq_stride, p->Tq, p->H, p->D, GAP);
    strides_of(r.args.dk_stride, p->Tk, p->H, p->D, GAP);
    strides_of(r.args.dv_stride, p->Tk, p->H, p->Dv, GAP);
    strides_of(r.args.y_stride, p->Tq, p->H, p->Dv, 0);
    return r;
}

static void run_free(run *r) {
    for (int i = 0; i < ARRAYS; i++)
        free(r->array[i]);
    free(r->keep);
}

/* The same operands with results of its own. */
static run run_copy(const run *from) {
    run r = *from;
    for (int i = 0; i < ARRAYS; i++) {
        size_t bytes = (size_t)r.elements[i] * ore_dtype_size(r.dtype);
        r.array[i] = malloc(bytes);
        memcpy(r.array[i], from->array[i], bytes);
    }
    if (from->keep) {
        size_t bytes = (size_t)((r.args.B * r.args.H * r.args.Tq * r.args.Tk + 7) / 8);
        r.keep = malloc(bytes);
        memcpy(r.keep, from->keep, bytes);
        r.args.keep = r.keep;
    }
    return r;
}

static void compute(run *r, const ore_kernels *table) {
    ore_context ctx = level_context(table);
    ore_attention_args *a = &r->args;
    a->q = r->array[Q], a->k = r->array[K], a->v = r->array[V], a->dy = r->array[DY];
    a->y = r->array[Y], a->top_and_sum = r->array[ROWS];
    a->dq = r->array[DQ], a->dk = r->array[DK], a->dv = r->array[DV];
    assert_int_equal(table->attention[r->dtype](&ctx, a), ORE_OK);
    assert_int_equal(table->attention_backward[r->dtype](&ctx, a), ORE_OK);
}

static void expect_close(const run *got, const run *wanted, double tolerance, const char *what) {
    for (int array = Y; array < ARRAYS; array++) {
        double greatest = 0;
        for (int64_t i = 0; i < wanted->elements[array]; i++)
            greatest = fmax(greatest, fabs(get(wanted, array, i)));
        for (int64_t i = 0; i < wanted->elements[array]; i++) {
            double x = get(got, array, i), y = get(wanted, array, i);
            if (!(fabs(x - y) <= tolerance * (1 + greatest)))
                fail_msg("%s: %s[%lld] is %.9g, expected %.9g", what, names[array], (long long)i, x,
                         y);
        }
    }
}

static void expect_same_bits(const run *got, const run *wanted, const char *what) {
    for (int array = Y; array < ARRAYS; array++)
        if (memcmp(got->array[array], wanted->array[array],
                   (size_t)wanted->elements[array] * ore_dtype_size(wanted->dtype)) != 0)
            fail_msg("%s: %s differs", what, names[array]);
}

/* ---- levels against scalar ---- */

static void check(const problem *p) {
    const level_tables *levels = levels_to_test();
    for (int l = 0; l < levels->count; l++)
        for (int wide = 0; wide < 2; wide++) {
            run wanted = run_new(p, wide ? ORE_FLOAT64 : ORE_FLOAT32), got = run_copy(&wanted);
            char what[160];
            snprintf(what, sizeof what, "%s %s B %d H %d Tq %d Tk %d D %d Dv %d causal %d drop %d",
                     levels->names[l], ore_dtype_name(got.dtype), (int)p->B, (int)p->H, (int)p->Tq,
                     (int)p->Tk, (int)p->D, (int)p->Dv, p->causal, p->drops);
            compute(&wanted, &scalar_kernels);
            compute(&got, &levels->tables[l]);
            expect_close(&got, &wanted, (wide ? 2e-14 : 4e-6) * fmax(1, p->size * p->size), what);
            run_free(&wanted);
            run_free(&got);
        }
}

static void check_masks(problem p) {
    for (int variant = 0; variant < 4; variant++) {
        p.causal = variant & 1, p.drops = variant & 2;
        if (!p.causal || p.Tq <= p.Tk)
            check(&p);
    }
}

static void rows_agree_over_lengths(void **state) {
    (void)state;
    static const int64_t lengths[] = {1, 5, 17, 64, 65, 130};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
        for (size_t j = 0; j < sizeof lengths / sizeof *lengths; j++)
            check_masks((problem){1, 2, lengths[i], lengths[j], 16, 16, .size = 1});
}

static void rows_agree_over_widths(void **state) {
    (void)state;
    static const int64_t widths[] = {1, 7, 16, 17, 33, 64, 65};
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++)
        for (size_t j = 0; j < sizeof widths / sizeof *widths; j++)
            check_masks((problem){2, 1, 13, 21, widths[i], widths[j], .size = 1});
}

static void rows_agree_over_several_blocks(void **state) {
    (void)state;
    check_masks((problem){1, 1, 300, 300, 32, 32, .size = 1});
    check_masks((problem){1, 1, 520, 520, 8, 24, .size = 1});
    check_masks((problem){3, 2, 50, 211, 24, 8, .size = 1});
}

/* Scores of some hundreds: no weight overflows, and one key has nearly all of it. */
static void large_scores_stay_finite(void **state) {
    (void)state;
    check_masks((problem){1, 2, 70, 130, 16, 16, .size = 12});
}

/* The rows of weights add up to 1: constant values come out as they are. */
static void constant_values_come_out(void **state) {
    (void)state;
    const level_tables *levels = levels_to_test();
    problem p = {1, 1, 40, 200, 8, 8, .causal = true, .size = 60};
    for (int l = 0; l < levels->count; l++) {
        run r = run_new(&p, ORE_FLOAT32);
        for (int64_t i = 0; i < r.elements[V]; i++)
            ((float *)r.array[V])[i] = 3;
        compute(&r, &levels->tables[l]);
        for (int64_t i = 0; i < r.elements[Y]; i++)
            if (!(fabs(get(&r, Y, i) - 3) <= 3e-6))
                fail_msg("%s: y[%d] is %.9g", levels->names[l], (int)i, get(&r, Y, i));
        for (int array = DQ; array < ARRAYS; array++)
            for (int64_t i = 0; i < r.elements[array]; i++)
                assert_true(isfinite(get(&r, array, i)));
        run_free(&r);
    }
}

static void no_keys_give_zeros(void **state) {
    (void)state;
    const level_tables *levels = levels_to_test();
    problem p = {2, 1, 3, 0, 4, 4, .size = 1};
    for (int l = 0; l < levels->count; l++) {
        run r = run_new(&p, ORE_FLOAT32);
        compute(&r, &levels->tables[l]);
        for (int64_t i = 0; i < r.elements[Y]; i++)
            assert_true(get(&r, Y, i) == 0);
        for (int64_t i = 0; i < r.elements[DQ]; i++)
            assert_true(get(&r, DQ, i) == 0);
        for (int64_t i = 0; i < r.elements[ROWS]; i++) /* the largest score, and the sum */
            assert_true(get(&r, ROWS, i) == (i % 2 ? 0 : -INFINITY));
        run_free(&r);
    }
}

/* ---- what changes no bit ---- */

static void threads_change_no_bit(void **state) {
    (void)state;
    static const problem problems[] = {
        {3, 5, 64, 64, 32, 32, .causal = true, .size = 1},
        {1, 3, 300, 310, 20, 20, .causal = true, .drops = true, .size = 1},
        {1, 1, 530, 200, 16, 16, .size = 1},
    };
    const level_tables *levels = levels_to_test();
    int before = ore_num_threads();
    for (size_t i = 0; i < sizeof problems / sizeof *problems; i++)
        for (int l = 0; l < levels->count; l++) {
            run one = run_new(&problems[i], ORE_FLOAT32);
            ore_set_num_threads(1);
            compute(&one, &levels->tables[l]);
            for (int threads = 2; threads <= 5; threads++) {
                run more = run_copy(&one);
                ore_set_num_threads(threads);
                for (int array = Y; array < ARRAYS; array++)
                    fill(&more, array, 1);
                compute(&more, &levels->tables[l]);
                expect_same_bits(&more, &one, levels->names[l]);
                run_free(&more);
            }
            run_free(&one);
        }
    ore_set_num_threads(before);
}

/* Row t of head h of entry b alone, over the keys it sees, as a decoder with a cache asks. */
static void expect_row_alone(const run *whole, const ore_kernels *table, int64_t b, int64_t h,
                             int64_t t) {
    ore_attention_args a = whole->args;
    int64_t seen = a.causal ? t + a.Tk - a.Tq + 1 : a.Tk;
    float y[128], rows[2];
    a.q = (const float *)a.q + b * a.q_stride[0] + h * a.q_stride[1] + t * a.q_stride[2];
    a.k = (const float *)a.k + b * a.k_stride[0] + h * a.k_stride[1];
    a.v = (const float *)a.v + b * a.v_stride[0] + h * a.v_stride[1];
    const float *y_there =
        (const float *)a.y + b * a.y_stride[0] + h * a.y_stride[1] + t * a.y_stride[2];
    const float *rows_there = (const float *)a.top_and_sum + 2 * ((b * a.H + h) * a.Tq + t);
    a.B = a.H = a.Tq = 1;
    a.Tk = seen;
    a.y = y;
    a.top_and_sum = rows;
    ore_context ctx = level_context(table);
    assert_int_equal(table->attention[ORE_FLOAT32](&ctx, &a), ORE_OK);
    assert_memory_equal(y, y_there, (size_t)a.Dv * sizeof *y);
    assert_memory_equal(rows, rows_there, sizeof rows);
}

static void rows_do_not_depend_on_others(void **state) {
    (void)state;
    static const problem problems[] = {
        {2, 3, 150, 150, 16, 16, .causal = true, .size = 1},
        {1, 2, 70, 260, 20, 64, .causal = true, .size = 1},
        {1, 2, 31, 99, 64, 7, .size = 1},
    };
    const level_tables *levels = levels_to_test();
    for (size_t i = 0; i < sizeof problems / sizeof *problems; i++)
        for (int l = 0; l < levels->count; l++) {
            const problem *p = &problems[i];
            run whole = run_new(p, ORE_FLOAT32);
            compute(&whole, &levels->tables[l]);
            for (int64_t b = 0; b < p->B; b++)
                for (int64_t h = 0; h < p->H; h++)
                    for (int64_t t = 0; t < p->Tq; t++)
                        expect_row_alone(&whole, &levels->tables[l], b, h, t);
            run_free(&whole);
        }
}

/* ---- the op against the plain composition ---- */

/* q, k, v (B, H, T, D) as views of one (B, T, 3 H D) tensor. */
static ore_tensor *head_view(ore_tensor *x, int64_t which, int64_t H, int64_t D) {
    ore_tensor *part = ore_narrow(x, 2, which * H * D, H * D);
    ore_shape s = ore_shape_of(x);
    return ore_transpose(ore_view(part, ORE_SHAPE(s.dim[0], s.dim[1], H, D)), 1, 2);
}

typedef ore_tensor *(*attention_fn)(ore_tensor *q, ore_tensor *k, ore_tensor *v,
                                    const ore_attention_options *options);

/* The gradient of sum(attention(x) dy) at x. */
static ore_tensor *gradient_of(attention_fn attend, const ore_tensor *x, int64_t H, int64_t D,
                               ore_attention_options options, ore_tensor *dy, ore_tensor **y) {
    ore_tensor *leaf = ore_set_requires_grad(ore_clone(ore_detach((ore_tensor *)x)), true);
    ore_generator *generator = ore_generator_new(5);
    options.generator = generator;
    *y = attend(head_view(leaf, 0, H, D), head_view(leaf, 1, H, D), head_view(leaf, 2, H, D),
                &options);
    assert_int_equal(ore_backward(ore_sum(ore_mul(*y, dy), ORE_ALL, false)), ORE_OK);
    ore_generator_free(generator);
    return ore_grad(leaf);
}

/* The same of ore_attention_packed. */
static ore_tensor *packed_gradient_of(const ore_tensor *x, int64_t H, int64_t D,
                                      ore_attention_options options, ore_tensor *dy,
                                      ore_tensor **y) {
    ore_tensor *leaf = ore_set_requires_grad(ore_clone(ore_detach((ore_tensor *)x)), true);
    ore_shape s = ore_shape_of(x);
    options.generator = ore_generator_new(5);
    ore_tensor *joined = ore_attention_packed(leaf, H, &options);
    *y = ore_transpose(ore_view(joined, ORE_SHAPE(s.dim[0], s.dim[1], H, D)), 1, 2);
    assert_int_equal(ore_backward(ore_sum(ore_mul(*y, dy), ORE_ALL, false)), ORE_OK);
    ore_generator_free(options.generator);
    return ore_grad(leaf);
}

static double greatest_difference(ore_tensor *a, ore_tensor *b) {
    return ore_item(ore_amax(ore_abs(ore_sub(ore_detach(a), ore_detach(b))), ORE_ALL, false));
}

static void op_matches_the_plain_composition(void **state) {
    (void)state;
    for (int variant = 0; variant < 8; variant++) {
        ore_scope_begin();
        ore_dtype dtype = variant & 1 ? ORE_FLOAT64 : ORE_FLOAT32;
        const int64_t B = 2, T = 70, H = 3, D = 20;
        ore_attention_options o = ore_attention_defaults();
        o.causal = variant & 2;
        o.dropout = variant & 4 ? 0.25 : 0;
        ore_manual_seed(3);
        ore_tensor *x = ore_randn(ORE_SHAPE(B, T, 3 * H * D), dtype, NULL);
        ore_tensor *dy = ore_randn(ORE_SHAPE(B, H, T, D), dtype, NULL), *y, *plain_y, *packed_y;
        ore_tensor *dx = gradient_of(ore_attention, x, H, D, o, dy, &y);
        ore_tensor *plain_dx = gradient_of(ore_attention_plain, x, H, D, o, dy, &plain_y);
        ore_tensor *packed_dx = packed_gradient_of(x, H, D, o, dy, &packed_y);
        assert_true(greatest_difference(dx, packed_dx) == 0);
        double bound = variant & 1 ? 1e-13 : 2e-5;
        assert_true(greatest_difference(dx, plain_dx) <= bound);
        ore_scope_end();
        assert_true(ore_ok());
    }
}

static ore_tensor *causal_attention(void *user, ore_tensor **inputs, int n) {
    (void)n;
    return ore_attention(inputs[0], inputs[1], inputs[2], user);
}

/* Without elements, but of sizes that multiply beyond any count. */
static void far_sizes_are_refused(void **state) {
    (void)state;
    const int64_t far = INT64_C(1) << 40;
    ore_attention_options o = ore_attention_defaults();
    o.dropout = 0.5;
    ore_scope_begin();
    ore_tensor *x = ore_zeros(ORE_SHAPE(0, 1, far, 3), ORE_FLOAT32);
    assert_null(ore_attention(x, x, x, &o));
    assert_string_equal(ore_error_message(),
                        "attention: shape (0, 1, 1099511627776, 1099511627776), expected sizes "
                        "above 0 whose product is at most 576460752303423487");
    ore_error_clear();
    x = ore_zeros(ORE_SHAPE(0, far, 3), ORE_FLOAT32);
    assert_null(ore_attention_packed(x, 1, &o));
    assert_string_equal(ore_error_message(),
                        "attention: shape (0, 1, 1099511627776, 1099511627776), expected sizes "
                        "above 0 whose product is at most 576460752303423487");
    ore_error_clear();
    assert_null(ore_attention_packed(ore_zeros(ORE_SHAPE(2, 3, 0), ORE_FLOAT32), far << 20, NULL));
    assert_string_equal(ore_error_message(),
                        "attention: shape (2, 1152921504606846976, 3, 0), expected sizes above 0 "
                        "whose product is at most 576460752303423487");
    ore_error_clear();
    ore_scope_end();
}

static void gradients_match_differences(void **state) {
    (void)state;
    ore_scope_begin();
    ore_attention_options o = ore_attention_defaults();
    o.causal = true;
    ore_manual_seed(4);
    static const int64_t sizes[3][2] = {{3, 5}, {4, 5}, {4, 3}};
    ore_tensor *inputs[3];
    for (int i = 0; i < 3; i++) {
        inputs[i] = ore_randn(ORE_SHAPE(1, 2, sizes[i][0], sizes[i][1]), ORE_FLOAT64, NULL);
        ore_set_requires_grad(inputs[i], true);
    }
    if (ore_gradcheck(causal_attention, &o, inputs, 3, NULL) != ORE_OK)
        fail_msg("%s", ore_error_message());
    ore_scope_end();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_agree_over_lengths),
        cmocka_unit_test(rows_agree_over_widths),
        cmocka_unit_test(rows_agree_over_several_blocks),
        cmocka_unit_test(large_scores_stay_finite),
        cmocka_unit_test(constant_values_come_out),
        cmocka_unit_test(no_keys_give_zeros),
        cmocka_unit_test(threads_change_no_bit),
        cmocka_unit_test(rows_do_not_depend_on_others),
        cmocka_unit_test(op_matches_the_plain_composition),
        cmocka_unit_test(far_sizes_are_refused),
        cmocka_unit_test(gradients_match_differences),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
