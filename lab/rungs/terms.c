/* terms.c: the terms that a newcomer meets first, each explained with a few numbers: one-hot
 * vectors, embeddings, logits, softmax, cross entropy, sampling. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "lab/frame/bigrams.h"
#include "lab/frame/lab.h"

/* ---- one-hot vectors select ---- */

static void one_hot(lab *l) {
    ore_tensor *tokens = ore_remainder_scalar(ore_arange(0, 5, 1, ORE_INT64), 3); /* 0 1 2 0 1 */
    ore_tensor *inferred = ore_one_hot(tokens, -1);                               /* (5, 3) */
    ore_tensor *wide = ore_one_hot(tokens, 5);                                    /* (5, 5) */
    lab_heading(l, "One-hot vectors");
    lab_say(l, "A token is a number, but its size means nothing: letter 20 is not twice letter 10. "
               "A one-hot vector says which of the classes it is and no more: a single 1.");
    lab_show_tensor(l, "one_hot([0, 1, 2, 0, 1])", inferred);
    lab_tensor(l, "t.onehot", inferred);
    lab_tensor(l, "t.onehot5", wide);

    /* (5) @ (5, 2) picks a row, (2, 5) @ (5) a column: all other products are with 0. */
    ore_tensor *numbers = ore_arange(0, 10, 1, ORE_FLOAT32);
    ore_tensor *three = ore_to(ore_one_hot(ore_scalar(3, ORE_INT64), 5), ORE_FLOAT32);
    ore_tensor *row = ore_matmul(three, ore_view(numbers, ORE_SHAPE(5, 2)));
    ore_tensor *column = ore_matmul(ore_view(numbers, ORE_SHAPE(2, 5)), three);
    lab_say(l, "Multiplied with a matrix it selects: `one_hot(3) @ M` is row 3 of M, "
               "`M @ one_hot(3)` is column 3. A linear layer on one-hot vectors is a table.");
    lab_tensor(l, "t.select.row", row);
    lab_tensor(l, "t.select.col", column);
}

/* ---- an embedding is that table ---- */

static void embedding(lab *l) {
    static const int64_t abc[] = {1, 2, 3};
    ore_manual_seed(1337);
    ore_tensor *table = ore_randn(ORE_SHAPE(5, 2), ORE_FLOAT32, NULL); /* (V, C) */
    ore_tensor *tokens = ore_from_data(abc, ORE_SHAPE(3), ORE_INT64);
    ore_tensor *looked_up = ore_f_embedding(tokens, table, -1); /* (3, C) */
    ore_tensor *multiplied = ore_matmul(ore_to(ore_one_hot(tokens, 5), ORE_FLOAT32), table);
    lab_heading(l, "Embeddings");
    lab_say(l, "An embedding table has a row of numbers for each token, which training moves. "
               "Looking rows up gives what the product with one-hot vectors gives, without the "
               "multiplications by zero. Five tokens, two numbers each:");
    lab_show_tensor(l, "table", table);
    lab_show_tensor(l, "table[1, 2, 3]", looked_up);
    lab_tensor(l, "t.embed", table);
    lab_tensor(l, "t.embed.rows", looked_up);
    lab_expect(l, ore_allclose(looked_up, multiplied, 0, 0, false),
               "looking up and multiplying one-hot vectors give the same rows");
}

/* ---- logits and softmax ---- */

/* e^x divided by its sum, as the formula says. */
static ore_tensor *plain_softmax(ore_tensor *x) {
    ore_tensor *counts = ore_exp(x);
    return ore_div(counts, ore_sum(counts, ORE_DIMS(-1), true));
}

/* Draws a matrix as one of a pair of heatmaps, with its values in the cells. */
static void draw_rows(ore_figure *figure, int panel, const char *title, const ore_tensor *t) {
    enum { ROWS = 3, COLS = 5 };
    double values[ROWS * COLS];
    char texts[ROWS * COLS][16];
    const char *cells[ROWS * COLS];
    const float *data = ore_data(t);
    ore_heatmap_options o = ore_heatmap_defaults();
    if (!data)
        return;
    for (int i = 0; i < ROWS * COLS; i++) {
        values[i] = data[i];
        snprintf(texts[i], sizeof texts[i], "%.2f", values[i]);
        cells[i] = texts[i];
    }
    o.cell_text = cells;
    o.colormap = panel == 0 ? ORE_COLORMAP_DIVERGING : ORE_COLORMAP_BLUES;
    o.colorbar = false;
    ore_figure_panel(figure, 0, panel);
    ore_plot_title(figure, title);
    ore_plot_labels(figure, "class", "example");
    ore_plot_heatmap(figure, values, ROWS, COLS, &o);
}

static void softmax(lab *l) {
    static const float large[] = {100, 101, 102};
    ore_manual_seed(42);
    ore_tensor *logits = ore_randn(ORE_SHAPE(3, 5), ORE_FLOAT32, NULL); /* (B, C) */
    ore_tensor *p = ore_softmax(logits, 1);                             /* (B, C) */
    lab_heading(l, "Logits and softmax");
    lab_say(l, "A network ends in logits: any numbers, one for each class. Softmax makes "
               "probabilities of them: e^x is positive, and divided by its sum over the row the "
               "row adds up to one. A logit that is larger by log 2 = 0.69 doubles the share.");
    lab_tensor(l, "t.logits", logits);
    lab_tensor(l, "t.softmax", p);
    ore_figure *figure = ore_figure_new(
        &(ore_figure_options){.width_px = 1000, .height_px = 380, .rows = 1, .cols = 2});
    draw_rows(figure, 0, "logits", logits);
    draw_rows(figure, 1, "softmax over each row", p);
    lab_picture(l, figure, "softmax",
                "Three rows of logits, and the probabilities that softmax "
                "makes of them: each row on the right adds up to one.");

    ore_tensor *x = ore_from_data(large, ORE_SHAPE(3), ORE_FLOAT32);
    ore_tensor *overflown = plain_softmax(x), *stable = ore_softmax(x, 0);
    ore_tensor *shifted = plain_softmax(ore_sub_scalar(x, 102));
    lab_say(l, "The formula as it stands overflows: e^100 is more than a float32 holds, and "
               "infinity over infinity is not a number. Taking the row's maximum off first "
               "changes nothing, since e^(x - m) / sum e^(x - m) = e^x / sum e^x, and keeps every "
               "power at most 1. Of 100, 101 and 102:");
    lab_show_tensor(l, "plain formula", overflown);
    lab_show_tensor(l, "less the maximum", stable);
    lab_expect(l, ore_item_int(ore_sum(ore_isnan(overflown), ORE_ALL, false)) == 3,
               "without the maximum taken off, softmax of 100, 101, 102 is not a number");
    lab_expect(l, ore_allclose(stable, shifted, 1e-6, 0, false),
               "softmax equals the plain formula of x less its maximum");
}

/* ---- cross entropy ---- */

/* The largest difference, in 1000 examples, between the loss computed by hand and in one call. */
static double largest_rounding(void) {
    ore_scope_begin();
    ore_tensor *x = ore_randn(ORE_SHAPE(1000, 27), ORE_FLOAT32, NULL);
    ore_tensor *y = ore_randint(0, 27, ORE_SHAPE(1000), ORE_INT64, NULL);
    ore_tensor *each = ore_arange(0, 1000, 1, ORE_INT64);
    ore_cross_entropy_options o = ore_cross_entropy_defaults();
    o.reduction = ORE_NONE;
    ore_tensor *picked = ore_index(plain_softmax(x), (ore_tensor *[]){each, y}, 2); /* (1000) */
    ore_tensor *off = ore_add(ore_cross_entropy(x, y, &o), ore_log(picked));
    double largest = ore_item(ore_amax(ore_abs(off), ORE_ALL, false));
    ore_scope_end();
    return largest;
}

static void cross_entropy(lab *l) {
    static const int64_t threes[] = {3, 3, 3}, rows[] = {0, 1, 2}, zero[] = {0};
    static const float simple[] = {0, 1, 1, 0, 0};
    ore_manual_seed(42);
    ore_tensor *logits = ore_randn(ORE_SHAPE(3, 5), ORE_FLOAT32, NULL); /* (B, C) */
    ore_tensor *y = ore_from_data(threes, ORE_SHAPE(3), ORE_INT64);     /* (B) */
    ore_tensor *each = ore_from_data(rows, ORE_SHAPE(3), ORE_INT64);    /* (B) */
    double at_once = ore_item(ore_cross_entropy(logits, y, NULL));
    ore_tensor *p = plain_softmax(logits);                                 /* exp, normalise */
    ore_tensor *picked = ore_index(p, (ore_tensor *[]){each, y}, 2);       /* pick: (B) */
    double by_hand = -ore_item(ore_mean(ore_log(picked), ORE_ALL, false)); /* -log, mean */
    lab_heading(l, "Cross entropy");
    lab_say(l,
            "The loss of a prediction is -log of the probability that it gave to what came: 0 "
            "for certainty, %.4f for 1/2, %.4f for 1/3, %.4f for 1/4. Cross entropy is its mean "
            "over the examples. By hand: exp, normalise, pick the target's probability, -log, "
            "mean: %.9g. In one call: %.9g.",
            -log(1.0 / 2), -log(1.0 / 3), -log(1.0 / 4), by_hand, at_once);
    lab_say(l,
            "The two round differently: the call works on logarithms and never computes the "
            "probability. Over a thousand examples of 27 classes the losses of one example "
            "differ by up to %.2g.",
            largest_rounding());
    lab_value(l, "t.ce", at_once);
    lab_value(l, "t.ce.byhand", by_hand);
    lab_values(l, "t.log", (double[]){-log(1.0 / 2), -log(1.0 / 3), -log(1.0 / 4)}, 3);

    ore_tensor *x = ore_from_data(simple, ORE_SHAPE(1, 5), ORE_FLOAT32);
    ore_tensor *target = ore_from_data(zero, ORE_SHAPE(1), ORE_INT64);
    ore_tensor *loss = ore_cross_entropy(x, target, NULL);
    ore_tensor *both[] = {ore_reshape(loss, ORE_SHAPE(1)), ore_select(ore_softmax(x, 1), 0, 0)};
    lab_tensor(l, "t.ce.simple", ore_cat(both, 2, 0));

    ore_manual_seed(86);
    ore_tensor *z = ore_randn(ORE_SHAPE(3, 5), ORE_FLOAT32, NULL);
    ore_tensor *t = ore_random_(ore_empty(ORE_SHAPE(3), ORE_INT64), 0, 5, NULL);
    ore_tensor *parts[] = {ore_to(t, ORE_FLOAT32),
                           ore_reshape(ore_cross_entropy(z, t, NULL), ORE_SHAPE(1)),
                           ore_index(ore_softmax(z, 1), (ore_tensor *[]){each, t}, 2)};
    lab_tensor(l, "t.ce.random", ore_cat(parts, 3, 0));
}

/* ---- sampling ---- */

static void sampling(lab *l) {
    ore_tensor *next, *first = lab_bigram_pairs(l, -1, &next); /* (n) each */
    ore_tensor *N = lab_bigram_counts(first, next);            /* (27, 27) */
    ore_tensor *P = lab_rows_normalised(N);                    /* (27, 27) */
    const int64_t *n = ore_data(N);
    if (n)
        lab_values(l, "t.counts",
                   (double[]){(double)n[1], (double)n[2], (double)n[3], (double)n[26]}, 4);
    lab_heading(l, "Multinomial");
    lab_say(l, "To write, a model draws from its probabilities. `multinomial` draws indices, each "
               "as often as its weight says; the generator's seed makes the draws repeatable. "
               "From how often each letter begins a word, three first letters:");
    ore_manual_seed(1337);
    ore_tensor *drawn = ore_multinomial(ore_select(P, 0, 0), 3, true, NULL);
    lab_show_tensor(l, "multinomial(P[0], 3)", drawn);
    lab_tensor(l, "t.draw3", drawn);

    ore_generator *g = ore_generator_new(2147483647);
    char *names = lab_bigram_names(P, 10, g);
    ore_tensor *uniform = ore_full(ORE_SHAPE(NAMES_LETTERS, NAMES_LETTERS), 1.0 / 27, ORE_FLOAT32);
    char *noise = lab_bigram_names(lab_rows_normalised(uniform), 5, g);
    lab_say(l, "Each letter drawn from the counts of what follows the letter before, until `.`: "
               "poor names, but names. Under them, drawn from a matrix that knows nothing, "
               "1/27 everywhere:");
    lab_show_words(l, names ? names : "");
    lab_show_words(l, noise ? noise : "");
    lab_text(l, "t.names", names ? names : "");
    lab_text(l, "t.names.uniform", noise ? noise : "");
    free(noise);
    free(names);
    ore_generator_free(g);
}

ore_status lecture_terms(lab *l) {
    one_hot(l);
    embedding(l);
    softmax(l);
    cross_entropy(l);
    sampling(l);
    return ore_error_status();
}
