/* Any bytes as the tensors and the metadata of a GGUF file. */
#include "tensor_file_checks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size >= 4 && memcmp(data, "GGUF", 4) == 0)
        check_tensor_file(data, size);
    return 0;
}
