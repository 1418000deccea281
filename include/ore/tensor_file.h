/* tensor_file.h: files of named tensors that others have made: one door for safetensors, GGUF,
 * PyTorch's checkpoints and NumPy's arrays.
 *
 *     ore_tensor_file *file = ore_tensor_file_open("SmolLM2-135M");
 *     ore_tensor *wte = ore_tensor_file_tensor(file, "model.embed_tokens.weight");
 *     ore_tensor_file_close(file);
 *
 * Nothing that a file says is believed before it is compared with the file's size, and nothing in
 * it is executed. Messages and pending errors are as in files.h; they name the file and the tensor.
 */
#ifndef ORE_TENSOR_FILE_H
#define ORE_TENSOR_FILE_H

#include <ore/coding.h>
#include <ore/io.h>

ORE_BEGIN_DECLS

typedef struct ore_tensor_file ore_tensor_file;

typedef struct ore_tensor_entry {
    const char *name;
    ore_coding coding;
    ore_shape shape;  /* row-major, the slowest dim first, whatever order the format has */
    size_t bytes;     /* of all elements in that coding */
    const void *data; /* of the file's mapping, at any address; NULL where the elements do not lie
                         there row-major: in a view with strides, or compressed */
    const char *path; /* of the file, one shard of several, that it lies in */
} ore_tensor_entry;

/* Opens and maps a file, recognised by its content, or a folder:
 * - safetensors, GGUF of version 2 and 3
 * - an index of shards, "model.safetensors.index.json", with its shards beside it
 * - a folder with a model.safetensors or its index
 * ORE_DATA for what is damaged; ORE_UNSUPPORTED, by name, for formats that Ore does not read. Files
 * that are cut short or written to while they are open are as in ore_safetensors_open, but see
 * ore_tensor_file_check. */
ORE_API ore_tensor_file *ore_tensor_file_open(const char *path);
/* NULL is allowed. Entries are gone after it; tensors stay. */
ORE_API void ore_tensor_file_close(ore_tensor_file *file);
/* What the format is called: "safetensors", "GGUF". */
ORE_API const char *ore_tensor_file_format(const ore_tensor_file *file);
ORE_API int64_t ore_tensor_file_count(const ore_tensor_file *file);
/* The i-th entry, in the order of the file; NULL with ORE_INVALID when out of range. */
ORE_API const ore_tensor_entry *ore_tensor_file_at(const ore_tensor_file *file, int64_t i);
/* The entry of that name, or NULL; raises nothing. */
ORE_API const ore_tensor_entry *ore_tensor_file_find(const ore_tensor_file *file, const char *name);
/* What the file says beside its tensors: __metadata__ of safetensors, GGUF's values by key, arrays
 * as arrays. Made at the first call; belongs to the file, and may be changed. */
ORE_API ore_json *ore_tensor_file_metadata(ore_tensor_file *file);

/* The tensor of that name, of ore_coding_dtype of its coding. Where that is the coding itself
 * and the elements lie row-major at an address that is a multiple of their size, the tensor is the
 * file's mapping: nothing is read until it is used, other processes that map the file share its
 * pages, and what is written to it, in training, becomes this process's own and never the file's.
 * The mapping lives as long as a tensor of it. Asked for twice, tensors share their memory, as do
 * two that lie in the same bytes. Otherwise the tensor is decoded into memory of its own. ORE_DATA
 * if the file has no such tensor, or for a bool that is neither 0 nor 1. */
ORE_API ore_tensor *ore_tensor_file_tensor(ore_tensor_file *file, const char *name);
/* Whether all bytes that mapped tensors have read so far were the file's, at the cost of a call
 * of the system. ORE_DATA where a file has become shorter, and its tensors hold zeros from there
 * on, or has been written to; ORE_IO where its disk fails. To call before results are used. */
ORE_API ore_status ore_tensor_file_check(const ore_tensor_file *file);

ORE_END_DECLS

#endif
