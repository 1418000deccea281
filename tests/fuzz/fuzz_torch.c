/* Any bytes as a PyTorch checkpoint; and, where they are no archive, as the pickle inside one. */
#include "io/pickle.h"
#include "io/zip.h"
#include "tensor_file_checks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (ore_zip_begins(data, size)) {
        check_tensor_file(data, size);
        return 0;
    }
    ore_pickle pickle;
    ore_error_clear();
    if (ore_pickle_read(&pickle, "fuzz", data, size) == ORE_OK)
        ore_pickle_free(&pickle);
    else
        check_error();
    return 0;
}
