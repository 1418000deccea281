/* train_checkpoint.c: writing and reading the checkpoints of a run. A checkpoint holds
 * model.safetensors, optimizer.safetensors, state.json and, once there is one, best.safetensors. */
#include <math.h>
#include <stdio.h>

#include <ore/io.h>

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
        model_save(&run->model, path);
    if (rundir_path(folder, "optimizer.safetensors", path) == ORE_OK)
        optimizer_save(run->optimizer, path);
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
    model_load(&run->model, folder, "model.safetensors");
    optimizer_load(run->optimizer, run->config, run->model.module, folder, s->fit.step);
    ore_string_free(folder);
    run->fit = s->fit;
    run->saved_step = s->fit.step;
    run->has_checkpoint = ore_ok();
    return ore_error_status();
}
