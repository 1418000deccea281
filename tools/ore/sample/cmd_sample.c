/* cmd_sample.c: `ore sample`: a trained model does what it was trained for. */
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "open/published.h"
#include "open/run_open.h"

typedef struct sample_config {
    int best;
    int64_t threads;
} sample_config;

static const option common_rows[] = {RUN_READER_ROWS("Sampling", sample_config)};
enum { COMMON_ROWS = sizeof common_rows / sizeof common_rows[0] };

/* The options of a task's own, then those of all. */
static const option *rows_of(const run_task *task, int *count) {
    static option rows[OPTION_ROWS_MAX];
    int own = task->sample_row_count;
    memcpy(rows, task->sample_rows, (size_t)own * sizeof *rows);
    memcpy(rows + own, common_rows, sizeof common_rows);
    *count = own + COMMON_ROWS;
    return rows;
}

static const option *sample_rows(int *count) {
    return rows_of(task_at(0), count);
}

/* The tasks after the first, whose options `rows` are. */
static void print_other_tasks(FILE *out, bool markdown) {
    for (int i = 1; i < task_count(); i++) {
        const run_task *task = task_at(i);
        fprintf(out, "\n%s\n", task->sample_about);
        if (markdown)
            options_print_markdown(task->sample_rows, task->sample_row_count, out);
        else
            options_print_help(task->sample_rows, task->sample_row_count, out);
    }
}

typedef struct sample_options {
    sample_config common;
    const run_task *task;
    void *own; /* the task's */
} sample_options;

static const train_data *data_of(void *user) {
    return opened_run_data(user);
}

static ore_status sample(opened_run *run, const void *config) {
    const sample_options *o = config;
    trained_model m = {.config = &run->options.config,
                       .model = &run->model,
                       .dir = run->dir,
                       .published = run->published,
                       .data = data_of,
                       .user = run};
    if (run->published)
        m.end_count = published_ends(run->dir, m.ends, ENDS_MAX);
    return ore_ok() ? o->task->sample(&m, o->own) : ore_error_status();
}

static int run(const arguments *a) {
    sample_options o = {.task = run_reader_task(a)};
    int count, status = EXIT_RUN;
    const option *rows = rows_of(o.task, &count);
    o.own = calloc(1, o.task->sample_bytes);
    const run_reader reader = {.rows = rows,
                               .count = count,
                               .structs = {{&o.common, o.own}},
                               .config = &o,
                               .best = &o.common.best,
                               .threads = &o.common.threads,
                               .usage = "ore sample DIR [--prompt TEXT] ...",
                               .work = sample};
    if (o.own)
        status = run_reader_run(&reader, a);
    else
        ore_fail(ORE_MEMORY, "out of memory");
    free(o.own);
    return status;
}

const command command_sample = {
    .name = "sample",
    .summary = "Let a trained model write or answer",
    .usage = "ore sample DIR [--prompt TEXT] [--tokens N] [--num N] [--temperature T] ...",
    .about =
        "Writes text as the model draws it. A model trained on lines writes whole lines, each\n"
        "a sample; any other goes on from the prompt.",
    .run = run,
    .rows = sample_rows,
    .more_help = print_other_tasks,
};
