/* sizing.c: GPT-2 in numbers: how many weights it has, where they are, and how many
 * multiplications and additions a text costs. Arithmetic, checked against a small model. */
#include <stdio.h>

#include "lab/frame/lab.h"
#include "models/gpt/gpt.h"

typedef struct weights {
    double token, position, attention, feed, block, total; /* of one block, but `total` of all */
} weights;

/* Weights of a GPT without biases. Each LayerNorm has C, each block two of them. */
static weights count_weights(const gpt_config *c) {
    double C = (double)c->n_embd;
    weights w = {.token = (double)c->vocab_size * C, /* the head is the same table */
                 .position = (double)c->block_size * C};
    w.attention = C + C * 3 * C + C * C; /* norm; queries, keys, values; projection */
    w.feed = C + C * 4 * C + 4 * C * C;  /* norm; up; down */
    w.block = w.attention + w.feed;
    w.total = w.token + w.position + (double)c->n_layer * w.block + C; /* the last norm */
    return w;
}

typedef struct products {
    double qkv, scores, gather, proj, feed; /* of all blocks */
    double transformer, head, forward;
} products;

/* Floating-point operations of the matrix products for one text of T = block_size tokens: a product
 * (n, k) @ (k, m) takes n k m multiplications and as many additions. Norms, softmax and gelu are
 * left out: they are few beside these. */
static products count_products(const gpt_config *c) {
    double T = (double)c->block_size, C = (double)c->n_embd, L = (double)c->n_layer;
    products p = {.qkv = L * 2 * T * C * 3 * C,
                  .scores = L * 2 * T * T * C, /* all heads: (T, D) @ (D, T) each */
                  .gather = L * 2 * T * T * C, /* (T, T) @ (T, D) each */
                  .proj = L * 2 * T * C * C,
                  .feed = L * 2 * 2 * T * C * 4 * C,
                  .head = 2 * T * C * (double)c->vocab_size};
    p.transformer = p.qkv + p.scores + p.gather + p.proj + p.feed;
    p.forward = p.transformer + p.head;
    return p;
}

/* Checks the count with a model without biases that is small enough to build. */
static void check_small(lab *l) {
    gpt_config c = gpt_defaults();
    c.vocab_size = 65;
    c.bias_qkv = c.bias_linear = c.bias_norm = c.bias_head = false;
    gpt model = {0};
    if (gpt_init(&model, &c, NULL) == ORE_OK) {
        double built = (double)ore_module_parameter_count(&model.module, false);
        double counted = count_weights(&c).total;
        lab_expect(l, built == counted, "a small GPT has the weights that the formulas say: %.0f",
                   built);
    }
    gpt_free(&model);
}

static void draw(ore_figure *figure, int panel, const char *title, const char *unit,
                 const double *parts, const char *const *names, int n) {
    double sum = 0, scaled[8];
    char texts[8][16];
    const char *shares[8];
    for (int i = 0; i < n; i++)
        sum += parts[i];
    for (int i = 0; i < n; i++) {
        scaled[i] = parts[i] / (panel == 0 ? 1e6 : 1e9);
        snprintf(texts[i], sizeof texts[i], "%.0f%%", 100 * parts[i] / sum);
        shares[i] = texts[i];
    }
    ore_bars_options o = {names, shares};
    ore_figure_panel(figure, 0, panel);
    ore_plot_title(figure, title);
    ore_plot_labels(figure, NULL, unit);
    ore_plot_bars(figure, scaled, n, &o, NULL, NULL);
}

ore_status lecture_sizing(lab *l) {
    gpt_config c = gpt_defaults(); /* GPT-2 small */
    c.n_layer = 12;
    c.n_head = 12;
    c.n_embd = 768;
    c.block_size = 1024;
    c.vocab_size = 50257;
    weights w = count_weights(&c);
    products p = count_products(&c);
    double L = (double)c.n_layer;

    lab_heading(l, "Weights");
    lab_say(l,
            "GPT-2 small has 12 blocks of 768 channels, a context of 1024 tokens and 50,257 "
            "tokens. Without biases that makes %.0f weights: %.0f in the table of tokens, which "
            "the head uses too, %.0f in that of positions and %.0f in each block. The number of "
            "heads plays no part: they cut the same matrices into more or fewer slices.",
            w.total, w.token, w.position, w.block);
    lab_values(l, "ng.params",
               (double[]){w.total, w.position, w.token, w.attention, w.feed, w.block}, 6);
    check_small(l);

    lab_heading(l, "Products");
    lab_say(l,
            "One text of 1024 tokens takes %.1f billion operations forward. Backward takes twice "
            "as many, since each product has two gradients, of its input and of its weights, and "
            "each is a product of the same size. A rule of thumb says 6 operations for each "
            "weight and token: here %.2f. The scores grow with the square of the context: at "
            "1024 tokens they are still the smaller part.",
            p.forward / 1e9, 3 * p.forward / (w.total - w.position) / 1024);
    lab_values(l, "ng.flops", (double[]){p.transformer, p.head, p.forward, 3 * p.forward}, 4);

    ore_figure *figure = ore_figure_new(
        &(ore_figure_options){.width_px = 1000, .height_px = 460, .rows = 1, .cols = 2});
    draw(figure, 0, "Weights", "millions",
         (double[]){w.token, w.position, L * w.attention, L * w.feed},
         (const char *const[]){"tokens", "positions", "attention", "feed-forward"}, 4);
    draw(figure, 1, "Operations of one forward pass", "billions",
         (double[]){p.qkv, p.scores + p.gather, p.proj, p.feed, p.head},
         (const char *const[]){"Q, K, V", "scores and\nsums", "projection", "feed-\nforward",
                               "head"},
         5);
    lab_picture(l, figure, "parts",
                "Where GPT-2 small has its weights, and where a text of 1024 "
                "tokens spends its operations.");
    return ore_error_status();
}
