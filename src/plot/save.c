/* save.c: a figure as a file. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "plot/figure.h"

static bool ends_with(const char *text, const char *ending) {
    size_t length = strlen(text), tail = strlen(ending);
    return length > tail && strcmp(text + length - tail, ending) == 0;
}

/* Takes out the line that names gnuplot's version: the picture depends on it no more than it
 * must. */
static void drop_version(plot_script *svg) {
    char *start = memmem(svg->data, (size_t)svg->length, "<desc>", 6);
    char *stop = memmem(svg->data, (size_t)svg->length, "</desc>\n", 8);
    if (!start || !stop || stop < start)
        return;
    stop += 8;
    memmove(start, stop, (size_t)(svg->data + svg->length - stop));
    svg->length -= stop - start;
}

static bool write_all(int file, const plot_script *picture) {
    int64_t written = 0;
    while (written < picture->length) {
        ssize_t n = write(file, picture->data + written, (size_t)(picture->length - written));
        if (n < 0 && errno != EINTR)
            return false;
        written += n > 0 ? n : 0;
    }
    return true;
}

/* Beside the target first, so that whoever reads it sees the old picture or the new one. */
static ore_status write_file(const char *path, const plot_script *picture) {
    size_t room = strlen(path) + 32;
    char *beside = ore_alloc(room);
    if (!beside)
        return ORE_MEMORY;
    snprintf(beside, room, "%s.%ld.tmp", path, (long)getpid());
    int file = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    bool good = file >= 0 && write_all(file, picture);
    int problem = errno;
    if (file >= 0 && close(file) != 0 && good) {
        good = false;
        problem = errno;
    }
    if (good && rename(beside, path) != 0) {
        good = false;
        problem = errno;
    }
    if (!good) {
        if (file >= 0)
            unlink(beside);
        ore_fail(ORE_IO, "figure_save: cannot write %s: %s", path, strerror(problem));
    }
    ore_release(beside);
    return ore_error_status();
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
    if (!script.failed && plot_run(&script, &picture) == ORE_OK) {
        if (svg)
            drop_version(&picture);
        write_file(path, &picture);
    }
    plot_script_release(&picture);
    plot_script_release(&script);
    return ore_error_status();
}
