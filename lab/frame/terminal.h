/* terminal.h: whether a line of output can be drawn again in place. */
#ifndef LAB_TERMINAL_H
#define LAB_TERMINAL_H

#include <stdio.h>

/* Returns to the start of the line and clears it. */
#define TERMINAL_CLEAR_LINE "\r\033[K"

/* The number of columns of the terminal that `out` is. 0 where lines cannot be redrawn: for a file
 * or a pipe, and for a terminal without control codes (TERM is dumb, or not set) or with too few
 * columns. */
int terminal_columns(FILE *out);

#endif
