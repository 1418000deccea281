/* picture.c: the options of the command's pictures. */
#include "cli/picture.h"
#include "cli/interrupt.h"

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
