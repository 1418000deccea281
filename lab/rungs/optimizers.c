/* optimizers.c: which update rule, and at which rate? Eight of them train the same perceptron on
 * names, each at five rates; then three of them go down a smooth bowl with exact gradients. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "lab/frame/bigrams.h"
#include "lab/frame/char_mlp.h"
#include "lab/frame/lab.h"
#include "lab/frame/names.h"
#include "lab/frame/pictures.h"
#include "lab/frame/rules.h"

enum { RULES = 8, RATES = 5, EVERY = 50, MAX_STEPS = 2000, POINTS = MAX_STEPS / EVERY };

typedef struct rule {
    const char *name, *state; /* state: what it keeps for each weight */
    ore_optimizer *(*make)(const ore_module *root, double lr);
    double rates[RATES];
} rule;

static const rule rules[RULES] = {
    {"SGD", "0", rule_sgd, {0.03, 0.1, 0.3, 1, 3}},
    {"momentum 0.9", "1", rule_momentum, {0.003, 0.01, 0.03, 0.1, 0.3}},
    {"Adagrad", "1", rule_adagrad, {0.01, 0.03, 0.1, 0.3, 1}},
    {"RMSprop", "1", rule_rmsprop, {0.0003, 0.001, 0.003, 0.01, 0.03}},
    {"Adam", "2", rule_adam, {0.001, 0.003, 0.01, 0.03, 0.1}},
    {"AdamW", "2", rule_adamw, {0.001, 0.003, 0.01, 0.03, 0.1}},
    {"Lion", "1", rule_lion, {0.00003, 0.0001, 0.0003, 0.001, 0.003}},
    {"Adafactor", "rows + columns", rule_adafactor, {0.003, 0.01, 0.03, 0.1, 0.3}},
};

/* ---- the same network, batches and steps for all ---- */

typedef struct training {
    double curve[POINTS], dev; /* means of EVERY batch losses; the loss of held-out words */
} training;

static training train(const rule *r, double lr, int64_t steps, const names_data *data) {
    training t = {.dev = 0};
    ore_generator *g = ore_generator_new(2147483647);
    names_part held_out = names_first(&data->dev, 5000);
    char_mlp m;
    char_mlp_init(&m, 10, 100, (char_mlp_scales){0.3, 0.01, 0.01, 0}, false, g);
    ore_optimizer *o = r->make(&m.module, lr);
    for (int64_t i = 0; i < steps && ore_ok(); i++) {
        ore_scope_begin();
        names_batch b = names_draw(&data->train, g);
        ore_tensor *loss = ore_cross_entropy(ore_module_forward(&m.module, b.x), b.y, NULL);
        t.curve[i / EVERY] += (loss ? ore_item(loss) : 0) / EVERY;
        ore_optimizer_zero_grad(o);
        ore_backward(loss);
        ore_optimizer_step(o);
        ore_scope_end();
    }
    t.dev = names_loss(&m.module, &held_out);
    ore_optimizer_free(o);
    ore_module_free(&m.module);
    ore_generator_free(g);
    return t;
}

typedef struct trials {
    training at[RULES][RATES];
    int best[RULES]; /* index of the rate with the smallest dev loss */
} trials;

static void try_all(lab *l, const names_data *data, int64_t steps, trials *t) {
    for (int r = 0; r < RULES; r++) {
        t->best[r] = 0;
        for (int i = 0; i < RATES && ore_ok(); i++) {
            t->at[r][i] = train(&rules[r], rules[r].rates[i], steps, data);
            if (t->at[r][i].dev < t->at[r][t->best[r]].dev)
                t->best[r] = i;
            lab_progress(l, rules[r].name, r * RATES + i + 1, RULES * RATES, t->at[r][i].dev);
        }
    }
}

static void show_trials(lab *l, const trials *t, int64_t steps) {
    char table[1600], *at = table;
    at += sprintf(at, "%-14s %9s %10s %14s %14s   numbers a weight\n", "", "rate", "dev loss",
                  "a third of it", "three times");
    for (int r = 0; r < RULES; r++) {
        int b = t->best[r];
        at += sprintf(at, "%-14s %9g %10.3f", rules[r].name, rules[r].rates[b], t->at[r][b].dev);
        for (int side = -1; side <= 1; side += 2)
            if (b + side >= 0 && b + side < RATES)
                at += sprintf(at, " %14.3f", t->at[r][b + side].dev);
            else
                at += sprintf(at, " %14s", "-");
        at += sprintf(at, "   %s\n", rules[r].state);
    }
    lab_say(l,
            "%lld steps with batches of 32 at a constant rate; the best of five rates, and the "
            "loss on words held out, there and at the rates beside it:",
            (long long)steps);
    lab_show(l, table);
}

/* The palette has one colour less than there are rules. */
static const char *color_of(int r) {
    return r == RULES - 1 ? "#8c6d46" : NULL;
}

static ore_dash dash_of(int r) {
    return r < RULES / 2 ? ORE_DASH_SOLID : ORE_DASH_DASHED;
}

static void draw_trials(lab *l, const trials *t, int64_t steps) {
    double x[POINTS], factor[RATES], dev[RATES];
    int64_t n = steps / EVERY;
    ore_figure *f =
        picture_new("each rule at its best rate", "step", "loss, mean over 50 batches (nats)");
    for (int64_t i = 0; i < n; i++)
        x[i] = ((double)i + 0.5) * EVERY;
    for (int r = 0; r < RULES; r++)
        ore_plot_line(f, x, t->at[r][t->best[r]].curve, n, rules[r].name,
                      &(ore_plot_style){.color = color_of(r), .dash = dash_of(r)});
    ore_plot_legend(f, ORE_LEGEND_OUTSIDE);
    lab_picture(l, f, "curves", "Eight update rules on the same network and the same batches.");

    f = picture_new("how much the rate matters", "rate, as a multiple of the best",
                    "loss of words held out (nats)");
    ore_plot_log_axes(f, true, false);
    for (int r = 0; r < RULES; r++) {
        for (int i = 0; i < RATES; i++) {
            factor[i] = rules[r].rates[i] / rules[r].rates[t->best[r]];
            dev[i] = t->at[r][i].dev;
        }
        ore_plot_line(
            f, factor, dev, RATES, rules[r].name,
            &(ore_plot_style){.color = color_of(r), .dash = dash_of(r), .marker = ORE_MARKER_DISC});
    }
    ore_plot_y_range(f, 2.45, 3.15);
    ore_plot_legend(f, ORE_LEGEND_OUTSIDE);
    lab_picture(l, f, "rates",
                "A flat valley forgives a rate that is a little off; a steep one "
                "does not.");
}

static void compare(lab *l) {
    static trials t;
    names_data data;
    int64_t steps = lab_quick(l) ? 200 : MAX_STEPS;
    if (names_load(l, &data, CHAR_MLP_BLOCK, 1) != ORE_OK)
        return;
    lab_heading(l, "Noisy gradients");
    try_all(l, &data, steps, &t);
    show_trials(l, &t, steps);
    draw_trials(l, &t, steps);
    double min = INFINITY, max = 0;
    for (int r = 0; r < RULES; r++) {
        min = fmin(min, t.at[r][t.best[r]].dev);
        max = fmax(max, t.at[r][t.best[r]].dev);
    }
    lab_say(l,
            "At their best rates they end between %.3f and %.3f: the rate matters more than the "
            "rule. What differs is where that rate lies, %g for SGD and %g for Adam, and how much "
            "is lost beside it.",
            min, max, rules[0].rates[t.best[0]], rules[4].rates[t.best[4]]);
    lab_expect(l, max < log(27), "every rule learns something at its best rate: at most %.3f", max);
    names_free(&data);
}

/* ---- a smooth bowl, exact gradients ---- */

enum { MAX_EVALUATIONS = 300 };

/* The objective of the bigram network over all pairs at once, and its values so far. */
typedef struct bowl {
    ore_module module;
    ore_tensor *W, *share; /* (27, 27): weights; the fraction of each pair */
    ore_optimizer *optimizer;
    double loss[MAX_EVALUATIONS + 64];
    int evaluations;
} bowl;

static ore_tensor *evaluate(void *user) {
    bowl *b = user;
    ore_optimizer_zero_grad(b->optimizer);
    ore_tensor *fit = ore_sum(ore_mul(b->share, ore_log_softmax(b->W, 1)), ORE_ALL, false);
    ore_tensor *pull = ore_mul_scalar(ore_mean(ore_square(b->W), ORE_ALL, false), 0.01);
    ore_tensor *loss = ore_sub(pull, fit);
    b->loss[b->evaluations++] = loss ? ore_item(loss) : 0;
    ore_backward(loss);
    return loss;
}

static void descend(bowl *b, ore_tensor *N, ore_optimizer *(*make)(const ore_module *, double),
                    double lr) {
    ore_module_init(&b->module, NULL, NULL);
    b->evaluations = 0;
    b->W = ore_zeros(ORE_SHAPE(27, 27), ORE_FLOAT64);
    ore_module_register_parameter(&b->module, "W", &b->W);
    b->share = ore_div(N, ore_sum(N, ORE_ALL, false));
    b->optimizer = make(&b->module, lr);
    while (b->evaluations < MAX_EVALUATIONS && ore_ok()) {
        ore_scope_begin();
        ore_optimizer_step_closure(b->optimizer, evaluate, b);
        ore_scope_end();
    }
    ore_optimizer_free(b->optimizer);
    ore_module_free(&b->module);
}

/* The number of evaluations after which the loss is within 0.001 of the minimum; -1 if it never
 * is. */
static int arrival(const bowl *b, double min) {
    for (int i = 0; i < MAX_EVALUATIONS; i++)
        if (b->loss[i] < min + 1e-3)
            return i;
    return -1;
}

static void draw_bowls(lab *l, bowl *bowls, const char *const *names, double min) {
    ore_figure *f = picture_new("a bowl of 729 weights, float64", "evaluations of the gradient",
                                "loss above the least (nats)");
    ore_plot_log_axes(f, false, true);
    for (int b = 0; b < 3; b++) {
        for (int i = 0; i < MAX_EVALUATIONS; i++)
            bowls[b].loss[i] -= min;
        ore_plot_line(f, NULL, bowls[b].loss, MAX_EVALUATIONS, names[b], NULL);
    }
    lab_picture(l, f, "bowl", "The same start, the same bowl: distance to the least loss found.");
}

static void slide(lab *l) {
    static bowl bowls[3];
    static const char *const names[] = {"gradient descent, rate 50", "Adam, rate 0.1", "L-BFGS"};
    ore_tensor *y, *x = lab_bigram_pairs(l, -1, &y);
    ore_tensor *N = ore_to(lab_bigram_counts(x, y), ORE_FLOAT64);
    int arrived[3];
    char table[256], *at = table;
    double min = INFINITY;
    descend(&bowls[0], N, rule_sgd, 50);
    descend(&bowls[1], N, rule_adam, 0.1);
    descend(&bowls[2], N, rule_lbfgs, 1);
    for (int b = 0; b < 3; b++)
        for (int i = 0; i < MAX_EVALUATIONS; i++)
            min = fmin(min, bowls[b].loss[i]);
    for (int b = 0; b < 3; b++) {
        arrived[b] = arrival(&bowls[b], min);
        at += sprintf(at, arrived[b] < 0 ? "%-28s not within %d\n" : "%-28s %d\n", names[b],
                      arrived[b] < 0 ? MAX_EVALUATIONS : arrived[b]);
    }
    lab_heading(l, "Exact gradients");
    lab_say(l,
            "The bigram network over all pairs at once is another world: no noise, a single "
            "valley. L-BFGS learns the valley's curvature from the gradients that it has seen. It "
            "compares gradients at different points; if each came from another batch, it would "
            "compare noise. Evaluations until the loss is within 0.001 of the least, %.6f:",
            min);
    lab_show(l, table);
    draw_bowls(l, bowls, names, min);
    for (int b = 0; b < 2; b++)
        lab_expect(l, arrived[2] >= 0 && (arrived[b] < 0 || arrived[b] > arrived[2]),
                   "L-BFGS arrives before %s", names[b]);
}

ore_status lecture_optimizers(lab *l) {
    compare(l);
    slide(l);
    return ore_error_status();
}
