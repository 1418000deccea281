/* tensor_file_npy.c: NumPy's arrays behind the door: one in a .npy file, many in a .npz archive. */
#include <string.h>

#include "base/error.h"
#include "base/files.h"
#include "base/memory.h"
#include "io/npy.h"
#include "io/tensor_file.h"
#include "io/zip.h"

/* Sets an entry's shape, coding and strides to an array's. */
static ore_stored stored_of(const ore_npy *npy) {
    ore_stored stored = {
        .entry = {.coding = npy->coding, .shape = npy->shape, .bytes = npy->bytes}};
    int64_t step = 1;
    int long_dims = 0;
    for (int d = 0; d < npy->shape.ndim; d++) {
        stored.strides[d] = step;
        step *= npy->shape.dim[d];
        long_dims += npy->shape.dim[d] != 1;
    }
    stored.strided = npy->column_major && long_dims > 1;
    return stored;
}

static ore_status describe_nothing(const ore_file_part *part, ore_json *metadata, bool tokens) {
    (void)part, (void)metadata, (void)tokens;
    return ORE_OK;
}

/* ---- .npy ---- */

/* The file's name without folders and ending, for an array has no name. */
static const char *stem_of(const char *path, size_t *bytes) {
    const char *name = ore_path_name(path);
    const char *dot = strrchr(name, '.');
    *bytes = dot && dot > name ? (size_t)(dot - name) : strlen(name);
    return name;
}

static ore_status read_npy(ore_tensor_file *file, ore_file_part *part) {
    ore_npy npy;
    if (ore_npy_read(&npy, part->path, "", part->bytes, part->size, part->size) != ORE_OK)
        return ore_error_status();
    ore_stored stored = stored_of(&npy);
    const uint8_t *data = part->bytes + npy.data_at;
    stored.first = data;
    stored.entry.data = stored.strided ? NULL : data;
    size_t bytes;
    const char *name = stem_of(part->path, &bytes);
    ore_tensor_file_add(file, &stored, name, bytes);
    return ore_error_status();
}

static void close_npy(ore_file_part *part) {
    (void)part;
}

const ore_tensor_format ore_tensor_format_npy = {
    .name = "npy",
    .recognises = ore_npy_begins,
    .read = read_npy,
    .close = close_npy,
    .describe = describe_nothing,
};

/* ---- .npz ---- */

/* Reads the header of a member: where it lies, or of a deflated one its inflated start. */
static ore_status read_header(const ore_file_part *part, const ore_zip_member *member,
                              const char *name, ore_npy *npy) {
    if (!member->deflated)
        return ore_npy_read(npy, part->path, name, member->packed, member->size, member->size);
    size_t bytes = member->size < ORE_NPY_HEADER_LIMIT ? member->size : ORE_NPY_HEADER_LIMIT;
    uint8_t *start = ore_alloc(bytes);
    if (start && ore_zip_unpack(part->path, member, 0, start, bytes) == ORE_OK)
        ore_npy_read(npy, part->path, name, start, bytes, member->size);
    ore_release(start);
    return ore_error_status();
}

static ore_status add_member(ore_tensor_file *file, const ore_file_part *part,
                             const ore_zip_member *member) {
    static const char ending[] = ".npy";
    enum { ENDING_BYTES = sizeof ending - 1 };
    size_t bytes = member->name_bytes;
    if (bytes >= ENDING_BYTES &&
        memcmp(member->name + bytes - ENDING_BYTES, ending, ENDING_BYTES) == 0)
        bytes -= ENDING_BYTES;
    ore_stored placed = {0};
    ore_stored *stored = ore_tensor_file_add(file, &placed, member->name, bytes);
    ore_npy npy;
    if (!stored || read_header(part, member, stored->entry.name, &npy) != ORE_OK)
        return ore_error_status();
    placed = stored_of(&npy);
    stored->strided = placed.strided;
    memcpy(stored->strides, placed.strides, sizeof placed.strides);
    stored->entry.coding = npy.coding;
    stored->entry.shape = npy.shape;
    stored->entry.bytes = npy.bytes;
    ore_stored_in_member(stored, member, npy.data_at);
    return ORE_OK;
}

static ore_status read_npz(ore_tensor_file *file, ore_file_part *part) {
    ore_zip *zip = ore_alloc_zero(sizeof *zip);
    part->state = zip;
    if (!zip || ore_zip_open(zip, part->path, part->bytes, part->size) != ORE_OK)
        return ore_error_status();
    for (int64_t i = 0; i < zip->count && ore_no_error(); i++)
        add_member(file, part, &zip->members[i]);
    return ore_error_status();
}

static void close_npz(ore_file_part *part) {
    if (part->state)
        ore_zip_close(part->state);
    ore_release(part->state);
}

const ore_tensor_format ore_tensor_format_npz = {
    .name = "npz",
    .recognises = ore_zip_begins,
    .read = read_npz,
    .close = close_npz,
    .describe = describe_nothing,
};
