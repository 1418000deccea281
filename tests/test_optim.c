/* test_optim.c: optimizers against golden steps (golden/optim_golden.py), groups, state, clipping,
 * schedules. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include <ore/nn.h>
#include <ore/ops.h>
#include <ore/optim.h>

#include "support/errors.h"
#include "support/numbers.h"

static ore_tensor *parameter(ore_shape shape, const double *values, ore_dtype dtype) {
    ore_tensor *t = ore_clone(ore_to(ore_from_data(values, shape, ORE_FLOAT64), dtype));
    return ore_set_requires_grad(t, true);
}

static void set_gradient(ore_tensor *t, const double *values) {
    ore_tensor *g = ore_from_data(values, ore_shape_of(t), ORE_FLOAT64);
    assert_int_equal(ore_set_grad(t, ore_to(g, ore_tensor_dtype(t))), ORE_OK);
}

static void assert_same_bits(const ore_tensor *a, const ore_tensor *b) {
    size_t bytes = (size_t)ore_numel(a) * ore_dtype_size(ore_tensor_dtype(a));
    assert_true(ore_shape_equal(ore_shape_of(a), ore_shape_of(b)));
    assert_memory_equal(ore_data(a), ore_data(b), bytes);
}

/* ---- golden steps ---- */

enum { GOLDEN_VALUES = 64 };

typedef struct golden_tensor {
    int64_t count;
    ore_shape shape;
    double values[GOLDEN_VALUES];
    double error;
} golden_tensor;

static golden_tensor read_tensor(const json_t *tensors, size_t index) {
    const json_t *t = json_array_get(tensors, index), *values = json_object_get(t, "v"),
                 *sizes = json_object_get(t, "s");
    golden_tensor g = {.count = (int64_t)json_array_size(values)};
    assert_in_range(g.count, 1, GOLDEN_VALUES);
    for (size_t i = 0; i < (size_t)g.count; i++)
        g.values[i] = json_number_value(json_array_get(values, i));
    g.shape.ndim = (int)json_array_size(sizes);
    for (size_t d = 0; d < json_array_size(sizes); d++)
        g.shape.dim[d] = json_integer_value(json_array_get(sizes, d));
    g.error = json_number_value(json_object_get(t, "e"));
    return g;
}

static double number(const json_t *args, const char *key, double otherwise) {
    const json_t *value = json_object_get(args, key);
    return value ? json_number_value(value) : otherwise;
}

static ore_optimizer *golden_optimizer(const json_t *args) {
    const char *class = json_string_value(json_object_get(args, "class"));
    if (!strcmp(class, "SGD")) {
        ore_sgd_options o = ore_sgd_defaults();
        o.lr = number(args, "lr", o.lr);
        o.momentum = number(args, "momentum", 0);
        o.dampening = number(args, "dampening", 0);
        o.weight_decay = number(args, "weight_decay", 0);
        o.nesterov = number(args, "nesterov", 0) != 0;
        o.maximize = number(args, "maximize", 0) != 0;
        return ore_sgd_new(NULL, &o);
    }
    bool decoupled = !strcmp(class, "AdamW");
    ore_adam_options o = decoupled ? ore_adamw_defaults() : ore_adam_defaults();
    const json_t *betas = json_object_get(args, "betas");
    o.lr = number(args, "lr", o.lr);
    o.beta1 = betas ? json_number_value(json_array_get(betas, 0)) : o.beta1;
    o.beta2 = betas ? json_number_value(json_array_get(betas, 1)) : o.beta2;
    o.eps = number(args, "eps", o.eps);
    o.weight_decay = number(args, "weight_decay", o.weight_decay);
    o.amsgrad = number(args, "amsgrad", 0) != 0;
    o.maximize = number(args, "maximize", 0) != 0;
    return decoupled ? ore_adamw_new(NULL, &o) : ore_adam_new(NULL, &o);
}

/* float64 within 1e-12 relative, float32 within 4 max(e, 1e-6 max|v|). */
static double tolerance_of(const golden_tensor *g, double value, ore_dtype dtype) {
    double greatest = 0;
    for (int64_t i = 0; i < g->count; i++)
        greatest = fmax(greatest, fabs(g->values[i]));
    return dtype == ORE_FLOAT64 ? 1e-12 * fmax(fabs(value), 1e-3)
                                : 4 * fmax(g->error, 1e-6 * greatest);
}

static void run_steps(const json_t *c, ore_dtype dtype) {
    golden_tensor start = read_tensor(json_object_get(c, "in"), 0);
    golden_tensor gradients = read_tensor(json_object_get(c, "in"), 1);
    golden_tensor trace = read_tensor(json_object_get(c, "out"), 0);
    ore_scope_begin();
    ore_tensor *p = parameter(start.shape, start.values, dtype);
    ore_optimizer *optimizer = golden_optimizer(json_object_get(c, "args"));
    ore_optimizer_add_group(optimizer, NULL);
    ore_optimizer_add(optimizer, 0, p, "p");
    for (int64_t step = 0; step * start.count < trace.count; step++) {
        set_gradient(p, gradients.values + step * start.count);
        assert_int_equal(ore_optimizer_step(optimizer), ORE_OK);
        for (int64_t i = 0; i < start.count; i++) {
            double want = trace.values[step * start.count + i];
            assert_near(value_at(p, i), want, tolerance_of(&trace, want, dtype));
        }
    }
    ore_optimizer_free(optimizer);
    ore_scope_end();
}

static void run_clip(const json_t *c, ore_dtype dtype) {
    ore_scope_begin();
    ore_tensor *leaves[2];
    for (size_t k = 0; k < 2; k++) {
        golden_tensor g = read_tensor(json_object_get(c, "in"), k);
        leaves[k] = parameter(g.shape, g.values, dtype);
        set_gradient(leaves[k], g.values);
    }
    golden_tensor norm = read_tensor(json_object_get(c, "out"), 0);
    double max_norm = number(json_object_get(c, "args"), "max_norm", 0);
    assert_near(ore_clip_grad_norm_of(leaves, 2, max_norm), norm.values[0],
                tolerance_of(&norm, norm.values[0], dtype));
    for (size_t k = 0; k < 2; k++) {
        golden_tensor g = read_tensor(json_object_get(c, "out"), k + 1);
        for (int64_t i = 0; i < g.count; i++)
            assert_near(value_at(ore_grad(leaves[k]), i), g.values[i],
                        tolerance_of(&g, g.values[i], dtype));
    }
    ore_scope_end();
}

static void golden_cases_agree(void **state) {
    (void)state;
    json_t *golden = json_load_file(ORE_TEST_DIR "/golden/optim.json", 0, NULL);
    assert_non_null(golden);
    const json_t *cases = json_object_get(golden, "cases");
    assert_int_equal(json_array_size(cases), 15);
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const json_t *c = json_array_get(cases, i);
        bool clips = !strcmp(json_string_value(json_object_get(c, "op")), "clip_grad_norm");
        (clips ? run_clip : run_steps)(c, ORE_FLOAT64);
        (clips ? run_clip : run_steps)(c, ORE_FLOAT32);
    }
    json_decref(golden);
    assert_true(ore_ok());
}

/* ---- groups, gradients, errors ---- */

static const double two[] = {2, 2}, ones[] = {1, 1};

static void groups_have_their_own_numbers(void **state) {
    (void)state;
    ore_scope_begin();
    ore_optimizer *sgd = ore_sgd_new(NULL, &(ore_sgd_options){.lr = 0.5});
    ore_group_options slow = ore_optimizer_defaults(sgd);
    slow.lr = 0.25;
    slow.lr_scale = 0.1;
    assert_int_equal(ore_optimizer_add_group(sgd, NULL), 0);
    assert_int_equal(ore_optimizer_add_group(sgd, &slow), 1);
    ore_tensor *a = parameter(ORE_SHAPE(2), two, ORE_FLOAT32);
    ore_tensor *b = parameter(ORE_SHAPE(2), two, ORE_FLOAT64);
    ore_tensor *idle = parameter(ORE_SHAPE(2), two, ORE_FLOAT32);
    ore_optimizer_add(sgd, 0, a, NULL);
    ore_optimizer_add(sgd, 1, b, NULL);
    ore_optimizer_add(sgd, 0, idle, NULL);
    set_gradient(a, ones);
    set_gradient(b, ones);
    uint64_t version = ore_tensor_version(a);
    assert_int_equal(ore_optimizer_step(sgd), ORE_OK);
    assert_true(ore_tensor_version(a) > version);
    assert_true(value_at(a, 0) == 1.5 && value_at(b, 1) == 1.75 && value_at(idle, 0) == 2);
    ore_optimizer_zero_grad_to_zeros(sgd);
    assert_true(value_at(ore_grad(a), 1) == 0);
    assert_null(ore_grad(idle));
    ore_optimizer_zero_grad(sgd);
    assert_null(ore_grad(a));
    ore_schedule schedule = {.lr = 0.125};
    ore_optimizer_schedule(sgd, &schedule, 7);
    assert_true(ore_optimizer_lr(sgd, 0) == 0.125);
    assert_near(ore_optimizer_lr(sgd, 1), 0.0125, 1e-18);
    assert_int_equal(ore_optimizer_group_count(sgd), 2);
    assert_int_equal(ore_optimizer_parameter_count(sgd), 3);
    ore_optimizer_free(sgd);
    ore_scope_end();
    assert_true(ore_ok());
}

static void wrong_calls_are_named(void **state) {
    (void)state;
    ore_scope_begin();
    assert_null(ore_sgd_new(NULL, &(ore_sgd_options){.lr = -1}));
    assert_error(ORE_INVALID, "sgd: lr is negative");
    assert_null(ore_sgd_new(NULL, &(ore_sgd_options){.lr = 1, .nesterov = true}));
    assert_error(ORE_INVALID, "sgd: nesterov needs a momentum and no dampening");
    ore_adamw_options o = ore_adamw_defaults();
    o.beta2 = 1;
    assert_null(ore_adamw_new(NULL, &o));
    assert_error(ORE_INVALID, "adamw: beta2 is not in [0, 1)");
    ore_module empty;
    ore_module_init(&empty, NULL, NULL);
    assert_null(ore_adam_new(&empty, NULL));
    assert_error(ORE_INVALID, "adam: no parameter of the module requires a gradient");

    ore_optimizer *adam = ore_adam_new(NULL, NULL);
    ore_tensor *p = parameter(ORE_SHAPE(2), two, ORE_FLOAT32);
    ore_optimizer_add(adam, 0, p, "p");
    assert_error(ORE_INVALID, "adam: group 0 is out of range for 0 groups");
    ore_optimizer_add_group(adam, NULL);
    ore_optimizer_add(adam, 0, p, "p");
    ore_optimizer_add(adam, 0, p, "q");
    assert_error(ORE_INVALID, "adam: parameter \"q\" is in the optimizer already");
    ore_optimizer_add(adam, 0, parameter(ORE_SHAPE(2), two, ORE_FLOAT32), "p");
    assert_error(ORE_INVALID, "adam: parameter \"p\" has a name that is taken");
    ore_optimizer_add(adam, 0, ore_zeros(ORE_SHAPE(2), ORE_INT64), "i");
    assert_error(ORE_INVALID, "adam: parameter \"i\" is not of a floating dtype");
    ore_optimizer_add(adam, 0, ore_mul_scalar(p, 2), "r");
    assert_error(ORE_INVALID, "adam: parameter \"r\" is not a leaf");
    ore_optimizer_set_lr(adam, 0, NAN);
    assert_error(ORE_INVALID, "adam: lr is negative or not finite");
    ore_clip_grad_norm_of(&p, 1, -1);
    assert_error(ORE_INVALID, "clip_grad_norm: max_norm -1, expected at least 0");
    ore_clip_grad_value_of(&p, 1, -2);
    assert_error(ORE_INVALID, "clip_grad_value: value -2, expected at least 0");
    ore_optimizer_free(adam);
    ore_scope_end();
}

static void nothing_steps_while_an_error_is_pending(void **state) {
    (void)state;
    ore_scope_begin();
    ore_optimizer *sgd = ore_sgd_new(NULL, &(ore_sgd_options){.lr = 0.5});
    ore_tensor *p = parameter(ORE_SHAPE(2), two, ORE_FLOAT32);
    ore_optimizer_add(sgd, ore_optimizer_add_group(sgd, NULL), p, NULL);
    set_gradient(p, ones);
    ore_fail(ORE_DATA, "a loss that is no number");
    assert_int_equal(ore_optimizer_step(sgd), ORE_DATA);
    assert_true(isnan(ore_clip_grad_norm_of(&p, 1, 0.1)));
    assert_error(ORE_DATA, "a loss that is no number");
    assert_true(value_at(p, 0) == 2 && value_at(ore_grad(p), 0) == 1);
    ore_optimizer_free(sgd);
    ore_scope_end();
}

static ore_tensor *closure(void *user) {
    ore_tensor *p = user;
    ore_set_grad(p, NULL);
    ore_tensor *loss = ore_sum(ore_mul(p, p), ORE_ALL, false);
    return ore_backward(loss) == ORE_OK ? loss : NULL;
}

static void a_closure_gives_the_loss(void **state) {
    (void)state;
    ore_scope_begin();
    ore_optimizer *sgd = ore_sgd_new(NULL, &(ore_sgd_options){.lr = 0.25});
    ore_tensor *p = parameter(ORE_SHAPE(2), two, ORE_FLOAT64);
    ore_optimizer_add(sgd, ore_optimizer_add_group(sgd, NULL), p, NULL);
    assert_true(ore_item(ore_optimizer_step_closure(sgd, closure, p)) == 8);
    assert_true(ore_item(ore_optimizer_step_closure(sgd, closure, p)) == 2);
    assert_true(value_at(p, 0) == 0.5);
    ore_optimizer_free(sgd);
    ore_scope_end();
}

static void parameters_need_not_be_contiguous(void **state) {
    (void)state;
    ore_scope_begin();
    ore_optimizer *sgd = ore_sgd_new(NULL, &(ore_sgd_options){.lr = 1, .momentum = 0.5});
    ore_tensor *base = ore_arange(0, 6, 1, ORE_FLOAT64);
    ore_tensor *p = ore_transpose(ore_view(base, ORE_SHAPE(2, 3)), 0, 1); /* (3, 2) */
    ore_set_requires_grad(p, true);
    ore_optimizer_add(sgd, ore_optimizer_add_group(sgd, NULL), p, NULL);
    for (int step = 0; step < 2; step++) {
        set_gradient(p, (double[]){1, 2, 3, 4, 5, 6});
        assert_int_equal(ore_optimizer_step(sgd), ORE_OK);
    }
    const double want[] = {0 - 2.5, 1 - 7.5, 2 - 12.5, 3 - 5.0, 4 - 10.0, 5 - 15.0};
    for (int i = 0; i < 6; i++)
        assert_true(value_at(base, i) == want[i]);
    ore_optimizer_free(sgd);
    ore_scope_end();
}

/* loss = mean over rows of (x w - 1)^2, x (rows, 2) */
static ore_tensor *row_loss(ore_tensor *x, ore_tensor *w) {
    ore_tensor *y = ore_sum(ore_mul(x, w), ORE_DIMS(-1), false);
    return ore_mean(ore_square(ore_sub_scalar(y, 1)), ORE_ALL, false);
}

static void accumulation_equals_the_large_batch(void **state) {
    (void)state;
    ore_scope_begin();
    ore_tensor *x = ore_view(ore_arange(-4, 12, 1, ORE_FLOAT64), ORE_SHAPE(8, 2));
    ore_tensor *whole = parameter(ORE_SHAPE(2), (double[]){0.3, -0.7}, ORE_FLOAT64);
    ore_tensor *parts = parameter(ORE_SHAPE(2), (double[]){0.3, -0.7}, ORE_FLOAT64);
    ore_backward(row_loss(x, whole));
    for (int k = 0; k < 4; k++)
        ore_backward(ore_div_scalar(row_loss(ore_narrow(x, 0, 2 * k, 2), parts), 4));
    assert_true(ore_ok());
    for (int i = 0; i < 2; i++)
        assert_near(value_at(ore_grad(parts), i), value_at(ore_grad(whole), i), 1e-12);
    ore_scope_end();
}

/* ---- state ---- */

enum { STATE_PARAMETERS = 3 };

typedef struct job {
    ore_tensor *p[STATE_PARAMETERS];
    ore_optimizer *optimizer;
} job;

static job job_new(bool sgd) {
    job j;
    ore_adamw_options o = ore_adamw_defaults();
    o.amsgrad = true;
    j.optimizer = sgd ? ore_sgd_new(NULL, &(ore_sgd_options){.lr = 0.1, .momentum = 0.9})
                      : ore_adamw_new(NULL, &o);
    ore_optimizer_add_group(j.optimizer, NULL);
    for (int k = 0; k < STATE_PARAMETERS; k++) {
        j.p[k] = ore_set_requires_grad(ore_full(ORE_SHAPE(k + 1, 2), k, ORE_FLOAT32), true);
        ore_optimizer_add(j.optimizer, 0, j.p[k], (const char *[]){"a.w", "a", "b"}[k]);
    }
    return j;
}

/* The last parameter never gets a gradient. */
static void job_run(job *j, int from, int to) {
    for (int step = from; step < to; step++) {
        for (int k = 0; k < STATE_PARAMETERS - 1; k++)
            ore_set_grad(j->p[k], ore_full(ore_shape_of(j->p[k]), sin(step + k), ORE_FLOAT32));
        assert_int_equal(ore_optimizer_step(j->optimizer), ORE_OK);
    }
}

static void resumes_bit_for_bit(bool sgd, int64_t state_tensors) {
    ore_scope_begin();
    job straight = job_new(sgd), first = job_new(sgd), second = job_new(sgd);
    job_run(&straight, 0, 9);
    job_run(&first, 0, 4);
    ore_tensor_list saved = ore_optimizer_state(first.optimizer);
    assert_int_equal(saved.count, state_tensors);
    ore_no_grad_begin();
    for (int k = 0; k < STATE_PARAMETERS; k++)
        ore_copy_(second.p[k], first.p[k]);
    ore_no_grad_end();
    assert_int_equal(ore_optimizer_load_state(second.optimizer, &saved), ORE_OK);
    job_run(&second, 4, 9);
    for (int k = 0; k < STATE_PARAMETERS; k++)
        assert_same_bits(straight.p[k], second.p[k]);
    ore_tensor_list_free(&saved);
    ore_optimizer_free(straight.optimizer);
    ore_optimizer_free(first.optimizer);
    ore_optimizer_free(second.optimizer);
    ore_scope_end();
    assert_true(ore_ok());
}

static void state_resumes_exactly(void **state) {
    (void)state;
    resumes_bit_for_bit(false, 8);
    resumes_bit_for_bit(true, 2);
}

static void state_that_does_not_fit_is_refused(void **state) {
    (void)state;
    ore_scope_begin();
    job source = job_new(false), target = job_new(false);
    job_run(&source, 0, 2);
    ore_tensor_list saved = ore_optimizer_state(source.optimizer);
    assert_string_equal(saved.items[0].name, "a.w.step");
    assert_int_equal(ore_item_int(saved.items[0].tensor), 2);
    assert_string_equal(saved.items[1].name, "a.w.exp_avg");
    assert_non_null(ore_tensor_list_find(&saved, "a.max_exp_avg_sq"));

    ore_named_tensor item = saved.items[1];
    saved.items[1].name = "c.exp_avg";
    ore_optimizer_load_state(target.optimizer, &saved);
    assert_error(ORE_DATA, "optimizer_load_state: \"a.w.exp_avg\" is missing");
    saved.items[1] = (ore_named_tensor){item.name, ore_zeros(ORE_SHAPE(3), ORE_FLOAT32)};
    ore_optimizer_load_state(target.optimizer, &saved);
    assert_error(ORE_DATA, "\"a.w.exp_avg\" has shape (3,), expected (1, 2)");
    saved.items[1] = item;

    ore_named_tensor more[16];
    memcpy(more, saved.items, (size_t)saved.count * sizeof *more);
    more[saved.count] = (ore_named_tensor){"a.w.momentum_buffer", item.tensor};
    ore_optimizer_load_state(target.optimizer, &(ore_tensor_list){saved.count + 1, more});
    assert_error(ORE_DATA, "\"a.w.momentum_buffer\" belongs to no parameter of the adamw");
    ore_tensor_list none = ore_optimizer_state(target.optimizer);
    assert_int_equal(none.count, 0);
    ore_tensor_list_free(&none);
    ore_tensor_list_free(&saved);
    ore_optimizer_free(source.optimizer);
    ore_optimizer_free(target.optimizer);
    ore_scope_end();
}

/* ---- clipping ---- */

static void clipping_acts_on_what_is_too_large(void **state) {
    (void)state;
    ore_scope_begin();
    ore_tensor *p[] = {parameter(ORE_SHAPE(2), two, ORE_FLOAT64),
                       parameter(ORE_SHAPE(2), two, ORE_FLOAT32),
                       parameter(ORE_SHAPE(2), two, ORE_FLOAT32)};
    set_gradient(p[0], (double[]){3, 0});
    set_gradient(p[1], (double[]){0, -4});
    assert_near(ore_clip_grad_norm_of(p, 3, 6), 5, 1e-12);
    assert_true(value_at(ore_grad(p[0]), 0) == 3);
    assert_near(ore_clip_grad_norm_of(p, 3, 1), 5, 1e-12);
    assert_near(value_at(ore_grad(p[0]), 0), 3 / 5.000001, 1e-12);
    assert_near(value_at(ore_grad(p[1]), 1), -4 / 5.000001, 1e-6);
    assert_int_equal(ore_clip_grad_value_of(p, 3, 0.7), ORE_OK);
    assert_near(value_at(ore_grad(p[0]), 0), 3 / 5.000001, 1e-12);
    assert_near(value_at(ore_grad(p[1]), 1), -0.7, 1e-7);
    assert_null(ore_grad(p[2]));
    set_gradient(p[0], (double[]){INFINITY, 1});
    assert_true(isinf(ore_clip_grad_norm_of(p, 3, 1)));
    assert_true(isnan(value_at(ore_grad(p[0]), 0)) && value_at(ore_grad(p[0]), 1) == 0);
    assert_true(isnan(ore_clip_grad_norm_of(p, 3, 1)));
    assert_true(isnan(value_at(ore_grad(p[1]), 1)));
    ore_scope_end();
    assert_true(ore_ok());
}

static ore_optimizer *optimizer_of(int kind) {
    ore_sgd_options sgd = ore_sgd_defaults();
    ore_adam_options adam = ore_adam_defaults();
    sgd.momentum = 0.9;
    sgd.weight_decay = adam.weight_decay = 0.1;
    return kind == 0   ? ore_sgd_new(NULL, &sgd)
           : kind == 1 ? ore_adam_new(NULL, &adam)
                       : ore_adamw_new(NULL, NULL);
}

/* A scaled step is clipping and then stepping, bit for bit; the gradient stays as it was. */
static void a_step_may_clip_in_one_pass(void **state) {
    (void)state;
    enum { N = 1003 };
    for (int kind = 0; kind < 3; kind++) {
        ore_scope_begin();
        ore_tensor *p[2];
        for (int way = 0; way < 2; way++) {
            ore_optimizer *o = optimizer_of(kind);
            ore_optimizer_add_group(o, NULL);
            p[way] = ore_set_requires_grad(ore_linspace(-1, 1, N, ORE_FLOAT32), true);
            ore_optimizer_add(o, 0, p[way], NULL);
            for (int step = 1; step < 4; step++) {
                ore_tensor *gradient = ore_linspace(-step, 0.7 * step, N, ORE_FLOAT32);
                ore_set_grad(p[way], gradient);
                if (way == 0) {
                    ore_optimizer_clip_grad_norm(o, 0.5);
                    ore_optimizer_step(o);
                    continue;
                }
                double norm = ore_grad_norm_of(&p[way], 1);
                assert_true(ore_clip_scale(norm, 2 * norm) == 1);
                ore_optimizer_step_scaled(o, ore_clip_scale(norm, 0.5));
                assert_true(value_at(ore_grad(p[way]), 0) == -step);
            }
            ore_optimizer_free(o);
        }
        assert_true(ore_ok());
        assert_memory_equal(ore_data(p[0]), ore_data(p[1]), N * sizeof(float));
        ore_scope_end();
    }
    assert_true(isnan(ore_clip_scale(NAN, 1)));
}

/* Steps and norm over sizes around a vector's width, for one thread count. */
static double trained(int threads, ore_tensor **out) {
    static const int64_t sizes[] = {1, 7, 16, 17, 65, 5000, 200003};
    enum { COUNT = sizeof sizes / sizeof *sizes };
    ore_set_num_threads(threads);
    ore_optimizer *adamw = ore_adamw_new(NULL, NULL);
    ore_optimizer_add_group(adamw, NULL);
    ore_tensor *p[COUNT];
    for (int k = 0; k < COUNT; k++) {
        p[k] = ore_set_requires_grad(ore_linspace(-1, 1, sizes[k], ORE_FLOAT32), true);
        ore_optimizer_add(adamw, 0, p[k], NULL);
    }
    double norm = 0;
    for (int step = 1; step < 4; step++) {
        for (int k = 0; k < COUNT; k++)
            ore_set_grad(p[k], ore_linspace(-step, step * 0.7, sizes[k], ORE_FLOAT32));
        norm += ore_optimizer_clip_grad_norm(adamw, 0.5);
        ore_optimizer_step(adamw);
    }
    *out = ore_cat(p, COUNT, 0);
    ore_optimizer_free(adamw);
    return norm;
}

static void results_do_not_depend_on_threads(void **state) {
    (void)state;
    int before = ore_num_threads();
    ore_scope_begin();
    ore_tensor *one, *three;
    double norm_one = trained(1, &one), norm_three = trained(3, &three);
    assert_true(ore_ok());
    assert_memory_equal(&norm_one, &norm_three, sizeof norm_one);
    assert_same_bits(one, three);
    ore_scope_end();
    ore_set_num_threads(before);
}

/* ---- schedules ---- */

static void schedules_are_functions_of_the_step(void **state) {
    (void)state;
    ore_schedule s = {.kind = ORE_SCHEDULE_COSINE,
                      .lr = 1e-3,
                      .min_lr = 1e-4,
                      .warmup_steps = 100,
                      .steps = 2000};
    assert_near(ore_schedule_lr(&s, 0), 1e-3 / 101, 1e-18);
    assert_near(ore_schedule_lr(&s, 99), 1e-3 * 100 / 101, 1e-18);
    assert_near(ore_schedule_lr(&s, 100), 1e-3, 1e-18);
    assert_near(ore_schedule_lr(&s, 1050), 5.5e-4, 1e-17);
    assert_near(ore_schedule_lr(&s, 2000), 1e-4, 1e-18);
    assert_near(ore_schedule_lr(&s, 9999), 1e-4, 1e-18);
    s.kind = ORE_SCHEDULE_LINEAR;
    assert_near(ore_schedule_lr(&s, 575), 1e-3 - 0.25 * 9e-4, 1e-17);
    s.kind = ORE_SCHEDULE_CONSTANT;
    assert_near(ore_schedule_lr(&s, 5000), 1e-3, 1e-18);
    s.kind = ORE_SCHEDULE_COSINE;
    s.steps = 10;
    assert_near(ore_schedule_lr(&s, 9), 1e-4 * 100 / 101, 1e-17);
    assert_near(ore_schedule_lr(&s, 100), 1e-4, 1e-18);
    s = ore_schedule_defaults();
    assert_near(ore_schedule_lr(&s, 0), 1e-3, 1e-18);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_cases_agree),
        cmocka_unit_test(groups_have_their_own_numbers),
        cmocka_unit_test(wrong_calls_are_named),
        cmocka_unit_test(nothing_steps_while_an_error_is_pending),
        cmocka_unit_test(a_closure_gives_the_loss),
        cmocka_unit_test(parameters_need_not_be_contiguous),
        cmocka_unit_test(accumulation_equals_the_large_batch),
        cmocka_unit_test(state_resumes_exactly),
        cmocka_unit_test(state_that_does_not_fit_is_refused),
        cmocka_unit_test(clipping_acts_on_what_is_too_large),
        cmocka_unit_test(a_step_may_clip_in_one_pass),
        cmocka_unit_test(results_do_not_depend_on_threads),
        cmocka_unit_test(schedules_are_functions_of_the_step),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
