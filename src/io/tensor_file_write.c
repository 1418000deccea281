/* tensor_file_write.c: what writing has in common: checks, the bytes of a tensor in its coding, and
 * NumPy's formats, which have little more. */
#include <string.h>

#include <ore/ops.h>

#include "base/error.h"
#include "base/files.h"
#include "base/memory.h"
#include "core/tensor.h"
#include "io/npy.h"
#include "io/safetensors.h"
#include "io/tensor_file.h"
#include "io/zip.h"

static const struct {
    const char *ending;
    ore_status (*write)(const ore_tensor_writing *w);
} formats[] = {
    {".safetensors", ore_tensor_write_safetensors},
    {".gguf", ore_tensor_write_gguf},
    {".npz", ore_tensor_write_npz},
    {".npy", ore_tensor_write_npy},
};
enum { FORMATS = sizeof formats / sizeof *formats, SHOWN = ORE_TENSOR_NAME_SHOWN_BYTES };

ore_tensor_file_options ore_tensor_file_defaults(void) {
    return (ore_tensor_file_options){.shard_bytes = 0};
}

size_t ore_tensor_item_bytes(const ore_tensor_item *item) {
    return ore_coded_bytes(item->coding, ore_shape_numel(item->shape));
}

/* ---- one tensor ---- */

/* Where an item's blocks are copied from; NULL for an item that is encoded. */
static const ore_tensor_entry *copied_from(const ore_tensor_writing *w,
                                           const ore_tensor_item *item) {
    const ore_tensor_file *like = w->options->like;
    if (item->tensor || !like || ore_coding_is_dtype(item->coding))
        return NULL;
    const ore_tensor_entry *entry = ore_tensor_file_find(like, item->name);
    return entry && entry->data && entry->coding == item->coding &&
                   ore_shape_equal(entry->shape, item->shape)
               ? entry
               : NULL;
}

ore_status ore_tensor_put_to_file(void *user, const void *bytes, size_t size) {
    return ore_file_writer_put(user, bytes, size);
}

/* The item's tensor, row-major, of the dtype that its coding is made of; NULL with an error. */
static ore_tensor *tensor_of(const ore_tensor_writing *w, int64_t i) {
    const ore_tensor_item *item = &w->items[i];
    ore_tensor *t = item->tensor;
    if (!t && w->options->source)
        t = w->options->source(w->options->user, w->first + i);
    if (!t) {
        ore_fail(ORE_INVALID, "tensor_file_write: tensor '%.*s' is NULL", SHOWN, item->name);
        return NULL;
    }
    if (!ore_shape_equal(ore_shape_of(t), item->shape)) {
        char given[ORE_SHAPE_TEXT], said[ORE_SHAPE_TEXT];
        ore_fail(ORE_INVALID, "tensor_file_write: tensor '%.*s': shape %s, its item says %s", SHOWN,
                 item->name, ore_shape_text(ore_shape_of(t), given),
                 ore_shape_text(item->shape, said));
        return NULL;
    }
    ore_dtype dtype = ore_coding_is_dtype(item->coding) ? (ore_dtype)item->coding : ORE_FLOAT32;
    return ore_contiguous(ore_to(t, dtype));
}

/* The elements of a row-major tensor; those of another device than the CPU go to memory of their
 * own, *copy. */
static const void *elements_of(const ore_tensor *t, void **copy) {
    if (ore_tensor_device(t) == ORE_CPU)
        return ore_data(t);
    size_t bytes = (size_t)ore_numel(t) * ore_dtype_size(ore_tensor_dtype(t));
    *copy = ore_alloc(bytes);
    return *copy && ore_copy_out(t, *copy, bytes) == ORE_OK ? *copy : NULL;
}

ore_status ore_tensor_writing_put(const ore_tensor_writing *w, int64_t i, ore_tensor_put put,
                                  void *user) {
    const ore_tensor_item *item = &w->items[i];
    size_t bytes = ore_tensor_item_bytes(item);
    const ore_tensor_entry *entry = copied_from(w, item);
    if (entry)
        return ore_no_error() ? put(user, entry->data, bytes) : ore_error_status();
    ore_scope_begin();
    ore_no_grad_begin();
    ore_tensor *t = ore_no_error() ? tensor_of(w, i) : NULL;
    void *copy = NULL, *encoded = NULL;
    const void *data = t ? elements_of(t, &copy) : NULL;
    if (data && !ore_coding_is_dtype(item->coding)) {
        encoded = ore_alloc(bytes);
        if (encoded)
            ore_coding_encode(item->coding, data, ore_numel(t), encoded);
        data = encoded;
    }
    if (data && ore_no_error())
        put(user, data, bytes);
    ore_release(encoded);
    ore_release(copy);
    ore_no_grad_end();
    ore_scope_end();
    return ore_error_status();
}

/* ---- checks ---- */

static ore_status check_item(const ore_tensor_writing *w, int64_t i) {
    const ore_tensor_item *item = &w->items[i];
    if (!item->name || !*item->name)
        return ore_fail(ORE_INVALID, "tensor_file_write: tensor %lld has no name", (long long)i);
    int64_t elements = ore_coding_elements(item->coding);
    if (!ore_coding_is_dtype(item->coding) && !ore_coding_is_written(item->coding) &&
        !copied_from(w, item))
        return ore_fail(ORE_INVALID, "tensor_file_write: tensor '%.*s': Ore does not write %s",
                        SHOWN, item->name, ore_coding_name(item->coding));
    if (ore_checked_numel("tensor_file_write", item->shape) < 0)
        return ore_error_status();
    int64_t row = item->shape.ndim > 0 ? item->shape.dim[item->shape.ndim - 1] : 1;
    if (row % elements != 0)
        return ore_fail(ORE_INVALID,
                        "tensor_file_write: tensor '%.*s': rows of %lld elements, expected a "
                        "multiple of %lld for %s",
                        SHOWN, item->name, (long long)row, (long long)elements,
                        ore_coding_name(item->coding));
    return ORE_OK;
}

static ore_status check_items(const ore_tensor_writing *w) {
    const ore_tensor_item *items = w->items;
    int64_t count = w->count;
    size_t bytes;
    if (count < 0 || (count > 0 && !items))
        return ore_fail(ORE_INVALID, "tensor_file_write: no items");
    for (int64_t i = 0; i < count; i++)
        if (check_item(w, i) != ORE_OK)
            return ore_error_status();
    if (ore_bytes_of(count + 1, sizeof(char *), &bytes) != ORE_OK)
        return ore_error_status();
    const char **names = ore_alloc(bytes);
    if (!names)
        return ore_error_status();
    for (int64_t i = 0; i < count; i++)
        names[i] = items[i].name;
    ore_check_names_differ("tensor_file_write", names, count);
    ore_release(names);
    return ore_error_status();
}

ore_status ore_tensor_file_write(const char *path, const ore_tensor_item *items, int64_t count,
                                 const ore_tensor_file_options *options) {
    ore_tensor_file_options defaults = ore_tensor_file_defaults();
    ore_tensor_writing w = {.path = path, .items = items, .count = count};
    w.options = options ? options : &defaults;
    if (!ore_no_error())
        return ore_error_status();
    size_t bytes = path ? strlen(path) : 0;
    for (int i = 0; i < FORMATS; i++) {
        size_t ending = strlen(formats[i].ending);
        if (bytes <= ending || strcmp(path + bytes - ending, formats[i].ending) != 0)
            continue;
        return check_items(&w) == ORE_OK ? formats[i].write(&w) : ore_error_status();
    }
    return ore_fail(ORE_INVALID,
                    "tensor_file_write: '%.*s' does not end in .safetensors, .gguf, .npz or .npy",
                    ORE_PATH_SHOWN_BYTES, path ? path : "");
}

/* ---- NumPy ---- */

/* The header of an item; 0 with an error where NumPy lacks its coding. */
static size_t npy_header(const ore_tensor_item *item, char header[ORE_NPY_WRITTEN_LIMIT]) {
    size_t bytes = ore_npy_header(header, item->coding, item->shape);
    if (bytes == 0)
        ore_fail(ORE_INVALID, "tensor_file_write: tensor '%.*s': NumPy has no %s", SHOWN,
                 item->name, ore_coding_name(item->coding));
    return bytes;
}

ore_status ore_tensor_write_npy(const ore_tensor_writing *w) {
    char header[ORE_NPY_WRITTEN_LIMIT];
    ore_file_writer writer;
    if (w->count != 1)
        return ore_fail(ORE_INVALID,
                        "tensor_file_write: %.*s: %lld tensors, a .npy file has one; .npz files "
                        "have many",
                        ORE_PATH_SHOWN_BYTES / 2, w->path, (long long)w->count);
    size_t bytes = npy_header(&w->items[0], header);
    if (bytes == 0 || ore_file_writer_open(&writer, w->path) != ORE_OK)
        return ore_error_status();
    ore_file_writer_put(&writer, header, bytes);
    ore_tensor_writing_put(w, 0, ore_tensor_put_to_file, &writer);
    return ore_file_writer_commit(&writer);
}

typedef struct npz_member {
    ore_zip_writer *zip;
    const char *name;
    const char *header;
    size_t header_bytes;
} npz_member;

static ore_status put_member(void *user, const void *bytes, size_t size) {
    const npz_member *m = user;
    return ore_zip_writer_put(m->zip, m->name, m->header, m->header_bytes, bytes, size);
}

static ore_status write_member(const ore_tensor_writing *w, int64_t i, ore_zip_writer *zip) {
    static const char ending[] = ".npy";
    char header[ORE_NPY_WRITTEN_LIMIT];
    size_t bytes = strlen(w->items[i].name), header_bytes = npy_header(&w->items[i], header);
    char *name = header_bytes > 0 ? ore_alloc(bytes + sizeof ending) : NULL;
    if (name) {
        memcpy(name, w->items[i].name, bytes);
        memcpy(name + bytes, ending, sizeof ending);
        npz_member m = {zip, name, header, header_bytes};
        ore_tensor_writing_put(w, i, put_member, &m);
    }
    ore_release(name);
    return ore_error_status();
}

ore_status ore_tensor_write_npz(const ore_tensor_writing *w) {
    ore_zip_writer zip;
    if (ore_zip_writer_open(&zip, w->path) != ORE_OK)
        return ore_error_status();
    for (int64_t i = 0; i < w->count && ore_no_error(); i++)
        write_member(w, i, &zip);
    return ore_zip_writer_commit(&zip);
}
