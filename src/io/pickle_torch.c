/* pickle_torch.c: the functions and classes that states of PyTorch's models name, and what they
 * stand for. */
#include <string.h>

#include "base/error.h"
#include "base/files.h"
#include "base/memory.h"
#include "core/tensor.h"
#include "io/pickle.h"

static const ore_pickle_global globals[] = {
    {"collections", "OrderedDict", ORE_PICKLE_CALL_DICT, 0},
    {"collections", "defaultdict", ORE_PICKLE_CALL_DEFAULT, 0},
    {"collections", "Counter", ORE_PICKLE_CALL_ARGUMENT, 0},
    {"_codecs", "encode", ORE_PICKLE_CALL_BYTES, 0},
    {"builtins", "bytes", ORE_PICKLE_CALL_BYTES, 0},
    {"builtins", "dict", ORE_PICKLE_CALL_DICT, 0},
    {"builtins", "set", ORE_PICKLE_CALL_ARGUMENT, 0},
    {"builtins", "bool", ORE_PICKLE_CLASS, 0},
    {"builtins", "int", ORE_PICKLE_CLASS, 0},
    {"__builtin__", "long", ORE_PICKLE_CLASS, 0}, /* int in protocol 2 */
    {"builtins", "float", ORE_PICKLE_CLASS, 0},
    {"builtins", "str", ORE_PICKLE_CLASS, 0},
    {"__builtin__", "unicode", ORE_PICKLE_CLASS, 0}, /* str in protocol 2 */
    {"builtins", "list", ORE_PICKLE_CLASS, 0},
    {"builtins", "tuple", ORE_PICKLE_CLASS, 0},
    {"argparse", "Namespace", ORE_PICKLE_CALL_OBJECT, 0},
    {"torch._utils", "_rebuild_tensor_v2", ORE_PICKLE_CALL_TENSOR, 0},
    {"torch._utils", "_rebuild_tensor_v3", ORE_PICKLE_CALL_TENSOR_V3, 0},
    {"torch._utils", "_rebuild_parameter", ORE_PICKLE_CALL_ARGUMENT, 0},
    {"torch", "Size", ORE_PICKLE_CALL_ARGUMENT, 0},
    {"torch", "device", ORE_PICKLE_CALL_ARGUMENT, 0},
    {"torch", "FloatStorage", ORE_PICKLE_STORAGE_TYPE, ORE_CODING_FLOAT32},
    {"torch", "DoubleStorage", ORE_PICKLE_STORAGE_TYPE, ORE_CODING_FLOAT64},
    {"torch", "HalfStorage", ORE_PICKLE_STORAGE_TYPE, ORE_CODING_FLOAT16},
    {"torch", "BFloat16Storage", ORE_PICKLE_STORAGE_TYPE, ORE_CODING_BFLOAT16},
    {"torch", "LongStorage", ORE_PICKLE_STORAGE_TYPE, ORE_CODING_INT64},
    {"torch", "IntStorage", ORE_PICKLE_STORAGE_TYPE, ORE_CODING_INT32},
    {"torch", "ShortStorage", ORE_PICKLE_STORAGE_TYPE, ORE_CODING_INT16},
    {"torch", "CharStorage", ORE_PICKLE_STORAGE_TYPE, ORE_CODING_INT8},
    {"torch", "ByteStorage", ORE_PICKLE_STORAGE_TYPE, ORE_CODING_UINT8},
    {"torch", "BoolStorage", ORE_PICKLE_STORAGE_TYPE, ORE_CODING_BOOL},
    {"torch.storage", "UntypedStorage", ORE_PICKLE_STORAGE_TYPE, ORE_CODING_UINT8},
    {"torch", "float32", ORE_PICKLE_DTYPE, ORE_CODING_FLOAT32},
    {"torch", "float64", ORE_PICKLE_DTYPE, ORE_CODING_FLOAT64},
    {"torch", "float16", ORE_PICKLE_DTYPE, ORE_CODING_FLOAT16},
    {"torch", "bfloat16", ORE_PICKLE_DTYPE, ORE_CODING_BFLOAT16},
    {"torch", "int64", ORE_PICKLE_DTYPE, ORE_CODING_INT64},
    {"torch", "int32", ORE_PICKLE_DTYPE, ORE_CODING_INT32},
    {"torch", "int16", ORE_PICKLE_DTYPE, ORE_CODING_INT16},
    {"torch", "int8", ORE_PICKLE_DTYPE, ORE_CODING_INT8},
    {"torch", "uint8", ORE_PICKLE_DTYPE, ORE_CODING_UINT8},
    {"torch", "uint16", ORE_PICKLE_DTYPE, ORE_CODING_UINT16},
    {"torch", "uint32", ORE_PICKLE_DTYPE, ORE_CODING_UINT32},
    {"torch", "uint64", ORE_PICKLE_DTYPE, ORE_CODING_UINT64},
    {"torch", "bool", ORE_PICKLE_DTYPE, ORE_CODING_BOOL},
};
enum { GLOBALS = sizeof globals / sizeof *globals, PATH_SHOWN_BYTES = 400 };

static bool same(const char *text, size_t bytes, const char *name) {
    return strlen(name) == bytes && memcmp(text, name, bytes) == 0;
}

int ore_pickle_find_global(const char *module, size_t module_bytes, const char *name,
                           size_t name_bytes) {
    bool old = same(module, module_bytes, "__builtin__"); /* what protocol 2 calls builtins */
    for (int i = 0; i < GLOBALS; i++)
        if (same(name, name_bytes, globals[i].name) &&
            (same(module, module_bytes, globals[i].module) ||
             (old && strcmp(globals[i].module, "builtins") == 0)))
            return i;
    return -1;
}

const ore_pickle_global *ore_pickle_global_at(int64_t place) {
    return &globals[place];
}

/* ---- arguments ---- */

static ore_status fail(const char *path, const char *problem) {
    return ore_fail(ORE_DATA, "%.*s: damaged pickle: %s", PATH_SHOWN_BYTES, path, problem);
}

/* Item i of a tuple, or NULL where it has none or one of another kind. */
static const ore_pickle_value *item_of(const ore_pickle *p, int64_t tuple, int64_t i,
                                       ore_pickle_kind kind) {
    const ore_pickle_value *t = &p->values[tuple];
    if (t->kind != ORE_PICKLE_LIST || i >= t->count)
        return NULL;
    const ore_pickle_value *item = &p->values[t->items[i]];
    return item->kind == kind ? item : NULL;
}

/* A tuple of sizes or strides, none below 0; false for anything else. */
static bool take_sizes(const ore_pickle *p, const ore_pickle_value *tuple, int64_t *sizes,
                       int *count) {
    if (!tuple || tuple->count > ORE_MAX_DIMS)
        return false;
    *count = (int)tuple->count;
    for (int i = 0; i < *count; i++) {
        const ore_pickle_value *size = &p->values[tuple->items[i]];
        if (size->kind != ORE_PICKLE_INT || size->integer < 0)
            return false;
        sizes[i] = size->integer;
    }
    return true;
}

ore_status ore_pickle_make_tensor(ore_pickle *p, const char *path, int64_t arguments, bool v3,
                                  int64_t *value) {
    const ore_pickle_value *storage = item_of(p, arguments, 0, ORE_PICKLE_STORAGE),
                           *offset = item_of(p, arguments, 1, ORE_PICKLE_INT),
                           *size = item_of(p, arguments, 2, ORE_PICKLE_LIST),
                           *stride = item_of(p, arguments, 3, ORE_PICKLE_LIST),
                           *dtype = v3 ? item_of(p, arguments, 6, ORE_PICKLE_GLOBAL) : NULL;
    ore_pickle_tensor t = {0};
    int strides = 0;
    if (!storage || !offset || offset->integer < 0 ||
        !take_sizes(p, size, t.shape.dim, &t.shape.ndim) ||
        !take_sizes(p, stride, t.strides, &strides) || strides != t.shape.ndim ||
        ore_possible_numel(t.shape) < 0)
        return fail(path, "a tensor of no possible storage, offset, size or stride");
    t.storage = storage->integer;
    t.offset = offset->integer;
    t.coding = p->storages[t.storage].coding;
    if (v3) {
        if (!dtype || globals[dtype->integer].role != ORE_PICKLE_DTYPE)
            return fail(path, "a tensor of no dtype");
        t.coding = globals[dtype->integer].coding;
    }
    if (ore_grow((void **)&p->tensors, &p->tensor_capacity, p->tensor_count + 1,
                 sizeof *p->tensors) != ORE_OK)
        return ore_error_status();
    *value = ore_pickle_new(p, ORE_PICKLE_TENSOR);
    if (*value < 0)
        return ore_error_status();
    p->values[*value].integer = p->tensor_count;
    p->tensors[p->tensor_count++] = t;
    return ORE_OK;
}

ore_status ore_pickle_make_storage(ore_pickle *p, const char *path, int64_t tuple, int64_t *value) {
    const ore_pickle_value *what = item_of(p, tuple, 0, ORE_PICKLE_TEXT),
                           *type = item_of(p, tuple, 1, ORE_PICKLE_GLOBAL),
                           *key = item_of(p, tuple, 2, ORE_PICKLE_TEXT),
                           *count = item_of(p, tuple, 4, ORE_PICKLE_INT);
    if (!what || !same(what->text, what->bytes, "storage") || !type || !key || !count ||
        globals[type->integer].role != ORE_PICKLE_STORAGE_TYPE || count->integer < 0)
        return fail(path, "a persistent id that is no storage");
    ore_pickle_storage storage = {key->text, key->bytes, globals[type->integer].coding,
                                  count->integer};
    if (ore_grow((void **)&p->storages, &p->storage_capacity, p->storage_count + 1,
                 sizeof *p->storages) != ORE_OK)
        return ore_error_status();
    *value = ore_pickle_new(p, ORE_PICKLE_STORAGE);
    if (*value < 0)
        return ore_error_status();
    p->values[*value].integer = p->storage_count;
    p->storages[p->storage_count++] = storage;
    return ORE_OK;
}
