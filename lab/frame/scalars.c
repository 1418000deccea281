/* scalars.c: micrograd's examples, the two moons and their picture, and scalars as tensors. */
#include "lab/frame/scalars.h"

#include <math.h>
#include <stdlib.h>

#include "lab/frame/text.h"

/* The expressions of its test and of its readme. */
void lab_micrograd_examples(lab *l) {
    ore_value_tape *t = ore_value_tape_new();
    ore_value *x = ore_value_new(t, -4);
    ore_value *z = ore_value_add(ore_value_add_scalar(ore_value_mul_scalar(x, 2), 2), x);
    ore_value *q = ore_value_add(ore_value_relu(z), ore_value_mul(z, x));
    ore_value *h = ore_value_relu(ore_value_mul(z, z));
    ore_value *y = ore_value_add(ore_value_add(h, q), ore_value_mul(q, x));
    ore_value_backward(y);
    if (ore_ok())
        lab_values(l, "mgt.sanity", (double[]){y->data, x->grad}, 2);
    ore_value *a = ore_value_new(t, -4), *b = ore_value_new(t, 2), *c = ore_value_add(a, b);
    ore_value *d = ore_value_add(ore_value_mul(a, b), ore_value_pow(b, 3));
    c = ore_value_add(c, ore_value_add_scalar(c, 1));
    c = ore_value_add(c, ore_value_sub(ore_value_add_scalar(c, 1), a));
    ore_value *up = ore_value_relu(ore_value_add(b, a));
    d = ore_value_add(d, ore_value_add(ore_value_mul_scalar(d, 2), up));
    ore_value *down = ore_value_relu(ore_value_sub(b, a));
    d = ore_value_add(d, ore_value_add(ore_value_mul_scalar(d, 3), down));
    ore_value *s = ore_value_pow(ore_value_sub(c, d), 2);
    ore_value *g = ore_value_add(ore_value_div_scalar(s, 2), ore_value_rdiv_scalar(s, 10));
    ore_value_backward(g);
    if (ore_ok())
        lab_values(l, "mgr.ops", (double[]){g->data, a->grad, b->grad}, 3);
    ore_value_tape_free(t);
}

ore_status lab_moons_make(lab_moons *d, uint32_t seed) {
    ore_numpy_random *r = ore_numpy_random_new(seed);
    if (r)
        ore_make_moons(r, LAB_MOONS, 0.1, d->points[0], d->labels);
    ore_numpy_random_free(r);
    return ore_error_status();
}

/* The min and max of a coordinate. */
static void find_ends(const lab_moons *d, int k, double ends[2]) {
    ends[0] = ends[1] = d->points[0][k];
    for (int i = 1; i < LAB_MOONS; i++) {
        ends[0] = fmin(ends[0], d->points[i][k]);
        ends[1] = fmax(ends[1], d->points[i][k]);
    }
}

void lab_moons_mesh(const lab_moons *d, double limits[2]) {
    double ends[2];
    find_ends(d, 1, ends);
    limits[0] = ends[0] - 1;
    limits[1] = limits[0] + 0.25 * (ceil((ends[1] + 1 - limits[0]) / 0.25) - 1);
}

/* ---- the plane ---- */

enum { ACROSS = 90, UP = 72 }; /* points of the grid on which the score is computed */

typedef struct plane {
    double low[2], step[2];
    double score[UP][ACROSS];
} plane;

static void score_plane(plane *p, const lab_moons *d, ore_value_tape *t, const ore_value_mlp *m) {
    const int count[2] = {ACROSS, UP};
    ore_value_mark mark = ore_value_tape_mark(t);
    for (int k = 0; k < 2; k++) {
        double ends[2];
        find_ends(d, k, ends);
        p->low[k] = ends[0] - 0.5;
        p->step[k] = (ends[1] - ends[0] + 1) / (count[k] - 1);
    }
    for (int r = 0; r < UP; r++)
        for (int c = 0; c < ACROSS; c++) {
            ore_value *x[] = {ore_value_new(t, p->low[0] + c * p->step[0]),
                              ore_value_new(t, p->low[1] + r * p->step[1])};
            ore_value **score = ore_value_mlp_forward(m, x);
            p->score[r][c] = score ? score[0]->data : 0;
            ore_value_tape_rewind(t, mark);
        }
}

static void draw_side(ore_figure *figure, const plane *p, bool above, const char *color) {
    static double x[UP * ACROSS], y[UP * ACROSS];
    int64_t n = 0;
    for (int r = 0; r < UP; r++)
        for (int c = 0; c < ACROSS; c++)
            if ((p->score[r][c] > 0) == above) {
                x[n] = p->low[0] + c * p->step[0];
                y[n++] = p->low[1] + r * p->step[1];
            }
    ore_plot_style style = {.color = color, .marker = ORE_MARKER_SQUARE, .marker_size = 11};
    if (n > 0)
        ore_plot_scatter(figure, x, y, n, NULL, NULL, &style);
}

/* Whether the score changes its sign between two neighbouring points of the grid; *x and *y become
 * where, by linear interpolation. */
static bool crosses(const plane *p, int r0, int c0, int r1, int c1, double *x, double *y) {
    double a = p->score[r0][c0], b = p->score[r1][c1];
    if ((a > 0) == (b > 0))
        return false;
    double share = a / (a - b);
    *x = p->low[0] + (c0 + share * (c1 - c0)) * p->step[0];
    *y = p->low[1] + (r0 + share * (r1 - r0)) * p->step[1];
    return true;
}

/* Draws the line score = 0, cell by cell, as pieces with gaps between them. */
static void draw_boundary(ore_figure *figure, const plane *p) {
    static double x[6 * UP * ACROSS], y[6 * UP * ACROSS];
    int64_t n = 0;
    for (int r = 0; r + 1 < UP; r++)
        for (int c = 0; c + 1 < ACROSS; c++) {
            int64_t first = n;
            n += crosses(p, r, c, r, c + 1, &x[n], &y[n]);
            n += crosses(p, r, c, r + 1, c, &x[n], &y[n]);
            n += crosses(p, r + 1, c, r + 1, c + 1, &x[n], &y[n]);
            n += crosses(p, r, c + 1, r + 1, c + 1, &x[n], &y[n]);
            if (n > first) {
                x[n] = y[n] = NAN;
                n++;
            }
        }
    ore_plot_style style = {.color = "#333333", .width = 2};
    if (n > 0)
        ore_plot_line(figure, x, y, n, "score = 0", &style);
}

static void draw_moon(ore_figure *figure, const lab_moons *d, int64_t label, const char *name,
                      const char *color) {
    double x[LAB_MOONS], y[LAB_MOONS];
    int64_t n = 0;
    for (int i = 0; i < LAB_MOONS; i++)
        if (d->labels[i] == label) {
            x[n] = d->points[i][0];
            y[n++] = d->points[i][1];
        }
    ore_plot_style style = {.color = color, .marker = ORE_MARKER_DISC, .marker_size = 9};
    ore_plot_scatter(figure, x, y, n, NULL, name, &style);
}

void lab_moons_picture(lab *l, const lab_moons *d, ore_value_tape *tape, const ore_value_mlp *m) {
    plane *p = lab_allocate(sizeof *p);
    ore_figure *figure = ore_figure_new(
        &(ore_figure_options){.width_px = 1000, .height_px = 760, .rows = 1, .cols = 1});
    if (p && figure) {
        score_plane(p, d, tape, m);
        ore_plot_title(figure, "Where the network says which moon");
        ore_plot_labels(figure, "x1", "x2");
        const double *low = p->low, *step = p->step;
        ore_plot_x_range(figure, low[0] - step[0] / 2, low[0] + (ACROSS - 0.5) * step[0]);
        ore_plot_y_range(figure, low[1] - step[1] / 2, low[1] + (UP - 0.5) * step[1]);
        draw_side(figure, p, false, "#f9dfd2");
        draw_side(figure, p, true, "#d3e4f4");
        draw_boundary(figure, p);
        draw_moon(figure, d, 0, "outer moon, label 0", "#c8501e");
        draw_moon(figure, d, 1, "inner moon, label 1", "#1f6aae");
        ore_plot_legend(figure, ORE_LEGEND_TOP_RIGHT);
        lab_picture(l, figure, "moons",
                    "The hundred points, and the plane divided by the trained network.");
    } else {
        ore_figure_free(figure);
    }
    free(p);
}

/* ---- scalars as tensors ---- */

void lab_tensors_of(const ore_value_layer *layer, ore_tensor **weight, ore_tensor **bias) {
    *weight = ore_empty(ORE_SHAPE(layer->out, layer->in), ORE_FLOAT64);
    *bias = ore_empty(ORE_SHAPE(layer->out), ORE_FLOAT64);
    double *w = *weight ? ore_data_mut(*weight) : NULL, *b = *bias ? ore_data_mut(*bias) : NULL;
    for (int64_t o = 0; w && b && o < layer->out; o++) {
        ore_value **from = layer->neurons[o].parameters;
        for (int64_t i = 0; i < layer->in; i++)
            w[o * layer->in + i] = from[i]->data;
        b[o] = from[layer->in]->data;
    }
    ore_set_requires_grad(*weight, true);
    ore_set_requires_grad(*bias, true);
}

void lab_descend(ore_tensor *p, double rate) {
    ore_no_grad_begin();
    ore_sub_(p, ore_mul_scalar(ore_grad(p), rate));
    ore_set_grad(p, NULL);
    ore_no_grad_end();
}
