/* write.c: a figure as a gnuplot script. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/elementary/elementary.h"
#include "plot/figure.h"

/* Okabe and Ito's colours, without the yellow that is too light for lines on white. */
static const char *const palette[] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                      "#e69f00", "#56b4e9", "#444444"};
enum { PALETTE = sizeof palette / sizeof *palette };
static const double PNG_POINTS_PER_PX = 0.75; /* gnuplot's PNG: 96 pixels an inch, 72 points */

/* ---- looks ---- */

static void write_color(plot_script *out, const plot_look *look, double opacity) {
    const char *color = look->color[0] ? look->color : palette[look->palette_turn % PALETTE];
    int transparency = (int)lround(255 * (1 - opacity));
    plot_add(out, " lc rgb '#%02x%s'", transparency, color + 1);
}

void plot_write_color(plot_script *out, const plot_look *look) {
    write_color(out, look, look->opacity > 0 ? look->opacity : 1);
}

void plot_write_stroke(plot_script *out, const plot_look *look) {
    static const char *const pattern[] = {"solid", "(10,6)", "(2,5)"};
    bool next_round = look->dash == ORE_DASH_SOLID && !look->color[0];
    int dash = next_round ? look->palette_turn / PALETTE % 3 : (int)look->dash;
    plot_add(out, " lw ");
    plot_add_number(out, look->width);
    plot_add(out, " dt %s", pattern[dash]);
}

void plot_write_font(plot_script *out, const plot_frame *frame, double px) {
    plot_add(out, " font ',");
    plot_add_number(out, round(10 * px * (frame->svg ? 1 : PNG_POINTS_PER_PX)) / 10);
    plot_add(out, "'");
}

/* In gnuplot a marker of size 1 is three quarters of the font wide in SVG, and 6.4 pixels in
 * PNG. */
static void write_marker(plot_script *out, const plot_look *look, const plot_frame *frame) {
    static const int type[] = {7, 7, 6, 5, 9, 2};
    plot_add(out, " pt %d ps ", type[look->marker]);
    plot_add_number(out, look->marker_size / (frame->svg ? 0.75 * frame->font_px : 6.4));
}

/* ---- axes ---- */

/* A power of ten, its exponent in Unicode's superscript digits, which need no mark-up. */
static void write_power(plot_script *out, int exponent) {
    static const char *const digit[] = {"⁰", "¹", "²", "³", "⁴", /* and 5 .. 9 */
                                        "⁵", "⁶", "⁷", "⁸", "⁹"};
    char text[16];
    snprintf(text, sizeof text, "%d", exponent);
    plot_add(out, "'10");
    for (const char *c = text; *c; c++)
        plot_add(out, "%s", *c == '-' ? "⁻" : digit[*c - '0']);
    plot_add(out, "'");
}

static void write_tick(plot_script *out, bool *first, double at, bool label) {
    plot_add(out, *first ? "" : ",");
    *first = false;
    plot_add(out, "'");
    if (label)
        plot_add_number(out, at);
    plot_add(out, "' ");
    plot_add_number(out, at);
    plot_add(out, label ? "" : " 1");
}

/* Ticks at powers of ten: all labelled up to 8 of them, with ticks without labels at 2 .. 9 times
 * each; of more, every second, third .. is labelled. */
static void write_decades(plot_script *out, const plot_range *range, int first_decade,
                          int last_decade) {
    int step = 1 + (last_decade - first_decade) / 8;
    bool first = true;
    for (int e = first_decade - 1; e <= last_decade; e++) {
        double decade = ore_math_pow(10, e);
        if (e >= first_decade && (e - first_decade) % step == 0) {
            plot_add(out, first ? "" : ",");
            write_power(out, e);
            plot_add(out, " ");
            plot_add_number(out, decade);
            first = false;
        }
        for (int m = 2; m < 10 && step == 1; m++)
            if (m * decade >= range->low && m * decade <= range->high)
                write_tick(out, &first, m * decade, false);
    }
}

/* The ticks of a range of less than two decades: 1, 2 and 5 times each power of ten, or, in less
 * than about one decade, about 6 even steps. */
static void write_few_ticks(plot_script *out, const plot_range *range) {
    bool first = true;
    if (range->high / range->low >= 8) {
        static const int mantissa[] = {1, 2, 5};
        for (int e = (int)floor(ore_math_log10(range->low));
             e <= (int)ceil(ore_math_log10(range->high)); e++)
            for (int m = 0; m < 3; m++) {
                double at = mantissa[m] * ore_math_pow(10, e);
                if (at >= range->low && at <= range->high)
                    write_tick(out, &first, at, true);
            }
        return;
    }
    double raw = (range->high - range->low) / 6,
           unit = ore_math_pow(10, floor(ore_math_log10(raw)));
    double step = raw > 5 * unit ? 10 * unit : raw > 2 * unit ? 5 * unit : 2 * unit;
    for (double k = ceil(range->low / step); k * step <= range->high; k++)
        write_tick(out, &first, k * step, true);
}

/* The step between the ticks of a linear x axis, where with gnuplot's own step the labels would
 * overlap, as on a narrow panel; 0 where gnuplot's own will do. */
static double uncrowded_step(const plot_range *range, const plot_frame *frame) {
    double span = range->high - range->low, unit = ore_math_pow(10, floor(ore_math_log10(span)));
    double own = span < 2 * unit ? 0.2 * unit : span < 5 * unit ? 0.5 * unit : unit;
    double step = own, longest = 0;
    for (double k = ceil(range->low / own); k * own <= range->high; k++) {
        char label[32];
        int length = snprintf(label, sizeof label, "%g", k * own);
        longest = fmax(longest, length);
    }
    double fitting = fmax(1, 0.8 * frame->width_px / (0.6 * frame->font_px * (longest + 2)));
    while (span / step > fitting) { /* 0.2, 0.5, 1, 2 .. of the unit */
        double digit = step / ore_math_pow(10, floor(ore_math_log10(step) + 1e-9));
        step *= digit > 1.5 && digit < 2.5 ? 2.5 : 2;
    }
    return step > own ? step : 0;
}

/* The range and ticks of an axis. `frame` is given for an x axis of numbers, whose labels stand
 * side by side and may need fewer ticks; else NULL. */
static void write_axis(plot_script *out, char axis, const plot_range *range, bool log,
                       const plot_frame *frame) {
    plot_add(out, "set %crange [", axis);
    plot_add_number(out, range->low);
    plot_add(out, ":");
    plot_add_number(out, range->high);
    plot_add(out, "]\n");
    if (!log) {
        double step = frame ? uncrowded_step(range, frame) : 0;
        if (step > 0) {
            plot_add(out, "set xtics ");
            plot_add_number(out, step);
            plot_add(out, "\n");
        }
        return;
    }
    int first = (int)ceil(ore_math_log10(range->low)),
        last = (int)floor(ore_math_log10(range->high));
    plot_add(out, "set logscale %c\nset %ctics (", axis, axis);
    if (last - first >= 2)
        write_decades(out, range, first, last);
    else
        write_few_ticks(out, range);
    plot_add(out, ")\n");
}

/* ---- data ---- */

/* Writes a point, or, for one that is not shown, a blank line, which interrupts the curve. Two
 * blank lines would end the data block, so *gap notes that there is one already. */
static void write_point(plot_script *out, const plot_panel *panel, double x, double y, bool *gap) {
    bool shown = plot_point_shown(panel, x, y);
    if (shown) {
        plot_add_number(out, x);
        plot_add(out, " ");
        plot_add_number(out, y);
    }
    if (shown || !*gap)
        plot_add(out, "\n");
    *gap = !shown;
}

/* Points of a curve from which on it is thinned: several times the pixels of a picture's width. */
enum { DENSE_POINTS = 8000 };

/* How many neighbouring points a curve draws as one vertical stroke from their min to their max,
 * which looks the same where they share a pixel column; 1: every point is drawn. */
static int64_t thinning(const plot_series *s) {
    bool curve = s->kind == SERIES_LINE && s->look.marker == ORE_MARKER_NONE;
    return curve && s->n > DENSE_POINTS ? s->n / (DENSE_POINTS / 4) : 1;
}

static void write_points(plot_script *out, const plot_panel *panel, int64_t k, double base) {
    const plot_series *s = &panel->series[k];
    int64_t step = thinning(s);
    bool gap = true;
    plot_add(out, "$s%lld << EOD\n", (long long)k);
    for (int64_t i = 0; i < s->n; i += step) {
        int64_t stop = i + step < s->n ? i + step : s->n, min = i, max = i;
        bool whole = step > 1 && i > 0 && stop < s->n;
        for (int64_t j = i; j < stop; j++) {
            whole &= plot_point_shown(panel, s->x[j], s->y[j]);
            min = s->y[j] < s->y[min] ? j : min;
            max = s->y[j] > s->y[max] ? j : max;
        }
        for (int64_t j = i; j < stop; j++)
            if (!whole || j == min || j == max) {
                double y = s->kind == SERIES_HISTOGRAM && s->y[j] <= 0 ? base : s->y[j];
                double x = s->kind == SERIES_BARS ? plot_bar_place(panel, k, j) : s->x[j];
                write_point(out, panel, x, y, &gap);
            }
    }
    plot_add(out, "EOD\n");
}

static bool any_shown(const plot_panel *panel, const plot_series *s) {
    for (int64_t i = 0; i < s->n; i++)
        if (plot_point_shown(panel, s->x[i], s->y[i]))
            return true;
    return false;
}

static void write_texts(plot_script *out, const plot_panel *panel, const plot_series *s,
                        const plot_frame *frame) {
    bool inside = s->look.text_inside;
    double font_px = inside ? fmin(s->look.marker_size * 0.65, frame->font_px) : frame->font_px;
    for (int64_t i = 0; i < s->n; i++) {
        bool known = s->texts[i] && plot_point_shown(panel, s->x[i], s->y[i]);
        if (!known || !plot_visible(s->x[i], s->y[i], panel, frame))
            continue;
        plot_write_label(out, s->x[i], s->y[i], s->texts[i]);
        plot_write_font(out, frame, fmax(font_px, 6));
        plot_add(out, inside ? " center textcolor rgb '#ffffff'\n"
                             : " left textcolor rgb '#333333' offset character 0.7,0.35\n");
    }
}

static void write_title(plot_script *out, const plot_series *s) {
    plot_add(out, s->label ? " title " : " notitle");
    if (s->label)
        plot_add_quoted(out, s->label);
}

static void write_element(plot_script *out, const plot_series *s, int64_t k, double base,
                          const plot_frame *frame) {
    const char *separator = ", \\\n  ";
    if (s->kind == SERIES_BARS) {
        plot_add(out, "%s$s%lld using 1:2 with boxes fs solid noborder", separator, (long long)k);
        plot_write_color(out, &s->look);
        write_title(out, s);
        return;
    }
    if (s->kind == SERIES_HISTOGRAM) {
        plot_add(out, "%s$s%lld using 1:2 with filledcurves y=", separator, (long long)k);
        plot_add_number(out, base);
        plot_add(out, " fs solid noborder");
        write_color(out, &s->look, s->look.opacity > 0 ? s->look.opacity : 0.25);
        plot_add(out, " notitle");
    }
    bool line = s->kind != SERIES_POINTS, marker = s->look.marker != ORE_MARKER_NONE;
    plot_add(out, "%s$s%lld using 1:2 with %s", separator, (long long)k,
             line && marker ? "linespoints"
             : line         ? "lines"
                            : "points");
    if (line)
        plot_write_stroke(out, &s->look);
    if (marker)
        write_marker(out, &s->look, frame);
    if (s->kind == SERIES_HISTOGRAM)
        write_color(out, &s->look, 1);
    else
        plot_write_color(out, &s->look);
    write_title(out, s);
}

/* ---- panels ---- */

static void write_legend(plot_script *out, const plot_panel *panel, const plot_frame *frame) {
    static const char *const place[] = {
        [ORE_LEGEND_TOP_RIGHT] = "inside top right",
        [ORE_LEGEND_TOP_LEFT] = "inside top left",
        [ORE_LEGEND_TOP_CENTER] = "inside top center",
        [ORE_LEGEND_BOTTOM_RIGHT] = "inside bottom right",
        [ORE_LEGEND_BOTTOM_LEFT] = "inside bottom left",
        [ORE_LEGEND_BOTTOM_CENTER] = "inside bottom center",
        [ORE_LEGEND_OUTSIDE] = "outside right top",
    };
    ore_legend chosen = panel->legend;
    bool labelled = false;
    for (int64_t k = 0; k < panel->series_count; k++)
        labelled |= panel->series[k].label != NULL;
    if (!labelled || chosen == ORE_LEGEND_NONE) {
        plot_add(out, "unset key\n");
        return;
    }
    if (chosen == ORE_LEGEND_AUTO)
        chosen = plot_place_legend(panel, frame);
    plot_add(out, "set key %s Left reverse samplen 2 spacing 1.15 opaque fc rgb '#ffffff' ",
             place[chosen]);
    plot_add(out, "nobox textcolor rgb '#333333'\n");
}

static void write_text_setting(plot_script *out, const char *what, const char *text,
                               const plot_frame *frame, double font_px) {
    if (!text)
        return;
    plot_add(out, "set %s ", what);
    plot_add_quoted(out, text);
    plot_write_font(out, frame, font_px);
    plot_add(out, " textcolor rgb '#222222'\n");
}

static void write_panel(plot_script *out, const plot_panel *panel, plot_frame *frame,
                        const char *title) {
    const plot_heatmap *map = &panel->heatmap;
    plot_fit_ranges(panel, frame);
    plot_add(out, "reset\nset encoding utf8\nset border 3 lc rgb '#777777' lw 1\n"
                  "set format '%%g'\n"
                  "set tics nomirror out scale 0.5,0.25 textcolor rgb '#333333'");
    plot_write_font(out, frame, frame->font_px * 0.93);
    plot_add(out, "\n");
    write_text_setting(out, "title", title, frame, frame->font_px * 1.15);
    write_text_setting(out, "xlabel", panel->x_label, frame, frame->font_px);
    write_text_setting(out, "ylabel", panel->y_label, frame, frame->font_px);
    write_legend(out, panel, frame);
    write_axis(out, 'x', &frame->x, panel->log_x && map->rows == 0, map->rows ? NULL : frame);
    write_axis(out, 'y', &frame->y, panel->log_y && map->rows == 0, NULL);
    if (map->rows > 0)
        plot_write_heatmap_settings(out, panel, frame);
    else
        plot_add(out, "set grid back lt 1 lc rgb '#e4e4e4' lw 0.8\n");
    plot_write_bar_settings(out, panel, frame);
    double base = panel->log_y ? frame->y.low : fmax(0, frame->y.low);
    for (int64_t k = 0; k < panel->series_count; k++) {
        write_points(out, panel, k, base);
        if (panel->series[k].kind == SERIES_BARS)
            plot_write_bar_texts(out, panel, k, frame);
        else if (panel->series[k].texts)
            write_texts(out, panel, &panel->series[k], frame);
    }
    plot_write_notes(out, panel, frame);
    if (map->rows > 0)
        plot_write_heatmap_data(out, map);
    plot_add(out, "plot %s notitle", map->rows > 0 ? plot_heatmap_element(map, frame) : "NaN");
    for (int64_t k = 0; k < panel->series_count; k++)
        if (any_shown(panel, &panel->series[k]))
            write_element(out, &panel->series[k], k, base, frame);
    plot_add(out, "\n");
}

void plot_write_figure(plot_script *out, const ore_figure *figure, bool svg) {
    int panels = figure->rows * figure->cols;
    plot_frame frame = {.width_px = (double)figure->width_px / figure->cols,
                        .height_px = (double)figure->height_px / figure->rows,
                        .svg = svg};
    double scale = fmin(frame.width_px / 1000, frame.height_px / 560);
    frame.font_px = 15 * fmax(0.74, fmin(scale, 2));
    bool multiplot = panels > 1 || (figure->title && figure->panels[0].title);
    plot_add(out, "set encoding utf8\nset terminal %s size %d,%d noenhanced rounded ",
             svg ? "svg" : "pngcairo", figure->width_px, figure->height_px);
    plot_add(out, "%s background rgb '#ffffff' font '%s,", svg ? "" : "dashlength 2",
             svg ? "sans-serif" : "sans");
    plot_add_number(out, frame.font_px * (svg ? 1 : PNG_POINTS_PER_PX));
    plot_add(out, "'\n");
    if (multiplot) {
        plot_add(out, "set multiplot layout %d,%d", figure->rows, figure->cols);
        if (figure->title) {
            plot_add(out, " title ");
            plot_add_quoted(out, figure->title);
            plot_write_font(out, &frame, frame.font_px * 1.3);
        }
        plot_add(out, "\n");
    }
    for (int i = 0; i < panels; i++) {
        const plot_panel *panel = &figure->panels[i];
        const char *title = panel->title || multiplot ? panel->title : figure->title;
        if (plot_panel_empty(panel))
            plot_add(out, "set multiplot next\n");
        else
            write_panel(out, panel, &frame, title);
    }
    if (multiplot)
        plot_add(out, "unset multiplot\n");
}
