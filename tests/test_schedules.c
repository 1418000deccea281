/* test_schedules.c: learning rates against PyTorch's schedulers in golden/ops.json, what follows a
 * metric, the search for a rate, and averages of weights. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include <ore/nn.h>
#include <ore/ops.h>
#include <ore/optim.h>

#include "support/errors.h"
#include "support/numbers.h"

static ore_tensor *leaf(int64_t n, double value) {
    return ore_set_requires_grad(ore_full(ORE_SHAPE(n), value, ORE_FLOAT64), true);
}

static ore_optimizer *sgd_over(ore_tensor *p, double lr) {
    ore_optimizer *sgd = ore_sgd_new(NULL, &(ore_sgd_options){.lr = lr, .momentum = 0.9});
    ore_optimizer_add(sgd, ore_optimizer_add_group(sgd, NULL), p, "p");
    return sgd;
}

/* ---- golden schedules ---- */

static double number(const json_t *args, const char *key) {
    return json_number_value(json_object_get(args, key));
}

static bool is(const json_t *args, const char *class) {
    return !strcmp(json_string_value(json_object_get(args, "class")), class);
}

/* torch's warm-up and cosine of one LambdaLR */
static double warmup_cosine(void *user, int64_t k) {
    const json_t *args = user;
    double warm = number(args, "warmup"), decay = number(args, "decay_iters");
    double least = number(args, "min_ratio"), step = (double)k;
    if (step < warm)
        return (step + 1) / (warm + 1);
    if (step > decay)
        return least;
    return least + 0.5 * (1 + cos(acos(-1) * (step - warm) / (decay - warm))) * (1 - least);
}

enum { MILESTONES_MAX = 8 };

static ore_schedule factor_of(const json_t *a, double lr) {
    static int64_t milestones[MILESTONES_MAX];
    const json_t *places = json_object_get(a, "milestones");
    for (size_t i = 0; i < json_array_size(places); i++)
        milestones[i] = json_integer_value(json_array_get(places, i));
    int64_t total = (int64_t)number(a, "total_iters");
    if (is(a, "StepLR"))
        return ore_step_lr(lr, (int64_t)number(a, "step_size"), number(a, "gamma"));
    if (is(a, "MultiStepLR"))
        return ore_multi_step_lr(lr, milestones, (int64_t)json_array_size(places),
                                 number(a, "gamma"));
    if (is(a, "ExponentialLR"))
        return ore_exponential_lr(lr, number(a, "gamma"));
    if (is(a, "LinearLR"))
        return ore_linear_lr(lr, number(a, "start_factor"), number(a, "end_factor"), total);
    return ore_constant_lr(lr, number(a, "factor"), total);
}

static ore_schedule curve_of(const json_t *a, double lr) {
    static ore_schedule parts[2];
    static const int64_t after_five[] = {5};
    if (is(a, "CosineAnnealingLR"))
        return ore_cosine_annealing_lr(lr, (int64_t)number(a, "T_max"), number(a, "eta_min"));
    if (is(a, "CosineAnnealingWarmRestarts"))
        return ore_cosine_annealing_warm_restarts(
            lr, (int64_t)number(a, "T_0"), (int64_t)number(a, "T_mult"), number(a, "eta_min"));
    if (is(a, "OneCycleLR")) {
        ore_schedule s = ore_one_cycle_lr(number(a, "max_lr"), (int64_t)number(a, "total_steps"));
        s.pct_start = number(a, "pct_start");
        s.linear = !strcmp(json_string_value(json_object_get(a, "anneal")), "linear");
        return s;
    }
    if (is(a, "CyclicLR"))
        return ore_cyclic_lr(number(a, "min_lr"), number(a, "max_lr"),
                             (int64_t)number(a, "step_size_up"));
    if (is(a, "LambdaLR"))
        return ore_lambda_lr(lr, warmup_cosine, (void *)a);
    if (is(a, "SequentialLR")) {
        parts[0] = ore_linear_lr(lr, 0.1, 1, 5);
        parts[1] = ore_cosine_annealing_lr(lr, 15, 0);
        return ore_sequential_lr(parts, 2, after_five);
    }
    return factor_of(a, lr);
}

static double output(const json_t *c, const char *list, const char *name, int64_t k) {
    const json_t *all = json_object_get(c, list);
    for (size_t i = 0; i < json_array_size(all); i++) {
        const json_t *item = json_array_get(all, i);
        if (!strcmp(json_string_value(json_object_get(item, "n")), name))
            return json_number_value(json_array_get(json_object_get(item, "v"), (size_t)k));
    }
    return NAN;
}

enum { GOLDEN_STEPS = 20 };

static bool curve_agrees(const json_t *c) {
    const json_t *args = json_object_get(c, "args");
    ore_schedule s = curve_of(args, number(args, "base_lr"));
    ore_optimizer *sgd = sgd_over(leaf(1, 0), 1);
    bool good = true;
    for (int64_t k = 0; k < GOLDEN_STEPS; k++) {
        double lr = output(c, "out", "lr", k), momentum = output(c, "out", "momentum", k);
        ore_optimizer_schedule(sgd, &s, k);
        good &= fabs(ore_optimizer_lr(sgd, 0) - lr) <= 1e-12;
        if (!good)
            print_error("step %lld: %.17g, expected %.17g\n", (long long)k,
                        ore_optimizer_lr(sgd, 0), lr);
        good &= isnan(momentum) || fabs(ore_schedule_momentum(&s, k) - momentum) <= 1e-12;
    }
    ore_optimizer_free(sgd);
    return good;
}

static bool plateau_agrees(const json_t *c) {
    const json_t *args = json_object_get(c, "args");
    ore_optimizer *sgd = sgd_over(leaf(1, 0), number(args, "base_lr"));
    ore_reduce_lr_on_plateau p = ore_reduce_lr_on_plateau_defaults();
    p.factor = number(args, "factor");
    p.patience = (int64_t)number(args, "patience");
    p.threshold = number(args, "threshold");
    p.cooldown = (int64_t)number(args, "cooldown");
    p.min_lr = number(args, "min_lr");
    bool good = true;
    for (int64_t k = 0; k < GOLDEN_STEPS; k++) {
        good &= fabs(ore_optimizer_lr(sgd, 0) - output(c, "out", "lr", k)) <= 1e-15;
        ore_reduce_lr_on_plateau_step(&p, sgd, output(c, "in", "metric", k));
    }
    ore_optimizer_free(sgd);
    return good;
}

static void golden_schedules_agree(void **state) {
    (void)state;
    json_t *golden = json_load_file(ORE_TEST_DIR "/golden/ops.json", 0, NULL);
    assert_non_null(golden);
    const json_t *cases = json_object_get(golden, "cases");
    int passed = 0, failed = 0;
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const json_t *c = json_array_get(cases, i);
        if (strcmp(json_string_value(json_object_get(c, "op")), "sched") != 0)
            continue;
        ore_scope_begin();
        bool plateau = is(json_object_get(c, "args"), "ReduceLROnPlateau");
        bool good = plateau ? plateau_agrees(c) : curve_agrees(c);
        ore_scope_end();
        if (!good)
            print_error("%s differs\n", json_string_value(json_object_get(c, "name")));
        passed += good;
        failed += !good;
    }
    json_decref(golden);
    print_message("golden schedules: %d cases passed, %d failed\n", passed, failed);
    assert_int_equal(failed, 0);
    assert_int_equal(passed, 14);
    assert_true(ore_ok());
}

/* ---- schedules that ops.json has no case of ---- */

static void assert_rates(const ore_schedule *s, int n, const double *wanted) {
    for (int k = 0; k < n; k++)
        assert_near(ore_schedule_lr(s, k), wanted[k], 1e-12);
    assert_true(ore_ok());
}

static void other_schedules_follow_their_rules(void **state) {
    (void)state;
    ore_schedule s = ore_polynomial_lr(0.1, 4, 2);
    assert_rates(&s, 6, (double[]){0.1, 0.05625, 0.025, 0.00625, 0, 0});
    s = ore_wsd_lr(1, 3, 10, 4);
    assert_rates(&s, 12, (double[]){0.25, 0.5, 0.75, 1, 1, 1, 1, 0.75, 0.5, 0.25, 0, 0});
    s = ore_cyclic_lr(0, 1, 2);
    s.mode = ORE_TRIANGULAR2;
    assert_rates(&s, 9, (double[]){0, 0.5, 1, 0.5, 0, 0.25, 0.5, 0.25, 0});
    assert_near(ore_schedule_momentum(&s, 2), 0.8, 1e-15);
    s.mode = ORE_EXP_RANGE;
    s.gamma = 0.5;
    s.step_size_down = 1;
    assert_rates(&s, 5, (double[]){0, 0.25, 0.25, 0, 0.03125});
    s = ore_cosine_annealing_warm_restarts(1, 2, 1, 0);
    assert_rates(&s, 5, (double[]){1, 0.5, 1, 0.5, 1});
    ore_schedule parts[] = {ore_constant_lr(1, 0.1, 2), ore_exponential_lr(1, 0.9)};
    s = ore_chained_lr(parts, 2);
    assert_rates(&s, 4, (double[]){0.1, 0.09, 0.81, 0.729});
    s = ore_one_cycle_lr(1, 10);
    s.linear = s.three_phase = true;
    s.pct_start = 0.4;
    assert_rates(&s, 12,
                 (double[]){0.04, 0.36, 0.68, 1, 0.68, 0.36, 0.04, 0.04 - 0.039996 / 3,
                            0.04 - 0.039996 * 2 / 3, 4e-6, 4e-6, 4e-6});
    s = ore_schedule_defaults();
    assert_true(isnan(ore_schedule_momentum(&s, 3)));
}

/* PyTorch's rates: it counts the milestones that a step has met, in whatever order they are. */
static void milestones_need_no_order(void **state) {
    (void)state;
    ore_schedule s = ore_multi_step_lr(0.1, (int64_t[]){3, 1}, 2, 0.5);
    assert_rates(&s, 5, (double[]){0.1, 0.05, 0.05, 0.025, 0.025});
    s = ore_multi_step_lr(0.1, (int64_t[]){2, 2, 1}, 3, 0.5);
    assert_rates(&s, 4, (double[]){0.1, 0.05, 0.0125, 0.0125});
    s = ore_multi_step_lr(0.1, (int64_t[]){5, -3, 0, 0, 4}, 5, 0.5);
    assert_rates(&s, 6, (double[]){0.025, 0.025, 0.025, 0.025, 0.0125, 0.00625});
    ore_schedule parts[] = {ore_exponential_lr(1, 0.5), ore_exponential_lr(1, 0.5),
                            ore_exponential_lr(1, 0.5)};
    s = ore_sequential_lr(parts, 3, (int64_t[]){3, 1});
    assert_true(isnan(ore_schedule_lr(&s, 2)));
    assert_error(ORE_INVALID, "schedule: a milestone is less than the one before it");
    assert_true(isnan(ore_schedule_momentum(&s, 2)));
    assert_error(ORE_INVALID, "schedule: a milestone is less than the one before it");
}

static double falling(void *user, int64_t step) {
    return *(const double *)user / (double)(step + 1);
}

/* torch's recursions, step by step: MultiplicativeLR, and SWALR, which takes the rate before apart
 * into its part of swa_lr and the rest. */
static void annealing_follows_torchs_recursions(void **state) {
    (void)state;
    double half = 0.5, lr = 3, pi = 3.14159265358979323846;
    ore_schedule s = ore_multiplicative_lr(3, falling, &half);
    for (int64_t k = 0; k < 6; k++) {
        lr *= k ? falling(&half, k) : 1;
        assert_near(ore_schedule_lr(&s, k), lr, 1e-15);
    }
    for (int linear = 0; linear < 2; linear++) {
        s = ore_swa_lr(0.4, 0.05, 7);
        s.linear = linear;
        double now = 0.4, before = 0;
        for (int64_t k = 0; k < 12; k++) {
            double x = fmin((double)k / 7, 1), alpha = linear ? x : (1 - cos(pi * x)) / 2;
            double rest = before < 1 ? (now - before * 0.05) / (1 - before) : 0;
            now = alpha * 0.05 + (1 - alpha) * rest;
            assert_near(ore_schedule_lr(&s, k), now, 1e-14);
            before = alpha;
        }
    }
    s = ore_swa_lr(0.4, 0.05, 0);
    assert_near(ore_schedule_lr(&s, 0), 0.05, 1e-16);
}

static void wrong_schedules_are_named(void **state) {
    (void)state;
    ore_schedule s = ore_step_lr(1, 0, 0.5);
    assert_true(isnan(ore_schedule_lr(&s, 1)));
    assert_error(ORE_INVALID, "schedule: step_size is not positive");
    s = ore_cosine_annealing_warm_restarts(1, 2, 0, 0);
    assert_true(isnan(ore_schedule_lr(&s, 1)));
    assert_error(ORE_INVALID, "schedule: T_0 or T_mult is not positive");
    s = ore_exponential_lr(1, 0.5);
    assert_true(isnan(ore_schedule_lr(&s, -1)));
    assert_error(ORE_INVALID, "schedule: the step is negative");
    s = ore_chained_lr(NULL, 0);
    assert_true(isnan(ore_schedule_lr(&s, 0)));
    assert_error(ORE_INVALID, "schedule: there are no parts");
    s = ore_lambda_lr(1, NULL, NULL);
    assert_true(isnan(ore_schedule_lr(&s, 0)));
    assert_error(ORE_INVALID, "schedule: the function is NULL");
    s = ore_multiplicative_lr(1, NULL, NULL);
    assert_true(isnan(ore_schedule_lr(&s, 0)));
    assert_error(ORE_INVALID, "schedule: the function is NULL");
    s = ore_swa_lr(1, 0.1, -1);
    assert_true(isnan(ore_schedule_lr(&s, 0)));
    assert_error(ORE_INVALID, "schedule: anneal_steps is negative");
}

static void momentum_goes_where_the_optimizer_has_it(void **state) {
    (void)state;
    ore_scope_begin();
    ore_schedule s = ore_one_cycle_lr(0.5, 20);
    ore_tensor *a = leaf(1, 0), *b = leaf(1, 0);
    ore_optimizer *sgd = sgd_over(a, 0.1), *adam = ore_adam_new(NULL, NULL);
    ore_optimizer_add(adam, ore_optimizer_add_group(adam, NULL), b, "b");
    for (int k = 0; k < 2; k++) { /* the second step shows the momentum of the first's buffer */
        ore_set_grad(a, ore_ones(ORE_SHAPE(1), ORE_FLOAT64));
        ore_set_grad(b, ore_ones(ORE_SHAPE(1), ORE_FLOAT64));
        ore_optimizer_schedule(sgd, &s, 5);
        ore_optimizer_schedule(adam, &s, 5);
        ore_optimizer_step(sgd);
        ore_optimizer_step(adam);
    }
    assert_near(value_at(a, 0), -0.5 - 0.5 * 1.85, 1e-12);
    ore_tensor_list saved = ore_optimizer_state(adam);
    assert_near(value_at(ore_tensor_list_find(&saved, "b.exp_avg"), 0), 0.15 * 1.85, 1e-12);
    ore_tensor_list_free(&saved);
    ore_optimizer_free(sgd);
    ore_optimizer_free(adam);
    ore_scope_end();
    assert_true(ore_ok());
}

/* ---- metrics ---- */

static void note(void *user, const char *message) {
    snprintf(user, 128, "%s", message);
}

static void plateaus_say_what_they_do(void **state) {
    (void)state;
    ore_scope_begin();
    char said[128] = "";
    ore_optimizer *sgd = sgd_over(leaf(1, 0), 0.1);
    ore_reduce_lr_on_plateau p = ore_reduce_lr_on_plateau_defaults();
    p.mode = ORE_METRIC_MAX;
    p.threshold_mode = ORE_THRESHOLD_ABS;
    p.threshold = 0.5;
    p.patience = 2;
    p.report = note;
    p.user = said;
    static const double metrics[] = {1, 1.4, 2, 2.5, NAN};
    for (int k = 0; k < 5; k++)
        ore_reduce_lr_on_plateau_step(&p, sgd, metrics[k]);
    assert_string_equal(said, "");
    ore_reduce_lr_on_plateau_step(&p, sgd, 2);
    assert_string_equal(said, "Epoch 00006: reducing learning rate of group 0 to 1.0000e-02.");
    assert_near(ore_optimizer_lr(sgd, 0), 0.01, 1e-17);
    assert_true(p.best == 2);
    p.factor = 1;
    ore_reduce_lr_on_plateau_step(&p, sgd, 2);
    assert_error(ORE_INVALID, "reduce_lr_on_plateau: factor 1, patience 2, cooldown 0");
    ore_optimizer_free(sgd);
    ore_scope_end();
}

static void stopping_waits_for_its_patience(void **state) {
    (void)state;
    ore_early_stopping s = ore_early_stopping_defaults();
    assert_int_equal(s.patience, 10);
    s.patience = 2;
    s.min_delta = 0.1;
    assert_false(ore_early_stopping_step(&s, 1));
    assert_false(ore_early_stopping_step(&s, 0.95));
    assert_false(ore_early_stopping_step(&s, 0.8));
    assert_false(ore_early_stopping_step(&s, 0.75));
    ore_early_stopping copy = s;
    assert_true(ore_early_stopping_step(&s, NAN));
    assert_false(ore_early_stopping_step(&copy, 0.6));
    assert_true(s.best == 0.8 && s.best_at == 2);
}

/* ---- finding a rate ---- */

static ore_tensor *bowl(void *user) {
    ore_tensor *p = user;
    ore_set_grad(p, NULL);
    ore_tensor *loss = ore_mul_scalar(ore_sum(ore_square(p), ORE_ALL, false), 0.5);
    return ore_backward(loss) == ORE_OK ? loss : NULL;
}

static ore_tensor *broken(void *user) {
    bowl(user);
    static int calls;
    if (++calls > 3)
        ore_fail(ORE_DATA, "a broken batch");
    return ore_ok() ? ore_scalar(1, ORE_FLOAT64) : NULL;
}

static void a_sweep_names_the_range(void **state) {
    (void)state;
    ore_scope_begin();
    ore_tensor *p = leaf(3, 2);
    ore_optimizer *sgd = sgd_over(p, 0.125);
    ore_optimizer_step_closure(sgd, bowl, p);
    double before = value_at(p, 0);
    ore_lr_finder_options options = ore_lr_finder_defaults();
    options.end_lr = 100;
    ore_lr_finder_result r;
    assert_int_equal(ore_lr_finder(sgd, bowl, p, &options, &r), ORE_OK);
    assert_true(r.count > 10 && r.count < 100); /* it diverged on the way */
    assert_near(r.lrs[0], 1e-7, 1e-20);
    assert_near(r.lrs[r.count - 1] / r.lrs[r.count - 2], pow(1e9, 1.0 / 99), 1e-9);
    assert_true(r.low > 1e-4 && r.low <= r.steepest && r.low <= r.high && r.high < 4);
    assert_true(value_at(p, 0) == before && ore_optimizer_lr(sgd, 0) == 0.125);
    ore_lr_finder_result_free(&r);
    assert_int_equal(ore_lr_finder(sgd, broken, p, NULL, &r), ORE_DATA);
    assert_error(ORE_DATA, "a broken batch");
    assert_true(value_at(p, 0) == before && r.count == 3 && isnan(r.low));
    ore_lr_finder_result_free(&r);
    options.end_lr = 1e-8;
    ore_lr_finder(sgd, bowl, p, &options, &r);
    assert_error(ORE_INVALID, "lr_finder: 0 < start_lr < end_lr");
    ore_optimizer_step_closure(sgd, bowl, p); /* the momentum is as it was: 2, then 1.8 + 1.75 */
    assert_near(value_at(p, 0), 1.75 - 0.125 * 3.55, 1e-12);
    ore_optimizer_free(sgd);
    ore_scope_end();
}

/* ---- averages ---- */

static void set_weights(ore_linear *l, double value) {
    ore_no_grad_begin();
    ore_fill_(l->weight, value);
    ore_no_grad_end();
}

static float weight_of(const ore_linear *l) {
    return ((const float *)ore_data(l->weight))[0];
}

static void averages_follow_the_weights(void **state) {
    (void)state;
    ore_linear l;
    ore_linear_init(&l, NULL, NULL, 2, 1, NULL);
    ore_averaged_model *swa = ore_swa_new(&l.module), *ema = ore_ema_new(&l.module, 0.75);
    ore_averaged_model *other = ore_ema_new(&l.module, 0.75);
    ore_scope_begin();
    static const double values[] = {1, 2, 6};
    for (int k = 0; k < 3; k++) {
        set_weights(&l, values[k]);
        assert_int_equal(ore_averaged_model_update(swa), ORE_OK);
        assert_int_equal(ore_averaged_model_update(ema), ORE_OK);
    }
    ore_averaged_model_swap(swa);
    assert_true(weight_of(&l) == 3);
    ore_averaged_model_update(swa);
    assert_error(ORE_STATE, "averaged_model_update: the averages are swapped in");
    ore_averaged_model_swap(swa);
    assert_true(weight_of(&l) == 6);
    ore_tensor_list saved = ore_averaged_model_state(ema);
    assert_int_equal(saved.count, 3);
    assert_int_equal(ore_item_int(ore_tensor_list_find(&saved, "n_averaged")), 3);
    assert_int_equal(ore_averaged_model_load_state(other, &saved), ORE_OK);
    set_weights(&l, 8);
    ore_averaged_model_update(other);
    ore_averaged_model_swap(other);
    assert_true(weight_of(&l) == (float)(0.75 * (0.75 * 1.25 + 0.25 * 6) + 0.25 * 8));
    saved.count--;
    ore_averaged_model_load_state(ema, &saved);
    assert_error(ORE_DATA, "averaged_model_load_state: 2 tensors, expected 3");
    saved.count++;
    assert_null(ore_ema_new(&l.module, 1.5));
    assert_error(ORE_INVALID, "ema_new: decay 1.5, expected 0 to 1");
    ore_tensor_list_free(&saved);
    ore_scope_end();
    ore_averaged_model_free(swa);
    ore_averaged_model_free(ema);
    ore_averaged_model_free(other);
    ore_module_free(&l.module);
    assert_true(ore_ok());
}

typedef struct batches {
    ore_batch_norm1d *norm;
    ore_tensor *x[2];
    bool trained;
} batches;

static void forward_batches(void *user) {
    batches *b = user;
    for (int i = 0; i < 2; i++) {
        ore_tensor *y = ore_batch_norm1d_forward(b->norm, b->x[i]);
        b->trained = b->norm->module.training && !ore_requires_grad(y);
    }
}

static void batch_norms_get_the_statistics_of_all_batches(void **state) {
    (void)state;
    ore_scope_begin();
    ore_module root;
    ore_batch_norm1d norm;
    ore_batch_norm1d_options o = ore_batch_norm1d_defaults();
    o.dtype = ORE_FLOAT64;
    ore_module_init(&root, NULL, NULL);
    ore_batch_norm1d_init(&norm, &root, "bn", 1, &o);
    batches b = {.norm = &norm};
    b.x[0] = ore_from_data((double[]){1, 3}, ORE_SHAPE(2, 1), ORE_FLOAT64);  /* variance 2 */
    b.x[1] = ore_from_data((double[]){4, 10}, ORE_SHAPE(2, 1), ORE_FLOAT64); /* 18 */
    forward_batches(&b); /* what is there before does not count */
    ore_module_eval(&root);
    assert_int_equal(ore_update_bn(&root, forward_batches, &b), ORE_OK);
    assert_true(b.trained);
    assert_false(norm.module.training);
    assert_near(norm.momentum, 0.1, 0);
    assert_near(value_at(norm.running_mean, 0), 4.5, 1e-12);
    assert_near(value_at(norm.running_var, 0), 10, 1e-12);
    assert_int_equal(ore_item_int(norm.num_batches_tracked), 2);
    ore_module_free(&root);
    ore_module_init(&root, NULL, NULL);
    assert_int_equal(ore_update_bn(&root, NULL, NULL), ORE_OK); /* nothing to call it for */
    ore_module_free(&root);
    ore_scope_end();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_schedules_agree),
        cmocka_unit_test(other_schedules_follow_their_rules),
        cmocka_unit_test(milestones_need_no_order),
        cmocka_unit_test(annealing_follows_torchs_recursions),
        cmocka_unit_test(wrong_schedules_are_named),
        cmocka_unit_test(momentum_goes_where_the_optimizer_has_it),
        cmocka_unit_test(plateaus_say_what_they_do),
        cmocka_unit_test(stopping_waits_for_its_patience),
        cmocka_unit_test(a_sweep_names_the_range),
        cmocka_unit_test(averages_follow_the_weights),
        cmocka_unit_test(batch_norms_get_the_statistics_of_all_batches),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
