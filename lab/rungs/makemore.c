/* makemore.c: seven ways to write names, side by side: a table of pairs, a bag of letters, a
 * multilayer perceptron, three recurrent nets and a transformer learn the same names in the same
 * number of steps, and are compared on names that none of them saw. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/frame/lab.h"
#include "lab/frame/names.h"
#include "lab/frame/pictures.h"
#include "models/gpt/gpt.h"
#include "models/rnn/rnn.h"

/* T: the longest of names.txt has 15 letters, before which a '.' stands. IGNORED: what is predicted
 * behind the end of a name counts nowhere. */
enum { T = 16, BATCH = 64, SEED = 42, STEPS = 3000, IGNORED = -100, NEAR = 3 };
enum { QUICK_STEPS = 6, QUICK_ROWS = 128 };

/* ---- data: a name is a row, ".emma" with what follows each letter, "emma." ---- */

typedef struct rows_of_names {
    ore_tensor *x, *y;   /* (N, T) int64 each */
    ore_tensor *lengths; /* (N) int64: places of a row that are predicted */
    int64_t count;
} rows_of_names;

/* Names number first .. first + count - 1 of `order`. */
static rows_of_names rows_new(const char *const *words, const int64_t *order, int64_t first,
                              int64_t count) {
    rows_of_names rows = {.count = count};
    int64_t *x = calloc((size_t)(count * (2 * T + 1)), sizeof *x);
    if (!x) {
        ore_fail(ORE_MEMORY, "out of memory");
        return rows;
    }
    int64_t *y = x + count * T, *lengths = y + count * T;
    for (int64_t i = 0; i < count; i++) {
        const char *word = words[order[first + i]];
        int64_t n = (int64_t)strnlen(word, T - 1);
        lengths[i] = n + 1;
        for (int64_t t = 0; t < T; t++) {
            x[i * T + t] = t > 0 && t <= n ? names_letter_id(word[t - 1]) : 0;
            y[i * T + t] = t > n ? IGNORED : t < n ? names_letter_id(word[t]) : 0;
        }
    }
    rows.x = ore_own(ore_from_data(x, ORE_SHAPE(count, T), ORE_INT64));
    rows.y = ore_own(ore_from_data(y, ORE_SHAPE(count, T), ORE_INT64));
    rows.lengths = ore_own(ore_from_data(lengths, ORE_SHAPE(count), ORE_INT64));
    free(x);
    return rows;
}

static void rows_free(rows_of_names *rows) {
    ore_free(rows->x);
    ore_free(rows->y);
    ore_free(rows->lengths);
}

/* The rows at some places, as far as the longest of them goes; tensors of the scope. */
static rows_of_names rows_at(const rows_of_names *rows, ore_tensor *at) {
    ore_tensor *lengths = ore_index_select(rows->lengths, 0, at);
    int64_t longest = ore_item_int(ore_amax(lengths, ORE_ALL, false));
    return (rows_of_names){.x = ore_narrow(ore_index_select(rows->x, 0, at), 1, 0, longest),
                           .y = ore_narrow(ore_index_select(rows->y, 0, at), 1, 0, longest),
                           .lengths = lengths,
                           .count = ore_size(at, 0)};
}

/* Nine tenths to learn from, and the rest. */
static ore_status load(lab *l, rows_of_names *learnt, rows_of_names *unseen) {
    int64_t count, tenth;
    const char *const *words = lab_words(l, &count);
    ore_generator *g = ore_generator_new(SEED);
    ore_tensor *order = words ? ore_randperm(count, g) : NULL;
    if (order && count < 100)
        ore_fail(ORE_DATA, "%lld names, expected at least 100", (long long)count);
    if (order && ore_ok()) {
        tenth = count / 10;
        *learnt = rows_new(words, ore_data(order), tenth, count - tenth);
        *unseen = rows_new(words, ore_data(order), 0, tenth);
    }
    ore_generator_free(g);
    return ore_error_status();
}

/* ---- the models ---- */

/* Those that the lectures have by hand; layers that a model does not have are left out. */
typedef struct small_net {
    ore_module root;
    ore_embedding wte, wpe;
    ore_linear up, down, head;
} small_net;

/* A row of the table for each letter: what may follow it. */
static ore_tensor *bigram_logits(void *net, ore_tensor *ids) {
    return ore_embedding_forward(&((small_net *)net)->wte, ids);
}

/* The mean of the vectors of all letters so far, whatever their order, beside the last one's. */
static ore_tensor *bag_logits(void *net, ore_tensor *ids) {
    const small_net *n = net;
    int64_t len = ore_size(ids, 1);
    ore_tensor *places = ore_arange(0, (double)len, 1, ORE_INT64);
    ore_tensor *x = ore_add(ore_embedding_forward(&n->wte, ids), /* (B, T, E) */
                            ore_embedding_forward(&n->wpe, places));
    ore_tensor *seen = ore_tril(ore_ones(ORE_SHAPE(len, len), ORE_FLOAT32), 0);
    x = ore_add(x, ore_matmul(ore_div(seen, ore_sum(seen, ORE_DIMS(1), true)), x));
    x = ore_add(x, ore_linear_forward(&n->down, ore_tanh(ore_linear_forward(&n->up, x))));
    return ore_linear_forward(&n->head, x);
}

/* The last NEAR letters side by side. */
static ore_tensor *mlp_logits(void *net, ore_tensor *ids) {
    const small_net *n = net;
    int64_t B = ore_size(ids, 0), len = ore_size(ids, 1);
    ore_tensor *padded[] = {ore_zeros(ORE_SHAPE(B, NEAR - 1), ORE_INT64), ids}, *near[NEAR];
    ore_tensor *all = ore_cat(padded, 2, 1);
    for (int k = 0; k < NEAR; k++)
        near[k] = ore_embedding_forward(&n->wte, ore_narrow(all, 1, k, len));
    ore_tensor *x = ore_cat(near, NEAR, -1); /* (B, T, NEAR E) */
    return ore_linear_forward(&n->head, ore_tanh(ore_linear_forward(&n->up, x)));
}

static ore_tensor *rnn_logits(void *net, ore_tensor *ids) {
    return rnn_forward(net, ids);
}

static ore_tensor *gpt_logits(void *net, ore_tensor *ids) {
    return gpt_forward(net, ids);
}

enum { V = NAMES_LETTERS, E = 64, BAG_HIDDEN = 64, MLP_HIDDEN = 200, RNN_HIDDEN = 128 };

static ore_module *bigram_new(void *net) {
    small_net *n = net;
    ore_module_init(&n->root, NULL, NULL);
    ore_embedding_init(&n->wte, &n->root, "wte", V, V, NULL);
    return &n->root;
}

static ore_module *bag_new(void *net) {
    small_net *n = net;
    ore_module_init(&n->root, NULL, NULL);
    ore_embedding_init(&n->wte, &n->root, "wte", V, E, NULL);
    ore_embedding_init(&n->wpe, &n->root, "wpe", T, E, NULL);
    ore_linear_init(&n->up, &n->root, "up", E, BAG_HIDDEN, NULL);
    ore_linear_init(&n->down, &n->root, "down", BAG_HIDDEN, E, NULL);
    ore_linear_init(&n->head, &n->root, "head", E, V, NULL);
    return &n->root;
}

static ore_module *mlp_new(void *net) {
    small_net *n = net;
    ore_module_init(&n->root, NULL, NULL);
    ore_embedding_init(&n->wte, &n->root, "wte", V, E, NULL);
    ore_linear_init(&n->up, &n->root, "up", NEAR * E, MLP_HIDDEN, NULL);
    ore_linear_init(&n->head, &n->root, "head", MLP_HIDDEN, V, NULL);
    return &n->root;
}

static ore_module *recurrent_new(void *net, const model_family *family) {
    rnn_config c = {.n_layer = 1, .n_embd = E, .n_hidden = RNN_HIDDEN, .block_size = T};
    c.vocab_size = V;
    rnn_init(net, family, &c, NULL);
    return &((rnn *)net)->module;
}

static ore_module *rnn_new(void *net) {
    return recurrent_new(net, &rnn_family);
}
static ore_module *lstm_new(void *net) {
    return recurrent_new(net, &lstm_family);
}
static ore_module *gru_new(void *net) {
    return recurrent_new(net, &gru_family);
}

static ore_module *transformer_new(void *net) {
    gpt_config c = gpt_defaults();
    c.block_size = T;
    c.vocab_size = V;
    gpt_init(net, &c, NULL);
    return &((gpt *)net)->module;
}

static void small_free(void *net) {
    ore_module_free(&((small_net *)net)->root);
}
static void recurrent_free(void *net) {
    rnn_free(net);
}
static void transformer_free(void *net) {
    gpt_free(net);
}

/* Rates that AdamW begins with; they fall to 0 in a straight line. */
typedef struct contestant {
    const char *name, *sees;
    double lr;
    ore_module *(*make)(void *net);
    ore_tensor *(*logits)(void *net, ore_tensor *ids); /* (B, T) -> (B, T, V) */
    void (*release)(void *net);
} contestant;

static const contestant contestants[] = {
    {"bigram", "the last letter: a table of pairs", 0.05, bigram_new, bigram_logits, small_free},
    {"bag", "the mean of all letters so far, and the last", 0.003, bag_new, bag_logits, small_free},
    {"mlp", "the last 3, side by side", 0.003, mlp_new, mlp_logits, small_free},
    {"rnn", "what a state of 128 tanh units has kept", 0.003, rnn_new, rnn_logits, recurrent_free},
    {"lstm", "the same, with gates", 0.003, lstm_new, rnn_logits, recurrent_free},
    {"gru", "the same, with fewer gates", 0.003, gru_new, rnn_logits, recurrent_free},
    {"transformer", "all letters so far: 4 blocks of attention", 0.002, transformer_new, gpt_logits,
     transformer_free},
};
enum { CONTESTANTS = sizeof contestants / sizeof *contestants, TRANSFORMER = CONTESTANTS - 1 };

typedef union any_net {
    small_net small;
    rnn rnn;
    gpt gpt;
} any_net;

/* ---- training and asking ---- */

typedef struct outcome {
    double parameters, train, unseen, seconds;
    char names[256];
} outcome;

/* The mean loss of a letter in some rows. */
static ore_tensor *loss_of(const contestant *c, void *net, const rows_of_names *rows) {
    ore_tensor *logits = c->logits(net, rows->x);
    return ore_cross_entropy(ore_flatten(logits, 0, 1), ore_flatten(rows->y, 0, 1), NULL);
}

static double step(const contestant *c, void *net, ore_optimizer *o, const rows_of_names *rows,
                   ore_generator *g) {
    ore_scope_begin();
    ore_tensor *at = ore_randint(0, rows->count, ORE_SHAPE(BATCH), ORE_INT64, g);
    rows_of_names batch = rows_at(rows, at);
    ore_tensor *loss = loss_of(c, net, &batch);
    ore_optimizer_zero_grad(o);
    ore_backward(loss);
    ore_optimizer_step(o);
    double value = loss && ore_ok() ? ore_item(loss) : 0;
    ore_scope_end();
    return value;
}

/* Over at most `max` rows, weighed by their letters. */
static double mean_loss(const contestant *c, void *net, const rows_of_names *rows, int64_t max) {
    double sum = 0, letters = 0;
    int64_t count = rows->count < max ? rows->count : max;
    ore_no_grad_begin();
    for (int64_t i = 0; i < count && ore_ok(); i += 4 * BATCH) {
        int64_t n = count - i < 4 * BATCH ? count - i : 4 * BATCH;
        ore_scope_begin();
        rows_of_names some = rows_at(rows, ore_arange((double)i, (double)(i + n), 1, ORE_INT64));
        double here = (double)ore_item_int(ore_sum(some.lengths, ORE_ALL, false));
        sum += here * ore_item(loss_of(c, net, &some));
        letters += here;
        ore_scope_end();
    }
    ore_no_grad_end();
    return sum / letters;
}

/* Writes new names, letter by letter. */
static void write_names(const contestant *c, void *net, char *text, size_t bytes) {
    ore_generator *g = ore_generator_new(SEED);
    size_t used = 0;
    ore_no_grad_begin();
    for (int k = 0; k < 5 && ore_ok(); k++) {
        int64_t ids[T + 1] = {0}, n = 1, id = 1;
        for (; n <= T && id > 0 && used + 3 < bytes; n++) {
            ore_scope_begin();
            ore_tensor *x = ore_from_data(ids, ORE_SHAPE(1, n), ORE_INT64);
            ore_tensor *last = ore_select(c->logits(net, x), 1, -1); /* (1, V) */
            id = ore_sample_token(ore_select(last, 0, 0), NULL, g);
            ids[n < T ? n : T] = id;
            ore_scope_end();
            if (id > 0)
                text[used++] = names_letter(id);
        }
        text[used++] = ' ';
    }
    text[used ? used - 1 : 0] = '\0';
    ore_no_grad_end();
    ore_generator_free(g);
}

static void train(lab *l, const contestant *c, const rows_of_names *learnt,
                  const rows_of_names *unseen, double *losses, int64_t steps, outcome *out) {
    static any_net net;
    memset(&net, 0, sizeof net);
    ore_manual_seed(SEED);
    ore_module *root = c->make(&net);
    ore_generator *g = ore_generator_new(SEED);
    ore_adamw_options options = ore_adamw_defaults();
    options.lr = c->lr;
    ore_optimizer *o = ore_ok() ? ore_adamw_new(root, &options) : NULL;
    double began = ore_clock_s();
    for (int64_t i = 0; i < steps && ore_ok(); i++) {
        ore_optimizer_set_lr(o, 0, c->lr * (1 - (double)i / (double)steps));
        losses[i] = step(c, &net, o, learnt, g);
        lab_progress(l, c->name, i + 1, steps, losses[i]);
    }
    out->seconds = ore_clock_s() - began;
    if (ore_ok()) {
        ore_module_eval(root);
        out->parameters = (double)ore_module_parameter_count(root, false);
        int64_t rows = lab_quick(l) ? QUICK_ROWS : unseen->count;
        out->train = mean_loss(c, &net, learnt, rows);
        out->unseen = mean_loss(c, &net, unseen, rows);
        write_names(c, &net, out->names, sizeof out->names);
    }
    ore_optimizer_free(o);
    ore_generator_free(g);
    c->release(&net);
}

/* ---- the comparison ---- */

static void show_contestants(lab *l) {
    char text[1024];
    size_t used = 0;
    for (int i = 0; i < CONTESTANTS; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%-12s %s\n", contestants[i].name,
                                 contestants[i].sees);
    lab_show(l, text);
}

static void show_table(lab *l, const outcome *o) {
    char text[4096];
    size_t used = (size_t)snprintf(text, sizeof text, "%-12s %10s %8s %8s %8s  names\n", "model",
                                   "parameters", "train", "unseen", "seconds");
    for (int i = 0; i < CONTESTANTS; i++)
        used +=
            (size_t)snprintf(text + used, sizeof text - used,
                             "%-12s %10.0f %8.4f %8.4f %8.1f  %.60s\n", contestants[i].name,
                             o[i].parameters, o[i].train, o[i].unseen, o[i].seconds, o[i].names);
    lab_show(l, text);
}

static void draw_losses(lab *l, const outcome *o) {
    double x[CONTESTANTS], y[CONTESTANTS];
    const char *names[CONTESTANTS];
    for (int i = 0; i < CONTESTANTS; i++) {
        x[i] = o[i].parameters;
        y[i] = o[i].unseen;
        names[i] = contestants[i].name;
    }
    ore_figure *f = picture_new("Seven models of names", "parameters", "loss on unseen names");
    ore_plot_log_axes(f, true, false);
    ore_plot_x_range(f, 500, 500000);
    ore_plot_scatter(f, x, y, CONTESTANTS, names, NULL, NULL);
    lab_picture(l, f, "losses",
                "What keeps more of a name predicts its next letter better; among those that keep "
                "all of it, size does not decide.");
}

/* What must hold of the published names, after the whole training. */
static void expect(lab *l, const outcome *o) {
    for (int i = 0; i < CONTESTANTS; i++)
        lab_note(l, contestants[i].name, o[i].unseen);
    if (lab_quick(l) || !lab_published(l))
        return;
    lab_expect(l, o[0].unseen > 2.44 && o[0].unseen < 2.46,
               "the bigram's loss on unseen names is 2.45 within 0.01: %.4f", o[0].unseen);
    lab_expect(l, o[TRANSFORMER].unseen <= 2.05,
               "the transformer's loss on unseen names is at most 2.05: %.4f",
               o[TRANSFORMER].unseen);
}

ore_status lecture_makemore(lab *l) {
    rows_of_names learnt = {.count = 0}, unseen = learnt;
    outcome outcomes[CONTESTANTS] = {{0}};
    int64_t steps = lab_quick(l) ? QUICK_STEPS : STEPS;
    double *losses = calloc((size_t)steps, sizeof *losses);
    if (!losses)
        return ore_fail(ORE_MEMORY, "out of memory");
    ore_scope_begin();
    lab_heading(l, "Seven ways to write a name");
    lab_say(l,
            "Each model predicts the next letter of a name from those before it, and learns from "
            "the same nine tenths of the names, %lld steps of %d names each; the other tenth says "
            "how well. They differ in what they see of the letters before:",
            (long long)steps, BATCH);
    show_contestants(l);
    load(l, &learnt, &unseen);
    ore_figure *f = picture_new("Seven models learn names", "step",
                                "log10 of the loss (nats), mean of 2% of the steps");
    for (int i = 0; i < CONTESTANTS && ore_ok(); i++) {
        train(l, &contestants[i], &learnt, &unseen, losses, steps, &outcomes[i]);
        picture_losses(f, losses, steps, steps / 50 > 0 ? steps / 50 : 1, contestants[i].name);
    }
    show_table(l, outcomes);
    lab_picture(l, f, "training", "The losses of training; rates fall to 0 at the end.");
    draw_losses(l, outcomes);
    expect(l, outcomes);
    rows_free(&learnt);
    rows_free(&unseen);
    ore_scope_end();
    free(losses);
    return ore_error_status();
}
