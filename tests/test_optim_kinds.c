/* test_optim_kinds.c: every optimizer against PyTorch's steps in golden/ops.json and
 * optim2.json (golden/optim2_golden.py); their state and their errors. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include <ore/nn.h>
#include <ore/ops.h>
#include <ore/optim.h>

#include "support/errors.h"
#include "support/numbers.h"

static ore_tensor *values(const double *v, ore_shape shape, ore_dtype dtype) {
    return ore_clone(ore_to(ore_from_data(v, shape, ORE_FLOAT64), dtype));
}

/* ---- golden steps ---- */

static double number(const json_t *args, const char *key, double otherwise) {
    const json_t *value = json_object_get(args, key);
    if (json_is_true(value))
        return 1;
    return value ? json_number_value(value) : otherwise;
}

static double beta(const json_t *args, size_t place, double otherwise) {
    const json_t *betas = json_object_get(args, "betas");
    return betas ? json_number_value(json_array_get(betas, place)) : otherwise;
}

static ore_optimizer *make(const char *class) {
    static const struct {
        const char *class;
        ore_optimizer *(*sgd)(const ore_module *, const ore_sgd_options *);
        ore_optimizer *(*adam)(const ore_module *, const ore_adam_options *);
    } both[] = {
        {"SGD", ore_sgd_new, NULL}, {"Adam", NULL, ore_adam_new}, {"AdamW", NULL, ore_adamw_new}};
    for (size_t i = 0; i < 3; i++)
        if (!strcmp(class, both[i].class))
            return both[i].sgd ? both[i].sgd(NULL, NULL) : both[i].adam(NULL, NULL);
    if (!strcmp(class, "Adagrad"))
        return ore_adagrad_new(NULL, NULL);
    if (!strcmp(class, "RMSprop"))
        return ore_rmsprop_new(NULL, NULL);
    if (!strcmp(class, "Adadelta"))
        return ore_adadelta_new(NULL, NULL);
    if (!strcmp(class, "Adamax"))
        return ore_adamax_new(NULL, NULL);
    if (!strcmp(class, "NAdam"))
        return ore_nadam_new(NULL, NULL);
    if (!strcmp(class, "RAdam"))
        return ore_radam_new(NULL, NULL);
    if (!strcmp(class, "Lion"))
        return ore_lion_new(NULL, NULL);
    if (!strcmp(class, "Adafactor"))
        return ore_adafactor_new(NULL, NULL);
    if (!strcmp(class, "Muon"))
        return ore_muon_new(NULL, NULL);
    fail_msg("no optimizer for %s", class);
    return NULL;
}

/* The case's numbers go in as a group's, so that the defaults are the optimizer's. */
static ore_optimizer *optimizer_of(const char *class, const json_t *args, bool torch_2) {
    ore_optimizer *o = make(class);
    ore_group_options group = ore_optimizer_defaults(o);
    group.torch_2 = torch_2;
    group.lr = number(args, "lr", group.lr);
    group.weight_decay = number(args, "weight_decay", group.weight_decay);
    group.momentum = number(args, "momentum", group.momentum);
    group.dampening = number(args, "dampening", group.dampening);
    group.nesterov = number(args, "nesterov", 0) != 0;
    group.amsgrad = number(args, "amsgrad", 0) != 0;
    group.centered = number(args, "centered", 0) != 0;
    group.maximize = number(args, "maximize", 0) != 0;
    group.decoupled = number(args, "decoupled_weight_decay", group.decoupled) != 0;
    group.alpha = number(args, "alpha", group.alpha);
    group.beta2_decay = number(args, "beta2_decay", group.beta2_decay);
    group.clip_threshold = number(args, "d", group.clip_threshold);
    group.eps = number(args, "eps", group.eps);
    group.beta1 = beta(args, 0, group.beta1);
    group.beta2 = beta(args, 1, group.beta2);
    group.lr_decay = number(args, "lr_decay", group.lr_decay);
    group.initial_accumulator_value =
        number(args, "initial_accumulator_value", group.initial_accumulator_value);
    assert_int_equal(ore_optimizer_add_group(o, &group), 0);
    return o;
}

static ore_tensor *json_tensor(const json_t *t, ore_dtype dtype) {
    const json_t *v = json_object_get(t, "v"), *sizes = json_object_get(t, "s");
    double data[128];
    assert_in_range(json_array_size(v), 1, 128);
    for (size_t i = 0; i < json_array_size(v); i++)
        data[i] = json_number_value(json_array_get(v, i));
    ore_shape shape = {.ndim = (int)json_array_size(sizes)};
    for (int d = 0; d < shape.ndim; d++)
        shape.dim[d] = json_integer_value(json_array_get(sizes, (size_t)d));
    return values(data, shape, dtype);
}

/* A case's steps: float64 within 1e-12 relative (ten digits: 5e-10), float32 within
 * 4 max(e, 1e-6 max|v|). */
typedef struct golden_case {
    const char *name;
    const json_t *args, *start, *gradients, *after;
    double e, relative;
} golden_case;

static bool steps_agree(const golden_case *c, ore_optimizer *o, ore_dtype dtype) {
    bool good = true;
    ore_tensor *p = ore_set_requires_grad(json_tensor(c->start, dtype), true);
    ore_tensor *gradients = json_tensor(c->gradients, dtype);
    ore_tensor *trace = json_tensor(c->after, ORE_FLOAT64);
    double largest = ore_item(ore_amax(ore_abs(trace), ORE_ALL, false));
    ore_optimizer_add(o, 0, p, "p");
    int64_t n = ore_numel(p);
    for (int64_t step = 0; step < ore_size(trace, 0); step++) {
        ore_set_grad(p, ore_select(gradients, 0, step));
        assert_int_equal(ore_optimizer_step(o), ORE_OK);
        for (int64_t i = 0; i < n && good; i++) {
            double want = value_at(trace, step * n + i), got = value_at(p, i);
            double allowed = dtype == ORE_FLOAT32 ? 4 * fmax(c->e, 1e-6 * largest)
                                                  : c->relative * fmax(fabs(want), 1e-2);
            good = fabs(got - want) <= allowed;
            if (!good)
                print_error("%s (%s): step %lld element %lld: %.17g, expected %.17g\n", c->name,
                            ore_dtype_name(dtype), (long long)step, (long long)i, got, want);
        }
    }
    ore_optimizer_free(o);
    return good;
}

static bool steps_agree_in_both(const golden_case *c, const char *class, bool torch_2) {
    bool good = true;
    for (int k = 0; k < 2; k++) {
        ore_scope_begin();
        ore_optimizer *o = optimizer_of(class, c->args, torch_2);
        good &= steps_agree(c, o, k ? ORE_FLOAT32 : ORE_FLOAT64);
        ore_scope_end();
    }
    return good;
}

static void golden_steps_agree(void **state) {
    (void)state;
    json_t *golden = json_load_file(ORE_TEST_DIR "/golden/ops.json", 0, NULL);
    assert_non_null(golden);
    const json_t *cases = json_object_get(golden, "cases");
    int passed = 0, failed = 0;
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const json_t *c = json_array_get(cases, i);
        if (strcmp(json_string_value(json_object_get(c, "op")), "optim") != 0)
            continue;
        const json_t *in = json_object_get(c, "in"), *out = json_object_get(c, "out");
        golden_case steps = {.name = json_string_value(json_object_get(c, "name")),
                             .args = json_object_get(c, "args"),
                             .start = json_array_get(in, 0),
                             .gradients = json_array_get(in, 1),
                             .after = json_array_get(out, 0),
                             .relative = json_object_get(c, "digits") ? 5e-10 : 1e-12};
        steps.e = json_number_value(json_object_get(steps.after, "e"));
        const char *class = json_string_value(json_object_get(steps.args, "class"));
        bool good = steps_agree_in_both(&steps, class, false);
        passed += good;
        failed += !good;
    }
    json_decref(golden);
    print_message("golden optimizers: %d cases passed (float64 and float32), %d failed\n", passed,
                  failed);
    assert_int_equal(failed, 0);
    assert_int_equal(passed, 20);
    assert_true(ore_ok());
}

/* ---- L-BFGS over the Rosenbrock function ---- */

static ore_tensor *rosenbrock(void *user) {
    ore_tensor *x = user;
    int64_t n = ore_numel(x) - 1;
    ore_set_grad(x, NULL);
    ore_tensor *a = ore_narrow(x, 0, 0, n), *b = ore_narrow(x, 0, 1, n);
    ore_tensor *valley = ore_mul_scalar(ore_square(ore_sub(b, ore_square(a))), 100);
    ore_tensor *loss = ore_add(valley, ore_square(ore_rsub_scalar(a, 1)));
    loss = ore_sum(loss, ORE_ALL, false);
    return ore_backward(loss) == ORE_OK ? loss : NULL;
}

static ore_optimizer *lbfgs_of(const json_t *args) {
    ore_lbfgs_options o = ore_lbfgs_defaults();
    o.lr = number(args, "lr", o.lr);
    o.max_iter = (int64_t)number(args, "max_iter", (double)o.max_iter);
    o.history_size = (int64_t)number(args, "history_size", (double)o.history_size);
    o.strong_wolfe = json_object_get(args, "line_search_fn") != NULL;
    ore_optimizer *lbfgs = ore_lbfgs_new(NULL, &o);
    ore_optimizer_add_group(lbfgs, NULL);
    return lbfgs;
}

static bool lbfgs_agrees(const json_t *c) {
    bool good = true;
    ore_scope_begin();
    ore_tensor *x = json_tensor(json_object_get(c, "start"), ORE_FLOAT64);
    ore_tensor *after = json_tensor(json_object_get(c, "after"), ORE_FLOAT64);
    ore_tensor *losses = json_tensor(json_object_get(c, "losses"), ORE_FLOAT64);
    ore_set_requires_grad(x, true);
    ore_optimizer *o = lbfgs_of(json_object_get(c, "args"));
    ore_optimizer_add(o, 0, x, "x");
    for (int64_t step = 0; step < ore_numel(losses) && good; step++) {
        double loss = ore_item(ore_optimizer_step_closure(o, rosenbrock, x));
        double wanted = value_at(losses, step);
        good = fabs(loss - wanted) <= 1e-7 * fmax(fabs(wanted), 1e-3);
        for (int64_t i = 0; i < ore_numel(x); i++)
            good &= fabs(value_at(x, i) - value_at(after, step * ore_numel(x) + i)) <= 1e-7;
        if (!good)
            print_error("%s: step %lld: loss %.17g, expected %.17g %s\n",
                        json_string_value(json_object_get(c, "name")), (long long)step, loss,
                        wanted, ore_error_message());
    }
    ore_optimizer_free(o);
    ore_scope_end();
    return good;
}

static void golden_steps_of_torch_2_agree(void **state) {
    (void)state;
    json_t *golden = json_load_file(ORE_TEST_DIR "/golden/optim2.json", 0, NULL);
    assert_non_null(golden);
    const json_t *cases = json_object_get(golden, "cases");
    size_t count = json_array_size(cases), passed = 0;
    for (size_t i = 0; i < count; i++) {
        const json_t *c = json_array_get(cases, i);
        const char *class = json_string_value(json_object_get(c, "class"));
        golden_case steps = {.name = json_string_value(json_object_get(c, "name")),
                             .args = json_object_get(c, "args"),
                             .start = json_object_get(c, "start"),
                             .gradients = json_object_get(c, "gradients"),
                             .after = json_object_get(c, "after"),
                             .relative = !strcmp(class, "NAdam") ? 2e-7 : 1e-12};
        passed +=
            strcmp(class, "LBFGS") ? steps_agree_in_both(&steps, class, true) : lbfgs_agrees(c);
    }
    json_decref(golden);
    print_message("optimizers as in PyTorch 2: %zu of %zu cases passed\n", passed, count);
    assert_int_equal(passed, count);
    assert_true(ore_ok());
}

/* ---- state and errors ---- */

static double gradient_value(int step, int i) {
    return sin(1 + 3 * step + 1.3 * i * i);
}

typedef struct job {
    ore_optimizer *optimizer;
    ore_tensor *p[2];
} job;

static job job_new(const char *class) {
    job j = {.optimizer = make(class)};
    ore_group_options group = ore_optimizer_defaults(j.optimizer);
    group.centered = true; /* without momentum: a gap in the places for state */
    group.initial_accumulator_value = 0.5;
    ore_optimizer_add_group(j.optimizer, &group);
    for (int k = 0; k < 2; k++) {
        j.p[k] = ore_set_requires_grad(ore_full(ORE_SHAPE(k + 1, 3), k + 1, ORE_FLOAT32), true);
        ore_optimizer_add(j.optimizer, 0, j.p[k], (const char *[]){"a", "b"}[k]);
    }
    return j;
}

static void job_run(job *j, int from, int to) {
    for (int step = from; step < to; step++)
        for (int k = 0; k < 2; k++) {
            float g[6];
            for (int i = 0; i < 6; i++)
                g[i] = (float)gradient_value(step + k, i);
            ore_set_grad(j->p[k], ore_from_data(g, ore_shape_of(j->p[k]), ORE_FLOAT32));
            if (k)
                assert_int_equal(ore_optimizer_step(j->optimizer), ORE_OK);
        }
}

static void assert_same_values(const ore_tensor *a, const ore_tensor *b) {
    for (int64_t i = 0; i < ore_numel(a); i++)
        assert_true(value_at(a, i) == value_at(b, i));
}

static void every_kind_resumes_exactly(void **state) {
    (void)state;
    static const struct {
        const char *class, *item;
        int64_t tensors;
    } kinds[] = {{"SGD", NULL, 0},
                 {"Adam", "a.exp_avg", 6},
                 {"AdamW", "b.exp_avg_sq", 6},
                 {"Adagrad", "a.sum", 4},
                 {"RMSprop", "b.grad_avg", 6},
                 {"Adadelta", "a.acc_delta", 6},
                 {"Adamax", "a.exp_inf", 6},
                 {"NAdam", "b.mu_product", 8},
                 {"RAdam", "a.exp_avg", 6},
                 {"Lion", "a.exp_avg", 4},
                 {"Adafactor", "b.col_var", 6},
                 {"Muon", "a.momentum_buffer", 2}};
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        ore_scope_begin();
        job straight = job_new(kinds[k].class), first = job_new(kinds[k].class);
        job second = job_new(kinds[k].class);
        job_run(&straight, 0, 9);
        job_run(&first, 0, 4);
        ore_tensor_list saved = ore_optimizer_state(first.optimizer);
        assert_int_equal(saved.count, kinds[k].tensors);
        assert_true(!kinds[k].item || ore_tensor_list_find(&saved, kinds[k].item));
        ore_no_grad_begin();
        for (int i = 0; i < 2; i++)
            ore_copy_(second.p[i], first.p[i]);
        ore_no_grad_end();
        assert_int_equal(ore_optimizer_load_state(second.optimizer, &saved), ORE_OK);
        job_run(&second, 4, 9);
        for (int i = 0; i < 2; i++)
            assert_same_values(straight.p[i], second.p[i]);
        ore_tensor_list_free(&saved);
        ore_optimizer_free(straight.optimizer);
        ore_optimizer_free(first.optimizer);
        ore_optimizer_free(second.optimizer);
        ore_scope_end();
    }
    assert_true(ore_ok());
}

static ore_tensor *start_point(void) {
    return ore_set_requires_grad(ore_linspace(-1, 1.5, 5, ORE_FLOAT64), true);
}

static ore_optimizer *lbfgs_over(ore_tensor *x, bool wolfe) {
    ore_lbfgs_options options = ore_lbfgs_defaults();
    options.strong_wolfe = wolfe;
    options.lr = wolfe ? 1 : 0.1;
    options.max_iter = 3;
    options.history_size = 4;
    ore_optimizer *o = ore_lbfgs_new(NULL, &options);
    ore_optimizer_add(o, ore_optimizer_add_group(o, NULL), x, "x");
    return o;
}

static void lbfgs_resumes_exactly(void **state) {
    (void)state;
    for (int wolfe = 0; wolfe < 2; wolfe++) {
        ore_scope_begin();
        ore_tensor *x = start_point(), *y = start_point();
        ore_optimizer *straight = lbfgs_over(x, wolfe), *other = lbfgs_over(y, wolfe);
        for (int step = 0; step < 3; step++)
            ore_optimizer_step_closure(straight, rosenbrock, x);
        ore_tensor_list saved = ore_optimizer_state(straight);
        assert_int_equal(saved.count, 6);
        ore_no_grad_begin();
        ore_copy_(y, x);
        ore_no_grad_end();
        assert_int_equal(ore_optimizer_load_state(other, &saved), ORE_OK);
        for (int step = 0; step < 3; step++) {
            ore_optimizer_step_closure(straight, rosenbrock, x);
            ore_optimizer_step_closure(other, rosenbrock, y);
        }
        assert_same_values(x, y);
        saved.items[1].tensor = ore_zeros(ORE_SHAPE(3), ORE_FLOAT64);
        ore_optimizer_load_state(other, &saved);
        assert_error(ORE_DATA, "\"lbfgs.d\" has shape (3,), expected (5,)");
        ore_tensor_list_free(&saved);
        ore_optimizer_free(straight);
        ore_optimizer_free(other);
        ore_scope_end();
    }
    assert_true(ore_ok());
}

static void wrong_options_are_named(void **state) {
    (void)state;
    ore_scope_begin();
    ore_adagrad_options adagrad = ore_adagrad_defaults();
    adagrad.lr_decay = -1;
    assert_null(ore_adagrad_new(NULL, &adagrad));
    assert_error(ORE_INVALID, "adagrad: lr_decay is negative");
    ore_rmsprop_options rmsprop = ore_rmsprop_defaults();
    rmsprop.momentum = -1;
    assert_null(ore_rmsprop_new(NULL, &rmsprop));
    assert_error(ORE_INVALID, "rmsprop: momentum is negative");
    ore_adadelta_options adadelta = ore_adadelta_defaults();
    adadelta.rho = 1.5;
    assert_null(ore_adadelta_new(NULL, &adadelta));
    assert_error(ORE_INVALID, "adadelta: rho is not in [0, 1]");
    ore_nadam_options nadam = ore_nadam_defaults();
    nadam.momentum_decay = NAN;
    assert_null(ore_nadam_new(NULL, &nadam));
    assert_error(ORE_INVALID, "nadam: momentum_decay is negative");
    ore_lion_options lion = ore_lion_defaults();
    lion.beta1 = 1;
    assert_null(ore_lion_new(NULL, &lion));
    assert_error(ORE_INVALID, "lion: beta1 is not in [0, 1)");
    ore_lbfgs_options lbfgs = ore_lbfgs_defaults();
    lbfgs.history_size = 0;
    assert_null(ore_lbfgs_new(NULL, &lbfgs));
    assert_error(ORE_INVALID, "lbfgs: max_iter and history_size from 1");

    ore_optimizer *muon = ore_muon_new(NULL, NULL);
    ore_optimizer_add_group(muon, NULL);
    ore_optimizer_add(muon, 0, start_point(), "bias");
    assert_error(ORE_INVALID, "muon: parameter \"bias\" has not two dims, as Muon needs");
    ore_optimizer_free(muon);
    ore_tensor *x = start_point();
    ore_optimizer *o = lbfgs_over(x, false);
    ore_optimizer_step(o);
    assert_error(ORE_INVALID, "lbfgs: step without a closure, expected step_closure");
    ore_optimizer_add(o, 0, ore_zeros(ORE_SHAPE(2), ORE_FLOAT32), "y");
    assert_error(ORE_INVALID, "lbfgs: parameter \"y\" has another dtype than the first");
    ore_optimizer_add_group(o, NULL);
    assert_null(ore_optimizer_step_closure(o, rosenbrock, x));
    assert_error(ORE_INVALID, "lbfgs: 2 groups with 5 elements, expected one group");
    ore_optimizer_free(o);
    ore_scope_end();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_steps_agree),
        cmocka_unit_test(golden_steps_of_torch_2_agree),
        cmocka_unit_test(every_kind_resumes_exactly),
        cmocka_unit_test(lbfgs_resumes_exactly),
        cmocka_unit_test(wrong_options_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
