/* resnet.c: pictures. What is drawn may stand anywhere in them, so a network looks at neighbours
 * first, with the same weights everywhere; many such layers learn if each adds to what it is given
 * (K. He et al., "Deep residual learning for image recognition", 2015). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/frame/drawn.h"
#include "lab/frame/lab.h"
#include "lab/frame/pictures.h"
#include "models/resnet/resnet.h"

enum {
    TRAINING = 8000,
    HELD_OUT = 2000,
    QUICK = 256, /* pictures of both kinds in a quick run */
    BATCH = 64,
    AT_A_TIME = 250, /* pictures in an evaluation: all at once would fill memory */
    EPOCHS = 4,
    PIXELS = DRAWN_SIZE * DRAWN_SIZE,
    SEED = 42,
    WIDTH = 8,
};

/* ---- the pictures ---- */

typedef struct picture_set {
    ore_tensor *x, *y; /* (count, 1, DRAWN_SIZE, DRAWN_SIZE), (count) */
    int64_t count;
} picture_set;

typedef struct drawings {
    picture_set train, held_out;
} drawings;

static bool draw_set(picture_set *s, int64_t count, ore_generator *g) {
    s->count = count;
    return drawn_pictures(count, g, &s->x, &s->y);
}

static void draw_all(lab *l, drawings *d) {
    ore_generator *g = ore_generator_new(SEED);
    draw_set(&d->train, lab_quick(l) ? QUICK : TRAINING, g);
    draw_set(&d->held_out, lab_quick(l) ? QUICK : HELD_OUT, g);
    ore_generator_free(g);
}

/* Puts a picture (height, width) at row i and column j of a sheet of such pictures. */
static void put(ore_tensor *sheet, int64_t i, int64_t j, ore_tensor *picture) {
    int64_t h = ore_size(picture, 0), w = ore_size(picture, 1);
    ore_copy_(ore_narrow(ore_narrow(sheet, 0, i * (h + 1), h), 1, j * (w + 1), w), picture);
}

static ore_tensor *new_sheet(int64_t rows, int64_t columns, int64_t size, double ground) {
    return ore_full(ORE_SHAPE(rows * (size + 1) - 1, columns * (size + 1) - 1), ground,
                    ORE_FLOAT32);
}

static ore_figure *sheet_figure(ore_tensor *sheet, const char *title, ore_colormap colors) {
    ore_figure_options fo = ore_figure_defaults();
    fo.height_px = 90 + (int)(fo.width_px * ore_size(sheet, 0) / ore_size(sheet, 1));
    ore_figure *f = ore_figure_new(&fo);
    ore_heatmap_options o = ore_heatmap_defaults();
    o.colormap = colors;
    if (colors == ORE_COLORMAP_GRAY)
        o.low = 0, o.high = 1;
    o.axes = o.colorbar = false;
    ore_plot_title(f, title);
    double *values = picture_values(sheet);
    if (values)
        ore_plot_heatmap(f, values, ore_size(sheet, 0), ore_size(sheet, 1), &o);
    free(values);
    return f;
}

static ore_tensor *picture_at(const picture_set *s, int64_t n) {
    return ore_select(ore_select(s->x, 0, n), 0, 0);
}

static void show_pictures(lab *l, const drawings *d) {
    enum { EACH = 4 };
    int64_t seen[DRAWN_CLASSES] = {0};
    ore_tensor *sheet = new_sheet(EACH, DRAWN_CLASSES, DRAWN_SIZE, 1);
    const int64_t *y = ore_data(d->train.y);
    for (int64_t n = 0; y && n < d->train.count; n++)
        if (seen[y[n]] < EACH)
            put(sheet, seen[y[n]]++, y[n], picture_at(&d->train, n));
    lab_heading(l, "Pictures that the lab draws");
    lab_say(l,
            "Sixteen kinds of figure, digits and shapes: a pen goes along a few points, and a "
            "pixel is as light as it is near the line. Each picture is turned by up to 23 "
            "degrees, slanted, stretched, moved by up to 3 of its %d pixels, drawn with another "
            "pen, and put under noise. %lld are learnt from; %lld others, drawn after them, are "
            "held out.",
            DRAWN_SIZE, (long long)d->train.count, (long long)d->held_out.count);
    lab_picture(l, sheet_figure(sheet, "Four of each kind", ORE_COLORMAP_GRAY), "pictures",
                "Four pictures of each of the sixteen kinds.");
}

/* ---- learning ---- */

typedef struct learner {
    const char *what;
    ore_module *net; /* (N, 1, H, W) -> (N, classes) */
    double lr;
    double *losses; /* (steps) */
    int64_t steps, epochs;
    double accuracy, us; /* of the held-out pictures; microseconds of a step */
    int64_t *guesses;    /* (held out) */
} learner;

static void release(learner *r) {
    free(r->losses);
    free(r->guesses);
}

/* What the net takes the held-out pictures for. */
static void examine(learner *r, const picture_set *s) {
    int64_t right = 0;
    const int64_t *y = ore_data(s->y);
    r->guesses = calloc((size_t)s->count, sizeof *r->guesses);
    ore_module_eval(r->net);
    ore_no_grad_begin();
    for (int64_t i = 0; r->guesses && i < s->count && ore_ok(); i += AT_A_TIME) {
        int64_t n = s->count - i < AT_A_TIME ? s->count - i : AT_A_TIME;
        ore_scope_begin();
        ore_tensor *logits = ore_module_forward(r->net, ore_narrow(s->x, 0, i, n));
        ore_tensor *guess = ore_argmax(logits, 1, false); /* (n) */
        if (guess)
            ore_copy_out(guess, r->guesses + i, (size_t)n * sizeof *r->guesses);
        ore_scope_end();
    }
    ore_no_grad_end();
    for (int64_t i = 0; r->guesses && y && i < s->count; i++)
        right += r->guesses[i] == y[i];
    r->accuracy = (double)right / (double)s->count;
}

static void learn(lab *l, learner *r, const drawings *d) {
    ore_loader_options lo = ore_loader_defaults();
    ore_adamw_options o = ore_adamw_defaults();
    lo.batch_size = BATCH;
    lo.shuffle = lo.drop_last = true;
    lo.generator = ore_generator_new(SEED + 1);
    o.lr = r->lr;
    ore_loader *loader = ore_tensor_loader_new(d->train.x, d->train.y, &lo);
    ore_optimizer *optimizer = ore_adamw_new(r->net, &o);
    int64_t batches = loader ? ore_loader_batches(loader) : 0;
    r->steps = batches * (lab_quick(l) ? 1 : r->epochs);
    r->losses = calloc((size_t)r->steps + 1, sizeof *r->losses);
    ore_schedule rate = ore_one_cycle_lr(r->lr, r->steps);
    double began = ore_clock_s();
    ore_module_train(r->net, true);
    for (int64_t step = 0; r->losses && step < r->steps && ore_ok();) {
        ore_scope_begin();
        ore_batch b = ore_loader_next(loader);
        if (b.x) {
            ore_optimizer_schedule(optimizer, &rate, step);
            ore_tensor *loss = ore_cross_entropy(ore_module_forward(r->net, b.x), b.y, NULL);
            ore_optimizer_zero_grad(optimizer);
            ore_backward(loss);
            ore_optimizer_step(optimizer);
            r->losses[step++] = ore_item(loss);
            lab_progress(l, r->what, step, r->steps, r->losses[step - 1]);
        }
        ore_scope_end();
    }
    r->us = r->steps ? 1e6 * (ore_clock_s() - began) / (double)r->steps : 0;
    ore_optimizer_free(optimizer);
    ore_loader_free(loader);
    ore_generator_free(lo.generator);
    examine(r, &d->held_out);
}

/* ---- one weight for each pixel ---- */

/* logits = W pixels + b: each class has a picture of its own, which it holds against the one that
 * it sees. */
static void softmax_regression(lab *l, const drawings *d) {
    ore_sequential net;
    ore_flatten_layer flatten;
    ore_linear linear;
    ore_manual_seed(SEED);
    ore_sequential_init(&net, NULL, NULL);
    ore_flatten_layer_init(&flatten, &net.module, NULL, 1, -1);
    ore_linear_init(&linear, &net.module, NULL, PIXELS, DRAWN_CLASSES, NULL);
    learner r = {.what = "softmax regression", .net = &net.module, .lr = 0.005, .epochs = 10};
    lab_heading(l, "One weight for each pixel");
    lab_say(l,
            "Softmax regression, a single linear layer of %d x %d weights, holds a picture of "
            "each kind against what it sees. A figure that has moved by three pixels meets "
            "other weights.",
            DRAWN_CLASSES, PIXELS);
    learn(l, &r, d);
    lab_say(l, "It is right about %.1f%% of the held-out pictures.", 100 * r.accuracy);
    lab_note(l, "softmax regression, share of held-out pictures", r.accuracy);
    if (!lab_quick(l))
        lab_expect(l, r.accuracy < 0.85, "softmax regression stays below 85%% (%.1f%%)",
                   100 * r.accuracy);
    ore_tensor *sheet = new_sheet(2, DRAWN_CLASSES / 2, DRAWN_SIZE, 0);
    for (int64_t c = 0; c < DRAWN_CLASSES; c++)
        put(sheet, c / 8, c % 8,
            ore_view(ore_detach(ore_select(linear.weight, 0, c)),
                     ORE_SHAPE(DRAWN_SIZE, DRAWN_SIZE)));
    lab_picture(l, sheet_figure(sheet, "Weights of softmax regression", ORE_COLORMAP_DIVERGING),
                "weights",
                "What softmax regression looks for, red, and against, blue: 0 to 7 above, 8, 9 and "
                "the shapes below. Where figures may lie anywhere, it has blurs.");
    release(&r);
    ore_module_free(&net.module);
}

/* ---- the residual network, and without its parts ---- */

static resnet_config config_of(bool residual, bool norm) {
    return (resnet_config){.bottleneck = 1,
                           .blocks = {3, 3, 3, 0},
                           .width = WIDTH,
                           .in_channels = 1,
                           .n_classes = DRAWN_CLASSES,
                           .small_images = 1,
                           .residual = residual,
                           .batch_norm = norm};
}

static void show_shapes(lab *l, resnet *net, const drawings *d) {
    char text[2048], shape[ORE_SHAPE_TEXT];
    size_t used = 0;
    ore_no_grad_begin();
    ore_tensor *x = ore_narrow(d->train.x, 0, 0, 2);
    used += (size_t)snprintf(text, sizeof text, "%-10s %s\n", "pictures",
                             ore_shape_text(ore_shape_of(x), shape));
    x = ore_relu(ore_batch_norm2d_forward(&net->bn1, ore_conv2d_forward(&net->conv1, x)));
    used += (size_t)snprintf(text + used, sizeof text - used, "%-10s %s\n", "conv1",
                             x ? ore_shape_text(ore_shape_of(x), shape) : "");
    for (int64_t i = 0; i < 9 && x; i++) {
        const resnet_block *b = &net->blocks[i];
        x = resnet_block_forward(b, x);
        used += (size_t)snprintf(text + used, sizeof text - used, "layer%d.%d   %s%s\n",
                                 (int)(i / 3 + 1), (int)(i % 3),
                                 x ? ore_shape_text(ore_shape_of(x), shape) : "",
                                 b->has_downsample ? "   the sum's x by a 1 x 1 convolution" : "");
    }
    ore_no_grad_end();
    lab_heading(l, "Neighbours first, the same weights everywhere");
    lab_say(l, "A convolution of 3 x 3 sees nine pixels, and slides over the picture: what it "
               "finds, it finds anywhere. A bottleneck block squeezes its channels by a 1 x 1 "
               "convolution, looks at neighbours with a 3 x 3 one, and spreads again to four "
               "times as many, each with batch norm behind it; what it computes is added to what "
               "it was given: y = relu(f(x) + x). Two stages halve height and width, by a stride "
               "of 2, and double the channels. At the end the mean over all places remains, and "
               "one linear layer. Two pictures on their way:");
    lab_show(l, text);
    lab_note(l, "parameters", (double)ore_module_parameter_count(&net->module, false));
}

/* Filters of the first layer, and what they make of one picture. */
static void show_filters(lab *l, const resnet *net, const drawings *d, const char *name,
                         const char *caption) {
    enum { SHOWN = 3 };
    ore_tensor *filters = new_sheet(1, WIDTH, 3, 0);
    ore_tensor *maps = new_sheet(SHOWN, WIDTH + 1, DRAWN_SIZE, 0);
    ore_no_grad_begin();
    for (int64_t c = 0; c < WIDTH; c++)
        put(filters, 0, c, ore_select(ore_select(net->conv1.weight, 0, c), 0, 0));
    ore_tensor *x = ore_narrow(d->held_out.x, 0, 0, SHOWN);
    ore_tensor *y = ore_conv2d_forward(&net->conv1, x); /* (SHOWN, WIDTH, H, W) */
    for (int64_t n = 0; n < SHOWN; n++) {
        put(maps, n, 0, picture_at(&d->held_out, n));
        for (int64_t c = 0; c < WIDTH; c++)
            put(maps, n, c + 1, ore_select(ore_select(y, 0, n), 0, c));
    }
    ore_no_grad_end();
    char file[64];
    snprintf(file, sizeof file, "filters-%s", name);
    lab_picture(l, sheet_figure(filters, "Filters of 3 x 3", ORE_COLORMAP_DIVERGING), file,
                caption);
    snprintf(file, sizeof file, "maps-%s", name);
    lab_picture(l,
                sheet_figure(maps, "Three pictures, and what the filters make of them",
                             ORE_COLORMAP_DIVERGING),
                file, "Left the picture; then, from left to right, what each filter finds in it.");
}

static void show_confusion(lab *l, const learner *r, const picture_set *s) {
    enum { N = DRAWN_CLASSES, MISTAKES = 12 };
    double counts[N * N] = {0};
    char words[N * N][8];
    const char *texts[N * N];
    ore_tensor *sheet = new_sheet(1, MISTAKES, DRAWN_SIZE, 1);
    char caption[512] = "";
    size_t used = 0;
    int64_t mistakes = 0;
    const int64_t *y = ore_data(s->y);
    for (int64_t i = 0; y && r->guesses && i < s->count; i++) {
        counts[y[i] * N + r->guesses[i]]++;
        if (y[i] == r->guesses[i] || mistakes >= MISTAKES)
            continue;
        put(sheet, 0, mistakes, picture_at(s, i));
        used +=
            (size_t)snprintf(caption + used, sizeof caption - used, "%s%s for %s",
                             mistakes ? ", " : "", drawn_names[r->guesses[i]], drawn_names[y[i]]);
        mistakes++;
    }
    for (int i = 0; i < N * N; i++) {
        snprintf(words[i], sizeof words[i], "%.0f", counts[i]);
        texts[i] = counts[i] > 0 ? words[i] : NULL;
    }
    ore_figure_options fo = ore_figure_defaults();
    fo.height_px = 860;
    ore_figure *f = ore_figure_new(&fo);
    ore_heatmap_options o = ore_heatmap_defaults();
    o.cell_text = texts;
    o.row_names = o.col_names = drawn_names;
    o.stretch = true;
    ore_plot_title(f, "Held-out pictures");
    ore_plot_labels(f, "taken for", "drawn as");
    ore_plot_heatmap(f, counts, N, N, &o);
    lab_picture(l, f, "confusion", "Which kind is taken for which; the diagonal is right.");
    if (mistakes > 0)
        lab_picture(l, sheet_figure(sheet, "Mistakes", ORE_COLORMAP_GRAY), "mistakes", caption);
}

typedef struct variant {
    const char *what, *short_name;
    bool residual, norm;
} variant;

static const variant variants[] = {
    {"residual network", "both", true, true},
    {"without residual connections", "no residual", false, true},
    {"without batch norm", "no norm", true, false},
    {"without either", "neither", false, false},
};
enum { VARIANTS = sizeof variants / sizeof *variants };

static void show_table(lab *l, const learner *runs) {
    char text[1024];
    size_t used = (size_t)snprintf(text, sizeof text, "%-30s %12s %12s %10s\n", "", "loss, at end",
                                   "held out", "ms a step");
    for (int i = 0; i < VARIANTS; i++) {
        const learner *r = &runs[i];
        double loss = 0;
        int64_t last = r->steps < 20 ? r->steps : 20;
        for (int64_t k = r->steps - last; r->losses && k < r->steps; k++)
            loss += r->losses[k] / (double)last;
        used += (size_t)snprintf(text + used, sizeof text - used, "%-30s %12.4f %11.2f%% %10.1f\n",
                                 r->what, loss, 100 * r->accuracy, r->us / 1e3);
    }
    lab_show(l, text);
}

static void compare(lab *l, const drawings *d) {
    learner runs[VARIANTS] = {{.what = NULL}};
    resnet net;
    ore_figure *f = picture_new("The same network without its parts", "step",
                                "log10 of the loss (nats), mean of 2% of the steps");
    for (int i = 0; i < VARIANTS && ore_ok(); i++) {
        const variant *v = &variants[i];
        learner *r = &runs[i];
        resnet_config c = config_of(v->residual, v->norm);
        ore_manual_seed(SEED);
        if (resnet_init(&net, &c, NULL) != ORE_OK)
            break;
        if (i == 0) {
            show_shapes(l, &net, d);
            show_filters(l, &net, d, "before", "Filters as they were drawn at random.");
            lab_heading(l, "Learning, and the same network without its parts");
        }
        *r = (learner){.what = v->what, .net = &net.module, .lr = 0.005, .epochs = EPOCHS};
        learn(l, r, d);
        if (r->losses && r->steps >= 4)
            picture_losses(f, r->losses, r->steps, r->steps < 50 ? 1 : r->steps / 50,
                           v->short_name);
        if (i == 0) {
            lab_say(l, "The residual network is right about %.2f%% of the held-out pictures.",
                    100 * r->accuracy);
            show_filters(l, &net, d, "after",
                         "The same after training: edges of some direction, spots, means.");
            show_confusion(l, r, &d->held_out);
            lab_note(l, "residual network, share of held-out pictures", r->accuracy);
        }
        resnet_free(&net);
    }
    lab_say(l, "Twenty-nine layers with weights stand behind each other. The same network, seed "
               "and steps, without the sums, without the norms, and without either:");
    show_table(l, runs);
    lab_picture(l, f, "losses",
                "Loss on the pictures that are learnt from, with both, and without.");
    if (!lab_quick(l)) {
        lab_expect(l, runs[0].accuracy >= 0.98, "the residual network reaches 98%% (%.2f%%)",
                   100 * runs[0].accuracy);
        lab_expect(l, runs[0].accuracy > runs[VARIANTS - 1].accuracy,
                   "without either part it does worse (%.2f%%)", 100 * runs[VARIANTS - 1].accuracy);
    }
    for (int i = 0; i < VARIANTS; i++)
        release(&runs[i]);
}

/* ---- the rung ---- */

ore_status lecture_resnet(lab *l) {
    drawings d;
    ore_scope_begin();
    draw_all(l, &d);
    if (ore_ok())
        show_pictures(l, &d);
    if (ore_ok())
        softmax_regression(l, &d);
    if (ore_ok())
        compare(l, &d);
    ore_scope_end();
    return ore_error_status();
}
