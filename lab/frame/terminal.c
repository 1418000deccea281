/* terminal.c: whether a line of output can be drawn again in place. */
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lab/frame/terminal.h"

int terminal_columns(FILE *out) {
    enum { COLUMNS_MIN = 20, UNKNOWN = 80 }; /* in fewer columns a line of progress shows nothing */
    const char *kind = getenv("TERM");
    struct winsize size = {0};
    if (isatty(fileno(out)) != 1 || !kind || !*kind || strcmp(kind, "dumb") == 0)
        return 0;
    if (ioctl(fileno(out), TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
        return UNKNOWN;
    return size.ws_col >= COLUMNS_MIN ? size.ws_col : 0;
}
