/* test_position.c: what positions are for, and what their functions refuse. Their values are
 * compared with transformers' by tests/torch_compare_position.py. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <ore/ore.h>

#include "support/errors.h"
#include "support/numbers.h"

enum { T = 6, D = 8 };

/* q or k (1, 1, T, D), each row the same, turned by its place and an offset. */
static ore_tensor *turned(ore_tensor *row, double offset, const ore_rotary_options *o,
                          ore_rotary_layout layout) {
    ore_tensor *places = ore_arange(offset, offset + T, 1, ORE_INT64), *cos, *sin;
    ore_tensor *x = ore_contiguous(ore_expand(row, ORE_SHAPE(1, 1, T, D)));
    ore_rotary_tables(places, D, o, ORE_FLOAT64, &cos, &sin);
    return ore_rotary(x, cos, sin, layout);
}

/* A score of turned queries and keys depends on their distance alone (Su et al., eq. 16). */
static void scores_depend_on_distance(void **state) {
    (void)state;
    ore_tensor *q = ore_randn(ORE_SHAPE(1, D), ORE_FLOAT64, NULL);
    ore_tensor *k = ore_randn(ORE_SHAPE(1, D), ORE_FLOAT64, NULL);
    for (int layout = ORE_ROTARY_PAIRS; layout <= ORE_ROTARY_HALVES; layout++) {
        ore_tensor *scores[2];
        for (int far = 0; far < 2; far++) {
            ore_tensor *a = turned(q, 1000 * far, NULL, (ore_rotary_layout)layout);
            ore_tensor *b = turned(k, 1000 * far, NULL, (ore_rotary_layout)layout);
            scores[far] = ore_select(ore_select(ore_matmul(a, ore_transpose(b, 2, 3)), 0, 0), 0, 0);
        }
        assert_true(ore_allclose(scores[0], scores[1], 1e-9, 1e-9, false));
        ore_tensor *shorter = ore_narrow(ore_narrow(scores[0], 0, 0, T - 1), 1, 0, T - 1);
        ore_tensor *moved = ore_narrow(ore_narrow(scores[0], 0, 1, T - 1), 1, 1, T - 1);
        assert_true(ore_allclose(shorter, moved, 1e-9, 1e-9, false));
        assert_false(ore_allclose(shorter, ore_t(moved), 1e-3, 1e-3, false));
    }
}

/* Both layouts are one rotation of channels that stand in another order. */
static void layouts_are_orders_of_channels(void **state) {
    (void)state;
    ore_tensor *row = ore_randn(ORE_SHAPE(1, D), ORE_FLOAT64, NULL);
    ore_tensor *order = ore_from_data((int64_t[]){0, 2, 4, 6, 1, 3, 5, 7}, ORE_SHAPE(D), ORE_INT64);
    ore_tensor *pairs = turned(row, 3, NULL, ORE_ROTARY_PAIRS);
    ore_tensor *halves = turned(ore_index_select(row, 1, order), 3, NULL, ORE_ROTARY_HALVES);
    assert_true(ore_allclose(ore_index_select(pairs, 3, order), halves, 0, 0, false));
}

static void linear_scaling_squeezes_places(void **state) {
    (void)state;
    ore_rotary_options o = ore_rotary_defaults();
    o.scaling = ORE_ROTARY_LINEAR;
    o.factor = 4;
    ore_tensor *cos, *sin, *near_cos, *near_sin;
    ore_rotary_tables(ore_arange(0, 40, 4, ORE_INT64), D, &o, ORE_FLOAT64, &cos, &sin);
    ore_rotary_tables(ore_arange(0, 10, 1, ORE_INT64), D, NULL, ORE_FLOAT64, &near_cos, &near_sin);
    assert_true(ore_allclose(cos, near_cos, 1e-12, 1e-12, false));
    assert_true(ore_allclose(sin, near_sin, 1e-12, 1e-12, false));
}

static void slopes_of_heads_that_are_no_power_of_two(void **state) {
    (void)state;
    ore_tensor *six = ore_alibi_slopes(6, ORE_FLOAT64);
    const double want[] = {0.25, 0.0625, 0.015625, 0.00390625, 0.5, 0.125};
    for (int i = 0; i < 6; i++)
        assert_near(value_at(six, i), want[i], 1e-15);
}

/* Learned positions, sinusoids and slopes where they go: a sum, a sum, an option. */
static void positions_make_attention_see_order(void **state) {
    (void)state;
    ore_embedding learned;
    ore_embedding_init(&learned, NULL, NULL, T, D, NULL);
    ore_tensor *x =
        ore_expand(ore_randn(ORE_SHAPE(1, 1, D), ORE_FLOAT32, NULL), ORE_SHAPE(1, T, D));
    ore_tensor *tables[] = {ore_embedding_forward(&learned, ore_arange(0, T, 1, ORE_INT64)),
                            ore_sinusoidal_positions(T, D, ORE_FLOAT32)};
    for (int i = 0; i < 2; i++) {
        ore_tensor *y = ore_unsqueeze(ore_add(x, tables[i]), 0); /* (1, 1, T, D) */
        y = ore_attention(y, y, y, NULL);
        assert_false(ore_allclose(ore_select(y, 2, 0), ore_select(y, 2, 1), 1e-4, 1e-4, false));
    }
    ore_attention_options o = ore_attention_defaults();
    o.slopes = ore_alibi_slopes(1, ORE_FLOAT32);
    ore_tensor *v = ore_randn(ORE_SHAPE(1, 1, T, D), ORE_FLOAT32, NULL), *q = ore_unsqueeze(x, 0);
    ore_tensor *y = ore_attention(q, q, v, &o);
    assert_false(ore_allclose(ore_select(y, 2, 0), ore_select(y, 2, 1), 1e-4, 1e-4, false));
    ore_module_free(&learned.module);
}

static void refuse(int64_t R, ore_rotary_options o, const char *message) {
    double scale;
    assert_null(ore_rotary_frequencies(R, &o, &scale));
    assert_error(ORE_INVALID, message);
    assert_true(isnan(scale));
}

static void what_does_not_fit_is_named(void **state) {
    (void)state;
    ore_rotary_options o = ore_rotary_defaults();
    refuse(7, o, "rotary: 7 channels, expected an even number above 0");
    o.theta = 1;
    refuse(8, o, "rotary: theta 1, expected above 1");
    o = ore_rotary_defaults();
    o.scaling = ORE_ROTARY_YARN;
    refuse(8, o, "rotary: original_max_positions 0, expected at least 2");
    o.original_max_positions = 16;
    o.factor = 0;
    refuse(8, o, "rotary: factor 0, expected above 0");
    o.scaling = ORE_ROTARY_LONGROPE;
    refuse(8, o, "rotary: short_factors or long_factors is NULL");
    o.scaling = ORE_ROTARY_DYNAMIC;
    refuse(8, o, "rotary: max_positions 0, 8 channels, expected at least 1 and 4");
    o.scaling = ORE_ROTARY_LLAMA3;
    o.high_freq_factor = 1;
    refuse(8, o, "rotary: low_freq_factor 1, high_freq_factor 1, expected the high one above");
    o.scaling = (ore_rotary_scaling)9;
    refuse(8, o, "rotary: scaling 9 is none");
    ore_tensor *x = ore_ones(ORE_SHAPE(2, T, D), ORE_FLOAT32), *cos, *sin;
    ore_rotary_tables(ore_arange(0, T + 1, 1, ORE_INT64), D, NULL, ORE_FLOAT32, &cos, &sin);
    assert_null(ore_rotary(x, cos, sin, ORE_ROTARY_PAIRS));
    assert_error(ORE_INVALID, "rotary: x (2, 6, 8), cos (7, 4), sin (7, 4), expected (.., T, D)");
    cos = ore_ones(ORE_SHAPE(T, 4), ORE_FLOAT64);
    assert_null(ore_rotary(x, cos, cos, ORE_ROTARY_PAIRS));
    assert_error(ORE_INVALID, "rotary: x of float32, cos of float64, sin of float64, expected one");
    assert_int_equal(ore_rotary_tables(x, 3, NULL, ORE_FLOAT32, &cos, &sin), ORE_INVALID);
    assert_error(ORE_INVALID, "rotary: 3 channels");
    assert_true(!cos && !sin);
    assert_null(ore_alibi_slopes(0, ORE_FLOAT32));
    assert_error(ORE_INVALID, "alibi_slopes: 0 heads, expected at least 1");
    assert_null(ore_sinusoidal_positions(3, 0, ORE_FLOAT32));
    assert_error(ORE_INVALID, "sinusoidal_positions: (3, 0), expected at least (0, 1)");
    assert_null(ore_sinusoidal_positions(3, 4, ORE_INT64));
    assert_error(ORE_INVALID, "sinusoidal_positions: dtype int64, expected a floating one");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(scores_depend_on_distance, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(layouts_are_orders_of_channels, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(linear_scaling_squeezes_places, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(slopes_of_heads_that_are_no_power_of_two, begin_scope,
                                        end_scope),
        cmocka_unit_test_setup_teardown(positions_make_attention_see_order, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(what_does_not_fit_is_named, begin_scope, end_scope),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
