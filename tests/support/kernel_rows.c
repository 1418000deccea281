/* kernel_rows.c: walking kernels.def in tests. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/kernel_rows.h"
#include "support/numbers.h"

/* Rows over a plan not listed here have two inputs and a result of their own dtype. */
static const row_facts known[] = {
    {.name = "copy", .inputs = 1},
    {.name = "cast", .inputs = 1},
    {.name = "fill", .inputs = 0},
    {.name = "ramp", .inputs = 0},
    {.name = "neg", .inputs = 1},
    {.name = "abs", .inputs = 1},
    {.name = "sign", .inputs = 1},
    {.name = "exp", .inputs = 1},
    {.name = "log", .inputs = 1, .positive = true},
    {.name = "sqrt", .inputs = 1, .positive = true},
    {.name = "pow", .inputs = 2, .positive = true},
    {.name = "clamp", .inputs = 1},
    {.name = "eq", .inputs = 2, .compares = true},
    {.name = "ne", .inputs = 2, .compares = true},
    {.name = "lt", .inputs = 2, .compares = true},
    {.name = "le", .inputs = 2, .compares = true},
    {.name = "where", .inputs = 3, .chooses = true},
    {.name = "tanh", .inputs = 1},
    {.name = "sigmoid", .inputs = 1},
    {.name = "relu", .inputs = 1},
    {.name = "gelu", .inputs = 1, .cancels = true},
    {.name = "gelu_tanh", .inputs = 1, .cancels = true},
    {.name = "add", .inputs = 2},
    {.name = "sub", .inputs = 2},
    {.name = "mul", .inputs = 2},
    {.name = "div", .inputs = 2},
    {.name = "maximum", .inputs = 2},
    {.name = "minimum", .inputs = 2},
    {.name = "clamp_backward", .inputs = 2},
    {.name = "relu_backward", .inputs = 2},
    {.name = "erf", .inputs = 1},
    {.name = "rsqrt", .inputs = 1, .positive = true},
    {.name = "leaky_relu", .inputs = 1},
    {.name = "leaky_relu_backward", .inputs = 2},
    {.name = "silu", .inputs = 1},
    {.name = "silu_backward", .inputs = 2, .tame = true, .cancels = true},
    {.name = "amax"},
    {.name = "amin"},
    {.name = "gelu_backward", .inputs = 2, .tame = true, .cancels = true},
    {.name = "gelu_tanh_backward", .inputs = 2, .tame = true, .cancels = true},
    {.name = "softmax_backward", .tame = true, .cancels = true},
    {.name = "log_softmax_backward", .tame = true, .cancels = true},
    {.name = "layer_norm", .tame = true, .cancels = true},
    {.name = "layer_norm_backward", .tame = true, .sums = true},
    {.name = "cross_entropy", .tame = true, .cancels = true},
    {.name = "rms_norm", .tame = true, .cancels = true},
    {.name = "rms_norm_backward", .tame = true, .sums = true},
    {.name = "cross_entropy_backward", .tame = true, .cancels = true},
    {.name = "sum", .tame = true, .sums = true},
    {.name = "var", .tame = true, .cancels = true},
    {.name = "max_place", .places = true},
    {.name = "min_place", .places = true},
};

/* Rows that tests of their own compare. */
static const struct {
    const char *row, *test;
} elsewhere[] = {
    {"widen", "test_half.c"},
    {"narrow", "test_half.c"},
    {"gemm", "test_gemm.c"},
    {"sgd_step", "test_optim_kernels.c"},
    {"adam_step", "test_optim_kernels.c"},
    {"adagrad_step", "test_optim_kernels.c"},
    {"rmsprop_step", "test_optim_kernels.c"},
    {"adadelta_step", "test_optim_kernels.c"},
    {"adamax_step", "test_optim_kernels.c"},
    {"nadam_step", "test_optim_kernels.c"},
    {"radam_step", "test_optim_kernels.c"},
    {"lion_step", "test_optim_kernels.c"},
    {"sum_squares", "test_optim_kernels.c"},
    {"dropout_mask", "test_dropout.c"},
    {"dropout_apply", "test_dropout.c"},
    {"batch_norm", "test_batch_norm.c"},
    {"batch_norm_backward", "test_batch_norm.c"},
    {"conv", "test_conv.c"},
    {"conv_transpose", "test_conv.c"},
    {"conv_weight", "test_conv.c"},
    {"attention", "test_attention.c"},
    {"attention_backward", "test_attention.c"},
    {"recurrent", "test_recurrent.c"},
    {"recurrent_backward", "test_recurrent.c"},
};

static const row_facts *facts_of(const char *name) {
    static const row_facts usual = {.inputs = 2};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i].name, name) == 0)
            return &known[i];
    return &usual;
}

static bool is_elsewhere(const char *name) {
    char path[512];
    for (size_t i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++) {
        if (strcmp(elsewhere[i].row, name) != 0)
            continue;
        snprintf(path, sizeof path, "%s/%s", ORE_TEST_DIR, elsewhere[i].test);
        return access(path, R_OK) == 0;
    }
    return false;
}

/* clang-format off */
#define KIND_OF(row)                                                                               \
    _Generic((row),                                                                                \
        plan_row: ROW_PLAN,                                                                        \
        plan_number_row: ROW_PLAN_NUMBER,                                                          \
        plan_range_row: ROW_PLAN_RANGE,                                                            \
        plan_dtype_row: ROW_PLAN_DTYPE,                                                            \
        reduce_row: ROW_REDUCE,                                                                    \
        reduce_number_row: ROW_REDUCE_NUMBER,                                                      \
        softmax_row: ROW_SOFTMAX,                                                                  \
        softmax_backward_row: ROW_SOFTMAX_BACKWARD,                                                \
        norm_row: ROW_NORM,                                                                        \
        loss_row: ROW_LOSS,                                                                        \
        index_row: ROW_INDEX,                                                                      \
        embedding_row: ROW_EMBEDDING,                                                              \
        embedding_backward_row: ROW_EMBEDDING_BACKWARD,                                            \
        default: ROW_ELSEWHERE)
/* clang-format on */

int kernel_rows_of(const ore_kernels *table, kernel_row *rows) {
    static ore_context scalar_context, context;
    int n = 0;
    scalar_context = level_context(&scalar_kernels);
    context = level_context(table ? table : &scalar_kernels);
#define K(row, dtypes, args)                                                                       \
    for (int d = 0; d < ORE_DTYPE_COUNT; d++) {                                                    \
        row_function scalar = (row_function)scalar_kernels.row[d];                                 \
        row_function own = table ? (row_function)table->row[d] : scalar;                           \
        if (!own || (table && own == scalar))                                                      \
            continue;                                                                              \
        assert_true(n < KERNEL_ROWS_MAX);                                                          \
        rows[n++] = (kernel_row){#row,   (ore_dtype)d, KIND_OF(table->row[0]), facts_of(#row),     \
                                 scalar, own,          &scalar_context,        &context};          \
    }
#include "backend/kernels.def"
#undef K
    for (int i = 0; i < n; i++)
        if (table && rows[i].kind == ROW_ELSEWHERE && !is_elsewhere(rows[i].name))
            fail_msg("row %s is compared by no test", rows[i].name);
    return n;
}

/* ---- numbers ---- */

ore_tensor *random_tensor(ore_shape shape, ore_dtype dtype, const row_facts *facts) {
    static const double odd[] = {0.0, -0.0, INFINITY, -INFINITY, NAN, 88.5, -104.0, 1e-30, -1e-8};
    enum { ODD = sizeof odd / sizeof *odd };
    ore_tensor *t = ore_empty(shape, ORE_FLOAT64);
    double *data = ore_data_mut(t);
    bool with_odd = ore_dtype_is_floating(dtype) && facts->name != NULL && !facts->tame;
    for (int64_t i = 0; i < ore_numel(t); i++) {
        double x = facts->positive ? 0.01 + 4 * next_number() : 8 * next_number() - 4;
        if (with_odd && !facts->positive && i % 23 == 22)
            x = odd[i / 23 % ODD];
        data[i] = dtype == ORE_BOOL              ? x > 0
                  : dtype == ORE_UINT8           ? floor(30 * fabs(x))
                  : ore_dtype_is_floating(dtype) ? x
                                                 : floor(30 * x);
    }
    return ore_to(t, dtype);
}

static double precision_of(ore_dtype dtype) {
    switch (dtype) {
    case ORE_FLOAT32:
        return 0x1p-23;
    case ORE_FLOAT64:
        return 0x1p-52;
    default:
        return 0; /* whole numbers and copies: exactly */
    }
}

/* Units of precision allowed: of the element itself, and of the largest of its result, which is
 * what sums that cancel are good for; the inputs, up to INPUT_SIZE, may be larger still. */
enum { OWN_UNITS = 16, LARGEST_UNITS = 8, INPUT_SIZE = 4 };

bool tensors_agree(const kernel_row *row, const char *what, int64_t n, ore_tensor *got,
                   ore_tensor *want) {
    double unit = precision_of(ore_tensor_dtype(want)), largest = 0;
    if (row->facts && row->facts->cancels)
        largest = INPUT_SIZE;
    if (row->facts && row->facts->sums)
        largest = INPUT_SIZE * (row->dtype == ORE_FLOAT64 ? (double)n : 1 + sqrt((double)n) / 8);
    ore_tensor *a = ore_contiguous(ore_to(got, ORE_FLOAT64));
    ore_tensor *b = ore_contiguous(ore_to(want, ORE_FLOAT64));
    const double *x = ore_data(a), *y = ore_data(b);
    for (int64_t i = 0; i < ore_numel(b); i++)
        if (isfinite(y[i]) && fabs(y[i]) < 1e6)
            largest = fmax(largest, fabs(y[i]));
    for (int64_t i = 0; i < ore_numel(b); i++) {
        if (x[i] == y[i] || (isnan(x[i]) && isnan(y[i])))
            continue;
        if (fabs(x[i] - y[i]) <= unit * (OWN_UNITS * fabs(y[i]) + LARGEST_UNITS * largest))
            continue;
        print_error("%s %s, %s, n = %lld, at %lld: %.17g, scalar has %.17g\n", row->name,
                    ore_dtype_name(row->dtype), what, (long long)n, (long long)i, x[i], y[i]);
        return false;
    }
    return true;
}

bool same_bits(const kernel_row *row, const char *what, ore_tensor *a, ore_tensor *b) {
    size_t bytes = (size_t)ore_numel(a) * ore_dtype_size(ore_tensor_dtype(a));
    if (memcmp(ore_data(a), ore_data(b), bytes) == 0)
        return true;
    print_error("%s %s, %s: bits differ\n", row->name, ore_dtype_name(row->dtype), what);
    return false;
}
