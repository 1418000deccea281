/* curves.c: what loss curves show. A small perceptron on names (three letters of context, 100 tanh
 * units) is trained well, and badly in several ways, each of which shows in its curve. */
#include <math.h>
#include <stdlib.h>

#include "lab/frame/char_mlp.h"
#include "lab/frame/lab.h"
#include "lab/frame/names.h"
#include "lab/frame/pictures.h"

enum { DIM = 10, HIDDEN = 100, EVERY = 100, MAX_STEPS = 6000, POINTS = MAX_STEPS / EVERY };

static const char_mlp_scales calm = {0.3, 0.01, 0.01, 0};

/* A training: its settings, and its curves. */
typedef struct training {
    double rate;
    int64_t batch, steps, drop_at; /* from step drop_at on the rate is a tenth */
    char_mlp_scales scales;
    double loss[MAX_STEPS];                        /* of each batch */
    double smooth[POINTS], smooth_at[POINTS];      /* means of EVERY batches, and their middles */
    double at[POINTS], train[POINTS], dev[POINTS]; /* steps, and losses after them */
} training;

static training plain(lab *l, double rate) {
    return (training){.rate = rate,
                      .batch = 32,
                      .steps = lab_quick(l) ? 300 : 3000,
                      .drop_at = MAX_STEPS,
                      .scales = calm};
}

/* Makes a step of gradient descent on `batch` examples of the part. Returns the loss of the
 * batch. */
static double step(char_mlp *m, ore_optimizer *o, const names_part *part, int64_t batch,
                   ore_generator *g) {
    ore_scope_begin();
    ore_tensor *which = ore_randint(0, part->count, ORE_SHAPE(batch), ORE_INT64, g);
    ore_tensor *x = ore_index_select(part->x, 0, which), *y = ore_index_select(part->y, 0, which);
    ore_tensor *loss = ore_cross_entropy(ore_module_forward(&m->module, x), y, NULL);
    double value = loss ? ore_item(loss) : 0;
    ore_optimizer_zero_grad(o);
    ore_backward(loss);
    ore_optimizer_step(o);
    ore_scope_end();
    return value;
}

/* Trains a new network, and after every EVERY steps measures the losses of the first 5000 examples
 * of both parts. */
static void run(training *t, const names_part *part, const names_part *held_out) {
    const names_part seen = names_first(part, 5000), unseen = names_first(held_out, 5000);
    ore_generator *g = ore_generator_new(2147483647);
    char_mlp m;
    char_mlp_init(&m, DIM, HIDDEN, t->scales, false, g);
    ore_sgd_options so = ore_sgd_defaults();
    so.lr = t->rate;
    ore_optimizer *o = ore_sgd_new(&m.module, &so);
    for (int64_t i = 0, k = 0; i < t->steps && ore_ok(); i++) {
        if (i == t->drop_at)
            ore_optimizer_set_lr(o, 0, t->rate / 10);
        t->loss[i] = step(&m, o, part, t->batch, g);
        t->smooth[k] += t->loss[i] / EVERY;
        if (i % EVERY != EVERY - 1)
            continue;
        t->smooth_at[k] = (double)i + 1 - EVERY / 2.0;
        t->at[k] = (double)i + 1;
        t->dev[k] = names_loss(&m.module, &unseen);
        t->train[k++] = names_loss(&m.module, &seen);
    }
    ore_optimizer_free(o);
    ore_module_free(&m.module);
    ore_generator_free(g);
}

static int64_t points(const training *t) {
    return t->steps / EVERY;
}

static double last(const training *t, const double *curve) {
    return curve[points(t) - 1];
}

/* ---- a healthy curve ---- */

static void healthy(lab *l, const names_data *data) {
    training t = plain(l, 0.1);
    run(&t, &data->train, &data->dev);
    lab_heading(l, "A healthy curve");
    lab_say(l,
            "The loss of a batch is noisy: 32 examples are few, and some are harder than others. "
            "Means over %d steps show the course, and the loss on words held out says whether "
            "what is learned holds elsewhere. A healthy curve starts at what guessing costs, log "
            "27 = 3.30, falls steeply, then ever more slowly, with both losses close together: "
            "here %.3f and %.3f.",
            EVERY, last(&t, t.train), last(&t, t.dev));
    ore_figure *f = picture_new("a healthy curve", "step", "loss (nats)");
    ore_plot_line(f, NULL, t.loss, t.steps, "one batch of 32",
                  &(ore_plot_style){.color = "#bbbbbb", .width = 1});
    ore_plot_line(f, t.smooth_at, t.smooth, points(&t), "mean over 100 steps", NULL);
    ore_plot_line(f, t.at, t.dev, points(&t), "words held out",
                  &(ore_plot_style){.dash = ORE_DASH_DASHED});
    ore_plot_hline(f, log(27), "log 27: guessing", NULL);
    lab_picture(l, f, "healthy",
                "The batches' losses in grey, their means, and the loss on words "
                "held out.");
    lab_expect(l, fabs(t.loss[0] - log(27)) < 0.15, "the first loss is near log 27: %.3f",
               t.loss[0]);
    lab_expect(l, last(&t, t.dev) < t.dev[0], "the dev loss falls: %.3f to %.3f", t.dev[0],
               last(&t, t.dev));
}

/* ---- rates ---- */

static void rates(lab *l, const names_data *data) {
    static const double tried[] = {0.001, 0.01, 0.1, 0.5, 5};
    static const char *const labels[] = {"0.001: too low", "0.01: low", "0.1", "0.5",
                                         "5: too high"};
    double final[5];
    ore_figure *f = picture_new("five rates", "step", "loss, mean over 100 steps (nats)");
    for (int i = 0; i < 5; i++) {
        training t = plain(l, tried[i]);
        run(&t, &data->train, &data->dev);
        final[i] = last(&t, t.dev);
        ore_plot_line(f, t.smooth_at, t.smooth, points(&t), labels[i], NULL);
    }
    ore_plot_log_axes(f, false, true);
    ore_plot_legend(f, ORE_LEGEND_OUTSIDE);
    lab_heading(l, "The rate");
    lab_say(l,
            "Too low a rate gives a smooth line that is still falling at the end: %.3f with "
            "0.001, %.3f with 0.01. A good one falls fast and flattens: %.3f with 0.1, %.3f with "
            "0.5. Too high a one makes the loss jump and stay up: %.3f with 5. When in doubt, "
            "take the highest rate at which the curve is still smooth, and lower it later.",
            final[0], final[1], final[2], final[3], final[4]);
    lab_picture(l, f, "rates", "The same network under five learning rates.");
    lab_expect(l, final[2] < final[1] && final[1] < final[0] && final[4] > final[2],
               "0.1 beats rates that are lower, and one that is too high");
}

/* ---- the start ---- */

static void starts(lab *l, const names_data *data) {
    training wild = plain(l, 0.1), good = plain(l, 0.1);
    wild.scales = (char_mlp_scales){1, 1, 1, 1};
    run(&wild, &data->train, &data->dev);
    run(&good, &data->train, &data->dev);
    lab_heading(l, "A hockey stick");
    lab_say(l,
            "With weights from N(0, 1) the first loss is %.1f: the network is sure of itself and "
            "wrong. The first hundreds of steps only squash its last layer, and the curve looks "
            "like a hockey stick. A last layer that starts near zero begins at %.2f and spends "
            "its steps on learning: after %lld of them the dev losses are %.3f and %.3f.",
            wild.loss[0], good.loss[0], (long long)good.steps, last(&wild, wild.dev),
            last(&good, good.dev));
    const ore_plot_style thin = {.width = 1};
    int64_t shown = good.steps < 1000 ? good.steps : 1000;
    ore_figure *f = picture_new("the first steps", "step", "loss of one batch (nats)");
    ore_plot_line(f, NULL, wild.loss, shown, "weights from N(0, 1)", &thin);
    ore_plot_line(f, NULL, good.loss, shown, "last layer near zero", &thin);
    ore_plot_hline(f, log(27), "log 27", NULL);
    lab_picture(l, f, "start",
                "If the curve starts far above what guessing costs, mend the "
                "initialisation first.");
    lab_expect(l, wild.loss[0] > 2 * log(27) && last(&good, good.dev) < last(&wild, wild.dev),
               "the wild start costs more than guessing, and is behind at the end");
}

/* ---- overfitting ---- */

/* A dev loss that ends more nats than this above its minimum has turned upwards; a flat one varies
 * by 0.01. */
static const double turn = 0.1;

static void overfit(lab *l, const names_data *data) {
    training t = plain(l, 0.1);
    names_part few = names_first(&data->train, 2000);
    t.steps *= 2;
    run(&t, &few, &data->dev);
    int64_t best = 0;
    for (int64_t k = 1; k < points(&t); k++)
        best = t.dev[k] < t.dev[best] ? k : best;
    lab_heading(l, "Overfitting");
    bool turned = last(&t, t.dev) > t.dev[best] + turn;
    lab_say(l,
            turned ? "Given only 2,000 examples the network learns them by heart: their loss falls "
                     "to %.3f, while that of words held out turns at step %.0f and climbs from "
                     "%.3f to %.3f."
                   : "Given only 2,000 examples the network will learn them by heart. So few steps "
                     "do not show it yet: their loss falls to %.3f, and that of words held out "
                     "(least at step %.0f, %.3f) has not turned: it ends at %.3f.",
            last(&t, t.train), t.at[best], t.dev[best], last(&t, t.dev));
    lab_say(l, "The gap between the curves is what more data, fewer weights, dropout or weight "
               "decay would close; stopping at the turn is the cheapest of all.");
    ore_figure *f = picture_new("2,000 examples for 6,097 weights", "step", "loss (nats)");
    ore_plot_line(f, t.at, t.train, points(&t), "the 2,000 examples", NULL);
    ore_plot_line(f, t.at, t.dev, points(&t), "words held out", NULL);
    if (turned)
        ore_plot_vline(f, t.at[best], "stop here", NULL);
    ore_plot_legend(f, ORE_LEGEND_BOTTOM_LEFT);
    lab_picture(l, f, "overfitting",
                turned ? "One curve falls, the other turns: the network has begun to "
                         "learn its examples by heart."
                       : "One curve falls faster than the other, which turns given more steps.");
    if (!lab_quick(l))
        lab_expect(l, turned && last(&t, t.train) < t.dev[best] - 0.3,
                   "the dev loss turns while the training loss falls");
}

/* ---- lowering the rate, and larger batches ---- */

static void drop(lab *l, const names_data *data) {
    training steady = plain(l, 0.5), dropped = plain(l, 0.5);
    steady.steps *= 2;
    dropped.steps *= 2;
    dropped.drop_at = dropped.steps * 2 / 3;
    run(&steady, &data->train, &data->dev);
    run(&dropped, &data->train, &data->dev);
    bool lower = last(&dropped, dropped.dev) < last(&steady, steady.dev);
    lab_heading(l, "Lowering the rate");
    lab_say(l,
            "At a high rate the weights are thrown about by each batch and the curve flattens "
            "early. Lowering the rate lets them settle: %s, from %.3f to %.3f on words held out. A "
            "curve that is flat is not finished until the rate has been lowered.",
            lower ? "a step down within a few hundred steps"
                  : "in so few steps it does not show yet",
            last(&steady, steady.dev), last(&dropped, dropped.dev));
    ore_figure *f = picture_new("a tenth of the rate for the last third", "step",
                                "loss of words held out (nats)");
    ore_plot_line(f, steady.at, steady.dev, points(&steady), "0.5 throughout", NULL);
    ore_plot_line(f, dropped.at, dropped.dev, points(&dropped), "0.5, then 0.05", NULL);
    ore_plot_vline(f, (double)dropped.drop_at, "rate / 10", NULL);
    lab_picture(l, f, "drop",
                lower ? "The step down where the rate is lowered."
                      : "Where the rate is lowered; so few steps show no step down.");
    if (!lab_quick(l))
        lab_expect(l, lower, "a lowered rate ends lower");
}

/* The standard deviation of the last batch losses. */
static double noise(const training *t) {
    double mean = 0, square = 0;
    int64_t n = EVERY;
    for (int64_t i = t->steps - n; i < t->steps; i++) {
        mean += t->loss[i] / (double)n;
        square += t->loss[i] * t->loss[i] / (double)n;
    }
    return sqrt(square - mean * mean);
}

static void batches(lab *l, const names_data *data) {
    static const int64_t sizes[] = {8, 32, 512};
    static const char *const titles[] = {"batches of 8", "of 32", "of 512"};
    double spread[3];
    ore_figure *f = ore_figure_new(
        &(ore_figure_options){.width_px = 1000, .height_px = 400, .rows = 1, .cols = 3});
    for (int i = 0; i < 3; i++) {
        training t = plain(l, 0.1);
        t.steps = 300;
        t.batch = sizes[i];
        run(&t, &data->train, &data->dev);
        spread[i] = noise(&t);
        ore_figure_panel(f, 0, i);
        ore_plot_title(f, titles[i]);
        ore_plot_labels(f, "step", i == 0 ? "loss of one batch (nats)" : NULL);
        ore_plot_y_range(f, 1, 4.5);
        ore_plot_line(f, NULL, t.loss, t.steps, NULL, NULL);
    }
    lab_heading(l, "Noise");
    lab_say(l,
            "The noise of a curve is that of its batches: its deviation is %.3f with batches of "
            "8, %.3f with 32 and %.3f with 512, about one over the root of the size. A jump "
            "within that band means nothing; compare means, or losses over a whole part.",
            spread[0], spread[1], spread[2]);
    lab_picture(l, f, "noise", "Three hundred steps with batches of three sizes.");
    lab_expect(l, spread[0] > spread[1] && spread[1] > spread[2], "larger batches are less noisy");
}

ore_status lecture_curves(lab *l) {
    names_data data;
    if (names_load(l, &data, CHAR_MLP_BLOCK, 1) != ORE_OK)
        return ore_error_status();
    healthy(l, &data);
    rates(l, &data);
    starts(l, &data);
    overfit(l, &data);
    drop(l, &data);
    batches(l, &data);
    names_free(&data);
    return ore_error_status();
}
