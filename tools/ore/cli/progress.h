/* progress.h: how far a run is: one redrawn line on a terminal, plain lines elsewhere. */
#ifndef ORE_TOOL_PROGRESS_H
#define ORE_TOOL_PROGRESS_H

#include <stdio.h>

#include <ore/base.h>

typedef struct progress {
    FILE *out;
    bool terminal;
    bool drawn; /* the bar stands on the current line */
    int64_t first, total, log_interval;
    double tokens_per_step;
    double began_s, drawn_s;  /* monotonic seconds */
    double paused_s, pause_s; /* spent in evaluations; start of the present one */
} progress;

/* Steps first + 1 .. total are to come. */
void progress_begin(progress *p, FILE *out, int64_t first, int64_t total, int64_t log_interval,
                    double tokens_per_step);
/* Step `step` is done. */
void progress_step(progress *p, int64_t step, double loss);
/* Time between the two does not count as training. */
void progress_pause(progress *p);
void progress_continue(progress *p);
/* A line of its own, beside the bar. */
void progress_note(progress *p, const char *format, ...) ORE_PRINTF(2, 3);
void progress_end(progress *p);

/* "1:05" or "2:03:09". */
const char *progress_time_text(double seconds, char *text, size_t bytes);

#endif
