/* fit.c: what range of values a panel shows, and where its legend hides the fewest points. */
#include <math.h>
#include <string.h>

#include "base/elementary/elementary.h"
#include "plot/figure.h"

/* The min and max of the values seen; starts as (inf, -inf). */
typedef struct span {
    double min, max;
    bool log;
} span;

bool plot_panel_empty(const plot_panel *panel) {
    return panel->series_count == 0 && panel->heatmap.rows == 0;
}

static bool shown(double value, bool log) {
    return isfinite(value) && (!log || value > 0);
}

bool plot_point_shown(const plot_panel *panel, double x, double y) {
    return shown(x, panel->log_x) && shown(y, panel->log_y);
}

static void span_add(span *s, double value) {
    if (!shown(value, s->log))
        return;
    s->min = fmin(s->min, value);
    s->max = fmax(s->max, value);
}

/* The range [min, max], extended at its low end by `below` times its width and at its high end by
 * `above` times; on a log axis widths are in decades. A range without width, relative to its size,
 * gets the width of its value, 1 around 0, and 0.6 decades on a log axis. */
static plot_range widened(const span *s, double below, double above) {
    double low = s->log ? ore_math_log10(s->min) : s->min;
    double high = s->log ? ore_math_log10(s->max) : s->max;
    double width = high - low;
    if (!(width > 1e-12 * fmax(fabs(low), fabs(high)))) {
        width = s->log ? 0.6 : low != 0 ? fabs(low) : 1;
        below = above = 0.5;
    }
    low -= below * width;
    high += above * width;
    return (plot_range){s->log ? ore_math_pow(10, low) : low,
                        s->log ? ore_math_pow(10, high) : high};
}

/* The range that the panel shows: the ends that the caller has set, else those of the data. Without
 * any data it is 0 .. 1, on a log axis 1 .. 10. */
static void fit(plot_range *range, const plot_range *set, span s, double below, double above) {
    if (s.min > s.max) {
        s.min = s.log ? 1 : 0;
        s.max = s.log ? 10 : 1;
    }
    *range = widened(&s, below, above);
    if (isfinite(set->low) && (!s.log || set->low > 0))
        range->low = set->low;
    if (isfinite(set->high) && (!s.log || set->high > 0))
        range->high = set->high;
    if (range->low >= range->high) {
        if (isfinite(set->low))
            range->high = s.log ? 10 * range->low : range->low + 1;
        else
            range->low = s.log ? range->high / 10 : range->high - 1;
    }
}

void plot_fit_ranges(const plot_panel *panel, plot_frame *frame) {
    const plot_heatmap *map = &panel->heatmap;
    if (map->rows > 0) {
        frame->x = (plot_range){-0.5, (double)map->cols - 0.5};
        frame->y = (plot_range){(double)map->rows - 0.5, -0.5};
        return;
    }
    span x = {INFINITY, -INFINITY, panel->log_x}, y = {INFINITY, -INFINITY, panel->log_y};
    bool points = false, bars = false, texts = false;
    for (int64_t k = 0; k < panel->series_count; k++) {
        const plot_series *s = &panel->series[k];
        points |= s->look.marker != ORE_MARKER_NONE;
        bars |= s->kind == SERIES_HISTOGRAM || s->kind == SERIES_BARS;
        for (int64_t i = 0; i < s->n; i++)
            if (plot_point_shown(panel, s->x[i], s->y[i])) {
                span_add(&x, s->x[i]);
                span_add(&y, s->y[i]);
            }
        if (s->kind == SERIES_BARS) { /* they start at 0, and are up to half a place from their x */
            span_add(&x, -0.5);
            span_add(&x, (double)s->n - 0.5);
            span_add(&y, 0);
        }
        texts |= s->kind == SERIES_BARS && s->texts;
    }
    for (int64_t k = 0; k < panel->note_count; k++) {
        span_add(&x, panel->notes[k].x0);
        span_add(&x, panel->notes[k].x1);
        span_add(&y, panel->notes[k].y0);
        span_add(&y, panel->notes[k].y1);
    }
    bool from_zero = bars && !y.log && y.min >= 0;
    double x_margin = points ? 0.05 : 0.02;
    fit(&frame->x, &panel->x_range, x, x_margin, x_margin);
    double y_margin = texts ? 0.12 : 0.05;
    fit(&frame->y, &panel->y_range, y, from_zero ? 0 : y_margin, y_margin);
}

/* Where a value lies in the range: 0 at its low end, 1 at its high end. */
static double place(double value, const plot_range *range, bool log) {
    if (log)
        return ore_math_log10(value / range->low) / ore_math_log10(range->high / range->low);
    return (value - range->low) / (range->high - range->low);
}

/* The legend's width and height as a fraction of the panel's, estimated: gnuplot knows the fonts,
 * we do not. A character is taken as 0.6 fonts wide, a line as 1.75 fonts high, the sample before
 * each text as 5 fonts wide; 0.85 and 0.8 of the panel are inside its axes. */
static void legend_size(const plot_panel *panel, const plot_frame *frame, double *width,
                        double *height) {
    size_t longest = 0;
    int count = 0;
    for (int64_t k = 0; k < panel->series_count; k++)
        if (panel->series[k].label) {
            size_t length = strlen(panel->series[k].label);
            longest = length > longest ? length : longest;
            count++;
        }
    *width = fmin(0.9, frame->font_px * (0.6 * (double)longest + 5) / (0.85 * frame->width_px));
    *height = fmin(0.9, frame->font_px * 1.75 * (count + 0.6) / (0.8 * frame->height_px));
}

/* Places for a legend; points at which the stretch of a curve between two of its points is looked
 * at, enough to see one that crosses the legend. */
enum { PLACES = 6, SEGMENT_SAMPLES = 8 };

/* In order of preference. side: 0 right, 1 left, 2 middle; level: 0 top, 1 bottom. */
static const struct {
    ore_legend place;
    int side, level;
} legend_places[PLACES] = {
    {ORE_LEGEND_TOP_RIGHT, 0, 0},   {ORE_LEGEND_TOP_LEFT, 1, 0},   {ORE_LEGEND_BOTTOM_RIGHT, 0, 1},
    {ORE_LEGEND_BOTTOM_LEFT, 1, 1}, {ORE_LEGEND_TOP_CENTER, 2, 0}, {ORE_LEGEND_BOTTOM_CENTER, 2, 1},
};

/* Adds, for each place of the legend, the fraction of a series that it would cover. A curve is
 * taken as points along it, the filled area of bars and histograms as all that lies below their
 * tops. */
static void add_crowd(const plot_panel *panel, const plot_frame *frame, const plot_series *s,
                      double width, double height, double crowd[PLACES]) {
    bool apart = s->kind == SERIES_POINTS || s->kind == SERIES_BARS;
    bool filled = s->kind == SERIES_HISTOGRAM || s->kind == SERIES_BARS;
    int samples = apart ? 1 : SEGMENT_SAMPLES;
    double px = NAN, py = NAN;
    for (int64_t i = 0; i < s->n; i++) {
        bool here = plot_point_shown(panel, s->x[i], s->y[i]);
        double qx = here ? place(s->x[i], &frame->x, panel->log_x) : NAN;
        double qy = here ? place(s->y[i], &frame->y, panel->log_y) : NAN;
        for (int t = 1; t <= samples; t++) {
            double part = (double)t / samples;
            double x = t == samples ? qx : px + (qx - px) * part;
            double y = t == samples ? qy : py + (qy - py) * part;
            bool side[3] = {x > 1 - width, x < width, fabs(x - 0.5) < width / 2};
            bool level[2] = {y > 1 - height, y < height || filled};
            for (int c = 0; c < PLACES; c++)
                crowd[c] += side[legend_places[c].side] && level[legend_places[c].level]
                                ? 1 / (double)(s->n * samples)
                                : 0;
        }
        px = qx;
        py = qy;
    }
}

ore_legend plot_place_legend(const plot_panel *panel, const plot_frame *frame) {

    double crowd[PLACES] = {0}, width, height;
    legend_size(panel, frame, &width, &height);
    for (int64_t k = 0; k < panel->series_count; k++)
        add_crowd(panel, frame, &panel->series[k], width, height, crowd);
    int best = 0;
    for (int c = 1; c < PLACES; c++)
        if (crowd[c] < crowd[best])
            best = c;
    return legend_places[best].place;
}
