/* progress.h: shows how far a run is: on a terminal one line that is redrawn, elsewhere plain
 * lines. */
#ifndef ORE_TOOL_PROGRESS_H
#define ORE_TOOL_PROGRESS_H

#include <stdio.h>

#include <ore/base.h>

typedef struct progress {
    FILE *out;
    bool terminal;
    bool drawn; /* the bar is on the current line of the terminal */
    int64_t first, total, log_interval;
    const char *item; /* "token": what a step has some of */
    double items_per_step;
    double began_s, drawn_s;  /* monotonic seconds */
    double paused_s, pause_s; /* seconds of all pauses so far; when the present one began */
} progress;

/* Begins a run of the steps first + 1 .. total. */
void progress_begin(progress *p, FILE *out, int64_t first, int64_t total, int64_t log_interval,
                    const char *item, double items_per_step);
/* Shows that `step` is done. */
void progress_step(progress *p, int64_t step, double loss);
/* Between these two calls, the time does not count as training. */
void progress_pause(progress *p);
void progress_continue(progress *p);
/* Prints a line of its own above the bar. */
void progress_note(progress *p, const char *format, ...) ORE_PRINTF(2, 3);
void progress_end(progress *p);

/* "1:05" or "2:03:09". */
const char *progress_time_text(double seconds, char *text, size_t bytes);

#endif
