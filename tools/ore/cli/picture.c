/* picture.c: the options of the command's pictures. */
#include "cli/interrupt.h"
#include "cli/picture.h"
#include "cli/words.h"

static bool stop_drawing(void *user) {
    (void)user;
    return interrupt_requested();
}

ore_figure_options picture_options(void) {
    ore_figure_options o = ore_figure_defaults();
    if (!interrupt_requested())
        o.stop = stop_drawing;
    return o;
}

ore_status picture_check(const char *flag, const char *path) {
    if (*path && !path_ends_in(path, ".svg") && !path_ends_in(path, ".png"))
        return ore_fail(ORE_INVALID, "%s %s: expected a name that ends in .svg or .png", flag,
                        path);
    return ORE_OK;
}
