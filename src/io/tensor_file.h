/* tensor_file.h: what the formats behind the door of ore/tensor_file.h share. A reader of a format
 * adds an entry for each tensor; the door does all else. */
#ifndef ORE_IO_TENSOR_FILE_H
#define ORE_IO_TENSOR_FILE_H

#include <ore/tensor_file.h>

#include "base/mapping.h"
#include "io/checkpoint_digests.h"

typedef struct ore_tensor_format ore_tensor_format;

/* One file of tensors. */
typedef struct ore_file_part {
    char *path;
    ore_mapping mapping;        /* empty where the caller gave the bytes */
    ore_chunk_digests *digests; /* of a file of a checkpoint; NULL for any other */
    const uint8_t *bytes;       /* (size) all of it */
    size_t size;
    const ore_tensor_format *format;
    void *state; /* of the format */
} ore_file_part;

/* How a tensor is stored. */
typedef struct ore_stored {
    ore_tensor_entry entry; /* its name belongs to the door */
    int64_t part;
    const uint8_t *first;                /* the first element in the file; NULL: compressed */
    const struct ore_zip_member *packed; /* the compressed member of an archive; else NULL */
    size_t skip;                         /* bytes before the first element there */
    bool strided;                        /* not row-major, but of these strides */
    int64_t strides[ORE_MAX_DIMS];       /* elements, none below 0 */
} ore_stored;

struct ore_tensor_file {
    char *path;
    ore_file_part *parts;
    int64_t part_count, part_capacity;
    ore_stored *tensors;
    int64_t count, capacity;
    int64_t *by_name; /* (count) numbers of tensors in the order of their names */
    ore_json *metadata, *settings;
};

struct ore_tensor_format {
    const char *name;
    bool (*recognises)(const uint8_t *bytes, size_t size);
    /* Reads the part, whose path, bytes and size are set, and adds its tensors. `part` moves when
     * other parts are opened; what it points to does not. */
    ore_status (*read)(ore_tensor_file *file, ore_file_part *part);
    void (*close)(ore_file_part *part);
    /* Adds what the part says beside its tensors; without `tokens`, not those of a tokenizer. */
    ore_status (*describe)(const ore_file_part *part, ore_json *metadata, bool tokens);
};

extern const ore_tensor_format ore_tensor_format_safetensors;
extern const ore_tensor_format ore_tensor_format_gguf;
extern const ore_tensor_format ore_tensor_format_torch;
extern const ore_tensor_format ore_tensor_format_npy;
extern const ore_tensor_format ore_tensor_format_npz;

enum { ORE_TENSOR_NAME_SHOWN_BYTES = 200 };

/* Bytes of `count` elements, whole blocks. */
static inline size_t ore_coded_bytes(ore_coding coding, int64_t count) {
    return (size_t)(count / ore_coding_elements(coding)) * ore_coding_bytes(coding);
}

/* Whether a coding is a dtype's, as it lies in memory. */
static inline bool ore_coding_is_dtype(ore_coding coding) {
    return (unsigned)coding < ORE_DTYPE_COUNT;
}

/* Adds a tensor of the part that is being read: a name of `bytes` bytes without NUL, whose copy
 * takes the place of entry.name, and entry.path is set. ORE_DATA for a name with a NUL. */
ore_stored *ore_tensor_file_add(ore_tensor_file *file, const ore_stored *stored, const char *name,
                                size_t bytes);
/* Says that the first element lies at byte `begin` of a member of an archive; `strided` has been
 * set. */
void ore_stored_in_member(ore_stored *stored, const struct ore_zip_member *member, size_t begin);
/* Opens what is in memory and outlives the result; `name` is for messages. Tensors of it are
 * copied. */
ore_tensor_file *ore_tensor_file_open_bytes(const char *name, const uint8_t *bytes, size_t size);

/* ORE_DATA "PATH: tensor 'NAME': problem". */
ore_status ore_tensor_file_fail(const char *path, const char *name, const char *problem);
/* Puts "PATH: tensor 'NAME'" before the pending error's message. */
void ore_tensor_file_locate(const char *path, const char *name);

/* tensor_file_index.c: a file, or an index with its shards, or what is in a folder. */
ore_status ore_tensor_file_open_path(ore_tensor_file *file, const char *path);
/* Maps a file as one more part. */
ore_status ore_tensor_file_add_part(ore_tensor_file *file, const char *path);
/* Sorts the names; ORE_DATA where one comes twice. */
ore_status ore_tensor_file_sort(ore_tensor_file *file);

/* ---- writing ---- */

typedef struct ore_tensor_writing {
    const char *path;
    const ore_tensor_item *items;
    int64_t count;
    const ore_tensor_file_options *options;
    int64_t first; /* number of items[0] for the source */
} ore_tensor_writing;

typedef ore_status (*ore_tensor_put)(void *user, const void *bytes, size_t size);

/* Gives the bytes of item i, in its coding, to put(user). */
ore_status ore_tensor_writing_put(const ore_tensor_writing *w, int64_t i, ore_tensor_put put,
                                  void *user);
/* Bytes of an item. */
size_t ore_tensor_item_bytes(const ore_tensor_item *item);
/* put of a file: `user` is an ore_file_writer. */
ore_status ore_tensor_put_to_file(void *user, const void *bytes, size_t size);

/* One file each; all items have been checked but for their codings. */
ore_status ore_tensor_write_safetensors(const ore_tensor_writing *w);
ore_status ore_tensor_write_gguf(const ore_tensor_writing *w);
ore_status ore_tensor_write_npz(const ore_tensor_writing *w);
ore_status ore_tensor_write_npy(const ore_tensor_writing *w);

#endif
