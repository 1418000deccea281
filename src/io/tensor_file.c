/* tensor_file.c: parts and entries of files of tensors, and the tensors that they give. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ore/ops.h>
#include <ore/view.h>

#include "base/error.h"
#include "base/files.h"
#include "base/memory.h"
#include "core/tensor.h"
#include "io/tensor_file.h"
#include "io/zip.h"

static const ore_tensor_format *const formats[] = {
    &ore_tensor_format_safetensors, &ore_tensor_format_gguf,
    &ore_tensor_format_torch, /* an archive with a pickle; others are NumPy's */
    &ore_tensor_format_npz,         &ore_tensor_format_npy,
};
enum { FORMATS = sizeof formats / sizeof *formats, PATH_SHOWN_BYTES = 400 };

ore_status ore_tensor_file_fail(const char *path, const char *name, const char *problem) {
    return ore_fail(ORE_DATA, "%.*s: tensor '%.*s': %s", PATH_SHOWN_BYTES, path,
                    ORE_TENSOR_NAME_SHOWN_BYTES, name, problem);
}

void ore_tensor_file_locate(const char *path, const char *name) {
    char where[PATH_SHOWN_BYTES + ORE_TENSOR_NAME_SHOWN_BYTES + 16];
    snprintf(where, sizeof where, "%.*s: tensor '%.*s'", PATH_SHOWN_BYTES, path,
             ORE_TENSOR_NAME_SHOWN_BYTES, name);
    ore_error_locate(where);
}

/* ---- parts ---- */

/* The error about bytes of none of the formats. */
static ore_status refuse(const ore_file_part *part) {
    static const struct {
        size_t at;
        const char *begins, *what;
    } others[] = {
        {0, "\x80\x02\x8a\x0al\xfc\x9c\x46\xf9\x20j\xa8P\x19",
         "PyTorch's format of before version 1.6; torch.save of today writes another"},
        {257, "ustar", "a tar archive, which PyTorch wrote before version 0.1.10"},
        {0, "\x89HDF\r\n\x1a\n", "HDF5"},
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        size_t bytes = strlen(others[i].begins);
        if (part->size >= others[i].at + bytes &&
            memcmp(part->bytes + others[i].at, others[i].begins, bytes) == 0)
            return ore_fail(ORE_UNSUPPORTED, "%.*s: Ore does not read this format: %s",
                            PATH_SHOWN_BYTES, part->path, others[i].what);
    }
    return ore_fail(
        ORE_DATA,
        "%.*s: no file of tensors that Ore knows: expected safetensors, GGUF, PyTorch's "
        "or NumPy's",
        PATH_SHOWN_BYTES, part->path);
}

/* Reads a part, whose path, bytes and size are set. */
static ore_status read_part(ore_tensor_file *file, ore_file_part *part) {
    for (int i = 0; i < FORMATS && !part->format; i++)
        if (formats[i]->recognises(part->bytes, part->size))
            part->format = formats[i];
    return part->format ? part->format->read(file, part) : refuse(part);
}

static ore_file_part *new_part(ore_tensor_file *file, const char *path) {
    if (ore_grow((void **)&file->parts, &file->part_capacity, file->part_count + 1,
                 sizeof *file->parts) != ORE_OK)
        return NULL;
    ore_file_part *part = &file->parts[file->part_count];
    *part = (ore_file_part){.path = ore_copy_text(path)};
    if (!part->path)
        return NULL;
    file->part_count++;
    return part;
}

/* The digests of a file in a checkpoint's folder. */
static ore_chunk_digests *digests_of(const char *path) {
    const char *name = ore_path_name(path);
    char *folder = ore_path_parent(path);
    ore_chunk_digests *digests = folder && ore_chunk_digests_listed(folder, name)
                                     ? ore_chunk_digests_read(folder, name)
                                     : NULL;
    ore_release(folder);
    return digests;
}

/* Compares bytes that are about to be used with their digests. */
static ore_status check_digests(const ore_file_part *part, const uint8_t *from, size_t bytes) {
    return ore_chunk_digests_check(part->digests, &part->mapping, part->path, from - part->bytes,
                                   bytes);
}

/* Compares what stands before the tensors: the header of safetensors, which checkpoints are. */
static ore_status check_header(const ore_tensor_file *file, const ore_file_part *part) {
    const uint8_t *end = part->bytes + part->size;
    for (int64_t i = 0; i < file->count; i++) {
        const ore_tensor_entry *entry = &file->tensors[i].entry;
        const uint8_t *data = entry->data;
        if (entry->path == part->path && data && data < end)
            end = data;
    }
    return check_digests(part, part->bytes, (size_t)(end - part->bytes));
}

ore_status ore_tensor_file_add_part(ore_tensor_file *file, const char *path) {
    ore_file_part *part = ore_no_error() ? new_part(file, path) : NULL;
    if (!part || ore_mapping_open(&part->mapping, path) != ORE_OK)
        return ore_error_status();
    part->bytes = part->mapping.bytes;
    part->size = part->mapping.size;
    part->digests = digests_of(path);
    if (part->digests)
        ore_chunk_digests_check_size(part->digests, path, (int64_t)part->size);
    if (!ore_no_error() || read_part(file, part) != ORE_OK)
        return ore_error_status();
    if (part->digests && check_header(file, part) != ORE_OK)
        return ore_error_status();
    return ore_mapping_check(&part->mapping, path, NULL);
}

static void close_part(ore_file_part *part) {
    if (part->format)
        part->format->close(part);
    ore_chunk_digests_free(part->digests);
    ore_mapping_close(&part->mapping);
    ore_release(part->path);
}

/* ---- entries ---- */

ore_stored *ore_tensor_file_add(ore_tensor_file *file, const ore_stored *stored, const char *name,
                                size_t bytes) {
    const ore_file_part *part = &file->parts[file->part_count - 1];
    if (memchr(name, '\0', bytes)) {
        ore_fail(ORE_DATA, "%.*s: the name of tensor %lld has a NUL in it", PATH_SHOWN_BYTES,
                 part->path, (long long)file->count);
        return NULL;
    }
    if (ore_grow((void **)&file->tensors, &file->capacity, file->count + 1,
                 sizeof *file->tensors) != ORE_OK)
        return NULL;
    char *copy = ore_copy_bytes(name, bytes);
    if (!copy)
        return NULL;
    ore_stored *added = &file->tensors[file->count++];
    *added = *stored;
    added->entry.name = copy;
    added->entry.path = part->path;
    added->part = file->part_count - 1;
    return added;
}

void ore_stored_in_member(ore_stored *stored, const ore_zip_member *member, size_t begin) {
    if (member->deflated) {
        stored->packed = member;
        stored->skip = begin;
    } else {
        stored->first = member->packed + begin;
        stored->entry.data = stored->strided ? NULL : stored->first;
    }
}

typedef struct named {
    const char *name;
    int64_t number;
} named;

static int compare_names(const void *a, const void *b) {
    return strcmp(((const named *)a)->name, ((const named *)b)->name);
}

static ore_status fail_twice(const ore_tensor_file *file, int64_t a, int64_t b) {
    const ore_tensor_entry *x = &file->tensors[a < b ? a : b].entry;
    const ore_tensor_entry *y = &file->tensors[a < b ? b : a].entry;
    if (x->path == y->path)
        return ore_tensor_file_fail(x->path, x->name, "its name comes twice");
    return ore_fail(ORE_DATA, "tensor '%.*s' is in two shards, %.300s and %.300s",
                    ORE_TENSOR_NAME_SHOWN_BYTES, x->name, x->path, y->path);
}

ore_status ore_tensor_file_sort(ore_tensor_file *file) {
    size_t bytes;
    if (ore_bytes_of(file->count + 1, sizeof(named), &bytes) != ORE_OK)
        return ore_error_status();
    named *names = ore_alloc(bytes);
    file->by_name = names ? ore_alloc((size_t)(file->count + 1) * sizeof *file->by_name) : NULL;
    for (int64_t i = 0; file->by_name && i < file->count; i++)
        names[i] = (named){file->tensors[i].entry.name, i};
    if (file->by_name)
        qsort(names, (size_t)file->count, sizeof *names, compare_names);
    for (int64_t i = 0; file->by_name && i < file->count; i++) {
        file->by_name[i] = names[i].number;
        if (i > 0 && strcmp(names[i - 1].name, names[i].name) == 0)
            fail_twice(file, names[i - 1].number, names[i].number);
    }
    ore_release(names);
    return ore_error_status();
}

/* ---- the file ---- */

static ore_tensor_file *file_new(const char *path) {
    if (!ore_no_error())
        return NULL;
    if (!path) {
        ore_fail(ORE_INVALID, "tensor_file_open: the path is NULL");
        return NULL;
    }
    ore_tensor_file *file = ore_alloc_zero(sizeof *file);
    if (file && !(file->path = ore_copy_text(path))) {
        ore_release(file);
        return NULL;
    }
    return file;
}

ore_tensor_file *ore_tensor_file_open(const char *path) {
    ore_tensor_file *file = file_new(path);
    if (file && ore_tensor_file_open_path(file, path) == ORE_OK &&
        (file->by_name || ore_tensor_file_sort(file) == ORE_OK))
        return file;
    ore_tensor_file_close(file);
    return NULL;
}

ore_tensor_file *ore_tensor_file_open_bytes(const char *name, const uint8_t *bytes, size_t size) {
    ore_tensor_file *file = file_new(name);
    ore_file_part *part = file ? new_part(file, name) : NULL;
    if (part) {
        part->bytes = bytes;
        part->size = size;
        if (read_part(file, part) == ORE_OK && ore_tensor_file_sort(file) == ORE_OK)
            return file;
    }
    ore_tensor_file_close(file);
    return NULL;
}

void ore_tensor_file_close(ore_tensor_file *file) {
    if (!file)
        return;
    ore_json_free(file->metadata);
    ore_json_free(file->settings);
    for (int64_t i = 0; i < file->count; i++)
        ore_release((void *)(uintptr_t)file->tensors[i].entry.name);
    for (int64_t i = 0; i < file->part_count; i++)
        close_part(&file->parts[i]);
    ore_release(file->by_name);
    ore_release(file->tensors);
    ore_release(file->parts);
    ore_release(file->path);
    ore_release(file);
}

const char *ore_tensor_file_format(const ore_tensor_file *file) {
    return file ? file->parts[0].format->name : "";
}

int64_t ore_tensor_file_count(const ore_tensor_file *file) {
    return file ? file->count : 0;
}

const ore_tensor_entry *ore_tensor_file_at(const ore_tensor_file *file, int64_t i) {
    if (file && i >= 0 && i < file->count)
        return &file->tensors[i].entry;
    ore_fail(ORE_INVALID, "tensor_file_at: entry %lld of %lld", (long long)i,
             (long long)ore_tensor_file_count(file));
    return NULL;
}

static ore_stored *find(const ore_tensor_file *file, const char *name) {
    int64_t low = 0, high = name ? ore_tensor_file_count(file) : 0;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        ore_stored *stored = &file->tensors[file->by_name[middle]];
        int order = strcmp(stored->entry.name, name);
        if (order == 0)
            return stored;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

const ore_tensor_entry *ore_tensor_file_find(const ore_tensor_file *file, const char *name) {
    const ore_stored *stored = find(file, name);
    return stored ? &stored->entry : NULL;
}

/* Makes *json, unless it is made already, of what the parts say; returns it. */
static ore_json *described(const ore_tensor_file *file, ore_json **json, bool tokens) {
    if (!ore_no_error())
        return NULL;
    if (*json)
        return *json;
    *json = ore_json_object_new();
    for (int64_t i = 0; *json && i < file->part_count && ore_no_error(); i++)
        file->parts[i].format->describe(&file->parts[i], *json, tokens);
    if (!ore_no_error()) {
        ore_json_free(*json);
        *json = NULL;
    }
    return *json;
}

ore_json *ore_tensor_file_metadata(ore_tensor_file *file) {
    return file ? described(file, &file->metadata, true) : NULL;
}

ore_json *ore_tensor_file_settings(ore_tensor_file *file) {
    return file ? described(file, &file->settings, false) : NULL;
}

ore_status ore_tensor_file_check(const ore_tensor_file *file) {
    for (int64_t i = 0; file && i < file->part_count; i++)
        if (ore_mapping_check(&file->parts[i].mapping, file->parts[i].path, NULL) != ORE_OK)
            break;
    return ore_error_status();
}

/* ---- tensors ---- */

/* Bools are to be 0 or 1: whatever reads them relies on it. */
static ore_status check_bools(const ore_tensor_entry *entry, const uint8_t *data, size_t bytes) {
    for (size_t i = 0; entry->coding == ORE_CODING_BOOL && i < bytes; i++)
        if (data[i] > 1)
            return ore_tensor_file_fail(entry->path, entry->name,
                                        "a byte that is neither 0 nor 1, expected booleans");
    return ORE_OK;
}

/* Whether the file's mapping can be the tensor's memory. */
static bool can_be_mapped(const ore_file_part *part, const ore_tensor_entry *entry) {
    return part->mapping.guard && ore_coding_is_dtype(entry->coding) && entry->bytes > 0 &&
           entry->data && (uintptr_t)entry->data % ore_coding_bytes(entry->coding) == 0;
}

/* How many elements lie from the first one to the last. */
static int64_t span_of(const ore_stored *stored) {
    const ore_shape *shape = &stored->entry.shape;
    int64_t last = 0;
    for (int d = 0; d < shape->ndim; d++)
        last += (shape->dim[d] - 1) * stored->strides[d];
    return last + 1;
}

/* `count` elements from the first one on, inflated and decoded. */
static ore_tensor *decoded(const ore_file_part *part, const ore_stored *stored, ore_shape shape) {
    const ore_tensor_entry *entry = &stored->entry;
    int64_t n = ore_shape_numel(shape);
    size_t bytes = ore_coded_bytes(entry->coding, n);
    ore_tensor *t = ore_empty(shape, ore_coding_dtype(entry->coding));
    uint8_t *inflated = t && stored->packed ? ore_alloc(bytes) : NULL;
    const uint8_t *data = stored->packed ? inflated : stored->first;
    if (inflated)
        ore_zip_unpack(part->path, stored->packed, stored->skip, inflated, bytes);
    if (t && ore_no_error() && check_bools(entry, data, bytes) == ORE_OK &&
        ore_coding_decode(entry->coding, data, n, ore_tensor_address(t)) != ORE_OK)
        ore_tensor_file_locate(entry->path, entry->name);
    ore_release(inflated);
    return ore_no_error() ? t : NULL;
}

/* The tensor of elements that are not row-major. */
static ore_tensor *gathered(const ore_file_part *part, const ore_stored *stored) {
    ore_scope_begin();
    ore_tensor *all = decoded(part, stored, ORE_SHAPE(span_of(stored)));
    ore_tensor *view =
        all ? ore_tensor_alias_as(all, stored->entry.shape, stored->strides, 0) : NULL;
    ore_tensor *t = view ? ore_keep(ore_tensor_sole(ore_contiguous(view))) : NULL;
    ore_scope_end();
    return t;
}

ore_tensor *ore_tensor_file_tensor(ore_tensor_file *file, const char *name) {
    if (!ore_no_error())
        return NULL;
    const ore_stored *stored = find(file, name);
    if (!stored) {
        ore_tensor_file_fail(file ? file->path : "tensor_file_tensor", name ? name : "", "missing");
        return NULL;
    }
    const ore_file_part *part = &file->parts[stored->part];
    const ore_tensor_entry *entry = &stored->entry;
    if (entry->data && check_digests(part, entry->data, entry->bytes) != ORE_OK)
        return NULL;
    if (can_be_mapped(part, entry) && check_bools(entry, entry->data, entry->bytes) == ORE_OK)
        return ore_tensor_of_file(&part->mapping, part->path, entry->data, entry->shape,
                                  (ore_dtype)entry->coding);
    ore_tensor *t = stored->strided && entry->bytes > 0 ? gathered(part, stored)
                                                        : decoded(part, stored, entry->shape);
    return t && ore_mapping_check(&part->mapping, part->path, NULL) == ORE_OK ? t : NULL;
}
