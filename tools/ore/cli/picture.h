/* picture.h: what the command's pictures have in common. */
#ifndef ORE_TOOL_PICTURE_H
#define ORE_TOOL_PICTURE_H

#include <ore/plot.h>

/* The default options, with a function that stops waiting for gnuplot when a signal comes
 * meanwhile. A signal that came before has ended the run, whose picture is drawn all the same. */
ore_figure_options picture_options(void);
/* Before the work whose picture is asked for by `flag`: ORE_INVALID for a path that is none's by
 * its ending. "": no picture. */
ore_status picture_check(const char *flag, const char *path);

#endif
