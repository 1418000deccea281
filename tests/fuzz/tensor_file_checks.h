/* tensor_file_checks.h: what must hold for any bytes as a file of tensors. */
#ifndef ORE_FUZZ_TENSOR_FILE_CHECKS_H
#define ORE_FUZZ_TENSOR_FILE_CHECKS_H

#include "check.h"
#include "io/tensor_file.h"

/* Refused with one line, or every tensor can be read whole, and what the file says beside them. */
static inline void check_tensor_file(const uint8_t *data, size_t size) {
    enum {
        LARGEST = 1 << 20
    }; /* elements: a file may hold more, compressed, than there is time for */
    ore_error_clear();
    ore_tensor_file *file = ore_tensor_file_open_bytes("fuzz", data, size);
    check(file || ore_error_status() == ORE_DATA || ore_error_status() == ORE_UNSUPPORTED);
    check(!strchr(ore_error_message(), '\n'));
    ore_error_clear();
    for (int64_t i = 0; i < ore_tensor_file_count(file); i++) {
        const ore_tensor_entry *entry = ore_tensor_file_at(file, i);
        const uint8_t *bytes = entry->data;
        check(ore_tensor_file_find(file, entry->name) == entry);
        check(!bytes || (bytes >= data && bytes + entry->bytes <= data + size));
        ore_scope_begin();
        if (ore_shape_numel(entry->shape) <= LARGEST && !ore_tensor_file_tensor(file, entry->name))
            check_error();
        ore_scope_end();
    }
    if (file && !ore_tensor_file_metadata(file))
        check_error();
    ore_tensor_file_close(file);
    ore_error_clear();
}

#endif
