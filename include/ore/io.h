/* io.h: numbers as text, JSON, safetensors and checkpoint folders. Messages, returned text and
 * pending errors are as in files.h. */
#ifndef ORE_IO_H
#define ORE_IO_H

#include <ore/files.h>
#include <ore/tensor.h>

ORE_BEGIN_DECLS

/* ---- numbers as text (src/io/number.c) ---- */

enum { ORE_NUMBER_TEXT_BYTES = 40 }; /* more than the text of any double, its NUL included */

/* The number rounded to the fewest decimal digits that read back the same, into text; returns text.
 * Its point is a point whatever the locale is; "inf", "-inf" and "nan" stand for what is not
 * finite. Raises nothing. */
ORE_API const char *ore_number_text(double value, char text[ORE_NUMBER_TEXT_BYTES]);

/* ---- JSON (src/io/json.c) ---- */

/* A handle is an object or an array. Objects keep their keys in the order of insertion. Handles of
 * inner objects and arrays belong to the outermost one and live until that is freed. Getters that
 * find nothing, or something else, fail with ORE_DATA and the path: "config.json: n_head: a
 * string, expected an integer", "config.json: model.layers[2]: missing, expected an object"; they
 * leave *value as it was. */

typedef struct ore_json ore_json;

typedef enum ore_json_kind {
    ORE_JSON_MISSING,
    ORE_JSON_NULL,
    ORE_JSON_BOOL,
    ORE_JSON_INT,
    ORE_JSON_DOUBLE,
    ORE_JSON_STRING,
    ORE_JSON_ARRAY,
    ORE_JSON_OBJECT,
} ore_json_kind;

ORE_API ore_json *ore_json_object_new(void);
ORE_API ore_json *ore_json_array_new(void);
/* An object or array from UTF-8 text; `name` stands for it in messages ("" for none). Syntax errors
 * and doubled keys give "name: line 3, column 7: ...", ORE_DATA. */
ORE_API ore_json *ore_json_parse(const char *text, size_t bytes, const char *name);
/* The same from a file; its path is the name. */
ORE_API ore_json *ore_json_load(const char *path);
/* Frees an outermost handle and all below it; NULL is allowed. */
ORE_API void ore_json_free(ore_json *json);

/* Members of an object or elements of an array. */
ORE_API int64_t ore_json_count(const ore_json *json);
/* Key of the i-th member, quick when i runs upward; NULL with ORE_INVALID when out of range. Lives
 * as long as the object. */
ORE_API const char *ore_json_key(ore_json *object, int64_t i);

/* By key. Raises nothing. */
ORE_API ore_json_kind ore_json_kind_of(const ore_json *object, const char *key);
/* By place in an array. Raises nothing. */
ORE_API ore_json_kind ore_json_kind_at(const ore_json *array, int64_t i);
/* Whether a handle is an object; else it is an array. Raises nothing. */
ORE_API bool ore_json_is_object(const ore_json *json);
/* The text lives until its member is set anew or the outermost handle is freed. */
ORE_API const char *ore_json_get_string(const ore_json *object, const char *key);
ORE_API ore_status ore_json_get_int(const ore_json *object, const char *key, int64_t *value);
/* Takes integers too. */
ORE_API ore_status ore_json_get_double(const ore_json *object, const char *key, double *value);
ORE_API ore_status ore_json_get_bool(const ore_json *object, const char *key, bool *value);
ORE_API ore_json *ore_json_get_object(ore_json *object, const char *key);
ORE_API ore_json *ore_json_get_array(ore_json *object, const char *key);

/* By place in an array, from 0. */
ORE_API const char *ore_json_at_string(const ore_json *array, int64_t i);
ORE_API ore_status ore_json_at_int(const ore_json *array, int64_t i, int64_t *value);
ORE_API ore_status ore_json_at_double(const ore_json *array, int64_t i, double *value);
ORE_API ore_json *ore_json_at_object(ore_json *array, int64_t i);
ORE_API ore_json *ore_json_at_array(ore_json *array, int64_t i);

/* Sets or replaces a member. Text must be UTF-8 (else ORE_DATA). A double that is not finite
 * becomes null, which JSON has in its place. set_object and set_array put an empty one there and
 * return its handle. */
ORE_API ore_status ore_json_set_string(ore_json *object, const char *key, const char *value);
ORE_API ore_status ore_json_set_int(ore_json *object, const char *key, int64_t value);
ORE_API ore_status ore_json_set_double(ore_json *object, const char *key, double value);
ORE_API ore_status ore_json_set_bool(ore_json *object, const char *key, bool value);
ORE_API ore_status ore_json_set_null(ore_json *object, const char *key);
ORE_API ore_json *ore_json_set_object(ore_json *object, const char *key);
ORE_API ore_json *ore_json_set_array(ore_json *object, const char *key);

/* Takes a member out, whose handle, if there is one, is not to be used any more; one that is
 * missing is no error. */
ORE_API ore_status ore_json_remove(ore_json *object, const char *key);

/* Adds an element at the end of an array. */
ORE_API ore_status ore_json_add_string(ore_json *array, const char *value);
ORE_API ore_status ore_json_add_int(ore_json *array, int64_t value);
ORE_API ore_status ore_json_add_double(ore_json *array, double value);
ORE_API ore_json *ore_json_add_object(ore_json *array);
ORE_API ore_json *ore_json_add_array(ore_json *array);

/* The text: on one line, or indented by two spaces with a newline at the end. Doubles are written
 * as ore_number_text writes them, but always look like doubles. */
ORE_API char *ore_json_text(const ore_json *json, bool indented);
/* Writes the indented text as ore_file_write does. */
ORE_API ore_status ore_json_write(const ore_json *json, const char *path);
/* Appends the one-line text and a newline, as ore_file_append does (metrics.jsonl). */
ORE_API ore_status ore_json_append(const ore_json *json, const char *path);

/* Version of the library jansson, which parses: "2.14". */
ORE_API const char *ore_json_jansson_version(void);

/* ---- safetensors (src/io/safetensors.c, safetensors_write.c) ---- */

/* The format of github.com/huggingface/safetensors: an 8-byte little-endian length, a JSON header
 * of that length, then the tensors' bytes, row-major, little-endian, without gap or overlap. */

typedef struct ore_safetensors ore_safetensors;

typedef struct ore_safetensors_entry {
    const char *name;
    ore_dtype dtype;
    ore_shape shape;
    const void *data; /* of the file's mapping: may lie at any address, not aligned */
    size_t bytes;     /* elements of shape times size of dtype */
} ore_safetensors_entry;

typedef struct ore_safetensors_item {
    const char *name;
    const ore_tensor *tensor; /* any strides */
} ore_safetensors_item;

/* Maps a file and checks its header whole against its size. ORE_DATA, naming file and tensor, for
 * anything that does not fit: "model.safetensors: cut short: ...". A file that is cut short or
 * written to while it is open makes loading from it fail with ORE_DATA; a handler for SIGBUS is put
 * in place for that, which passes on what is not of such a file to the handler that the program
 * had. An entry of I8, I16, U16, U32 or U64 has no data: loading widens it to int32 or int64. */
ORE_API ore_safetensors *ore_safetensors_open(const char *path);
/* NULL is allowed. Entries, names and data of the file are gone after it. */
ORE_API void ore_safetensors_close(ore_safetensors *file);
ORE_API int64_t ore_safetensors_count(const ore_safetensors *file);
/* The i-th entry in the header's order; NULL with ORE_INVALID when out of range. */
ORE_API const ore_safetensors_entry *ore_safetensors_at(const ore_safetensors *file, int64_t i);
/* The entry of that name, or NULL; raises nothing. */
ORE_API const ore_safetensors_entry *ore_safetensors_find(const ore_safetensors *file,
                                                          const char *name);
/* Value of a key of __metadata__, or NULL; raises nothing. */
ORE_API const char *ore_safetensors_metadata(const ore_safetensors *file, const char *key);
/* Copies the tensor of that name into t (an in-place change). ORE_DATA if the file has none, or
 * one of another shape or dtype: both are named. */
ORE_API ore_status ore_safetensors_load(const ore_safetensors *file, const char *name,
                                        ore_tensor *t);
/* The tensor of that name, as a new one of the file's shape and dtype. */
ORE_API ore_tensor *ore_safetensors_tensor(const ore_safetensors *file, const char *name);

/* Writes tensors in the given order, as ore_file_write does. metadata: an object of strings, or
 * NULL. The same tensors give the same bytes. Names must be unique and not "__metadata__". */
ORE_API ore_status ore_safetensors_write(const char *path, const ore_safetensors_item *items,
                                         int64_t count, ore_json *metadata);
/* The same from memory; an entry's bytes must be what its shape and dtype say. */
ORE_API ore_status ore_safetensors_write_entries(const char *path,
                                                 const ore_safetensors_entry *entries,
                                                 int64_t count, ore_json *metadata);

/* ---- checkpoint folders (src/io/checkpoint.c) ---- */

/* clang-format off */
/* RUN/checkpoints/000007/           the files of the newest checkpoint
 * RUN/current                       -> checkpoints/000007
 * RUN/NAME                          -> current/NAME, one link for each file of the checkpoint
 *
 * A checkpoint is written whole in RUN/checkpoints/writing, synced, renamed to its number, and made
 * current by the one rename that replaces the link RUN/current; the one before it is removed last.
 * So at any moment every RUN/NAME belongs to one whole checkpoint, and a kill loses nothing that
 * was committed. Links are relative: a run may be moved, or copied with cp -r. One process at a
 * time writes to a run. Other files (metrics.jsonl, pictures) may lie in RUN beside the links. */
/* clang-format on */

/* Clears what killed runs left behind and makes an empty folder to write files in; returns its
 * path. RUN must exist. Beginning again drops what was written since the last commit. ORE_STATE
 * where the link to a file of the current checkpoint has been replaced. */
ORE_API char *ore_checkpoint_begin(const char *run_folder);
/* Takes file `name` over from the current checkpoint unchanged, at no cost of space. ORE_DATA where
 * it is no longer what was saved. */
ORE_API ore_status ore_checkpoint_carry(const char *run_folder, const char *name);
/* Makes what was begun current. On any error the former checkpoint stays current and whole.
 * ORE_STATE where RUN/NAME is in the way and no link of ours; ORE_IO where the file system has no
 * symbolic links. */
ORE_API ore_status ore_checkpoint_commit(const char *run_folder);
/* Whether file `name` of a checkpoint's folder, or of a run's, is what was saved: commit leaves the
 * size of each file and a digest of each 16 MiB of it in digests.json. ORE_DATA, naming the file
 * and the damaged bytes, where it is not. A folder without digests.json was made elsewhere:
 * ORE_OK. */
ORE_API ore_status ore_checkpoint_verify(const char *folder, const char *name);
/* Opens the safetensors file `name` of such a folder. What is loaded from it is compared with its
 * digests first, 16 MiB at a time and each once; what is not asked for is not read. ORE_DATA as
 * above, from this or from ore_safetensors_load or _tensor. The data of entries is compared by
 * these two only. */
ORE_API ore_safetensors *ore_checkpoint_open_weights(const char *folder, const char *name);
/* Path of the current checkpoint's own folder, which a later commit removes. NULL without an error
 * where the run has no checkpoint yet; ORE_DATA where RUN/current leads nowhere. */
ORE_API char *ore_checkpoint_current(const char *run_folder);

ORE_END_DECLS

#endif
