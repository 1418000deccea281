/* script.h: a text that grows, in gnuplot's language or in SVG, and the call that runs gnuplot. */
#ifndef ORE_PLOT_SCRIPT_H
#define ORE_PLOT_SCRIPT_H

#include <ore/base.h>

typedef struct plot_script {
    char *data;
    int64_t length, capacity;
    bool failed; /* memory ran out: the error is set, and later writes do nothing */
} plot_script;

/* These append to a script, which starts as all zeros. */
void plot_add(plot_script *script, const char *format, ...) ORE_PRINTF(2, 3);
void plot_add_bytes(plot_script *script, const char *bytes, int64_t count);
/* A number in C notation whatever the locale; "NaN" for what is not finite. */
void plot_add_number(plot_script *script, double value);
/* A string literal that gnuplot shows as it is: its own escapes, macros and commands have no
 * effect, and bytes that are not UTF-8 become U+FFFD. NULL is the empty string. */
void plot_add_quoted(plot_script *script, const char *text);
/* Text between XML tags, with its special characters escaped; otherwise as plot_add_quoted. */
void plot_add_xml(plot_script *script, const char *text);
void plot_script_release(plot_script *script);

/* How long to wait for gnuplot. The fields are those of ore_figure_options, with limit_s above
 * 0. */
typedef struct plot_patience {
    double limit_s;
    bool (*stop)(void *user);
    void *user;
} plot_patience;

/* Runs gnuplot on a script; what it prints is appended to *picture, which is empty before. gnuplot
 * has ended when this returns. ORE_IO where it cannot be started, fails, or takes too long. */
ore_status plot_run(const plot_script *script, const plot_patience *patience, plot_script *picture);

#endif
