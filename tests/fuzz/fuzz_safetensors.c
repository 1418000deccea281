/* Any bytes as a safetensors file: refused with ORE_DATA, or every tensor can be read whole. */
#include <stdlib.h>
#include <string.h>

#include "io/safetensors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    ore_error_clear();
    ore_safetensors *file = ore_safetensors_open_bytes("fuzz", data, size);
    if (!file && (ore_error_status() != ORE_DATA || strchr(ore_error_message(), '\n')))
        abort();
    for (int64_t i = 0; i < ore_safetensors_count(file); i++) {
        const ore_safetensors_entry *entry = ore_safetensors_at(file, i);
        const ore_safetensors_stored *stored = ore_safetensors_stored_at(file, i);
        const uint8_t *bytes = stored->data;
        /* All within the input, and found again by name. */
        if (bytes < data || bytes + stored->bytes > data + size ||
            (entry->data && entry->data != bytes) ||
            ore_safetensors_find(file, entry->name) != entry)
            abort();
        ore_scope_begin();
        ore_tensor *t = ore_safetensors_tensor(file, entry->name);
        if (!t && (ore_error_status() != ORE_DATA ||
                   (stored->coding != ORE_CODING_BOOL && stored->coding != ORE_CODING_UINT64)))
            abort();
        ore_scope_end();
        ore_error_clear();
    }
    ore_safetensors_close(file);
    ore_error_clear();
    return 0;
}
