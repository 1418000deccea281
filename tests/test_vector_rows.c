/* test_vector_rows.c: elementwise rows, copies, casts and sums of every vector level against
 * scalar, at sizes around the vector width and above a piece, dense, strided and broadcast; threads
 * change no bit. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backend/cpu/cpu.h"
#include "support/levels.h"
#include "support/numbers.h"

static const int64_t sizes[] = {1, 7, 16, 17, 65, 1000, 40000};
enum { SIZES = sizeof sizes / sizeof *sizes };

/* ---- elementwise rows ---- */

typedef ore_status (*plan_row)(const ore_context *ctx, const ore_plan *plan);

/* CHOICE: the first input is of bool; LOGICAL: the result is; BACKWARD: inputs are finite, since
 * levels differ at 0 times infinity. */
typedef enum row_kind { REALS, CHOICE, LOGICAL, BACKWARD } row_kind;

typedef struct elementwise {
    const char *name;
    size_t offset;
    int inputs;
    double units; /* of precision that it may be off, of its result and of 4 */
    row_kind kind;
} elementwise;

#define ROW(name, inputs, units, kind)                                                             \
    { #name, offsetof(ore_kernels, name), inputs, units, kind }
static const elementwise table_rows[] = {
    ROW(copy, 1, 0, REALS),
    ROW(add, 2, 0, REALS),
    ROW(sub, 2, 0, REALS),
    ROW(mul, 2, 0, REALS),
    ROW(div, 2, 0, REALS),
    ROW(maximum, 2, 0, REALS),
    ROW(minimum, 2, 0, REALS),
    ROW(neg, 1, 0, REALS),
    ROW(abs, 1, 0, REALS),
    ROW(sqrt, 1, 0, REALS),
    ROW(where, 3, 0, CHOICE),
    ROW(eq, 2, 0, LOGICAL),
    ROW(ne, 2, 0, LOGICAL),
    ROW(lt, 2, 0, LOGICAL),
    ROW(le, 2, 0, LOGICAL),
    ROW(exp, 1, 8, REALS),
    ROW(log, 1, 8, REALS),
    ROW(tanh, 1, 8, REALS),
    ROW(tanh_backward, 2, 32, BACKWARD),
    ROW(sigmoid, 1, 8, REALS),
    ROW(sigmoid_backward, 2, 32, BACKWARD),
    ROW(relu, 1, 0, REALS),
    ROW(relu_backward, 2, 0, REALS),
    ROW(gelu, 1, 8, REALS),
    ROW(gelu_backward, 2, 16, BACKWARD),
    ROW(gelu_tanh, 1, 8, REALS),
    ROW(gelu_tanh_backward, 2, 16, BACKWARD),
};
enum { ROWS = sizeof table_rows / sizeof *table_rows };
#undef ROW

static plan_row row_of(const ore_kernels *table, const elementwise *row, ore_dtype dtype) {
    plan_row function;
    memcpy(&function, (const char *)table + row->offset + (size_t)dtype * sizeof function,
           sizeof function);
    return function;
}

typedef enum layout { DENSE, SPREAD, ONE_VALUE, ROW_VECTOR, COLUMN_VECTOR, LAYOUTS } layout;

/* A plan of n elements whose last input has the layout; vectors are broadcast over (n, 3). */
static ore_plan plan_of(int64_t n, int operands, const int64_t *bytes, layout how) {
    int last = operands - 1;
    bool two = how == ROW_VECTOR || how == COLUMN_VECTOR;
    ore_plan plan = {.ndim = two ? 2 : 1, .operands = operands, .size = two ? 3 * n : n};
    plan.shape[0] = two ? 3 : n;
    plan.shape[1] = n;
    for (int i = 0; i < operands; i++) {
        plan.strides[i][0] = two ? n * bytes[i] : bytes[i];
        plan.strides[i][1] = bytes[i];
    }
    if (how == SPREAD)
        plan.strides[last][0] *= 2, plan.strides[0][0] *= 3;
    if (how == ONE_VALUE || how == ROW_VECTOR)
        plan.strides[last][0] = 0;
    if (how == COLUMN_VECTOR)
        plan.strides[last][0] = bytes[last], plan.strides[last][1] = 0;
    return plan;
}

static void compare_elementwise(const elementwise *row, const ore_kernels *table, ore_dtype dtype,
                                int64_t n, layout how) {
    ore_context ctx = level_context(table);
    int operands = row->inputs + 1;
    int64_t most = 3 * n, bytes[ORE_PLAN_OPERANDS];
    void *in[ORE_PLAN_OPERANDS];
    ore_dtype type = row->kind == LOGICAL ? ORE_BOOL : dtype;
    bytes[0] = (int64_t)ore_dtype_size(type);
    for (int i = 1; i < operands; i++) {
        bool choice = row->kind == CHOICE && i == 1;
        bytes[i] = choice ? 1 : (int64_t)ore_dtype_size(dtype);
        in[i] =
            choice ? new_bytes(most, ORE_BOOL) : new_numbers(most, dtype, row->kind != BACKWARD);
        for (int64_t k = 0; choice && k < most; k++)
            ((uint8_t *)in[i])[k] = next_number() > 0.5;
    }
    ore_plan plan = plan_of(n, operands, bytes, how);
    void *y[3];
    for (int run = 0; run < 3; run++) { /* scalar, one thread, two threads */
        y[run] = new_bytes(most, type);
        plan.data[0] = y[run];
        for (int i = 1; i < operands; i++)
            plan.data[i] = in[i];
        ore_set_num_threads(run == 2 ? 2 : 1);
        row_of(run ? table : &scalar_kernels, row, dtype)(&ctx, &plan);
    }
    if (row->kind == LOGICAL)
        assert_memory_equal(y[1], y[0], (size_t)most);
    else
        assert_close(row->name, most, dtype, y[1], y[0], row->units * unit_of(dtype), 4);
    assert_memory_equal(y[1], y[2], (size_t)(most * bytes[0]));
    for (int run = 0; run < 3; run++)
        free(y[run]);
    for (int i = 1; i < operands; i++)
        free(in[i]);
}

static void test_elementwise(void **state) {
    (void)state;
    const level_tables *levels = levels_to_test();
    for (int l = 0; l < levels->count; l++)
        for (int r = 0; r < ROWS; r++)
            for (int s = 0; s < SIZES; s++)
                for (int how = DENSE; how < LAYOUTS; how++) {
                    compare_elementwise(&table_rows[r], &levels->tables[l], ORE_FLOAT32, sizes[s],
                                        how);
                    if (sizes[s] <= 1000)
                        compare_elementwise(&table_rows[r], &levels->tables[l], ORE_FLOAT64,
                                            sizes[s], how);
                }
}

static void test_in_place(void **state) {
    (void)state;
    const level_tables *levels = levels_to_test();
    for (int l = 0; l < levels->count; l++)
        for (int s = 0; s < SIZES; s++) {
            ore_context ctx = level_context(&levels->tables[l]);
            int64_t n = sizes[s], bytes[] = {4, 4, 4};
            ore_plan plan = plan_of(n, 3, bytes, DENSE);
            float *x = new_numbers(n, ORE_FLOAT32, false), *a = copy_of(x, n, ORE_FLOAT32);
            for (int i = 0; i < 3; i++)
                plan.data[i] = (char *)a;
            levels->tables[l].add[ORE_FLOAT32](&ctx, &plan);
            for (int64_t i = 0; i < n; i++)
                assert_true(a[i] == x[i] + x[i]);
            free(x);
            free(a);
        }
}

/* Bounds between two floats: what is outside them by less than a rounding gets no gradient. */
static void test_clamp(void **state) {
    (void)state;
    const level_tables *levels = levels_to_test();
    const double bounds[][2] = {{-0.7, 0.7}, {-INFINITY, 0.1}, {NAN, 0.3}, {0.2, NAN}};
    enum { N = 77 };
    float dy[N], x[N], y[2][N];
    for (int i = 0; i < N; i++) {
        x[i] = (float)(i % 7 == 0   ? 0.7
                       : i % 7 == 1 ? -0.7
                       : i % 7 == 2 ? 0.1
                       : i % 7 == 3 ? NAN
                                    : 2 * next_number() - 1);
        dy[i] = (float)(i + 1);
    }
    int64_t bytes[] = {4, 4, 4};
    for (int l = 0; l < levels->count; l++)
        for (size_t b = 0; b < sizeof bounds / sizeof *bounds; b++)
            for (int backward = 0; backward < 2; backward++) {
                for (int run = 0; run < 2; run++) {
                    const ore_kernels *table = run ? &levels->tables[l] : &scalar_kernels;
                    ore_context ctx = level_context(table);
                    ore_plan plan = plan_of(N, 2 + backward, bytes, DENSE);
                    plan.data[0] = (char *)y[run];
                    plan.data[1] = (char *)(backward ? dy : x);
                    plan.data[2] = (char *)x;
                    (backward ? table->clamp_backward
                              : table->clamp)[ORE_FLOAT32](&ctx, &plan, bounds[b][0], bounds[b][1]);
                }
                assert_close("clamp", N, ORE_FLOAT32, y[1], y[0], 0, 0);
            }
}

/* ---- copies and casts ---- */

/* (outer, rows, cols) from memory laid out as (outer, cols, rows + gap). */
static void compare_transposed(const ore_kernels *table, ore_dtype dtype, int64_t outer,
                               int64_t rows, int64_t cols, int64_t gap) {
    ore_context ctx = level_context(table);
    int64_t bytes = (int64_t)ore_dtype_size(dtype), size = outer * rows * cols;
    int64_t of_x = outer * cols * (rows + gap);
    unsigned char *x = new_bytes(of_x, dtype), *y[2];
    for (int64_t i = 0; i < of_x * bytes; i++)
        x[i] = (unsigned char)(256 * next_number());
    ore_plan plan = {.ndim = 3,
                     .operands = 2,
                     .size = size,
                     .shape = {outer, rows, cols},
                     .strides = {{rows * cols * bytes, cols * bytes, bytes},
                                 {cols * (rows + gap) * bytes, bytes, (rows + gap) * bytes}}};
    for (int run = 0; run < 2; run++) {
        y[run] = new_bytes(size, dtype);
        plan.data[0] = (char *)y[run];
        plan.data[1] = (char *)x;
        (run ? table : &scalar_kernels)->copy[dtype](&ctx, &plan);
    }
    assert_memory_equal(y[1], y[0], (size_t)(size * bytes));
    free(x);
    free(y[0]);
    free(y[1]);
}

static void test_transposed_copies(void **state) {
    (void)state;
    const level_tables *levels = levels_to_test();
    const ore_dtype dtypes[] = {ORE_BOOL, ORE_BFLOAT16, ORE_FLOAT32, ORE_INT64};
    for (int l = 0; l < levels->count; l++)
        for (int d = 0; d < 4; d++) {
            const ore_kernels *table = &levels->tables[l];
            compare_transposed(table, dtypes[d], 1, 3, 100, 0);
            compare_transposed(table, dtypes[d], 2, 8, 8, 0);
            compare_transposed(table, dtypes[d], 3, 17, 65, 2);
            compare_transposed(table, dtypes[d], 2, 130, 71, 1);
            compare_transposed(table, dtypes[d], 1, 64, 256, 0);
        }
}

static void test_casts(void **state) {
    (void)state;
    const level_tables *levels = levels_to_test();
    const ore_dtype pairs[][2] = {{ORE_FLOAT32, ORE_FLOAT64},  {ORE_FLOAT64, ORE_FLOAT32},
                                  {ORE_FLOAT32, ORE_BFLOAT16}, {ORE_BFLOAT16, ORE_FLOAT32},
                                  {ORE_BOOL, ORE_FLOAT32},     {ORE_INT64, ORE_FLOAT32},
                                  {ORE_FLOAT32, ORE_INT64}};
    for (int l = 0; l < levels->count; l++)
        for (size_t p = 0; p < sizeof pairs / sizeof *pairs; p++)
            for (int s = 0; s < SIZES; s++) {
                int64_t n = sizes[s];
                ore_context ctx = level_context(&levels->tables[l]);
                ore_dtype from = pairs[p][0], to = pairs[p][1];
                int64_t bytes[] = {(int64_t)ore_dtype_size(to), (int64_t)ore_dtype_size(from)};
                ore_plan plan = plan_of(n, 2, bytes, DENSE);
                unsigned char *x = ore_dtype_is_floating(from) && from != ORE_BFLOAT16
                                       ? new_numbers(n, from, to != ORE_INT64)
                                       : new_bytes(n, from);
                for (int64_t i = 0;
                     x && from != ORE_FLOAT32 && from != ORE_FLOAT64 && i < n * bytes[1]; i++)
                    x[i] = (unsigned char)((from == ORE_BOOL ? 2 : 256) * next_number());
                void *y[2] = {new_bytes(n, to), new_bytes(n, to)};
                plan.data[1] = (char *)x;
                for (int run = 0; run < 2; run++) {
                    plan.data[0] = y[run];
                    (run ? &levels->tables[l] : &scalar_kernels)->cast[from](&ctx, &plan, to);
                }
                assert_memory_equal(y[1], y[0], (size_t)(n * bytes[0]));
                free(x);
                free(y[0]);
                free(y[1]);
            }
}

/* ---- sums: (a, b, c) over any dims ---- */

static void add_dim(ore_plan *plan, int64_t size, int64_t step0, int64_t step1) {
    plan->size *= size;
    plan->shape[plan->ndim] = size;
    plan->strides[0][plan->ndim] = step0;
    plan->strides[1][plan->ndim++] = step1;
}

static void compare_sum(const ore_kernels *table, ore_dtype dtype, const int64_t *shape,
                        int folds) {
    int64_t bytes = (int64_t)ore_dtype_size(dtype), size = shape[0] * shape[1] * shape[2];
    int64_t kept = 1, steps[3] = {shape[1] * shape[2] * bytes, shape[2] * bytes, bytes};
    ore_reduce_plan plan = {.kept = {.operands = 2, .size = 1},
                            .folded = {.operands = 1, .size = 1}};
    for (int d = 0; d < 3; d++)
        kept *= folds >> d & 1 ? 1 : shape[d];
    for (int64_t d = 0, step = kept * bytes; d < 3; d++) {
        if (folds >> d & 1) {
            add_dim(&plan.folded, shape[d], steps[d], 0);
            continue;
        }
        step /= shape[d];
        add_dim(&plan.kept, shape[d], step, steps[d]);
    }
    if (plan.kept.ndim == 0)
        add_dim(&plan.kept, 1, 0, 0);
    void *x = new_numbers(size, dtype, false), *y[3];
    plan.kept.data[1] = plan.folded.data[0] = x;
    for (int run = 0; run < 3; run++) {
        const ore_kernels *own = run ? table : &scalar_kernels;
        ore_context ctx = level_context(own);
        y[run] = new_bytes(kept, dtype);
        plan.kept.data[0] = y[run];
        ore_set_num_threads(run == 2 ? 2 : 1);
        assert_int_equal(own->sum[dtype](&ctx, &plan), ORE_OK);
    }
    double terms = (double)plan.folded.size;
    assert_close("sum", kept, dtype, y[1], y[0], 2 * unit_of(dtype),
                 dtype == ORE_FLOAT64 ? 4 * terms : 8 + 2 * sqrt(terms));
    assert_memory_equal(y[1], y[2], (size_t)(kept * bytes));
    for (int run = 0; run < 3; run++)
        free(y[run]);
    free(x);
}

static void test_sums(void **state) {
    (void)state;
    const level_tables *levels = levels_to_test();
    const int64_t shapes[][3] = {{1, 1, 1},     {3, 5, 7},      {2, 17, 65},   {4, 1000, 16},
                                 {5, 3, 1030},  {2, 40000, 2},  {40, 50, 33},  {1, 7, 40000},
                                 {2, 2000, 65}, {1, 300, 1100}, {200, 200, 3}, {7, 1, 9}};
    for (int l = 0; l < levels->count; l++)
        for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
            for (int folds = 1; folds < 8; folds++) {
                compare_sum(&levels->tables[l], ORE_FLOAT32, shapes[s], folds);
                compare_sum(&levels->tables[l], ORE_FLOAT64, shapes[s], folds);
            }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_elementwise), cmocka_unit_test(test_in_place),
        cmocka_unit_test(test_clamp),       cmocka_unit_test(test_transposed_copies),
        cmocka_unit_test(test_casts),       cmocka_unit_test(test_sums),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
