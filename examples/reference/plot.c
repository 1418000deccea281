/* plot.c: two curves and a matrix with texts in its cells, side by side in one picture. */
#include <math.h>
#include <stdio.h>

#include <ore/ore.h>

int main(void) {
    enum { N = 100 };
    double x[N], y[N];
    for (int i = 0; i < N; i++) {
        x[i] = 6.0 * (i - N / 2) / N;
        y[i] = tanh(x[i]);
    }
    ore_figure_options o = ore_figure_defaults();
    o.cols = 2;
    ore_figure *figure = ore_figure_new(&o);
    ore_plot_title(figure, "tanh");
    ore_plot_line(figure, x, y, N, "tanh x", NULL);
    ore_plot_hline(figure, 0, NULL, NULL);

    const double counts[] = {4, 1, 0, 2};
    const char *const cells[] = {"aa\n4", "ab\n1", "ba\n0", "bb\n2"};
    ore_heatmap_options h = ore_heatmap_defaults();
    h.cell_text = cells;
    ore_figure_panel(figure, 0, 1);
    ore_plot_title(figure, "pairs");
    ore_plot_heatmap(figure, counts, 2, 2, &h);

    ore_status status = ore_figure_save(figure, "plot.svg");
    ore_figure_free(figure);
    if (status == ORE_UNSUPPORTED) /* no gnuplot on this machine */
        ore_error_clear();
    printf("%s\n", ore_ok() ? "drawn, or no gnuplot here" : ore_error_message());
    ore_tree_remove("plot.svg");
    return ore_ok() ? 0 : 1;
}
