/* sweep_space.h: the space that `ore sweep` searches: the axes of --grid and --random, and the
 * trials that they give. */
#ifndef ORE_TOOL_SWEEP_SPACE_H
#define ORE_TOOL_SWEEP_SPACE_H

#include "config/train_options.h"

/* Axes; trials, more of which are taken for a mistake; and bytes of a trial's name, which is that
 * of a folder (255 on Linux) and of its log. */
enum { SWEEP_AXES_MAX = 8, SWEEP_TRIALS_MAX = 10000, SWEEP_NAME_BYTES = 200 };

/* One key of `ore train` that varies. */
typedef struct sweep_axis {
    const option *row;
    bool drawn;    /* --random: each trial draws a value; else --grid: every value is tried */
    char **values; /* (count) as config.json has them, owned; NULL for a range */
    int count;
    double low, high; /* of a range, both included */
    bool log;         /* values are uniform on a logarithmic scale */
} sweep_axis;

/* The axes, in the order of the table of options, so that the names of runs do not depend on the
 * order in which the axes are given. */
typedef struct sweep_space {
    sweep_axis axes[SWEEP_AXES_MAX];
    int count;
} sweep_space;

typedef struct sweep_trial {
    char name[SWEEP_NAME_BYTES];  /* "lr=0.1,n_hidden=200": its folder */
    char *values[SWEEP_AXES_MAX]; /* (count of axes), owned */
} sweep_trial;

/* Adds the axis that a text describes: "KEY=A,B,..", or, if it is drawn, also "KEY=LOW..HIGH" and
 * "KEY=LOW..HIGH:log". `base` has the options that all trials share. ORE_INVALID with a message
 * that says what is wrong. */
ore_status sweep_space_add(sweep_space *s, const train_options *base, const char *text, bool drawn);
void sweep_space_free(sweep_space *s);

/* Makes the trials: every point of the grid with each of `draws` sets of drawn values (1 set where
 * nothing is drawn); of trials with equal values, only one. What a trial draws depends on `seed`,
 * its number and the key alone. *trials (*count) is to be released with sweep_trials_free. */
ore_status sweep_space_trials(const sweep_space *s, int64_t draws, uint64_t seed,
                              sweep_trial **trials, int *count);
void sweep_trials_free(sweep_trial *trials, int count);

#endif
