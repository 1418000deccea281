/* picture.h: what the command's pictures have in common. */
#ifndef ORE_TOOL_PICTURE_H
#define ORE_TOOL_PICTURE_H

#include <ore/plot.h>

/* The defaults; a signal that comes while gnuplot works ends the wait for it. One that came before
 * has asked for the run's end, which has its picture too. */
ore_figure_options picture_options(void);

#endif
