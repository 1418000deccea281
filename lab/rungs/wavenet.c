/* wavenet.c: the fifth lecture: a longer context, joined step by step. One hidden layer over eight
 * letters at once mixes them too soon; here two neighbours at a time are joined, in a tree (A. van
 * den Oord et al., "WaveNet: a generative model for raw audio", 2016). */
#include <stdio.h>
#include <string.h>

#include "lab/frame/layers.h"
#include "lab/frame/names.h"
#include "lab/frame/pictures.h"

enum { BLOCK = 8, SEED = 42 };

/* ---- the models ---- */

typedef struct shape_of_model {
    const char *what;
    int64_t block, dim, hidden;
    bool tree;         /* join 2 letters three times, not all at once */
    bool per_position; /* batch norm with statistics for each position: the lecture's mistake */
} shape_of_model;

static const shape_of_model models[] = {
    {"3 letters at once, 12K", 3, 10, 200, false, false},
    {"8 letters at once, 22K", 8, 10, 200, false, false},
    {"tree, 22K, norm per position", 8, 10, 68, true, true},
    {"tree, 22K", 8, 10, 68, true, false},
    {"tree, 76K", 8, 24, 128, true, false},
};
enum { MODELS = sizeof models / sizeof *models, LARGEST = MODELS - 1 };

/* Everything is drawn from the default generator, seeded here. */
static void init(stack *s, const shape_of_model *m) {
    int64_t joined = m->tree ? 2 : m->block, width = m->dim;
    ore_manual_seed(SEED);
    stack_init(s);
    stack_embedding(s, NAMES_LETTERS, m->dim, NULL); /* (B, 8, dim) */
    for (int64_t T = m->block; T > 1; T /= joined) { /* (B, T, width) */
        stack_join(s, joined);                       /* (B, T / 2, 2 width) */
        stack_linear(s, joined * width, m->hidden, false, NULL);
        lecture_norm *norm = stack_norm(s, m->hidden);
        if (norm)
            norm->per_position = m->per_position;
        stack_tanh(s); /* (B, T / 2, hidden), (B, hidden) in the end */
        width = m->hidden;
    }
    lecture_linear *last = stack_linear(s, m->hidden, NAMES_LETTERS, true, NULL);
    ore_no_grad_begin();
    if (last)
        ore_mul_scalar_(last->weight, 0.1); /* letters are about equally likely at first */
    ore_no_grad_end();
}

/* ---- shapes ---- */

static void show_shapes(lab *l, const names_data *data) {
    static stack s;
    char text[2048];
    size_t used = 0;
    init(&s, &models[LARGEST]);
    lab_heading(l, "A tree of contexts");
    lab_say(l, "`join` reads two neighbours as one vector twice as long, a view like that of the "
               "whole context in the second lecture: (B, 8, 24) becomes (B, 4, 48). A linear layer "
               "works on the last dim, whatever stands before it. Four examples on their way:");
    ore_tensor *x = ore_narrow(data->train.x, 0, 0, 4); /* (4, 8) */
    for (const ore_module *m = s.module.first_child; m && x; m = m->next_sibling) {
        char shape[ORE_SHAPE_TEXT];
        x = ore_module_forward(m, x);
        used += (size_t)snprintf(text + used, sizeof text - used, "%-11s %s\n", m->kind,
                                 x ? ore_shape_text(ore_shape_of(x), shape) : "");
    }
    lab_show(l, text);
    lab_value(l, "p5.params", (double)ore_module_parameter_count(&s.module, false));
    lab_say(l, "Batch norm must average over the batch and over the positions, dims 0 and 1 of (B, "
               "T, C): a channel means the same wherever it stands. Over dim 0 alone it runs too, "
               "with statistics (1, T, C) from fewer numbers each, and is a little worse: that was "
               "the lecture's mistake, and the third model below.");
    ore_module_free(&s.module);
}

/* ---- the same as convolutions ---- */

/* An edge from a node of one level to one above it. */
static void edge(ore_figure *f, int from, int to, int level, const char *color, double width) {
    const double x[] = {from, to}, y[] = {level, level + 1};
    ore_plot_line(f, x, y, 2, NULL, &(ore_plot_style){.color = color, .width = width});
}

static void nodes(ore_figure *f, int level, int from, int to, int step, const char *color) {
    double x[32], y[32];
    int64_t n = 0;
    for (int i = from; i < to; i += step, n++) {
        x[n] = i;
        y[n] = level;
    }
    ore_plot_scatter(f, x, y, n, NULL, NULL, &(ore_plot_style){.color = color, .marker_size = 11});
}

/* Draws, on the left, the tree over one context, and on the right the convolutions over 16 letters,
 * in which the same tree is marked. */
static void draw_fields(lab *l) {
    static const char *const gray = "#c8c8c8", *const blue = "#0072b2", *const red = "#d55e00";
    enum { LETTERS = 16, LAST = LETTERS - 1 };
    ore_figure_options o = ore_figure_defaults();
    o.cols = 2;
    o.height_px = 420;
    ore_figure *f = ore_figure_new(&o);
    for (int col = 0; col < 2; col++) {
        ore_figure_panel(f, 0, col);
        ore_plot_title(f, col ? "Convolutions of dilation 1, 2, 4" : "The tree of one context");
        ore_plot_labels(f, "letter of the text", "level");
        ore_plot_x_range(f, -1, LETTERS);
        ore_plot_y_range(f, -1, 4);
        for (int level = 0; level < 3 && col; level++)
            for (int i = 2 * (1 << level) - 1; i < LETTERS; i++) {
                edge(f, i - (1 << level), i, level, gray, 1);
                edge(f, i, i, level, gray, 1);
            }
        for (int level = 0; level < 3; level++)
            for (int i = LAST; i > LAST - BLOCK; i -= 2 << level) {
                edge(f, i - (1 << level), i, level, blue, 2.5);
                edge(f, i, i, level, blue, 2.5);
            }
        for (int level = 0; level <= 3; level++) {
            if (col)
                nodes(f, level, (1 << level) - 1, LETTERS, 1, "#8c8c8c");
            nodes(f, level, LAST - BLOCK + (1 << level), LETTERS, 1 << level, blue);
        }
        nodes(f, 3, LAST, LETTERS, 1, red);
    }
    lab_picture(l, f, "fields",
                "The output at the right (red) sees 8 letters. The convolutions hold that tree and "
                "those of all the letters before, and compute each node once.");
}

/* Batch norm in evaluation mode over (1, C, T): as in convolutions, channels are the second dim. */
static ore_tensor *norm_channels(const lecture_norm *n, ore_tensor *x) {
    int64_t C = ore_numel(n->gamma);
    ore_tensor *parts[] = {n->running_mean, n->running_var, n->gamma, n->beta};
    for (int i = 0; i < 4; i++)
        parts[i] = ore_reshape(parts[i], ORE_SHAPE(1, C, 1));
    ore_tensor *std = ore_sqrt(ore_add_scalar(parts[1], n->eps));
    return ore_add(ore_mul(ore_div(ore_sub(x, parts[0]), std), parts[2]), parts[3]);
}

/* The tree as convolutions: letters (T) -> logits (T - 7, 27), one row for each context of 8. The
 * linear layer on two joined neighbours, W (2 C, O), is a convolution with a kernel of 2, whose
 * weight (O, C, 2) has rows k C .. k C + C - 1 of W at [..][..][k]. On each level neighbours are
 * twice as far apart as on the one before: dilations 1, 2, 4. */
static ore_tensor *convolve(const stack *s, ore_tensor *letters) {
    ore_f_conv1d_options o = ore_f_conv1d_defaults();
    ore_tensor *x = ore_embedding_forward(&s->layers[0].embedding, letters); /* (T, C) */
    x = ore_unsqueeze(ore_t(x), 0);                                          /* (1, C, T) */
    for (int level = 0; level < 3; level++) {
        const lecture_linear *linear = &s->layers[4 * level + 2].linear;
        int64_t C = ore_size(linear->weight, 0) / 2, O = ore_size(linear->weight, 1);
        ore_tensor *taps = ore_view(linear->weight, ORE_SHAPE(2, C, O));
        o.dilation = 1 << level;
        x = ore_f_conv1d(x, ore_contiguous(ore_permute(taps, ORE_DIMS(2, 1, 0))), NULL, &o);
        x = ore_tanh(norm_channels(&s->layers[4 * level + 3].norm, x)); /* (1, O, fewer) */
    }
    const lecture_linear *last = &s->layers[13].linear;
    return ore_add(ore_matmul(ore_t(ore_select(x, 0, 0)), last->weight), last->bias);
}

/* Compares both ways on the training examples of the first words. Their contexts are those of one
 * text in which 8 dots precede each word. */
static void show_convolution(lab *l, const stack *s, const names_data *data) {
    enum { WORDS = 5, MAX_LETTERS = 64 };
    int64_t letters[BLOCK + MAX_LETTERS], n = 0;
    const int64_t *y = ore_data(data->train.y);
    double largest = 0;
    lab_heading(l, "The same as dilated causal convolutions");
    lab_say(l,
            "For the next letter's context the tree starts anew, though half of its work is "
            "done already. A convolution slides each layer over the whole word instead and keeps "
            "what neighbouring contexts share: two taps, 1, 2 and 4 letters apart (dilation), "
            "never ahead of the letter they predict from (causal).");
    ore_no_grad_begin();
    for (int w = 0; w < WORDS && y; w++) {
        int64_t first = n, length = 0;
        memset(letters, 0, sizeof letters);
        for (; y[n] != 0 && length < MAX_LETTERS; n++)
            letters[BLOCK + length++] = y[n];
        if (y[n++] != 0)
            break; /* a longer word does not fit the array, and is not compared */
        ore_tensor *text = ore_from_data(letters, ORE_SHAPE(BLOCK + length), ORE_INT64);
        ore_tensor *all = convolve(s, text); /* (length + 1, 27) */
        ore_tensor *contexts = ore_narrow(data->train.x, 0, first, length + 1);
        ore_tensor *tree = ore_module_forward(&s->module, contexts);
        double off = ore_item(ore_amax(ore_abs(ore_sub(all, tree)), ORE_ALL, false));
        largest = off > largest ? off : largest;
    }
    ore_no_grad_end();
    lab_expect(l, largest < 1e-4, "tree and convolutions agree on %d words (within %.1e)", WORDS,
               largest);
    draw_fields(l);
}

/* ---- training ---- */

static void report_largest(lab *l, const stack *s, const names_run *run, const double *losses) {
    double ckpt[20];
    char text[512];
    for (int i = 0; i < 20; i++)
        ckpt[i] = run->losses[i * (run->steps / 20)];
    lab_values(l, "p5.ckpt", ckpt, 20);
    lab_value(l, "p5.train", losses[0]);
    lab_value(l, "p5.val", losses[1]);
    names_sample(&s->module, BLOCK, 20, NULL, text, sizeof text); /* same generator as before */
    lab_text(l, "p5.names", text);
}

static void train_all(lab *l, const names_data *three, const names_data *eight) {
    static stack s;
    int64_t steps = lab_quick(l) ? 200 : 200000;
    double log[2 * MODELS]; /* training losses, then validation losses */
    ore_figure *f = picture_new("Longer contexts, deeper trees", "step",
                                "log10 of the loss (nats), mean of 2% of the steps");
    lab_heading(l,
                lab_quick(l) ? "Five models, the first steps" : "Five models, 200,000 steps each");
    for (int i = 0; i < MODELS && ore_ok(); i++) {
        const shape_of_model *m = &models[i];
        const names_data *data = m->block == 3 ? three : eight;
        init(&s, m);
        names_run run = {m->what, &s.module, &data->train, steps, steps * 3 / 4, NULL, NULL, 0};
        if (names_train(l, &run) == ORE_OK)
            picture_losses(f, run.losses, steps, steps / 50, m->what);
        ore_module_eval(&s.module);
        double losses[] = {names_rough_loss(l, &s.module, &data->train),
                           names_rough_loss(l, &s.module, &data->dev)};
        log[i] = losses[0];
        log[MODELS + i] = losses[1];
        lab_say(l, "%s: train %.4f, validation %.4f; %.0f microseconds a step", m->what, losses[0],
                losses[1], run.us);
        if (i == LARGEST && !lab_quick(l))
            report_largest(l, &s, &run, losses);
        if (i == LARGEST)
            show_convolution(l, &s, eight);
        names_run_free(&run);
        ore_module_free(&s.module);
    }
    if (!lab_quick(l))
        lab_values(l, "p5.log", log, 2 * MODELS);
    lab_picture(l, f, "losses",
                "Five more letters of context help most; the tree makes better use of as many "
                "parameters, and more parameters of the tree.");
}

/* ---- the lecture ---- */

ore_status lecture_wavenet(lab *l) {
    names_data three, eight = {0};
    char text[512];
    ore_scope_begin();
    if (names_load(l, &three, 3, 1) == ORE_OK && names_load(l, &eight, BLOCK, 1) == ORE_OK) {
        lab_heading(l, "Eight letters of context");
        lab_say(l, "The perceptron joins three letters at once. With eight it knows far more of a "
                   "name, but one layer would have to make sense of all of them in one go.");
        names_examples(&eight.train, 0, 20, text, sizeof text);
        names_report_sizes(l, "p5.sizes", &eight);
        lab_text(l, "p5.examples", text);
        show_shapes(l, &eight);
        train_all(l, &three, &eight);
    }
    names_free(&three);
    names_free(&eight);
    ore_scope_end();
    return ore_error_status();
}
