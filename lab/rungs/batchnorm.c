/* batchnorm.c: the third lecture: what activations and gradients must look like for a network to
 * learn, how initial weights are scaled for that, and batch norm, which ensures it at every step
 * (S. Ioffe, C. Szegedy, "Batch normalization", ICML 2015; K. He et al., ICCV 2015).
 *
 * The six-layer network at the end is in lab/frame/deep_net.c. */
#include <math.h>
#include <stdio.h>

#include "lab/frame/char_mlp.h"
#include "lab/frame/deep_net.h"
#include "lab/frame/names.h"
#include "lab/frame/pictures.h"

enum { DIM = 10, HIDDEN = 200 };
static const uint64_t SEED = 2147483647;

/* ---- five ways to start ---- */

/* Kaiming's rule for tanh: (5/3) / sqrt(fan_in), with a fan_in of 3 letters of 10 numbers each */
#define KAIMING (5.0 / 3 / 5.477225575051661)

static const struct {
    const char *row, *what;
    char_mlp_scales scales;
    bool norm;
} recipes[] = {
    {"p3.log.original", "plain weights", {1, 1, 1, 1}, false},
    {"p3.log.tanh", "smaller weights", {0.2, 0.01, 0.01, 0}, false},
    {"p3.log.kaiming", "Kaiming's W1", {KAIMING, 0.01, 0.01, 0}, false},
    {"p3.log.bn", "batch norm and b1", {KAIMING, 0.01, 0.01, 0}, true},
    {NULL, "batch norm", {KAIMING, 0, 0.01, 0}, true},
};
enum { RECIPES = sizeof recipes / sizeof *recipes, BATCH_NORM = RECIPES - 1 };

/* ---- the first loss, and saturated units ---- */

/* Draws which of 200 units are saturated, |h| > 0.99, by which of 32 examples, in white; and the
 * distributions of the inputs and the outputs of tanh. */
static void draw_saturation(lab *l, char_mlp *m, ore_figure *maps, ore_figure *values, int row,
                            const char *what, ore_tensor *x) {
    char title[64];
    ore_no_grad_begin();
    ore_tensor *before = char_mlp_hidden(m, x), *h = ore_tanh(before); /* (32, 200) */
    ore_tensor *stuck = ore_to(ore_gt(ore_abs(h), ore_scalar(0.99, ORE_FLOAT32)), ORE_FLOAT32);
    ore_no_grad_end();
    ore_heatmap_options o = ore_heatmap_defaults();
    o.colormap = ORE_COLORMAP_GRAY;
    o.colorbar = o.axes = false;
    snprintf(title, sizeof title, "%s: |h| > 0.99 is white", what);
    ore_figure_panel(maps, row, 0);
    ore_plot_title(maps, title);
    ore_plot_labels(maps, "200 hidden units", "32 examples");
    picture_matrix(maps, stuck, o);
    for (int col = 0; col < 2; col++) {
        ore_figure_panel(values, row, col);
        ore_plot_title(values, what);
        ore_plot_labels(values, col ? "out of tanh" : "into tanh", "density");
        picture_distribution(values, col ? h : before, col ? -1 : -15, col ? 1 : 15, 40, NULL);
    }
    snprintf(title, sizeof title, "share of |h| > 0.99, %s", what);
    lab_note(l, title, ore_item(ore_mean(stuck, ORE_ALL, false)));
}

/* Draws, for each unit, the fraction of 5,000 examples that saturate it, in 8 rows of 25 units. */
static void draw_dead(lab *l, char_mlp *m, ore_figure *f, int col, const char *what,
                      ore_tensor *x) {
    char name[64];
    ore_no_grad_begin();
    ore_tensor *h = ore_abs(ore_tanh(char_mlp_hidden(m, x))); /* (5000, 200) */
    ore_tensor *stuck = ore_to(ore_gt(h, ore_scalar(0.99, ORE_FLOAT32)), ORE_FLOAT32);
    ore_tensor *share = ore_mean(stuck, ORE_DIMS(0), false); /* (200) */
    ore_no_grad_end();
    ore_heatmap_options o = ore_heatmap_defaults();
    o.low = 0;
    o.high = 1;
    o.axes = false;
    ore_figure_panel(f, 0, col);
    ore_plot_title(f, what);
    ore_plot_labels(f, "25 units in each of 8 rows", NULL);
    picture_matrix(f, ore_view(share, ORE_SHAPE(8, HIDDEN / 8)), o);
    snprintf(name, sizeof name, "most saturated unit's share, %s", what);
    lab_note(l, name, ore_item(ore_amax(share, ORE_ALL, false)));
}

static void show_saturation(lab *l, const names_data *data) {
    ore_figure_options o = ore_figure_defaults();
    lab_heading(l, "The loss before the first step, and units that are stuck");
    lab_say(l,
            "Knowing nothing costs -log(1/27) = %.4f. Logits of N(0, 1) weights are far from "
            "equal, so the first steps only take them back: make W2 small and b2 zero. The "
            "derivative of tanh is 1 - tanh^2: where |h| is near 1 no gradient gets through.",
            log(27));
    o.rows = 2;
    ore_figure *maps = ore_figure_new(&o);
    o.cols = 2;
    ore_figure *values = ore_figure_new(&o);
    o.rows = 1;
    o.height_px = 360;
    o.title = "Share of 5,000 examples that saturate each hidden unit";
    ore_figure *dead = ore_figure_new(&o);
    for (int i = 0; i < 2; i++) {
        char_mlp m;
        ore_generator *g = ore_generator_new(SEED);
        char_mlp_init(&m, DIM, HIDDEN, recipes[i].scales, recipes[i].norm, g);
        double first = names_rough_loss(l, &m.module, &data->dev);
        draw_saturation(l, &m, maps, values, i, recipes[i].what, names_first(&data->train, 32).x);
        draw_dead(l, &m, dead, i, recipes[i].what, names_first(&data->train, 5000).x);
        lab_note(l, i ? "first loss, smaller weights" : "first loss, plain weights", first);
        ore_module_free(&m.module);
        ore_generator_free(g);
    }
    lab_picture(l, maps, "saturated",
                "White: a unit so far out on the flat of tanh that this example gives its weights "
                "almost no gradient. A column all white would be a dead unit.");
    lab_picture(l, values, "tanh",
                "Numbers as large as 15 go into tanh and come out as -1 or 1; "
                "with smaller weights they use the slope.");
    lab_picture(l, dead, "dead",
                "A unit at 1 would be dead: no example could move it. With plain weights most "
                "units are saturated by more than half of the examples.");
}

/* ---- depth ---- */

enum { DEPTH = 12, WIDTH = 256 };

/* Draws the standard deviation after each of DEPTH layers, whose weights are N(0, 1) gain /
 * sqrt(WIDTH). */
static void draw_depth(ore_figure *f, bool tanh_after, double gain, const char *label) {
    double stds[DEPTH + 1];
    ore_generator *g = ore_generator_new(SEED);
    ore_tensor *x = ore_randn(ORE_SHAPE(WIDTH, WIDTH), ORE_FLOAT32, g);
    for (int i = 0; i <= DEPTH; i++) {
        stds[i] = ore_item(ore_std(x, ORE_ALL, 1, false));
        ore_tensor *w = ore_randn(ORE_SHAPE(WIDTH, WIDTH), ORE_FLOAT32, g);
        x = ore_matmul(x, ore_mul_scalar_(w, gain / sqrt(WIDTH)));
        x = tanh_after ? ore_tanh(x) : x;
    }
    ore_plot_line(f, NULL, stds, DEPTH + 1, label, &(ore_plot_style){.marker = ORE_MARKER_DISC});
    ore_generator_free(g);
}

static void show_depth(lab *l) {
    lab_heading(l, "Kaiming's gains: neither vanishing nor exploding");
    lab_say(l,
            "A sum of n products of N(0, 1) numbers has deviation sqrt(n), so weights are "
            "divided by it. What follows changes the deviation again, and the gain makes up for "
            "it: linear %.4g, relu %.4g, tanh %.4g.",
            ore_calculate_gain(ORE_GAIN_LINEAR, 0), ore_calculate_gain(ORE_GAIN_RELU, 0),
            ore_calculate_gain(ORE_GAIN_TANH, 0));
    ore_figure *f = picture_new("Deviation of the activations through 12 layers", "layer",
                                "standard deviation");
    ore_plot_log_axes(f, false, true);
    draw_depth(f, false, 1, "linear, gain 1");
    draw_depth(f, false, 2, "linear, gain 2");
    draw_depth(f, false, 0.5, "linear, gain 0.5");
    draw_depth(f, true, 1, "tanh, gain 1");
    draw_depth(f, true, 5.0 / 3, "tanh, gain 5/3");
    draw_depth(f, true, 3, "tanh, gain 3");
    ore_plot_legend(f, ORE_LEGEND_OUTSIDE);
    lab_picture(l, f, "depth",
                "A factor off by 2 grows to 2^12 in 12 linear layers. tanh squeezes, so gain 1 "
                "fades and 5/3 settles; gain 3 looks alive and is saturated.");
}

/* ---- batch norm ---- */

/* Shows that with batch norm a unit's output for an example depends on the other examples of the
 * batch. */
static void show_coupling(lab *l, char_mlp *m, const names_data *data) {
    ore_no_grad_begin();
    ore_tensor *h = char_mlp_hidden(m, ore_narrow(data->train.x, 0, 0, 33)); /* (33, 200) */
    ore_tensor *a = ore_narrow(h, 0, 0, 32),
               *b = ore_narrow(h, 0, 1, 32); /* both hold rows 1..31 */
    ore_tensor *na =
        ore_narrow(ore_batch_norm(a, NULL, NULL, NULL, NULL, true, 0.1, 1e-5), 0, 1, 31);
    ore_tensor *nb =
        ore_narrow(ore_batch_norm(b, NULL, NULL, NULL, NULL, true, 0.1, 1e-5), 0, 0, 31);
    ore_shape row = ORE_SHAPE(HIDDEN);
    ore_tensor *la = ore_narrow(ore_f_layer_norm(a, row, NULL, NULL, 1e-5), 0, 1, 31);
    ore_tensor *lb = ore_narrow(ore_f_layer_norm(b, row, NULL, NULL, 1e-5), 0, 0, 31);
    double moved = ore_item(ore_amax(ore_abs(ore_sub(na, nb)), ORE_ALL, false));
    ore_no_grad_end();
    lab_say(l,
            "Batch norm averages down the batch, dim 0 of (32, 200): 200 means. Layer norm "
            "averages across the units, dim 1: 32 means, and so needs neither a batch nor running "
            "values. With batch norm an example's result depends on its neighbours, a noise that "
            "happens to regularise.");
    lab_expect(l, moved > 0, "one neighbour exchanged: batch norm of the others moves (by %.3f)",
               moved);
    lab_expect(l, ore_allclose(la, lb, 0, 0, false), "layer norm of the others does not move");
}

/* Replaces the running mean and deviation by those over all training examples at once. */
static void calibrate(lab *l, char_mlp *m, const names_data *data) {
    ore_no_grad_begin();
    ore_tensor *h = char_mlp_hidden(m, data->train.x); /* (N, 200) */
    ore_tensor *mean = ore_mean(h, ORE_DIMS(0), true), *std = ore_std(h, ORE_DIMS(0), 1, true);
    double off = ore_item(ore_amax(ore_abs(ore_sub(mean, m->running_mean)), ORE_ALL, false));
    lab_note(l, "largest |running mean - mean over all examples|", off);
    ore_copy_(m->running_mean, mean);
    ore_copy_(m->running_std, std);
    ore_no_grad_end();
    lab_note(l, "validation loss with calibrated statistics",
             names_rough_loss(l, &m->module, &data->dev));
}

static void report_batches(lab *l, const names_run *run) {
    static const int64_t early[] = {0, 1, 2, 10, 100, 1000, 10000};
    double first[7], ckpt[20];
    for (int i = 0; i < 7; i++)
        first[i] = run->losses[early[i]];
    for (int i = 0; i < 20; i++)
        ckpt[i] = run->losses[i * 10000];
    lab_values(l, "p3.first", first, 7);
    lab_values(l, "p3.ckpt", ckpt, 20);
}

static void train_all(lab *l, const names_data *data) {
    ore_figure *f = picture_new("The same network, started in five ways", "step",
                                "log10 of the loss (nats), mean of 1% of the steps");
    int64_t steps = lab_quick(l) ? 500 : 200000;
    lab_heading(l, lab_quick(l) ? "The first steps, five times" : "200,000 steps, five times");
    for (int i = 0; i < RECIPES && ore_ok(); i++) {
        char_mlp m;
        ore_generator *g = ore_generator_new(SEED);
        char_mlp_init(&m, DIM, HIDDEN, recipes[i].scales, recipes[i].norm, g);
        names_run run = {recipes[i].what, &m.module, &data->train, steps, steps / 2, g, NULL, 0};
        if (names_train(l, &run) == ORE_OK)
            picture_losses(f, run.losses, steps, steps / 100, recipes[i].what);
        ore_module_eval(&m.module);
        double both[] = {names_rough_loss(l, &m.module, &data->train),
                         names_rough_loss(l, &m.module, &data->dev)};
        lab_say(l, "%s: train %.4f, validation %.4f; %.0f microseconds a step", recipes[i].what,
                both[0], both[1], run.us);
        if (recipes[i].row && !lab_quick(l))
            lab_values(l, recipes[i].row, both, 2);
        if (!recipes[i].row && !lab_quick(l)) {
            report_batches(l, &run);
            lab_value(l, "p3.train", both[0]);
            lab_value(l, "p3.val", both[1]);
        }
        if (!recipes[i].row) {
            lab_value(l, "p3.params", (double)ore_module_parameter_count(&m.module, false));
            show_coupling(l, &m, data);
            calibrate(l, &m, data);
        }
        names_run_free(&run);
        ore_module_free(&m.module);
        ore_generator_free(g);
    }
    lab_picture(l, f, "recipes",
                "A network this shallow learns either way; a good start saves the first thousands "
                "of steps, and the deeper one below would not forgive a bad one. Two pairs lie on "
                "each other: Kaiming's rule and the smaller weights, batch norm with and without "
                "b1, which it subtracts again.");
}

/* ---- the lecture ---- */

ore_status lecture_batchnorm(lab *l) {
    names_data data;
    ore_scope_begin();
    if (names_load(l, &data, CHAR_MLP_BLOCK, 1) == ORE_OK) {
        names_report_sizes(l, "p3.sizes", &data);
        show_saturation(l, &data);
        show_depth(l);
        train_all(l, &data);
        deep_net_show(l, &data);
    }
    names_free(&data);
    ore_scope_end();
    return ore_error_status();
}
