/* sweep_draw.c: the picture of a sweep: losses over the numbers that vary. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <ore/plot.h>

#include "cli/picture.h"
#include "sweep/sweep.h"

/* Lines of a panel, as many as colours can tell apart; panels side by side. */
enum { LINES_MAX = 8, PANELS_ACROSS = 2 };

/* The points of one line: results that are done, over one axis. */
typedef struct points {
    double *x, *y;
    int64_t count;
} points;

static bool is_numeric(const sweep *s, int k, double *low, double *high) {
    const option *row = s->space.axes[k].row;
    *low = INFINITY;
    *high = -INFINITY;
    if (row->field.type != CONFIG_INT && row->field.type != CONFIG_FLOAT)
        return false;
    for (int i = 0; i < s->count; i++) {
        double x = strtod(s->results[i].trial.values[k], NULL);
        if (s->results[i].state == SWEEP_DONE &&
            strcmp(s->results[i].trial.values[k], "auto") != 0) {
            *low = fmin(*low, x);
            *high = fmax(*high, x);
        }
    }
    return *low < *high;
}

/* The values of a result on all axes but k: "n_hidden=200". */
static void other_values(const sweep *s, const sweep_result *r, int k, char *text, size_t bytes) {
    size_t used = 0;
    text[0] = '\0';
    for (int i = 0; i < s->space.count && used < bytes; i++)
        if (i != k)
            used += (size_t)snprintf(text + used, bytes - used, "%s%s=%s", used ? ", " : "",
                                     s->space.axes[i].row->field.key, r->trial.values[i]);
}

static int compare_x(const void *a, const void *b) {
    const double *x = a, *y = b;
    if (x[0] != y[0])
        return x[0] < y[0] ? -1 : 1;
    return x[1] < y[1] ? -1 : x[1] > y[1];
}

/* The points, sorted by x, of the results whose other values are `label`; of all results if it is
 * NULL. */
static points collect(const sweep *s, int k, const char *label) {
    points p = {.x = calloc((size_t)s->count + 1, sizeof *p.x),
                .y = calloc((size_t)s->count + 1, sizeof *p.y)};
    double(*pairs)[2] = calloc((size_t)s->count + 1, sizeof *pairs);
    char text[512];
    if (!p.x || !p.y || !pairs)
        ore_fail(ORE_MEMORY, "sweep: out of memory");
    for (int i = 0; i < s->count && ore_ok(); i++) {
        const sweep_result *r = &s->results[i];
        other_values(s, r, k, text, sizeof text);
        if (r->state != SWEEP_DONE || (label && strcmp(label, text) != 0))
            continue;
        pairs[p.count][0] = strtod(r->trial.values[k], NULL);
        pairs[p.count++][1] = r->val_loss;
    }
    if (ore_ok())
        qsort(pairs, (size_t)p.count, sizeof *pairs, compare_x);
    for (int64_t i = 0; ore_ok() && i < p.count; i++) {
        p.x[i] = pairs[i][0];
        p.y[i] = pairs[i][1];
    }
    free(pairs);
    return p;
}

static void free_points(points *p) {
    free(p->x);
    free(p->y);
}

/* Collects the distinct sets of other values, at most LINES_MAX + 1, in labels; returns how
 * many. */
static int find_lines(const sweep *s, int k, char labels[LINES_MAX + 1][512]) {
    int count = 0;
    for (int i = 0; i < s->count && count <= LINES_MAX; i++) {
        bool known = s->results[i].state != SWEEP_DONE;
        other_values(s, &s->results[i], k, labels[count], sizeof labels[count]);
        for (int j = 0; j < count && !known; j++)
            known = strcmp(labels[j], labels[count]) == 0;
        count += !known;
    }
    return count;
}

/* Draws a line for each set of other values, or, where there are more than LINES_MAX, only
 * points. */
static void add_series(ore_figure *figure, const sweep *s, int k) {
    char labels[LINES_MAX + 1][512];
    ore_plot_style style = {.marker = ORE_MARKER_DISC, .marker_size = 6};
    bool drawn = false;
    for (int i = 0; i < s->space.count; i++)
        drawn = drawn || s->space.axes[i].drawn;
    int lines = drawn && s->space.count > 1 ? LINES_MAX + 1 : find_lines(s, k, labels);
    if (lines > LINES_MAX) {
        points all = collect(s, k, NULL);
        style.color = "#0072b2";
        if (ore_ok())
            ore_plot_scatter(figure, all.x, all.y, all.count, NULL, "runs", &style);
        free_points(&all);
        return;
    }
    for (int i = 0; i < lines && ore_ok(); i++) {
        points p = collect(s, k, labels[i]);
        if (ore_ok())
            ore_plot_line(figure, p.x, p.y, p.count, *labels[i] ? labels[i] : "runs", &style);
        free_points(&p);
    }
}

static void add_panel(ore_figure *figure, const sweep *s, int k, double low, double high) {
    const sweep_result *best = sweep_best(s);
    ore_plot_style ring = {.color = "#000000", .marker = ORE_MARKER_CIRCLE, .marker_size = 14};
    double x = strtod(best->trial.values[k], NULL), y = best->val_loss;
    const double wide = 10; /* high / low from which on the axis is logarithmic */
    ore_plot_labels(figure, s->space.axes[k].row->field.key, "validation loss (nats per token)");
    ore_plot_log_axes(figure, low > 0 && high / low >= wide, false);
    add_series(figure, s, k);
    ore_plot_scatter(figure, &x, &y, 1, NULL, "best", &ring);
}

static ore_status save(const sweep *s, const ore_figure *figure) {
    static const char *const names[] = {"sweep.svg", "sweep.png"};
    char path[RUNDIR_PATH_BYTES];
    for (int i = 0; i < 2 && ore_ok(); i++)
        if (rundir_path(s->dir, names[i], path) == ORE_OK)
            ore_figure_save(figure, path);
    return ore_error_status();
}

ore_status sweep_draw(const sweep *s) {
    int panels[SWEEP_AXES_MAX], count = 0;
    double low, high;
    for (int k = 0; k < s->space.count; k++)
        if (is_numeric(s, k, &low, &high))
            panels[count++] = k;
    if (!ore_ok() || count == 0)
        return ore_error_status();
    ore_figure_options o = picture_options();
    o.cols = count < PANELS_ACROSS ? count : PANELS_ACROSS;
    o.rows = (count + PANELS_ACROSS - 1) / PANELS_ACROSS;
    o.width_px = o.cols * 800;
    o.height_px = o.rows * 560;
    o.title = s->dir;
    ore_figure *figure = ore_figure_new(&o);
    for (int i = 0; i < count && ore_ok(); i++) {
        ore_figure_panel(figure, i / PANELS_ACROSS, i % PANELS_ACROSS);
        is_numeric(s, panels[i], &low, &high);
        add_panel(figure, s, panels[i], low, high);
    }
    save(s, figure);
    ore_figure_free(figure);
    return ore_error_status();
}
