/* sweep_space.h: what `ore sweep` varies: --grid and --random of its command line, and the trials
 * that they make. */
#ifndef ORE_TOOL_SWEEP_SPACE_H
#define ORE_TOOL_SWEEP_SPACE_H

#include "config/train_options.h"

enum { SWEEP_AXES_MAX = 8, SWEEP_TRIALS_MAX = 10000, SWEEP_NAME_BYTES = 200 };

/* One key of `ore train` that varies. */
typedef struct sweep_axis {
    const option *row;
    bool drawn;    /* from --random: a trial draws its value; else each value of a grid is tried */
    char **values; /* (count) as config.json has them; owned; NULL for a range */
    int count;
    double low, high; /* of a range, both included */
    bool log;         /* evenly on a logarithmic scale */
} sweep_axis;

/* In the order of the table of options, so that a run's name does not depend on the command line's
 * order. */
typedef struct sweep_space {
    sweep_axis axes[SWEEP_AXES_MAX];
    int count;
} sweep_space;

typedef struct sweep_trial {
    char name[SWEEP_NAME_BYTES];  /* "lr=0.1,n_hidden=200": its folder */
    char *values[SWEEP_AXES_MAX]; /* (count of axes), owned */
} sweep_trial;

/* Adds the axis that "KEY=A,B,.." or, drawn, "KEY=LOW..HIGH", "KEY=LOW..HIGH:log" or "KEY=A,B,.."
 * describes. `base` are the options that all trials share. ORE_INVALID names what is wrong. */
ore_status sweep_space_add(sweep_space *s, const train_options *base, const char *text, bool drawn);
void sweep_space_free(sweep_space *s);

/* The trials: every point of the grid with each of `draws` sets of drawn values (1 where nothing is
 * drawn), those that come out alike once. A trial's draws depend on `seed`, its number and the key
 * alone. *trials is owned by the caller: sweep_trials_free. */
ore_status sweep_space_trials(const sweep_space *s, int64_t draws, uint64_t seed,
                              sweep_trial **trials, int *count);
void sweep_trials_free(sweep_trial *trials, int count);

#endif
