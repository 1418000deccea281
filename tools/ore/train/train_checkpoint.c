/* train_checkpoint.c: writing and reading the checkpoints of a run. A checkpoint holds
 * model.safetensors, optimizer.safetensors, state.json and, once there is one, best.safetensors. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <ore/io.h>
#include <ore/weights.h>

#include "run/rundir.h"
#include "train/train_run.h"

/* ---- writing ---- */

/* Before the first step comes an evaluation, which a resumed run makes again. */
void train_checkpoint_note(train_run *run) {
    run_state *s = &run->state;
    s->fit = run->fit.step > 0 ? run->fit : ore_fit_state_start();
    ore_loader_get_state(run->loader, s->loader);
    ore_generator_get_state(run->generator, s->dropout);
}

static ore_status save_best(const train_run *run, const char *folder, bool best) {
    char from[RUNDIR_PATH_BYTES], to[RUNDIR_PATH_BYTES];
    if (!best && run->fit.best_step < 0)
        return ore_error_status();
    if (!best)
        return ore_checkpoint_carry(run->dir, "best.safetensors");
    if (rundir_path(folder, "model.safetensors", from) != ORE_OK ||
        rundir_path(folder, "best.safetensors", to) != ORE_OK)
        return ore_error_status();
    return ore_file_link(from, to);
}

static ore_status save_files(train_run *run, const char *folder, bool best) {
    char path[RUNDIR_PATH_BYTES];
    if (rundir_path(folder, "model.safetensors", path) == ORE_OK)
        ore_module_save(run->model.module, path);
    if (rundir_path(folder, "optimizer.safetensors", path) == ORE_OK)
        ore_optimizer_save(run->optimizer, path);
    if (rundir_path(folder, "state.json", path) == ORE_OK)
        run_state_save(&run->state, path);
    return save_best(run, folder, best);
}

ore_status train_checkpoint_save(train_run *run, bool best) {
    if (metrics_flush(&run->metrics) != ORE_OK)
        return ore_error_status();
    run->state.metrics_bytes = run->fit.step > 0 ? (int64_t)run->metrics.file_bytes : 0;
    char *folder = ore_checkpoint_begin(run->dir);
    if (folder && save_files(run, folder, best) == ORE_OK &&
        ore_checkpoint_commit(run->dir) == ORE_OK) {
        if (rundir_settle_locked(run->dir) != ORE_OK)
            ore_error_clear(); /* the next checkpoint tries again to remove an earlier run */
        run->has_checkpoint = true;
        run->saved_step = run->fit.step;
    }
    ore_string_free(folder);
    return ore_error_status();
}

/* ---- reading ---- */

/* Every parameter of these models is updated in every step. */
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

/* None is left out, which the library takes for one that has not been updated yet. */
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

static ore_status load_optimizer(train_run *run, const char *path) {
    const train_config *c = run->config;
    int64_t step = run->state.fit.step;
    bool stateless = !train_optimizer_has_state(c);
    if (ore_optimizer_load(run->optimizer, path) != ORE_OK)
        return ore_error_status();
    ore_scope_begin();
    ore_tensor_list state = ore_optimizer_state(run->optimizer);
    if (ore_ok() && check_steps(&state, step, path) == ORE_OK && !stateless && step > 0)
        check_whole(run->model.module, &state, path);
    ore_tensor_list_free(&state);
    ore_scope_end();
    return ore_error_status();
}

ore_status train_checkpoint_load(train_run *run) {
    char path[RUNDIR_PATH_BYTES];
    char *folder = ore_checkpoint_current(run->dir);
    run_state *s = &run->state;
    if (!folder)
        return ore_error_status();
    ore_checkpoint_verify(folder, "state.json");
    if (rundir_path(folder, "state.json", path) == ORE_OK && run_state_load(s, path) == ORE_OK &&
        train_data_check(&run->data, &s->data) == ORE_OK &&
        run_state_check_tokenizer(s, run->dir) == ORE_OK) {
        if (ore_loader_set_state(run->loader, s->loader, sizeof s->loader) == ORE_OK)
            ore_generator_set_state(run->generator, s->dropout, sizeof s->dropout);
        ore_error_locate(path);
    }
    if (rundir_path(folder, "model.safetensors", path) == ORE_OK)
        ore_module_load(run->model.module, path);
    if (rundir_path(folder, "optimizer.safetensors", path) == ORE_OK)
        load_optimizer(run, path);
    ore_string_free(folder);
    run->fit = s->fit;
    run->saved_step = s->fit.step;
    run->has_checkpoint = ore_ok();
    return ore_error_status();
}
