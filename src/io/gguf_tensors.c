/* gguf_tensors.c: the tensors of GGUF files. Behind the metadata stands a description of each, then
 * their data, each at a multiple of the alignment that the key general.alignment says. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "core/tensor.h"
#include "io/gguf.h"
#include "io/gguf_tensors.h"
#include "io/tensor_file.h"

/* Numbers of ggml's types; those between are of layouts that Ore does not read. */
static const struct {
    uint8_t type;
    ore_coding coding;
} types[] = {
    {0, ORE_CODING_FLOAT32}, {1, ORE_CODING_FLOAT16},  {2, ORE_CODING_Q4_0},
    {3, ORE_CODING_Q4_1},    {6, ORE_CODING_Q5_0},     {7, ORE_CODING_Q5_1},
    {8, ORE_CODING_Q8_0},    {10, ORE_CODING_Q2_K},    {11, ORE_CODING_Q3_K},
    {12, ORE_CODING_Q4_K},   {13, ORE_CODING_Q5_K},    {14, ORE_CODING_Q6_K},
    {24, ORE_CODING_INT8},   {25, ORE_CODING_INT16},   {26, ORE_CODING_INT32},
    {27, ORE_CODING_INT64},  {28, ORE_CODING_FLOAT64}, {30, ORE_CODING_BFLOAT16},
};
enum { TYPES = sizeof types / sizeof *types, PATH_SHOWN_BYTES = 400 };

bool ore_gguf_coding_of(uint32_t type, ore_coding *coding) {
    for (int i = 0; i < TYPES; i++)
        if (types[i].type == type) {
            *coding = types[i].coding;
            return true;
        }
    return false;
}

int ore_gguf_type_of(ore_coding coding) {
    for (int i = 0; i < TYPES; i++)
        if (types[i].coding == coding)
            return types[i].type;
    return -1;
}

/* ---- descriptions ---- */

typedef struct reader {
    const char *path;
    const uint8_t *at, *end;
} reader;

typedef struct description {
    const char *name; /* not ended by a NUL */
    size_t name_bytes;
    uint64_t offset; /* from where the data begin */
} description;

static ore_status take(reader *r, void *number, size_t bytes) {
    memset(number, 0, bytes);
    if ((size_t)(r->end - r->at) < bytes)
        return ore_fail(ORE_DATA, "%.*s: cut short in the descriptions of tensors",
                        PATH_SHOWN_BYTES, r->path);
    memcpy(number, r->at, bytes);
    r->at += bytes;
    return ORE_OK;
}

/* A name as a message shows it. */
static int shown(const description *d) {
    return d->name_bytes < ORE_TENSOR_NAME_SHOWN_BYTES ? (int)d->name_bytes
                                                       : ORE_TENSOR_NAME_SHOWN_BYTES;
}

static ore_status fail_tensor(const reader *r, const description *d, const char *problem) {
    return ore_fail(ORE_DATA, "%.*s: tensor '%.*s': %s", PATH_SHOWN_BYTES, r->path, shown(d),
                    d->name, problem);
}

static ore_status take_name(reader *r, description *d) {
    uint64_t bytes;
    if (take(r, &bytes, sizeof bytes) != ORE_OK)
        return ore_error_status();
    if (bytes > (uint64_t)(r->end - r->at))
        return ore_fail(ORE_DATA, "%.*s: cut short in the name of a tensor", PATH_SHOWN_BYTES,
                        r->path);
    d->name = (const char *)r->at;
    d->name_bytes = (size_t)bytes;
    r->at += bytes;
    return ORE_OK;
}

/* GGUF counts dims from the one whose elements follow each other. */
static ore_status take_shape(reader *r, const description *d, ore_shape *shape) {
    uint32_t dims;
    if (take(r, &dims, sizeof dims) != ORE_OK)
        return ore_error_status();
    if (dims > ORE_GGUF_MAX_DIMS)
        return fail_tensor(r, d, "more than 4 dims");
    shape->ndim = (int)dims;
    for (int i = shape->ndim - 1; i >= 0; i--) {
        uint64_t size;
        if (take(r, &size, sizeof size) != ORE_OK)
            return ore_error_status();
        shape->dim[i] = size <= INT64_MAX ? (int64_t)size : -1;
    }
    if (ore_possible_numel(*shape) < 0)
        return fail_tensor(r, d, "its shape has too many elements");
    return ORE_OK;
}

static ore_status take_type(reader *r, const description *d, ore_tensor_entry *entry) {
    uint32_t type;
    if (take(r, &type, sizeof type) != ORE_OK)
        return ore_error_status();
    if (!ore_gguf_coding_of(type, &entry->coding))
        return ore_fail(ORE_UNSUPPORTED,
                        "%.*s: tensor '%.*s': type %u, expected f32 f16 bf16 f64 i8 i16 i32 i64 "
                        "q4_0 q4_1 q5_0 q5_1 q8_0 or q2_k to q6_k",
                        PATH_SHOWN_BYTES, r->path, shown(d), d->name, (unsigned)type);
    int64_t row = entry->shape.ndim > 0 ? entry->shape.dim[entry->shape.ndim - 1] : 1;
    if (row % ore_coding_elements(entry->coding) != 0)
        return fail_tensor(r, d, "its rows are no whole blocks");
    entry->bytes = ore_coded_bytes(entry->coding, ore_possible_numel(entry->shape));
    return ORE_OK;
}

static ore_status read_description(reader *r, ore_tensor_file *file) {
    description d;
    ore_stored stored = {0};
    if (take_name(r, &d) != ORE_OK || take_shape(r, &d, &stored.entry.shape) != ORE_OK ||
        take_type(r, &d, &stored.entry) != ORE_OK || take(r, &d.offset, sizeof d.offset) != ORE_OK)
        return ore_error_status();
    stored.skip = (size_t)d.offset; /* until it is known where the data begin */
    ore_tensor_file_add(file, &stored, d.name, d.name_bytes);
    return ore_error_status();
}

/* ---- data ---- */

static ore_status read_alignment(const ore_gguf *gguf, size_t *alignment) {
    int64_t number = ORE_GGUF_ALIGNMENT;
    if (ore_gguf_get_int(gguf, ORE_GGUF_ALIGNMENT_KEY, &number) != ORE_OK)
        return ore_error_status();
    if (number < 1 || number > ORE_GGUF_LARGEST_ALIGNMENT)
        return ore_fail(ORE_DATA, "%.*s: %s: %lld, expected 1 .. %d", PATH_SHOWN_BYTES, gguf->path,
                        ORE_GGUF_ALIGNMENT_KEY, (long long)number, ORE_GGUF_LARGEST_ALIGNMENT);
    *alignment = (size_t)number;
    return ORE_OK;
}

/* Finds the data of the file's tensors from `first` on, `data_bytes` of them at `data`. */
static ore_status place_data(ore_tensor_file *file, int64_t first, const uint8_t *data,
                             size_t data_bytes, size_t alignment) {
    for (int64_t i = first; i < file->count; i++) {
        ore_stored *stored = &file->tensors[i];
        ore_tensor_entry *entry = &stored->entry;
        size_t offset = stored->skip;
        stored->skip = 0;
        if (offset % alignment != 0)
            return ore_tensor_file_fail(entry->path, entry->name,
                                        "its data do not begin at a multiple of the alignment");
        if (offset > data_bytes || entry->bytes > data_bytes - offset)
            return ore_fail(ORE_DATA,
                            "%.*s: cut short: tensor '%.*s' of %zu bytes begins at byte %zu of "
                            "%zu bytes of data",
                            PATH_SHOWN_BYTES, entry->path, ORE_TENSOR_NAME_SHOWN_BYTES, entry->name,
                            entry->bytes, offset, data_bytes);
        entry->data = stored->first = data + offset;
    }
    return ORE_OK;
}

static int compare_data(const void *a, const void *b) {
    const ore_tensor_entry *x = *(const ore_tensor_entry *const *)a;
    const ore_tensor_entry *y = *(const ore_tensor_entry *const *)b;
    if (x->data != y->data)
        return (const uint8_t *)x->data < (const uint8_t *)y->data ? -1 : 1;
    return x->bytes < y->bytes ? -1 : x->bytes > y->bytes; /* those without elements come first */
}

static ore_status check_no_overlap(const ore_tensor_file *file, int64_t first) {
    int64_t count = file->count - first;
    const ore_tensor_entry **sorted = ore_alloc((size_t)(count + 1) * sizeof *sorted);
    if (!sorted)
        return ore_error_status();
    for (int64_t i = 0; i < count; i++)
        sorted[i] = &file->tensors[first + i].entry;
    qsort(sorted, (size_t)count, sizeof *sorted, compare_data);
    for (int64_t i = 1; i < count; i++) {
        const uint8_t *end = (const uint8_t *)sorted[i - 1]->data + sorted[i - 1]->bytes;
        if ((const uint8_t *)sorted[i]->data < end)
            ore_tensor_file_fail(sorted[i]->path, sorted[i]->name,
                                 "its data overlap another tensor's");
    }
    ore_release(sorted);
    return ore_error_status();
}

/* ---- the format ---- */

static ore_status read_file(ore_tensor_file *file, ore_file_part *part) {
    int64_t first = file->count;
    size_t alignment = 0;
    ore_gguf *gguf = ore_alloc_zero(sizeof *gguf);
    part->state = gguf;
    if (!gguf || ore_gguf_open_memory(gguf, part->bytes, part->size, part->path) != ORE_OK ||
        read_alignment(gguf, &alignment) != ORE_OK)
        return ore_error_status();
    reader r = {part->path, part->bytes + gguf->tensors_at, part->bytes + part->size};
    for (int64_t i = 0; i < gguf->tensor_count && ore_no_error(); i++)
        read_description(&r, file);
    if (!ore_no_error())
        return ore_error_status();
    size_t begin = ore_gguf_padded((size_t)(r.at - part->bytes), alignment);
    if (begin > part->size) /* no padding behind a file without data */
        begin = part->size;
    if (place_data(file, first, part->bytes + begin, part->size - begin, alignment) != ORE_OK)
        return ore_error_status();
    return check_no_overlap(file, first);
}

static void close_file(ore_file_part *part) {
    if (part->state)
        ore_gguf_close(part->state);
    ore_release(part->state);
}

static ore_status describe(const ore_file_part *part, ore_json *metadata, bool tokens) {
    return ore_gguf_describe(part->state, metadata, tokens);
}

static bool recognises(const uint8_t *bytes, size_t size) {
    return ore_gguf_begins(bytes, size);
}

const ore_tensor_format ore_tensor_format_gguf = {
    .name = "GGUF",
    .recognises = recognises,
    .read = read_file,
    .close = close_file,
    .describe = describe,
};
