/* Scalar values: the lectures' numbers, gradients against central differences, tapes, networks. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <ore/value.h>

#include "base/elementary/elementary.h"
#include "support/errors.h"
#include "support/numbers.h"

/* ---- the lectures' numbers ---- */

static void test_lecture_expression(void **state) {
    (void)state;
    ore_value_tape *t = ore_value_tape_new();
    ore_value *a = ore_value_new(t, 2), *b = ore_value_new(t, -3), *c = ore_value_new(t, 10);
    ore_value *f = ore_value_new(t, -2);
    ore_value *e = ore_value_mul(a, b), *d = ore_value_add(e, c), *L = ore_value_mul(d, f);
    assert_int_equal(ore_value_backward(L), ORE_OK);
    assert_true(L->data == -8 && L->grad == 1);
    assert_true(d->grad == -2 && f->grad == 4 && e->grad == -2 && c->grad == -2);
    assert_true(a->grad == 6 && b->grad == -4);
    ore_value_tape_free(t);
}

/* o = tanh(x1 w1 + x2 w2 + b), and tanh by exponentials. */
static void test_lecture_neuron(void **state) {
    (void)state;
    for (int way = 0; way < 2; way++) {
        ore_value_tape *t = ore_value_tape_new();
        ore_value *x1 = ore_value_new(t, 2), *x2 = ore_value_new(t, 0);
        ore_value *w1 = ore_value_new(t, -3), *w2 = ore_value_new(t, 1);
        ore_value *b = ore_value_new(t, 6.8813735870195432);
        ore_value *n =
            ore_value_add(ore_value_add(ore_value_mul(x1, w1), ore_value_mul(x2, w2)), b);
        ore_value *o, *e;
        if (way == 0)
            o = ore_value_tanh(n);
        else {
            e = ore_value_exp(ore_value_mul_scalar(n, 2));
            o = ore_value_div(ore_value_sub_scalar(e, 1), ore_value_add_scalar(e, 1));
        }
        ore_value_backward(o);
        assert_near(n->data, 0.8813735870195432, 1e-15);
        assert_near(o->data, 0.7071067811865476, 1e-15);
        assert_near(x1->grad, -1.5, 1e-14);
        assert_near(w1->grad, 1, 1e-14);
        assert_near(x2->grad, 0.5, 1e-14);
        assert_near(w2->grad, 0, 0);
        ore_value_tape_free(t);
    }
}

/* micrograd's own test of its engine. */
static void test_engine_sanity(void **state) {
    (void)state;
    ore_value_tape *t = ore_value_tape_new();
    ore_value *x = ore_value_new(t, -4);
    ore_value *z = ore_value_add(ore_value_add_scalar(ore_value_mul_scalar(x, 2), 2), x);
    ore_value *q = ore_value_add(ore_value_relu(z), ore_value_mul(z, x));
    ore_value *h = ore_value_relu(ore_value_mul(z, z));
    ore_value *y = ore_value_add(ore_value_add(h, q), ore_value_mul(q, x));
    ore_value_backward(y);
    assert_true(y->data == -20 && x->grad == 46);
    ore_value_tape_free(t);
}

/* The expression of micrograd's readme. */
static void test_readme_expression(void **state) {
    (void)state;
    ore_value_tape *t = ore_value_tape_new();
    ore_value *a = ore_value_new(t, -4), *b = ore_value_new(t, 2);
    ore_value *c = ore_value_add(a, b);
    ore_value *d = ore_value_add(ore_value_mul(a, b), ore_value_pow(b, 3));
    c = ore_value_add(c, ore_value_add_scalar(c, 1));
    c = ore_value_add(c, ore_value_sub(ore_value_add_scalar(c, 1), a));
    d = ore_value_add(
        d, ore_value_add(ore_value_mul_scalar(d, 2), ore_value_relu(ore_value_add(b, a))));
    d = ore_value_add(
        d, ore_value_add(ore_value_mul_scalar(d, 3), ore_value_relu(ore_value_sub(b, a))));
    ore_value *f = ore_value_pow(ore_value_sub(c, d), 2);
    ore_value *g = ore_value_div_scalar(f, 2);
    g = ore_value_add(g, ore_value_rdiv_scalar(f, 10));
    ore_value_backward(g);
    assert_near(g->data, 24.704081632653061, 1e-12);
    assert_near(a->grad, 138.83381924198252, 1e-12 * 139);
    assert_near(b->grad, 645.57725947521863, 1e-12 * 646);
    ore_value_tape_free(t);
}

/* ---- gradients ---- */

typedef ore_value *(*expression)(ore_value *a, ore_value *b);

static ore_value *pow_third(ore_value *a, ore_value *b) {
    (void)b;
    return ore_value_pow(a, 3);
}
static ore_value *pow_fraction(ore_value *a, ore_value *b) {
    (void)b;
    return ore_value_pow(a, -1.5);
}
static ore_value *exp_a(ore_value *a, ore_value *b) {
    (void)b;
    return ore_value_exp(a);
}
static ore_value *log_a(ore_value *a, ore_value *b) {
    (void)b;
    return ore_value_log(a);
}
static ore_value *tanh_a(ore_value *a, ore_value *b) {
    (void)b;
    return ore_value_tanh(a);
}
static ore_value *relu_both(ore_value *a, ore_value *b) {
    return ore_value_add(ore_value_relu(a), ore_value_relu(ore_value_neg(b)));
}
static ore_value *by_numbers(ore_value *a, ore_value *b) {
    ore_value *p = ore_value_mul(ore_value_add_scalar(a, 3), ore_value_sub_scalar(b, 0.3));
    ore_value *q = ore_value_add(ore_value_rsub_scalar(a, 2), ore_value_mul_scalar(b, -1.7));
    return ore_value_mul(ore_value_div_scalar(p, 3), ore_value_mul(q, ore_value_rdiv_scalar(b, 5)));
}
static ore_value *shared(ore_value *a, ore_value *b) {
    ore_value *s = ore_value_mul(ore_value_add(a, a), ore_value_mul(b, b));
    ore_value *three[] = {s, ore_value_mul(s, a), ore_value_tanh(s)};
    return ore_value_sum(three, 3);
}

static double value_of(expression f, double a, double b) {
    ore_value_tape *t = ore_value_tape_new();
    double y = f(ore_value_new(t, a), ore_value_new(t, b))->data;
    ore_value_tape_free(t);
    return y;
}

static void test_gradients(void **state) {
    (void)state;
    static const expression all[] = {
        ore_value_add, ore_value_mul, ore_value_sub, ore_value_div, pow_third,  pow_fraction,
        exp_a,         log_a,         tanh_a,        relu_both,     by_numbers, shared,
    };
    static const double at[][2] = {{0.7, -1.3}, {1.9, 0.4}, {0.05, 2.5}};
    const double h = 1e-6;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        for (int k = 0; k < 3; k++) {
            double x = at[k][0], z = at[k][1];
            ore_value_tape *t = ore_value_tape_new();
            ore_value *a = ore_value_new(t, x), *b = ore_value_new(t, z);
            ore_value_backward(all[i](a, b));
            double da = (value_of(all[i], x + h, z) - value_of(all[i], x - h, z)) / (2 * h);
            double db = (value_of(all[i], x, z + h) - value_of(all[i], x, z - h)) / (2 * h);
            assert_near(a->grad, da, 1e-7 * fmax(1, fabs(da)));
            assert_near(b->grad, db, 1e-7 * fmax(1, fabs(db)));
            ore_value_tape_free(t);
        }
}

static void test_edges_of_operators(void **state) {
    (void)state;
    ore_value_tape *t = ore_value_tape_new();
    ore_value *zero = ore_value_new(t, 0), *below = ore_value_new(t, -2);
    ore_value *one = ore_value_pow(zero, 0);
    ore_value_backward(one);
    assert_true(one->data == 1 && zero->grad == 0);
    ore_value_backward(ore_value_relu(zero));
    assert_true(zero->grad == 0);
    assert_true(ore_value_log(zero)->data == -INFINITY);
    assert_true(isnan(ore_value_log(below)->data) && isnan(ore_value_pow(below, 0.5)->data));
    assert_true(isnan(ore_value_relu(ore_value_new(t, NAN))->data));
    assert_true(ore_value_pow(below, 3)->data == -8);
    ore_value_tape_free(t);
}

/* Leaves add up, values in between are those of the last backward. */
static void test_backward_again(void **state) {
    (void)state;
    ore_value_tape *t = ore_value_tape_new();
    ore_value *a = ore_value_new(t, 3), *other = ore_value_new(t, 5);
    ore_value *b = ore_value_mul(a, a), *c = ore_value_mul_scalar(b, 2);
    ore_value *aside = ore_value_mul(b, other);
    ore_value_backward(c);
    assert_true(a->grad == 12 && b->grad == 2 && c->grad == 1 && other->grad == 0);
    ore_value_backward(c);
    assert_true(a->grad == 24 && b->grad == 2);
    ore_value_zero_grad(&a, 1);
    ore_value_backward(aside);
    assert_true(a->grad == 30 && b->grad == 5 && other->grad == 9);
    ore_value_backward(other); /* a leaf as the root */
    assert_true(other->grad == 10 && a->grad == 30);
    ore_value_tape_free(t);
}

/* A chain that would need a deep stack if backward called itself. */
static void test_deep_chain(void **state) {
    (void)state;
    enum { DEPTH = 1000000 };
    ore_value_tape *t = ore_value_tape_new();
    ore_value *a = ore_value_new(t, 1), *y = a;
    for (int i = 0; i < DEPTH; i++)
        y = ore_value_add(y, a);
    ore_value_backward(y);
    assert_true(y->data == DEPTH + 1 && a->grad == DEPTH + 1);
    assert_int_equal(ore_value_tape_count(t), DEPTH + 1);
    ore_value_tape_free(t);
}

/* ---- tapes and labels ---- */

static void test_rewind(void **state) {
    (void)state;
    ore_memory_stats before, after;
    ore_value_tape *t = ore_value_tape_new();
    ore_python_random *r = ore_python_random_new(1);
    ore_value_mlp *m = ore_value_mlp_new(t, 2, (int64_t[]){16, 16, 1}, 3, NULL, r);
    ore_value_set_label(m->parameters[0], "w");
    int64_t count = ore_value_tape_count(t);
    ore_value_mark mark = ore_value_tape_mark(t);
    double first = 0;
    for (int step = 0; step < 6; step++) {
        ore_value_tape_rewind(t, mark);
        assert_int_equal(ore_value_tape_count(t), count);
        assert_string_equal(ore_value_label(m->parameters[0]), "w");
        for (int i = 0; i < 40; i++) {
            ore_value *x[] = {ore_value_new(t, i), ore_value_new(t, -i)};
            ore_value *y = ore_value_mlp_forward(m, x)[0];
            ore_value_set_label(m->parameters[0], "later");
            ore_value_backward(y);
            if (i == 39 && step == 0)
                first = y->data;
            assert_true(i < 39 || y->data == first);
        }
        ore_memory_read(step == 2 ? &before : &after);
    }
    assert_int_equal(before.system_calls, after.system_calls);
    ore_python_random_free(r);
    ore_value_tape_free(t);
    ore_value_tape_free(NULL);
}

static void test_labels(void **state) {
    (void)state;
    ore_value_tape *t = ore_value_tape_new();
    ore_value *a = ore_value_set_label(ore_value_new(t, 1), "a");
    assert_string_equal(ore_value_label(a), "a");
    assert_string_equal(ore_value_label(ore_value_new(t, 1)), "");
    ore_value_mark mark = ore_value_tape_mark(t);
    assert_string_equal(ore_value_label(ore_value_set_label(a, "b")), "b");
    ore_value_tape_rewind(t, mark);
    assert_string_equal(ore_value_label(a), "a");
    assert_string_equal(ore_value_label(ore_value_set_label(a, NULL)), "");
    ore_value_tape_free(t);
}

/* ---- networks ---- */

static void test_parameters_come_in_order(void **state) {
    (void)state;
    ore_value_tape *t = ore_value_tape_new();
    ore_python_random *r = ore_python_random_new(42), *same = ore_python_random_new(42);
    ore_value_mlp_options o = ore_value_mlp_defaults();
    assert_true(o.hidden == ORE_VALUE_RELU && o.last == ORE_VALUE_LINEAR && !o.random_bias);
    o = (ore_value_mlp_options){ORE_VALUE_TANH, ORE_VALUE_TANH, .random_bias = true};
    ore_value_mlp *m = ore_value_mlp_new(t, 3, (int64_t[]){4, 4, 1}, 3, &o, r);
    assert_int_equal(m->parameter_count, 41);
    for (int i = 0; i < 41; i++)
        assert_true(m->parameters[i]->data == ore_python_random_uniform(same, -1, 1));
    assert_ptr_equal(m->layers[1].parameters, m->parameters + 16);
    assert_ptr_equal(m->layers[1].neurons[2].parameters, m->parameters + 16 + 10);
    ore_value_layer *layer = ore_value_layer_new(t, 2, 3, ORE_VALUE_RELU, false, r);
    ore_value_neuron *neuron = ore_value_neuron_new(t, 2, ORE_VALUE_TANH, false, r);
    for (int i = 0; i < 9; i++)
        assert_true(i % 3 == 2
                        ? layer->parameters[i]->data == 0
                        : layer->parameters[i]->data == ore_python_random_uniform(same, -1, 1));
    ore_value *x[] = {ore_value_new(t, 0.5), ore_value_new(t, -2)};
    double w0 = neuron->parameters[0]->data, w1 = neuron->parameters[1]->data;
    assert_true(ore_value_neuron_forward(neuron, x)->data == ore_math_tanh(0 + w0 * 0.5 + w1 * -2));
    ore_value **y = ore_value_layer_forward(layer, x);
    for (int i = 0; i < 3; i++)
        assert_true(y[i]->data == fmax(0, 0 + layer->parameters[3 * i]->data * 0.5 +
                                              layer->parameters[3 * i + 1]->data * -2));
    ore_python_random_free(r);
    ore_python_random_free(same);
    ore_value_tape_free(t);
}

enum { POINTS = 100 };

/* Max-margin loss and L2 over all points, as in the demo; the right ones into *right. */
static ore_value *moons_loss(ore_value_tape *t, const ore_value_mlp *m, double points[][2],
                             const int64_t *labels, int *right) {
    ore_value *margins[POINTS], **squares = calloc((size_t)m->parameter_count, sizeof *squares);
    *right = 0;
    for (int i = 0; i < POINTS; i++) {
        ore_value *x[] = {ore_value_new(t, points[i][0]), ore_value_new(t, points[i][1])};
        ore_value *score = ore_value_mlp_forward(m, x)[0];
        double y = labels[i] ? 1 : -1;
        *right += (score->data > 0) == (y > 0);
        margins[i] = ore_value_relu(ore_value_add_scalar(ore_value_mul_scalar(score, -y), 1));
    }
    for (int64_t i = 0; i < m->parameter_count; i++)
        squares[i] = ore_value_mul(m->parameters[i], m->parameters[i]);
    ore_value *data = ore_value_mul_scalar(ore_value_sum(margins, POINTS), 1.0 / POINTS);
    ore_value *l2 = ore_value_mul_scalar(ore_value_sum(squares, m->parameter_count), 1e-4);
    free(squares);
    return ore_value_add(data, l2);
}

/* The demo's hundred steps; the published losses and accuracies. */
static void test_moons_demo(void **state) {
    (void)state;
    static const int steps[] = {0, 1, 2, 5, 10, 20, 50, 99};
    static const int accuracy[] = {50, 81, 77, 86, 91, 91, 96, 100};
    static const double losses[] = {0.8958441028683222,  1.7235905336972022,  0.7429006313851131,
                                    0.313545481918522,   0.24507023853658053, 0.18977522856087634,
                                    0.09875114765619622, 0.010978370135492717};
    static double points[POINTS][2];
    int64_t labels[POINTS];
    ore_numpy_random *numpy = ore_numpy_random_new(1337);
    ore_python_random *python = ore_python_random_new(1337);
    ore_make_moons(numpy, POINTS, 0.1, points[0], labels);
    ore_value_tape *t = ore_value_tape_new();
    ore_value_mlp *m = ore_value_mlp_new(t, 2, (int64_t[]){16, 16, 1}, 3, NULL, python);
    assert_int_equal(m->parameter_count, 337);
    ore_value_mark mark = ore_value_tape_mark(t);
    for (int k = 0, next = 0, right; k < 100; k++) {
        ore_value_tape_rewind(t, mark);
        ore_value *loss = moons_loss(t, m, points, labels, &right);
        ore_value_zero_grad(m->parameters, m->parameter_count);
        ore_value_backward(loss);
        for (int64_t i = 0; i < m->parameter_count; i++)
            m->parameters[i]->data -= (1 - 0.9 * k / 100) * m->parameters[i]->grad;
        if (k == steps[next]) {
            assert_near(loss->data, losses[next], 1e-12);
            assert_int_equal(right, accuracy[next++]);
        }
    }
    ore_value_tape_free(t);
    ore_python_random_free(python);
    ore_numpy_random_free(numpy);
}

/* ---- errors ---- */

static void test_errors(void **state) {
    (void)state;
    ore_value_tape *t = ore_value_tape_new(), *other = ore_value_tape_new();
    ore_python_random *r = ore_python_random_new(1);
    ore_value *a = ore_value_new(t, 1);
    assert_null(ore_value_new(NULL, 1));
    assert_error_is(ORE_INVALID, "value_new: the tape is NULL");
    assert_null(ore_value_add(a, NULL));
    assert_error_is(ORE_INVALID, "value_add: a value is NULL");
    assert_null(ore_value_mul(a, ore_value_new(other, 2)));
    assert_error_is(ORE_INVALID, "value_mul: values of two tapes");
    assert_null(ore_value_div(NULL, a));
    assert_error_is(ORE_INVALID, "value_div: a value is NULL");
    assert_null(ore_value_sum(&a, 0));
    assert_error_is(ORE_INVALID, "value_sum: 0 values, expected 1 or more");
    assert_int_equal(ore_value_backward(NULL), ORE_INVALID);
    assert_null(ore_value_tanh(a)); /* while an error is pending */
    assert_error_is(ORE_INVALID, "value_backward: a value is NULL");
    assert_null(ore_value_mlp_new(t, 2, (int64_t[]){3, 0}, 2, NULL, r));
    assert_error_is(ORE_INVALID, "value_mlp: 0 neurons in layer 1, expected 1 or more");
    assert_null(ore_value_mlp_new(t, 0, (int64_t[]){3}, 1, NULL, r));
    assert_error_is(ORE_INVALID, "value_mlp: 0 inputs, expected 1 or more");
    assert_null(ore_value_mlp_new(t, (INT64_C(1) << 62) - 1, (int64_t[]){4}, 1, NULL, r));
    assert_int_equal(ore_error_status(), ORE_MEMORY);
    assert_string_equal(ore_error_message(),
                        "value_mlp: 1.84467e+19 parameters, more than any memory has room for");
    ore_error_clear();
    assert_null(ore_value_layer_new(t, INT64_MAX, 2, ORE_VALUE_TANH, false, r));
    assert_int_equal(ore_error_status(), ORE_MEMORY);
    ore_error_clear();
    assert_null(ore_value_mlp_new(t, 2, NULL, 0, NULL, r));
    assert_error_is(ORE_INVALID, "value_mlp: 0 layers, expected 1 or more");
    assert_null(ore_value_layer_new(t, 2, 3, ORE_VALUE_TANH, false, NULL));
    assert_error_is(ORE_INVALID, "value_layer: the stream is NULL");
    assert_null(ore_value_neuron_new(NULL, 2, ORE_VALUE_TANH, false, r));
    assert_error_is(ORE_INVALID, "value_neuron: the tape is NULL");
    assert_null(ore_value_mlp_forward(NULL, &a));
    assert_error_is(ORE_INVALID, "value_mlp_forward: the network is NULL");
    ore_python_random_free(r);
    ore_value_tape_free(other);
    ore_value_tape_free(t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lecture_expression),
        cmocka_unit_test(test_lecture_neuron),
        cmocka_unit_test(test_engine_sanity),
        cmocka_unit_test(test_readme_expression),
        cmocka_unit_test(test_gradients),
        cmocka_unit_test(test_edges_of_operators),
        cmocka_unit_test(test_backward_again),
        cmocka_unit_test(test_deep_chain),
        cmocka_unit_test(test_rewind),
        cmocka_unit_test(test_labels),
        cmocka_unit_test(test_moons_demo),
        cmocka_unit_test(test_parameters_come_in_order),
        cmocka_unit_test(test_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
