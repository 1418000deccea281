/* Any bytes as a GGUF file, of which a GPT is made: refused with one line, or a config of which a
 * model can be made, whose tensors are the file's or are refused, and that then answers. */
#include "config_checks.h"
#include "io/tensor_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    gpt_config c;
    gpt model;
    ore_error_clear();
    ore_tensor_file *file = size >= 4 && memcmp(data, "GGUF", 4) == 0
                                ? ore_tensor_file_open_bytes("fuzz", data, size)
                                : NULL;
    if (file && gguf_read_config(file, &c) != ORE_OK) {
        check_refusal();
    } else if (file && check_config(&c, &model)) {
        check_weights(file, &model, gguf_read_weights);
        gpt_free(&model);
    }
    ore_tensor_file_close(file);
    ore_error_clear();
    return 0;
}
