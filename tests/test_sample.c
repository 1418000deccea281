/* test_sample.c: temperature, top-k and top-p leave and draw what their definitions say. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <ore/infer.h>
#include <ore/ops.h>

enum { V = 5, DRAWS = 20000 };
static const float logits[V] = {0.5f, 2.0f, -1.0f, 2.0f, 1.0f};

/* How often each id comes in DRAWS draws, as a share. */
static void shares(const ore_sampler_options *o, double *share) {
    ore_generator *g = ore_generator_new(7);
    memset(share, 0, V * sizeof *share);
    ore_scope_begin();
    ore_tensor *x = ore_from_data(logits, ORE_SHAPE(V), ORE_FLOAT32);
    for (int i = 0; i < DRAWS; i++) {
        int64_t id = ore_sample_token(x, o, g);
        assert_in_range(id, 0, V - 1);
        share[id] += 1.0 / DRAWS;
    }
    ore_scope_end();
    ore_generator_free(g);
}

static void expect_shares(const ore_sampler_options *o, const double *weight) {
    double share[V], total = 0;
    shares(o, share);
    for (int i = 0; i < V; i++)
        total += weight[i];
    for (int i = 0; i < V; i++) {
        double p = weight[i] / total; /* five standard deviations of the mean of DRAWS draws */
        assert_true(fabs(share[i] - p) <= 5 * sqrt(p * (1 - p) / DRAWS));
    }
}

static void follows_softmax(void **state) {
    (void)state;
    ore_sampler_options o = ore_sampler_defaults();
    double weight[V];
    for (int i = 0; i < V; i++)
        weight[i] = exp((double)logits[i]);
    expect_shares(&o, weight);
    o.temperature = 0.5;
    for (int i = 0; i < V; i++)
        weight[i] = exp((double)logits[i] / 0.5);
    expect_shares(&o, weight);
}

static void top_k_keeps_the_largest(void **state) {
    (void)state;
    ore_sampler_options o = ore_sampler_defaults();
    o.top_k = 3;
    expect_shares(&o, (double[V]){0, exp(2), 0, exp(2), exp(1)});
    o.top_k = 1; /* its equal stays too */
    expect_shares(&o, (double[V]){0, 1, 0, 1, 0});
    o.top_k = 99;
    o.temperature = 1e-3;
    expect_shares(&o, (double[V]){0, 1, 0, 1, 0});
    o.temperature = 1e-300; /* no float, and 1e-40 no normal one */
    expect_shares(&o, (double[V]){0, 1, 0, 1, 0});
    o.top_k = 0;
    o.temperature = 1e-40;
    expect_shares(&o, (double[V]){0, 1, 0, 1, 0});
}

/* Probabilities .08 .37 .02 .37 .14: 0.5 needs both equals, 0.8 the third as well. */
static void top_p_keeps_the_nucleus(void **state) {
    (void)state;
    ore_sampler_options o = ore_sampler_defaults();
    o.top_p = 0.5;
    expect_shares(&o, (double[V]){0, 1, 0, 1, 0});
    o.top_p = 0.8;
    expect_shares(&o, (double[V]){0, exp(2), 0, exp(2), exp(1)});
}

static void zero_temperature_takes_the_first_largest(void **state) {
    (void)state;
    ore_sampler_options o = ore_sampler_defaults();
    o.temperature = 0;
    ore_scope_begin();
    ore_tensor *x = ore_from_data(logits, ORE_SHAPE(V), ORE_FLOAT32);
    assert_int_equal(ore_sample_token(x, &o, NULL), 1);
    ore_scope_end();
}

static void expect_message(ore_tensor *x, const ore_sampler_options *o, const char *message) {
    assert_int_equal(ore_sample_token(x, o, NULL), -1);
    assert_string_equal(ore_error_message(), message);
    ore_error_clear();
}

static void refuses_bad_input(void **state) {
    (void)state;
    ore_sampler_options o = ore_sampler_defaults();
    ore_scope_begin();
    ore_tensor *x = ore_zeros(ORE_SHAPE(V), ORE_FLOAT32);
    o.temperature = -1;
    expect_message(x, &o, "sample: temperature -1, expected 0 or more");
    o = ore_sampler_defaults();
    o.top_p = 0;
    expect_message(x, &o, "sample: top_p 0, expected 0 < top_p <= 1");
    o = ore_sampler_defaults();
    o.top_k = -2;
    expect_message(x, &o, "sample: top_k -2, expected 0 or more");
    expect_message(ore_zeros(ORE_SHAPE(2, 2), ORE_FLOAT32), NULL,
                   "sample: logits (2, 2), expected (V,)");
    expect_message(ore_full(ORE_SHAPE(V), NAN, ORE_FLOAT32), NULL, "sample: logit 0 is nan");
    expect_message(ore_full(ORE_SHAPE(V), -INFINITY, ORE_FLOAT32), NULL,
                   "sample: every logit is -inf");
    ore_scope_end();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(follows_softmax),
        cmocka_unit_test(top_k_keeps_the_largest),
        cmocka_unit_test(top_p_keeps_the_nucleus),
        cmocka_unit_test(zero_temperature_takes_the_first_largest),
        cmocka_unit_test(refuses_bad_input),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
