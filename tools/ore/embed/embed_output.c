/* embed_output.c: vectors as JSON arrays, or as one matrix in NumPy's format. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ore/files.h>

#include "embed/embed.h"

enum {
    NPY_HEADER_BYTES = 128, /* the format wants a multiple of 64; more than any header has */
    NUMBER_BYTES = 20       /* "-1.17549435e-38, " and room */
};

static ore_status reserve(vector_output *o, size_t bytes) {
    if (bytes <= o->capacity)
        return ORE_OK;
    size_t capacity = bytes < 2 * o->capacity ? 2 * o->capacity : bytes;
    char *grown = realloc(o->bytes, capacity);
    if (!grown)
        return ore_fail(ORE_MEMORY, "vectors of %zu bytes: out of memory", bytes);
    o->bytes = grown;
    o->capacity = capacity;
    return ORE_OK;
}

ore_status vector_output_begin(vector_output *o, const char *path, int64_t C) {
    *o = (vector_output){.path = path, .C = C};
    return reserve(o, path ? NPY_HEADER_BYTES : (size_t)C * NUMBER_BYTES + 4);
}

/* Nine digits name each float32. JSON has no word for what is not finite. */
static ore_status write_line(vector_output *o, const float *vector) {
    char *at = o->bytes, *end = o->bytes + o->capacity;
    for (int64_t i = 0; i < o->C; i++) {
        at += snprintf(at, (size_t)(end - at), "%s%.9g", i == 0 ? "[" : ", ", (double)vector[i]);
        if (!(vector[i] - vector[i] == 0))
            return ore_fail(ORE_DATA, "line %lld: a number of its vector is not finite",
                            (long long)o->rows + 1);
    }
    at += snprintf(at, (size_t)(end - at), "]\n");
    fwrite(o->bytes, 1, (size_t)(at - o->bytes), stdout);
    o->rows++;
    return ORE_OK;
}

ore_status vector_output_rows(vector_output *o, const float *vectors, int64_t rows) {
    size_t row_bytes = (size_t)o->C * sizeof *vectors;
    if (!o->path) {
        for (int64_t i = 0; i < rows && ore_ok(); i++)
            write_line(o, vectors + i * o->C);
        if (fflush(stdout) != 0 && ore_ok())
            ore_fail(ORE_IO, "the output cannot be written");
        return ore_error_status();
    }
    size_t held = NPY_HEADER_BYTES + (size_t)o->rows * row_bytes;
    if (reserve(o, held + (size_t)rows * row_bytes) != ORE_OK)
        return ore_error_status();
    memcpy(o->bytes + held, vectors, (size_t)rows * row_bytes);
    o->rows += rows;
    return ORE_OK;
}

/* Version 1.0 of numpy.org/neps/nep-0001-npy-format.html: a magic word, the length of the rest of
 * the header, and a Python literal with spaces and a line feed behind it. */
static void fill_header(vector_output *o) {
    enum { BEFORE = 10, REST = NPY_HEADER_BYTES - BEFORE };
    static const unsigned char magic[BEFORE] = {0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, REST, 0};
    char text[REST + 1];
    int n = snprintf(text, sizeof text,
                     "{'descr': '<f4', 'fortran_order': False, 'shape': (%lld, %lld), }",
                     (long long)o->rows, (long long)o->C);
    memcpy(o->bytes, magic, BEFORE);
    memset(o->bytes + BEFORE, ' ', REST);
    memcpy(o->bytes + BEFORE, text, (size_t)n);
    o->bytes[NPY_HEADER_BYTES - 1] = '\n';
}

ore_status vector_output_end(vector_output *o) {
    if (!o->path)
        return ore_error_status();
    fill_header(o);
    return ore_file_write(o->path, o->bytes,
                          NPY_HEADER_BYTES + (size_t)o->rows * (size_t)o->C * sizeof(float));
}

void vector_output_free(vector_output *o) {
    free(o->bytes);
    *o = (vector_output){0};
}
