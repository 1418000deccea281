/* gguf.h: GGUF files (github.com/ggml-org/ggml, docs/gguf.md): a header, metadata by key, and
 * tensors. The file is mapped, and nothing that it says is believed before it is compared with the
 * file's size. */
#ifndef ORE_IO_GGUF_H
#define ORE_IO_GGUF_H

#include <ore/io.h>

#include "base/mapping.h"

/* The numbers are the file's. */
typedef enum ore_gguf_type {
    ORE_GGUF_UINT8,
    ORE_GGUF_INT8,
    ORE_GGUF_UINT16,
    ORE_GGUF_INT16,
    ORE_GGUF_UINT32,
    ORE_GGUF_INT32,
    ORE_GGUF_FLOAT32,
    ORE_GGUF_BOOL,
    ORE_GGUF_STRING,
    ORE_GGUF_ARRAY,
    ORE_GGUF_UINT64,
    ORE_GGUF_INT64,
    ORE_GGUF_FLOAT64,
    ORE_GGUF_TYPES,
} ore_gguf_type;

/* A value of the metadata, or an array of them. */
typedef struct ore_gguf_value {
    const char *key; /* not ended by a NUL */
    size_t key_bytes;
    ore_gguf_type type; /* of an array: that of its elements */
    bool array;
    int64_t count;       /* of elements; 1 without an array */
    const uint8_t *data; /* of the file: the value, or the first element */
} ore_gguf_value;

typedef struct ore_gguf {
    char *path;
    ore_mapping mapping;
    const uint8_t *bytes; /* (size) all of it */
    size_t size;
    uint32_t version; /* 2 or 3 */
    int64_t tensor_count;
    ore_gguf_value *values; /* (value_count) in the file's order */
    int64_t value_count;
    size_t tensors_at; /* where the descriptions of the tensors begin, behind the metadata */
} ore_gguf;

/* Whether bytes begin as such a file does. */
bool ore_gguf_begins(const void *bytes, size_t size);
/* Maps a file and reads its header and metadata. ORE_DATA, naming the file and the key, for what
 * cannot be; ORE_UNSUPPORTED for another version and for big-endian files. */
ore_status ore_gguf_open(ore_gguf *file, const char *path);
/* The same of bytes that outlive `file`; `name` is for messages. */
ore_status ore_gguf_open_memory(ore_gguf *file, const void *bytes, size_t size, const char *name);
void ore_gguf_close(ore_gguf *file);

/* The value of a key, or NULL. Raises nothing. */
const ore_gguf_value *ore_gguf_find(const ore_gguf *file, const char *key);
/* The value of a key as an integer, a truth, a text (with the number of its bytes; no NUL at its
 * end), an array. The first three leave *value as it was where the key is missing. ORE_DATA where
 * the value is of another type. */
ore_status ore_gguf_get_int(const ore_gguf *file, const char *key, int64_t *value);
ore_status ore_gguf_get_bool(const ore_gguf *file, const char *key, bool *value);
ore_status ore_gguf_get_text(const ore_gguf *file, const char *key, const char **text,
                             size_t *bytes);
/* NULL without an error where the key is missing and not `needed`. */
const ore_gguf_value *ore_gguf_get_array(const ore_gguf *file, const char *key, ore_gguf_type type,
                                         bool needed);

/* Whether numbers of this type are integers. */
bool ore_gguf_is_integer(ore_gguf_type type);
/* Element i of an array of numbers, which may lie at any address. */
double ore_gguf_number(const ore_gguf_value *array, int64_t i);
/* The texts of an array, one after the other: *at begins as array->data. NULL with ORE_DATA
 * where the file has changed under the reader. */
const char *ore_gguf_next_text(const ore_gguf *file, const uint8_t **at, size_t *bytes);

/* Adds all values to an object by their keys (gguf_describe.c); without `tokens`, not the arrays of
 * keys that begin with "tokenizer.". ORE_DATA for a key or a text that is not UTF-8. */
ore_status ore_gguf_describe(const ore_gguf *file, ore_json *metadata, bool tokens);

#endif
