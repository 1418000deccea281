/* tensor_file_safetensors.c: safetensors behind the door. */
#include <string.h>

#include "base/error.h"
#include "io/safetensors.h"
#include "io/tensor_file.h"

/* The header's length, and the header, which is a JSON object. */
static bool recognises(const uint8_t *bytes, size_t size) {
    uint64_t length;
    if (size < sizeof length + 1)
        return false;
    memcpy(&length, bytes, sizeof length);
    return length <= ORE_SAFETENSORS_HEADER_LIMIT && bytes[sizeof length] == '{';
}

static ore_status read_file(ore_tensor_file *file, ore_file_part *part) {
    ore_safetensors *opened = ore_safetensors_open_bytes(part->path, part->bytes, part->size);
    part->state = opened;
    for (int64_t i = 0; i < ore_safetensors_count(opened) && ore_no_error(); i++) {
        const ore_safetensors_stored *found = ore_safetensors_stored_at(opened, i);
        const char *name = found->entry.name;
        ore_stored stored = {.entry = {.coding = found->coding,
                                       .shape = found->entry.shape,
                                       .bytes = found->bytes,
                                       .data = found->data},
                             .first = found->data};
        ore_tensor_file_add(file, &stored, name, strlen(name));
    }
    return ore_error_status();
}

static void close_file(ore_file_part *part) {
    ore_safetensors_close(part->state);
}

static ore_status describe(const ore_file_part *part, ore_json *metadata, bool tokens) {
    (void)tokens;
    ore_json *own = ore_safetensors_all_metadata(part->state);
    for (int64_t i = 0; i < ore_json_count(own) && ore_no_error(); i++) {
        const char *key = ore_json_key(own, i);
        ore_json_set_string(metadata, key, ore_json_get_string(own, key));
    }
    return ore_error_status();
}

const ore_tensor_format ore_tensor_format_safetensors = {
    .name = "safetensors",
    .recognises = recognises,
    .read = read_file,
    .close = close_file,
    .describe = describe,
};
