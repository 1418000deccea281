/* tensor_file_torch.c: PyTorch's checkpoints behind the door: an archive with a pickle,
 * data.pkl, and a file for each storage. Tensors are named by the keys that lead to them, joined
 * by dots. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "core/tensor.h"
#include "io/pickle.h"
#include "io/tensor_file.h"
#include "io/zip.h"

/* Bytes, but for the last four. A pickle describes tensors and holds none; its values may be
 * shared, and lead in cycles, so that walking over them has limits. */
enum {
    PATH_SHOWN_BYTES = 400,
    LARGEST_PICKLE = 64 << 20,
    NAME_BYTES = 4096,
    DEEPEST = 32,
    VISITS_PER_VALUE = 16,
    LEAST_VALUES = 64, /* so that a small cycle is told by its depth */
};

typedef struct torch_state {
    ore_zip zip;
    uint8_t *inflated;  /* the pickle, where it is deflated */
    const char *prefix; /* of the archive's names: "archive/" */
    size_t prefix_bytes;
    ore_pickle pickle;
} torch_state;

/* ---- recognising ---- */

static const char pickle_name[] = "data.pkl";
enum { PICKLE_NAME_BYTES = sizeof pickle_name - 1 };

/* The member "PREFIX/data.pkl". */
static const ore_zip_member *find_pickle(const ore_zip *zip) {
    for (int64_t i = 0; i < zip->count; i++) {
        const ore_zip_member *m = &zip->members[i];
        size_t before = m->name_bytes - PICKLE_NAME_BYTES;
        if (m->name_bytes > PICKLE_NAME_BYTES && m->name[before - 1] == '/' &&
            memcmp(m->name + before, pickle_name, PICKLE_NAME_BYTES) == 0)
            return m;
    }
    return NULL;
}

/* An archive whose first member is PREFIX/data.pkl, or lies beside one: other archives are NumPy's.
 */
static bool recognises(const uint8_t *bytes, size_t size) {
    ore_zip zip;
    if (!ore_zip_begins(bytes, size))
        return false;
    if (ore_zip_open(&zip, "", bytes, size) != ORE_OK) {
        ore_error_clear(); /* the reader of NumPy's archives says it again, with the path */
        return false;
    }
    bool found = find_pickle(&zip) != NULL;
    ore_zip_close(&zip);
    return found;
}

/* ---- tensors ---- */

typedef struct walk {
    ore_tensor_file *file;
    const ore_file_part *part;
    const torch_state *state;
    char name[NAME_BYTES];
    size_t name_bytes;
    int64_t visits_left;
} walk;

static ore_status fail(const walk *w, const char *problem) {
    return ore_fail(ORE_DATA, "%.*s: '%.*s': %s", PATH_SHOWN_BYTES, w->part->path,
                    ORE_TENSOR_NAME_SHOWN_BYTES, w->name, problem);
}

/* The member whose name is the archive's prefix, `folder` and a key; NULL where there is none. */
static const ore_zip_member *find_member(const torch_state *state, const char *folder,
                                         const char *key, size_t key_bytes) {
    char name[NAME_BYTES];
    size_t prefix = state->prefix_bytes, before = prefix + strlen(folder);
    if (before + key_bytes > sizeof name)
        return NULL;
    memcpy(name, state->prefix, prefix);
    memcpy(name + prefix, folder, before - prefix);
    memcpy(name + before, key, key_bytes);
    return ore_zip_find(&state->zip, name, before + key_bytes);
}

/* Whether elements follow each other row by row. */
static bool is_row_major(const ore_pickle_tensor *t) {
    int64_t step = 1;
    for (int d = t->shape.ndim - 1; d >= 0; d--) {
        if (t->shape.dim[d] != 1 && t->strides[d] != step)
            return false;
        step *= t->shape.dim[d];
    }
    return true;
}

/* The number of the last element that t has in its storage, from 0; -1 for an impossible one. */
static int64_t last_of(const ore_pickle_tensor *t) {
    int64_t last = t->offset;
    for (int d = 0; d < t->shape.ndim; d++) {
        int64_t reach;
        if (__builtin_mul_overflow(t->shape.dim[d] - 1, t->strides[d], &reach) ||
            __builtin_add_overflow(last, reach, &last))
            return -1;
    }
    return last;
}

static ore_status add_tensor(walk *w, const ore_pickle_tensor *t) {
    const ore_pickle_storage *storage = &w->state->pickle.storages[t->storage];
    const ore_zip_member *member = find_member(w->state, "data/", storage->key, storage->key_bytes);
    if (!member)
        return fail(w, "its storage is missing");
    size_t each = ore_coding_bytes(t->coding);
    int64_t n = ore_possible_numel(t->shape), last = n > 0 ? last_of(t) : 0;
    if ((size_t)storage->count > member->size / ore_coding_bytes(storage->coding))
        return fail(w, "its storage is cut short");
    if (last < 0 || (n > 0 && (size_t)last >= member->size / each))
        return fail(w, "its elements lie outside its storage");
    ore_stored stored = {
        .entry = {.coding = t->coding, .shape = t->shape, .bytes = (size_t)n * each},
        .strided = n > 0 && !is_row_major(t)};
    memcpy(stored.strides, t->strides, sizeof t->strides);
    ore_stored_in_member(&stored, member, n > 0 ? (size_t)t->offset * each : 0);
    const char *name = w->name_bytes > 0 ? w->name : "tensor"; /* a tensor alone has no key */
    ore_tensor_file_add(w->file, &stored, name, strlen(name));
    return ore_error_status();
}

/* ---- walking over values ---- */

/* Counts a container with its items, at this depth. */
static ore_status go_deeper(walk *w, int64_t items, int depth) {
    w->visits_left -= 1 + items;
    if (depth > DEEPEST)
        return fail(w, "containers in each other, more than 32 deep");
    if (w->visits_left < 0)
        return fail(w, "containers that are shared too often");
    return ORE_OK;
}

/* Appends a key to the name. */
static ore_status append_key(walk *w, const char *key, size_t bytes) {
    if (w->name_bytes + bytes + 2 > NAME_BYTES || memchr(key, '\0', bytes))
        return fail(w, "a key that is no name");
    if (w->name_bytes > 0)
        w->name[w->name_bytes++] = '.';
    memcpy(w->name + w->name_bytes, key, bytes);
    w->name_bytes += bytes;
    w->name[w->name_bytes] = '\0';
    return ORE_OK;
}

static ore_status add_value(walk *w, int64_t number, int depth);

/* Adds the tensors of item i of a list, or of a dict's i-th pair. */
static ore_status add_item(walk *w, const ore_pickle_value *container, int64_t i, int depth) {
    const ore_pickle *p = &w->state->pickle;
    char digits[ORE_PICKLE_DIGITS];
    size_t before = w->name_bytes, bytes;
    ore_pickle_value place = {.kind = ORE_PICKLE_INT, .integer = i};
    bool pairs = container->kind == ORE_PICKLE_DICT;
    const ore_pickle_value *key = pairs ? &p->values[container->items[2 * i]] : &place;
    const char *text = ore_pickle_key_text(key, digits, &bytes);
    if (text && append_key(w, text, bytes) == ORE_OK)
        add_value(w, container->items[pairs ? 2 * i + 1 : i], depth);
    w->name_bytes = before;
    w->name[before] = '\0';
    return ore_error_status();
}

static ore_status add_value(walk *w, int64_t number, int depth) {
    const ore_pickle *p = &w->state->pickle;
    const ore_pickle_value *value = &p->values[number];
    if (value->kind == ORE_PICKLE_TENSOR)
        return add_tensor(w, &p->tensors[value->integer]);
    if (value->kind != ORE_PICKLE_LIST && value->kind != ORE_PICKLE_DICT)
        return ORE_OK;
    if (go_deeper(w, value->count, depth) != ORE_OK)
        return ore_error_status();
    int64_t count = value->kind == ORE_PICKLE_DICT ? value->count / 2 : value->count;
    for (int64_t i = 0; i < count && ore_no_error(); i++)
        add_item(w, value, i, depth + 1);
    return ore_error_status();
}

/* ---- the file ---- */

static ore_status check_byte_order(const ore_file_part *part, const torch_state *state) {
    static const char name[] = "byteorder", little[] = "little";
    char order[sizeof little - 1];
    const ore_zip_member *member = find_member(state, "", name, sizeof name - 1);
    if (!member)
        return ORE_OK; /* of an older version */
    if (member->size == sizeof order &&
        ore_zip_unpack(part->path, member, 0, order, sizeof order) == ORE_OK &&
        memcmp(order, little, sizeof order) == 0)
        return ORE_OK;
    return ore_fail(ORE_UNSUPPORTED, "%.*s: its byte order is not 'little'", PATH_SHOWN_BYTES,
                    part->path);
}

static ore_status read_pickle(const ore_file_part *part, torch_state *state,
                              const ore_zip_member *member) {
    const uint8_t *bytes = member->packed;
    if (member->size > LARGEST_PICKLE)
        return ore_fail(ORE_UNSUPPORTED, "%.*s: data.pkl of %zu bytes, expected at most %d",
                        PATH_SHOWN_BYTES, part->path, member->size, LARGEST_PICKLE);
    if (member->deflated) {
        bytes = state->inflated = ore_alloc(member->size);
        if (!state->inflated ||
            ore_zip_unpack(part->path, member, 0, state->inflated, member->size) != ORE_OK)
            return ore_error_status();
    }
    return ore_pickle_read(&state->pickle, part->path, bytes, member->size);
}

static ore_status read_file(ore_tensor_file *file, ore_file_part *part) {
    torch_state *state = ore_alloc_zero(sizeof *state);
    part->state = state;
    if (!state || ore_zip_open(&state->zip, part->path, part->bytes, part->size) != ORE_OK)
        return ore_error_status();
    const ore_zip_member *member = find_pickle(&state->zip);
    state->prefix = member->name;
    state->prefix_bytes = member->name_bytes - PICKLE_NAME_BYTES;
    if (check_byte_order(part, state) != ORE_OK || read_pickle(part, state, member) != ORE_OK)
        return ore_error_status();
    walk *w = ore_alloc_zero(sizeof *w);
    if (!w)
        return ore_error_status();
    w->file = file;
    w->part = part;
    w->state = state;
    w->visits_left = VISITS_PER_VALUE * (state->pickle.value_count + LEAST_VALUES);
    add_value(w, state->pickle.root, 0);
    ore_release(w);
    return ore_error_status();
}

static void close_file(ore_file_part *part) {
    torch_state *state = part->state;
    if (!state)
        return;
    ore_pickle_free(&state->pickle);
    ore_zip_close(&state->zip);
    ore_release(state->inflated);
    ore_release(state);
}

static ore_status describe(const ore_file_part *part, ore_json *metadata, bool tokens) {
    (void)tokens;
    const torch_state *state = part->state;
    return ore_pickle_describe(&state->pickle, metadata);
}

const ore_tensor_format ore_tensor_format_torch = {
    .name = "PyTorch",
    .recognises = recognises,
    .read = read_file,
    .close = close_file,
    .describe = describe,
};
