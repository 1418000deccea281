/* loss_curve.c: draws the losses in metrics.jsonl. */
#include <ore/plot.h>
#include <ore/run.h>

#include "run/loss_curve.h"
#include "cli/picture.h"
#include "run/rundir.h"

static void add_curve(ore_figure *figure, const ore_curve *c, const char *label,
                      const ore_plot_style *style) {
    if (c->count > 0)
        ore_plot_line(figure, c->x, c->y, c->count, label, style);
}

static ore_figure *loss_figure(const ore_metrics_curves *curves, const char *title) {
    ore_figure_options o = picture_options();
    ore_figure *figure = ore_figure_new(&o);
    ore_plot_style step = {.color = "#b8b8b8", .width = 1};
    ore_plot_style train = {.color = "#0072b2", .marker = ORE_MARKER_DISC, .marker_size = 5};
    ore_plot_style val = {.color = "#d55e00", .marker = ORE_MARKER_DISC, .marker_size = 5};
    ore_plot_title(figure, title);
    ore_plot_labels(figure, "step", "loss (nats per token)");
    add_curve(figure, &curves->loss, "each step's batch", &step);
    add_curve(figure, &curves->train, "train", &train);
    add_curve(figure, &curves->val, "validation", &val);
    return figure;
}

ore_status loss_curve_draw(const char *dir, const char *title) {
    char path[RUNDIR_PATH_BYTES];
    ore_metrics_curves curves = {0};
    if (rundir_path(dir, "metrics.jsonl", path) != ORE_OK ||
        ore_metrics_read(path, &curves) != ORE_OK ||
        curves.loss.count + curves.train.count + curves.val.count == 0) {
        ore_metrics_curves_free(&curves);
        return ore_error_status();
    }
    ore_figure *figure = loss_figure(&curves, title);
    static const char *const names[] = {"loss.svg", "loss.png"};
    for (int i = 0; i < 2 && ore_ok(); i++)
        if (rundir_path(dir, names[i], path) == ORE_OK)
            ore_figure_save(figure, path);
    ore_figure_free(figure);
    ore_metrics_curves_free(&curves);
    return ore_error_status();
}
