/* gpt.c: a transformer built step by step on a play: a table of bigrams, a head of attention, four
 * heads, feed-forward layers, depth, residual connections, layer norm, size and dropout, each with
 * its loss; and what its heads look at. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "lab/frame/matrix.h"
#include "lab/frame/play.h"

/* ---- the models: each is the one before with one change ---- */

typedef struct recipe {
    const char *name;
    int64_t layers, heads, channels, block, steps;
    bool feed, residual, norm, page; /* page: trained on the first page only */
    double dropout;
    const char *why;
} recipe;

enum { MAX_LAYERS = 3, MAX_HEADS = 4 };
enum { BIGRAM, ONE, FOUR, FEED, DEEP, RESIDUAL, NORM, LARGE, PAGE, DROPOUT, RECIPES };

static const recipe ladder[RECIPES] = {
    {"bigram", 0, 0, 0, 8, 10000, false, false, false, false, 0,
     "A table with a row of logits for each character: the model sees only the last one."},
    {"one head", 1, 1, 32, 8, 5000, false, false, false, false, 0,
     "Characters and their places have vectors of 32 numbers; one head of size 32 reads the 8 "
     "characters so far. At last the model sees more than one of them."},
    {"four heads", 1, 4, 32, 8, 5000, false, false, false, false, 0,
     "Four heads of size 8 side by side: as many weights, but four things to look for at once."},
    {"feed-forward", 1, 4, 32, 8, 5000, true, false, false, false, 0,
     "Attention gathers; a layer of its own for each character, 4 times as wide inside, thinks "
     "about what was gathered."},
    {"three blocks", 3, 4, 32, 8, 5000, true, false, false, false, 0,
     "The same three times over, and the loss is worse: gradients fade on the way down through "
     "all the layers. Depth alone is no gain."},
    {"residual", 3, 4, 32, 8, 5000, true, true, false, false, 0,
     "Each layer now adds to its input (He et al. 2015), through a projection of the heads. The "
     "sum hands gradients straight down to the bottom, and the depth pays."},
    {"layer norm", 3, 4, 32, 8, 5000, true, true, true, false, 0,
     "Before each layer the numbers of a character are brought to mean 0 and variance 1."},
    {"larger", 3, 4, 64, 32, 2000, true, true, true, false, 0,
     "Twice as many numbers and a context of 32 characters instead of 8; in fewer steps."},
    {"one page", 3, 4, 64, 32, 2000, true, true, true, true, 0,
     "The same model trained on the first 30,000 characters only: it learns them by heart."},
    {"dropout", 3, 4, 64, 32, 2000, true, true, true, true, 0.2,
     "Where a fifth of the weights of attention and of the layers' outputs is left out at random "
     "in each step, nothing can rely on a single one."},
};

/* ---- the model ---- */

typedef struct head {
    ore_module module;
    ore_linear key, query, value; /* C -> D, no bias */
    ore_dropout drop;
} head;

typedef struct block {
    ore_module module;
    head heads[MAX_HEADS];
    ore_linear proj, up, down;
    ore_layer_norm ln_1, ln_2;
    ore_dropout drop;
    const recipe *r;
} block;

typedef struct transformer {
    ore_module module;
    ore_embedding token, position;
    block blocks[MAX_LAYERS];
    ore_layer_norm ln_f;
    ore_linear lm_head;
    const recipe *r;
} transformer;

/* (B, T, C) -> (B, T, T): the attention weights; row t has those of character t for the ones up to
 * t. */
static ore_tensor *head_weights(const head *h, ore_tensor *x) {
    int64_t T = ore_size(x, 1), D = ore_size(h->key.weight, 0);
    ore_tensor *q = ore_linear_forward(&h->query, x), *k = ore_linear_forward(&h->key, x);
    ore_tensor *scores = ore_div_scalar(ore_matmul(q, ore_transpose(k, -2, -1)), sqrt((double)D));
    ore_tensor *seen = ore_tril(ore_ones(ORE_SHAPE(T, T), ORE_FLOAT32), 0);
    ore_tensor *future = ore_eq(seen, ore_scalar(0, ORE_FLOAT32));
    return ore_softmax(ore_masked_fill(scores, future, -INFINITY), -1);
}

static ore_tensor *head_forward(const head *h, ore_tensor *x) { /* (B, T, C) -> (B, T, D) */
    ore_tensor *weights = ore_dropout_forward(&h->drop, head_weights(h, x));
    return ore_matmul(weights, ore_linear_forward(&h->value, x));
}

static ore_tensor *block_forward(const block *b, ore_tensor *x) { /* (B, T, C) -> (B, T, C) */
    const recipe *r = b->r;
    ore_tensor *in = r->norm ? ore_layer_norm_forward(&b->ln_1, x) : x, *heads[MAX_HEADS];
    for (int i = 0; i < r->heads; i++)
        heads[i] = head_forward(&b->heads[i], in); /* (B, T, D) */
    ore_tensor *y = ore_cat(heads, (int)r->heads, -1);
    if (r->residual)
        y = ore_dropout_forward(&b->drop, ore_linear_forward(&b->proj, y));
    x = r->residual ? ore_add(x, y) : y;
    if (!r->feed)
        return x;
    in = r->norm ? ore_layer_norm_forward(&b->ln_2, x) : x;
    y = ore_linear_forward(&b->down, ore_relu(ore_linear_forward(&b->up, in)));
    y = ore_dropout_forward(&b->drop, y);
    return r->residual ? ore_add(x, y) : y;
}

static ore_tensor *embedded(const transformer *m, ore_tensor *ids) { /* (B, T) -> (B, T, C) */
    ore_tensor *places = ore_arange(0, (double)ore_size(ids, 1), 1, ORE_INT64);
    return ore_add(ore_embedding_forward(&m->token, ids),
                   ore_embedding_forward(&m->position, places));
}

static ore_tensor *forward(const ore_module *module, ore_tensor *ids) { /* (B, T) -> (B, T, V) */
    const transformer *m = (const transformer *)module;
    if (m->r->layers == 0) /* the table of the bigram model has the logits */
        return ore_embedding_forward(&m->token, ids);
    ore_tensor *x = embedded(m, ids);
    for (int i = 0; i < m->r->layers; i++)
        x = block_forward(&m->blocks[i], x);
    return ore_linear_forward(&m->lm_head, m->r->norm ? ore_layer_norm_forward(&m->ln_f, x) : x);
}

static void block_init(block *b, ore_module *parent, const recipe *r) {
    int64_t C = r->channels;
    ore_linear_options no_bias = ore_linear_defaults();
    no_bias.bias = false;
    b->r = r;
    ore_module_init(&b->module, parent, NULL);
    for (int i = 0; i < r->heads; i++) {
        head *h = &b->heads[i];
        ore_module_init(&h->module, &b->module, NULL);
        ore_linear_init(&h->key, &h->module, "key", C, C / r->heads, &no_bias);
        ore_linear_init(&h->query, &h->module, "query", C, C / r->heads, &no_bias);
        ore_linear_init(&h->value, &h->module, "value", C, C / r->heads, &no_bias);
        ore_dropout_init(&h->drop, &h->module, "drop", r->dropout);
    }
    ore_dropout_init(&b->drop, &b->module, "drop", r->dropout);
    if (r->residual)
        ore_linear_init(&b->proj, &b->module, "proj", C, C, NULL);
    if (r->feed) {
        ore_linear_init(&b->up, &b->module, "up", C, 4 * C, NULL);
        ore_linear_init(&b->down, &b->module, "down", 4 * C, C, NULL);
    }
    if (r->norm) {
        ore_layer_norm_init(&b->ln_1, &b->module, "ln_1", ORE_SHAPE(C), NULL);
        ore_layer_norm_init(&b->ln_2, &b->module, "ln_2", ORE_SHAPE(C), NULL);
    }
}

static void transformer_init(transformer *m, const recipe *r, int64_t V) {
    m->r = r;
    ore_module_init(&m->module, NULL, NULL);
    m->module.forward = forward;
    ore_embedding_init(&m->token, &m->module, "token", V, r->layers > 0 ? r->channels : V, NULL);
    if (r->layers == 0)
        return;
    ore_embedding_init(&m->position, &m->module, "position", r->block, r->channels, NULL);
    for (int i = 0; i < r->layers; i++)
        block_init(&m->blocks[i], &m->module, r);
    if (r->norm)
        ore_layer_norm_init(&m->ln_f, &m->module, "ln_f", ORE_SHAPE(r->channels), NULL);
    ore_linear_init(&m->lm_head, &m->module, "lm_head", r->channels, V, NULL);
}

/* ---- what the heads look at ---- */

enum { LOOK = 24 };

/* Draws the attention weights of a layer's heads over x (1, LOOK, C), and shows how far back each
 * head looks. */
static void draw_layer(lab *l, const block *b, int layer, ore_tensor *x, const char *const *names,
                       const char *caption) {
    ore_figure *figure = ore_figure_new(
        &(ore_figure_options){.width_px = 1000, .height_px = 1040, .rows = 2, .cols = 2});
    char text[512], name[32];
    size_t n = (size_t)snprintf(text, sizeof text, "layer %d%10s%10s%10s%10s", layer, "itself",
                                "1 before", "2 before", "farther");
    for (int i = 0; i < MAX_HEADS; i++) {
        ore_tensor *w = ore_select(head_weights(&b->heads[i], ore_layer_norm_forward(&b->ln_1, x)),
                                   0, 0); /* (LOOK, LOOK) */
        double share[4] = {0, 0, 0, 1};
        for (int d = 0; d < 3; d++) { /* of the characters that have two before them */
            ore_tensor *at = ore_narrow(ore_diagonal(w, -d, 0, 1), 0, 2 - d, LOOK - 2);
            share[d] = ore_item(ore_mean(at, ORE_ALL, false));
            share[3] -= share[d];
        }
        n += (size_t)snprintf(text + n, sizeof text - n, "\nhead %d ", i + 1);
        for (int d = 0; d < 4; d++)
            n += (size_t)snprintf(text + n, sizeof text - n, "%9.0f%%", 100 * share[d]);
        snprintf(name, sizeof name, "layer %d, head %d", layer, i + 1);
        lab_draw_attention(figure, i / 2, i % 2, name, w, names);
    }
    lab_show(l, text);
    snprintf(name, sizeof name, "layer-%d", layer);
    lab_picture(l, figure, name, caption);
}

/* Checks that no character sees a later one: when the last one changes, the logits at all others
 * must not. */
static void expect_no_future(lab *l, const lab_play *p, const transformer *m, int64_t *ids) {
    ore_shape shape = ORE_SHAPE(1, LOOK);
    ore_tensor *a = forward(&m->module, ore_from_data(ids, shape, ORE_INT64)); /* (1, LOOK, V) */
    ids[LOOK - 1] = (ids[LOOK - 1] + 1) % p->V;
    ore_tensor *b = forward(&m->module, ore_from_data(ids, shape, ORE_INT64));
    bool same =
        ore_allclose(ore_narrow(a, 1, 0, LOOK - 1), ore_narrow(b, 1, 0, LOOK - 1), 0, 0, false);
    bool last = ore_allclose(ore_select(a, 1, -1), ore_select(b, 1, -1), 0, 0, false);
    lab_expect(l, same && !last, "another last character changes the last logits and none before");
}

static void look(lab *l, const lab_play *p, const transformer *m) {
    char names[LOOK][ORE_PIECE_BYTES];
    const char *axis[LOOK];
    int64_t ids[LOOK];
    p->tokens->read(p->tokens, ore_token_parts_tokens(p->data, ORE_PART_TRAIN), LOOK, ids);
    for (int i = 0; i < LOOK; i++)
        axis[i] = lab_play_name(p, ids[i], names[i]);
    lab_say(l, "What its heads look at, over the first characters of the part that it has not "
               "seen. How each head shares out its attention:");
    ore_no_grad_begin();
    ore_tensor *x = embedded(m, ore_from_data(ids, ORE_SHAPE(1, LOOK), ORE_INT64)); /* (1, T, C) */
    draw_layer(l, &m->blocks[0], 1, x, axis,
               "The heads of the first layer. A stripe under the diagonal is a head that reads "
               "the character before; a column is a character that many look at. The darkest "
               "cell of a row is its largest share.");
    x = block_forward(&m->blocks[1], block_forward(&m->blocks[0], x));
    draw_layer(l, &m->blocks[2], 3, x, axis,
               "The heads of the last layer, over what the first two have gathered.");
    expect_no_future(l, p, m, ids);
    ore_no_grad_end();
}

/* ---- the lecture ---- */

static void draw_losses(lab *l, const lab_curve *curves) {
    const char *names[PAGE];
    for (int i = 0; i < PAGE; i++)
        names[i] = ladder[i].name;
    ore_figure *bars = ore_figure_new(NULL), *lines = ore_figure_new(NULL);
    ore_plot_title(bars, "Each step of the ladder");
    lab_curve_bars(bars, curves, names, PAGE);
    lab_picture(l, bars, "ladder",
                "The loss after each step; the numbers are for text that the model has not seen.");
    ore_plot_title(lines, "Trained on one page, without and with dropout");
    ore_plot_y_range(lines, NAN, lab_quick(l) ? NAN : 3);
    lab_curve_draw(lines, &curves[PAGE], "no dropout", "#0072b2");
    lab_curve_draw(lines, &curves[DROPOUT], "dropout 0.2", "#d55e00");
    lab_picture(l, lines, "dropout",
                lab_quick(l)
                    ? "The first steps, before anything is learned by heart."
                    : "Learning by heart: the loss of the page falls and that of unseen text "
                      "rises. Dropout slows the one and holds the other down.");
}

/* Checks what the lecture shows of each change: the order of the losses, which does not depend on
 * rounding. */
static void expect_order(lab *l, const lab_curve *curves) {
    double val[RECIPES];
    for (int i = 0; i < RECIPES; i++)
        val[i] = lab_curve_end(&curves[i]).val;
    lab_expect(l, val[ONE] < val[BIGRAM] && val[FOUR] < val[ONE] && val[FEED] < val[FOUR],
               "a head, four heads and a feed-forward layer each lower the validation loss");
    lab_expect(l, val[DEEP] > val[FEED] && val[RESIDUAL] < val[FEED],
               "three blocks are worse than one, and better with residual connections");
    lab_expect(l, val[NORM] < val[RESIDUAL] + 0.01 && val[LARGE] < val[NORM],
               "layer norm does not raise it (in so few layers), and size lowers it further");
    lab_expect(l, val[DROPOUT] < val[PAGE], "on one page dropout lowers it");
}

ore_status lecture_gpt(lab *l) {
    lab_curve curves[RECIPES] = {{{{0}}, 0}};
    char text[160];
    lab_play p;
    lab_play_open(&p, l);
    for (int i = 0; i < RECIPES && ore_ok(); i++) {
        const recipe *r = &ladder[i];
        lab_play_training o = {r->name, r->block, r->steps, r->page};
        transformer m;
        ore_manual_seed(1337);
        transformer_init(&m, r, p.V);
        lab_heading(l, r->name);
        lab_say(l, "%s", r->why);
        lab_play_train(l, &p, &m.module, &o, &curves[i]);
        lab_point end = lab_curve_end(&curves[i]);
        snprintf(text, sizeof text, "%lld weights, %.0f steps: train loss %.3f, validation %.3f",
                 (long long)ore_module_parameter_count(&m.module, false), end.step, end.train,
                 end.val);
        lab_show(l, text);
        snprintf(text, sizeof text, "validation loss, %s", r->name);
        lab_note(l, text, end.val);
        if (i == LARGE) {
            char *sample = lab_play_write(&p, &m.module, r->block, 300);
            lab_show(l, sample);
            free(sample);
            look(l, &p, &m);
        }
        ore_module_free(&m.module);
    }
    draw_losses(l, curves);
    if (!lab_quick(l) && lab_published(l))
        expect_order(l, curves);
    lab_play_close(&p);
    return ore_error_status();
}
