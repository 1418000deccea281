/* heatmap.c: a matrix as coloured cells, with texts in them and names beside them. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "plot/figure.h"

enum { STOPS = 5 }; /* colours that describe a map; those between are interpolated */

/* Widths and heights of text as multiples of the font's size, a little above those of the fonts
 * that gnuplot picks by default, so that text which is estimated to fit does. */
static const double CHARACTER_WIDTH = 0.66, LINE_HEIGHT = 1.3;
/* Perceived brightness, 0 .. 1, below which a cell gets white text and from which on dark text. */
static const double DARK_BELOW = 0.58;

/* The colours of each map at evenly spaced values, from the lowest to the highest. */
static const unsigned stops[][STOPS] = {
    [ORE_COLORMAP_BLUES] = {0xFFFFFF, 0xC9DEF0, 0x7FB2DC, 0x3A7FBF, 0x0B3F7D},
    [ORE_COLORMAP_VIRIDIS] = {0x440154, 0x3B528B, 0x21918C, 0x5EC962, 0xFDE725},
    [ORE_COLORMAP_DIVERGING] = {0x0B4F8A, 0x7DB3DC, 0xFFFFFF, 0xE89A7B, 0xA8321A},
    [ORE_COLORMAP_GRAY] = {0x000000, 0x404040, 0x808080, 0xBFBFBF, 0xFFFFFF},
};

/* The perceived brightness, 0 .. 1, of the colour that a value gets. */
static double brightness(const plot_heatmap *map, double value) {
    const ore_heatmap_options *o = &map->options;
    double at = (value - o->low) / (o->high - o->low) * (STOPS - 1);
    at = fmin(fmax(at, 0), STOPS - 1);
    int k = at < STOPS - 1 ? (int)at : STOPS - 2;
    double sum = 0, weight[3] = {0.2126, 0.7152, 0.0722};
    for (int channel = 0; channel < 3; channel++) {
        int shift = 16 - 8 * channel;
        double a = stops[o->colormap][k] >> shift & 0xFF;
        double b = stops[o->colormap][k + 1] >> shift & 0xFF;
        sum += weight[channel] * (a + (b - a) * (at - k)) / 255;
    }
    return sum;
}

static int imax(int a, int b) {
    return a > b ? a : b;
}

/* Returns the number of characters of the longest line; *lines becomes the number of lines. */
static int text_width(const char *text, int *lines) {
    int longest = 0, width = 0;
    *lines = 1;
    for (const char *c = text; *c; c++) {
        if (*c == '\n') {
            ++*lines;
            width = 0;
        } else if (((unsigned char)*c & 0xC0) != 0x80)
            width++;
        longest = imax(longest, width);
    }
    return longest;
}

double plot_fitting_font(char *const *texts, int64_t n, double width_px, double height_px,
                         double max) {
    double font = max;
    for (int64_t i = 0; i < n; i++) {
        int lines = 1, width = texts[i] ? text_width(texts[i], &lines) : 0;
        if (width > 0)
            font = fmin(font, fmin(width_px / (CHARACTER_WIDTH * width),
                                   height_px / (LINE_HEIGHT * lines)));
    }
    return fmax(font, 4);
}

typedef struct cell_size {
    double width_px, height_px;
    double turned_px; /* length of the column names where they are written upwards; else 0 */
} cell_size;

/* The estimated size of a cell: the panel without what title, names and colour bar take (0.2 of its
 * width, 0.12 without a bar, and 0.16 of its height), divided by the cells. Column names are
 * written upwards where they would need a font below 10 pixels side by side. */
static cell_size estimate_cell(const plot_heatmap *map, const plot_frame *frame) {
    double side = map->options.colorbar ? 0.8 : 0.88, font = PLOT_TICK_FONT * frame->font_px;
    cell_size cell = {frame->width_px * side / (double)map->cols,
                      frame->height_px * 0.84 / (double)map->rows, 0};
    if (map->col_names && map->options.axes) {
        double level_px =
            map->options.stretch ? cell.width_px : fmin(cell.width_px, cell.height_px);
        int lines, longest = 0;
        for (int64_t i = 0; i < map->cols; i++)
            longest = imax(longest, map->col_names[i] ? text_width(map->col_names[i], &lines) : 0);
        double fitting = plot_fitting_font(map->col_names, map->cols, level_px, INFINITY, font);
        if (fitting < fmin(font, 10)) {
            cell.turned_px = fmin(0.62 * font * longest, 0.4 * frame->height_px);
            cell.height_px -= cell.turned_px / (double)map->rows;
        }
    }
    if (!map->options.stretch)
        cell.width_px = cell.height_px = fmin(cell.width_px, cell.height_px);
    return cell;
}

/* Writes a cell's text, each line as a label of its own, so that all of it is centred in the
 * cell. */
static void write_cell_text(plot_script *out, const plot_heatmap *map, int64_t cell,
                            const plot_frame *frame, double font_px, double line_height) {
    const char *text = map->cell_text[cell];
    double value = map->values[cell];
    bool dark = isfinite(value) && brightness(map, value) < DARK_BELOW;
    char line[256];
    int lines;
    text_width(text, &lines);
    for (int k = 0; k < lines; k++) {
        size_t length = strcspn(text, "\n");
        snprintf(line, sizeof line, "%.*s", (int)length, text);
        plot_write_label(out, (double)(cell % map->cols),
                         (double)(cell / map->cols) + (k - 0.5 * (lines - 1)) * line_height, line);
        plot_write_font(out, frame, font_px);
        plot_add(out, " center textcolor rgb '%s'\n", dark ? "#ffffff" : "#333333");
        text += length + (text[length] == '\n');
    }
}

/* Writes the names, or numbers, of an axis, leaving out as many as it takes for them not to
 * touch. */
static void write_names(plot_script *out, char axis, char *const *names, int64_t n, double cell_px,
                        bool turned, const plot_frame *frame) {
    int64_t step = 1;
    double font = frame->font_px * PLOT_TICK_FONT;
    if (names && axis == 'x' && !turned)
        font = plot_fitting_font(names, n, cell_px, INFINITY, font);
    if (names)
        font = fmax(fmin(font, cell_px * 0.85), PLOT_NAME_FONT_MIN_PX);
    /* pixels between labels: a name's height, a number's width, or its height */
    double spacing_px = names ? font * 1.1 : font * (axis == 'x' ? 3 : 1.5);
    static const int64_t nice[] = {1, 2, 5};
    for (int64_t k = 0, unit = 1; (double)step * cell_px < spacing_px; k++) {
        unit *= k % 3 == 2 ? 10 : 1;
        step = nice[(k + 1) % 3] * unit;
    }
    plot_add(out, "set %ctics scale 0", axis);
    plot_write_font(out, frame, font);
    plot_add(out, "%s (", turned ? " rotate by 90 right" : "");
    for (int64_t i = 0; i < n; i += step) {
        char number[24];
        snprintf(number, sizeof number, "%lld", (long long)i);
        plot_add(out, i > 0 ? "," : "");
        plot_add_quoted(out, !names ? number : names[i] ? names[i] : "");
        plot_add(out, " %lld", (long long)i);
    }
    plot_add(out, ")\n");
}

static void write_colors(plot_script *out, const ore_heatmap_options *o) {
    plot_add(out, "set palette defined (");
    for (int k = 0; k < STOPS; k++)
        plot_add(out, "%s%d '#%06x'", k > 0 ? ", " : "", k, stops[o->colormap][k]);
    plot_add(out, ")\nset cbrange [");
    plot_add_number(out, o->low);
    plot_add(out, ":");
    plot_add_number(out, o->high);
    plot_add(out, "]\n%s\n", o->colorbar ? "set colorbox noborder" : "unset colorbox");
}

void plot_write_heatmap_settings(plot_script *out, const plot_panel *panel,
                                 const plot_frame *frame) {
    const plot_heatmap *map = &panel->heatmap;
    cell_size cell = estimate_cell(map, frame);
    plot_add(out, "set border 15 lc rgb '#bbbbbb' lw 0.8\n%s",
             map->options.stretch ? "" : "set size ratio -1\n");
    write_colors(out, &map->options);
    if (map->options.axes) {
        write_names(out, 'x', map->col_names, map->cols, cell.width_px, cell.turned_px > 0, frame);
        write_names(out, 'y', map->row_names, map->rows, cell.height_px, false, frame);
    } else
        plot_add(out, "unset xtics\nunset ytics\n");
    if (cell.turned_px > 0) { /* gnuplot reserves it only after it has sized square cells */
        double row_px = frame->font_px * (frame->svg ? 1.5 : 1.16);
        plot_add(out, "set bmargin ");
        plot_add_number(out, ceil(cell.turned_px / row_px + (panel->x_label ? 3 : 1)));
        plot_add(out, "\n");
    }
    if (!map->cell_text)
        return;
    int64_t n = map->rows * map->cols;
    double font = plot_fitting_font(map->cell_text, n, cell.width_px * 0.92, cell.height_px * 0.92,
                                    frame->font_px);
    for (int64_t i = 0; i < n; i++)
        if (map->cell_text[i])
            write_cell_text(out, map, i, frame, font, 1.15 * font / cell.height_px);
}

/* gnuplot's `image` needs at least two rows and columns, so a smaller map is drawn as boxes.
 * Viewers blur an image in SVG, where `image pixels` draws each cell as a rectangle, which would
 * show seams in PNG. */
const char *plot_heatmap_element(const plot_heatmap *map, const plot_frame *frame) {
    if (map->rows == 1 || map->cols == 1)
        return "$m matrix using 1:2:(0.5):(0.5):3 with boxxyerror fs solid noborder fc palette";
    return frame->svg ? "$m matrix with image pixels" : "$m matrix with image";
}

void plot_write_heatmap_data(plot_script *out, const plot_heatmap *map) {
    plot_add(out, "$m << EOD\n");
    for (int64_t r = 0; r < map->rows; r++) {
        for (int64_t c = 0; c < map->cols; c++) {
            plot_add(out, c > 0 ? " " : "");
            plot_add_number(out, map->values[r * map->cols + c]);
        }
        plot_add(out, "\n");
    }
    plot_add(out, "EOD\n");
}
