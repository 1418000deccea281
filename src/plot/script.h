/* script.h: a growing text, in gnuplot's language or SVG, and the program that runs the first. */
#ifndef ORE_PLOT_SCRIPT_H
#define ORE_PLOT_SCRIPT_H

#include <ore/base.h>

typedef struct plot_script {
    char *data;
    int64_t length, capacity;
    bool failed; /* out of memory: the error is pending, later writes do nothing */
} plot_script;

void plot_add(plot_script *script, const char *format, ...) ORE_PRINTF(2, 3);
void plot_add_bytes(plot_script *script, const char *bytes, int64_t count);
/* A number in C notation whatever the locale; "NaN" for what is not finite. */
void plot_add_number(plot_script *script, double value);
/* A string literal that gnuplot shows as it is: its own escapes, macros and commands have no
 * effect, and bytes that are not UTF-8 become U+FFFD. NULL is the empty string. */
void plot_add_quoted(plot_script *script, const char *text);
/* Text that may stand between XML's tags; the rest as plot_add_quoted. */
void plot_add_xml(plot_script *script, const char *text);
void plot_script_release(plot_script *script);

/* How long gnuplot is waited for; the fields are those of ore_figure_options, limit_s above 0. */
typedef struct plot_patience {
    double limit_s;
    bool (*stop)(void *user);
    void *user;
} plot_patience;

/* Feeds the script to gnuplot; what it prints goes to *picture, which starts empty. gnuplot has
 * ended when this returns. */
ore_status plot_run(const plot_script *script, const plot_patience *patience, plot_script *picture);

#endif
