/* test_gemm.c: products of every level against the scalar triple loop, over shapes, layouts and
 * batches; and what must not change a bit: threads, the number of rows, the batch. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backend/cpu/cpu.h"
#include "base/threads.h"
#include "support/layouts.h"
#include "support/levels.h"
#include "support/numbers.h"

/* ---- matrices in any layout ---- */

typedef struct matrix {
    void *data;
    size_t bytes;
    int64_t row, col, batch; /* steps in elements */
} matrix;

static matrix make_matrix(ore_dtype dtype, int64_t batches, int64_t rows, int64_t cols, layout l) {
    layout_steps steps = steps_of(l, rows, cols);
    matrix x = {.row = steps.row, .col = steps.col, .batch = steps.batch};
    int64_t elements = batches * x.batch + 1;
    size_t each = ore_dtype_size(dtype);
    x.bytes = (size_t)elements * each;
    x.data = malloc(x.bytes); /* exactly: AddressSanitizer watches the ends */
    for (int64_t i = 0; i < elements; i++)
        if (dtype == ORE_FLOAT32)
            ((float *)x.data)[i] = (float)(next_number() - 0.5);
        else
            ((double *)x.data)[i] = next_number() - 0.5;
    return x;
}

static matrix copy_matrix(const matrix *x) {
    matrix y = *x;
    y.data = malloc(x->bytes);
    memcpy(y.data, x->data, x->bytes);
    return y;
}

static double element(const matrix *x, ore_dtype dtype, int64_t i) {
    return dtype == ORE_FLOAT32 ? (double)((float *)x->data)[i] : ((double *)x->data)[i];
}

static ore_gemm product_of(const matrix *a, const matrix *b, const matrix *c, int64_t m, int64_t n,
                           int64_t k) {
    return (ore_gemm){.m = m,
                      .n = n,
                      .k = k,
                      .a = a->data,
                      .a_row = a->row,
                      .a_col = a->col,
                      .b = b->data,
                      .b_row = b->row,
                      .b_col = b->col,
                      .c = c->data,
                      .c_row = c->row,
                      .c_col = c->col};
}

static void run(const ore_kernels *table, ore_dtype dtype, const ore_gemm *g) {
    ore_context ctx = level_context(table);
    assert_int_equal(table->gemm[dtype](&ctx, g), ORE_OK);
}

/* Everything in memory, the gaps of a padded result too, which must stay as they were. */
static void expect_close(const matrix *got, const matrix *wanted, ore_dtype dtype, int64_t k,
                         const char *what) {
    double unit = dtype == ORE_FLOAT32 ? 0x1p-24 : 0x1p-53;
    double bound = unit * (double)(k + 4) * 0.25 + 1e-300;
    int64_t elements = (int64_t)(got->bytes / ore_dtype_size(dtype));
    for (int64_t i = 0; i < elements; i++) {
        double x = element(got, dtype, i), y = element(wanted, dtype, i);
        if (!(fabs(x - y) <= bound + 4 * unit * fabs(y)))
            fail_msg("%s: element %lld is %.17g, expected %.17g", what, (long long)i, x, y);
    }
}

/* ---- against scalar ---- */

typedef struct test_case {
    int64_t m, n, k;
    layout a, b, c;
    bool bias, accumulate;
    int64_t batches; /* 0: no batch dims */
    bool shared_b, addend;
} test_case;

static void check_case(const level_tables *levels, ore_dtype dtype, const test_case *t) {
    int64_t batches = t->batches ? t->batches : 1;
    matrix a = make_matrix(dtype, batches, t->m, t->k, t->a);
    matrix b = make_matrix(dtype, t->shared_b ? 1 : batches, t->k, t->n, t->b);
    matrix c = make_matrix(dtype, batches, t->m, t->n, t->c);
    matrix bias = make_matrix(dtype, 1, 1, t->n, DENSE_ROWS);
    matrix addend = t->addend ? make_matrix(dtype, batches, t->m, t->n, t->c) : copy_matrix(&c);
    matrix wanted = copy_matrix(&c);
    ore_gemm g = product_of(&a, &b, &wanted, t->m, t->n, t->k);
    g.bias = t->bias ? bias.data : NULL;
    g.accumulate = t->accumulate;
    g.addend = t->addend ? addend.data : NULL;
    if (t->batches) {
        g.batch_ndim = 1;
        g.batch_shape[0] = t->batches;
        g.a_batch[0] = a.batch;
        g.b_batch[0] = t->shared_b ? 0 : b.batch;
        g.c_batch[0] = c.batch;
    }
    run(&scalar_kernels, dtype, &g);
    for (int i = 0; i < levels->count; i++) {
        char what[160];
        int add = t->accumulate ? 1 : t->addend ? 2 : 0;
        snprintf(what, sizeof what, "%s %s m %d n %d k %d layouts %d%d%d bias %d add %d batch %d",
                 levels->names[i], ore_dtype_name(dtype), (int)t->m, (int)t->n, (int)t->k, t->a,
                 t->b, t->c, t->bias, add, (int)t->batches);
        matrix got = copy_matrix(&c);
        g.c = got.data;
        run(&levels->tables[i], dtype, &g);
        expect_close(&got, &wanted, dtype, t->k, what);
        free(got.data);
    }
    free(a.data), free(b.data), free(c.data), free(bias.data), free(wanted.data);
    free(addend.data);
}

static void check_both_types(const test_case *t) {
    const level_tables *levels = levels_to_test();
    if (!levels->count)
        skip();
    check_case(levels, ORE_FLOAT32, t);
    check_case(levels, ORE_FLOAT64, t);
}

static void test_sizes_around_the_tile(void **state) {
    (void)state;
    static const int64_t sizes[] = {1, 2, 5, 6, 7, 8, 9, 15, 16, 17, 24, 31, 33, 48, 49, 65};
    enum { COUNT = sizeof sizes / sizeof *sizes };
    for (int i = 0; i < COUNT; i++)
        for (int j = 0; j < COUNT; j++) {
            test_case t = {.m = sizes[i], .n = sizes[j], .k = sizes[(i * 5 + j * 3) % COUNT]};
            t.bias = (i + j) % 2;
            t.accumulate = (i + j) % 3 == 0;
            t.addend = (i + j) % 3 == 1;
            check_both_types(&t);
        }
}

static void test_every_layout(void **state) {
    (void)state;
    static const int64_t shapes[][3] = {{7, 19, 13}, {20, 50, 40}, {110, 40, 70}, {1, 80, 33}};
    for (int a = 0; a < LAYOUTS; a++)
        for (int b = 0; b < LAYOUTS; b++)
            for (int c = 0; c < LAYOUTS; c++)
                for (int s = 0; s < 4; s++) {
                    int flags = (a + b + c + s) % 4;
                    test_case t = {
                        shapes[s][0], shapes[s][1], shapes[s][2], a, b, c, flags & 1, flags & 2, 0,
                        false,        flags == 1};
                    check_both_types(&t);
                }
}

static void test_large_and_long(void **state) {
    (void)state;
    static const test_case cases[] = {
        {.m = 300, .n = 200, .k = 900, .b = DENSE_COLS, .bias = true},
        {.m = 97, .n = 131, .k = 1700, .a = DENSE_COLS, .accumulate = true},
        {.m = 40, .n = 3000, .k = 780, .bias = true, .addend = true},
        {.m = 3000, .n = 20, .k = 790, .a = DENSE_COLS},
        {.m = 2, .n = 500, .k = 1000, .b = DENSE_COLS, .bias = true, .addend = true},
        {.m = 500, .n = 1, .k = 1000},
        {.m = 1, .n = 1, .k = 5000},
        /* B as it lies, or packed by the pieces, under columns and under many rows of A */
        {.m = 700, .n = 96, .k = 130, .bias = true},
        {.m = 700, .n = 90, .k = 130, .b = DENSE_COLS, .addend = true},
        {.m = 300, .n = 96, .k = 900, .a = DENSE_COLS, .accumulate = true},
        {.m = 300, .n = 530, .k = 900, .a = DENSE_COLS, .bias = true},
        {.m = 800, .n = 96, .k = 130, .bias = true},
        {.m = 800, .n = 90, .k = 130, .b = DENSE_COLS, .addend = true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_both_types(&cases[i]);
}

static void test_batches(void **state) {
    (void)state;
    for (int shared_b = 0; shared_b < 2; shared_b++)
        for (int a = 0; a < 3; a++)
            for (int b = 0; b < 2; b++) {
                test_case t = {33, 17, 29, a, b, DENSE_ROWS, shared_b, a == 1, 5, shared_b, a == 2};
                check_both_types(&t);
                t.m = 200, t.n = 70, t.k = 64, t.batches = 3;
                check_both_types(&t);
                t.batches = 1;
                check_both_types(&t);
            }
}

static void test_nothing_to_do(void **state) {
    (void)state;
    static const test_case cases[] = {
        {.m = 0, .n = 5, .k = 3},
        {.m = 5, .n = 0, .k = 3},
        {.m = 5, .n = 6, .k = 0},
        {.m = 5, .n = 6, .k = 0, .bias = true, .accumulate = true},
        {.m = 700, .n = 600, .k = 0, .bias = true, .addend = true},
        {.m = 3, .n = 4, .k = 2, .batches = 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_both_types(&cases[i]);
}

/* A is one row seen m times, B one column seen n times: steps of 0. */
static void test_broadcast_operands(void **state) {
    (void)state;
    const level_tables *levels = levels_to_test();
    enum { M = 50, N = 40, DEPTH = 30 };
    for (int which = 0; which < 3; which++) {
        matrix a = make_matrix(ORE_FLOAT32, 1, M, DEPTH, DENSE_ROWS);
        matrix b = make_matrix(ORE_FLOAT32, 1, DEPTH, N, DENSE_ROWS);
        matrix wanted = make_matrix(ORE_FLOAT32, 1, M, N, DENSE_ROWS);
        ore_gemm g = product_of(&a, &b, &wanted, M, N, DEPTH);
        if (which == 0)
            g.a_row = 0;
        else if (which == 1)
            g.a_col = 0;
        else
            g.b_col = 0;
        run(&scalar_kernels, ORE_FLOAT32, &g);
        for (int i = 0; i < levels->count; i++) {
            matrix got = make_matrix(ORE_FLOAT32, 1, M, N, DENSE_ROWS);
            memset((char *)got.data + M * N * 4, 0, 4),
                memset((char *)wanted.data + M * N * 4, 0, 4);
            g.c = got.data;
            run(&levels->tables[i], ORE_FLOAT32, &g);
            expect_close(&got, &wanted, ORE_FLOAT32, DEPTH, levels->names[i]);
            free(got.data);
        }
        free(a.data), free(b.data), free(wanted.data);
    }
}

/* ---- what must not change a bit ---- */

static void check_threads(const ore_kernels *table, int64_t m, int64_t n, int64_t k, layout la,
                          layout lb) {
    matrix a = make_matrix(ORE_FLOAT32, 1, m, k, la), b = make_matrix(ORE_FLOAT32, 1, k, n, lb);
    matrix first = make_matrix(ORE_FLOAT32, 1, m, n, DENSE_ROWS);
    for (int threads = 1; threads <= 5; threads++) {
        matrix c = copy_matrix(&first);
        ore_set_num_threads(threads);
        ore_gemm g = product_of(&a, &b, threads == 1 ? &first : &c, m, n, k);
        run(table, ORE_FLOAT32, &g);
        if (threads > 1)
            assert_memory_equal(c.data, first.data, (size_t)(m * n) * sizeof(float));
        free(c.data);
    }
    free(a.data), free(b.data), free(first.data);
}

static void test_threads_change_nothing(void **state) {
    (void)state;
    static const int64_t shapes[][3] = {{257, 190, 1000}, {800, 96, 300}, {100, 900, 300}};
    const level_tables *levels = levels_to_test();
    for (int i = 0; i < levels->count; i++)
        for (int s = 0; s < 3; s++)
            for (int la = DENSE_ROWS; la <= DENSE_COLS; la++)
                for (int lb = DENSE_ROWS; lb <= DENSE_COLS; lb++)
                    check_threads(&levels->tables[i], shapes[s][0], shapes[s][1], shapes[s][2],
                                  (layout)la, (layout)lb);
    ore_set_num_threads(2);
}

/* Row i of C is the same bits whatever other rows and columns are computed with it. */
static void check_rows_alone(const ore_kernels *table, ore_dtype dtype, layout lb, int64_t N,
                             int64_t k) {
    enum { M = 800 };
    size_t row_bytes = (size_t)N * ore_dtype_size(dtype);
    matrix a = make_matrix(dtype, 1, M, k, DENSE_ROWS);
    matrix b = make_matrix(dtype, 1, k, N, lb);
    matrix whole = make_matrix(dtype, 1, M, N, DENSE_ROWS);
    matrix bias = make_matrix(dtype, 1, 1, N, DENSE_ROWS);
    ore_gemm g = product_of(&a, &b, &whole, M, N, k);
    g.bias = bias.data;
    run(table, dtype, &g);
    static const int64_t counts[] = {1, 2, 3, 5, 6, 7, 12, 13, 50, 130};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        int64_t start = 17 * (int64_t)i;
        matrix part = make_matrix(dtype, 1, counts[i], N, DENSE_ROWS);
        ore_gemm h = product_of(&a, &b, &part, counts[i], N, k);
        h.a = (char *)a.data + (size_t)(start * k) * ore_dtype_size(dtype);
        h.bias = bias.data;
        run(table, dtype, &h);
        assert_memory_equal(part.data, (char *)whole.data + (size_t)start * row_bytes,
                            (size_t)counts[i] * row_bytes);
        free(part.data);
    }
    free(a.data), free(b.data), free(whole.data), free(bias.data);
}

static void test_rows_do_not_depend_on_their_number(void **state) {
    /* N, k: the last three are, in one or a few rows, done by plain loops */
    static const int64_t sizes[][2] = {{80, 40}, {80, 840}, {80, 1640}, {16, 16}, {5, 24}, {1, 7}};
    (void)state;
    const level_tables *levels = levels_to_test();
    for (int i = 0; i < levels->count; i++)
        for (int lb = 0; lb < LAYOUTS; lb++)
            for (size_t size = 0; size < sizeof sizes / sizeof *sizes; size++) {
                int64_t N = sizes[size][0], k = sizes[size][1];
                check_rows_alone(&levels->tables[i], ORE_FLOAT32, (layout)lb, N, k);
                check_rows_alone(&levels->tables[i], ORE_FLOAT64, (layout)lb, N, k);
            }
}

static void test_batch_does_not_change_a_product(void **state) {
    (void)state;
    const level_tables *levels = levels_to_test();
    enum { M = 60, N = 50, DEPTH = 900, BATCHES = 3 };
    for (int i = 0; i < levels->count; i++) {
        matrix a = make_matrix(ORE_FLOAT32, BATCHES, M, DEPTH, DENSE_ROWS);
        matrix b = make_matrix(ORE_FLOAT32, BATCHES, DEPTH, N, DENSE_COLS);
        matrix c = make_matrix(ORE_FLOAT32, BATCHES, M, N, DENSE_ROWS);
        matrix alone = make_matrix(ORE_FLOAT32, 1, M, N, DENSE_ROWS);
        ore_gemm g = product_of(&a, &b, &c, M, N, DEPTH);
        g.batch_ndim = 1;
        g.batch_shape[0] = BATCHES;
        g.a_batch[0] = a.batch, g.b_batch[0] = b.batch, g.c_batch[0] = c.batch;
        run(&levels->tables[i], ORE_FLOAT32, &g);
        for (int64_t batch = 0; batch < BATCHES; batch++) {
            ore_gemm h = product_of(&a, &b, &alone, M, N, DEPTH);
            h.a = (float *)a.data + batch * a.batch;
            h.b = (float *)b.data + batch * b.batch;
            run(&levels->tables[i], ORE_FLOAT32, &h);
            assert_memory_equal(alone.data, (float *)c.data + batch * c.batch,
                                M * N * sizeof(float));
        }
        free(a.data), free(b.data), free(c.data), free(alone.data);
    }
}

/* ---- levels ---- */

static void test_level_names(void **state) {
    (void)state;
    ore_kernels table;
    assert_int_equal(ore_cpu_kernels_of("scalar", &table), ORE_OK);
    assert_memory_equal(&table, &scalar_kernels, sizeof table);
    assert_int_equal(ore_cpu_kernels_of("sse9", &table), ORE_INVALID);
    assert_non_null(strstr(ore_error_message(), "CPU level 'sse9': unknown, expected one of: "));
    ore_error_clear();
    if (!strstr(ore_cpu_levels_text(), "avx512")) {
        assert_int_equal(ore_cpu_kernels_of("avx512", &table), ORE_UNSUPPORTED);
        assert_non_null(strstr(ore_error_message(), "CPU level avx512: not available here"));
        ore_error_clear();
    }
    assert_non_null(strstr(ore_cpu_levels_text(), ore_cpu_level()));
    assert_true(strlen(ore_cpu_model_name()) > 0);
    print_message("level %s of %s; %s: %s\n", ore_cpu_level(), ore_cpu_levels_text(),
                  ore_cpu_model_name(), ore_cpu_features_text());
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_level_names),
        cmocka_unit_test(test_sizes_around_the_tile),
        cmocka_unit_test(test_every_layout),
        cmocka_unit_test(test_large_and_long),
        cmocka_unit_test(test_batches),
        cmocka_unit_test(test_nothing_to_do),
        cmocka_unit_test(test_broadcast_operands),
        cmocka_unit_test(test_threads_change_nothing),
        cmocka_unit_test(test_rows_do_not_depend_on_their_number),
        cmocka_unit_test(test_batch_does_not_change_a_product),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
