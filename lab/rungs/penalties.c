/* penalties.c: L1 and L2. As penalties they make weights smaller or fewer: shown on paths over two
 * weights, and on twenty of which four matter. As losses they follow wrong labels or do not. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "lab/frame/lab.h"
#include "lab/frame/pictures.h"
#include "lab/frame/rules.h"

enum { PENALTIES = 3, STEPS = 500 };
typedef enum penalty { NO_PENALTY, L2, L1 } penalty;
static const char *const penalty_names[PENALTIES] = {"no penalty", "L2", "L1"};

static ore_tensor *penalised(ore_tensor *loss, penalty kind, ore_tensor *w, double strength) {
    if (kind == NO_PENALTY)
        return loss;
    ore_tensor *size = kind == L2 ? ore_l2_penalty(&w, 1) : ore_l1_penalty(&w, 1);
    return ore_add(loss, ore_mul_scalar(size, strength));
}

/* ---- two weights: where a path ends ---- */

typedef struct path {
    double x[STEPS + 1], y[STEPS + 1];
} path;

/* Gradient descent from (0.4, 1). The rate falls to zero: with a constant one L1 would step back
 * and forth over 0 by as much as the rate. */
static void walk(path *p, penalty kind) {
    const double start[] = {0.4, 1}, centre[] = {1.5, 0.4};
    ore_module m;
    ore_tensor *at = ore_from_data(start, ORE_SHAPE(2), ORE_FLOAT64);
    ore_tensor *c = ore_from_data(centre, ORE_SHAPE(2), ORE_FLOAT64);
    ore_module_init(&m, NULL, NULL);
    ore_module_register_parameter(&m, "w", &at);
    ore_optimizer *o = rule_sgd(&m, 0.04);
    ore_schedule s = ore_linear_lr(0.04, 1, 0, STEPS);
    for (int i = 0; i <= STEPS && ore_ok(); i++) {
        ore_scope_begin();
        p->x[i] = ore_item(ore_select(at, 0, 0));
        p->y[i] = ore_item(ore_select(at, 0, 1));
        ore_tensor *loss = ore_sum(ore_square(ore_sub(at, c)), ORE_ALL, false);
        ore_optimizer_schedule(o, &s, i);
        ore_optimizer_zero_grad(o);
        ore_backward(penalised(loss, kind, at, 1));
        ore_optimizer_step(o);
        ore_scope_end();
    }
    ore_optimizer_free(o);
    ore_module_free(&m);
}

static void draw_paths(lab *l, const path *paths) {
    enum { CORNERS = 101, CIRCLES = 6 };
    double x[CORNERS], y[CORNERS];
    ore_figure *f = picture_new("where penalties let a path end", "x", "y");
    for (int k = 0; k < PENALTIES; k++)
        ore_plot_line(f, paths[k].x, paths[k].y, STEPS + 1, penalty_names[k],
                      &(ore_plot_style){.width = 3});
    for (int k = 0; k < PENALTIES; k++)
        ore_plot_scatter(f, &paths[k].x[STEPS], &paths[k].y[STEPS], 1, NULL, NULL,
                         &(ore_plot_style){.color = "#000000"});
    for (int r = 1; r <= CIRCLES; r++) {
        for (int i = 0; i < CORNERS; i++) {
            double angle = 2 * 3.14159265358979323846 * i / (CORNERS - 1);
            x[i] = 1.5 + 0.25 * r * cos(angle);
            y[i] = 0.4 + 0.25 * r * sin(angle);
        }
        ore_plot_line(f, x, y, CORNERS, NULL, &(ore_plot_style){.color = "#b8b8b8", .width = 1});
    }
    ore_plot_hline(f, 0, NULL, NULL);
    ore_plot_legend(f, ORE_LEGEND_OUTSIDE);
    ore_plot_x_range(f, 0.2, 2);
    ore_plot_y_range(f, -0.2, 1.1);
    lab_picture(l, f, "paths",
                "Grey: lines of equal loss without a penalty. From (0.4, 1) each path goes to its "
                "own end; that of L1 lies where y is 0.");
}

static void penalise_two(lab *l) {
    static path paths[PENALTIES];
    char table[256], *at = table;
    double x[PENALTIES], y[PENALTIES];
    for (int k = 0; k < PENALTIES; k++) {
        walk(&paths[k], (penalty)k);
        x[k] = paths[k].x[STEPS];
        y[k] = paths[k].y[STEPS];
        at += sprintf(at, "%-12s %7.3f %7.3f\n", penalty_names[k], x[k], y[k]);
    }
    lab_heading(l, "Penalties: smaller weights, or fewer");
    lab_say(l, "The loss (x - 1.5)^2 + (y - 0.4)^2, alone, with the L2 penalty x^2 + y^2 and with "
               "the L1 penalty |x| + |y|. L2 pulls in proportion to a weight, so both halve and "
               "neither becomes 0. L1 pulls with the same force however small a weight is: what "
               "the loss holds more weakly than that goes to 0 and stays there. Ends of the "
               "paths, x and y:");
    lab_show(l, table);
    draw_paths(l, paths);
    lab_expect(l, fabs(x[L2] - 0.75) < 0.01 && fabs(y[L2] - 0.2) < 0.01,
               "L2 halves both, to 0.75 and 0.2 (%.3f, %.3f)", x[L2], y[L2]);
    lab_expect(l, fabs(x[L1] - 1) < 0.01 && fabs(y[L1]) < 0.01,
               "L1 takes 0.5 off x and leaves nothing of y (%.3f, %.3f)", x[L1], y[L1]);
}

/* ---- penalties: twenty weights, of which four matter ---- */

enum { FEATURES = 20, MATTER = 4, EXAMPLES = 40, HELD_OUT = 1000, STRENGTHS = 13 };

typedef struct examples {
    ore_tensor *x, *y; /* (n, FEATURES), (n, 1), float64 */
} examples;

/* y = 3 x0 - 2 x1 + 1.5 x2 - x3, and noise of deviation 1; the other features say nothing. */
static examples draw_examples(int64_t n, ore_generator *g) {
    static const double matter[MATTER] = {3, -2, 1.5, -1};
    examples e;
    e.x = ore_randn(ORE_SHAPE(n, FEATURES), ORE_FLOAT64, g);
    e.y = ore_randn(ORE_SHAPE(n, 1), ORE_FLOAT64, g);
    for (int i = 0; i < MATTER; i++)
        e.y = ore_add(e.y, ore_mul_scalar(ore_narrow(e.x, 1, i, 1), matter[i]));
    return e;
}

typedef struct fit {
    double w[FEATURES], held_out; /* held_out: the mean square error */
    int zeros;                    /* weights below 0.01 */
} fit;

static fit fit_weights(examples train, examples held_out, penalty kind, double strength) {
    fit r = {.zeros = 0};
    ore_module m;
    ore_tensor *w = ore_zeros(ORE_SHAPE(FEATURES, 1), ORE_FLOAT64);
    ore_module_init(&m, NULL, NULL);
    ore_module_register_parameter(&m, "w", &w);
    ore_optimizer *o = rule_sgd(&m, 0.1);
    ore_schedule s = ore_linear_lr(0.1, 1, 0, STEPS); /* so that L1's last steps are small */
    for (int i = 0; i < STEPS && ore_ok(); i++) {
        ore_scope_begin();
        ore_tensor *loss = ore_mse_loss(ore_matmul(train.x, w), train.y, ORE_MEAN);
        ore_optimizer_schedule(o, &s, i);
        ore_optimizer_zero_grad(o);
        ore_backward(penalised(loss, kind, w, strength));
        ore_optimizer_step(o);
        ore_scope_end();
    }
    ore_no_grad_begin();
    ore_tensor *loss = ore_mse_loss(ore_matmul(held_out.x, w), held_out.y, ORE_MEAN);
    r.held_out = loss ? ore_item(loss) : NAN;
    ore_copy_out(w, r.w, sizeof r.w);
    ore_no_grad_end();
    for (int i = 0; i < FEATURES; i++)
        r.zeros += fabs(r.w[i]) < 0.01;
    ore_optimizer_free(o);
    ore_module_free(&m);
    return r;
}

static void draw_fits(lab *l, fit fits[PENALTIES][STRENGTHS], const double *strengths) {
    ore_figure_options fo = ore_figure_defaults();
    double w[STRENGTHS];
    fo.cols = 2;
    fo.height_px = 480;
    ore_figure *f = ore_figure_new(&fo);
    for (int kind = L2; kind < PENALTIES; kind++) {
        ore_figure_panel(f, 0, kind - L2);
        ore_plot_title(f, kind == L2 ? "L2: all shrink" : "L1: those that say nothing vanish");
        ore_plot_labels(f, "strength of the penalty", "weights");
        ore_plot_log_axes(f, true, false);
        for (int i = FEATURES - 1; i >= 0; i--) {
            for (int k = 0; k < STRENGTHS; k++)
                w[k] = fits[kind][k].w[i];
            ore_plot_line(f, strengths, w, STRENGTHS, NULL,
                          &(ore_plot_style){.color = i < MATTER ? "#d55e00" : "#999999",
                                            .width = i < MATTER ? 3 : 1});
        }
    }
    lab_picture(l, f, "strengths",
                "Each weight over the strength; red: the four that matter, grey: the others.");
}

static void penalise_twenty(lab *l) {
    static fit fits[PENALTIES][STRENGTHS];
    double strengths[STRENGTHS];
    int best[PENALTIES] = {0};
    char table[768], *at = table;
    ore_generator *g = ore_generator_new(42);
    examples train = draw_examples(EXAMPLES, g), held_out = draw_examples(HELD_OUT, g);
    ore_generator_free(g);
    at += sprintf(at, "%-12s %9s %18s %14s\n", "", "strength", "held-out error", "weights at 0");
    for (int kind = 0; kind < PENALTIES; kind++) {
        for (int k = 0; k < (kind ? STRENGTHS : 1); k++) {
            strengths[k] = pow(10, -3 + k / 4.0);
            fits[kind][k] = fit_weights(train, held_out, (penalty)kind, strengths[k]);
            if (fits[kind][k].held_out < fits[kind][best[kind]].held_out)
                best[kind] = k;
        }
        const fit *b = &fits[kind][best[kind]];
        at += sprintf(at, "%-12s %9.3g %18.3f %11d/%d\n", penalty_names[kind],
                      kind ? strengths[best[kind]] : 0, b->held_out, b->zeros, FEATURES);
    }
    lab_say(l,
            "Twenty weights on %d examples; four features matter, the rest is noise that happens "
            "to fit. The best of %d strengths each; noise alone is an error of 1:",
            EXAMPLES, STRENGTHS);
    lab_show(l, table);
    draw_fits(l, fits, strengths);
    const fit *none = &fits[NO_PENALTY][0], *l2 = &fits[L2][best[L2]], *l1 = &fits[L1][best[L1]];
    lab_expect(l, l1->held_out < l2->held_out && l2->held_out < none->held_out,
               "L1 is better than L2, and L2 than none, on held-out examples");
    lab_expect(l, l1->zeros >= 6 && l2->zeros <= 2, "L1 makes weights 0 (%d), L2 hardly any (%d)",
               l1->zeros, l2->zeros);
    bool kept = true;
    for (int i = 0; i < MATTER; i++)
        kept = kept && fabs(l1->w[i]) > 0.5;
    lab_expect(l, kept, "L1 keeps the four that matter");
}

/* ---- losses: L1 and L2 where some labels are wrong ---- */

enum { POINTS = 40, WRONG = 6, LINES = 3 };
static const char *const line_names[LINES] = {"L2 (mse)", "L1", "Huber"};

static ore_tensor *line_loss(int kind, ore_tensor *y, ore_tensor *label) {
    return kind == 0   ? ore_mse_loss(y, label, ORE_MEAN)
           : kind == 1 ? ore_l1_loss(y, label, ORE_MEAN)
                       : ore_huber_loss(y, label, ORE_MEAN, 0.3);
}

/* A line through the points, y = slope x + offset. */
static void fit_line(int kind, ore_tensor *x, ore_tensor *labels, double *slope, double *offset) {
    ore_linear line;
    ore_linear_options lo = ore_linear_defaults();
    lo.dtype = ORE_FLOAT64;
    ore_linear_init(&line, NULL, NULL, 1, 1, &lo);
    ore_optimizer *o = rule_adam(&line.module, 0.05);
    ore_schedule s = ore_linear_lr(0.05, 1, 0, STEPS);
    for (int i = 0; i < STEPS && ore_ok(); i++) {
        ore_scope_begin();
        ore_tensor *loss = line_loss(kind, ore_linear_forward(&line, x), labels);
        ore_optimizer_schedule(o, &s, i);
        ore_optimizer_zero_grad(o);
        ore_backward(loss);
        ore_optimizer_step(o);
        ore_scope_end();
    }
    *slope = ore_ok() ? ore_item(line.weight) : NAN;
    *offset = ore_ok() ? ore_item(line.bias) : NAN;
    ore_optimizer_free(o);
    ore_module_free(&line.module);
}

static void outliers(lab *l) {
    double slope[LINES], offset[LINES];
    char table[256], *at = table;
    ore_generator *g = ore_generator_new(42);
    ore_tensor *x = ore_view(ore_linspace(-1, 1, POINTS, ORE_FLOAT64), ORE_SHAPE(POINTS, 1));
    ore_tensor *y = ore_mul_scalar(ore_randn(ORE_SHAPE(POINTS, 1), ORE_FLOAT64, g), 0.15);
    y = ore_add(y, ore_add_scalar(ore_mul_scalar(x, 2), -1));
    ore_add_scalar_(ore_narrow(y, 0, POINTS - WRONG, WRONG), -4);
    ore_generator_free(g);
    ore_manual_seed(42);
    double *px = picture_values(x), *py = picture_values(y);
    ore_figure *f = picture_new("a line through points of which six are wrong", "x", "y");
    if (px && py)
        ore_plot_scatter(f, px, py, POINTS, NULL, "points", NULL);
    for (int k = 0; k < LINES; k++) {
        fit_line(k, x, y, &slope[k], &offset[k]);
        ore_plot_line(f, (double[]){-1, 1}, (double[]){offset[k] - slope[k], offset[k] + slope[k]},
                      2, line_names[k], NULL);
        at += sprintf(at, "%-10s %7.3f x %+.3f\n", line_names[k], slope[k], offset[k]);
    }
    free(px);
    free(py);
    lab_heading(l, "L1 and L2 as losses");
    lab_say(l,
            "%d points near y = 2 x - 1, but the last %d have a label that is 4 too low. The "
            "gradient of L2 grows with the error, so a few wrong labels outweigh the many right "
            "ones; that of L1 is the same for every error, and the line goes where as many points "
            "are above it as below. Huber's loss is L2 up to 0.3 and L1 beyond:",
            POINTS, WRONG);
    lab_show(l, table);
    lab_picture(l, f, "outliers", "One line by each loss.");
    lab_expect(l, fabs(slope[0] - 2) > 1, "wrong labels bend the line of L2 (slope %.3f)",
               slope[0]);
    for (int k = 1; k < LINES; k++)
        lab_expect(l, fabs(slope[k] - 2) < 0.3, "%s is within 0.3 of the right slope (%.3f)",
                   line_names[k], slope[k]);
}

ore_status lecture_penalties(lab *l) {
    ore_scope_begin();
    penalise_two(l);
    penalise_twenty(l);
    outliers(l);
    ore_scope_end();
    return ore_error_status();
}
