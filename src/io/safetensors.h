/* safetensors.h: what the reader, the writer and the fuzz target of safetensors files share. */
#ifndef ORE_IO_SAFETENSORS_H
#define ORE_IO_SAFETENSORS_H

#include <ore/coding.h>
#include <ore/io.h>

#include "base/files.h"

enum { ORE_SAFETENSORS_HEADER_LIMIT = 100000000 }; /* bytes: the reference implementation's */

/* Reads a safetensors file that is in memory, which must outlive the result; messages call it
 * `name`. NULL with ORE_DATA where it is malformed. */
ore_safetensors *ore_safetensors_open_bytes(const char *name, const uint8_t *bytes, size_t size);
/* An entry, and how the file stores it. */
typedef struct ore_safetensors_stored {
    ore_safetensors_entry entry; /* without data where the coding is no dtype */
    ore_coding coding;
    const uint8_t *data;
    size_t bytes;
} ore_safetensors_stored;
/* The i-th entry, 0 .. count - 1. */
const ore_safetensors_stored *ore_safetensors_stored_at(const ore_safetensors *file, int64_t i);
/* All of __metadata__, of the file; NULL where there is none. Raises nothing. */
ore_json *ore_safetensors_all_metadata(const ore_safetensors *file);
/* Opens a file to write and puts the header of the entries, whose data is not looked at; their
 * bytes are to follow in this order, then ore_file_writer_commit. After an error there is nothing
 * to commit. */
ore_status ore_safetensors_begin(ore_file_writer *writer, const char *path,
                                 const ore_safetensors_entry *entries, int64_t count,
                                 ore_json *metadata);
/* ORE_INVALID, "what: tensor 'NAME': its name comes twice"; sorts the names. */
ore_status ore_check_names_differ(const char *what, const char **names, int64_t count);
/* The name of a dtype in the format: "F32" for ORE_FLOAT32. */
const char *ore_safetensors_dtype_code(ore_dtype dtype);
/* Sets *bytes to the size of a tensor of this shape and dtype; false where a dim is negative or the
 * product overflows. */
bool ore_safetensors_bytes_of(ore_shape shape, ore_dtype dtype, size_t *bytes);

#endif
