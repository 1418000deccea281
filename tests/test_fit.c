/* test_fit.c: the trainer against hand-written loops, beside evaluation, and resumed. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <ore/ops.h>
#include <ore/train.h>

#include "support/fit_net.h"
#include "support/numbers.h"

static void test_loss_falls(void **state) {
    (void)state;
    net n;
    net_start(&n, 0);
    ore_module_eval(&n.root.module);
    ore_fit_options o = net_fit_options(&n, 300);
    ore_fit_result r;
    assert_int_equal(ore_fit(&o, NULL, &r), ORE_OK);
    assert_int_equal(r.end, ORE_FIT_DONE);
    assert_int_equal(r.loss_count, 300);
    assert_int_equal(r.state.step, 300);
    assert_int_equal(r.state.tokens, 300 * BATCH);
    assert_true(r.losses[0] > 1 && r.losses[299] < 0.3);
    assert_false(n.root.module.training); /* as it was */
    assert_null(ore_grad(n.up.weight));
    const ore_fit_seconds *s = &r.seconds;
    assert_true(s->data > 0 && s->forward > 0 && s->loss > 0 && s->backward > 0);
    double parts = s->data + s->forward + s->loss + s->backward + s->optimizer + s->evaluation;
    assert_true(s->optimizer > 0 && s->evaluation == 0 && parts <= s->total);
    ore_fit_result_free(&r);
    assert_null(r.losses);
    net_end(&n);
}

/* ---- against a hand-written loop ---- */

static ore_batch next_in_passes(ore_loader *loader) {
    ore_batch b = ore_loader_next(loader);
    return b.x ? b : ore_loader_next(loader);
}

static void test_equals_loop(void **state) {
    (void)state;
    enum { STEPS = 20 };
    double losses[STEPS], norms[STEPS];
    net hand, fit;
    ore_schedule schedule = ore_schedule_defaults();
    schedule.kind = ORE_SCHEDULE_COSINE;
    schedule.lr = 2e-2;
    schedule.warmup_steps = 4;
    schedule.steps = STEPS;
    net_start(&hand, 0.3);
    for (int64_t step = 0; step < STEPS; step++) {
        ore_scope_begin();
        ore_batch b = next_in_passes(hand.loader);
        ore_tensor *y = ore_sequential_forward(&hand.root, b.x);
        ore_tensor *loss = ore_cross_entropy(y, b.y, NULL);
        ore_optimizer_zero_grad(hand.optimizer);
        ore_backward(loss);
        ore_clip_grad_value(&hand.root.module, 0.2);
        norms[step] = ore_clip_grad_norm(&hand.root.module, 0.5);
        ore_optimizer_schedule(hand.optimizer, &schedule, step);
        ore_optimizer_step(hand.optimizer);
        losses[step] = ore_item(loss);
        ore_scope_end();
    }
    assert_string_equal(ore_error_message(), "");
    net_start(&fit, 0.3);
    ore_fit_options o = net_fit_options(&fit, STEPS);
    o.schedule = &schedule;
    o.clip_value = 0.2;
    o.clip_norm = 0.5;
    ore_fit_result r;
    assert_int_equal(ore_fit(&o, NULL, &r), ORE_OK);
    assert_memory_equal(r.losses, losses, sizeof losses);
    assert_true(norms[STEPS - 1] > 0);
    assert_same_nets(&hand, &fit);
    ore_fit_result_free(&r);
    net_end(&hand);
    net_end(&fit);
}

/* ---- penalties, in float64 ---- */

static ore_tensor *mean_square(void *user, ore_tensor *y, ore_tensor *target) {
    (void)user;
    return ore_mean(ore_square(ore_sub(y, target)), ORE_ALL, false);
}

static void test_penalties(void **state) {
    (void)state;
    ore_scope_begin();
    ore_linear_options lo = ore_linear_defaults();
    lo.dtype = ORE_FLOAT64;
    ore_linear l;
    ore_manual_seed(1);
    ore_linear_init(&l, NULL, NULL, 3, 2, &lo);
    double w[6], g[6];
    ore_copy_out(l.weight, w, sizeof w);
    ore_tensor *x = ore_randn(ORE_SHAPE(5, 3), ORE_FLOAT64, NULL);
    ore_tensor *y = ore_randn(ORE_SHAPE(5, 2), ORE_FLOAT64, NULL);
    ore_tensor *loss = mean_square(NULL, ore_linear_forward(&l, x), y);
    double want_loss = ore_item(loss);
    ore_backward(loss);
    ore_copy_out(ore_grad(l.weight), g, sizeof g);
    ore_sgd_options so = ore_sgd_defaults();
    so.lr = 1;
    ore_optimizer *sgd = ore_sgd_new(&l.module, &so);
    ore_fit_options o = ore_fit_defaults();
    ore_loader_options to = ore_loader_defaults();
    to.batch_size = 5;
    o.module = &l.module;
    o.loader = ore_tensor_loader_new(x, y, &to);
    o.optimizer = sgd;
    o.loss = mean_square;
    o.steps = 1;
    o.l1 = 0.01;
    o.l2 = 0.02;
    ore_fit_result r;
    assert_int_equal(ore_fit(&o, NULL, &r), ORE_OK);
    assert_near(r.losses[0], want_loss, 0); /* penalties are not in it */
    const double *now = ore_data(l.weight);
    for (int i = 0; i < 6; i++) {
        double sign = w[i] > 0 ? 1 : -1;
        assert_near(now[i], w[i] - (g[i] + 0.01 * sign + 0.04 * w[i]), 1e-15);
    }
    ore_fit_result_free(&r);
    ore_loader_free(o.loader);
    ore_optimizer_free(sgd);
    ore_module_free(&l.module);
    ore_scope_end();
}

/* ---- evaluation beside training ---- */

static double evaluate_net(void *user, ore_part part, int64_t step) {
    net *n = user;
    ore_evaluation e;
    if (n->root.module.training || n->drop.module.training)
        ore_fail(ORE_STATE, "still training");
    ore_loader_options lo = ore_loader_defaults();
    lo.batch_size = part == ORE_PART_TRAIN ? 5 : POINTS;
    lo.generator = ore_generator_new((uint64_t)step); /* DataLoader draws even without shuffling */
    ore_loader *loader = ore_tensor_loader_new(n->x, n->y, &lo);
    ore_evaluate_loader(&n->root.module, NULL, NULL, NULL, loader, 0, &e);
    ore_loader_free(loader);
    ore_generator_free(lo.generator);
    return e.loss;
}

/* The same output by the whole batch, whose targets it sees. */
static ore_tensor *forward_batch(void *user, const ore_batch *batch) {
    net *n = user;
    assert_true(batch->y && !batch->x_lengths && !batch->y_lengths);
    return ore_module_forward(&n->root.module, batch->x);
}

/* Counts the points whose quadrant is the likeliest, and all. */
static void measure_hits(void *user, ore_tensor *output, const ore_batch *batch, double *sums) {
    (void)user;
    ore_tensor *hit = ore_eq(ore_argmax(output, 1, false), batch->y);
    sums[0] += ore_item(ore_sum(ore_to(hit, ORE_FLOAT64), ORE_ALL, false));
    sums[1] += (double)ore_size(batch->y, 0);
}

static void test_a_forward_of_whole_batches(void **state) {
    (void)state;
    net plain, whole;
    ore_fit_result a, b;
    net_start(&plain, 0.2);
    ore_fit_options o = net_fit_options(&plain, 40);
    assert_int_equal(ore_fit(&o, NULL, &a), ORE_OK);
    net_start(&whole, 0.2);
    o = net_fit_options(&whole, 40);
    o.forward_batch = forward_batch;
    o.user = &whole;
    assert_int_equal(ore_fit(&o, NULL, &b), ORE_OK);
    assert_same_nets(&plain, &whole);
    ore_scope_begin();
    ore_no_grad_begin();
    ore_evaluation e;
    double sums[ORE_MEASURES_MAX] = {0};
    const ore_batch all = {.x = whole.x, .y = whole.y};
    ore_module_eval(&whole.root.module);
    measure_hits(NULL, ore_module_forward(&whole.root.module, whole.x), &all, sums);
    assert_true(sums[0] > 0 && sums[0] < POINTS);
    assert_int_equal(ore_evaluate_fit(&o, measure_hits, whole.loader, 0, &e), ORE_OK);
    assert_near(e.measures[0], sums[0] / POINTS, 1e-15);
    assert_near(e.measures[1], 1, 0);
    o.module = NULL;
    assert_int_equal(ore_evaluate_fit(&o, NULL, whole.loader, 2, &e), ORE_OK);
    assert_true(e.tokens == 2 * BATCH && e.measures[0] == 0);
    ore_no_grad_end();
    ore_scope_end();
    ore_fit_result_free(&a);
    ore_fit_result_free(&b);
    net_end(&plain);
    net_end(&whole);
}

static void test_evaluation_disturbs_nothing(void **state) {
    (void)state;
    net without, with;
    ore_fit_result r, e;
    net_start(&without, 0.4);
    ore_fit_options o = net_fit_options(&without, 12);
    assert_int_equal(ore_fit(&o, NULL, &r), ORE_OK);
    net_start(&with, 0.4);
    o = net_fit_options(&with, 12);
    o.evaluate = evaluate_net;
    o.eval_interval = 3;
    o.user = &with;
    assert_int_equal(ore_fit(&o, NULL, &e), ORE_OK);
    assert_memory_equal(r.losses, e.losses, 12 * sizeof(double));
    assert_same_nets(&without, &with);
    assert_true(e.state.best_step > 0 && e.seconds.evaluation > 0 && with.root.module.training);
    assert_near(e.state.best_val, e.state.min_train, 1e-6); /* the same points, other batches */
    ore_fit_result_free(&r);
    ore_fit_result_free(&e);
    net_end(&without);
    net_end(&with);
}

/* ---- resume ---- */

static void test_resume(void **state) {
    (void)state;
    enum { N = 9, M = 11 };
    net whole, first, second;
    ore_fit_result r, a, b;
    net_start(&whole, 0.3);
    ore_fit_options o = net_fit_options(&whole, N + M);
    o.evaluate = evaluate_net;
    o.eval_interval = 4;
    o.accumulate = 2;
    o.user = &whole;
    assert_int_equal(ore_fit(&o, NULL, &r), ORE_OK);
    net_start(&first, 0.3);
    o.module = &first.root.module;
    o.loader = first.loader;
    o.optimizer = first.optimizer;
    o.user = &first;
    o.stop_at = N;
    assert_int_equal(ore_fit(&o, NULL, &a), ORE_OK);
    /* All that is carried over; the loader's generator is the default one, as dropout's is. */
    static uint8_t loader_state[ORE_LOADER_STATE_BYTES], generator[ORE_GENERATOR_STATE_BYTES];
    ore_loader_get_state(first.loader, loader_state);
    ore_generator_get_state(ore_default_generator(), generator);
    ore_tensor_list model = ore_module_state(&first.root.module);
    ore_tensor_list optim = ore_optimizer_state(first.optimizer);
    net_start(&second, 0.3);
    ore_module_load_state(&second.root.module, &model, true);
    ore_optimizer_load_state(second.optimizer, &optim);
    ore_loader_set_state(second.loader, loader_state, sizeof loader_state);
    ore_generator_set_state(ore_default_generator(), generator, sizeof generator);
    o.module = &second.root.module;
    o.loader = second.loader;
    o.optimizer = second.optimizer;
    o.user = &second;
    o.stop_at = 0;
    assert_int_equal(ore_fit(&o, &a.state, &b), ORE_OK);
    assert_true(a.loss_count == N && b.loss_count == M);
    assert_memory_equal(a.losses, r.losses, N * sizeof(double));
    assert_memory_equal(b.losses, r.losses + N, M * sizeof(double));
    assert_memory_equal(&b.state, &r.state, sizeof r.state);
    assert_same_nets(&whole, &second);
    ore_tensor_list_free(&model);
    ore_tensor_list_free(&optim);
    ore_fit_result_free(&r);
    ore_fit_result_free(&a);
    ore_fit_result_free(&b);
    net_end(&whole);
    net_end(&first);
    net_end(&second);
}

/* ---- memory ---- */

enum { MEMORY_STEPS = 40 };

static bool note_calls(void *user, const ore_fit_report *report) {
    ore_memory_stats memory;
    ore_memory_read(&memory);
    ((uint64_t *)user)[report->state->step - 1] = memory.system_calls;
    return true;
}

/* The pool caches nothing under AddressSanitizer. */
static bool pool_caches(void) {
    ore_memory_stats before, after;
    ore_free(ore_zeros(ORE_SHAPE(10), ORE_FLOAT32));
    ore_memory_read(&before);
    ore_free(ore_zeros(ORE_SHAPE(10), ORE_FLOAT32));
    ore_memory_read(&after);
    return before.system_calls == after.system_calls;
}

static void test_no_system_calls(void **state) {
    (void)state;
    if (!pool_caches())
        skip();
    net n;
    uint64_t calls[MEMORY_STEPS];
    net_start(&n, 0.1);
    ore_fit_options o = net_fit_options(&n, MEMORY_STEPS);
    o.accumulate = 2;
    o.clip_norm = 1;
    o.clip_value = 1;
    o.l1 = o.l2 = 1e-4;
    o.report = note_calls;
    o.user = calls;
    ore_fit_result r;
    assert_int_equal(ore_fit(&o, NULL, &r), ORE_OK);
    assert_int_equal(calls[MEMORY_STEPS - 1], calls[9]);
    ore_fit_result_free(&r);
    net_end(&n);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_loss_falls),
        cmocka_unit_test(test_equals_loop),
        cmocka_unit_test(test_penalties),
        cmocka_unit_test(test_evaluation_disturbs_nothing),
        cmocka_unit_test(test_a_forward_of_whole_batches),
        cmocka_unit_test(test_resume),
        cmocka_unit_test(test_no_system_calls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
