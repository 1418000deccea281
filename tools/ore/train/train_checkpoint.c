/* train_checkpoint.c: opens the library's run for the command: its options, the members that the
 * command adds to state.json, and the checks of a checkpoint before it is resumed. */
#include <string.h>

#include "run/rundir.h"
#include "train/train_run.h"

/* ---- state.json ---- */

static ore_status write_state(void *user, ore_json *state) {
    const train_run *run = user;
    return run_state_add(&run->state, state);
}

static ore_status read_state(void *user, ore_json *state, const char *path) {
    train_run *run = user;
    run_state *s = &run->state;
    if (run_state_read(s, run->data.task, state, path) == ORE_OK &&
        train_data_check(&run->data, &s->data) == ORE_OK)
        run_state_check_files(s, run->dir);
    return ore_error_status();
}

/* ---- the optimizer's state ---- */

/* Checks that every parameter has been updated in every step, as it is in these models. */
static ore_status check_steps(const ore_tensor_list *state, int64_t step, const char *path) {
    for (int64_t i = 0; i < state->count && ore_ok(); i++) {
        const ore_named_tensor *item = &state->items[i];
        const char *suffix = strrchr(item->name, '.');
        if (!suffix || strcmp(suffix, ".step") != 0 || ore_tensor_dtype(item->tensor) != ORE_INT64)
            continue;
        int64_t has = ore_item_int(item->tensor);
        if (ore_ok() && has != step)
            ore_fail(ORE_DATA, "%s: %.200s: %lld, expected %lld, the step of state.json", path,
                     item->name, (long long)has, (long long)step);
    }
    return ore_error_status();
}

static bool has_state_of(const ore_tensor_list *state, const char *parameter) {
    size_t length = strlen(parameter);
    for (int64_t i = 0; i < state->count; i++) {
        const char *name = state->items[i].name;
        if (strncmp(name, parameter, length) == 0 && name[length] == '.' &&
            !strchr(name + length + 1, '.'))
            return true;
    }
    return false;
}

/* Checks that the state of no parameter is missing: the library would take such a parameter for one
 * that has not been updated yet. */
static ore_status check_whole(const ore_module *root, const ore_tensor_list *state,
                              const char *path) {
    ore_tensor_list parameters = ore_module_parameters(root);
    for (int64_t i = 0; i < parameters.count && ore_ok(); i++)
        if (!has_state_of(state, parameters.items[i].name))
            ore_fail(ORE_DATA, "%s: nothing of %.200s, which the run's optimizer has moved", path,
                     parameters.items[i].name);
    ore_tensor_list_free(&parameters);
    return ore_error_status();
}

static ore_status check_optimizer(const train_run *run, const char *path) {
    const train_config *c = run->config;
    int64_t step = ore_run_state(run->run)->step;
    bool stateless = !train_optimizer_has_state(c);
    ore_scope_begin();
    ore_tensor_list state = ore_optimizer_state(run->optimizer);
    if (ore_ok() && check_steps(&state, step, path) == ORE_OK && !stateless && step > 0)
        check_whole(run->model.module, &state, path);
    ore_tensor_list_free(&state);
    ore_scope_end();
    return ore_error_status();
}

/* ---- opening ---- */

static ore_tensor *forward(void *user, const ore_batch *batch) {
    train_run *run = user;
    return model_forward(&run->model, batch);
}

static ore_run_options run_options(train_run *run, const ore_run_generator *dropout) {
    const train_config *c = run->config;
    ore_run_options o = ore_run_defaults();
    o.fit = train_fit_options(c);
    o.fit.module = run->model.module;
    o.fit.forward_batch = forward;
    o.fit.loss = task_of(c)->loss;
    o.fit.loader = run->loader;
    o.fit.optimizer = run->optimizer;
    o.fit.schedule = &run->schedule;
    o.fit.report = train_on_report;
    o.fit.reduce = c->audit ? train_on_backward : NULL;
    o.fit.user = run;
    o.generators = dropout;
    o.generator_count = 1;
    o.evaluate_train = run->evaluation_loaders[ORE_PART_TRAIN];
    o.evaluate_val = run->evaluation_loaders[ORE_PART_VAL];
    o.evaluation_batches = c->eval_batches;
    o.evaluation_generator = run->evaluation_generator;
    o.seed = (uint64_t)c->seed;
    o.checkpoint_interval = c->checkpoint_interval == CONFIG_AUTO_INT ? 0 : c->checkpoint_interval;
    o.save_dtype = (ore_dtype)c->save_dtype;
    o.write_state = write_state;
    o.read_state = read_state;
    o.saved = train_on_saved;
    o.evaluating = train_on_batch;
    o.note = train_on_note;
    return o;
}

ore_status train_checkpoint_open(train_run *run) {
    const ore_run_generator dropout = {"dropout", run->generator};
    char path[RUNDIR_PATH_BYTES];
    run->schedule = train_schedule(run->config);
    const ore_run_options o = run_options(run, &dropout);
    run->run = ore_run_open(run->dir, &o);
    char *folder = run->run ? ore_checkpoint_current(run->dir) : NULL;
    if (folder && rundir_path(folder, "optimizer.safetensors", path) == ORE_OK)
        check_optimizer(run, path);
    ore_string_free(folder);
    return ore_error_status();
}
