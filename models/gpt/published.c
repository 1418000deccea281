/* published.c: checkpoints that others made, as the family has them. */
#include <string.h>

#include <ore/ops.h>

#include "models/gpt/gguf.h"
#include "models/gpt/nanogpt.h"
#include "models/gpt/parts.h"

bool gpt_published_reads(const char *type) {
    for (int i = 0; hf_family_at(i); i++)
        if (strcmp(hf_family_at(i)->model_type, type) == 0)
            return true;
    return gguf_reads(type) || strcmp(type, NANOGPT_TYPE) == 0;
}

ore_status gpt_published_config(const char *path, void *config) {
    if (ore_path_kind_of(path) == ORE_PATH_FOLDER)
        hf_folder_config(path, config);
    else if (nanogpt_is_at(path))
        nanogpt_config(path, config);
    else if (ore_ok())
        gguf_config(path, config);
    return ore_error_status();
}

ore_status gpt_published_load(void *net, const char *path) {
    if (ore_path_kind_of(path) == ORE_PATH_FOLDER)
        return hf_folder_load(net, path);
    if (nanogpt_is_at(path))
        return nanogpt_load(net, path);
    return ore_ok() ? gguf_load(net, path) : ore_error_status();
}

ore_status gpt_published_save(const void *net, const char *dir, ore_json *marks,
                              const ore_dtype *dtype, int64_t shard_bytes) {
    return hf_folder_save(net, dir, marks, dtype, shard_bytes);
}

ore_status gpt_published_gguf(const void *net, const char *path, const char *type,
                              const ore_coding *coding, ore_json *metadata) {
    return gguf_save(net, path, type, coding, metadata);
}

/* (L + 1, T, C) of L + 1 tensors (1, T, C). */
static ore_tensor *joined(ore_tensor **streams, int64_t count) {
    return ore_ok() ? ore_cat(streams, (int)count, 0) : NULL;
}

ore_tensor *gpt_look(void *net, ore_tensor *ids, ore_tensor **hidden) {
    const gpt *model = net;
    ore_tensor *streams[GPT_LAYERS_MAX + 1];
    if (!hidden)
        return gpt_forward(model, ids);
    ore_tensor *logits = gpt_forward_hidden(model, ids, streams);
    *hidden = joined(streams, model->config.n_layer + 1);
    return logits;
}
