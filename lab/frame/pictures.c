/* pictures.c: the figures that several rungs draw. */
#include <math.h>
#include <stdlib.h>

#include "lab/frame/pictures.h"

ore_figure *picture_new(const char *title, const char *x_label, const char *y_label) {
    ore_figure *f = ore_figure_new(NULL);
    ore_plot_title(f, title);
    ore_plot_labels(f, x_label, y_label);
    return f;
}

double *picture_values(ore_tensor *t) {
    ore_scope_begin();
    ore_tensor *d = ore_to(ore_detach(t), ORE_FLOAT64);
    size_t bytes = d ? (size_t)ore_numel(d) * sizeof(double) : 0;
    double *values = d ? malloc(bytes) : NULL;
    if (d && !values)
        ore_fail(ORE_MEMORY, "picture: out of memory");
    if (values)
        ore_copy_out(d, values, bytes);
    ore_scope_end();
    return values;
}

void picture_losses(ore_figure *f, const double *losses, int64_t steps, int64_t window,
                    const char *label) {
    int64_t n = steps / window;
    double *x = malloc((size_t)n * sizeof *x), *y = malloc((size_t)n * sizeof *y);
    for (int64_t i = 0; x && y && i < n; i++) {
        double sum = 0;
        for (int64_t k = 0; k < window; k++)
            sum += losses[i * window + k];
        x[i] = ((double)i + 0.5) * (double)window;
        y[i] = log10(sum / (double)window);
    }
    if (x && y && n > 0)
        ore_plot_line(f, x, y, n, label, NULL);
    free(x);
    free(y);
}

void picture_distribution(ore_figure *f, ore_tensor *t, double low, double high, int bins,
                          const char *label) {
    ore_histogram_options o = ore_histogram_defaults();
    o.low = low;
    o.high = high;
    o.bins = bins;
    o.density = o.curve = true;
    double *values = picture_values(t);
    if (values)
        ore_plot_histogram(f, values, ore_numel(t), &o, label, NULL);
    free(values);
}

void picture_matrix(ore_figure *f, ore_tensor *t, ore_heatmap_options options) {
    options.stretch = true;
    double *values = picture_values(t);
    if (values)
        ore_plot_heatmap(f, values, ore_size(t, 0), ore_size(t, 1), &options);
    free(values);
}
