/* micrograd.c: a gradient says how much the result changes when a number changes. The lecture's
 * scalar engine, from one derivative by hand to a network that learns to tell two moons apart, and
 * the same network with tensors. */
#include <math.h>
#include <time.h>

#include "lab/frame/scalars.h"

static ore_value *leaf(ore_value_tape *t, double data, const char *label) {
    return ore_value_set_label(ore_value_new(t, data), label);
}

/* ---- what a derivative is ---- */

static double f(double x) {
    return 3 * pow(x, 2) - 4 * x + 5;
}

static double L(double a, double b, double c, double d) {
    return (a * b + c) * d;
}

static void derivatives(lab *l) {
    const double x = 2.0 / 3, h = 1e-6, h2 = 1e-4, h3 = 1e-3;
    const double a = 2, b = -3, c = 10, d = a * b + c, c2 = c + h2;
    lab_heading(l, "A derivative, by moving a number a little");
    lab_say(l,
            "f(x) = 3 x^2 - 4 x + 5 is %g at 3. Where it is lowest, at 2/3, a step of a "
            "millionth changes next to nothing: the slope is %.2g. With more than one input "
            "each has a slope of its own: of a b + c the slope along c is 1.",
            f(3), (f(x + h) - f(x)) / h);
    lab_value(l, "mg1.c2", f(3));
    lab_value(l, "mg1.c4", (f(x + h) - f(x)) / h);
    lab_value(l, "mg1.c5", d);
    lab_value(l, "mg1.c6", (a * b + c2 - d) / h2);
    lab_value(l, "mg1.c11", (L(a, b + h3, c, -2) - L(a, b, c, -2)) / h3);
}

/* ---- the engine does it for all inputs at once ---- */

static void expression(lab *l) {
    ore_value_tape *t = ore_value_tape_new();
    ore_value *a = leaf(t, 2, "a"), *b = leaf(t, -3, "b"), *c = leaf(t, 10, "c");
    ore_value *g = leaf(t, -2, "f");
    ore_value *e = ore_value_set_label(ore_value_mul(a, b), "e");
    ore_value *d = ore_value_set_label(ore_value_add(e, c), "d");
    ore_value *result = ore_value_set_label(ore_value_mul(d, g), "L");
    ore_value_backward(result);
    lab_heading(l, "Backpropagation");
    lab_say(l, "Each operator knows its own small derivatives, and the chain rule multiplies them "
               "along the way: a sum hands its gradient on to both sides, a product hands each "
               "side the gradient times the other side. Going from L back to the leaves gives "
               "all slopes in one pass; compare b's with the step by hand, -4.");
    lab_drawing(l, result, "L = (a b + c) f", "expression",
                "Every box holds a number and how fast L grows with it.");
    if (ore_ok()) {
        lab_value(l, "mg1.c7", result->data);
        lab_expect(l, a->grad == 6 && b->grad == -4 && c->grad == -2 && g->grad == 4,
                   "the gradients of a, b, c, f are 6, -4, -2, 4");
        ore_value *leaves[] = {a, b, c, g};
        for (int i = 0; i < 4; i++)
            leaves[i]->data += 0.01 * leaves[i]->grad; /* uphill */
        lab_say(l, "A small step along the gradient moves all four, and L rises from %g to %g.",
                result->data, L(a->data, b->data, c->data, g->data));
        lab_value(l, "mg1.c10", L(a->data, b->data, c->data, g->data));
    }
    ore_value_tape_free(t);
}

/* ---- a neuron ---- */

static void neuron(lab *l) {
    ore_value_tape *t = ore_value_tape_new();
    ore_value *x1 = leaf(t, 2, "x1"), *x2 = leaf(t, 0, "x2");
    ore_value *w1 = leaf(t, -3, "w1"), *w2 = leaf(t, 1, "w2");
    ore_value *b = leaf(t, 6.8813735870195432, "b");
    ore_value *x1w1 = ore_value_set_label(ore_value_mul(x1, w1), "x1 w1");
    ore_value *x2w2 = ore_value_set_label(ore_value_mul(x2, w2), "x2 w2");
    ore_value *sum = ore_value_set_label(ore_value_add(x1w1, x2w2), "x1 w1 + x2 w2");
    ore_value *n = ore_value_set_label(ore_value_add(sum, b), "n");
    ore_value *o = ore_value_set_label(ore_value_tanh(n), "o");
    ore_value_backward(o);
    lab_heading(l, "A neuron");
    lab_say(l, "Inputs times weights, a bias, and tanh to squash the sum. What passes tanh "
               "backwards is 1 - o^2, here one half, whatever the rest of the network does.");
    lab_drawing(l, o, "a neuron", "neuron", "Weights and bias, and what would move the output.");
    if (ore_ok()) {
        lab_values(l, "mg1.neuron", (double[]){n->data, o->data}, 2);
        double twice = exp(2 * n->data), out = (twice - 1) / (twice + 1); /* as the lecture does */
        lab_value(l, "mg1.c29", 1 - out * out);
        double whole[] = {x1->grad, w1->grad, x2->grad, w2->grad, b->grad}, largest = 0;
        ore_value *e = ore_value_set_label(ore_value_exp(ore_value_mul_scalar(n, 2)), "e");
        ore_value *parts = ore_value_div(ore_value_sub_scalar(e, 1), ore_value_add_scalar(e, 1));
        ore_value *leaves[] = {x1, w1, x2, w2, b};
        ore_value_set_label(parts, "o");
        ore_value_zero_grad(leaves, 5); /* or the gradients of both would add up */
        ore_value_backward(parts);
        for (int i = 0; i < 5; i++)
            largest = fmax(largest, fabs(leaves[i]->grad - whole[i]));
        lab_say(l, "How coarse an operator is does not matter, as long as it knows its "
                   "derivative: tanh taken apart into (e^2n - 1) / (e^2n + 1) gives the same.");
        lab_drawing(l, parts, "tanh in parts", "parts", "The same neuron with tanh taken apart.");
        lab_expect(l, largest < 1e-14, "in parts the gradients differ by %.2g", largest);
    }
    ore_value_tape_free(t);
}

static ore_tensor *number(float x) {
    return ore_set_requires_grad(ore_to(ore_from_data(&x, ORE_SHAPE(1), ORE_FLOAT32), ORE_FLOAT64),
                                 true);
}

/* The same neuron with tensors of one element. b has been rounded to float32, as its last digits
 * show. */
static void neuron_of_tensors(lab *l) {
    ore_tensor *x1 = number(2), *x2 = number(0), *w1 = number(-3), *w2 = number(1);
    ore_tensor *b = number(6.8813735870195432f);
    ore_tensor *o = ore_tanh(ore_add(ore_add(ore_mul(x1, w1), ore_mul(x2, w2)), b));
    ore_backward(o);
    ore_tensor *all[] = {ore_grad(x2), ore_grad(w2), ore_grad(x1), ore_grad(w1)};
    double numbers[5] = {ore_item(o)};
    for (int i = 0; i < 4; i++)
        numbers[i + 1] = ore_item(all[i]);
    lab_say(l,
            "Tensors are the same idea with many numbers in a box. With one number in each the "
            "neuron gives %.7f and the gradients %.4f, %.4f, %.4f, %.4f of x2, w2, x1, w1.",
            numbers[0], numbers[1], numbers[2], numbers[3], numbers[4]);
    lab_values(l, "mg2.torch", numbers, 5);
}

/* ---- four examples, forty-one parameters ---- */

/* Makes a step of gradient descent: each parameter moves against its gradient. */
static void descend(const ore_value_mlp *m, double rate) {
    for (int64_t i = 0; i < m->parameter_count; i++)
        m->parameters[i]->data -= rate * m->parameters[i]->grad;
}

static void four_examples(lab *l) {
    static const double xs[4][3] = {{2, 3, -1}, {3, -1, 0.5}, {0.5, 1, 1}, {1, 1, -1}};
    static const double ys[4] = {1, -1, -1, 1};
    enum { PASSES = 100 };
    ore_value_tape *t = ore_value_tape_new();
    ore_python_random *r = ore_python_random_new(42);
    ore_value_mlp_options o = {ORE_VALUE_TANH, ORE_VALUE_TANH, .random_bias = true};
    ore_value_mlp *m = ore_value_mlp_new(t, 3, (int64_t[]){4, 4, 1}, 3, &o, r);
    ore_value_mark mark = ore_value_tape_mark(t);
    double losses[PASSES] = {0}, first = 0;
    for (int k = 0; k < PASSES && ore_ok(); k++) {
        ore_value *squares[4];
        ore_value_tape_rewind(t, mark); /* frees the graph of the step before, not the network */
        for (int i = 0; i < 4; i++) {
            ore_value *x[] = {ore_value_new(t, xs[i][0]), ore_value_new(t, xs[i][1]),
                              ore_value_new(t, xs[i][2])};
            ore_value **y = ore_value_mlp_forward(m, x);
            squares[i] = y ? ore_value_pow(ore_value_sub_scalar(y[0], ys[i]), 2) : NULL;
            first = k == 0 && i == 0 && y ? y[0]->data : first;
        }
        ore_value *loss = ore_value_sum(squares, 4);
        ore_value_zero_grad(m->parameters, m->parameter_count); /* the lecture forgets it once */
        if (ore_value_backward(loss) != ORE_OK)
            break;
        losses[k] = loss->data;
        descend(m, 0.05);
    }
    lab_heading(l, "A network and four examples");
    lab_say(l,
            "Neurons side by side make a layer, layers in a row a network: MLP(3, [4, 4, 1]) has "
            "41 parameters. The loss sums the squared misses; each step moves every parameter "
            "against its gradient. The lecture's weights had no seed, so its numbers are not "
            "comparable; from 42 the loss goes from %.4f to %.4f in %d steps.",
            losses[0], losses[PASSES - 1], PASSES);
    lab_values(l, "mg2.mlp", (double[]){first, losses[0], losses[PASSES - 1]}, 3);
    lab_expect(l, losses[PASSES - 1] < 0.05 && losses[PASSES - 1] < losses[0],
               "the loss falls below 0.05; it is %.4f", losses[PASSES - 1]);
    ore_python_random_free(r);
    ore_value_tape_free(t);
}

/* ---- two moons ---- */

enum { N = LAB_MOONS, STEPS = 100, LAYERS = 3, WIDTH = 16 };

/* The loss: the mean of max(0, 1 - y score), the hinge loss of support vector machines, which is 0
 * for a point that is well on its side; plus 1e-4 times the sum of squared parameters, which keeps
 * them small. */
static ore_value *scalar_loss(ore_value_tape *t, const ore_value_mlp *m, const lab_moons *d,
                              double *right) {
    ore_value *misses[N], *squares[4 * WIDTH * WIDTH];
    *right = 0;
    for (int i = 0; i < N; i++) {
        ore_value *x[] = {ore_value_new(t, d->points[i][0]), ore_value_new(t, d->points[i][1])};
        ore_value **score = ore_value_mlp_forward(m, x);
        if (!score)
            return NULL;
        double y = d->labels[i] ? 1 : -1;
        *right += (score[0]->data > 0) == (y > 0);
        misses[i] = ore_value_relu(ore_value_add_scalar(ore_value_mul_scalar(score[0], -y), 1));
    }
    for (int64_t i = 0; i < m->parameter_count; i++)
        squares[i] = ore_value_mul(m->parameters[i], m->parameters[i]);
    ore_value *miss = ore_value_mul_scalar(ore_value_sum(misses, N), 1.0 / N);
    ore_value *size = ore_value_sum(squares, m->parameter_count);
    return ore_value_add(miss, ore_value_mul_scalar(size, 1e-4));
}

/* The same loss for all points at once: x (N, 2), y (N, 1) of -1 and 1; p: weight, bias, weight,
 * .. */
static ore_tensor *tensor_loss(ore_tensor **p, ore_tensor *x, ore_tensor *y) {
    ore_tensor *h = x, *size = ore_scalar(0, ORE_FLOAT64);
    for (int i = 0; i < LAYERS; i++) {
        h = ore_f_linear(h, p[2 * i], p[2 * i + 1]);
        h = i + 1 < LAYERS ? ore_relu(h) : h;
    }
    for (int i = 0; i < 2 * LAYERS; i++)
        size = ore_add(size, ore_sum(ore_square(p[i]), ORE_ALL, false));
    ore_tensor *misses = ore_relu(ore_rsub_scalar(ore_mul(h, y), 1)); /* (N, 1) */
    return ore_add(ore_mean(misses, ORE_ALL, false), ore_mul_scalar(size, 1e-4));
}

static double tensor_step(ore_tensor **p, ore_tensor *x, ore_tensor *y, double rate) {
    ore_scope_begin();
    ore_tensor *loss = tensor_loss(p, x, y);
    ore_backward(loss);
    double value = ore_item(loss);
    for (int i = 0; i < 2 * LAYERS; i++)
        lab_descend(p[i], rate);
    ore_scope_end();
    return value;
}

static void train(lab *l, ore_value_tape *t, const ore_value_mlp *m, const lab_moons *d) {
    static const int shown[] = {0, 1, 2, 5, 10, 20, 50, 99};
    double losses[8] = {0}, rights[8] = {0}, right, apart = 0;
    ore_tensor *p[2 * LAYERS], *x = ore_from_data(d->points, ORE_SHAPE(N, 2), ORE_FLOAT64);
    ore_tensor *labels = ore_to(ore_from_data(d->labels, ORE_SHAPE(N, 1), ORE_INT64), ORE_FLOAT64);
    ore_tensor *y = ore_sub_scalar(ore_mul_scalar(labels, 2), 1); /* (N, 1): -1 or 1 */
    clock_t took[2] = {0, 0};
    ore_value_mark mark = ore_value_tape_mark(t);
    for (int i = 0; i < LAYERS; i++)
        lab_tensors_of(&m->layers[i], &p[2 * i], &p[2 * i + 1]);
    for (int k = 0, next = 0; k < STEPS; k++) {
        double rate = 1 - 0.9 * k / STEPS;
        clock_t start = clock();
        ore_value_tape_rewind(t, mark);
        ore_value *loss = scalar_loss(t, m, d, &right);
        ore_value_zero_grad(m->parameters, m->parameter_count);
        if (ore_value_backward(loss) != ORE_OK)
            return;
        descend(m, rate);
        took[0] += clock() - start;
        start = clock();
        apart = fmax(apart, fabs(tensor_step(p, x, y, rate) - loss->data));
        took[1] += clock() - start;
        if (k == shown[next]) {
            losses[next] = loss->data;
            rights[next++] = right;
        }
        lab_progress(l, "moons", k + 1, STEPS, loss->data);
    }
    lab_values(l, "mgd.loss", losses, 8);
    lab_values(l, "mgd.acc", rights, 8);
    lab_say(l,
            "After %d steps every point is on its side. The same loop over tensors, which hold "
            "the same numbers, has the same losses: the largest difference is %.2g.",
            STEPS, apart);
    lab_expect(l, apart < 1e-9, "scalars and tensors: losses differ by %.2g at most", apart);
    lab_note(l, "ms a step, scalars", 1e3 * (double)took[0] / CLOCKS_PER_SEC / STEPS);
    lab_note(l, "ms a step, tensors", 1e3 * (double)took[1] / CLOCKS_PER_SEC / STEPS);
}

static void two_moons(lab *l) {
    lab_moons d;
    ore_value_tape *t = ore_value_tape_new();
    ore_python_random *r = ore_python_random_new(1337);
    ore_value_mlp *m = ore_value_mlp_new(t, 2, (int64_t[]){WIDTH, WIDTH, 1}, LAYERS, NULL, r);
    lab_heading(l, "Two moons");
    lab_say(l, "A hundred points of two half circles, which no straight line parts, and a network "
               "of two layers of 16 relu neurons. The loss asks for a score above 1 on one moon "
               "and below -1 on the other. The step shrinks from 1 to 0.1.");
    if (m && lab_moons_make(&d, 1337) == ORE_OK) {
        double limits[2];
        lab_moons_mesh(&d, limits);
        lab_value(l, "mgd.params", (double)m->parameter_count);
        lab_values(l, "mgd.ylim", limits, 2);
        train(l, t, m, &d);
        lab_moons_picture(l, &d, t, m);
    }
    ore_python_random_free(r);
    ore_value_tape_free(t);
}

ore_status lecture_micrograd(lab *l) {
    derivatives(l);
    expression(l);
    neuron(l);
    neuron_of_tensors(l);
    lab_micrograd_examples(l);
    four_examples(l);
    two_moons(l);
    return ore_error_status();
}
