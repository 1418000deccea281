/* figure.h: what a figure holds, and the functions that turn it into a gnuplot script. */
#ifndef ORE_PLOT_FIGURE_H
#define ORE_PLOT_FIGURE_H

#include <ore/plot.h>

#include "plot/script.h"

typedef enum series_kind {
    SERIES_LINE,
    SERIES_POINTS,
    SERIES_HISTOGRAM,
    SERIES_BARS,
} series_kind;

typedef struct plot_look {
    char color[8];    /* "#rrggbb", or "" for a colour of the palette */
    int palette_turn; /* the number of the series in its panel, which picks the palette's colour */
    double width, marker_size, opacity;
    ore_dash dash;
    ore_marker marker;
    bool text_inside;
} plot_look;

typedef struct plot_series {
    series_kind kind;
    plot_look look;
    char *label;
    int64_t n;
    double *x, *y; /* (n,); a histogram's are its outline, which starts and ends on the base line */
    char **texts;  /* (n,) or NULL */
} plot_series;

typedef enum note_kind { NOTE_TEXT, NOTE_ARROW, NOTE_HLINE, NOTE_VLINE } note_kind;

typedef struct plot_note {
    note_kind kind;
    plot_look look;
    ore_align align;
    double x0, y0, x1, y1; /* NaN where this kind of note has no such coordinate */
    char *text;
} plot_note;

typedef struct plot_heatmap {
    int64_t rows, cols; /* 0: the panel has none */
    double *values;     /* (rows, cols) */
    char **cell_text;   /* (rows, cols) or NULL */
    char **row_names, **col_names;
    ore_heatmap_options options; /* but for its pointers, whose texts are copied above */
} plot_heatmap;

typedef struct plot_range {
    double low, high; /* NaN: fitted to the data */
} plot_range;

typedef struct plot_panel {
    char *title, *x_label, *y_label;
    bool log_x, log_y;
    plot_range x_range, y_range;
    ore_legend legend;
    plot_series *series;
    int64_t series_count, series_room;
    char **bar_names; /* (bar_name_count) or NULL */
    int64_t bar_name_count;
    plot_note *notes;
    int64_t note_count, note_room;
    plot_heatmap heatmap;
} plot_panel;

struct ore_figure {
    int width_px, height_px, rows, cols, current;
    char *title;
    plot_panel *panels; /* (rows, cols) */
    plot_patience patience;
};

/* A panel's final ranges and sizes, which every part of its script needs. */
typedef struct plot_frame {
    plot_range x, y;
    double width_px, height_px;
    double font_px; /* of labels */
    bool svg;       /* else png */
} plot_frame;

bool plot_panel_empty(const plot_panel *panel);
/* Sizes of fonts: of ticks and names, relative to that of labels; and the smallest, in pixels, in
 * which names beside an axis can still be read. */
static const double PLOT_TICK_FONT = 0.93, PLOT_NAME_FONT_MIN_PX = 7;

/* Whether a point can be drawn: finite, and above zero on logarithmic axes. */
bool plot_point_shown(const plot_panel *panel, double x, double y);
/* Sets frame->x and frame->y to ranges that hold the panel's data and notes, with a margin at each
 * end that the caller has not set. */
void plot_fit_ranges(const plot_panel *panel, plot_frame *frame);
/* The place inside the panel at which the legend hides the smallest part of the series. */
ore_legend plot_place_legend(const plot_panel *panel, const plot_frame *frame);

/* The settings for bars: the names below them and their width. Nothing in a panel without bars. */
void plot_write_bar_settings(plot_script *out, const plot_panel *panel, const plot_frame *frame);
/* The texts above the bars of series k. */
void plot_write_bar_texts(plot_script *out, const plot_panel *panel, int64_t k,
                          const plot_frame *frame);
/* The x coordinate of the middle of bar i of series k, which shares its place with the bars of the
 * panel's other series. */
double plot_bar_place(const plot_panel *panel, int64_t k, int64_t i);

/* The whole script, terminal line included. */
void plot_write_figure(plot_script *out, const ore_figure *figure, bool svg);
void plot_write_notes(plot_script *out, const plot_panel *panel, const plot_frame *frame);
/* A heatmap's settings, and its data as a block named $m; both stand before the plot command. */
void plot_write_heatmap_settings(plot_script *out, const plot_panel *panel,
                                 const plot_frame *frame);
void plot_write_heatmap_data(plot_script *out, const plot_heatmap *map);
/* What the plot command draws for a heatmap. */
const char *plot_heatmap_element(const plot_heatmap *map, const plot_frame *frame);
/* The colour and opacity of a series. */
void plot_write_color(plot_script *out, const plot_look *look);
/* The dash pattern and width of a line. */
void plot_write_stroke(plot_script *out, const plot_look *look);
/* " font ',SIZE'" for a font of `px` pixels: SVG counts in pixels, PNG in points. */
void plot_write_font(plot_script *out, const plot_frame *frame, double px);
/* The largest font, in pixels and at most `max`, in which each of n texts fits a box of this width
 * and height; at least 4 pixels, below which nothing can be read. */
double plot_fitting_font(char *const *texts, int64_t n, double width_px, double height_px,
                         double max);
/* A label at finite x and y, without a newline at its end: the caller may add settings. */
void plot_write_label(plot_script *out, double x, double y, const char *text);
/* Whether a point lies in the frame. A coordinate that is NaN, one that a note does not use, counts
 * as inside. */
bool plot_visible(double x, double y, const plot_panel *panel, const plot_frame *frame);

#endif
