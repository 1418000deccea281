/* terminal.h: whether a line of output can be drawn again in place. */
#ifndef LAB_TERMINAL_H
#define LAB_TERMINAL_H

#include <stdio.h>

/* How to begin a line anew: to its start, and nothing of it is left. */
#define TERMINAL_CLEAR_LINE "\r\033[K"

/* Columns of the terminal behind `out`; 0 where lines have to stay as they are written: in a file
 * or pipe, on a terminal that knows no codes (TERM is dumb, or not set) or has too few columns. */
int terminal_columns(FILE *out);

#endif
