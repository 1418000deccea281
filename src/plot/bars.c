/* bars.c: bars with names, side by side where a panel has several series of them. */
#include <math.h>

#include "plot/figure.h"

/* In units of the x axis, on which places are 1 apart: the width of all bars at one place together,
 * which leaves a gap of 0.2 to the next place. */
static const double GROUP_WIDTH = 0.8;

/* Returns how many series of bars the panel has; *before becomes how many of them come before
 * series k. */
static int count_bars(const plot_panel *panel, int64_t k, int *before) {
    int count = 0;
    *before = 0;
    for (int64_t i = 0; i < panel->series_count; i++)
        if (panel->series[i].kind == SERIES_BARS) {
            *before += i < k;
            count++;
        }
    return count;
}

double plot_bar_place(const plot_panel *panel, int64_t k, int64_t i) {
    int before, count = count_bars(panel, k, &before);
    return (double)i + GROUP_WIDTH * ((before + 0.5) / count - 0.5);
}

static int line_count(const char *text) {
    int lines = 1;
    for (; text && *text; text++)
        lines += *text == '\n';
    return lines;
}

static int imax(int a, int b) {
    return a > b ? a : b;
}

/* Writes the names below the bars, in a font in which the longest one fits its place. */
static void write_names(plot_script *out, const plot_panel *panel, const plot_frame *frame) {
    double places = frame->x.high - frame->x.low, font = PLOT_TICK_FONT * frame->font_px;
    double place_px = 0.85 * frame->width_px / places; /* the rest is for the y axis's labels */
    font = plot_fitting_font(panel->bar_names, panel->bar_name_count, place_px, INFINITY, font);
    font = fmax(font, PLOT_NAME_FONT_MIN_PX);
    int lines = 1;
    plot_add(out, "set xtics scale 0");
    plot_write_font(out, frame, font);
    plot_add(out, " (");
    for (int64_t i = 0; i < panel->bar_name_count; i++) {
        plot_add(out, i > 0 ? "," : "");
        plot_add_quoted(out, panel->bar_names[i]);
        plot_add(out, " %lld", (long long)i);
        lines = imax(lines, line_count(panel->bar_names[i]));
    }
    plot_add(out, ")\n");
    if (lines == 1)
        return;
    /* gnuplot reserves the height of one line of names. The margin is in lines of text: the names',
     * and what the axis's ticks and, if there is one, its label take. */
    plot_add(out, "set bmargin ");
    plot_add_number(out, lines + (panel->x_label ? 2.2 : 0.8));
    plot_add(out, "\nset xlabel offset 0,");
    plot_add_number(out, -0.7 * (lines - 1));
    plot_add(out, "\n");
}

void plot_write_bar_settings(plot_script *out, const plot_panel *panel, const plot_frame *frame) {
    int before, count = count_bars(panel, 0, &before);
    if (count == 0)
        return;
    plot_add(out, "set boxwidth ");
    plot_add_number(out, GROUP_WIDTH / count * (count > 1 ? 0.94 : 1));
    plot_add(out, "\nset grid noxtics\n");
    if (panel->bar_names)
        write_names(out, panel, frame);
}

void plot_write_bar_texts(plot_script *out, const plot_panel *panel, int64_t k,
                          const plot_frame *frame) {
    const plot_series *s = &panel->series[k];
    int before, count = count_bars(panel, k, &before);
    double places = frame->x.high - frame->x.low;
    double room_px = 0.9 * frame->width_px * GROUP_WIDTH / (places * count);
    for (int64_t i = 0; s->texts && i < s->n; i++) {
        double x = plot_bar_place(panel, k, i);
        if (!s->texts[i] || !plot_point_shown(panel, x, s->y[i]) ||
            !plot_visible(x, s->y[i], panel, frame))
            continue;
        double font = plot_fitting_font(s->texts, s->n, room_px, 1e9, 0.93 * frame->font_px);
        plot_write_label(out, x, s->y[i], s->texts[i]);
        plot_write_font(out, frame, fmax(font, 7));
        plot_add(out, " center textcolor rgb '#333333' offset character 0,%s\n",
                 s->y[i] < 0 ? "-0.6" : "0.6");
    }
}
