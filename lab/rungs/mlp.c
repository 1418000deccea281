/* mlp.c: the second lecture: a multilayer perceptron that predicts the next letter of a name from
 * the three before it (Y. Bengio, R. Ducharme, P. Vincent, C. Jauvin, "A neural probabilistic
 * language model", JMLR 3, 2003).
 *
 * Each letter becomes a vector, a row of a table C that is learned like any weight. The vectors of
 * the context, side by side, go through a hidden layer, and its outputs become 27 logits. */
#include <math.h>
#include <stdio.h>

#include "lab/frame/char_mlp.h"
#include "lab/frame/names.h"
#include "lab/frame/pictures.h"

enum { BLOCK = CHAR_MLP_BLOCK };
static const uint64_t SEED = 2147483647;
static const char_mlp_scales plain = {1, 1, 1, 1};

/* ---- contexts, embeddings, joining ---- */

static void show_embedding(lab *l) {
    lab_heading(l, "A table of vectors, looked up");
    ore_generator *g = ore_generator_new(SEED);
    ore_tensor *C = ore_randn(ORE_SHAPE(NAMES_LETTERS, 2), ORE_FLOAT32, g); /* (27, 2) */
    ore_tensor *five = ore_from_data((int64_t[]){5}, ORE_SHAPE(1), ORE_INT64);
    ore_tensor *row = ore_f_embedding(five, C, -1);                          /* (1, 2) */
    ore_tensor *hot = ore_to(ore_one_hot(five, NAMES_LETTERS), ORE_FLOAT32); /* (1, 27) */
    lab_say(l,
            "The vector of e, letter 5, is row 5 of C. A one-hot row times C gives the same: all "
            "but one product is zero. So an embedding is a linear layer whose input is one-hot; "
            "looking the row up only saves the multiplications.");
    lab_show_tensor(l, "C[5]", row);
    lab_expect(l, ore_allclose(row, ore_matmul(hot, C), 0, 0, false),
               "one_hot(5) @ C equals C[5] exactly");
    ore_generator_free(g);
}

static void show_joining(lab *l, ore_tensor *x) {
    lab_heading(l, "Three ways to join a context");
    ore_tensor *C = ore_randn(ORE_SHAPE(NAMES_LETTERS, 2), ORE_FLOAT32, NULL);
    ore_tensor *emb = ore_f_embedding(ore_narrow(x, 0, 0, 32), C, -1); /* (32, 3, 2) */
    ore_tensor *first = ore_select(emb, 1, 0), *second = ore_select(emb, 1, 1);
    ore_tensor *third = ore_select(emb, 1, 2);                               /* (32, 2) each */
    ore_tensor *cat = ore_cat((ore_tensor *[]){first, second, third}, 3, 1); /* (32, 6) */
    ore_tensor *parts[BLOCK];
    int n = ore_unbind(emb, 1, parts, BLOCK);
    ore_tensor *unbind = ore_cat(parts, n, 1);                  /* (32, 6), for any block */
    ore_tensor *view = ore_view(emb, ORE_SHAPE(32, 2 * BLOCK)); /* (32, 6) */
    lab_say(l,
            "`cat` of three slices names every position; `cat` of `unbind` works for any block; "
            "`view` only reads the same memory as rows of 6: the numbers of a context already lie "
            "side by side, so nothing is copied.");
    lab_expect(l, ore_allclose(cat, view, 0, 0, false) && ore_allclose(unbind, view, 0, 0, false),
               "the three give the same (32, 6)");
    lab_expect(l, ore_shares_storage(emb, view) && !ore_shares_storage(emb, cat),
               "view shares emb's storage, cat has memory of its own");
}

/* ---- the published start ---- */

static void show_start(lab *l) {
    lab_heading(l, "The first batch");
    names_data data;
    char_mlp m;
    ore_generator *g = ore_generator_new(SEED);
    double first[15];
    if (names_load(l, &data, BLOCK, 1) == ORE_OK) {
        char_mlp_init(&m, 10, 200, plain, false, g);
        const ore_tensor *p[] = {m.C, m.W1, m.b1, m.W2, m.b2};
        for (int i = 0; i < 15; i++)
            first[i] = ((const float *)ore_data(p[i / 3]))[i % 3];
        lab_values(l, "p2.init", first, 15);
        names_batch b = names_draw(&data.train, g);
        lab_tensor(l, "p2.init.batch", ore_narrow(b.indices, 0, 0, 8));
        names_part batch = {b.x, b.y, NAMES_BATCH};
        lab_value(l, "p2.init.batchloss", names_loss(&m.module, &batch));
        lab_value(l, "p2.init.devloss", names_loss(&m.module, &data.dev));
        lab_say(l, "27 letters guessed evenly would cost log 27 = 3.30. These weights are sure of "
                   "wrong letters; the next lecture mends that.");
        ore_module_free(&m.module);
    }
    names_free(&data);
    ore_generator_free(g);
}

/* ---- a learning rate ---- */

static void find_rate(lab *l, const names_data *data) {
    lab_heading(l, "How large a step");
    char_mlp m;
    ore_generator *g = ore_generator_new(SEED);
    char_mlp_init(&m, 10, 200, plain, false, g);
    ore_sgd_options so = ore_sgd_defaults();
    ore_optimizer *sgd = ore_sgd_new(&m.module, &so);
    ore_lr_finder_options o = ore_lr_finder_defaults();
    o.start_lr = 1e-3;
    o.end_lr = 1;
    o.steps = 1000;
    ore_lr_finder_result r = {0};
    names_run b = {.model = &m.module, .part = &data->train, .generator = g};
    if (ore_lr_finder(sgd, names_batch_loss, &b, &o, &r) == ORE_OK) {
        ore_figure *f = picture_new("Learning-rate finder: 1000 steps, each at a larger rate",
                                    "learning rate", "loss of the step's batch, nats");
        ore_plot_log_axes(f, true, false);
        ore_plot_style thin = {.width = 0.8, .color = "#9ecae1"};
        ore_plot_line(f, r.lrs, r.losses, r.count, "batch", &thin);
        ore_plot_line(f, r.lrs, r.smoothed, r.count, "smoothed", &(ore_plot_style){0});
        ore_plot_vline(f, 0.1, "0.1", NULL);
        lab_picture(l, f, "rate",
                    "Below 0.01 hardly anything moves; near 0.1 the loss is low and still steady; "
                    "towards 1 it becomes unstable.");
    }
    ore_lr_finder_result_free(&r);
    ore_optimizer_free(sgd);
    ore_module_free(&m.module);
    ore_generator_free(g);
}

/* ---- training ---- */

static int64_t steps_of(const lab *l, int64_t steps) {
    return lab_quick(l) ? steps / 100 : steps;
}

static void train_whole(lab *l, const names_data *data) {
    lab_heading(l, lab_quick(l) ? "The first steps" : "200,000 steps");
    char_mlp m;
    ore_generator *g = ore_generator_new(SEED);
    char_mlp_init(&m, 10, 200, plain, false, g);
    lab_value(l, "p2.params", (double)ore_module_parameter_count(&m.module, false));
    int64_t steps = steps_of(l, 200000);
    names_run run = {"mlp", &m.module, &data->train, steps, steps / 2, g, NULL, 0};
    if (names_train(l, &run) == ORE_OK) {
        ore_figure *f = picture_new("Training the MLP", "step",
                                    "log10 of the loss (nats), mean of 0.5% of the steps");
        picture_losses(f, run.losses, steps, steps / 200, NULL);
        ore_plot_vline(f, (double)steps / 2, "rate 0.1 to 0.01", NULL);
        lab_picture(l, f, "loss",
                    "A batch of 32 gives a noisy direction, but many rough steps beat few exact "
                    "ones. The smaller rate takes the noise out at the end.");
    }
    double train = names_rough_loss(l, &m.module, &data->train);
    double dev = names_rough_loss(l, &m.module, &data->dev);
    lab_say(l,
            "Loss %.4f on the training words, %.4f on words held back; %.0f microseconds a step.",
            train, dev, run.us);
    if (!lab_quick(l)) {
        char text[512];
        lab_value(l, "p2.train", train);
        lab_value(l, "p2.dev", dev);
        ore_generator_seed(g, SEED + 10);
        names_sample(&m.module, BLOCK, 20, g, text, sizeof text);
        lab_text(l, "p2.names", text);
    }
    names_run_free(&run);
    ore_module_free(&m.module);
    ore_generator_free(g);
}

/* ---- too small, too large ---- */

/* Trains on `part`, and draws its loss and that of the held-out words during training. */
static void draw_fit(lab *l, ore_figure *f, const names_data *data, const names_part *part,
                     int64_t hidden, const char *title) {
    enum { POINTS = 40 };
    char_mlp m;
    ore_generator *g = ore_generator_new(SEED);
    names_part seen = names_first(part, 5000), held = names_first(&data->dev, 5000);
    double x[POINTS + 1], train[POINTS + 1], dev[POINTS + 1];
    int64_t piece = steps_of(l, 40000) / POINTS;
    char_mlp_init(&m, 10, hidden, plain, false, g);
    ore_no_grad_begin();
    ore_mul_scalar_(m.W2, 0.01); /* starts near log 27, so that the curves are in view */
    ore_no_grad_end();
    for (int i = 0; i <= POINTS && ore_ok(); i++) {
        x[i] = (double)(i * piece);
        train[i] = names_loss(&m.module, &seen);
        dev[i] = names_loss(&m.module, &held);
        names_run run = {NULL, &m.module, part, i < POINTS ? piece : 0, -1, g, NULL, 0};
        names_train(l, &run);
        names_run_free(&run);
        lab_progress(l, title, i, POINTS, train[i]);
    }
    ore_plot_title(f, title);
    ore_plot_labels(f, "step", "loss, nats");
    ore_plot_y_range(f, 1, 6);
    ore_plot_line(f, x, train, POINTS + 1, "trained on", NULL);
    ore_plot_line(f, x, dev, POINTS + 1, "held back", NULL);
    lab_note(l, title, dev[POINTS]);
    ore_module_free(&m.module);
    ore_generator_free(g);
}

static void show_capacity(lab *l, const names_data *data) {
    lab_heading(l, "Too small, too little, and right");
    lab_say(l, "The training loss alone says nothing about new words. Two hidden units cannot even "
               "learn the examples (underfitting). Two thousand examples are learned by heart, and "
               "the words held back get worse meanwhile (overfitting). With all examples the two "
               "losses stay together, so a larger model would still pay.");
    ore_figure_options o = ore_figure_defaults();
    o.cols = 3;
    o.height_px = 420;
    ore_figure *f = ore_figure_new(&o);
    names_part little = names_first(&data->train, 2000);
    draw_fit(l, f, data, &data->train, 2, "2 hidden, all examples");
    ore_figure_panel(f, 0, 1);
    draw_fit(l, f, data, &little, 200, "200 hidden, 2,000 examples");
    ore_figure_panel(f, 0, 2);
    draw_fit(l, f, data, &data->train, 200, "200 hidden, all examples");
    lab_picture(l, f, "fit",
                "Underfitting, overfitting, and neither: the loss on 5,000 examples "
                "trained on and on 5,000 held back.");
}

/* ---- choosing sizes by the dev loss ---- */

static void train_short(lab *l, char_mlp *m, const names_data *data, int64_t dim, int64_t hidden) {
    ore_generator *g = ore_generator_new(SEED);
    int64_t steps = steps_of(l, 40000);
    char_mlp_init(m, dim, hidden, plain, false, g);
    names_run run = {"one setting", &m->module, &data->train, steps, steps * 3 / 4, g, NULL, 0};
    names_train(l, &run);
    names_run_free(&run);
    ore_generator_free(g);
}

static void tune(lab *l, const names_data *data) {
    static const int64_t dims[] = {2, 10}, hidden[] = {50, 100, 200};
    char table[1024];
    int used = snprintf(table, sizeof table, "dim  hidden  parameters  dev loss\n");
    double best = INFINITY, test = NAN;
    lab_heading(l, "Choosing sizes by the dev words");
    lab_say(l,
            "Sizes are chosen by the loss on the dev words, never by the test words: whatever a "
            "choice looks at is no longer a surprise. `ore sweep` does the same for any flags of "
            "`ore train`.");
    for (int i = 0; i < 6 && ore_ok(); i++) {
        char_mlp m;
        train_short(l, &m, data, dims[i / 3], hidden[i % 3]);
        double dev = names_rough_loss(l, &m.module, &data->dev);
        if (dev < best) {
            best = dev; /* only the best one is measured on the test words */
            test = names_rough_loss(l, &m.module, &data->test);
        }
        used += snprintf(table + used, sizeof table - (size_t)used, "%3lld  %6lld  %10lld  %.4f\n",
                         (long long)dims[i / 3], (long long)hidden[i % 3],
                         (long long)ore_module_parameter_count(&m.module, false), dev);
        ore_module_free(&m.module);
    }
    lab_show(l, table);
    lab_note(l, "test loss of the setting with the least dev loss", test);
}

static void show_letters(lab *l, const names_data *data) {
    char_mlp m;
    double x[NAMES_LETTERS], y[NAMES_LETTERS];
    lab_heading(l, "Where the letters went");
    train_short(l, &m, data, 2, 300);
    const float *C = ore_data(m.C); /* (27, 2) */
    for (int i = 0; C && i < NAMES_LETTERS; i++) {
        x[i] = C[2 * i];
        y[i] = C[2 * i + 1];
    }
    ore_figure *f = picture_new("The letters' vectors after training", "first number of a row of C",
                                "second number");
    ore_plot_style style = {.marker_size = 22, .text_inside = true};
    if (C)
        ore_plot_scatter(f, x, y, NAMES_LETTERS, names_labels(), NULL, &style);
    lab_picture(
        l, f, "letters",
        "Rows of C for a model with two numbers a letter: a, e, i and o stand together, since "
        "they may replace one another; '.' and q, which behave like no other, stand apart.");
    ore_module_free(&m.module);
}

/* ---- the lecture ---- */

ore_status lecture_mlp(lab *l) {
    names_data data;
    char text[256];
    ore_scope_begin();
    if (names_load(l, &data, BLOCK, 4) == ORE_OK) {
        lab_heading(l, "Contexts and targets");
        lab_say(l, "A table of all contexts of n letters has 27^n rows; nearly all of them are "
                   "never seen. A network shares what it learns between contexts that are alike.");
        names_examples(&data.train, 0, 8, text, sizeof text);
        lab_show(l, text);
        names_report_sizes(l, "p2.sizes", &data);
        show_embedding(l);
        show_joining(l, data.train.x);
        show_start(l);
        find_rate(l, &data);
        train_whole(l, &data);
        show_capacity(l, &data);
        tune(l, &data);
        show_letters(l, &data);
    }
    names_free(&data);
    ore_scope_end();
    return ore_error_status();
}
