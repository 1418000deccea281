/* cmd_eval.c: `ore eval`. */

#include "cli/command.h"
#include "open/run_open.h"

typedef struct eval_config {
    char *data;
    int split; /* an ore_part or auto */
    int best;
    int64_t threads;
} eval_config;

static const config_choice splits[] = {
    {"train", ORE_PART_TRAIN}, {"validation", ORE_PART_VAL}, {"test", ORE_PART_TEST}, {NULL, 0}};

#define ROW(type, ...)                                                                             \
    { "Evaluation", CONFIG_FIELD_##type(eval_config, __VA_ARGS__), OPTION_UNSAVED, 0 }
static const option rows[] = {
    ROW(TEXT, data, "", "FILE",
        "evaluate on this data, or, with -, on standard input; none: the run's own"),
    ROW(CHOICE, split, "auto", splits,
        "which part of the data, cut as the run's was; auto: validation, or with --data the whole "
        "of it"),
    RUN_READER_ROWS("Evaluation", eval_config),
};
#undef ROW
enum { ROWS = sizeof rows / sizeof rows[0] };

static const option *eval_rows(int *count) {
    *count = ROWS;
    return rows;
}

static void print_evaluation(const run_task *task, const ore_evaluation *e) {
    const char *const *measures = task->model->measures;
    if (task->print_evaluation) {
        task->print_evaluation(e, stdout);
        return;
    }
    printf("loss %.6f\n", e->loss);
    for (int i = 0; measures && measures[i]; i++)
        printf("%s %.6f\n", measures[i], e->measures[i]);
}

static ore_status eval_run(opened_run *run, const void *config) {
    const eval_config *c = config;
    ore_evaluation e;
    const measured_data m = {.file = c->data,
                             .whole = *c->data && c->split == CONFIG_AUTO,
                             .part = c->split == CONFIG_AUTO ? ORE_PART_VAL : (ore_part)c->split};
    if (opened_run_evaluate(run, &m, stdout, &e) == ORE_OK)
        print_evaluation(run_task_of(&run->options.config), &e);
    return ore_error_status();
}

static int run(const arguments *a) {
    eval_config c = {0};
    const run_reader reader = {.rows = rows,
                               .count = ROWS,
                               .structs = {{&c}},
                               .config = &c,
                               .best = &c.best,
                               .threads = &c.threads,
                               .usage = "ore eval DIR [--data FILE] [--split PART] [--best]",
                               .work = eval_run};
    return run_reader_run(&reader, a);
}

const command command_eval = {
    .name = "eval",
    .summary = "Measure a trained model",
    .usage = "ore eval DIR [--data FILE] [--split PART] [--best]",
    .about = "Prints the run's loss (nats per token), perplexity and bits per byte over the whole\n"
             "validation split (or another one), or over the whole of another file, every token\n"
             "predicted once: in windows of the block size laid end to end, or, by models of a\n"
             "context of one length, each after the tokens before it.",
    .run = run,
    .rows = eval_rows,
};
