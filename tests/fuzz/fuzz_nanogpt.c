/* Any bytes as a checkpoint of nanoGPT, of which a GPT is made, as fuzz_gguf_model.c makes one. */
#include "config_checks.h"
#include "io/tensor_file.h"
#include "io/zip.h"
#include "models/gpt/nanogpt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    gpt_config c;
    gpt model;
    ore_error_clear();
    ore_tensor_file *file =
        ore_zip_begins(data, size) ? ore_tensor_file_open_bytes("fuzz", data, size) : NULL;
    if (file && nanogpt_is(file)) {
        if (nanogpt_read_config(file, &c) != ORE_OK) {
            check_refusal();
        } else if (check_config(&c, &model)) {
            check_weights(file, &model, nanogpt_read_weights);
            gpt_free(&model);
        }
    }
    ore_tensor_file_close(file);
    ore_error_clear();
    return 0;
}
