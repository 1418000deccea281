/* optimizers.c: which update rule, and at which rate? Eight of them train the same perceptron on
 * names, each at five rates; then three of them go down a smooth bowl with exact gradients. On the
 * same bowl: all examples at once against batches, and Adam in two forms. At last a rate that falls
 * where the loss of held-out words no longer does, and training that ends there. */
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

static ore_tensor *pull(ore_tensor *W) {
    return ore_mul_scalar(ore_mean(ore_square(W), ORE_ALL, false), 0.01);
}

/* The mean over all pairs of -log of what the network gives the second letter, and the pull. */
static ore_tensor *bowl_loss(const bowl *b) {
    ore_tensor *fit = ore_sum(ore_mul(b->share, ore_log_softmax(b->W, 1)), ORE_ALL, false);
    return ore_sub(pull(b->W), fit);
}

static ore_tensor *evaluate(void *user) {
    bowl *b = user;
    ore_optimizer_zero_grad(b->optimizer);
    ore_tensor *loss = bowl_loss(b);
    b->loss[b->evaluations++] = loss ? ore_item(loss) : 0;
    ore_backward(loss);
    return loss;
}

static void bowl_init(bowl *b, ore_tensor *N, ore_optimizer *(*make)(const ore_module *, double),
                      double lr) {
    ore_module_init(&b->module, NULL, NULL);
    b->evaluations = 0;
    b->W = ore_zeros(ORE_SHAPE(27, 27), ORE_FLOAT64);
    ore_module_register_parameter(&b->module, "W", &b->W);
    b->share = ore_div(N, ore_sum(N, ORE_ALL, false));
    b->optimizer = make(&b->module, lr);
}

static void bowl_free(bowl *b) {
    ore_optimizer_free(b->optimizer);
    ore_module_free(&b->module);
}

static void descend(bowl *b, ore_tensor *N, ore_optimizer *(*make)(const ore_module *, double),
                    double lr) {
    bowl_init(b, N, make, lr);
    while (b->evaluations < MAX_EVALUATIONS && ore_ok()) {
        ore_scope_begin();
        ore_optimizer_step_closure(b->optimizer, evaluate, b);
        ore_scope_end();
    }
    bowl_free(b);
}

/* The number of evaluations after which the loss is within 0.001 of the minimum; -1 if it never
 * is. */
static int arrival(const bowl *b, double min) {
    for (int i = 0; i < MAX_EVALUATIONS; i++)
        if (b->loss[i] < min + 1e-3)
            return i;
    return -1;
}

static void draw_bowls(lab *l, const bowl *bowls, const char *const *names, double min) {
    double above[MAX_EVALUATIONS];
    ore_figure *f = picture_new("a bowl of 729 weights, float64", "evaluations of the gradient",
                                "loss above the least (nats)");
    ore_plot_log_axes(f, false, true);
    for (int b = 0; b < 3; b++) {
        for (int i = 0; i < MAX_EVALUATIONS; i++)
            above[i] = bowls[b].loss[i] - min;
        ore_plot_line(f, NULL, above, MAX_EVALUATIONS, names[b], NULL);
    }
    lab_picture(l, f, "bowl", "The same start, the same bowl: distance to the least loss found.");
}

/* Fills three bowls and returns the least loss. */
static double slide(lab *l, ore_tensor *N, bowl *bowls) {
    static const char *const names[] = {"gradient descent, rate 50", "Adam, rate 0.1", "L-BFGS"};
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
    return min;
}

/* ---- all pairs at once, or batches ---- */

enum { MAX_LOOKS = 64, BATCH_STEPS = 36000 };

/* The loss over all pairs at some times of a training. */
typedef struct looks {
    double passes[MAX_LOOKS], loss[MAX_LOOKS]; /* pairs seen, in multiples of all */
    int count;
} looks;

static void look(looks *k, const bowl *b, double passes) {
    ore_no_grad_begin();
    ore_tensor *loss = bowl_loss(b);
    k->passes[k->count] = passes;
    k->loss[k->count++] = loss ? ore_item(loss) : 0;
    ore_no_grad_end();
}

/* SGD on batches of 32 pairs; the rate goes down to zero on a line if `falls`. */
static void descend_batches(looks *k, const names_part *pairs, ore_tensor *N, int64_t steps,
                            double lr, bool falls) {
    static bowl b;
    double next = 1;
    ore_schedule s = ore_linear_lr(lr, 1, falls ? 0 : 1, steps);
    ore_generator *g = ore_generator_new(2147483647);
    bowl_init(&b, N, rule_sgd, lr);
    k->count = 0;
    for (int64_t i = 1; i <= steps && ore_ok(); i++) {
        ore_scope_begin();
        names_batch batch = names_draw(pairs, g);
        ore_tensor *logits = ore_f_embedding(batch.x, b.W, -1);
        ore_tensor *loss = ore_add(ore_cross_entropy(logits, batch.y, NULL), pull(b.W));
        ore_optimizer_schedule(b.optimizer, &s, i - 1);
        ore_optimizer_zero_grad(b.optimizer);
        ore_backward(loss);
        ore_optimizer_step(b.optimizer);
        if ((double)i >= next || i == steps) {
            look(k, &b, (double)(i * NAMES_BATCH) / (double)pairs->count);
            next *= 1.25;
        }
        ore_scope_end();
    }
    bowl_free(&b);
    ore_generator_free(g);
}

/* The loss at the last look that was not later. */
static double after(const looks *k, double passes) {
    int i = 0;
    while (i + 1 < k->count && k->passes[i + 1] <= passes)
        i++;
    return k->loss[i];
}

/* `full` has the losses of gradient descent on all pairs, one for each pass. */
static void compare_batches(lab *l, const names_part *pairs, ore_tensor *N, const double *full,
                            double min) {
    static looks kinds[3];
    static const char *const names[] = {"all pairs, rate 50", "batches of 32, rate 1",
                                        "batches of 32, rate from 1 to 0"};
    int64_t pass = pairs->count / NAMES_BATCH, steps = lab_quick(l) ? pass : BATCH_STEPS;
    looks *all = &kinds[0];
    for (double at = 1; at < MAX_EVALUATIONS; at = fmax(at + 1, floor(at * 1.25))) {
        all->passes[all->count] = at;
        all->loss[all->count++] = full[(int)at];
    }
    descend_batches(&kinds[1], pairs, N, steps, 1, false);
    descend_batches(&kinds[2], pairs, N, steps, 1, true);
    double first = after(&kinds[1], 1), constant = after(&kinds[1], INFINITY);
    double falling = after(&kinds[2], INFINITY), late = full[MAX_EVALUATIONS - 1];
    lab_heading(l, "All examples at once, or batches");
    lab_say(
        l,
        "The same bowl by batches of 32 pairs. While gradient descent looks at all %lld pairs "
        "for one step, they make %lld steps, each with a gradient that is wrong, but right on "
        "the average. After one pass they are %.4f above the least loss, gradient descent %.4f, "
        "and after ten passes %.4f. In the end it wins, %.4f after %d passes: at a constant "
        "rate the noise of batches keeps them where they are, %.4f after %.1f passes. A rate "
        "that falls to zero lets them settle: %.4f.",
        (long long)pairs->count, (long long)pass, first - min, full[1] - min, full[10] - min,
        late - min, MAX_EVALUATIONS - 1, constant - min,
        (double)(steps * NAMES_BATCH) / (double)pairs->count, falling - min);
    ore_figure *f = picture_new("all examples at once, or batches", "passes over the examples",
                                "loss above the least (nats)");
    ore_plot_log_axes(f, true, true);
    for (int k = 0; k < 3; k++) {
        for (int i = 0; i < kinds[k].count; i++)
            kinds[k].loss[i] -= min;
        ore_plot_line(f, kinds[k].passes, kinds[k].loss, kinds[k].count, names[k], NULL);
    }
    lab_picture(l, f, "batches", "What a pass over the examples buys.");
    lab_expect(l, first < full[10], "one pass of batches does more than ten of all at once");
    if (lab_quick(l))
        return;
    lab_expect(l, late < constant, "at a constant rate batches end above gradient descent");
    lab_expect(l, falling - min < (constant - min) / 2,
               "a falling rate takes away at least half of what is left");
}

/* ---- Adam, two forms of it ---- */

enum { ADAM_STEPS = 200, WEIGHTS = 27 * 27, FORMS = 3 };

typedef enum adam_form { ALGORITHM_1, REORDERED, REORDERED_SAME_EPS } adam_form;

typedef struct adam {
    adam_form form;
    double m[WEIGHTS], v[WEIGHTS]; /* running means of g and of g^2 */
} adam;

/* Step t, from 1, with the defaults of the paper. D. Kingma, J. Ba, "Adam", ICLR 2015: Algorithm 1,
 * and the order of computation at the end of section 2. */
static void adam_step(adam *a, double *w, const double *g, double lr, int t) {
    const double beta1 = 0.9, beta2 = 0.999, eps = 1e-8;
    double c1 = 1 - pow(beta1, t), c2 = 1 - pow(beta2, t);
    double rate = lr * sqrt(c2) / c1, eps_hat = a->form == REORDERED ? eps * sqrt(c2) : eps;
    for (int i = 0; i < WEIGHTS; i++) {
        double m = a->m[i] = beta1 * a->m[i] + (1 - beta1) * g[i];
        double v = a->v[i] = beta2 * a->v[i] + (1 - beta2) * g[i] * g[i];
        if (a->form == ALGORITHM_1)
            w[i] -= lr * (m / c1) / (sqrt(v / c2) + eps);
        else
            w[i] -= rate * m / (sqrt(v) + eps_hat);
    }
}

/* Steps by ore_adam where `a` is NULL. The weights at the end go to w. */
static void descend_adam(adam *a, ore_tensor *N, double lr, double *w) {
    static bowl b;
    bowl_init(&b, N, rule_adam, lr);
    for (int t = 1; t <= ADAM_STEPS && ore_ok(); t++) {
        ore_scope_begin();
        evaluate(&b);
        ore_no_grad_begin(); /* a leaf is changed in place */
        const double *g = ore_data(ore_grad(b.W));
        double *weights = ore_data_mut(b.W);
        ore_no_grad_end();
        if (!a)
            ore_optimizer_step(b.optimizer);
        else if (g && weights)
            adam_step(a, weights, g, lr, t);
        ore_scope_end();
    }
    ore_copy_out(b.W, w, WEIGHTS * sizeof *w);
    bowl_free(&b);
}

static void compare_adams(lab *l, ore_tensor *N) {
    static const char *const names[FORMS] = {"Algorithm 1", "reordered, eps sqrt(1 - beta2^t)",
                                             "reordered, eps as it is"};
    static double library[WEIGHTS], w[WEIGHTS];
    static adam forms[FORMS];
    double away[FORMS] = {0};
    char table[512], *at = table;
    descend_adam(NULL, N, 0.1, library);
    for (int k = 0; k < FORMS; k++) {
        forms[k] = (adam){.form = (adam_form)k};
        descend_adam(&forms[k], N, 0.1, w);
        for (int i = 0; i < WEIGHTS; i++)
            away[k] = fmax(away[k], fabs(w[i] - library[i]));
        at += sprintf(at, "%-34s %.1e\n", names[k], away[k]);
    }
    lab_heading(l, "Adam, two forms of it");
    lab_say(l,
            "Adam's paper has it twice. Algorithm 1 divides both means by what they lack, m / (1 - "
            "beta1^t) and v / (1 - beta2^t). The reordered form moves both into the rate, lr "
            "sqrt(1 - beta2^t) / (1 - beta1^t), and leaves m and v as they are, which saves two "
            "divisions for each weight. They are equal if eps is scaled as sqrt(v) is; with the "
            "same eps in both, the reordered one weighs it 32 times as much at the first step. "
            "Largest difference of a weight from `ore_adam` after %d steps of each, in float64:",
            ADAM_STEPS);
    lab_show(l, table);
    for (int k = 0; k < REORDERED_SAME_EPS; k++)
        lab_expect(l, away[k] < 1e-10, "%s: equal within 1e-10 (%.1e)", names[k], away[k]);
    lab_expect(l, away[REORDERED_SAME_EPS] > 1e-6, "%s: not equal (%.1e)",
               names[REORDERED_SAME_EPS], away[REORDERED_SAME_EPS]);
}

static void down_the_bowl(lab *l) {
    static bowl bowls[3];
    ore_tensor *y, *x = lab_bigram_pairs(l, -1, &y);
    ore_tensor *N = ore_to(lab_bigram_counts(x, y), ORE_FLOAT64);
    double min = slide(l, N, bowls);
    if (!ore_ok())
        return;
    names_part pairs = {x, y, ore_size(x, 0)};
    compare_batches(l, &pairs, N, bowls[0].loss, min);
    compare_adams(l, N);
}

/* ---- a rate that falls, and an end, by held-out words ---- */

enum { FEW = 20000, CHECK_EVERY = 100, CHECKS = 200, PATIENCE = 4, GIVE_UP = 20 };

typedef struct followed {
    double train[CHECKS], dev[CHECKS]; /* train: means since the check before */
    int count, best, falls, fell_at[CHECKS];
    double fell_to[CHECKS]; /* the rate from then on */
    bool stopped;
} followed;

/* Trains on the first FEW examples, so few that the network can learn some by heart. */
static void follow(lab *l, followed *k, const names_data *data, int checks, bool plateau) {
    names_part few = names_first(&data->train, FEW), held_out = names_first(&data->dev, 5000);
    ore_reduce_lr_on_plateau reduce = ore_reduce_lr_on_plateau_defaults();
    ore_early_stopping stop = ore_early_stopping_defaults();
    ore_generator *g = ore_generator_new(2147483647);
    char_mlp m;
    reduce.factor = 0.3;
    reduce.patience = PATIENCE;
    reduce.min_lr = 3e-4;
    stop.patience = GIVE_UP;
    char_mlp_init(&m, 10, 100, (char_mlp_scales){0.3, 0.01, 0.01, 0}, false, g);
    ore_optimizer *o = rule_momentum(&m.module, 0.03);
    *k = (followed){.count = 0};
    while (k->count < checks && !k->stopped && ore_ok()) {
        int n = k->count++;
        for (int i = 0; i < CHECK_EVERY && ore_ok(); i++) {
            ore_scope_begin();
            names_batch b = names_draw(&few, g);
            ore_tensor *loss = ore_cross_entropy(ore_module_forward(&m.module, b.x), b.y, NULL);
            k->train[n] += (loss ? ore_item(loss) : 0) / CHECK_EVERY;
            ore_optimizer_zero_grad(o);
            ore_backward(loss);
            ore_optimizer_step(o);
            ore_scope_end();
        }
        k->dev[n] = names_loss(&m.module, &held_out);
        double rate = ore_optimizer_lr(o, 0);
        if (plateau)
            ore_reduce_lr_on_plateau_step(&reduce, o, k->dev[n]);
        if (ore_optimizer_lr(o, 0) < rate) {
            k->fell_at[k->falls] = n;
            k->fell_to[k->falls++] = ore_optimizer_lr(o, 0);
        }
        k->stopped = ore_early_stopping_step(&stop, k->dev[n]);
        lab_progress(l, plateau ? "falling rate" : "constant rate", k->count, checks, k->dev[n]);
    }
    k->best = (int)stop.best_at;
    ore_optimizer_free(o);
    ore_module_free(&m.module);
    ore_generator_free(g);
}

static void draw_followed(lab *l, const followed *kinds) {
    static const char *const names[] = {"constant rate", "falling rate"};
    double step[CHECKS];
    char label[64];
    ore_figure *f =
        picture_new("when the loss of held-out words no longer falls", "step", "loss (nats)");
    for (int i = 0; i < CHECKS; i++)
        step[i] = (i + 1) * CHECK_EVERY;
    for (int k = 0; k < 2; k++) {
        const char *color = k ? "#0072b2" : "#d55e00";
        snprintf(label, sizeof label, "held out, %s", names[k]);
        ore_plot_line(f, step, kinds[k].dev, kinds[k].count, label,
                      &(ore_plot_style){.color = color});
        snprintf(label, sizeof label, "training, %s", names[k]);
        ore_plot_line(f, step, kinds[k].train, kinds[k].count, label,
                      &(ore_plot_style){.color = color, .dash = ORE_DASH_DOTTED});
    }
    for (int i = 0; i < kinds[1].falls; i++) {
        snprintf(label, sizeof label, "%.1g", kinds[1].fell_to[i]);
        ore_plot_vline(f, step[kinds[1].fell_at[i]], label, NULL);
    }
    ore_plot_y_range(f, NAN, 2.8);
    ore_plot_legend(f, ORE_LEGEND_OUTSIDE);
    lab_picture(l, f, "plateau",
                "Grey: where the rate fell, and to what. Each curve ends where early stopping "
                "ended it.");
}

static void follow_held_out(lab *l) {
    static followed kinds[2];
    names_data data;
    int checks = lab_quick(l) ? 4 : CHECKS;
    if (names_load(l, &data, CHAR_MLP_BLOCK, 1) != ORE_OK)
        return;
    lab_heading(l, "A rate that falls, and an end");
    for (int k = 0; k < 2; k++)
        follow(l, &kinds[k], &data, checks, k == 1);
    names_free(&data);
    const followed *constant = &kinds[0], *falling = &kinds[1];
    double before = constant->dev[constant->best], best = falling->dev[falling->best];
    lab_say(l,
            "The perceptron again, on %d examples and with momentum at 0.03, three times its best "
            "rate; every %d steps the loss of held-out words is taken. ReduceLROnPlateau "
            "multiplies the rate by 0.3, down to 0.0003, after more than %d such losses that are "
            "no better than the least; early stopping ends the training at the %dth. The constant "
            "rate gets to %.3f after %d steps and ends after %d. The falling one falls %d times, "
            "gets to %.3f after %d, and ends after %d. What follows the best step gains nothing on "
            "words that were held out, however the training loss goes on: the weights to keep are "
            "those of that step.",
            FEW, CHECK_EVERY, PATIENCE, GIVE_UP, before, (constant->best + 1) * CHECK_EVERY,
            constant->count * CHECK_EVERY, falling->falls, best, (falling->best + 1) * CHECK_EVERY,
            falling->count * CHECK_EVERY);
    draw_followed(l, kinds);
    if (lab_quick(l))
        return;
    lab_expect(l, falling->falls > 0, "the rate falls (%d times)", falling->falls);
    lab_expect(l, best < before, "held-out words gain by it: %.4f, and %.4f at a constant rate",
               best, before);
    for (int k = 0; k < 2; k++)
        lab_expect(l, kinds[k].stopped && kinds[k].count == kinds[k].best + 1 + GIVE_UP,
                   "training ends %d checks after the best one, at step %d of %d", GIVE_UP,
                   kinds[k].count * CHECK_EVERY, CHECKS * CHECK_EVERY);
}

ore_status lecture_optimizers(lab *l) {
    compare(l);
    down_the_bowl(l);
    follow_held_out(l);
    return ore_error_status();
}
