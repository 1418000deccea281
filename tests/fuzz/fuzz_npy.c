/* Any bytes as an array of NumPy's, or an archive of them. */
#include "tensor_file_checks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    check_tensor_file(data, size);
    return 0;
}
