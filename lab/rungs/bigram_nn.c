/* bigram_nn.c: the bigram model again, as the smallest neural network: a one-hot vector times 27 by
 * 27 weights, softmax, cross entropy, gradient descent. It ends where counting ended. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "lab/frame/bigrams.h"
#include "lab/frame/lab.h"

enum { V = NAMES_LETTERS, SEED = 2147483647, STEPS = 300, RECORDED_STEP = 266 };

/* The lecture's initial weights W (27, 27), from N(0, 1) with its seed. */
static ore_tensor *fresh_weights(void) {
    ore_generator *g = ore_generator_new(SEED);
    ore_tensor *W = ore_randn(ORE_SHAPE(V, V), ORE_FLOAT32, g);
    ore_generator_free(g);
    return ore_set_requires_grad(W, true);
}

/* ---- five examples, by hand ---- */

/* (n) letters -> (n, 27) probabilities of the next one. */
static ore_tensor *predict(ore_tensor *W, ore_tensor *x) {
    ore_tensor *encoded = ore_to(ore_one_hot(x, V), ORE_FLOAT32); /* (n, 27) */
    ore_tensor *logits = ore_matmul(encoded, W);                  /* log-counts */
    ore_tensor *counts = ore_exp(logits);                         /* like N: positive */
    return ore_div(counts, ore_sum(counts, ORE_DIMS(1), true));   /* rows sum to one */
}

/* The mean of -log of the probabilities at the targets y. */
static ore_tensor *loss_of(ore_tensor *p, ore_tensor *y) {
    ore_tensor *each = ore_arange(0, (double)ore_numel(y), 1, ORE_INT64);
    ore_tensor *picked = ore_index(p, (ore_tensor *[]){each, y}, 2);
    return ore_neg(ore_mean(ore_log(picked), ORE_ALL, false));
}

/* Makes a step of gradient descent, W -= rate dW. */
static void descend(ore_tensor *W, double rate) {
    ore_no_grad_begin();
    ore_sub_(W, ore_mul_scalar(ore_grad(W), rate));
    ore_no_grad_end();
    ore_set_grad(W, NULL);
}

/* Trains on the word emma with four updates, and shows the loss before each and after the last. */
static void learn_emma(lab *l) {
    static const int64_t from[] = {0, 5, 13, 13, 1}, to[] = {5, 13, 13, 1, 0};
    ore_tensor *x = ore_from_data(from, ORE_SHAPE(5), ORE_INT64);
    ore_tensor *y = ore_from_data(to, ORE_SHAPE(5), ORE_INT64);
    ore_tensor *W = fresh_weights();
    double losses[5] = {0};
    lab_heading(l, "One word");
    lab_say(l, "The word `emma` has five examples: from `.` comes e, from e m, from m m, from m a, "
               "from a the end. A one-hot vector times W is a row of W. Read as logarithms of "
               "counts, e^W takes the place of the table that was counted, and normalised rows are "
               "its probabilities. At first they are random:");
    lab_tensor(l, "p1.emma.xs", x);
    lab_tensor(l, "p1.emma.ys", y);
    ore_tensor *p = predict(W, x); /* (5, 27) */
    for (int i = 0; i < 5; i++) {
        char id[32];
        snprintf(id, sizeof id, "p1.emma.row%d", i);
        lab_tensor(l, id, ore_select(p, 0, i));
    }
    ore_tensor *each = ore_arange(0, 5, 1, ORE_INT64);
    ore_tensor *picked = ore_index(p, (ore_tensor *[]){each, y}, 2);
    lab_show_tensor(l, "p of what came", picked);
    lab_tensor(l, "p1.emma.p", picked);
    for (int step = 0; step < 5; step++) {
        ore_tensor *loss = loss_of(predict(W, x), y);
        losses[step] = loss ? ore_item(loss) : 0;
        ore_backward(loss);
        descend(W, 0.1);
    }
    lab_say(l,
            "The loss is a function of W, so that it has a gradient; going against it a little "
            "lowers the loss: %.4f, %.4f, %.4f, %.4f, %.4f.",
            losses[0], losses[1], losses[2], losses[3], losses[4]);
    lab_value(l, "p1.emma.loss", losses[0]);
    lab_value(l, "p1.emma.loss.step4", losses[4]);
}

/* ---- all examples ---- */

/* The objective over all pairs: cross entropy + 0.01 mean W^2. encoded (n, 27): one-hot vectors of
 * the first letters. */
static ore_tensor *objective(ore_tensor *W, ore_tensor *encoded, ore_tensor *y) {
    ore_tensor *nll = ore_cross_entropy(ore_matmul(encoded, W), y, NULL);
    ore_tensor *pull = ore_mul_scalar(ore_mean(ore_square(W), ORE_ALL, false), 0.01);
    return ore_add(nll, pull);
}

static void draw_training(lab *l, const double *losses, double counted) {
    ore_figure *figure = ore_figure_new(NULL);
    ore_plot_title(figure, "gradient descent on all pairs, rate 50");
    ore_plot_labels(figure, "step", "loss (nats)");
    ore_plot_line(figure, NULL, losses, STEPS + 1, "cross entropy + 0.01 mean W^2", NULL);
    ore_plot_hline(figure, counted, "counting", NULL);
    lab_picture(l, figure, "loss",
                "The loss falls towards that of the counts, a little above "
                "which the pull on the weights keeps it.");
}

/* Updates W `steps` times; losses[k] is the loss after k of them. */
static void train(lab *l, ore_tensor *W, ore_tensor *x, ore_tensor *y, int steps, double *losses) {
    ore_tensor *encoded = ore_to(ore_one_hot(x, V), ORE_FLOAT32); /* (n, 27) */
    for (int k = 0; k <= steps && ore_ok(); k++) {
        ore_scope_begin();
        ore_tensor *loss = objective(W, encoded, y);
        losses[k] = loss ? ore_item(loss) : 0;
        ore_backward(loss);
        if (k < steps)
            descend(W, 50);
        ore_scope_end();
        if (k > 0)
            lab_progress(l, "gradient descent", k, steps, losses[k]);
    }
}

static void show_names(lab *l, ore_tensor *W) {
    ore_generator *g = ore_generator_new(SEED);
    char *names = lab_bigram_names(ore_softmax(ore_detach(W), 1), 5, g);
    lab_say(l, "Its names are those of the counts, but for a letter:");
    lab_show_words(l, names ? names : "");
    lab_text(l, "p1.nn.names", names ? names : "");
    free(names);
    ore_generator_free(g);
}

static void learn_all(lab *l, ore_tensor *x, ore_tensor *y) {
    static const int at[] = {0, 1, 2, 10, 100, 200, 300};
    double losses[STEPS + 1], trace[7];
    ore_tensor *W = fresh_weights();
    double counted = lab_bigram_nll(lab_rows_normalised(lab_bigram_counts(x, y)), x, y, NULL);
    lab_heading(l, "All words");
    lab_say(l,
            "The same with all %lld pairs, a rate of 50, and a small pull on the weights, 0.01 "
            "times the mean of their squares:",
            (long long)ore_numel(x));
    lab_value(l, "p1.n", (double)ore_numel(x));
    if (lab_quick(l)) {
        train(l, W, x, y, 10, losses);
        lab_expect(l, losses[10] < losses[0] && losses[10] > counted,
                   "ten steps lower the loss, but not below counting: %.4f, %.4f, %.4f", losses[0],
                   losses[10], counted);
        return;
    }
    train(l, W, x, y, STEPS, losses);
    for (int i = 0; i < 7; i++)
        trace[i] = losses[at[i]];
    lab_say(l,
            "After 1 step %.4f, after 10 %.4f, after 100 %.4f, after %d %.4f; counting reached "
            "%.4f, which nothing of this form can beat. The network has found the counts: what "
            "counting does at once, gradients find slowly; but they also find what cannot be "
            "counted.",
            losses[1], losses[10], losses[100], STEPS, losses[STEPS], counted);
    lab_values(l, "p1.nn.trace", trace, 7);
    lab_value(l, "p1.nn.loss", losses[RECORDED_STEP]);
    lab_expect(l, losses[STEPS] > counted && losses[STEPS] < counted + 0.05,
               "the trained network comes close to counting and not below: %.4f against %.4f",
               losses[STEPS], counted);
    draw_training(l, losses, counted);
    show_names(l, W);
}

/* ---- regularisation and smoothing ---- */

/* The loss after training with a penalty of this strength. It needs only the counts, -sum N log
 * softmax(W) / n, not the pairs, so each step is cheap. */
static double trained_nll(ore_tensor *N, double strength) {
    ore_tensor *W = ore_set_requires_grad(ore_zeros(ORE_SHAPE(V, V), ORE_FLOAT32), true);
    ore_tensor *share = ore_div(N, ore_sum(N, ORE_ALL, false));
    double nll = 0;
    for (int k = 0; k < 1000 && ore_ok(); k++) {
        ore_scope_begin();
        ore_tensor *loss = ore_neg(ore_sum(ore_mul(share, ore_log_softmax(W, 1)), ORE_ALL, false));
        nll = loss ? ore_item(loss) : 0;
        ore_tensor *pull = ore_mul_scalar(ore_mean(ore_square(W), ORE_ALL, false), strength);
        ore_backward(ore_add(loss, pull));
        descend(W, 50);
        ore_scope_end();
    }
    return nll;
}

static void even_out(lab *l, ore_tensor *x, ore_tensor *y) {
    enum { POINTS = 6 };
    static const double added[POINTS] = {1, 10, 100, 1000, 10000, 100000};
    static const double strengths[POINTS] = {0.001, 0.01, 0.1, 1, 3, 10};
    double smoothed[POINTS], regularised[POINTS];
    ore_tensor *N = ore_to(lab_bigram_counts(x, y), ORE_FLOAT32);
    for (int i = 0; i < POINTS; i++) {
        ore_scope_begin();
        smoothed[i] = lab_bigram_nll(lab_rows_normalised(ore_add_scalar(N, added[i])), x, y, NULL);
        regularised[i] = trained_nll(N, strengths[i]);
        ore_scope_end();
    }
    lab_heading(l, "A pull on the weights is smoothing");
    lab_say(l,
            "With W = 0 every row is even, 1/27, so that pulling the weights towards 0 does what "
            "adding to the counts did. With %g added to each count the loss is %.4f, under a "
            "pull of %g it is %.4f, and in the end both know nothing: log 27 = %.4f. Rare "
            "letters go first: their counts are small beside what is added, and their share of "
            "the loss is small beside the pull.",
            added[3], smoothed[3], strengths[3], regularised[3], log(V));
    ore_figure *figure = ore_figure_new(
        &(ore_figure_options){.width_px = 1000, .height_px = 480, .rows = 1, .cols = 2});
    const ore_plot_style dots = {.marker = ORE_MARKER_DISC};
    ore_plot_title(figure, "counting");
    ore_plot_labels(figure, "added to every count", "loss (nats)");
    ore_plot_log_axes(figure, true, false);
    ore_plot_line(figure, added, smoothed, POINTS, NULL, &dots);
    ore_plot_hline(figure, log(V), "log 27", NULL);
    ore_figure_panel(figure, 0, 1);
    ore_plot_title(figure, "network");
    ore_plot_labels(figure, "strength of the pull on W", "loss without the pull (nats)");
    ore_plot_log_axes(figure, true, false);
    ore_plot_line(figure, strengths, regularised, POINTS, NULL, &dots);
    ore_plot_hline(figure, log(V), "log 27", NULL);
    lab_picture(l, figure, "smoothing",
                "Left: counts with more and more added to each. Right: the "
                "network under a stronger and stronger pull. Both go from "
                "what the data say to knowing nothing.");
    bool rising = true;
    for (int i = 1; i < POINTS; i++)
        rising &= smoothed[i] > smoothed[i - 1] && regularised[i] > regularised[i - 1];
    lab_expect(l, rising, "the more is added, and the stronger the pull, the higher the loss");
    lab_expect(l, fabs(smoothed[POINTS - 1] - log(V)) < 0.05, "much smoothing ends at log 27: %.4f",
               smoothed[POINTS - 1]);
}

ore_status lecture_bigram_nn(lab *l) {
    ore_tensor *y, *x = lab_bigram_pairs(l, -1, &y); /* (n) each */
    learn_emma(l);
    learn_all(l, x, y);
    even_out(l, x, y);
    return ore_error_status();
}
