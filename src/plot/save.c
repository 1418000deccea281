/* save.c: a figure as a file. */
#include <string.h>

#include <ore/files.h>

#include "plot/figure.h"

static bool ends_with(const char *text, const char *ending) {
    size_t length = strlen(text), tail = strlen(ending);
    return length > tail && strcmp(text + length - tail, ending) == 0;
}

/* Removes the line of an SVG that names gnuplot's version, so that versions which draw the same
 * give the same file. */
static void drop_version(plot_script *svg) {
    char *start = memmem(svg->data, (size_t)svg->length, "<desc>", 6);
    char *stop = memmem(svg->data, (size_t)svg->length, "</desc>\n", 8);
    if (!start || !stop || stop < start)
        return;
    stop += 8;
    memmove(start, stop, (size_t)(svg->data + svg->length - stop));
    svg->length -= stop - start;
}

static bool nothing_to_show(const ore_figure *figure) {
    for (int i = 0; i < figure->rows * figure->cols; i++)
        if (!plot_panel_empty(&figure->panels[i]))
            return false;
    return true;
}

ore_status ore_figure_save(const ore_figure *figure, const char *path) {
    if (!ore_ok())
        return ore_error_status();
    if (!figure || !path)
        return ore_fail(ORE_INVALID, "figure_save: %s is NULL", figure ? "path" : "figure");
    bool svg = ends_with(path, ".svg");
    if (!svg && !ends_with(path, ".png"))
        return ore_fail(ORE_INVALID, "figure_save: %s ends in neither .svg nor .png", path);
    if (nothing_to_show(figure))
        return ore_fail(ORE_INVALID, "figure_save: %s: no data: no panel has anything to show",
                        path);
    plot_script script = {0}, picture = {0};
    plot_write_figure(&script, figure, svg);
    if (!script.failed && plot_run(&script, &figure->patience, &picture) == ORE_OK) {
        if (svg)
            drop_version(&picture);
        if (ore_file_write(path, picture.data, (size_t)picture.length) != ORE_OK)
            ore_error_locate("figure_save");
    }
    plot_script_release(&picture);
    plot_script_release(&script);
    return ore_error_status();
}
