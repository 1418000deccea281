/* matrix.c: matrices with named rows and columns, printed and drawn. */
#include <math.h>
#include <stdio.h>

#include "lab/frame/matrix.h"

void lab_show_matrix(lab *l, const char *title, const ore_tensor *t, const char *const *row_names,
                     const char *const *col_names) {
    char text[4096];
    const float *data = ore_data(t);
    int64_t rows = data ? ore_size(t, 0) : 0, cols = data ? ore_size(t, 1) : 0;
    size_t n = (size_t)snprintf(text, sizeof text, col_names ? "%-10s" : "%s", title);
    for (int64_t c = 0; c < cols && col_names; c++)
        n +=
            (size_t)snprintf(text + n, n < sizeof text ? sizeof text - n : 0, "%10s", col_names[c]);
    for (int64_t i = 0; i < rows * cols && n < sizeof text; i++) {
        if (i % cols == 0)
            n += (size_t)snprintf(text + n, sizeof text - n, "\n%10s", row_names[i / cols]);
        if (n < sizeof text)
            n += (size_t)snprintf(text + n, sizeof text - n, "%10.3f", (double)data[i]);
    }
    lab_show(l, text);
}

/* Rows up to which cells have numbers in them, for which they are large enough; rows at most. */
enum { WITH_NUMBERS = 10, ROWS_MAX = 64 };

/* Divides the attention weights (T) of one row by the largest of them. */
static void scale_row(double *values, const float *shares, int64_t T) {
    double largest = 0;
    for (int64_t i = 0; i < T; i++)
        largest = fmax(largest, (double)shares[i]);
    for (int64_t i = 0; i < T; i++)
        values[i] = largest > 0 ? (double)shares[i] / largest : 0;
}

void lab_draw_attention(ore_figure *figure, int row, int col, const char *title,
                        const ore_tensor *weights, const char *const *names) {
    double values[ROWS_MAX * ROWS_MAX];
    char texts[WITH_NUMBERS * WITH_NUMBERS][16];
    const char *cells[WITH_NUMBERS * WITH_NUMBERS];
    const float *data = ore_data(weights);
    int64_t T = data ? ore_size(weights, 0) : 0;
    ore_heatmap_options o = ore_heatmap_defaults();
    if (T < 1 || T > ROWS_MAX)
        return;
    for (int64_t t = 0; t < T; t++)
        scale_row(values + t * T, data + t * T, T);
    for (int64_t i = 0; i < T * T && T <= WITH_NUMBERS; i++) {
        snprintf(texts[i], sizeof texts[i], "%.2f", (double)data[i]);
        cells[i] = data[i] > 0 ? texts[i] : NULL;
    }
    o.cell_text = T > WITH_NUMBERS ? NULL : cells;
    o.row_names = o.col_names = names;
    o.colorbar = false;
    o.low = 0;
    o.high = 1;
    ore_figure_panel(figure, row, col);
    ore_plot_title(figure, title);
    ore_plot_labels(figure, "is looked at", "looks");
    ore_plot_heatmap(figure, values, T, T, &o);
}
