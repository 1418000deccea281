/* cmd_sweep.c: `ore sweep`. */
#include <stdlib.h>
#include <string.h>

#include <ore/io.h>

#include "cli/command.h"
#include "cli/interrupt.h"
#include "sweep/sweep.h"
#include "tasks/train_data.h"
#include "config/train_idle.h"
#include "cli/words.h"

typedef struct sweep_config {
    char *grid, *random; /* for the help alone: --grid and --random may be given several times */
    int64_t trials, jobs;
    char *out;
    int test;
} sweep_config;

#define ROW(type, ...)                                                                             \
    { "Sweep", CONFIG_FIELD_##type(sweep_config, __VA_ARGS__), OPTION_UNSAVED, 0 }
static const option rows[] = {
    ROW(TEXT, grid, "", "KEY=A,B,..",
        "try each of these values of a key; of several --grid, every combination"),
    ROW(TEXT, random, "", "KEY=LOW..HIGH[:log]",
        "draw a key's values evenly between two ends (with :log, evenly in their logarithms), or, "
        "as "
        "KEY=A,B,.., from a list"),
    ROW(INT, trials, "auto", "[1, 10000]",
        "draws of the --random keys, for each point of the grid; auto: 20"),
    ROW(INT, jobs, "1", "[1, 64]", "runs at a time, which share the threads"),
    ROW(TEXT, out, "", "DIR", "the sweep's folder; none: that of the run with -sweep after it"),
    ROW(SWITCH, test, "false", NULL,
        "at the end evaluate the best run on the test split (--test-fraction), once"),
};
#undef ROW
enum { GRID, RANDOM, ROWS = sizeof rows / sizeof rows[0] }; /* the first two rows have names */

static const option *sweep_rows(int *count) {
    *count = ROWS;
    return rows;
}

/* ---- the command line ---- */

static const option *own_row(const char *key) {
    const options all = {.rows = rows, .count = ROWS};
    return options_find(&all, key);
}

static const config_field *sweep_field(const char *key) {
    const option *own = own_row(key);
    return own ? &own->field : train_field(key);
}

/* The flags of the command line by kind: the sweep's own, axes, and those passed to `ore train`. */
typedef struct sweep_words {
    arguments own, axes, train;
} sweep_words;

static ore_status split_words(sweep_words *w, const arguments *a) {
    for (int i = 0; i < a->count && ore_ok(); i++) {
        const option *row = *a->items[i].key ? own_row(a->items[i].key) : NULL;
        bool axis = row == &rows[GRID] || row == &rows[RANDOM];
        if (axis && !a->items[i].value)
            return ore_fail(ORE_INVALID, "--%s: a value is missing", row->field.key);
        arguments_add(axis ? &w->axes : row ? &w->own : &w->train, a->items[i]);
    }
    return ore_error_status();
}

static void free_words(sweep_words *w) {
    arguments_free(&w->train);
    arguments_free(&w->axes);
    arguments_free(&w->own);
}

/* ---- what is asked for ---- */

static ore_status check_base(const train_config *c) {
    const char *why = c->resume         ? "--resume: the same command goes on with a sweep"
                      : c->force        ? "--force: a sweep replaces no run; choose another --out"
                      : c->print_config ? "--print-config: only for ore train"
                      : strcmp(c->data, DATA_STANDARD_INPUT) == 0
                          ? "--data -: each run of a sweep reads the text: expected a file"
                      : c->stop_at != CONFIG_AUTO_INT
                          ? "--stop-at: the runs of a sweep go to the end of their steps"
                          : NULL;
    return why ? ore_fail(ORE_INVALID, "%s", why) : ORE_OK;
}

static ore_status read_axes(sweep *s, const sweep_words *w, const sweep_config *c) {
    bool drawn = false;
    for (int i = 0; i < w->axes.count && ore_ok(); i++) {
        bool is_drawn = own_row(w->axes.items[i].key) == &rows[RANDOM];
        sweep_space_add(&s->space, &s->base, w->axes.items[i].value, is_drawn);
        drawn = drawn || is_drawn;
    }
    if (ore_ok() && s->space.count == 0)
        return ore_fail(ORE_INVALID, "nothing varies: expected --grid KEY=A,B,.. or --random "
                                     "KEY=LOW..HIGH");
    if (ore_ok() && !drawn && c->trials != CONFIG_AUTO_INT)
        return ore_fail(ORE_INVALID, "--trials: nothing is drawn; expected a --random");
    return ore_error_status();
}

static ore_status make_results(sweep *s, const sweep_config *c) {
    enum { TRIALS = 20 };
    bool drawn = false;
    sweep_trial *trials;
    int count;
    for (int i = 0; i < s->space.count; i++)
        drawn = drawn || s->space.axes[i].drawn;
    int64_t draws = !drawn ? 1 : c->trials != CONFIG_AUTO_INT ? c->trials : TRIALS;
    if (sweep_space_trials(&s->space, draws, (uint64_t)s->base.config.seed, &trials, &count) ==
        ORE_OK)
        s->results = calloc((size_t)count, sizeof *s->results);
    if (ore_ok() && !s->results)
        ore_fail(ORE_MEMORY, "sweep: out of memory");
    if (!ore_ok()) {
        sweep_trials_free(trials, count);
        return ore_error_status();
    }
    for (int i = 0; i < count; i++)
        s->results[i].trial = trials[i];
    s->count = s->asked_count = count;
    free(trials);
    return ORE_OK;
}

/* Before the first trial runs: reads the flags of every trial, and opens the data of the first. */
static ore_status check_trials(const sweep *s, const sweep_config *c) {
    for (int i = 0; i < s->asked_count && ore_ok(); i++) {
        train_options t;
        train_data data = {0};
        const train_config *tc = &t.config;
        sweep_trial_options(s, &s->results[i].trial, &t);
        if (ore_ok() && tc->val_fraction <= 0 && !*tc->val_data)
            ore_fail(ORE_INVALID, "--val-fraction 0: a sweep compares validation losses");
        if (ore_ok() && c->test && tc->test_fraction <= 0)
            ore_fail(ORE_INVALID, "--test: nothing is held out for it: expected a --test-fraction "
                                  "above 0");
        if (ore_ok() && i == 0)
            train_data_open(&data, tc, NULL, NULL);
        train_data_close(&data);
        train_options_free(&t);
    }
    return ore_error_status();
}

static void name_folder(sweep *s, const sweep_config *c) {
    char text[RUNDIR_PATH_BYTES - 16];
    if (*c->out)
        snprintf(s->dir, sizeof s->dir, "%s", c->out);
    else
        snprintf(s->dir, sizeof s->dir, "%s-sweep",
                 train_default_out(&s->base.config, text, sizeof text));
}

static ore_status read_command(sweep *s, sweep_words *w, options *own, sweep_config *c,
                               const arguments *a) {
    const char *none[1];
    if (split_words(w, a) != ORE_OK || options_take(own, &w->own, none, 0) != ORE_OK)
        return ore_error_status();
    s->words = &w->train;
    s->jobs = c->jobs;
    if (train_options_read(&s->base, &w->train, NULL) != ORE_OK ||
        check_base(&s->base.config) != ORE_OK || read_axes(s, w, c) != ORE_OK ||
        make_results(s, c) != ORE_OK)
        return ore_error_status();
    name_folder(s, c);
    return check_trials(s, c);
}

/* ---- work ---- */

static ore_status open_folder(sweep *s) {
    char logs[RUNDIR_PATH_BYTES];
    if (rundir_open_marked(s->dir, "sweep.json") != ORE_OK || sweep_results_read(s) != ORE_OK ||
        sweep_results_write(s) != ORE_OK || rundir_path(s->dir, "logs", logs) != ORE_OK)
        return ore_error_status();
    return rundir_make(logs);
}

/* Prints the flags and axes that change nothing in any run. */
static void print_idle_options(const sweep *s) {
    bool idle[OPTION_ROWS_MAX] = {false};
    char reasons[OPTION_ROWS_MAX][OPTION_REASON_BYTES], text[OPTION_REASON_BYTES];
    for (int i = 0; i < s->asked_count && ore_ok(); i++) {
        train_options t;
        sweep_trial_options(s, &s->results[i].trial, &t);
        for (int k = 0; k < t.options.count && ore_ok(); k++) {
            bool given = t.options.origin[k] == ORIGIN_FLAG;
            const char *reason =
                given ? train_idle_reason(&t, t.options.rows[k].field.key, false, text) : NULL;
            if (i == 0 && reason)
                strcpy(reasons[k], reason);
            idle[k] = reason && (i == 0 || idle[k]);
        }
        train_options_free(&t);
    }
    for (int k = 0; k < s->base.options.count && ore_ok(); k++)
        if (idle[k])
            option_print_idle(stdout, s->base.options.rows[k].field.key, reasons[k]);
    if (s->jobs > s->asked_count) {
        snprintf(text, sizeof text, "beyond %d: there are no more runs", s->asked_count);
        option_print_idle(stdout, "jobs", text);
    }
}

static void print_start(const sweep *s) {
    char count[COUNT_BYTES];
    int done = 0;
    for (int i = 0; i < s->asked_count; i++)
        done += s->results[i].state == SWEEP_DONE || s->results[i].state == SWEEP_DIVERGED;
    printf("sweep       %s over ", train_model_of(&s->base.config)->name);
    for (int i = 0; i < s->space.count; i++)
        printf("%s%s", i ? ", " : "", s->space.axes[i].row->field.key);
    printf("; %s", counted_text(s->asked_count, "run", count));
    if (done)
        printf(", %d of them done", done);
    printf("\nfolder      %s\n", s->dir);
    print_idle_options(s);
    fflush(stdout);
}

static void draw(const sweep *s) {
    if (!ore_ok() || sweep_draw(s) == ORE_OK)
        return;
    printf("no picture: %s\n", ore_error_message());
    ore_error_clear();
}

static int work(sweep *s, const sweep_config *c) {
    if (open_folder(s) != ORE_OK || sweep_prepare_data(s) != ORE_OK)
        return EXIT_RUN;
    interrupt_defer();
    print_start(s);
    sweep_run_all(s);
    bool interrupted = interrupt_requested();
    if (ore_ok() && !interrupted && c->test)
        sweep_test_best(s);
    ore_error error;
    ore_error_take(&error); /* the results so far are shown in any case */
    sweep_results_print(s);
    draw(s);
    interrupted = interrupt_requested(); /* the signal may have come while it was drawn */
    ore_error_raise(&error);
    if (interrupted && ore_ok()) {
        printf("stopped; the same command goes on\n");
        return EXIT_BROKEN;
    }
    return ore_ok() && sweep_failures(s) == ORE_OK ? EXIT_OK : EXIT_RUN;
}

static void close_sweep(sweep *s) {
    for (int i = 0; i < s->count; i++)
        for (int k = 0; k < SWEEP_AXES_MAX; k++)
            free(s->results[i].trial.values[k]);
    free(s->results);
    sweep_space_free(&s->space);
    train_options_free(&s->base);
}

static int run(const arguments *a) {
    static sweep s;
    sweep_words words = {0};
    sweep_config c = {0};
    options own;
    s = (sweep){0};
    int status = options_init(&own, rows, ROWS, (option_structs){{&c}}) == ORE_OK &&
                         read_command(&s, &words, &own, &c, a) == ORE_OK
                     ? work(&s, &c)
                     : usage_failure();
    close_sweep(&s);
    free_words(&words);
    options_free(&own);
    return status;
}

const command command_sweep = {
    .name = "sweep",
    .summary = "Search over flags of ore train",
    .usage = "ore sweep MODEL --grid KEY=A,B,.. [--random KEY=LOW..HIGH[:log] --trials N] "
             "[--KEY VALUE ...]",
    .about =
        "Trains a model once for each combination of values and prints a table of validation\n"
        "losses (over the whole split, with the best weights of each run) and times, the best\n"
        "first. All other flags are those of ore train and hold for every run; --seed also\n"
        "decides what is drawn. The runs lie in one folder, beside sweep.json, sweep.tsv and a\n"
        "picture. Runs that are done are not repeated: the same command goes on after Ctrl-C or\n"
        "a kill, and more values add to the table. The test split is looked at once, for the\n"
        "best run, with --test.",
    .run = run,
    .rows = sweep_rows,
    .field = sweep_field,
};
