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
 * - PyTorch's checkpoints, as torch.save writes them since version 1.6: tensors in dicts and lists,
 *   whose names are the keys joined by dots; nothing that they name is called
 * - NumPy's .npy (one array, named as the file) and .npz, compressed or not
 * - an index of shards, "model.safetensors.index.json", with its shards beside it
 * - a folder with a model.safetensors, a pytorch_model.bin or an index of either
 * ORE_DATA for what is damaged; ORE_UNSUPPORTED, by name, for formats that Ore does not read. Files
 * that are cut short or written to while they are open are as in ore_safetensors_open, but see
 * ore_tensor_file_check. */
ORE_API ore_tensor_file *ore_tensor_file_open(const char *path);
/* NULL is allowed. Entries are gone after it; tensors stay. */
ORE_API void ore_tensor_file_close(ore_tensor_file *file);
/* What the format is called: "safetensors", "GGUF", "PyTorch", "npy", "npz"; the first shard's. */
ORE_API const char *ore_tensor_file_format(const ore_tensor_file *file);
ORE_API int64_t ore_tensor_file_count(const ore_tensor_file *file);
/* The i-th entry, in the order of the file; NULL with ORE_INVALID when out of range. */
ORE_API const ore_tensor_entry *ore_tensor_file_at(const ore_tensor_file *file, int64_t i);
/* The entry of that name, or NULL; raises nothing. */
ORE_API const ore_tensor_entry *ore_tensor_file_find(const ore_tensor_file *file, const char *name);
/* What the file says beside its tensors: __metadata__ of safetensors; GGUF's values by key, arrays
 * as arrays; the numbers and texts of a checkpoint, in dicts and lists as they are there. Made at
 * the first call; belongs to the file, and may be changed. */
ORE_API ore_json *ore_tensor_file_metadata(ore_tensor_file *file);
/* The same without the tokens of GGUF's tokenizers, the arrays of keys that begin with
 * "tokenizer.", which take nearly all of the time: for whoever looks for settings of a model. */
ORE_API ore_json *ore_tensor_file_settings(ore_tensor_file *file);

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

/* ---- writing (src/io/tensor_file_write.c) ---- */

typedef struct ore_tensor_item {
    const char *name;
    ore_shape shape;
    ore_coding coding;  /* that the file stores it in */
    ore_tensor *tensor; /* of that shape, any dtype and strides; NULL: the source gives it */
} ore_tensor_item;

/* Gives the tensor of item i, which is needed until the next is asked for: items are asked for in
 * their order, each within a scope of its own, without recording. NULL with an error pending ends
 * the writing. */
typedef ore_tensor *(*ore_tensor_source)(void *user, int64_t i);

typedef struct ore_tensor_file_options {
    ore_json *metadata; /* NULL: none. safetensors keeps texts as they are and all else as JSON
                           text; GGUF takes integers as uint32 where they fit, as int32 or int64
                           else, in arrays as int32; numbers as float32; npy and npz keep none */
    const ore_tensor_file
        *like; /* NULL, or a file whose blocks are copied: those of an item without
                                    a tensor, of the same name, shape and coding, even one that Ore
                                    does not encode. Keys that a GGUF file has get its types */
    ore_tensor_source source;
    void *user;          /* of the source */
    int64_t shard_bytes; /* the most that the tensors of one safetensors file take; 0: no shards */
} ore_tensor_file_options;

/* No metadata, no source, no shards. */
ORE_API ore_tensor_file_options ore_tensor_file_defaults(void);
/* Writes tensors in the given order, each file as ore_file_write does, in the format that the path
 * ends in: .safetensors, .gguf (version 3), .npz or .npy (one tensor). With shard_bytes, tensors
 * that take more go to "NAME-00001-of-00002.safetensors" and so on, and "PATH.index.json" is
 * written last. Memory is that of one tensor beside those given. ORE_INVALID, naming the tensor,
 * for a name that comes twice, another shape than the item's, and a coding that the format lacks
 * or whose blocks do not fill the last dim. */
ORE_API ore_status ore_tensor_file_write(const char *path, const ore_tensor_item *items,
                                         int64_t count, const ore_tensor_file_options *options);

ORE_END_DECLS

#endif
