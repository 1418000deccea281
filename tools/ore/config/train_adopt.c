/* train_adopt.c: a run that is resumed keeps its config. */
#include <string.h>

#include "config/train_options.h"

/* Whether a key names a file of the run that may have been moved, so that another path is no
 * contradiction. Standard input has not moved. */
static bool may_have_moved(train_options *t, const option *row, const char *mine,
                           const char *theirs) {
    bool val = strcmp(row->field.key, "val_data") == 0;
    if ((!val && strcmp(row->field.key, "data") != 0) || !*mine || !*theirs)
        return false;
    snprintf(val ? t->asked_val_data : t->asked_data, sizeof t->asked_data, "%s", mine);
    return true;
}

static ore_status adopt_steps(train_options *t, const train_options *run, const char *where) {
    long long mine = t->config.steps, theirs = run->config.steps;
    if (mine < theirs)
        return ore_fail(
            ORE_DATA, "--steps %lld: the run in %s has %lld; --resume takes more steps, not fewer",
            mine, where, theirs);
    t->steps_before = mine > theirs ? theirs : 0;
    return ORE_OK;
}

static ore_status adopt_row(train_options *t, const train_options *run, const option *row,
                            const char *where) {
    char mine[4096], theirs[4096], flag[64];
    option_value_text(&t->options, row, mine, sizeof mine);
    option_value_text(&run->options, row, theirs, sizeof theirs);
    bool asked =
        options_origin(&t->options, row->field.key) >= ORIGIN_FILE && strcmp(mine, "auto") != 0;
    if (asked && strcmp(row->field.key, "steps") == 0)
        return adopt_steps(t, run, where);
    bool differs = strcmp(mine, theirs) != 0 || strcmp(mine, DATA_STANDARD_INPUT) == 0;
    if (asked && differs && !may_have_moved(t, row, mine, theirs))
        return ore_fail(ORE_DATA, "%s %s: the run in %s has %s; a run keeps its config on --resume",
                        option_flag_text(row->field.key, flag, sizeof flag), *mine ? mine : "\"\"",
                        where, *theirs ? theirs : "none");
    return options_replace(&t->options, row->field.key, theirs);
}

ore_status train_options_adopt(train_options *t, ore_json *saved, const char *where) {
    train_options run;
    char file[4096];
    snprintf(file, sizeof file, "%s/config.json", where);
    if (train_options_load(&run, saved, file) == ORE_OK && run.config.model != t->config.model)
        ore_fail(ORE_DATA, "%s: the run in %s is one of %s; a run keeps its config on --resume",
                 train_model_of(&t->config)->name, where, train_model_of(&run.config)->name);
    for (int i = 0; i < t->options.count && ore_ok(); i++) {
        const option *row = &t->options.rows[i];
        if (row->kind == OPTION_SAVED && adopt_row(t, &run, row, where) == ORE_OK)
            t->options.origin[i] = ORIGIN_FILE;
    }
    train_options_free(&run);
    return ore_error_status();
}
