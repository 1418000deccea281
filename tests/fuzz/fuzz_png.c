/* Any bytes as a PNG file: refused with one line, or a picture of 1 or 3 channels. */
#include <stdlib.h>
#include <string.h>

#include "data/png.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    ore_error_clear();
    ore_scope_begin();
    ore_tensor *image = ore_png_of_bytes("fuzz", data, size);
    if (!image && (ore_ok() || strchr(ore_error_message(), '\n')))
        abort();
    if (image && (ore_ndim(image) != 3 || (ore_size(image, 0) != 1 && ore_size(image, 0) != 3)))
        abort();
    ore_scope_end();
    ore_error_clear();
    return 0;
}
