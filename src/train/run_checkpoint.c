/* run_checkpoint.c: writing and reading the checkpoints of a run. */
#include <ore/weights.h>

#include "base/memory.h"
#include "train/run.h"

/* ---- writing ---- */

void ore_run_note_streams(ore_run *run) {
    ore_run_place *place = &run->place;
    ore_loader_get_state(run->options.fit.loader, place->loader);
    for (int64_t i = 0; i < run->options.generator_count; i++)
        ore_generator_get_state(run->generators[i].generator, place->generators[i]);
}

static const char master_name[] = "master.safetensors";

/* With halves for others to read, the weights themselves stand beside them, to go on from. */
static ore_status save_module(const ore_run *run, const char *folder, const char *path) {
    const ore_run_options *options = &run->options;
    if (options->save_dtype == ORE_FLOAT32)
        return ore_module_save(options->fit.module, path);
    char *master = ore_path_join(folder, master_name);
    if (master && ore_module_save(options->fit.module, master) == ORE_OK)
        ore_module_save_as(options->fit.module, path, options->save_dtype);
    ore_string_free(master);
    return ore_error_status();
}

static ore_status save_weights(const ore_run *run, const char *folder, bool best) {
    char *path = ore_path_join(folder, "model.safetensors");
    char *best_path = ore_path_join(folder, "best.safetensors");
    if (path && best_path && save_module(run, folder, path) == ORE_OK) {
        if (best)
            ore_file_link(path, best_path);
        else if (run->fit.best_step >= 0)
            ore_checkpoint_carry(run->folder, "best.safetensors");
    }
    ore_string_free(best_path);
    ore_string_free(path);
    return ore_error_status();
}

static ore_status save_optimizer(const ore_run *run, const char *folder) {
    char *path = ore_path_join(folder, "optimizer.safetensors");
    if (path)
        ore_optimizer_save(run->options.fit.optimizer, path);
    ore_string_free(path);
    return ore_error_status();
}

static ore_status save_state(const ore_run *run, const char *folder) {
    char *path = ore_path_join(folder, "state.json");
    ore_json *state = path ? ore_run_state_to_json(run) : NULL;
    if (state)
        ore_json_write(state, path);
    ore_json_free(state);
    ore_string_free(path);
    return ore_error_status();
}

ore_status ore_run_save(ore_run *run, bool best) {
    const ore_run_options *options = &run->options;
    if (ore_metrics_flush(&run->metrics) != ORE_OK)
        return ore_error_status();
    run->place.metrics_bytes = run->fit.step > 0 ? (int64_t)run->metrics.file_bytes : 0;
    char *folder = ore_checkpoint_begin(run->folder);
    bool saved = folder && save_weights(run, folder, best) == ORE_OK &&
                 save_optimizer(run, folder) == ORE_OK && save_state(run, folder) == ORE_OK &&
                 ore_checkpoint_commit(run->folder) == ORE_OK;
    ore_string_free(folder);
    if (!saved)
        return ore_error_status();
    run->saved_step = run->fit.step;
    if (options->saved)
        options->saved(options->fit.user, run->saved_step);
    return ore_error_status();
}

/* ---- reading ---- */

static ore_status load_state(ore_run *run, const char *folder) {
    const ore_run_place *place = &run->place;
    char *path = ore_path_join(folder, "state.json");
    ore_checkpoint_verify(folder, "state.json");
    ore_json *state = path ? ore_json_load(path) : NULL;
    if (state && ore_run_state_from_json(run, state, path) == ORE_OK) {
        ore_loader_set_state(run->options.fit.loader, place->loader, sizeof place->loader);
        for (int64_t i = 0; i < run->options.generator_count && ore_ok(); i++)
            ore_generator_set_state(run->generators[i].generator, place->generators[i],
                                    sizeof place->generators[i]);
        ore_error_locate(path);
    }
    ore_json_free(state);
    ore_string_free(path);
    return ore_error_status();
}

static ore_status load_weights(const ore_run *run, const char *folder) {
    char *model = ore_path_join(folder, master_name);
    if (model && ore_path_kind_of(model) == ORE_PATH_MISSING) {
        ore_string_free(model);
        model = ore_path_join(folder, "model.safetensors");
    }
    char *optimizer = ore_path_join(folder, "optimizer.safetensors");
    if (model && optimizer && ore_module_load(run->options.fit.module, model) == ORE_OK)
        ore_optimizer_load(run->options.fit.optimizer, optimizer);
    ore_string_free(optimizer);
    ore_string_free(model);
    return ore_error_status();
}

ore_status ore_run_load(ore_run *run) {
    char *folder = ore_checkpoint_current(run->folder);
    if (folder && load_state(run, folder) == ORE_OK && load_weights(run, folder) == ORE_OK) {
        run->fit = run->place.fit;
        run->saved_step = run->fit.step;
    }
    ore_string_free(folder);
    return ore_error_status();
}
