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

/* Closes a file of that path, which an error may be about. */
static ore_status close_file(ore_tensor_file *file, const char *path) {
    if (file && !ore_ok())
        ore_error_locate(path);
    ore_tensor_file_close(file);
    return ore_error_status();
}

ore_status gpt_published_config(const char *path, void *config) {
    if (ore_path_kind_of(path) == ORE_PATH_FOLDER) {
        hf_folder_config(path, config);
        return ore_error_status();
    }
    ore_tensor_file *file = ore_tensor_file_open(path);
    if (file && nanogpt_is(file))
        nanogpt_read_config(file, config);
    else if (ore_ok())
        gguf_read_config(file, config);
    return close_file(file, path);
}

ore_status gpt_published_load(void *net, const char *path) {
    if (ore_path_kind_of(path) == ORE_PATH_FOLDER)
        return hf_folder_load(net, path);
    ore_tensor_file *file = ore_tensor_file_open(path);
    if (file && nanogpt_is(file))
        nanogpt_read_weights(file, net);
    else if (ore_ok())
        gguf_read_weights(file, net);
    return close_file(file, path);
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
