/* pickle.h: Python's pickles (protocols 2 to 5) as far as states of PyTorch's models need them.
 * They are programs for a stack machine that may call anything; this one calls nothing. It makes
 * values of the kinds below, and refuses, by name, any function or class that is not on its
 * list. */
#ifndef ORE_IO_PICKLE_H
#define ORE_IO_PICKLE_H

#include <ore/coding.h>
#include <ore/io.h>

typedef enum ore_pickle_kind {
    ORE_PICKLE_NONE,
    ORE_PICKLE_BOOL,
    ORE_PICKLE_INT,
    ORE_PICKLE_FLOAT,
    ORE_PICKLE_TEXT,
    ORE_PICKLE_LIST, /* or tuple, or set */
    ORE_PICKLE_DICT,
    ORE_PICKLE_TENSOR,
    /* what only the machine handles */
    ORE_PICKLE_GLOBAL,
    ORE_PICKLE_STORAGE,
} ore_pickle_kind;

/* Values refer to each other by number, and may do so in cycles. */
typedef struct ore_pickle_value {
    ore_pickle_kind kind;
    bool object; /* of a dict: the attributes of an object */
    union {
        int64_t integer; /* BOOL, INT; of a TENSOR or a STORAGE its place in the list, of a GLOBAL
                            its place in the list of those that are allowed */
        double number;
        struct {
            const char *text; /* in the pickle, not ended by a NUL */
            size_t bytes;
        };
        struct {
            int64_t *items; /* (count) values; of a DICT key, value, key, value .. */
            int64_t count, capacity;
        };
    };
} ore_pickle_value;

typedef struct ore_pickle_storage {
    const char *key; /* names the file of the archive */
    size_t key_bytes;
    ore_coding coding;
    int64_t count; /* elements */
} ore_pickle_storage;

typedef struct ore_pickle_tensor {
    int64_t storage;
    ore_coding coding;
    int64_t offset; /* elements */
    ore_shape shape;
    int64_t strides[ORE_MAX_DIMS];
} ore_pickle_tensor;

typedef struct ore_pickle {
    ore_pickle_value *values;
    int64_t value_count, value_capacity;
    ore_pickle_storage *storages;
    int64_t storage_count, storage_capacity;
    ore_pickle_tensor *tensors;
    int64_t tensor_count, tensor_capacity;
    int64_t root;
} ore_pickle;

/* Reads a pickle of bytes that outlive it. ORE_DATA, naming `path`, for what is damaged or asks for
 * what no state needs. Offsets and sizes of tensors are as the pickle says, but not negative. */
ore_status ore_pickle_read(ore_pickle *pickle, const char *path, const uint8_t *bytes, size_t size);
void ore_pickle_free(ore_pickle *pickle);

enum { ORE_PICKLE_DIGITS = 24 }; /* bytes: more than any number's */
/* A dict's key as text: its own, or a number's digits in `digits`. NULL for keys of other kinds. */
const char *ore_pickle_key_text(const ore_pickle_value *key, char digits[ORE_PICKLE_DIGITS],
                                size_t *bytes);
/* Adds all that is no tensor to an object (pickle_describe.c), where the root is a dict. Whoever
 * calls has been over the values and knows that they end. */
ore_status ore_pickle_describe(const ore_pickle *pickle, ore_json *metadata);

/* ---- globals (pickle_torch.c) ---- */

typedef enum ore_pickle_role {
    ORE_PICKLE_CALL_DICT,      /* collections.OrderedDict */
    ORE_PICKLE_CALL_OBJECT,    /* argparse.Namespace: attributes */
    ORE_PICKLE_CALL_TENSOR,    /* _rebuild_tensor_v2 */
    ORE_PICKLE_CALL_TENSOR_V3, /* whose dtype is not its storage's */
    ORE_PICKLE_CALL_ARGUMENT,  /* gives its first argument: _rebuild_parameter, torch.Size, set */
    ORE_PICKLE_CALL_DEFAULT,   /* collections.defaultdict: a dict, of a class or None */
    ORE_PICKLE_CALL_BYTES,     /* _codecs.encode, bytes: how protocol 2 has bytes */
    ORE_PICKLE_CLASS,          /* of a defaultdict; never called */
    ORE_PICKLE_STORAGE_TYPE,
    ORE_PICKLE_DTYPE,
} ore_pickle_role;

typedef struct ore_pickle_global {
    const char *module, *name;
    ore_pickle_role role;
    ore_coding coding; /* of a storage's type or a dtype */
} ore_pickle_global;

/* The place of a name in the list of what is allowed; -1. */
int ore_pickle_find_global(const char *module, size_t module_bytes, const char *name,
                           size_t name_bytes);
const ore_pickle_global *ore_pickle_global_at(int64_t place);
/* The last step of _rebuild_tensor_v2 (or _v3) with a tuple of arguments: a tensor's value. */
ore_status ore_pickle_make_tensor(ore_pickle *pickle, const char *path, int64_t arguments, bool v3,
                                  int64_t *value);
/* A storage's value from the tuple that stands for it in the pickle. */
ore_status ore_pickle_make_storage(ore_pickle *pickle, const char *path, int64_t tuple,
                                   int64_t *value);
/* A new value of the kind: its number, or -1 with an error. */
int64_t ore_pickle_new(ore_pickle *pickle, ore_pickle_kind kind);

#endif
