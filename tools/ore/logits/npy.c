/* npy.c: a header of 128 bytes, which is a Python dict behind a magic, then the elements. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "logits/npy.h"

enum { HEADER_BYTES = 128, MAGIC_BYTES = 10 };

static void write_header(const ore_tensor *t, char *header) {
    static const char magic[MAGIC_BYTES] = "\x93NUMPY\x01\x00\x76"; /* 118 bytes follow */
    char text[HEADER_BYTES] = "{'descr': '<f4', 'fortran_order': False, 'shape': (";
    size_t used = strlen(text);
    for (int i = 0; i < ore_ndim(t) && used < sizeof text; i++)
        used +=
            (size_t)snprintf(text + used, sizeof text - used, "%lld, ", (long long)ore_size(t, i));
    snprintf(text + used, sizeof text - used, "), }");
    memset(header, ' ', HEADER_BYTES);
    memcpy(header, magic, MAGIC_BYTES);
    memcpy(header + MAGIC_BYTES, text, strlen(text));
    header[HEADER_BYTES - 1] = '\n';
}

ore_status npy_write(const char *path, const ore_tensor *t) {
    if (!t || !ore_ok())
        return ore_error_status();
    size_t bytes = (size_t)ore_numel(t) * sizeof(float);
    char *file = malloc(HEADER_BYTES + bytes);
    if (!file)
        return ore_fail(ORE_MEMORY, "%s: out of memory", path);
    write_header(t, file);
    if (ore_copy_out(t, file + HEADER_BYTES, bytes) == ORE_OK)
        ore_file_write(path, file, HEADER_BYTES + bytes);
    free(file);
    return ore_error_status();
}
