/* Any bytes as a GGUF file, of which a GPT is made: refused with one line, or a config of which a
 * model can be made, whose tensors are the file's or are refused, and that then answers. */
#include <ore/ops.h>

#include "config_checks.h"
#include "io/tensor_file.h"

static void check_weights(ore_tensor_file *file, gpt *model) {
    if (gguf_read_weights(file, model) != ORE_OK) {
        check_refusal();
        return;
    }
    ore_scope_begin();
    ore_no_grad_begin();
    ore_module_eval(&model->module);
    ore_module_to(&model->module, ORE_FLOAT32);
    check(gpt_forward(model, ore_zeros(ORE_SHAPE(1, 1), ORE_INT64)) != NULL);
    ore_no_grad_end();
    ore_scope_end();
}

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
        check_weights(file, &model);
        gpt_free(&model);
    }
    ore_tensor_file_close(file);
    ore_error_clear();
    return 0;
}
