/* metrics.h: metrics.jsonl, one JSON object a line: a step's loss, rate and gradient norm, or an
 * evaluation's two losses. It holds nothing that depends on time, so that a run that was stopped
 * and resumed ends with the same bytes. */
#ifndef ORE_TOOL_METRICS_H
#define ORE_TOOL_METRICS_H

#include <ore/train.h>

enum { METRICS_BUFFER_BYTES = 1 << 16, METRICS_PATH_BYTES = 4096 };

typedef struct metrics {
    char path[METRICS_PATH_BYTES];
    int64_t interval; /* steps between lines of a step: long runs leave some out */
    size_t file_bytes, used;
    char buffer[METRICS_BUFFER_BYTES]; /* not written yet */
} metrics;

/* Cuts the file to `bytes`; 0 removes it. */
ore_status metrics_open(metrics *m, const char *dir, size_t bytes, int64_t steps);
ore_status metrics_add(metrics *m, const ore_fit_report *report);
/* Writes what is held back; file_bytes is then the file's size. */
/* Drops what has not been written: how many lines. */
int metrics_drop(metrics *m);
ore_status metrics_flush(metrics *m);

typedef struct metrics_curve {
    double *x, *y;
    int64_t count, capacity;
} metrics_curve;

typedef struct metrics_curves {
    metrics_curve loss, train, val; /* of single steps; of evaluations */
} metrics_curves;

/* Reads the file back; needs metrics_curves_free, also after a failure. */
ore_status metrics_read(const char *path, metrics_curves *curves);
void metrics_curves_free(metrics_curves *curves);

/* Draws DIR/loss.svg and DIR/loss.png. ORE_UNSUPPORTED where there is no gnuplot. */
ore_status metrics_draw(const char *dir, const char *title);

#endif
