/* attention.c: attention by numbers: one head over a sentence of four words with every intermediate
 * number, why scores are divided by sqrt(D), and four ways to average the past that give the
 * same. */
#include <math.h>
#include <stdio.h>

#include "lab/frame/lab.h"
#include "lab/frame/matrix.h"

enum { WORDS = 4, FEATURES = 3, D = 2 }; /* D: the head's size */
static const char *const words[WORDS] = {"small", "birds", "sing", "loudly"};
static const char *const features[FEATURES] = {"describes", "thing", "deed"};

static double largest_difference(ore_tensor *a, ore_tensor *b) {
    return ore_item(ore_amax(ore_abs(ore_sub(a, b)), ORE_ALL, false));
}

/* ---- one head over four words ---- */

/* Masks scores (T, T): -infinity where the column (key) is later than the row (query). */
static ore_tensor *without_future(ore_tensor *scores) {
    ore_tensor *seen = ore_tril(ore_ones_like(scores), 0); /* (T, T): 1 on and below the diagonal */
    return ore_masked_fill(scores, ore_eq(seen, ore_scalar(0, ORE_FLOAT32)), -INFINITY);
}

/* The head computed with plain loops: out[t] = sum over s of weight[t][s] v[s]. */
static ore_tensor *head_by_loops(const float (*q)[D], const float (*k)[D], const float (*v)[D]) {
    float out[WORDS][D] = {{0}};
    for (int t = 0; t < WORDS; t++) {
        double weight[WORDS], sum = 0;
        for (int s = 0; s < WORDS; s++) {
            weight[s] = exp((q[t][0] * k[s][0] + q[t][1] * k[s][1]) / sqrt(D));
            sum += weight[s];
        }
        for (int s = 0; s < WORDS; s++)
            for (int d = 0; d < D; d++)
                out[t][d] += (float)(weight[s] / sum) * v[s][d];
    }
    return ore_from_data(out, ORE_SHAPE(WORDS, D), ORE_FLOAT32);
}

/* Writes out the sums that two of the numbers come from. */
static void write_out(lab *l, ore_tensor *Q, ore_tensor *K, ore_tensor *V, ore_tensor *weights) {
    const float(*q)[D] = ore_data(Q), (*k)[D] = ore_data(K), (*v)[D] = ore_data(V);
    const float(*w)[WORDS] = ore_data(weights);
    char text[512];
    size_t n = 0;
    if (!q || !k || !v || !w)
        return;
    for (int t = 0; t < WORDS; t++) {
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%7s =", t > 0 ? "\n" : "", words[t]);
        for (int s = 0; s < WORDS; s++)
            n += (size_t)snprintf(text + n, sizeof text - n, "%s%.3f (%.1f, %.1f)",
                                  s > 0 ? " + " : " ", (double)w[t][s], (double)v[s][0],
                                  (double)v[s][1]);
    }
    lab_say(l,
            "One score: the query of `sing` times the key of `birds` is %.2f x %.2f + %.2f x %.2f "
            "= %.2f. And every sum, weight by value:",
            (double)q[2][0], (double)k[1][0], (double)q[2][1], (double)k[1][1],
            (double)(q[2][0] * k[1][0] + q[2][1] * k[1][1]));
    lab_show(l, text);
    lab_expect(l, largest_difference(ore_matmul(weights, V), head_by_loops(q, k, v)) < 1e-6,
               "the sums equal those of plain loops");
}

static void four_words(lab *l) {
    static const float of_words[WORDS][FEATURES] = {
        {1.0F, 0.2F, 0}, {0.1F, 1.0F, 0.1F}, {0, 0.2F, 1.0F}, {0.8F, 0, 0.5F}};
    static const float seeks[FEATURES][D] = {{3, 1}, {0, 3}, {3, 0}}; /* a thing, a deed */
    static const float is[FEATURES][D] = {{0, 0}, {2, 0}, {0, 2}};
    static const float tells[FEATURES][D] = {{1, 0}, {0, 1}, {1, 1}};
    ore_tensor *x = ore_from_data(of_words, ORE_SHAPE(WORDS, FEATURES), ORE_FLOAT32); /* (T, C) */
    ore_tensor *W_q = ore_from_data(seeks, ORE_SHAPE(FEATURES, D), ORE_FLOAT32);
    ore_tensor *W_k = ore_from_data(is, ORE_SHAPE(FEATURES, D), ORE_FLOAT32);
    ore_tensor *W_v = ore_from_data(tells, ORE_SHAPE(FEATURES, D), ORE_FLOAT32);
    ore_tensor *Q = ore_matmul(x, W_q), *K = ore_matmul(x, W_k), *V = ore_matmul(x, W_v);
    ore_tensor *scores = ore_matmul(Q, ore_t(K));         /* (T, T) */
    ore_tensor *scaled = ore_div_scalar(scores, sqrt(D)); /* (T, T) */
    ore_tensor *weights = ore_softmax(scaled, -1);        /* (T, T), rows add up to 1 */
    ore_tensor *causal = ore_softmax(without_future(scaled), -1);

    lab_heading(l, "Four words");
    lab_say(l, "Each word of a sentence is a few numbers. Here they are chosen by hand, so that "
               "they can be read: how far the word describes, names a thing, names a deed.");
    lab_show_matrix(l, "x", x, words, features);
    lab_say(l, "Three matrices make three vectors of each word: a query (what it looks for: a "
               "thing, a deed), a key (what it is) and a value (what it tells those who look at "
               "it). Things look for deeds, deeds and descriptions for things.");
    lab_show_matrix(l, "W_q", W_q, features, NULL);
    lab_show_matrix(l, "W_k", W_k, features, NULL);
    lab_show_matrix(l, "W_v", W_v, features, NULL);
    lab_show_matrix(l, "Q = x W_q", Q, words, NULL);
    lab_show_matrix(l, "K = x W_k", K, words, NULL);
    lab_show_matrix(l, "V = x W_v", V, words, NULL);
    lab_say(l, "Each query meets each key in a dot product: row `sing`, column `birds` says how "
               "well birds are what sing looks for. Divided by the root of the head's size, then "
               "softmax over each row: shares of attention. The output is each row's shares of "
               "the values.");
    lab_show_matrix(l, "Q K^T", scores, words, words);
    lab_show_matrix(l, "/ sqrt(2)", scaled, words, words);
    lab_show_matrix(l, "softmax", weights, words, words);
    write_out(l, Q, K, V, weights);
    lab_show_matrix(l, "output", ore_matmul(weights, V), words, NULL);
    lab_say(l, "A model that predicts the next word must not see it: the scores of later words "
               "are set to -infinity, whose share is e^-infinity = 0. (Without that mask a head "
               "belongs into an encoder, which reads a whole text; with keys and values of "
               "another text it is cross attention, as in translation.)");
    lab_show_matrix(l, "causal", causal, words, words);
    ore_figure *figure = ore_figure_new(
        &(ore_figure_options){.width_px = 1000, .height_px = 480, .rows = 1, .cols = 2});
    lab_draw_attention(figure, 0, 0, "every word sees all", weights, words);
    lab_draw_attention(figure, 0, 1, "no word sees later ones", causal, words);
    lab_picture(l, figure, "words",
                "Who looks at whom: each row shows how one word's attention "
                "is shared out, and adds up to 1. The darkest cell of a row is its largest share.");

    ore_attention_options o = ore_attention_defaults();
    ore_shape heads = ORE_SHAPE(1, 1, WORDS, D);
    o.causal = true;
    ore_tensor *fused =
        ore_attention(ore_view(Q, heads), ore_view(K, heads), ore_view(V, heads), &o);
    double off = largest_difference(ore_view(fused, ORE_SHAPE(WORDS, D)), ore_matmul(causal, V));
    lab_expect(l, off < 1e-6, "`ore_attention` does all of it in one call: %.1g apart at most",
               off);
}

/* ---- why the scores are divided by sqrt(D) ---- */

/* The mean, over the rows, of the largest probability that softmax gives in a row. */
static double largest_share(ore_tensor *scores) {
    return ore_item(
        ore_mean(ore_amax(ore_softmax(scores, -1), ORE_DIMS(-1), false), ORE_ALL, false));
}

/* The mean of w (1 - w), the derivative of a probability w by its own score. */
static double mean_slope(ore_tensor *scores) {
    ore_tensor *w = ore_softmax(scores, -1);
    return ore_item(ore_mean(ore_mul(w, ore_rsub_scalar(w, 1)), ORE_ALL, false));
}

/* Draws softmax(scale times the same five scores) as bars. */
static void draw_sharpened(ore_figure *figure, double scale, const char *label) {
    enum { N = 5 };
    static const float scores[N] = {0.1F, -0.2F, 0.3F, -0.2F, 0.5F};
    static const char *const names[N] = {"0.1", "-0.2", "0.3", "-0.2", "0.5"};
    double bars[N];
    ore_tensor *x = ore_from_data(scores, ORE_SHAPE(N), ORE_FLOAT32);
    ore_tensor *p = ore_to(ore_softmax(ore_mul_scalar(x, scale), 0), ORE_FLOAT64);
    ore_bars_options o = ore_bars_defaults();
    o.names = names;
    if (ore_copy_out(p, bars, sizeof bars) == ORE_OK)
        ore_plot_bars(figure, bars, N, &o, label, NULL);
}

static void draw_scaling(lab *l, const double *sizes, const double *raw, const double *scaled,
                         int n) {
    ore_figure *figure = ore_figure_new(
        &(ore_figure_options){.width_px = 1000, .height_px = 460, .rows = 1, .cols = 2});
    ore_plot_style marked = {.marker = ORE_MARKER_DISC};
    ore_plot_title(figure, "Variance of random scores");
    ore_plot_labels(figure, "head size D", "variance");
    ore_plot_log_axes(figure, true, true);
    ore_plot_legend(figure, ORE_LEGEND_TOP_LEFT);
    ore_plot_line(figure, sizes, raw, n, "q k", &marked);
    ore_plot_line(figure, sizes, scaled, n, "q k / sqrt(D)", &marked);
    ore_figure_panel(figure, 0, 1);
    ore_plot_title(figure, "Softmax of five scores, multiplied");
    ore_plot_labels(figure, "score", "share");
    ore_plot_legend(figure, ORE_LEGEND_TOP_LEFT);
    draw_sharpened(figure, 1, "times 1");
    draw_sharpened(figure, 4, "times 4");
    draw_sharpened(figure, 8, "times 8");
    draw_sharpened(figure, 32, "times 32");
    lab_picture(l, figure, "scale",
                "Left: without the root the scores of a head grow with its "
                "size. Right: what large scores do to softmax.");
}

static void scaling(lab *l) {
    enum { SIZES = 6, BATCH = 64, T = 8 };
    static const double sizes[SIZES] = {1, 4, 16, 64, 256, 1024};
    double raw[SIZES], scaled[SIZES];
    char text[1024];
    size_t n = (size_t)snprintf(text, sizeof text, "%6s %20s %20s %20s\n%6s", "", "variance",
                                "largest share of 8", "slope w (1 - w)", "D");
    for (int i = 0; i < 3; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%12s%9s", "q k", "scaled");
    for (int i = 0; i < SIZES; i++) {
        ore_scope_begin();
        ore_tensor *q = ore_randn(ORE_SHAPE(BATCH, T, (int64_t)sizes[i]), ORE_FLOAT32, NULL);
        ore_tensor *k = ore_randn(ORE_SHAPE(BATCH, T, (int64_t)sizes[i]), ORE_FLOAT32, NULL);
        ore_tensor *s = ore_matmul(q, ore_transpose(k, -2, -1)); /* (BATCH, T, T) */
        ore_tensor *over_root = ore_div_scalar(s, sqrt(sizes[i]));
        raw[i] = ore_item(ore_var(s, ORE_ALL, 1, false));
        scaled[i] = ore_item(ore_var(over_root, ORE_ALL, 1, false));
        n += (size_t)snprintf(text + n, sizeof text - n, "\n%6.0f%12.2f%9.2f%12.3f%9.3f%12.4f%9.4f",
                              sizes[i], raw[i], scaled[i], largest_share(s),
                              largest_share(over_root), mean_slope(s), mean_slope(over_root));
        ore_scope_end();
    }
    lab_heading(l, "Why the scores are divided by the root of D");
    lab_say(l, "A score adds up D products. Of queries and keys with variance 1 each product has "
               "variance 1, so the score has variance D: it grows with the head. Softmax of large "
               "scores is all but one-hot: each word looks at a single other one, and since a "
               "share w moves with its score by w (1 - w), nothing is learnt. Divided by sqrt(D) "
               "the variance is 1 at any size. For random queries and keys:");
    lab_show(l, text);
    draw_scaling(l, sizes, raw, scaled, SIZES);
    lab_expect(l, fabs(raw[5] / 1024 - 1) < 0.1 && fabs(scaled[5] - 1) < 0.1,
               "with D = 1024 the variance is near 1024 (%.0f), and near 1 after scaling (%.3f)",
               raw[5], scaled[5]);
}

/* ---- averaging the past in four equal ways ---- */

/* out[b][t] = mean of x[b][0 .. t]; x (B, T, C). */
static ore_tensor *mean_by_loops(ore_tensor *x) {
    int64_t B = ore_size(x, 0), T = ore_size(x, 1), C = ore_size(x, 2);
    ore_tensor *out = ore_zeros_like(x);
    const float *in = ore_data(x);
    float *to = ore_data_mut(out);
    for (int64_t b = 0; in && to && b < B; b++)
        for (int64_t t = 0; t < T; t++)
            for (int64_t c = 0; c < C; c++) {
                for (int64_t s = 0; s <= t; s++)
                    to[(b * T + t) * C + c] += in[(b * T + s) * C + c];
                to[(b * T + t) * C + c] /= (float)(t + 1);
            }
    return out;
}

/* A lower triangle of ones, each row divided by its sum: 1; 1/2 1/2; 1/3 1/3 1/3 ... */
static ore_tensor *triangle(int64_t T) {
    ore_tensor *ones = ore_tril(ore_ones(ORE_SHAPE(T, T), ORE_FLOAT32), 0);
    return ore_div(ones, ore_sum(ones, ORE_DIMS(1), true));
}

/* The attention weights of a head of size 16 with random parameters over 8 random tokens of 32
 * numbers, drawn as in the lecture. */
static ore_tensor *untrained_head(void) {
    ore_module root;
    ore_linear key, query;
    ore_linear_options o = ore_linear_defaults();
    o.bias = false;
    ore_manual_seed(1337);
    ore_tensor *x = ore_randn(ORE_SHAPE(4, 8, 32), ORE_FLOAT32, NULL); /* (B, T, C) */
    ore_module_init(&root, NULL, NULL);
    ore_linear_init(&key, &root, "key", 32, 16, &o);
    ore_linear_init(&query, &root, "query", 32, 16, &o);
    ore_tensor *k = ore_detach(ore_linear_forward(&key, x)),
               *q = ore_detach(ore_linear_forward(&query, x));
    ore_tensor *scores = ore_matmul(q, ore_transpose(k, -2, -1)); /* (B, T, T), not scaled there */
    ore_module_free(&root);
    return ore_select(ore_softmax(without_future(scores), -1), 0, 0); /* (T, T) */
}

static void averages(lab *l) {
    enum { B = 4, T = 8, C = 2 };
    ore_manual_seed(1337);
    ore_tensor *x = ore_randn(ORE_SHAPE(B, T, C), ORE_FLOAT32, NULL);
    lab_heading(l, "Averaging the past in four equal ways");
    lab_tensor(l, "gl.randn", ore_narrow(ore_select(x, 0, 0), 0, 0, 4));

    ore_tensor *by_loops = mean_by_loops(x);
    ore_tensor *by_product = ore_matmul(triangle(T), x); /* (T, T) @ (B, T, C) */
    ore_tensor *zeros = ore_zeros(ORE_SHAPE(T, T), ORE_FLOAT32);
    ore_tensor *by_softmax = ore_matmul(ore_softmax(without_future(zeros), -1), x);
    ore_attention_options o = ore_attention_defaults();
    o.causal = true;
    ore_tensor *words_of = ore_view(x, ORE_SHAPE(B, 1, T, C)); /* one head */
    ore_tensor *heard = ore_attention(ore_zeros_like(words_of), words_of, words_of, &o);
    ore_tensor *by_attention = ore_view(heard, ORE_SHAPE(B, T, C));
    double off[] = {largest_difference(by_product, by_loops),
                    largest_difference(by_softmax, by_loops),
                    largest_difference(by_attention, by_loops)};
    lab_say(l, "The simplest way for a word to hear the words before it is their mean. Loops say "
               "it best. A product with a triangular matrix does the same, since row t of it "
               "weighs the words up to t alike:");
    lab_show_matrix(l, "3 words", triangle(3), (const char *const[]){"1", "2", "3"}, NULL);
    lab_say(l, "Softmax of a matrix of zeros, -infinity above the diagonal, is that matrix. And "
               "a head whose queries are all 0 has just these scores: the mean is the attention "
               "of words that look for nothing. All else that attention can do comes from "
               "queries that are not 0.");
    lab_expect(l, off[0] < 1e-6 && off[1] < 1e-6 && off[2] < 1e-6,
               "product, softmax and attention equal the loops: %.1g, %.1g and %.1g apart at most",
               off[0], off[1], off[2]);
    ore_figure *figure = ore_figure_new(
        &(ore_figure_options){.width_px = 1000, .height_px = 400, .rows = 1, .cols = 3});
    lab_draw_attention(figure, 0, 0, "may look at", ore_tril(ore_ones_like(zeros), 0), NULL);
    lab_draw_attention(figure, 0, 1, "plain mean", ore_softmax(without_future(zeros), -1), NULL);
    lab_draw_attention(figure, 0, 2, "an untrained head", untrained_head(), NULL);
    lab_picture(l, figure, "triangle",
                "The same triangle three times: what may be seen, all of "
                "it alike, and shares that depend on the words. The colours compare the "
                "cells of one row, the numbers all.");
}

ore_status lecture_attention(lab *l) {
    four_words(l);
    scaling(l);
    averages(l);
    return ore_error_status();
}
