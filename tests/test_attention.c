/* test_attention.c: fused attention against the plain composition, and each level's rows against
 * the scalar ones. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/kernel_rows.h"

typedef struct attention_case {
    int64_t B, H, Tq, Tk, D, Dv;
    bool causal;
    double dropout;
} attention_case;

static const attention_case cases[] = {
    {1, 1, 1, 1, 1, 1, false, 0},      {2, 3, 7, 7, 5, 5, true, 0},
    {1, 2, 16, 16, 8, 8, true, 0.25},  {2, 1, 17, 33, 16, 7, true, 0},
    {1, 2, 1, 65, 64, 64, true, 0},    {2, 2, 65, 65, 32, 32, true, 0},
    {1, 1, 5, 9, 3, 4, false, 0.5},    {1, 4, 64, 64, 32, 32, false, 0},
    {1, 1, 130, 200, 24, 40, true, 0}, {0, 2, 4, 4, 3, 3, true, 0},
};
enum { CASES = sizeof cases / sizeof *cases };

static const row_facts no_facts = {.inputs = 0};

/* (B, H, T, D) as a view of (B, T, H D), as models make it; numbers in -1 .. 1, so that the scores'
 * own rounding does not count for much. */
static ore_tensor *heads(int64_t B, int64_t H, int64_t T, int64_t D, ore_dtype dtype) {
    ore_tensor *t = random_tensor(ORE_SHAPE(B, T, H, D), dtype, &no_facts);
    return ore_transpose(ore_mul_scalar(t, 0.25), 1, 2);
}

static void make_inputs(const attention_case *c, ore_dtype dtype, ore_tensor **in) {
    in[0] = heads(c->B, c->H, c->Tq, c->D, dtype);
    in[1] = heads(c->B, c->H, c->Tk, c->D, dtype);
    in[2] = heads(c->B, c->H, c->Tk, c->Dv, dtype);
    in[3] = heads(c->B, c->H, c->Tq, c->Dv, dtype); /* dy */
}

/* y, dq, dk and dv of the op. */
static void run_op(const attention_case *c, bool plain, ore_tensor *const *in, ore_tensor **out) {
    ore_generator *g = ore_generator_new(5);
    ore_attention_options o = ore_attention_defaults();
    ore_tensor *leaf[3];
    o.causal = c->causal;
    o.dropout = c->dropout;
    o.generator = g;
    for (int i = 0; i < 3; i++)
        leaf[i] = ore_set_requires_grad(ore_detach(in[i]), true);
    out[0] = plain ? ore_attention_plain(leaf[0], leaf[1], leaf[2], &o)
                   : ore_attention(leaf[0], leaf[1], leaf[2], &o);
    ore_retain_grad(out[0]);
    ore_backward_from(out[0], in[3], false);
    for (int i = 0; i < 3; i++)
        out[i + 1] = ore_clone(ore_grad(leaf[i]));
    ore_generator_free(g);
    assert_true(ore_ok());
}

static void fused_and_plain_agree(void **state) {
    (void)state;
    static const ore_dtype dtypes[] = {ORE_FLOAT64, ORE_FLOAT32};
    int failures = 0;
    for (int i = 0; i < 2 * CASES; i++) {
        const attention_case *c = &cases[i / 2];
        kernel_row row = {.name = "attention", .dtype = dtypes[i % 2]};
        ore_tensor *in[4], *fused[4], *plain[4];
        ore_scope_begin();
        make_inputs(c, dtypes[i % 2], in);
        run_op(c, false, in, fused);
        run_op(c, true, in, plain);
        for (int k = 0; k < 4; k++)
            failures += !tensors_agree(&row, k ? "gradient" : "result", c->Tk, fused[k], plain[k]);
        ore_scope_end();
    }
    assert_int_equal(failures, 0);
}

static void last_query_alone_is_the_same(void **state) {
    (void)state;
    ore_scope_begin();
    attention_case c = {1, 2, 9, 9, 8, 8, true, 0};
    ore_tensor *in[4];
    make_inputs(&c, ORE_FLOAT32, in);
    ore_attention_options o = ore_attention_defaults();
    o.causal = true;
    ore_tensor *all = ore_attention(in[0], in[1], in[2], &o);
    ore_tensor *last = ore_attention(ore_narrow(in[0], 2, 8, 1), in[1], in[2], &o);
    kernel_row row = {.name = "attention", .dtype = ORE_FLOAT32};
    assert_true(tensors_agree(&row, "last query", 9, last, ore_narrow(all, 2, 8, 1)));
    ore_scope_end();
}

/* ---- rows of the levels ---- */

typedef ore_status (*attention_row)(const ore_context *, const ore_attention_args *);

static void set_strides(const ore_tensor *t, int64_t *strides) {
    for (int d = 0; d < 3; d++)
        strides[d] = ore_stride(t, d);
}

enum { ROW_Y, ROW_LSE, ROW_DQ, ROW_DK, ROW_DV, ROW_RESULTS };

/* Runs forward and, where y and lse are given, backward over them. */
static void run_row(const attention_case *c, ore_dtype dtype, attention_row function,
                    const ore_context *ctx, ore_tensor *const *in, ore_tensor **from,
                    ore_tensor **out) {
    out[ROW_Y] = ore_zeros(ORE_SHAPE(c->B, c->H, c->Tq, c->Dv), dtype);
    out[ROW_LSE] = ore_zeros(ORE_SHAPE(c->B, c->H, c->Tq), dtype);
    out[ROW_DQ] = ore_zeros(ORE_SHAPE(c->B, c->H, c->Tq, c->D), dtype);
    out[ROW_DK] = ore_zeros(ORE_SHAPE(c->B, c->H, c->Tk, c->D), dtype);
    out[ROW_DV] = ore_zeros(ORE_SHAPE(c->B, c->H, c->Tk, c->Dv), dtype);
    ore_tensor **results = from ? from : out;
    size_t bits = (size_t)(c->B * c->H * c->Tq * c->Tk);
    uint8_t *keep = malloc(bits / 8 + 1);
    for (size_t i = 0; i < bits / 8 + 1; i++)
        keep[i] = (uint8_t)(i * 37 + 11);
    ore_attention_args a = {.B = c->B, .H = c->H, .Tq = c->Tq, .Tk = c->Tk, .D = c->D, .Dv = c->Dv};
    a.q = ore_tensor_address(in[0]);
    a.k = ore_tensor_address(in[1]);
    a.v = ore_tensor_address(in[2]);
    set_strides(in[0], a.q_stride);
    set_strides(in[1], a.k_stride);
    set_strides(in[2], a.v_stride);
    a.y = ore_tensor_address(results[ROW_Y]);
    set_strides(results[ROW_Y], a.y_stride);
    a.lse = ore_tensor_address(results[ROW_LSE]);
    a.scale = 1 / sqrt((double)c->D);
    a.causal = c->causal;
    a.keep = c->dropout > 0 ? keep : NULL;
    a.keep_scale = 1 / (1 - c->dropout);
    a.dy = ore_tensor_address(in[3]);
    set_strides(in[3], a.dy_stride);
    a.dq = ore_tensor_address(out[ROW_DQ]);
    a.dk = ore_tensor_address(out[ROW_DK]);
    a.dv = ore_tensor_address(out[ROW_DV]);
    assert_int_equal(function(ctx, &a), ORE_OK);
    free(keep);
}

/* The scalar row, the level's on one thread and on three. */
static int compare_case(const kernel_row *row, const attention_case *c) {
    bool backward = strstr(row->name, "backward") != NULL;
    attention_row forward = row->dtype == ORE_FLOAT32 ? scalar_attention_f32 : scalar_attention_f64;
    ore_tensor *in[4], *from[ROW_RESULTS], *out[3][ROW_RESULTS];
    int failures = 0;
    ore_scope_begin();
    make_inputs(c, row->dtype, in);
    run_row(c, row->dtype, forward, row->scalar_context, in, NULL, from);
    for (int i = 0; i < 3; i++) {
        ore_set_num_threads(i == 2 ? 3 : 1);
        run_row(c, row->dtype, (attention_row)(i ? row->function : row->scalar),
                i ? row->context : row->scalar_context, in, backward ? from : NULL, out[i]);
    }
    for (int k = 0; k < ROW_RESULTS; k++)
        failures += !tensors_agree(row, "row", c->Tk, out[1][k], out[0][k]) ||
                    !same_bits(row, "threads", out[1][k], out[2][k]);
    ore_scope_end();
    return failures;
}

static void levels_agree_with_scalar(void **state) {
    (void)state;
    const level_tables *levels = levels_to_test();
    static kernel_row rows[KERNEL_ROWS_MOST];
    int failures = 0;
    for (int i = 0; i < levels->count; i++) {
        int n = kernel_rows_of(&levels->tables[i], rows), found = 0;
        for (int r = 0; r < n; r++) {
            if (strncmp(rows[r].name, "attention", 9) != 0)
                continue;
            for (int c = 0; c < CASES; c++)
                failures += compare_case(&rows[r], &cases[c]);
            found++;
        }
        print_message("%s: %d attention rows compared\n", levels->names[i], found);
    }
    assert_int_equal(failures, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fused_and_plain_agree),
        cmocka_unit_test(last_query_alone_is_the_same),
        cmocka_unit_test(levels_agree_with_scalar),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
