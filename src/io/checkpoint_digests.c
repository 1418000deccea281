/* checkpoint_digests.c: digests.json, which has the size of each file of a checkpoint and the
 * digest of each chunk of it, so that damage is found, and located, before a file is used. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/files.h"
#include "base/memory.h"
#include "io/checkpoint_digests.h"

/* Files of a checkpoint: a run writes half a dozen. Bytes of a path that a message shows, so that
 * the rest of the message fits the error buffer. */
enum { FILES_MAX = 64, PATH_SHOWN_BYTES = 600 };
/* Bytes of a chunk: small beside memory, and large enough that the cost of a call to read does not
 * show. A reader that maps a file can check one chunk at a time. */
static const int64_t CHUNK_BYTES = 16 << 20;
static const char *const list_name = "digests.json";

/* Reads up to `bytes` bytes, fewer only at the end of the file. Returns how many, or -1 with an
 * error. */
static int64_t read_chunk(int descriptor, const char *path, uint8_t *chunk, int64_t bytes) {
    int64_t filled = 0;
    while (filled < bytes) {
        ssize_t got = read(descriptor, chunk + filled, (size_t)(bytes - filled));
        if (got == 0)
            break;
        if (got < 0 && errno != EINTR) {
            ore_fail_errno(path, "cannot read");
            return -1;
        }
        filled += got > 0 ? got : 0;
    }
    return filled;
}

/* Receives the digest of one chunk of a file, counted from 0. */
typedef ore_status (*chunk_visitor)(void *user, int64_t chunk, ore_digest digest);

/* Calls visit for each chunk of a file in order; *bytes becomes the file's size. */
static ore_status each_chunk(const char *path, int64_t chunk_bytes, chunk_visitor visit, void *user,
                             int64_t *bytes) {
    struct stat information;
    *bytes = 0;
    int descriptor = ore_open_to_read(path, &information);
    if (descriptor < 0)
        return ore_error_status();
    int64_t max = information.st_size < chunk_bytes ? information.st_size + 1 : chunk_bytes;
    uint8_t *chunk = ore_alloc((size_t)max);
    for (int64_t i = 0; chunk && ore_ok(); i++) {
        int64_t got = read_chunk(descriptor, path, chunk, max);
        if (got > 0 && visit(user, i, ore_digest_of(chunk, (size_t)got)) == ORE_OK)
            *bytes += got;
        if (got < max)
            break;
    }
    ore_release(chunk);
    close(descriptor);
    return ore_error_status();
}

/* ---- writing ---- */

static ore_status add_chunk(void *digests, int64_t chunk, ore_digest digest) {
    char text[ORE_DIGEST_TEXT_BYTES];
    (void)chunk;
    ore_digest_text(digest, text);
    return ore_json_add_string(digests, text);
}

typedef struct name_list {
    char *names[FILES_MAX];
    int count;
} name_list;

static ore_status add_name(void *user, const char *folder, const char *name) {
    name_list *list = user;
    if (list->count == FILES_MAX)
        return ore_fail(ORE_INVALID, "%.*s: more than %d files in a checkpoint", PATH_SHOWN_BYTES,
                        folder, FILES_MAX);
    list->names[list->count] = ore_copy_text(name);
    return list->names[list->count++] ? ORE_OK : ORE_MEMORY;
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void add_file(ore_json *files, const char *folder, const char *name) {
    ore_json *file = ore_json_set_object(files, name);
    ore_json *digests = file ? ore_json_set_array(file, "digests") : NULL;
    char *path = ore_path_join(folder, name);
    int64_t bytes;
    if (digests && path && each_chunk(path, CHUNK_BYTES, add_chunk, digests, &bytes) == ORE_OK)
        ore_json_set_int(file, "bytes", bytes);
    ore_release(path);
}

ore_status ore_checkpoint_digests_write(const char *folder) {
    name_list list = {.count = 0};
    ore_json *json = ore_json_object_new();
    ore_json_set_int(json, "chunk_bytes", CHUNK_BYTES);
    ore_json *files = ore_json_set_object(json, "files");
    if (files && ore_folder_visit(folder, add_name, &list) == ORE_OK) {
        qsort(list.names, (size_t)list.count, sizeof *list.names, by_name);
        for (int i = 0; i < list.count && ore_ok(); i++)
            add_file(files, folder, list.names[i]);
    }
    char *path = ore_ok() ? ore_path_join(folder, list_name) : NULL;
    if (path)
        ore_json_write(json, path);
    ore_release(path);
    for (int i = 0; i < list.count; i++)
        ore_release(list.names[i]);
    ore_json_free(json);
    return ore_error_status();
}

/* ---- what is listed ---- */

static ore_status read_digests(ore_chunk_digests *c, ore_json *listed, const char *list_path) {
    for (int64_t i = 0; i < c->count && ore_ok(); i++) {
        const char *text = ore_json_at_string(listed, i);
        if (text && !ore_digest_from_text(text, &c->digests[i]))
            ore_fail(ORE_DATA, "%.*s: '%.60s', expected xxh3-128: and 32 hexadecimal digits",
                     PATH_SHOWN_BYTES, list_path, text);
    }
    return ore_error_status();
}

static ore_status read_listed(ore_chunk_digests *c, ore_json *list, const char *name,
                              const char *list_path) {
    ore_json_get_int(list, "chunk_bytes", &c->chunk_bytes);
    ore_json *files = ore_json_get_object(list, "files");
    ore_json *file = files ? ore_json_get_object(files, name) : NULL;
    ore_json *listed = file ? ore_json_get_array(file, "digests") : NULL;
    if (file)
        ore_json_get_int(file, "bytes", &c->bytes);
    if (!ore_ok())
        return ore_error_status();
    if (c->chunk_bytes < 1 || c->chunk_bytes > CHUNK_BYTES)
        return ore_fail(ORE_DATA, "%.*s: chunks of %lld bytes, expected 1 to %lld",
                        PATH_SHOWN_BYTES, list_path, (long long)c->chunk_bytes,
                        (long long)CHUNK_BYTES);
    c->count = ore_json_count(listed);
    if (c->bytes < 0 || c->count != c->bytes / c->chunk_bytes + (c->bytes % c->chunk_bytes > 0))
        return ore_fail(ORE_DATA,
                        "%.*s: %.100s: %lld digests of %lld bytes, expected one for each "
                        "%lld bytes",
                        PATH_SHOWN_BYTES, list_path, name, (long long)c->count, (long long)c->bytes,
                        (long long)c->chunk_bytes);
    c->digests = ore_alloc_zero((size_t)(c->count + 1) * sizeof *c->digests);
    c->checked = ore_alloc_zero((size_t)(c->count + 1) * sizeof *c->checked);
    return c->digests && c->checked ? read_digests(c, listed, list_path) : ore_error_status();
}

/* The digests.json at `path`; NULL without an error where there is no such file. */
static ore_json *load_list(const char *path) {
    ore_path_kind kind = path ? ore_path_kind_of(path) : ORE_PATH_UNKNOWN;
    return kind != ORE_PATH_MISSING && ore_ok() ? ore_json_load(path) : NULL;
}

bool ore_chunk_digests_listed(const char *folder, const char *name) {
    char *path = ore_ok() ? ore_path_join(folder, list_name) : NULL;
    ore_json *list = load_list(path);
    bool is_list = ore_json_kind_of(list, "files") == ORE_JSON_OBJECT;
    ore_json *files = is_list ? ore_json_get_object(list, "files") : NULL;
    bool listed = ore_json_kind_of(files, name) != ORE_JSON_MISSING;
    ore_json_free(list);
    ore_release(path);
    return listed;
}

ore_chunk_digests *ore_chunk_digests_read(const char *folder, const char *name) {
    char *path = ore_ok() ? ore_path_join(folder, list_name) : NULL;
    ore_json *list = load_list(path);
    ore_chunk_digests *c = list ? ore_alloc_zero(sizeof *c) : NULL;
    if (c && read_listed(c, list, name, path) != ORE_OK) {
        ore_chunk_digests_free(c);
        c = NULL;
    }
    ore_json_free(list);
    ore_release(path);
    return c;
}

void ore_chunk_digests_free(ore_chunk_digests *digests) {
    if (!digests)
        return;
    ore_release(digests->checked);
    ore_release(digests->digests);
    ore_release(digests);
}

/* ---- checking ---- */

ore_status ore_chunk_digests_check_size(const ore_chunk_digests *digests, const char *path,
                                        int64_t bytes) {
    if (bytes == digests->bytes)
        return ORE_OK;
    return ore_fail(ORE_DATA,
                    "%.*s: damaged: %lld byte%s, expected %lld as %s beside it lists them",
                    PATH_SHOWN_BYTES, path, (long long)bytes, ore_plural(bytes),
                    (long long)digests->bytes, list_name);
}

static ore_status fail_chunk(const ore_chunk_digests *digests, const char *path, int64_t chunk) {
    int64_t first = chunk * digests->chunk_bytes, end = first + digests->chunk_bytes;
    return ore_fail(ORE_DATA,
                    "%.*s: damaged: bytes %lld to %lld are not what was saved: their digest is not "
                    "the one in %s beside it",
                    PATH_SHOWN_BYTES, path, (long long)first,
                    (long long)(end < digests->bytes ? end : digests->bytes) - 1, list_name);
}

/* The first chunk that overlaps file[from .. from + bytes - 1] and is not what was saved; -1 where
 * all are. */
static int64_t damaged_chunk(ore_chunk_digests *digests, const uint8_t *file, int64_t from,
                             int64_t bytes) {
    int64_t size = digests->chunk_bytes;
    for (int64_t i = from / size; bytes > 0 && i <= (from + bytes - 1) / size; i++) {
        int64_t left = digests->bytes - i * size;
        if (atomic_load(&digests->checked[i]))
            continue;
        ore_digest now = ore_digest_of(file + i * size, (size_t)(left < size ? left : size));
        if (!ore_digest_equal(now, digests->digests[i]))
            return i;
        atomic_store(&digests->checked[i], true);
    }
    return -1;
}

ore_status ore_chunk_digests_check(ore_chunk_digests *digests, const ore_mapping *mapping,
                                   const char *path, int64_t from, size_t bytes) {
    int64_t damaged = digests ? damaged_chunk(digests, mapping->bytes, from, (int64_t)bytes) : -1;
    if (damaged < 0 || ore_mapping_check(mapping, path, NULL) != ORE_OK)
        return ore_error_status();
    return fail_chunk(digests, path, damaged);
}

typedef struct comparison {
    const char *path;
    const ore_chunk_digests *digests;
} comparison;

static ore_status compare_chunk(void *user, int64_t chunk, ore_digest digest) {
    const comparison *c = user;
    if (chunk >= c->digests->count || ore_digest_equal(c->digests->digests[chunk], digest))
        return ORE_OK; /* the file is longer than listed: the check of its size says so */
    return fail_chunk(c->digests, c->path, chunk);
}

ore_status ore_checkpoint_verify(const char *folder, const char *name) {
    int64_t bytes;
    ore_chunk_digests *digests = ore_chunk_digests_read(folder, name);
    char *path = digests ? ore_path_join(folder, name) : NULL;
    comparison c = {path, digests};
    if (path && each_chunk(path, digests->chunk_bytes, compare_chunk, &c, &bytes) == ORE_OK)
        ore_chunk_digests_check_size(digests, path, bytes);
    ore_release(path);
    ore_chunk_digests_free(digests);
    return ore_error_status();
}
