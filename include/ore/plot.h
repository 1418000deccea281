/* plot.h: pictures through gnuplot (program `gnuplot`, package gnuplot-nox): curves, scatter plots,
 * bars, histograms, heatmaps and annotations, saved as SVG or PNG.
 *
 * A figure is a grid of panels. The ore_plot_ calls add to its current panel, the first one until
 * ore_figure_panel chooses another. Every call copies what it is given, texts too; texts are UTF-8
 * and shown as they are (no mark-up; a newline starts a new line). Points that are NaN or infinite
 * leave gaps, as do values <= 0 on a logarithmic axis. gnuplot runs only inside ore_figure_save.
 *
 * Every function that returns a status refuses, with that status, while an error is pending. */
#ifndef ORE_PLOT_H
#define ORE_PLOT_H

#include <ore/base.h>

ORE_BEGIN_DECLS

typedef struct ore_figure ore_figure;

/* ---- figures ---- */

typedef struct ore_figure_options {
    int width_px, height_px; /* 64 .. 16384 */
    int rows, cols;          /* panels, 1 .. 32 each */
    const char *title;       /* above all panels; NULL for none */
    double limit_s;          /* seconds that gnuplot may take for a file, then it is ended; 0: 60 */
    /* Asked several times a second while gnuplot runs; true gives the file up. NULL: never. */
    bool (*stop)(void *user);
    void *user; /* for stop */
} ore_figure_options;

/* 1000 x 640 pixels, one panel, no title, a minute for gnuplot. */
ORE_API ore_figure_options ore_figure_defaults(void);
/* NULL options mean the defaults. ORE_INVALID if one is out of range. */
ORE_API ore_figure *ore_figure_new(const ore_figure_options *options);
ORE_API void ore_figure_free(ore_figure *figure);
/* The panel that later calls add to; row 0, column 0 is at the top left. */
ORE_API ore_status ore_figure_panel(ore_figure *figure, int row, int col);
/* Writes the figure to `path`, in the format of its ending, .svg or .png. The file is written
 * beside it and renamed, so that a failure leaves an older one untouched; the same figure gives
 * the same bytes with the same gnuplot and fonts. Panels without data stay blank.
 * ORE_INVALID: another ending, or no panel has data. ORE_UNSUPPORTED: no gnuplot here.
 * ORE_IO: gnuplot failed (the message has its first error line), took longer than limit_s, was
 * given up because `stop` said so, or the file can't be written. */
ORE_API ore_status ore_figure_save(const ore_figure *figure, const char *path);

/* ---- the current panel ---- */

ORE_API ore_status ore_plot_title(ore_figure *figure, const char *text);
/* NULL leaves an axis without a label. */
ORE_API ore_status ore_plot_labels(ore_figure *figure, const char *x_label, const char *y_label);
ORE_API ore_status ore_plot_log_axes(ore_figure *figure, bool x, bool y);
/* low < high; a NaN end is fitted to the data. */
ORE_API ore_status ore_plot_x_range(ore_figure *figure, double low, double high);
ORE_API ore_status ore_plot_y_range(ore_figure *figure, double low, double high);

typedef enum ore_legend {
    ORE_LEGEND_AUTO, /* inside, where it hides the fewest points */
    ORE_LEGEND_NONE,
    ORE_LEGEND_TOP_RIGHT,
    ORE_LEGEND_TOP_LEFT,
    ORE_LEGEND_TOP_CENTER,
    ORE_LEGEND_BOTTOM_RIGHT,
    ORE_LEGEND_BOTTOM_LEFT,
    ORE_LEGEND_BOTTOM_CENTER,
    ORE_LEGEND_OUTSIDE, /* right of the panel */
} ore_legend;

/* Where labelled series are named. Without labels there is no legend. */
ORE_API ore_status ore_plot_legend(ore_figure *figure, ore_legend place);

/* ---- series ---- */

typedef enum ore_dash { ORE_DASH_SOLID, ORE_DASH_DASHED, ORE_DASH_DOTTED } ore_dash;
typedef enum ore_marker {
    ORE_MARKER_NONE, /* for scatter plots: a disc */
    ORE_MARKER_DISC,
    ORE_MARKER_CIRCLE,
    ORE_MARKER_SQUARE,
    ORE_MARKER_TRIANGLE,
    ORE_MARKER_CROSS,
} ore_marker;

/* All zero is a valid style, the default one. */
typedef struct ore_plot_style {
    const char *color;  /* "#rrggbb"; NULL: the next of a palette safe for colour-blind readers */
    double width;       /* of lines, pixels; 0: 2 */
    ore_dash dash;      /* of lines */
    ore_marker marker;  /* at every point */
    double marker_size; /* pixels across; 0: 8 */
    double opacity;     /* 0 < opacity <= 1; 0: 1, and 0.25 for the filling of histograms */
    bool text_inside;   /* scatter texts stand on their marker in white, not beside it */
} ore_plot_style;

ORE_API ore_plot_style ore_plot_style_defaults(void);

/* A curve through (x[i], y[i]), i < n; x NULL means 0, 1, 2 ... label NULL keeps it out of the
 * legend. A very long one without markers is drawn through the min and max of each stretch of
 * points. ORE_INVALID: n < 1, no finite point. */
ORE_API ore_status ore_plot_line(ore_figure *figure, const double *x, const double *y, int64_t n,
                                 const char *label, const ore_plot_style *style);
/* Separate points, each with its text where texts is not NULL (n entries, NULL for none). */
ORE_API ore_status ore_plot_scatter(ore_figure *figure, const double *x, const double *y, int64_t n,
                                    const char *const *texts, const char *label,
                                    const ore_plot_style *style);

typedef struct ore_bars_options {
    const char *const *names; /* (n,) below the bars; NULL: numbers */
    const char *const *texts; /* (n,) at the bars' ends, NULL entries allowed; NULL: none */
} ore_bars_options;

ORE_API ore_bars_options ore_bars_defaults(void);
/* Bars from 0 to heights[i] at x = i, i < n; those of several calls in one panel stand side by
 * side, under the names of the last call that has any. Bars that are not finite are left out.
 * ORE_INVALID: n < 1, no finite height. */
ORE_API ore_status ore_plot_bars(ore_figure *figure, const double *heights, int64_t n,
                                 const ore_bars_options *options, const char *label,
                                 const ore_plot_style *style);

typedef struct ore_histogram_options {
    int bins;         /* 1 .. 100000; default 50 */
    bool density;     /* areas sum to one instead of heights being counts */
    bool curve;       /* a line through the bins' centres instead of filled bars: for overlays */
    double low, high; /* values outside are left out; NaN (default): the data's own */
} ore_histogram_options;

ORE_API ore_histogram_options ore_histogram_defaults(void);
/* The distribution of n raw values; like torch.histogram, the last bin holds `high` itself.
 * Values that are not finite are left out. ORE_INVALID: no finite value. */
ORE_API ore_status ore_plot_histogram(ore_figure *figure, const double *values, int64_t n,
                                      const ore_histogram_options *options, const char *label,
                                      const ore_plot_style *style);

typedef enum ore_colormap {
    ORE_COLORMAP_BLUES,     /* white to dark blue */
    ORE_COLORMAP_VIRIDIS,   /* dark violet to yellow */
    ORE_COLORMAP_DIVERGING, /* blue below zero, white, red above; default range symmetrical */
    ORE_COLORMAP_GRAY,      /* black to white */
} ore_colormap;

typedef struct ore_heatmap_options {
    ore_colormap colormap;
    double low, high;             /* values of the two end colours; NaN (default): the data's own */
    const char *const *cell_text; /* (rows, cols), NULL entries allowed: "ab\n12" is two lines */
    const char *const *row_names; /* (rows,) at the left; NULL: row numbers */
    const char *const *col_names; /* (cols,) below; NULL: column numbers */
    bool colorbar;                /* default true */
    bool axes;                    /* names or numbers of rows and columns; default true */
    bool stretch;                 /* fill the panel instead of square cells; default false */
} ore_heatmap_options;

ORE_API ore_heatmap_options ore_heatmap_defaults(void);
/* The matrix values (rows, cols), row-major, row 0 on top, one per panel. Cells that are not
 * finite stay blank. Cell (r, c) is centred at x = c, y = r for annotations.
 * ORE_INVALID: rows or cols < 1, no finite value, a second heatmap in one panel. */
ORE_API ore_status ore_plot_heatmap(ore_figure *figure, const double *values, int64_t rows,
                                    int64_t cols, const ore_heatmap_options *options);

/* ---- annotations: in the coordinates of the data ---- */

typedef enum ore_align { ORE_ALIGN_LEFT, ORE_ALIGN_CENTER, ORE_ALIGN_RIGHT } ore_align;

ORE_API ore_status ore_plot_text(ore_figure *figure, double x, double y, const char *text,
                                 ore_align align);
/* From (x0, y0), where the text stands (NULL for none), to its head at (x1, y1). */
ORE_API ore_status ore_plot_arrow(ore_figure *figure, double x0, double y0, double x1, double y1,
                                  const char *text);
/* A line across the panel at y (or x), grey and dashed by default, with an optional text on it. */
ORE_API ore_status ore_plot_hline(ore_figure *figure, double y, const char *text,
                                  const ore_plot_style *style);
ORE_API ore_status ore_plot_vline(ore_figure *figure, double x, const char *text,
                                  const ore_plot_style *style);

ORE_END_DECLS

#endif
