/* test_fit_ends.c: how a run of the trainer ends, what it reports, its errors. */
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
#include "support/scratch.h"

/* ---- ends and reports ---- */

enum { REPORTS_MAX = 64 };

typedef struct script {
    const double *train, *val; /* losses by evaluation, in order */
    int64_t next;
    int64_t stop_after;      /* report: false from this step on; 0: never */
    int64_t fail_evaluation; /* the step whose evaluation fails, once; -1: none */
    int64_t fail_at;         /* report: leaves an error at this step */
    ore_fit_report reports[REPORTS_MAX];
    ore_fit_state states[REPORTS_MAX];
    int count;
} script;

static double scripted(void *user, ore_part part, int64_t step) {
    script *s = user;
    (void)step;
    if (ore_grad_enabled())
        return NAN;
    return part == ORE_PART_TRAIN ? s->train[s->next] : s->val[s->next++];
}

static bool note(void *user, const ore_fit_report *report) {
    script *s = user;
    s->states[s->count] = *report->state;
    s->reports[s->count++] = *report;
    if (s->fail_at && report->state->step == s->fail_at)
        ore_fail(ORE_IO, "metrics.jsonl: disk full");
    return !s->stop_after || report->state->step < s->stop_after;
}

static void test_ends(void **state) {
    (void)state;
    net n;
    script s = {.stop_after = 5};
    net_start(&n, 0);
    ore_fit_options o = net_fit_options(&n, 10);
    ore_fit_result r;
    o.stop_at = 4;
    assert_int_equal(ore_fit(&o, NULL, &r), ORE_OK);
    assert_true(r.end == ORE_FIT_STOPPED && r.state.step == 4 && r.loss_count == 4);
    ore_fit_state at = r.state;
    ore_fit_result_free(&r);
    assert_int_equal(ore_fit(&o, &at, &r), ORE_OK); /* there already */
    assert_true(r.end == ORE_FIT_STOPPED && r.state.step == 4 && r.loss_count == 0);
    ore_fit_result_free(&r);
    o.stop_at = 0;
    o.report = note;
    o.user = &s;
    assert_int_equal(ore_fit(&o, NULL, &r), ORE_OK);
    assert_true(r.end == ORE_FIT_STOPPED && r.state.step == 5 && s.count == 5);
    assert_true(isnan(s.reports[0].grad_norm) && !s.reports[0].evaluated);
    assert_near(s.reports[4].loss, r.losses[4], 0);
    assert_near(s.reports[4].lr, 1e-2, 0);
    ore_fit_result_free(&r);
    s = (script){.stop_after = 10}; /* wishing to stop at the last step changes nothing */
    assert_int_equal(ore_fit(&o, NULL, &r), ORE_OK);
    assert_true(r.end == ORE_FIT_DONE && r.state.step == 10);
    ore_fit_result_free(&r);
    s = (script){.fail_at = 3};
    assert_int_equal(ore_fit(&o, NULL, &r), ORE_IO);
    assert_true(r.end == ORE_FIT_FAILED && r.state.step == 3 && r.loss_count == 3);
    assert_error(ORE_IO, "metrics.jsonl: disk full");
    ore_fit_result_free(&r);
    net_end(&n);
}

static void test_patience(void **state) {
    (void)state;
    const double train[] = {9, 8, 7, 6, 5, 4, 3}, val[] = {3, 2, 2.5, NAN, 1.5, 1.5, 1.6};
    net n;
    script s = {.train = train, .val = val};
    net_start(&n, 0);
    ore_fit_options o = net_fit_options(&n, 100);
    o.evaluate = scripted;
    o.eval_interval = 2;
    o.patience = 2;
    o.report = note;
    o.user = &s;
    ore_fit_result r;
    assert_int_equal(ore_fit(&o, NULL, &r), ORE_OK);
    assert_int_equal(r.end, ORE_FIT_PATIENCE);
    assert_true(r.state.step == 12 && r.state.best_step == 8 && r.state.bad_evals == 2);
    assert_near(r.state.best_val, 1.5, 0);
    assert_int_equal(s.count, 13); /* step 0 and 12 steps */
    assert_true(s.reports[0].evaluated && s.states[0].step == 0 && s.reports[0].best);
    assert_true(isnan(s.reports[0].loss) && isnan(s.reports[0].change_percent));
    assert_near(s.reports[0].lr, 1e-2, 0);
    assert_true(s.reports[2].best && !s.reports[1].evaluated && !s.reports[4].best);
    assert_true(s.states[4].bad_evals == 1 && s.states[6].bad_evals == 1); /* NaN: no such part */
    assert_near(s.reports[2].change_percent, (8 - 9.0) / 9 * 100, 1e-12);
    ore_fit_state at = r.state;
    ore_fit_result_free(&r);
    assert_int_equal(ore_fit(&o, &at, &r), ORE_OK); /* a resumed run that had ended */
    assert_true(r.end == ORE_FIT_PATIENCE && r.loss_count == 0);
    ore_fit_result_free(&r);
    net_end(&n);
}

static void test_convergence(void **state) {
    (void)state;
    const double train[] = {4, 2, 1, 1.02, 1.009, 0.995, 0.9, 0.9}, val[8] = {0};
    net n;
    script s = {.train = train, .val = val};
    net_start(&n, 0);
    ore_fit_options o = net_fit_options(&n, 7);
    o.evaluate = scripted;
    o.eval_interval = 1;
    o.report = note;
    o.user = &s;
    ore_fit_result r;
    assert_int_equal(ore_fit(&o, NULL, &r), ORE_OK);
    assert_true(r.end == ORE_FIT_DONE && r.state.converged_step == 4);
    assert_near(r.state.min_train, 0.9, 0);
    assert_near(s.reports[3].change_percent, 2, 1e-12);
    assert_true(!s.reports[3].converged && s.reports[4].converged && s.reports[5].converged);
    assert_near(s.reports[5].change_percent, -0.5, 1e-12);
    assert_true(!s.reports[6].converged && s.reports[7].converged);
    assert_near(s.reports[7].change_percent, 0, 0);
    ore_fit_result_free(&r);
    s.next = s.count = 0;
    o.stop_when_converged = true;
    assert_int_equal(ore_fit(&o, NULL, &r), ORE_OK);
    assert_true(r.end == ORE_FIT_CONVERGED && r.state.step == 4);
    ore_fit_result_free(&r);
    s.next = s.count = 0; /* at the last step only */
    o.eval_interval = 0;
    o.stop_when_converged = false;
    assert_int_equal(ore_fit(&o, NULL, &r), ORE_OK);
    assert_true(s.next == 1 && s.reports[s.count - 1].evaluated && r.state.best_step == 7);
    ore_fit_result_free(&r);
    net_end(&n);
}

static double failing(void *user, ore_part part, int64_t step) {
    script *s = user;
    if (part == ORE_PART_VAL && step == s->fail_evaluation) {
        s->fail_evaluation = -1;
        ore_fail(ORE_IO, "text.txt: cut short");
        return NAN;
    }
    return scripted(user, part, step);
}

/* The step before an evaluation that fails is reported, and the evaluation comes first when the run
 * goes on, which then ends as one that never failed. */
static void test_an_evaluation_that_fails(void **state) {
    (void)state;
    const double losses[] = {3, 2, 2.5, 1, 1.5};
    script s = {.train = losses, .val = losses, .fail_evaluation = 4};
    script straight = {.train = losses, .val = losses, .fail_evaluation = -1};
    ore_fit_result r, other;
    net n, m;
    net_start(&m, 0);
    ore_fit_options o = net_fit_options(&m, 8);
    o.evaluate = failing;
    o.eval_interval = 2;
    o.report = note;
    o.user = &straight;
    assert_int_equal(ore_fit(&o, NULL, &other), ORE_OK);
    net_start(&n, 0);
    o = net_fit_options(&n, 8);
    o.evaluate = failing;
    o.eval_interval = 2;
    o.report = note;
    o.user = &s;
    assert_int_equal(ore_fit(&o, NULL, &r), ORE_IO);
    assert_error(ORE_IO, "text.txt: cut short");
    ore_fit_state at = r.state;
    assert_true(at.step == 4 && at.unevaluated && at.best_step == 2);
    assert_true(s.count == 5 && !s.reports[4].evaluated && isfinite(s.reports[4].loss));
    assert_near(s.reports[4].lr, 1e-2, 0);
    ore_fit_result_free(&r);
    assert_int_equal(ore_fit(&o, &at, &r), ORE_OK);
    assert_true(s.reports[5].evaluated && isnan(s.reports[5].loss) && s.states[5].step == 4);
    assert_true(s.count == 10 && s.next == 5 && s.states[9].step == 8);
    assert_false(r.state.unevaluated);
    assert_int_equal(r.state.best_step, other.state.best_step);
    assert_int_equal(r.state.bad_evals, other.state.bad_evals);
    assert_same_nets(&n, &m);
    ore_fit_result_free(&r);
    ore_fit_result_free(&other);
    net_end(&n);
    net_end(&m);
}

/* ---- errors ---- */

typedef struct poison {
    const net *n;
    int calls, nan_at;
    double value;
} poison;

static ore_tensor *forward_of_user(void *user, ore_tensor *x) {
    return ore_sequential_forward(&((poison *)user)->n->root, x);
}

static ore_tensor *poisoned(void *user, ore_tensor *y, ore_tensor *target) {
    poison *p = user;
    ore_tensor *loss = ore_cross_entropy(y, target, NULL);
    return ++p->calls == p->nan_at ? ore_mul_scalar(loss, p->value) : loss;
}

static void test_not_finite(void **state) {
    (void)state;
    net n, clean;
    ore_fit_result r;
    net_start(&clean, 0);
    ore_fit_options o = net_fit_options(&clean, 2);
    assert_int_equal(ore_fit(&o, NULL, &r), ORE_OK);
    ore_fit_result_free(&r);
    net_start(&n, 0);
    poison p = {.n = &n, .nan_at = 3, .value = NAN};
    o = net_fit_options(&n, 10);
    o.module = NULL; /* a forward alone is enough */
    o.forward = forward_of_user;
    o.loss = poisoned;
    o.user = &p;
    assert_int_equal(ore_fit(&o, NULL, &r), ORE_DATA);
    assert_true(r.end == ORE_FIT_FAILED && r.state.step == 2 && r.loss_count == 2);
    assert_error(ORE_DATA, "fit: loss is nan at step 3: lower the learning rate");
    assert_same_nets(&clean, &n);
    assert_null(ore_grad(n.up.weight));
    ore_fit_result_free(&r);
    p = (poison){.n = &n, .nan_at = 1, .value = -INFINITY};
    ore_fit(&o, NULL, &r);
    assert_error(ORE_DATA, "fit: loss is -inf at step 1");
    ore_fit_result_free(&r);
    p = (poison){.n = &n, .nan_at = 1, .value = 1e38};
    o.clip_norm = 1;
    o.accumulate = 1;
    o.l2 = 1e308;
    ore_fit(&o, NULL, &r);
    assert_error(ORE_DATA, "fit: the gradient's norm is ");
    assert_same_nets(&clean, &n);
    ore_fit_result_free(&r);
    net_end(&n);
    net_end(&clean);
}

static void refuse(const ore_fit_options *o, ore_status status, const char *part) {
    ore_fit_result r;
    assert_int_equal(ore_fit(o, NULL, &r), status);
    assert_true(r.end == ORE_FIT_FAILED && r.loss_count == 0);
    assert_error(status, part);
    ore_fit_result_free(&r);
}

static void test_options(void **state) {
    (void)state;
    net n;
    net_start(&n, 0);
    ore_fit_options good = net_fit_options(&n, 10), o;
#define REFUSE(field, value, part) (o = good, o.field = value, refuse(&o, ORE_INVALID, part))
    REFUSE(module, NULL, "fit: module is NULL");
    REFUSE(loader, NULL, "fit: loader is NULL");
    REFUSE(optimizer, NULL, "fit: optimizer is NULL");
    REFUSE(steps, 0, "fit: steps 0, expected at least 1");
    REFUSE(stop_at, -1, "fit: stop_at -1, expected at least 0");
    REFUSE(accumulate, 0, "fit: accumulate 0, expected at least 1");
    REFUSE(eval_interval, -2, "fit: eval_interval -2, expected at least 0");
    REFUSE(patience, -1, "fit: patience -1, expected at least 0");
    REFUSE(patience, 3, "fit: patience without an evaluate function");
    REFUSE(stop_when_converged, true, "fit: stop_when_converged without an evaluate function");
    REFUSE(l1, -1, "fit: l1 -1, expected at least 0");
    REFUSE(l2, NAN, "fit: l2 ");
    REFUSE(clip_value, -1, "fit: clip_value -1");
    REFUSE(clip_norm, INFINITY, "fit: clip_norm inf");
#undef REFUSE
    ore_fail(ORE_IO, "before"); /* a pending error stays, nothing is done */
    refuse(&good, ORE_IO, "before");
    ore_loader_options lo = ore_loader_defaults();
    lo.batch_size = POINTS + 1;
    lo.drop_last = true;
    o = good;
    o.loader = ore_tensor_loader_new(n.x, n.y, &lo);
    refuse(&o, ORE_DATA, "fit: the loader has no batch");
    ore_loader_free(o.loader);
    o.loader = ore_tensor_loader_new(n.y, n.x, NULL); /* labels for points */
    ore_module_eval(&n.root.module);
    refuse(&o, ORE_INVALID, "up: linear: ");
    assert_false(n.root.module.training);
    ore_loader_free(o.loader);
    o.loader = ore_tensor_loader_new(n.x, n.x, NULL);
    refuse(&o, ORE_INVALID, "fit: output (1, 4) does not fit targets (1, 2), expected logits");
    ore_loader_free(o.loader);
    o.loader = ore_tensor_loader_new(n.x, NULL, NULL);
    refuse(&o, ORE_INVALID, "fit: cross entropy without targets; give a loss function");
    ore_loader_free(o.loader);
    net_end(&n);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ends),        cmocka_unit_test(test_patience),
        cmocka_unit_test(test_convergence), cmocka_unit_test(test_not_finite),
        cmocka_unit_test(test_options),     cmocka_unit_test(test_an_evaluation_that_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
