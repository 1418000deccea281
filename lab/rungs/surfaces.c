/* surfaces.c: losses and functions over two numbers, which can be looked at: the paths of update
 * rules through a curved valley, and a network that refines a rough surface to a target. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "lab/frame/lab.h"
#include "lab/frame/pictures.h"
#include "lab/frame/rules.h"

/* ---- paths through a curved valley ---- */

enum { RULES = 5, PATH_STEPS = 1000 };

/* Rosenbrock's function with a valley less narrow than his (100), so that gradient descent
 * arrives, too: (1 - x)^2 + STEEP (y - x^2)^2, least at (1, 1). */
static const double STEEP = 10;

typedef struct walk {
    ore_module module;
    ore_tensor *p; /* (2): x, y */
    ore_optimizer *optimizer;
    double x[PATH_STEPS], y[PATH_STEPS]; /* where the gradient was taken */
    int count, arrived;                  /* arrived: evaluations until 0.01 from the least; -1 */
} walk;

static ore_tensor *valley(void *user) {
    walk *w = user;
    ore_optimizer_zero_grad(w->optimizer);
    ore_tensor *x = ore_select(w->p, 0, 0), *y = ore_select(w->p, 0, 1);
    ore_tensor *off = ore_sub(y, ore_square(x));
    ore_tensor *loss =
        ore_add(ore_square(ore_rsub_scalar(x, 1)), ore_mul_scalar(ore_square(off), STEEP));
    if (loss && w->count < PATH_STEPS) {
        w->x[w->count] = ore_item(x);
        w->y[w->count] = ore_item(y);
        if (w->arrived < 0 && hypot(w->x[w->count] - 1, w->y[w->count] - 1) < 0.01)
            w->arrived = w->count;
        w->count++;
    }
    ore_backward(loss);
    return loss;
}

static void descend(walk *w, ore_optimizer *(*make)(const ore_module *, double), double lr) {
    ore_module_init(&w->module, NULL, NULL);
    w->count = 0;
    w->arrived = -1;
    w->p = ore_full(ORE_SHAPE(2), -1, ORE_FLOAT64);
    ore_module_register_parameter(&w->module, "p", &w->p);
    w->optimizer = make(&w->module, lr);
    while (w->count < PATH_STEPS && w->arrived < 0 && ore_ok()) {
        ore_scope_begin();
        ore_optimizer_step_closure(w->optimizer, valley, w);
        ore_scope_end();
    }
    ore_optimizer_free(w->optimizer);
    ore_module_free(&w->module);
}

/* The points where the function is `level`: a line around the least. */
static void draw_level(ore_figure *f, double level) {
    enum { HALF = 200 };
    double x[2 * HALF + 1], y[2 * HALF + 1];
    for (int i = 0; i <= 2 * HALF; i++) {
        double angle = 2 * 3.14159265358979323846 * i / (2 * HALF);
        x[i] = 1 - sqrt(level) * cos(angle);
        y[i] = x[i] * x[i] + sqrt(level / STEEP) * sin(angle);
    }
    ore_plot_line(f, x, y, 2 * HALF + 1, NULL, &(ore_plot_style){.color = "#b8b8b8", .width = 1});
}

static void draw_walks(lab *l, const walk *walks, const char *const *names) {
    static const double levels[] = {0.03, 0.1, 0.3, 1, 2, 4, 8, 16, 32};
    ore_figure *f = picture_new("five paths through one valley", "x", "y");
    for (int r = 0; r < RULES; r++)
        ore_plot_line(f, walks[r].x, walks[r].y, walks[r].count, names[r],
                      &(ore_plot_style){.marker = ORE_MARKER_DISC, .marker_size = 4, .width = 1});
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
        draw_level(f, levels[i]);
    ore_plot_x_range(f, -1.7, 1.7);
    ore_plot_y_range(f, -1.3, 2.2);
    ore_plot_arrow(f, 0.5, 1.35, 0.97, 1.03, "least");
    ore_plot_legend(f, ORE_LEGEND_OUTSIDE);
    lab_picture(l, f, "paths",
                "Grey: lines of equal loss. A dot is a place where a gradient was "
                "taken; all begin at (-1, -1).");
}

static void paths(lab *l) {
    static walk walks[RULES];
    static const char *const names[RULES] = {"gradient descent, 0.02", "momentum 0.9, 0.005",
                                             "RMSprop, 0.01", "Adam, 0.2", "L-BFGS"};
    char table[512], *at = table;
    descend(&walks[0], rule_sgd, 0.02);
    descend(&walks[1], rule_momentum, 0.005);
    descend(&walks[2], rule_rmsprop, 0.01);
    descend(&walks[3], rule_adam, 0.2);
    descend(&walks[4], rule_lbfgs, 1);
    lab_heading(l, "Paths through a curved valley");
    lab_say(
        l,
        "The loss (1 - x)^2 + %g (y - x^2)^2 has two weights, so its landscape can be drawn: a "
        "bent valley with steep sides and a floor that hardly falls. Gradient descent falls to the "
        "floor at once and then crawls; momentum gathers speed, overshoots and comes back. RMSprop "
        "and "
        "Adam divide each coordinate's step by the size of its own gradients, so that steep "
        "and flat directions get steps of like length; L-BFGS learns the curvature. Each rule "
        "has a rate near its best. Gradients taken until the place is within "
        "0.01 of the least, (1, 1):",
        STEEP);
    for (int r = 0; r < RULES; r++)
        at += sprintf(
            at, walks[r].arrived < 0 ? "%-24s not within %d (ends at %.3f, %.3f)\n" : "%-24s %d\n",
            names[r], walks[r].arrived < 0 ? PATH_STEPS : walks[r].arrived,
            walks[r].x[walks[r].count - 1], walks[r].y[walks[r].count - 1]);
    lab_show(l, table);
    draw_walks(l, walks, names);
    for (int r = 0; r < 4; r++)
        lab_expect(l,
                   walks[4].arrived >= 0 &&
                       (walks[r].arrived < 0 || walks[r].arrived > walks[4].arrived),
                   "L-BFGS arrives before %s", names[r]);
    lab_expect(
        l, walks[1].arrived >= 0 && (walks[0].arrived < 0 || walks[0].arrived > walks[1].arrived),
        "momentum arrives before gradient descent");
}

/* ---- a network that refines a rough surface ---- */

enum {
    SIDE = 41,     /* points of the grid that is drawn and measured, each way */
    COARSE = 5,    /* heights of the rough surface, each way */
    SAMPLES = 800, /* places where the target's height is known */
    HIDDEN = 64,
    FIT_STEPS = 2000,
    STAGES = 4,
};

/* Two hills, a hollow and a slow wave over -1 .. 1 each way. */
static double target(double x, double y) {
    return exp(-6 * ((x - 0.4) * (x - 0.4) + (y - 0.3) * (y - 0.3))) +
           0.7 * exp(-10 * ((x + 0.5) * (x + 0.5) + (y - 0.5) * (y - 0.5))) -
           0.8 * exp(-5 * (x * x + (y + 0.5) * (y + 0.5))) + 0.2 * sin(3 * x + y);
}

/* From the target's heights at COARSE x COARSE places: their mean, each weighted by a Gaussian of
 * its distance, as wide as those places are apart from one another. */
static double rough(double x, double y) {
    double sum = 0, weights = 0, apart = 2.0 / (COARSE - 1);
    for (int i = 0; i < COARSE; i++)
        for (int j = 0; j < COARSE; j++) {
            double u = i * apart - 1, v = j * apart - 1;
            double d2 = ((x - u) * (x - u) + (y - v) * (y - v)) / (apart * apart);
            sum += exp(-d2 / 2) * target(u, v);
            weights += exp(-d2 / 2);
        }
    return sum / weights;
}

/* Places, and there the rough surface and the target. */
typedef struct places {
    ore_tensor *at, *rough, *target; /* (n, 2), (n, 1), (n, 1) */
} places;

static places measure(ore_tensor *at) {
    int64_t n = ore_size(at, 0);
    places s = {at, ore_zeros(ORE_SHAPE(n, 1), ORE_FLOAT32),
                ore_zeros(ORE_SHAPE(n, 1), ORE_FLOAT32)};
    const float *p = ore_data(at);
    float *r = ore_data_mut(s.rough), *t = ore_data_mut(s.target);
    for (int64_t i = 0; p && r && t && i < n; i++) {
        r[i] = (float)rough(p[2 * i], p[2 * i + 1]);
        t[i] = (float)target(p[2 * i], p[2 * i + 1]);
    }
    return s;
}

/* SIDE x SIDE places; the first row is that of the greatest y, as pictures have it. */
static ore_tensor *grid_of_places(void) {
    ore_tensor *at = ore_zeros(ORE_SHAPE(SIDE * SIDE, 2), ORE_FLOAT32);
    float *p = ore_data_mut(at);
    for (int i = 0; p && i < SIDE * SIDE; i++) {
        p[2 * i] = 2 * (float)(i % SIDE) / (SIDE - 1) - 1;
        p[2 * i + 1] = 1 - 2 * (float)(i / SIDE) / (SIDE - 1);
    }
    return at;
}

/* What it computes is added to the rough surface; its last layer starts at zero, so at first that
 * is the rough surface. */
typedef struct refiner {
    ore_module module;
    ore_linear in, middle, out;
} refiner;

static void refiner_init(refiner *r, ore_generator *g) {
    ore_linear_options o = ore_linear_defaults();
    o.generator = g;
    ore_module_init(&r->module, NULL, NULL);
    ore_linear_init(&r->in, &r->module, "in", 2, HIDDEN, &o);
    ore_linear_init(&r->middle, &r->module, "middle", HIDDEN, HIDDEN, &o);
    ore_linear_init(&r->out, &r->module, "out", HIDDEN, 1, &o);
    ore_no_grad_begin();
    ore_zero_(r->out.weight);
    ore_zero_(r->out.bias);
    ore_no_grad_end();
}

static ore_tensor *refine(const refiner *r, places s) {
    ore_tensor *h = ore_tanh(ore_linear_forward(&r->in, s.at));
    h = ore_tanh(ore_linear_forward(&r->middle, h));
    return ore_add(s.rough, ore_linear_forward(&r->out, h));
}

/* The surface over the grid after some steps, and the root of its mean square distance from the
 * target. */
typedef struct stage {
    int steps;
    ore_tensor *surface; /* (SIDE, SIDE) */
    double error;
} stage;

static void look(stage *s, const refiner *r, places all) {
    ore_no_grad_begin();
    ore_tensor *z = refine(r, all);
    ore_tensor *loss = ore_mse_loss(z, all.target, ORE_MEAN);
    s->error = loss ? sqrt(ore_item(loss)) : NAN;
    s->surface = ore_keep(ore_view(z, ORE_SHAPE(SIDE, SIDE)));
    ore_no_grad_end();
}

static void draw_surface(ore_figure *f, int row, int col, ore_tensor *z, double reach,
                         const char *title) {
    ore_heatmap_options o = ore_heatmap_defaults();
    o.colormap = ORE_COLORMAP_DIVERGING;
    o.low = -reach;
    o.high = reach;
    o.axes = false;
    ore_figure_panel(f, row, col);
    ore_plot_title(f, title);
    picture_matrix(f, z, o);
}

/* Above the surfaces; below, each one's distance from the target. */
static void draw_stages(lab *l, const stage *stages, places all) {
    ore_figure_options fo = ore_figure_defaults();
    fo.rows = 2;
    fo.cols = STAGES + 1;
    fo.width_px = 1700;
    fo.height_px = 620;
    ore_figure *f = ore_figure_new(&fo);
    ore_tensor *goal = ore_view(all.target, ORE_SHAPE(SIDE, SIDE));
    char title[64];
    for (int i = 0; i < STAGES; i++) {
        snprintf(title, sizeof title, i ? "after %d steps" : "rough", stages[i].steps);
        draw_surface(f, 0, i, stages[i].surface, 1.2, title);
        snprintf(title, sizeof title, "its error: rms %.4f", stages[i].error);
        draw_surface(f, 1, i, ore_sub(stages[i].surface, goal), 0.3, title);
    }
    draw_surface(f, 0, STAGES, goal, 1.2, "target");
    lab_picture(l, f, "refined",
                "Heights, red above zero and blue below, from the rough surface to the target; "
                "under each, what is wrong with it, on a scale four times as fine.");
}

static void draw_cut(lab *l, const stage *stages, places all) {
    enum { ROW = SIDE / 4 }; /* y = 0.5, over both hills */
    double x[SIDE];
    const char *const names[] = {"rough", "refined", "target"};
    ore_tensor *surfaces[] = {stages[0].surface, stages[STAGES - 1].surface,
                              ore_view(all.target, ORE_SHAPE(SIDE, SIDE))};
    ore_figure *f = picture_new("a cut over both hills, y = 0.5", "x", "height");
    for (int i = 0; i < SIDE; i++)
        x[i] = 2.0 * i / (SIDE - 1) - 1;
    for (int s = 0; s < 3; s++) {
        double *z = picture_values(surfaces[s]);
        if (z)
            ore_plot_line(f, x, z + ROW * SIDE, SIDE, names[s],
                          &(ore_plot_style){.dash = s == 2 ? ORE_DASH_DASHED : ORE_DASH_SOLID});
        free(z);
    }
    lab_picture(l, f, "cut", "Before, after, and what was to be reached.");
}

static void approximate(lab *l) {
    static const int when[STAGES] = {0, 100, 500, FIT_STEPS};
    stage stages[STAGES] = {{0, NULL, 0}};
    refiner net;
    ore_generator *g = ore_generator_new(42);
    ore_tensor *at = ore_rand(ORE_SHAPE(SAMPLES, 2), ORE_FLOAT32, g);
    places known = measure(ore_add_scalar(ore_mul_scalar(at, 2), -1)),
           all = measure(grid_of_places());
    refiner_init(&net, g);
    ore_optimizer *o = rule_adam(&net.module, 0.005);
    ore_schedule s = ore_cosine_annealing_lr(0.005, FIT_STEPS, 0);
    int next = 0;
    for (int i = 0; i <= FIT_STEPS && ore_ok(); i++) {
        ore_scope_begin();
        if (i == when[next]) {
            stages[next].steps = i;
            look(&stages[next++], &net, all);
        }
        ore_tensor *loss = ore_mse_loss(refine(&net, known), known.target, ORE_MEAN);
        ore_optimizer_schedule(o, &s, i);
        ore_optimizer_zero_grad(o);
        ore_backward(loss);
        ore_optimizer_step(o);
        if (i > 0 && i % 100 == 0 && loss)
            lab_progress(l, "surface", i, FIT_STEPS, ore_item(loss));
        ore_scope_end();
    }
    ore_optimizer_free(o);
    ore_module_free(&net.module);
    ore_generator_free(g);
    if (!ore_ok())
        return;
    double first = stages[0].error, last = stages[STAGES - 1].error;
    lab_heading(l, "A network refines a rough surface");
    lab_say(l,
            "Of a landscape %d x %d heights are known. Each place takes their mean, weighted by "
            "nearness: a rough surface. At %d other places, drawn at random, its height was "
            "measured. A network of "
            "two hidden layers of %d tanh units learns there what must be added to the rough "
            "surface; between those places it has to guess, and tanh makes it guess smoothly. "
            "Over a grid of %d x %d points, nearly all of them new to it, the root mean square "
            "error falls from %.4f to %.4f.",
            COARSE, COARSE, SAMPLES, HIDDEN, SIDE, SIDE, first, last);
    draw_stages(l, stages, all);
    draw_cut(l, stages, all);
    lab_note(l, "error of the rough surface, rms", first);
    lab_note(l, "error of the refined surface, rms", last);
    lab_expect(l, last < first / 20,
               "at most a twentieth of the rough surface's error is left (%.4f of "
               "%.4f)",
               last, first);
    for (int i = 1; i < STAGES; i++)
        lab_expect(l, stages[i].error < stages[i - 1].error,
                   "after %d steps it is nearer than after %d (%.4f)", stages[i].steps,
                   stages[i - 1].steps, stages[i].error);
}

ore_status lecture_surfaces(lab *l) {
    ore_scope_begin();
    paths(l);
    if (ore_ok())
        approximate(l);
    ore_scope_end();
    return ore_error_status();
}
