/* embed_output.c: vectors as JSON arrays, or as one matrix in NumPy's format. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ore/tensor_file.h>

#include "embed/embed.h"

enum { NUMBER_BYTES = 20 /* "-1.17549435e-38, " and room */ };

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
    return reserve(o, (size_t)C * NUMBER_BYTES + 4);
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
    size_t held = (size_t)o->rows * row_bytes;
    if (reserve(o, held + (size_t)rows * row_bytes) != ORE_OK)
        return ore_error_status();
    memcpy(o->bytes + held, vectors, (size_t)rows * row_bytes);
    o->rows += rows;
    return ORE_OK;
}

ore_status vector_output_end(vector_output *o) {
    if (!o->path)
        return ore_error_status();
    ore_scope_begin();
    ore_shape shape = ORE_SHAPE(o->rows, o->C);
    ore_tensor_item item = {"vectors", shape, ORE_CODING_FLOAT32,
                            ore_from_data(o->bytes, shape, ORE_FLOAT32)};
    ore_tensor_file_write(o->path, &item, 1, NULL);
    ore_scope_end();
    return ore_error_status();
}

void vector_output_free(vector_output *o) {
    free(o->bytes);
    *o = (vector_output){0};
}
