/* test_cases.c: what every case of cases/ must do: its gradient agrees with central differences,
 * signed, in float64; every level of the CPU gives what the scalar one does, at sizes around the
 * vector width too; half precision gives what float32 does, on every level; and
 * arguments that no program should pass are refused with a message. */
#include <ctype.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <ore/gradcheck.h>

#include "backend/backend.h"
#include "backend/cpu/cpu.h"
#include "cases/cases.h"
#include "support/levels.h"

/* What test_gradcheck*.c had before the cases were one list: the list must not shrink. */
enum { GRADIENTS_AT_LEAST = 332, RESULTS = OP_CASE_INPUTS + 1, ELEMENTS_MAX = 1 << 14 };

/* ---- calls of a case ---- */

/* A case with its inputs; those that gradients are asked of come apart. */
typedef struct call {
    const op_case *c;
    int n;
    ore_tensor *in[OP_CASE_INPUTS];
} call;

static bool is_floating(const op_input *input) {
    return !input->labels && !input->is_bool;
}

static call call_of(const op_case *c, const op_input *inputs, int n, ore_dtype dtype) {
    call made = {c, n, {NULL}};
    ore_generator *g = ore_generator_new(17);
    for (int i = 0; i < n; i++) {
        made.in[i] = op_input_new(&inputs[i], dtype, c->low, c->high, g);
        if (is_floating(&inputs[i]) && c->has_gradient)
            ore_set_requires_grad(made.in[i], true);
    }
    ore_generator_free(g);
    return made;
}

static ore_tensor *run(call *made) {
    return made->c->function(NULL, made->in, made->n);
}

/* ---- gradients ---- */

/* The case as a function of its floating inputs alone. */
static ore_tensor *of_floating(void *user, ore_tensor **in, int n) {
    const call *whole = user;
    call own = *whole;
    (void)n;
    for (int i = 0, k = 0; i < own.n; i++)
        if (ore_requires_grad(whole->in[i]))
            own.in[i] = in[k++];
    return run(&own);
}

static bool gradient_agrees(const op_case *c) {
    const ore_gradcheck_options options = {.step = 1e-5, .rtol = 1e-6, .atol = 1e-8};
    op_input inputs[OP_CASE_INPUTS];
    call made = call_of(c, inputs, op_inputs_of(c->inputs, inputs), ORE_FLOAT64);
    ore_tensor *floating[OP_CASE_INPUTS];
    int n = 0;
    for (int i = 0; i < made.n; i++)
        if (ore_requires_grad(made.in[i]))
            floating[n++] = made.in[i];
    if (ore_gradcheck(of_floating, &made, floating, n, &options) == ORE_OK)
        return true;
    print_error("%s: %s\n", c->id, ore_error_message());
    ore_error_clear();
    return false;
}

static void every_gradient_agrees(void **state) {
    (void)state;
    int checked = 0, failed = 0;
    for (int i = 0; i < op_case_count(); i++) {
        if (!op_case_at(i)->has_gradient)
            continue;
        ore_scope_begin();
        failed += !gradient_agrees(op_case_at(i));
        checked++;
        ore_scope_end();
    }
    print_message("%d gradients of %d cases checked\n", checked, op_case_count());
    assert_int_equal(failed, 0);
    assert_true(checked >= GRADIENTS_AT_LEAST);
}

/* ---- levels ---- */

/* A result and the gradients that it leaves; NULL where there is none. */
typedef struct outcome {
    ore_tensor *t[RESULTS];
} outcome;

/* An upstream gradient of mixed sign. */
static ore_tensor *upstream(ore_tensor *y) {
    ore_tensor *numbers = ore_arange(0, (double)ore_numel(y), 1, ORE_FLOAT64);
    ore_tensor *few = ore_sub_scalar(ore_remainder_scalar(numbers, 5), 1.75);
    return ore_reshape(ore_to(few, ore_tensor_dtype(y)), ore_shape_of(y));
}

/* What a call gives, and its gradients. */
static outcome outcome_of_call(call *made) {
    outcome o = {{NULL}};
    ore_tensor *y = o.t[0] = run(made);
    if (!y || !ore_requires_grad(y))
        return o;
    o.t[0] = ore_clone(ore_detach(y));
    ore_backward_from(y, upstream(ore_detach(y)), false);
    for (int i = 0; i < made->n; i++)
        o.t[i + 1] = ore_requires_grad(made->in[i]) ? ore_grad(made->in[i]) : NULL;
    return o;
}

static outcome outcome_of(const op_case *c, const op_input *inputs, int n, ore_dtype dtype) {
    call made = call_of(c, inputs, n, dtype);
    return outcome_of_call(&made);
}

/* The largest finite magnitude, at least 1. */
static double magnitude(const double *x, int64_t n) {
    double most = 1;
    for (int64_t i = 0; i < n; i++)
        most = isfinite(x[i]) && fabs(x[i]) > most ? fabs(x[i]) : most;
    return most;
}

static bool tensors_agree(ore_tensor *got, ore_tensor *want, double tolerance) {
    if (!got || !want)
        return !got == !want;
    if (!ore_shape_equal(ore_shape_of(got), ore_shape_of(want)))
        return false;
    const double *a = ore_data(ore_contiguous(ore_to(ore_detach(got), ORE_FLOAT64)));
    const double *b = ore_data(ore_contiguous(ore_to(ore_detach(want), ORE_FLOAT64)));
    int64_t n = ore_numel(want);
    double allowed = tolerance * magnitude(b, n);
    for (int64_t i = 0; i < n; i++)
        if (!(a[i] == b[i] || fabs(a[i] - b[i]) <= allowed || (isnan(a[i]) && isnan(b[i]))))
            return false;
    return true;
}

static void use_table(const ore_kernels *table) {
    ((ore_context *)ore_context_of(ORE_CPU))->kernels = table;
}

/* The inputs with another number, size, in place of every one that equals the first input's last
 * dim; false where there is nothing to replace, or much would come of it. Equal dims stay equal, so
 * that most ops take them. */
static bool resize(const op_input *from, int n, int64_t size, op_input *to) {
    if (from[0].shape.ndim == 0 || from[0].shape.dim[from[0].shape.ndim - 1] < 2)
        return false;
    int64_t old = from[0].shape.dim[from[0].shape.ndim - 1];
    for (int i = 0; i < n; i++) {
        to[i] = from[i];
        to[i].labels = from[i].labels == old ? size : from[i].labels;
        for (int d = 0; d < to[i].shape.ndim; d++)
            if (to[i].shape.dim[d] == old)
                to[i].shape.dim[d] = size;
        if (ore_shape_numel(to[i].shape) > ELEMENTS_MAX)
            return false;
    }
    return true;
}

typedef struct level_count {
    int compared, resized, failed;
} level_count;

/* Compares one level with the scalar one; a size that the case refuses must be refused by both. */
static void compare_level(const op_case *c, const op_input *inputs, int n, const ore_kernels *level,
                          const ore_kernels *scalar, bool resized, level_count *count) {
    for (int dtype = ORE_FLOAT32; dtype <= ORE_FLOAT64; dtype++) {
        ore_scope_begin();
        use_table(scalar);
        outcome want = outcome_of(c, inputs, n, (ore_dtype)dtype);
        bool refused = !ore_ok();
        ore_error_clear();
        use_table(level);
        outcome got = outcome_of(c, inputs, n, (ore_dtype)dtype);
        bool agree = refused == !ore_ok();
        ore_error_clear();
        use_table(scalar);
        for (int i = 0; i < RESULTS && !refused && agree; i++)
            agree = tensors_agree(got.t[i], want.t[i], dtype == ORE_FLOAT32 ? 4e-6 : 1e-12);
        if (!agree) {
            print_error("%s: %s of last dim %lld differs from scalar\n", c->id,
                        ore_dtype_name((ore_dtype)dtype),
                        (long long)inputs[0].shape.dim[inputs[0].shape.ndim - 1]);
            count->failed++;
        }
        count->compared += !refused;
        count->resized += resized && !refused;
        ore_scope_end();
    }
}

static void compare_sizes(const op_case *c, const ore_kernels *level, const ore_kernels *scalar,
                          level_count *count) {
    static const int64_t sizes[] = {1, 7, 16, 17, 65};
    op_input inputs[OP_CASE_INPUTS], other[OP_CASE_INPUTS];
    int n = op_inputs_of(c->inputs, inputs);
    compare_level(c, inputs, n, level, scalar, false, count);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        if (resize(inputs, n, sizes[i], other))
            compare_level(c, other, n, level, scalar, true, count);
}

static void every_level_gives_what_scalar_does(void **state) {
    (void)state;
    static ore_kernels scalar;
    assert_int_equal(ore_cpu_kernels_of("scalar", &scalar), ORE_OK);
    const ore_kernels *usual = ore_context_of(ORE_CPU)->kernels;
    const level_tables *levels = levels_to_test();
    int failed = 0;
    for (int l = 0; l < levels->count; l++) {
        level_count count = {0, 0, 0};
        for (int i = 0; i < op_case_count(); i++)
            compare_sizes(op_case_at(i), &levels->tables[l], &scalar, &count);
        print_message("%s: %d results compared with scalar, %d of them of other sizes\n",
                      levels->names[l], count.compared, count.resized);
        assert_true(count.resized > count.compared / 2);
        failed += count.failed;
    }
    use_table(usual);
    assert_int_equal(failed, 0);
}

/* A level whose tanh is another function is found out, and at each of the other sizes too. */
static void a_wrong_row_is_found(void **state) {
    (void)state;
    static ore_kernels scalar, wrong;
    assert_int_equal(ore_cpu_kernels_of("scalar", &scalar), ORE_OK);
    const ore_kernels *usual = ore_context_of(ORE_CPU)->kernels;
    wrong = scalar;
    wrong.tanh[ORE_FLOAT32] = scalar.sigmoid[ORE_FLOAT32];
    level_count count = {0, 0, 0};
    print_message("what follows is meant to differ:\n");
    compare_sizes(op_case_find("tanh"), &wrong, &scalar, &count);
    use_table(usual);
    assert_int_equal(count.compared, 12);
    assert_int_equal(count.failed, 6);
}

/* ---- messages ---- */

/* One line that begins with a name: "softmax: ..". */
static bool message_is_clear(void) {
    const char *message = ore_error_message(), *colon = strstr(message, ": ");
    if (!colon || strchr(message, '\n') || colon == message)
        return false;
    for (const char *p = message; p < colon; p++)
        if (!islower((unsigned char)*p) && !isdigit((unsigned char)*p) && !strchr("_ ", *p))
            return false;
    return true;
}

/* ---- half precision ---- */

/* The same elements, each followed by another one in memory. */
static ore_tensor *spread(ore_tensor *t) {
    ore_tensor *twice = ore_stack((ore_tensor *[]){t, t}, 2, ore_ndim(t));
    return ore_detach(ore_select(twice, ore_ndim(t), 0));
}

/* A case in half precision, dense or strided, and in float32 with the same numbers. */
static void half_and_full(const op_case *c, const op_input *inputs, int n, ore_dtype half,
                          bool strided, call *low, call *full) {
    *low = *full = call_of(c, inputs, n, half);
    for (int i = 0; i < n; i++) {
        bool wants = ore_requires_grad(low->in[i]);
        if (!is_floating(&inputs[i]))
            continue;
        if (strided && inputs[i].shape.ndim < 5)
            low->in[i] = spread(ore_detach(low->in[i]));
        full->in[i] = ore_to(ore_detach(low->in[i]), ORE_FLOAT32);
        ore_set_requires_grad(low->in[i], wants);
        ore_set_requires_grad(full->in[i], wants);
    }
}

/* Cases that round in between, where a step, a tie or a difference of near values shows it. */
static bool shows_rounding(const op_case *c) {
    static const char *const ids[] = {"round_decimals",           "fmod",
                                      "changed_in_place",         "bce_with_logits",
                                      "triplet_margin_loss_swap", "pairwise_distance_largest"};
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
        if (!strcmp(c->id, ids[i]))
            return true;
    return false;
}

/* Halves that PyTorch refuses too. */
static bool is_refused(const op_case *c) {
    return !strcmp(c->id, "quantile_drawn") && ore_error_status() == ORE_INVALID;
}

/* Whether a case gives in half precision what it gives in float32: results within a few roundings
 * of 8 bits (bfloat16) or 11 (float16), gradients within a few more, of their leaf's dtype. */
static bool half_agrees(const op_case *c, const op_input *inputs, int n, ore_dtype half,
                        bool strided) {
    call low, full;
    half_and_full(c, inputs, n, half, strided, &low, &full);
    outcome want = outcome_of_call(&full);
    if (!ore_ok()) { /* a size, or float32 beside the case's own float64 */
        ore_error_clear();
        return true;
    }
    outcome got = outcome_of_call(&low);
    double rounding = half == ORE_BFLOAT16 ? 0x1p-8 : 0x1p-11;
    bool agree = ore_ok() || is_refused(c);
    for (int i = 0; i < RESULTS && agree && ore_ok(); i++) {
        ore_tensor *rounded = want.t[i] ? ore_to(want.t[i], ore_tensor_dtype(got.t[i])) : NULL;
        double bound = (i == 0 ? 4 : 8) * rounding;
        agree = tensors_agree(got.t[i], rounded, shows_rounding(c) ? INFINITY : bound) &&
                (i == 0 || !got.t[i] || ore_tensor_dtype(got.t[i]) == half);
    }
    if (!agree)
        print_error("%s: %s%s of last dim %lld differs from float32: %s\n", c->id,
                    ore_dtype_name(half), strided ? ", strided," : "",
                    (long long)inputs[0].shape.dim[inputs[0].shape.ndim - 1], ore_error_message());
    ore_error_clear();
    return agree;
}

/* At the case's own sizes, dense and strided, and at others. */
static int half_failures(const op_case *c, ore_dtype half) {
    static const int64_t sizes[] = {1, 17, 40};
    op_input inputs[OP_CASE_INPUTS], other[OP_CASE_INPUTS];
    int n = op_inputs_of(c->inputs, inputs);
    int wrong = !half_agrees(c, inputs, n, half, false) + !half_agrees(c, inputs, n, half, true);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        if (resize(inputs, n, sizes[i], other))
            wrong += !half_agrees(c, other, n, half, false);
    return wrong;
}

static void half_precision_gives_what_float32_does(void **state) {
    (void)state;
    static const ore_dtype halves[] = {ORE_BFLOAT16, ORE_FLOAT16};
    static ore_kernels scalar;
    assert_int_equal(ore_cpu_kernels_of("scalar", &scalar), ORE_OK);
    const ore_kernels *usual = ore_context_of(ORE_CPU)->kernels;
    const level_tables *levels = levels_to_test();
    int wrong = 0;
    for (int l = -1; l < levels->count; l++) {
        use_table(l < 0 ? &scalar : &levels->tables[l]);
        for (int i = 0; i < 2 * op_case_count(); i++) {
            ore_scope_begin();
            wrong += half_failures(op_case_at(i / 2), halves[i % 2]);
            ore_scope_end();
        }
    }
    use_table(usual);
    assert_int_equal(wrong, 0);
}

/* ---- hostile calls ---- */

enum { HOSTILE_KINDS = 8 };

/* What stands in for a good input. */
static ore_tensor *hostile(int kind, const op_input *input) {
    ore_shape shape = input->shape;
    switch (kind) {
    case 0:
        return NULL;
    case 1:
        return ore_zeros(shape, ORE_BOOL);
    case 2:
        return ore_full(shape, 1000, ORE_INT64);
    case 3:
        return ore_zeros(shape, ORE_BFLOAT16);
    case 4:
        return ore_full(ORE_SCALAR, -1, ORE_FLOAT32);
    case 5:
        return ore_zeros(ORE_SHAPE(0), ORE_FLOAT32);
    case 6:
        return ore_full(ORE_SHAPE(2, 1, 2, 1, 2), NAN, ORE_FLOAT64);
    default:
        return ore_full(ORE_SHAPE(3, 0, 5), 0, ORE_INT64);
    }
}

static bool survives(const op_case *c, int replaced, int kind) {
    op_input inputs[OP_CASE_INPUTS];
    call made = call_of(c, inputs, op_inputs_of(c->inputs, inputs), ORE_FLOAT32);
    made.in[replaced] = hostile(kind, &inputs[replaced]);
    ore_tensor *y = run(&made);
    bool fine = y ? ore_ok() : !ore_ok() && message_is_clear();
    if (!fine)
        print_error("%s with input %d of hostile kind %d: %s, '%s'\n", c->id, replaced, kind,
                    y ? "a result" : "NULL", ore_error_message());
    ore_error_clear();
    return fine;
}

static void hostile_inputs_are_refused_or_taken(void **state) {
    (void)state;
    int calls = 0, wrong = 0;
    for (int i = 0; i < op_case_count(); i++) {
        op_input inputs[OP_CASE_INPUTS];
        int n = op_inputs_of(op_case_at(i)->inputs, inputs);
        for (int k = 0; k < n * HOSTILE_KINDS; k++) {
            ore_scope_begin();
            wrong += !survives(op_case_at(i), k / HOSTILE_KINDS, k % HOSTILE_KINDS);
            calls++;
            ore_scope_end();
        }
    }
    print_message("%d hostile calls\n", calls);
    assert_int_equal(wrong, 0);
}

/* Each id names one case. */
static void ids_are_unique(void **state) {
    (void)state;
    for (int i = 0; i < op_case_count(); i++)
        assert_ptr_equal(op_case_find(op_case_at(i)->id), op_case_at(i));
    assert_null(op_case_find("no such case"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_are_unique),
        cmocka_unit_test(every_gradient_agrees),
        cmocka_unit_test(every_level_gives_what_scalar_does),
        cmocka_unit_test(a_wrong_row_is_found),
        cmocka_unit_test(half_precision_gives_what_float32_does),
        cmocka_unit_test(hostile_inputs_are_refused_or_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
