/* figure.c: figures, panels and what is put into them. */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "plot/figure.h"

/* Rows and columns of panels, pixels of a side, and bins of a histogram. Smaller pictures have no
 * space for an axis with labels, and above these maximums the request is taken for a mistake:
 * 16384 x 16384 pixels would be a gigabyte in gnuplot. */
enum { MAX_PANELS = 32, MIN_PX = 64, MAX_PX = 16384, MAX_BINS = 100000 };
/* Points of a series, and cells of a heatmap: with more, gnuplot's script alone would be larger
 * than 5 GB. */
static const int64_t MAX_POINTS = (int64_t)1 << 28;
/* Seconds that gnuplot may take. Our largest pictures take about one; the rest is a margin for a
 * busy machine on which gnuplot's first start also builds the cache of fonts. */
static const double GNUPLOT_LIMIT_S = 60;

/* ---- figures ---- */

ore_figure_options ore_figure_defaults(void) {
    return (ore_figure_options){
        .width_px = 1000, .height_px = 640, .rows = 1, .cols = 1, .limit_s = GNUPLOT_LIMIT_S};
}

/* Replaces the text in *slot by a copy of another; NULL clears it. */
static ore_status keep_text(char **slot, const char *text) {
    char *copy = text ? ore_copy_text(text) : NULL;
    if (text && !copy)
        return ORE_MEMORY;
    ore_release(*slot);
    *slot = copy;
    return ORE_OK;
}

static void release_texts(char **texts, int64_t n) {
    for (int64_t i = 0; texts && i < n; i++)
        ore_release(texts[i]);
    ore_release(texts);
}

/* Sets *copies to copies of n texts. A NULL text stays NULL, and a NULL array gives NULL. */
static ore_status copy_texts(const char *const *texts, int64_t n, char ***copies) {
    *copies = NULL;
    if (!texts)
        return ORE_OK;
    char **copy = ore_alloc_zero((size_t)n * sizeof *copy);
    if (!copy)
        return ORE_MEMORY;
    for (int64_t i = 0; i < n; i++)
        if (keep_text(&copy[i], texts[i]) != ORE_OK) {
            release_texts(copy, n);
            return ORE_MEMORY;
        }
    *copies = copy;
    return ORE_OK;
}

static void series_release(plot_series *series) {
    ore_release(series->label);
    release_texts(series->texts, series->n);
    ore_release(series->y);
    ore_release(series->x);
}

static void heatmap_release(plot_heatmap *map) {
    release_texts(map->cell_text, map->rows * map->cols);
    release_texts(map->row_names, map->rows);
    release_texts(map->col_names, map->cols);
    ore_release(map->values);
    *map = (plot_heatmap){0};
}

static void panel_release(plot_panel *panel) {
    for (int64_t i = 0; i < panel->series_count; i++)
        series_release(&panel->series[i]);
    for (int64_t i = 0; i < panel->note_count; i++)
        ore_release(panel->notes[i].text);
    heatmap_release(&panel->heatmap);
    release_texts(panel->bar_names, panel->bar_name_count);
    ore_release(panel->series);
    ore_release(panel->notes);
    ore_release(panel->title);
    ore_release(panel->x_label);
    ore_release(panel->y_label);
}

static ore_status check_options(const ore_figure_options *o) {
    if (o->width_px < MIN_PX || o->width_px > MAX_PX || o->height_px < MIN_PX ||
        o->height_px > MAX_PX)
        return ore_fail(ORE_INVALID, "figure_new: size %d x %d is not in %d .. %d pixels",
                        o->width_px, o->height_px, MIN_PX, MAX_PX);
    if (o->rows < 1 || o->rows > MAX_PANELS || o->cols < 1 || o->cols > MAX_PANELS)
        return ore_fail(ORE_INVALID, "figure_new: %d x %d panels: each number must be in 1 .. %d",
                        o->rows, o->cols, MAX_PANELS);
    if (!(o->limit_s >= 0))
        return ore_fail(ORE_INVALID, "figure_new: limit_s %g, expected at least 0", o->limit_s);
    return ORE_OK;
}

ore_figure *ore_figure_new(const ore_figure_options *options) {
    ore_figure_options o = options ? *options : ore_figure_defaults();
    if (!ore_ok() || check_options(&o) != ORE_OK)
        return NULL;
    ore_figure *figure = ore_alloc_zero(sizeof *figure);
    if (!figure)
        return NULL;
    *figure = (ore_figure){
        .width_px = o.width_px, .height_px = o.height_px, .rows = o.rows, .cols = o.cols};
    figure->patience = (plot_patience){o.limit_s > 0 ? o.limit_s : GNUPLOT_LIMIT_S, o.stop, o.user};
    int panels = o.rows * o.cols;
    figure->panels = ore_alloc_zero((size_t)panels * sizeof *figure->panels);
    if (!figure->panels || keep_text(&figure->title, o.title) != ORE_OK) {
        ore_release(figure->panels);
        ore_release(figure);
        return NULL;
    }
    for (int i = 0; i < panels; i++) {
        figure->panels[i].x_range = (plot_range){NAN, NAN};
        figure->panels[i].y_range = (plot_range){NAN, NAN};
    }
    return figure;
}

void ore_figure_free(ore_figure *figure) {
    if (!figure)
        return;
    for (int i = 0; i < figure->rows * figure->cols; i++)
        panel_release(&figure->panels[i]);
    ore_release(figure->panels);
    ore_release(figure->title);
    ore_release(figure);
}

ore_status ore_figure_panel(ore_figure *figure, int row, int col) {
    if (!ore_ok())
        return ore_error_status();
    if (!figure)
        return ore_fail(ORE_INVALID, "figure_panel: figure is NULL");
    if (row < 0 || row >= figure->rows || col < 0 || col >= figure->cols)
        return ore_fail(ORE_INVALID, "figure_panel: (%d, %d) is not in a grid of %d x %d", row, col,
                        figure->rows, figure->cols);
    figure->current = row * figure->cols + col;
    return ORE_OK;
}

/* The panel that a call adds to; NULL with an error that names the caller. */
static plot_panel *current_panel(ore_figure *figure, const char *caller) {
    if (!ore_ok())
        return NULL;
    if (!figure) {
        ore_fail(ORE_INVALID, "%s: figure is NULL", caller);
        return NULL;
    }
    return &figure->panels[figure->current];
}

/* ---- settings ---- */

ore_status ore_plot_title(ore_figure *figure, const char *text) {
    plot_panel *panel = current_panel(figure, "plot_title");
    return panel ? keep_text(&panel->title, text) : ore_error_status();
}

ore_status ore_plot_labels(ore_figure *figure, const char *x_label, const char *y_label) {
    plot_panel *panel = current_panel(figure, "plot_labels");
    if (!panel || keep_text(&panel->x_label, x_label) != ORE_OK)
        return ore_error_status();
    return keep_text(&panel->y_label, y_label);
}

ore_status ore_plot_log_axes(ore_figure *figure, bool x, bool y) {
    plot_panel *panel = current_panel(figure, "plot_log_axes");
    if (!panel)
        return ore_error_status();
    panel->log_x = x;
    panel->log_y = y;
    return ORE_OK;
}

static ore_status set_range(plot_range *range, double low, double high, const char *caller) {
    if (isinf(low) || isinf(high) || low >= high)
        return ore_fail(ORE_INVALID, "%s: low %g is not below high %g, both finite or NaN", caller,
                        low, high);
    *range = (plot_range){low, high};
    return ORE_OK;
}

ore_status ore_plot_x_range(ore_figure *figure, double low, double high) {
    plot_panel *panel = current_panel(figure, "plot_x_range");
    return panel ? set_range(&panel->x_range, low, high, "plot_x_range") : ore_error_status();
}

ore_status ore_plot_y_range(ore_figure *figure, double low, double high) {
    plot_panel *panel = current_panel(figure, "plot_y_range");
    return panel ? set_range(&panel->y_range, low, high, "plot_y_range") : ore_error_status();
}

ore_status ore_plot_legend(ore_figure *figure, ore_legend place) {
    plot_panel *panel = current_panel(figure, "plot_legend");
    if (!panel)
        return ore_error_status();
    if ((int)place < 0 || place > ORE_LEGEND_OUTSIDE)
        return ore_fail(ORE_INVALID, "plot_legend: %d is not a place", (int)place);
    panel->legend = place;
    return ORE_OK;
}

/* ---- styles ---- */

ore_plot_style ore_plot_style_defaults(void) {
    return (ore_plot_style){0};
}

static bool is_color(const char *text) {
    return text[0] == '#' && strspn(text + 1, "0123456789abcdefABCDEF") == 6 && text[7] == '\0';
}

static ore_status read_style(const ore_plot_style *style, const char *caller, plot_look *look) {
    ore_plot_style s = style ? *style : ore_plot_style_defaults();
    if (s.color && !is_color(s.color))
        return ore_fail(ORE_INVALID, "%s: color \"%.20s\" is not like \"#rrggbb\"", caller,
                        s.color);
    if (!(s.width >= 0 && s.width <= 100 && s.marker_size >= 0 && s.marker_size <= 1000))
        return ore_fail(ORE_INVALID, "%s: width %g or marker_size %g is out of range", caller,
                        s.width, s.marker_size);
    if (!(s.opacity >= 0 && s.opacity <= 1))
        return ore_fail(ORE_INVALID, "%s: opacity %g is not in 0 .. 1", caller, s.opacity);
    *look = (plot_look){.width = s.width > 0 ? s.width : 2,
                        .marker_size = s.marker_size > 0 ? s.marker_size : 8,
                        .opacity = s.opacity,
                        .dash = s.dash,
                        .marker = s.marker,
                        .text_inside = s.text_inside};
    if (s.color)
        memcpy(look->color, s.color, sizeof look->color);
    return ORE_OK;
}

/* ---- series ---- */

/* Adds a series of n points, whose numbers are not set yet, to the panel; NULL with an error. */
static plot_series *series_add(plot_panel *panel, int64_t n, const char *label,
                               const plot_look *look) {
    void *list = panel->series;
    if (ore_grow(&list, &panel->series_room, panel->series_count + 1, sizeof *panel->series) !=
        ORE_OK)
        return NULL;
    panel->series = list;
    plot_series *series = &panel->series[panel->series_count];
    *series = (plot_series){.look = *look, .n = n};
    series->look.palette_turn = (int)panel->series_count;
    series->x = ore_alloc((size_t)n * sizeof *series->x);
    series->y = ore_alloc((size_t)n * sizeof *series->y);
    if (!series->x || !series->y || keep_text(&series->label, label) != ORE_OK) {
        series_release(series);
        return NULL;
    }
    panel->series_count++;
    return series;
}

static ore_status check_points(const double *x, const double *y, int64_t n, const char *caller) {
    if (!y || n < 1 || n > MAX_POINTS)
        return ore_fail(ORE_INVALID, "%s: no data: n is %lld%s", caller, (long long)n,
                        y ? "" : ", values are NULL");
    for (int64_t i = 0; i < n; i++)
        if (isfinite(y[i]) && (!x || isfinite(x[i])))
            return ORE_OK;
    return ore_fail(ORE_INVALID, "%s: no data: none of %lld point%s is finite", caller,
                    (long long)n, ore_plural(n));
}

static plot_series *add_points(ore_figure *figure, const double *x, const double *y, int64_t n,
                               const char *label, const ore_plot_style *style, const char *caller) {
    plot_panel *panel = current_panel(figure, caller);
    plot_look look;
    if (!panel || check_points(x, y, n, caller) != ORE_OK ||
        read_style(style, caller, &look) != ORE_OK)
        return NULL;
    plot_series *series = series_add(panel, n, label, &look);
    for (int64_t i = 0; series && i < n; i++) {
        series->x[i] = x ? x[i] : (double)i;
        series->y[i] = y[i];
    }
    return series;
}

ore_status ore_plot_line(ore_figure *figure, const double *x, const double *y, int64_t n,
                         const char *label, const ore_plot_style *style) {
    plot_series *series = add_points(figure, x, y, n, label, style, "plot_line");
    return series ? ORE_OK : ore_error_status();
}

ore_status ore_plot_scatter(ore_figure *figure, const double *x, const double *y, int64_t n,
                            const char *const *texts, const char *label,
                            const ore_plot_style *style) {
    plot_series *series = add_points(figure, x, y, n, label, style, "plot_scatter");
    if (!series)
        return ore_error_status();
    series->kind = SERIES_POINTS;
    if (series->look.marker == ORE_MARKER_NONE)
        series->look.marker = ORE_MARKER_DISC;
    return copy_texts(texts, n, &series->texts);
}

ore_bars_options ore_bars_defaults(void) {
    return (ore_bars_options){0};
}

ore_status ore_plot_bars(ore_figure *figure, const double *heights, int64_t n,
                         const ore_bars_options *options, const char *label,
                         const ore_plot_style *style) {
    ore_bars_options o = options ? *options : ore_bars_defaults();
    plot_series *series = add_points(figure, NULL, heights, n, label, style, "plot_bars");
    if (!series)
        return ore_error_status();
    series->kind = SERIES_BARS;
    plot_panel *panel = &figure->panels[figure->current];
    char **names;
    if (copy_texts(o.texts, n, &series->texts) != ORE_OK ||
        copy_texts(o.names, n, &names) != ORE_OK)
        return ORE_MEMORY;
    if (names) {
        release_texts(panel->bar_names, panel->bar_name_count);
        panel->bar_names = names;
        panel->bar_name_count = n;
    }
    return ORE_OK;
}

/* ---- histograms ---- */

ore_histogram_options ore_histogram_defaults(void) {
    return (ore_histogram_options){.bins = 50, .low = NAN, .high = NAN};
}

static ore_status histogram_range(const double *values, int64_t n, ore_histogram_options *o) {
    double min = INFINITY, max = -INFINITY;
    for (int64_t i = 0; i < n; i++)
        if (isfinite(values[i])) {
            min = fmin(min, values[i]);
            max = fmax(max, values[i]);
        }
    o->low = isnan(o->low) ? min : o->low;
    o->high = isnan(o->high) ? max : o->high;
    if (o->low == o->high) {
        o->low -= 0.5;
        o->high += 0.5;
    }
    if (!isfinite(o->high - o->low) || o->low >= o->high)
        return ore_fail(ORE_INVALID, "plot_histogram: low %g is not below high %g", o->low,
                        o->high);
    return ORE_OK;
}

/* Counts the values in each bin into height (bins,): numbers of values, or densities. */
static ore_status count_bins(const double *values, int64_t n, const ore_histogram_options *o,
                             double *height) {
    double width = (o->high - o->low) / o->bins;
    int64_t inside = 0;
    for (int64_t i = 0; i < n; i++) {
        if (!(values[i] >= o->low && values[i] <= o->high))
            continue;
        int bin = (int)((values[i] - o->low) / width);
        height[bin < o->bins ? bin : o->bins - 1]++;
        inside++;
    }
    if (inside == 0)
        return ore_fail(ORE_INVALID, "plot_histogram: no data: no value lies in %g .. %g", o->low,
                        o->high);
    for (int k = 0; o->density && k < o->bins; k++)
        height[k] /= (double)inside * width;
    return ORE_OK;
}

static ore_status histogram_series(plot_panel *panel, const double *height,
                                   const ore_histogram_options *o, const char *label,
                                   const plot_look *look) {
    double width = (o->high - o->low) / o->bins;
    plot_series *series = series_add(panel, o->curve ? o->bins : 2 * o->bins + 2, label, look);
    if (!series)
        return ore_error_status();
    if (o->curve) {
        for (int k = 0; k < o->bins; k++) {
            series->x[k] = o->low + (k + 0.5) * width;
            series->y[k] = height[k];
        }
        return ORE_OK;
    }
    series->kind = SERIES_HISTOGRAM;
    for (int k = 0; k <= o->bins; k++) {
        double edge = o->low + k * width;
        series->x[2 * k] = series->x[2 * k + 1] = edge;
        series->y[2 * k] = k > 0 ? height[k - 1] : 0;
        series->y[2 * k + 1] = k < o->bins ? height[k] : 0;
    }
    return ORE_OK;
}

ore_status ore_plot_histogram(ore_figure *figure, const double *values, int64_t n,
                              const ore_histogram_options *options, const char *label,
                              const ore_plot_style *style) {
    ore_histogram_options o = options ? *options : ore_histogram_defaults();
    plot_panel *panel = current_panel(figure, "plot_histogram");
    plot_look look;
    if (!panel || check_points(NULL, values, n, "plot_histogram") != ORE_OK ||
        read_style(style, "plot_histogram", &look) != ORE_OK)
        return ore_error_status();
    if (o.bins < 1 || o.bins > MAX_BINS)
        return ore_fail(ORE_INVALID, "plot_histogram: %d bins: the number must be in 1 .. %d",
                        o.bins, MAX_BINS);
    if (histogram_range(values, n, &o) != ORE_OK)
        return ore_error_status();
    double *height = ore_alloc_zero((size_t)o.bins * sizeof *height); /* (bins,) */
    if (!height)
        return ORE_MEMORY;
    ore_status status = count_bins(values, n, &o, height);
    if (status == ORE_OK)
        status = histogram_series(panel, height, &o, label, &look);
    ore_release(height);
    return status;
}

/* ---- heatmaps ---- */

ore_heatmap_options ore_heatmap_defaults(void) {
    return (ore_heatmap_options){.low = NAN, .high = NAN, .colorbar = true, .axes = true};
}

static void heatmap_range(const double *values, int64_t n, ore_heatmap_options *o) {
    double min = INFINITY, max = -INFINITY;
    for (int64_t i = 0; i < n; i++)
        if (isfinite(values[i])) {
            min = fmin(min, values[i]);
            max = fmax(max, values[i]);
        }
    if (o->colormap == ORE_COLORMAP_DIVERGING) {
        max = fmax(fabs(min), fabs(max));
        min = -max;
    }
    o->low = isnan(o->low) ? min : o->low;
    o->high = isnan(o->high) ? max : o->high;
    if (o->high <= o->low)
        o->high = o->low + (o->low != 0 ? fabs(o->low) : 1);
}

ore_status ore_plot_heatmap(ore_figure *figure, const double *values, int64_t rows, int64_t cols,
                            const ore_heatmap_options *options) {
    ore_heatmap_options o = options ? *options : ore_heatmap_defaults();
    plot_panel *panel = current_panel(figure, "plot_heatmap");
    if (!panel)
        return ore_error_status();
    if (panel->heatmap.values)
        return ore_fail(ORE_INVALID, "plot_heatmap: the panel has a heatmap already");
    if (rows < 1 || cols < 1 || rows > MAX_POINTS / cols)
        return ore_fail(ORE_INVALID, "plot_heatmap: no data: a matrix of (%lld, %lld)",
                        (long long)rows, (long long)cols);
    if ((int)o.colormap < 0 || o.colormap > ORE_COLORMAP_GRAY || isinf(o.low) || isinf(o.high) ||
        o.low >= o.high)
        return ore_fail(ORE_INVALID, "plot_heatmap: colormap %d with range %g .. %g",
                        (int)o.colormap, o.low, o.high);
    if (check_points(NULL, values, rows * cols, "plot_heatmap") != ORE_OK)
        return ore_error_status();
    heatmap_range(values, rows * cols, &o);
    plot_heatmap map = {.rows = rows, .cols = cols, .options = o};
    size_t bytes = (size_t)(rows * cols) * sizeof *values;
    map.values = ore_alloc(bytes);
    if (!map.values || copy_texts(o.cell_text, rows * cols, &map.cell_text) != ORE_OK ||
        copy_texts(o.row_names, rows, &map.row_names) != ORE_OK ||
        copy_texts(o.col_names, cols, &map.col_names) != ORE_OK) {
        heatmap_release(&map);
        return ore_error_status();
    }
    memcpy(map.values, values, bytes);
    panel->heatmap = map;
    return ORE_OK;
}

/* ---- annotations ---- */

static ore_status note_add(ore_figure *figure, plot_note note, const char *text,
                           const ore_plot_style *style, const char *caller) {
    plot_panel *panel = current_panel(figure, caller);
    if (!panel || read_style(style, caller, &note.look) != ORE_OK)
        return ore_error_status();
    if (isinf(note.x0) || isinf(note.y0) || isinf(note.x1) || isinf(note.y1))
        return ore_fail(ORE_INVALID, "%s: a coordinate is not finite", caller);
    void *list = panel->notes;
    if (ore_grow(&list, &panel->note_room, panel->note_count + 1, sizeof *panel->notes) != ORE_OK)
        return ORE_MEMORY;
    panel->notes = list;
    if (keep_text(&note.text, text) != ORE_OK)
        return ORE_MEMORY;
    panel->notes[panel->note_count++] = note;
    return ORE_OK;
}

/* A note holds NaN for the coordinates that it does not use. A caller's NaN becomes an infinity, so
 * that the check of coordinates refuses it. */
static double given(double coordinate) {
    return isnan(coordinate) ? INFINITY : coordinate;
}

ore_status ore_plot_text(ore_figure *figure, double x, double y, const char *text,
                         ore_align align) {
    plot_note note = {NOTE_TEXT, .align = align, .x0 = given(x), .y0 = given(y), .x1 = NAN};
    note.y1 = NAN;
    return note_add(figure, note, text ? text : "", NULL, "plot_text");
}

ore_status ore_plot_arrow(ore_figure *figure, double x0, double y0, double x1, double y1,
                          const char *text) {
    plot_note note = {NOTE_ARROW, .x0 = given(x0), .y0 = given(y0), .x1 = given(x1)};
    note.y1 = given(y1);
    return note_add(figure, note, text, NULL, "plot_arrow");
}

static ore_status rule_add(ore_figure *figure, plot_note note, const char *text,
                           const ore_plot_style *style, const char *caller) {
    ore_plot_style grey = {.color = "#666666", .width = 1.5, .dash = ORE_DASH_DASHED};
    return note_add(figure, note, text, style ? style : &grey, caller);
}

ore_status ore_plot_hline(ore_figure *figure, double y, const char *text,
                          const ore_plot_style *style) {
    plot_note note = {NOTE_HLINE, .x0 = NAN, .y0 = given(y), .x1 = NAN, .y1 = NAN};
    return rule_add(figure, note, text, style, "plot_hline");
}

ore_status ore_plot_vline(ore_figure *figure, double x, const char *text,
                          const ore_plot_style *style) {
    plot_note note = {NOTE_VLINE, .x0 = given(x), .y0 = NAN, .x1 = NAN, .y1 = NAN};
    return rule_add(figure, note, text, style, "plot_vline");
}
