/* test_kernels.c: every row that a faster level overrides against its scalar row, at sizes around
 * the vector width, dense, strided and broadcast; and that threads change no bit.
 *
 * Rows are found by walking kernels.def and sorted by the type of their function. A row of a type
 * that is not handled here must be named in `elsewhere`, with a test of its own. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/kernel_rows.h"

static const int64_t sizes[] = {1, 7, 16, 17, 65, 1000};
enum { SIZES = sizeof sizes / sizeof *sizes };

static int compared, failures;

/* ---- rows over a plan ---- */

typedef enum plan_layout { DENSE, STRIDED, TRANSPOSED, BROADCAST, PLAN_LAYOUTS } plan_layout;
static const char *const layout_names[] = {"dense", "strided", "transposed", "broadcast"};

/* An operand of n elements, or (3, n) where it is transposed, showing random numbers. */
static ore_tensor *operand(ore_dtype dtype, int64_t n, plan_layout layout, const row_facts *facts) {
    switch (layout) {
    case STRIDED:
        return ore_slice(random_tensor(ORE_SHAPE(2 * n), dtype, facts), 0, 0, 2 * n, 2);
    case TRANSPOSED:
        return ore_t(random_tensor(ORE_SHAPE(n, 3), dtype, facts));
    case BROADCAST:
        return ore_expand(random_tensor(ORE_SHAPE(3, 1), dtype, facts), ORE_SHAPE(3, n));
    default:
        return random_tensor(ORE_SHAPE(n), dtype, facts);
    }
}

static ore_tensor *result(ore_dtype dtype, int64_t n, plan_layout layout) {
    ore_shape shape = layout == TRANSPOSED || layout == BROADCAST ? ORE_SHAPE(3, n) : ORE_SHAPE(n);
    return ore_zeros(shape, dtype);
}

static void run_plan_row(const kernel_row *row, row_function function, const ore_context *ctx,
                         ore_tensor *y, ore_tensor *const *in, ore_dtype to) {
    const row_facts *facts = row->facts;
    ore_plan plan;
    ore_plan_of(&plan, y, facts->inputs, in);
    switch (row->kind) {
    case ROW_PLAN:
        ((plan_row)function)(ctx, &plan);
        break;
    case ROW_PLAN_NUMBER:
        ((plan_number_row)function)(ctx, &plan, 3.0);
        break;
    case ROW_PLAN_RANGE:
        ((plan_range_row)function)(ctx, &plan, -0.5, 1.25);
        break;
    default:
        ((plan_dtype_row)function)(ctx, &plan, to);
        break;
    }
}

static void compare_plan_to(const kernel_row *row, ore_dtype to, int64_t n, plan_layout layout) {
    const row_facts *facts = row->facts;
    ore_tensor *in[ORE_PLAN_OPERANDS];
    ore_scope_begin();
    for (int i = 0; i < facts->inputs; i++) {
        bool choice = facts->chooses && i == 0;
        plan_layout own = layout == BROADCAST && i % 2 == 0 ? TRANSPOSED : layout;
        in[i] = operand(choice ? ORE_BOOL : row->dtype, n, own, facts);
    }
    ore_tensor *want = result(to, n, layout), *got = result(to, n, layout);
    run_plan_row(row, row->scalar, row->scalar_context, want, in, to);
    run_plan_row(row, row->function, row->context, got, in, to);
    failures += !tensors_agree(row, layout_names[layout], n, got, want);
    compared++;
    ore_scope_end();
}

static void compare_threads(const kernel_row *row, ore_dtype to) {
    ore_tensor *in[ORE_PLAN_OPERANDS], *y[2];
    int64_t n = 70001;
    ore_scope_begin();
    for (int i = 0; i < row->facts->inputs; i++)
        in[i] =
            operand(row->facts->chooses && i == 0 ? ORE_BOOL : row->dtype, n, DENSE, row->facts);
    for (int i = 0; i < 2; i++) {
        y[i] = result(to, n, DENSE);
        ore_set_num_threads(i ? 3 : 1);
        run_plan_row(row, row->function, row->context, y[i], in, to);
    }
    failures += !same_bits(row, "threads", y[0], y[1]);
    ore_scope_end();
}

static void compare_plan_row(const kernel_row *row) {
    bool casts = row->kind == ROW_PLAN_DTYPE;
    for (int dtype = 0; dtype < ORE_DTYPE_COUNT; dtype++) {
        ore_dtype to = casts ? (ore_dtype)dtype : row->facts->compares ? ORE_BOOL : row->dtype;
        if (!casts && dtype > 0)
            break;
        for (int i = 0; i < SIZES; i++)
            for (int layout = DENSE; layout < PLAN_LAYOUTS; layout++)
                if (row->facts->inputs > 0 || layout == DENSE)
                    compare_plan_to(row, to, sizes[i], (plan_layout)layout);
        compare_threads(row, to);
    }
}

/* ---- reductions ---- */

static void run_reduction(const kernel_row *row, row_function function, const ore_context *ctx,
                          ore_tensor *y, ore_tensor *places, ore_tensor *x, const bool *fold) {
    ore_reduce_plan plan;
    ore_reduce_plan_of(&plan, y, places, x, fold);
    if (row->kind == ROW_REDUCE)
        ((reduce_row)function)(ctx, &plan);
    else
        ((reduce_number_row)function)(ctx, &plan, 1.0);
}

/* x has 3 dims; those marked in `fold` go. */
static void compare_reduction(const kernel_row *row, ore_tensor *x, const bool *fold,
                              const char *what) {
    ore_shape shape = ore_shape_of(x);
    for (int d = 0; d < shape.ndim; d++)
        if (fold[d])
            shape.dim[d] = 1;
    ore_tensor *y[3], *places[3];
    for (int i = 0; i < 3; i++) {
        y[i] = ore_zeros(shape, row->dtype);
        places[i] = row->facts->places ? ore_zeros(shape, ORE_INT64) : NULL;
    }
    run_reduction(row, row->scalar, row->scalar_context, y[0], places[0], x, fold);
    ore_set_num_threads(1);
    run_reduction(row, row->function, row->context, y[1], places[1], x, fold);
    ore_set_num_threads(3);
    run_reduction(row, row->function, row->context, y[2], places[2], x, fold);
    int64_t n = ore_numel(x);
    failures += !tensors_agree(row, what, n, y[1], y[0]) || !same_bits(row, what, y[1], y[2]);
    if (places[0])
        failures += !same_bits(row, what, places[0], places[1]);
    compared++;
}

static void compare_reduce_row(const kernel_row *row) {
    static const bool folds[][3] = {
        {false, false, true}, {false, true, false}, {true, false, false}, {true, true, false},
        {false, true, true},  {true, false, true},  {true, true, true}};
    for (int i = 0; i < SIZES; i++)
        for (size_t f = 0; f < sizeof folds / sizeof *folds; f++) {
            int64_t n = sizes[i];
            ore_scope_begin();
            ore_tensor *x = random_tensor(ORE_SHAPE(2, 9, n), row->dtype, row->facts);
            compare_reduction(row, x, folds[f], "dense");
            compare_reduction(row, ore_transpose(x, 1, 2), folds[f], "transposed");
            compare_reduction(row, ore_slice(x, 2, 0, n, 3), folds[f], "strided");
            x = random_tensor(ORE_SHAPE(2, n, 33), row->dtype, row->facts);
            compare_reduction(row, x, folds[f], "long middle");
            ore_scope_end();
        }
    ore_scope_begin();
    ore_tensor *x = random_tensor(ORE_SHAPE(70, 5, 300), row->dtype, row->facts);
    for (size_t f = 0; f < sizeof folds / sizeof *folds; f++)
        compare_reduction(row, x, folds[f], "large");
    ore_scope_end();
}

/* ---- dense rows ---- */

static void compare_softmax(const kernel_row *row, int64_t rows, int64_t cols) {
    ore_tensor *y[3];
    ore_tensor *x = random_tensor(ORE_SHAPE(rows, cols), row->dtype, row->facts);
    ore_tensor *second = ore_softmax(x, -1);
    if (strncmp(row->name, "log", 3) == 0)
        second = ore_log(second);
    for (int i = 0; i < 3; i++) {
        y[i] = ore_zeros(ORE_SHAPE(rows, cols), row->dtype);
        row_function function = i == 0 ? row->scalar : row->function;
        const ore_context *ctx = i == 0 ? row->scalar_context : row->context;
        ore_set_num_threads(i == 2 ? 3 : 1);
        if (row->kind == ROW_SOFTMAX)
            ((softmax_row)function)(ctx, rows, cols, ore_data(x), ore_data_mut(y[i]));
        else
            ((softmax_backward_row)function)(ctx, rows, cols, ore_data(x), ore_data(second),
                                             ore_data_mut(y[i]));
    }
    failures +=
        !tensors_agree(row, "rows", cols, y[1], y[0]) || !same_bits(row, "rows", y[1], y[2]);
    compared++;
}

enum { NORM_Y, NORM_MEAN, NORM_RSTD, NORM_DX, NORM_DWEIGHT, NORM_DBIAS, NORM_RESULTS };

/* The scalar forward whose values a backward row reads. */
static row_function forward_of(const kernel_row *backward) {
    bool wide = backward->dtype == ORE_FLOAT64;
    if (strcmp(backward->name, "rms_norm_backward") == 0)
        return wide ? (row_function)scalar_rms_norm_f64 : (row_function)scalar_rms_norm_f32;
    return wide ? (row_function)scalar_layer_norm_f64 : (row_function)scalar_layer_norm_f32;
}

/* Runs a layer norm or RMS norm row, into out[]; backward reads `saved`. */
static void run_norm(const kernel_row *row, int level, ore_layer_norm_args args, bool backward,
                     ore_tensor **saved, ore_tensor **out) {
    ore_shape full = ORE_SHAPE(args.rows, args.cols), cols = ORE_SHAPE(args.cols);
    ore_shape rows = ORE_SHAPE(args.rows);
    const ore_shape shapes[NORM_RESULTS] = {full, rows, rows, full, cols, cols};
    for (int i = 0; i < NORM_RESULTS; i++)
        out[i] = ore_zeros(shapes[i], i == NORM_MEAN || i == NORM_RSTD ? ORE_FLOAT64 : row->dtype);
    args.y = ore_data_mut(out[NORM_Y]);
    args.mean = ore_data_mut(backward ? saved[NORM_MEAN] : out[NORM_MEAN]);
    args.rstd = ore_data_mut(backward ? saved[NORM_RSTD] : out[NORM_RSTD]);
    args.dx = ore_data_mut(out[NORM_DX]);
    args.dweight = ore_data_mut(out[NORM_DWEIGHT]);
    args.dbias = ore_data_mut(out[NORM_DBIAS]);
    ore_set_num_threads(level == 2 ? 3 : 1);
    ((norm_row)(level ? row->function : row->scalar))(level ? row->context : row->scalar_context,
                                                      &args);
}

static void compare_norm(const kernel_row *row, int64_t rows, int64_t cols, bool affine) {
    bool backward = strstr(row->name, "backward") != NULL;
    ore_tensor *out[3][NORM_RESULTS], *saved[NORM_RESULTS];
    ore_layer_norm_args args = {.rows = rows, .cols = cols, .eps = 1e-5};
    args.x = ore_data(random_tensor(ORE_SHAPE(rows, cols), row->dtype, row->facts));
    args.dy = ore_data(random_tensor(ORE_SHAPE(rows, cols), row->dtype, row->facts));
    if (affine) {
        args.weight = ore_data(random_tensor(ORE_SHAPE(cols), row->dtype, row->facts));
        args.bias = ore_data(random_tensor(ORE_SHAPE(cols), row->dtype, row->facts));
    }
    if (backward) {
        kernel_row forward = *row;
        forward.scalar = forward_of(row);
        run_norm(&forward, 0, args, false, NULL, saved);
    }
    for (int i = 0; i < 3; i++)
        run_norm(row, i, args, backward, saved, out[i]);
    for (int k = 0; k < NORM_RESULTS; k++) {
        bool rounding = cols == 1 && k == NORM_DX; /* 0 but for rstd times a rounding error */
        int64_t terms = k == NORM_DWEIGHT || k == NORM_DBIAS ? rows : cols; /* of the sums */
        failures += (!rounding && !tensors_agree(row, "rows", terms, ore_to(out[1][k], row->dtype),
                                                 ore_to(out[0][k], row->dtype))) ||
                    !same_bits(row, "rows", out[1][k], out[2][k]);
    }
    compared++;
}

enum { LOSS_EACH, LOSS_REDUCED, LOSS_ROWS, LOSS_TOTAL, LOSS_DX, LOSS_RESULTS };

static void run_loss(const kernel_row *row, int level, ore_cross_entropy_args args, bool backward,
                     ore_tensor **saved, ore_tensor **out) {
    ore_shape rows = ORE_SHAPE(args.rows), one = ORE_SHAPE(1);
    const ore_shape shapes[LOSS_RESULTS] = {rows, one, ORE_SHAPE(args.rows, 2), one,
                                            ORE_SHAPE(args.rows, args.cols)};
    for (int i = 0; i < LOSS_RESULTS; i++)
        out[i] = ore_zeros(shapes[i], i == LOSS_ROWS || i == LOSS_TOTAL ? ORE_FLOAT64 : row->dtype);
    args.loss = ore_data_mut(out[LOSS_EACH]);
    args.reduced = args.each_row ? NULL : ore_data_mut(out[LOSS_REDUCED]);
    args.top_and_sum = ore_data_mut(backward ? saved[LOSS_ROWS] : out[LOSS_ROWS]);
    args.total = ore_data_mut(backward ? saved[LOSS_TOTAL] : out[LOSS_TOTAL]);
    args.dx = ore_data_mut(out[LOSS_DX]);
    ore_set_num_threads(level == 2 ? 3 : 1);
    ((loss_row)(level ? row->function : row->scalar))(level ? row->context : row->scalar_context,
                                                      &args);
}

/* `options` counts through reductions, smoothing and class weights. */
static void compare_loss(const kernel_row *row, int64_t rows, int64_t cols, int options) {
    bool backward = strstr(row->name, "backward") != NULL;
    ore_tensor *out[3][LOSS_RESULTS], *saved[LOSS_RESULTS];
    ore_cross_entropy_args args = {.rows = rows, .cols = cols, .ignore_index = -100};
    args.mean = options % 3 == 0;
    args.each_row = options % 3 == 2;
    args.smoothing = options / 3 % 2 ? 0.1 : 0;
    int64_t *labels = malloc((size_t)rows * sizeof *labels);
    for (int64_t r = 0; r < rows; r++)
        labels[r] = r % 5 == 1 ? -100 : r * 7 % cols;
    args.labels = labels;
    args.x = ore_data(random_tensor(ORE_SHAPE(rows, cols), row->dtype, row->facts));
    args.dy = ore_data(random_tensor(ORE_SHAPE(rows), row->dtype, row->facts));
    if (options / 6)
        args.class_weight =
            ore_data(ore_exp(random_tensor(ORE_SHAPE(cols), row->dtype, row->facts)));
    if (backward) {
        kernel_row forward = *row;
        forward.scalar = row->dtype == ORE_FLOAT32 ? (row_function)scalar_cross_entropy_f32
                                                   : (row_function)scalar_cross_entropy_f64;
        run_loss(&forward, 0, args, false, NULL, saved);
    }
    for (int i = 0; i < 3; i++)
        run_loss(row, i, args, backward, saved, out[i]);
    for (int k = 0; k < LOSS_RESULTS; k++)
        failures += !tensors_agree(row, "rows", cols, ore_to(out[1][k], row->dtype),
                                   ore_to(out[0][k], row->dtype)) ||
                    !same_bits(row, "rows", out[1][k], out[2][k]);
    free(labels);
    compared++;
}

static void compare_rows_row(const kernel_row *row) {
    static const int64_t heights[] = {1, 6, 133};
    for (int i = 0; i < SIZES; i++)
        for (int h = 0; h < 3; h++) {
            ore_scope_begin();
            if (row->kind == ROW_SOFTMAX || row->kind == ROW_SOFTMAX_BACKWARD)
                compare_softmax(row, heights[h], sizes[i]);
            for (int affine = 0; row->kind == ROW_NORM && affine < 2; affine++)
                compare_norm(row, heights[h], sizes[i], affine);
            for (int options = 0; row->kind == ROW_LOSS && options < 12; options++)
                compare_loss(row, heights[h], sizes[i], options);
            ore_scope_end();
        }
}

/* ---- indexing ---- */

static void compare_index_row(const kernel_row *row) {
    bool scatters = strcmp(row->name, "scatter_add") == 0;
    for (int i = 0; i < SIZES; i++) {
        int64_t n = sizes[i];
        ore_scope_begin();
        ore_tensor *index = ore_empty(ORE_SHAPE(n), ORE_INT64);
        int64_t *places = ore_data_mut(index);
        for (int64_t k = 0; k < n; k++)
            places[k] = k * 5 % 3;
        ore_tensor *x = random_tensor(ORE_SHAPE(scatters ? n : 3, 2), row->dtype, row->facts);
        int64_t still[] = {0, 1};
        ore_index_args args = {row->name, places, n, 3, 2 * (int64_t)ore_dtype_size(row->dtype)};
        ore_tensor *y[2];
        for (int level = 0; level < 2; level++) {
            y[level] = ore_zeros(ORE_SHAPE(scatters ? 3 : n, 2), row->dtype);
            ore_tensor *moved = scatters ? y[level] : x;
            moved = ore_tensor_alias_as(moved, ORE_SHAPE(n, 2), still, 0);
            ore_tensor *in[] = {scatters ? x : moved, ore_unsqueeze(index, 1)};
            ore_plan plan;
            ore_plan_of(&plan, scatters ? moved : y[level], 2, in);
            ((index_row)(level ? row->function : row->scalar))(
                level ? row->context : row->scalar_context, &plan, &args);
        }
        failures += !tensors_agree(row, "indexed", n, y[1], y[0]);
        compared++;
        ore_scope_end();
    }
}

static void compare_embedding_row(const kernel_row *row) {
    bool backward = row->kind == ROW_EMBEDDING_BACKWARD;
    enum { V = 3, N = 40 };
    int64_t indices[N];
    for (int64_t k = 0; k < N; k++)
        indices[k] = k * 5 % V;
    for (int i = 0; i < SIZES; i++) {
        int64_t C = sizes[i];
        ore_scope_begin();
        ore_tensor *x = random_tensor(ORE_SHAPE(backward ? N : V, C), row->dtype, row->facts);
        ore_tensor *y[3];
        for (int level = 0; level < 3; level++) {
            row_function function = level ? row->function : row->scalar;
            const ore_context *ctx = level ? row->context : row->scalar_context;
            y[level] = ore_zeros(ORE_SHAPE(backward ? V : N, C), row->dtype);
            ore_set_num_threads(level == 2 ? 3 : 1);
            if (backward)
                ((embedding_backward_row)function)(ctx, ore_data(x), indices,
                                                   ore_data_mut(y[level]), N, V, C, 1);
            else
                ((embedding_row)function)(ctx, ore_data(x), indices, ore_data_mut(y[level]), N, V,
                                          C);
        }
        failures +=
            !tensors_agree(row, "rows", C, y[1], y[0]) || !same_bits(row, "rows", y[1], y[2]);
        compared++;
        ore_scope_end();
    }
}

/* ---- the walk ---- */

static void compare_row(const kernel_row *row) {
    switch (row->kind) {
    case ROW_PLAN:
    case ROW_PLAN_NUMBER:
    case ROW_PLAN_RANGE:
    case ROW_PLAN_DTYPE:
        compare_plan_row(row);
        break;
    case ROW_REDUCE:
    case ROW_REDUCE_NUMBER:
        compare_reduce_row(row);
        break;
    case ROW_INDEX:
        compare_index_row(row);
        break;
    case ROW_EMBEDDING:
    case ROW_EMBEDDING_BACKWARD:
        compare_embedding_row(row);
        break;
    default:
        compare_rows_row(row);
        break;
    }
}

static void overridden_rows_agree_with_scalar(void **state) {
    (void)state;
    const level_tables *levels = levels_to_test();
    static kernel_row rows[KERNEL_ROWS_MAX];
    for (int i = 0; i < levels->count; i++) {
        int n = kernel_rows_of(&levels->tables[i], rows), walked = 0, before = compared;
        for (int r = 0; r < n; r++) {
            if (rows[r].kind == ROW_ELSEWHERE)
                continue;
            compare_row(&rows[r]);
            walked++;
            if (!ore_ok())
                fail_msg("%s: %s", rows[r].name, ore_error_message());
        }
        print_message("%s: %d of %d overridden rows compared here, %d times\n", levels->names[i],
                      walked, n, compared - before);
    }
    assert_int_equal(failures, 0);
}

/* The scalar rows go through the same walk, against themselves, so that it is alive where no level
 * overrides anything. */
static void the_walk_reaches_every_kind_of_row(void **state) {
    (void)state;
    static kernel_row rows[KERNEL_ROWS_MAX];
    int n = kernel_rows_of(NULL, rows), kinds[ROW_KINDS] = {0};
    for (int r = 0; r < n; r++) {
        if (rows[r].kind == ROW_ELSEWHERE || kinds[rows[r].kind]++ > 0)
            continue;
        compare_row(&rows[r]);
    }
    for (int kind = 0; kind < ROW_KINDS; kind++)
        assert_true(kinds[kind] > 0 || kind == ROW_ELSEWHERE);
    assert_int_equal(failures, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_walk_reaches_every_kind_of_row),
        cmocka_unit_test(overridden_rows_agree_with_scalar),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
