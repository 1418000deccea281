/* gpt_logits.c: RUN ID..: the logits (T, V) of a run of `ore train gpt` after each of the ids, a
 * row a line, for tests/docs/hugging_face.py. */
#include <stdio.h>
#include <stdlib.h>

#include <ore/ore.h>

#include "models/gpt/gpt.h"

static void load(gpt *model, const char *run) {
    char path[4096];
    gpt_config config;
    snprintf(path, sizeof path, "%s/config.json", run);
    ore_json *json = ore_json_load(path);
    if (config_read(gpt_family.fields, &config, json) != ORE_OK ||
        gpt_init(model, &config, NULL) != ORE_OK)
        return;
    snprintf(path, sizeof path, "%s/model.safetensors", run);
    ore_safetensors *file = ore_safetensors_open(path);
    ore_tensor_list state = ore_module_state(&model->module);
    ore_no_grad_begin();
    for (int64_t i = 0; i < state.count && ore_ok(); i++)
        ore_safetensors_load(file, state.items[i].name, state.items[i].tensor);
    ore_no_grad_end();
    ore_tensor_list_free(&state);
    ore_safetensors_close(file);
    ore_json_free(json);
    ore_module_eval(&model->module);
}

static void print_logits(const gpt *model, const int64_t *ids, int64_t T) {
    ore_no_grad_begin();
    ore_tensor *logits = gpt_forward(model, ore_from_data(ids, ORE_SHAPE(1, T), ORE_INT64));
    const float *x = logits ? ore_data(logits) : NULL; /* (1, T, V) */
    int64_t V = x ? ore_size(logits, 2) : 0;
    for (int64_t i = 0; i < T * V; i++)
        printf("%.9g%c", (double)x[i], i % V == V - 1 ? '\n' : ' ');
    ore_no_grad_end();
}

int main(int argc, char **argv) {
    enum { MOST = 1024 };
    int64_t ids[MOST], T = 0;
    gpt model = {0};
    if (argc < 3 || argc - 2 > MOST)
        return 2;
    for (int i = 2; i < argc; i++)
        ids[T++] = atoll(argv[i]);
    load(&model, argv[1]);
    if (ore_ok())
        print_logits(&model, ids, T);
    if (!ore_ok())
        fprintf(stderr, "%s\n", ore_error_message());
    gpt_free(&model);
    return ore_ok() ? 0 : 1;
}
