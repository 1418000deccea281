/* fit.c: what range of values a panel shows, and where its legend is least in the way. */
#include <math.h>

#include "plot/figure.h"

/* The least and most value seen; starts as (inf, -inf). */
typedef struct span {
    double least, most;
    bool log;
} span;

bool plot_panel_empty(const plot_panel *panel) {
    return panel->series_count == 0 && panel->heatmap.rows == 0;
}

static bool shown(double value, bool log) {
    return isfinite(value) && (!log || value > 0);
}

static void span_add(span *s, double value) {
    if (!shown(value, s->log))
        return;
    s->least = fmin(s->least, value);
    s->most = fmax(s->most, value);
}

/* Widens [least, most] by a part of itself, on a log axis by a part of its decades. */
static plot_range widened(const span *s, double below, double above) {
    double low = s->log ? log10(s->least) : s->least;
    double high = s->log ? log10(s->most) : s->most;
    double width = high - low;
    if (!(width > 1e-12 * fmax(fabs(low), fabs(high)))) {
        width = s->log ? 0.6 : low != 0 ? fabs(low) : 1;
        below = above = 0.5;
    }
    low -= below * width;
    high += above * width;
    return (plot_range){s->log ? pow(10, low) : low, s->log ? pow(10, high) : high};
}

/* Ends that were set win; a span without values is the unit's. */
static void fit(plot_range *range, const plot_range *set, span s, double below, double above) {
    if (s.least > s.most) {
        s.least = s.log ? 1 : 0;
        s.most = s.log ? 10 : 1;
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
    bool points = false, bars = false;
    for (int64_t k = 0; k < panel->series_count; k++) {
        const plot_series *s = &panel->series[k];
        points |= s->look.marker != ORE_MARKER_NONE;
        bars |= s->kind == SERIES_BARS;
        for (int64_t i = 0; i < s->n; i++)
            if (shown(s->x[i], x.log) && shown(s->y[i], y.log)) {
                span_add(&x, s->x[i]);
                span_add(&y, s->y[i]);
            }
    }
    for (int64_t k = 0; k < panel->note_count; k++) {
        span_add(&x, panel->notes[k].x0);
        span_add(&x, panel->notes[k].x1);
        span_add(&y, panel->notes[k].y0);
        span_add(&y, panel->notes[k].y1);
    }
    bool from_zero = bars && !y.log && y.least >= 0;
    double x_margin = points ? 0.05 : 0.02;
    fit(&frame->x, &panel->x_range, x, x_margin, x_margin);
    fit(&frame->y, &panel->y_range, y, from_zero ? 0 : 0.05, 0.05);
}

/* Where value lies between the ends: 0 .. 1. */
static double place(double value, const plot_range *range, bool log) {
    if (log)
        return log10(value / range->low) / log10(range->high / range->low);
    return (value - range->low) / (range->high - range->low);
}

ore_legend plot_pick_corner(const plot_panel *panel, const plot_frame *frame) {
    static const ore_legend corner[] = {ORE_LEGEND_TOP_RIGHT, ORE_LEGEND_TOP_LEFT,
                                        ORE_LEGEND_BOTTOM_RIGHT, ORE_LEGEND_BOTTOM_LEFT};
    double crowd[4] = {0};
    for (int64_t k = 0; k < panel->series_count; k++) {
        const plot_series *s = &panel->series[k];
        for (int64_t i = 0; i < s->n; i++) {
            if (!shown(s->x[i], panel->log_x) || !shown(s->y[i], panel->log_y))
                continue;
            double px = place(s->x[i], &frame->x, panel->log_x);
            double py = place(s->y[i], &frame->y, panel->log_y);
            bool side[2] = {px >= 0.65, px <= 0.35};
            bool level[2] = {py >= 0.6, py <= 0.4 || s->kind == SERIES_BARS};
            for (int c = 0; c < 4; c++)
                crowd[c] += side[c % 2] && level[c / 2] ? 1 / (double)s->n : 0;
        }
    }
    int best = 0;
    for (int c = 1; c < 4; c++)
        if (crowd[c] < crowd[best])
            best = c;
    return corner[best];
}
