/* shard_writer.c: shards that grow, are completed and get their names. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/minmax.h"
#include "base/system.h"
#include "data/shard_writer.h"

void ore_shard_name(const char *part, int64_t number, char name[ORE_SHARD_NAME_BYTES]) {
    snprintf(name, ORE_SHARD_NAME_BYTES, "%.32s-%05lld.tokens", part, (long long)number);
}

/* FOLDER/train-00012 and an ending. */
static char *path_of(const ore_shard_writer *w, int64_t number, const char *ending) {
    char name[ORE_SHARD_NAME_BYTES];
    snprintf(name, sizeof name, "%.32s-%05lld%s", w->part, (long long)number, ending);
    return ore_path_join(w->folder, name);
}

static ore_status write_at(int descriptor, const char *path, const void *data, size_t bytes,
                           int64_t offset) {
    const char *next = data;
    while (bytes > 0) {
        ssize_t written = pwrite(descriptor, next, bytes, (off_t)offset);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return ore_fail_errno(path, "cannot write");
        next += written;
        bytes -= (size_t)written;
        offset += written;
    }
    return ORE_OK;
}

static ore_status read_at(int descriptor, const char *path, void *data, size_t bytes,
                          int64_t offset) {
    char *next = data;
    while (bytes > 0) {
        ssize_t got = pread(descriptor, next, bytes, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return ore_fail_errno(path, "cannot read");
        if (got == 0)
            return ore_fail(ORE_DATA, "%.*s: cut short since it was begun", ORE_PATH_SHOWN_BYTES,
                            path);
        next += got;
        bytes -= (size_t)got;
        offset += got;
    }
    return ORE_OK;
}

static int64_t ids_end(const ore_shard_writer *w) {
    return ORE_TOKEN_HEADER_BYTES + w->progress.now_tokens * w->id_bytes;
}

/* ---- the growing shard ---- */

static ore_status begin_shard(ore_shard_writer *w, bool fresh) {
    char *path = path_of(w, w->progress.shards, ".part");
    if (path)
        w->descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | (fresh ? O_TRUNC : 0), 0666);
    if (path && w->descriptor < 0)
        ore_fail_errno(path, "cannot write");
    ore_release(path);
    if (w->descriptor >= 0)
        ore_digest_begin(&w->digest);
    return ore_error_status();
}

static ore_status flush(ore_shard_writer *w) {
    if (w->buffered == 0)
        return ore_error_status();
    char *path = path_of(w, w->progress.shards, ".part");
    if (path)
        write_at(w->descriptor, path, w->buffer, w->buffered, ids_end(w) - (int64_t)w->buffered);
    ore_release(path);
    w->buffered = 0;
    return ore_error_status();
}

static ore_status put_ids(ore_shard_writer *w, const void *ids, int64_t count) {
    const uint8_t *at = ids;
    size_t left = (size_t)count * (size_t)w->id_bytes;
    ore_digest_put(&w->digest, ids, left);
    while (left > 0 && ore_ok()) {
        size_t n =
            (size_t)ore_min_int((int64_t)left, ORE_SHARD_BUFFER_BYTES - (int64_t)w->buffered);
        memcpy(w->buffer + w->buffered, at, n);
        w->buffered += n;
        w->progress.now_tokens += (int64_t)n / w->id_bytes; /* the buffer holds whole ids */
        at += n;
        left -= n;
        if (w->buffered == ORE_SHARD_BUFFER_BYTES)
            flush(w);
    }
    return ore_error_status();
}

/* Index and header; the file keeps its name. */
static ore_status seal(ore_shard_writer *w) {
    uint8_t header[ORE_TOKEN_HEADER_BYTES];
    const uint8_t zeros[8] = {0};
    ore_shard_progress *p = &w->progress;
    size_t index_bytes = (size_t)p->now_documents * sizeof *w->ends;
    ore_digest ids = ore_digest_end(&w->digest), index = ore_digest_of(w->ends, index_bytes);
    int64_t end = ids_end(w),
            at = ORE_TOKEN_HEADER_BYTES + ore_token_padded_bytes(p->now_tokens, w->id_bytes);
    char *path = path_of(w, p->shards, ".part");
    w->source.text_bytes = p->now_bytes;
    ore_token_header(&w->source, p->now_tokens, ids, p->now_documents, header);
    if (path && flush(w) == ORE_OK &&
        write_at(w->descriptor, path, zeros, (size_t)(at - end), end) == ORE_OK &&
        write_at(w->descriptor, path, w->ends, index_bytes, at) == ORE_OK &&
        write_at(w->descriptor, path, &index.low, 8, at + (int64_t)index_bytes) == ORE_OK &&
        write_at(w->descriptor, path, &index.high, 8, at + (int64_t)index_bytes + 8) == ORE_OK &&
        write_at(w->descriptor, path, header, sizeof header, 0) == ORE_OK &&
        ore_system_sync(w->descriptor) != 0)
        ore_fail_errno(path, "cannot sync to disk");
    ore_release(path);
    close(w->descriptor);
    w->descriptor = -1;
    w->ends_kept = 0;
    p->shards++;
    p->now_tokens = p->now_documents = p->now_bytes = 0;
    return ore_error_status();
}

ore_status ore_shard_writer_put(ore_shard_writer *w, const void *ids, int64_t count) {
    if (!ore_ok() || (w->descriptor < 0 && begin_shard(w, true) != ORE_OK))
        return ore_error_status();
    w->progress.tokens += count;
    return put_ids(w, ids, count);
}

ore_status ore_shard_writer_end(ore_shard_writer *w, int64_t bytes) {
    ore_shard_progress *p = &w->progress;
    void *ends = w->ends;
    if (!ore_ok() || (w->descriptor < 0 && begin_shard(w, true) != ORE_OK))
        return ore_error_status();
    if (ore_grow(&ends, &w->ends_capacity, p->now_documents + 1, sizeof *w->ends) != ORE_OK)
        return ore_error_status();
    w->ends = ends;
    w->ends[p->now_documents++] = p->now_tokens;
    p->now_bytes += bytes;
    p->bytes += bytes;
    p->documents++;
    bool full = p->now_tokens >= w->shard_tokens || p->now_documents == ORE_SHARD_DOCUMENTS_MAX;
    return full ? seal(w) : ORE_OK;
}

ore_status ore_shard_writer_finish(ore_shard_writer *w) {
    return ore_ok() && w->descriptor >= 0 ? seal(w) : ore_error_status();
}

/* ---- settling ---- */

/* The ends that the index's file lacks. */
static ore_status keep_ends(ore_shard_writer *w) {
    char *path = path_of(w, w->progress.shards, ".ends");
    int descriptor = path ? open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666) : -1;
    int64_t count = w->progress.now_documents - w->ends_kept;
    if (path && descriptor < 0)
        ore_fail_errno(path, "cannot write");
    if (descriptor >= 0 &&
        write_at(descriptor, path, w->ends + w->ends_kept, (size_t)count * sizeof *w->ends,
                 w->ends_kept * (int64_t)sizeof *w->ends) == ORE_OK &&
        ore_system_sync(descriptor) != 0)
        ore_fail_errno(path, "cannot sync to disk");
    if (descriptor >= 0)
        close(descriptor);
    ore_release(path);
    if (ore_ok())
        w->ends_kept = w->progress.now_documents;
    return ore_error_status();
}

ore_status ore_shard_writer_sync(ore_shard_writer *w) {
    if (!ore_ok() || w->descriptor < 0)
        return ore_error_status();
    if (flush(w) == ORE_OK && ore_system_sync(w->descriptor) != 0)
        ore_fail_errno(w->folder, "cannot sync to disk");
    return ore_ok() ? keep_ends(w) : ore_error_status();
}

ore_status ore_shard_writer_settle(ore_shard_writer *w) {
    for (; w->settled < w->progress.shards && ore_ok(); w->settled++) {
        char *part = path_of(w, w->settled, ".part"), *whole = path_of(w, w->settled, ".tokens");
        char *ends = path_of(w, w->settled, ".ends");
        if (ore_ok() && ore_path_kind_of(part) != ORE_PATH_MISSING && rename(part, whole) != 0)
            ore_fail_errno(whole, "cannot replace");
        if (ore_ok() && ore_path_kind_of(whole) == ORE_PATH_MISSING)
            ore_fail(ORE_DATA, "%.*s: missing, though it was completed", ORE_PATH_SHOWN_BYTES,
                     whole);
        if (ends)
            ore_tree_remove(ends);
        ore_release(ends);
        ore_release(whole);
        ore_release(part);
    }
    return ore_ok() ? ore_path_sync(w->folder) : ore_error_status();
}

/* ---- opening ---- */

/* The digest of the ids that are there, and the ends of their documents. */
static ore_status read_back(ore_shard_writer *w, const char *path, const char *ends_path) {
    const ore_shard_progress *p = &w->progress;
    void *ends = w->ends;
    if (ftruncate(w->descriptor, (off_t)ids_end(w)) != 0)
        return ore_fail_errno(path, "cannot truncate");
    for (int64_t at = ORE_TOKEN_HEADER_BYTES; at < ids_end(w) && ore_ok();) {
        size_t n = (size_t)ore_min_int(ids_end(w) - at, ORE_SHARD_BUFFER_BYTES);
        read_at(w->descriptor, path, w->buffer, n, at);
        ore_digest_put(&w->digest, w->buffer, n);
        at += (int64_t)n;
    }
    if (!ore_ok() || ore_grow(&ends, &w->ends_capacity, p->now_documents, sizeof *w->ends))
        return ore_error_status();
    w->ends = ends;
    int descriptor = open(ends_path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return ore_fail_errno(ends_path, "cannot open");
    read_at(descriptor, ends_path, w->ends, (size_t)p->now_documents * sizeof *w->ends, 0);
    close(descriptor);
    w->ends_kept = p->now_documents;
    if (ore_ok() && w->ends[p->now_documents - 1] != p->now_tokens)
        return ore_fail(ORE_DATA, "%.*s: its last document ends at %lld, expected %lld",
                        ORE_PATH_SHOWN_BYTES, ends_path, (long long)w->ends[p->now_documents - 1],
                        (long long)p->now_tokens);
    return ore_error_status();
}

/* A file that is shorter than what was settled would be filled with zeros by being cut. */
static ore_status check_length(const ore_shard_writer *w, const char *path) {
    struct stat now;
    if (fstat(w->descriptor, &now) != 0)
        return ore_fail_errno(path, "cannot read");
    if (now.st_size >= ids_end(w))
        return ORE_OK;
    return ore_fail(ORE_DATA, "%.*s: %lld bytes, expected at least %lld", ORE_PATH_SHOWN_BYTES,
                    path, (long long)now.st_size, (long long)ids_end(w));
}

ore_status ore_shard_writer_open(ore_shard_writer *w, const char *folder, const char *part,
                                 const ore_token_source *source, int64_t shard_tokens,
                                 const ore_shard_progress *progress) {
    *w = (ore_shard_writer){.folder = folder,
                            .part = part,
                            .source = *source,
                            .id_bytes = ore_token_id_bytes(source->vocabulary),
                            .shard_tokens = shard_tokens,
                            .progress = *progress,
                            .descriptor = -1};
    w->buffer = ore_alloc(ORE_SHARD_BUFFER_BYTES);
    if (w->buffer && ore_shard_writer_settle(w) == ORE_OK && progress->now_documents > 0) {
        char *path = path_of(w, progress->shards, ".part");
        char *ends = path_of(w, progress->shards, ".ends");
        if (ore_ok() && begin_shard(w, false) == ORE_OK && check_length(w, path) == ORE_OK)
            read_back(w, path, ends);
        ore_release(ends);
        ore_release(path);
    }
    return ore_error_status();
}

void ore_shard_writer_close(ore_shard_writer *w) {
    if (w->descriptor >= 0)
        close(w->descriptor);
    ore_digest_end(&w->digest);
    ore_release(w->buffer);
    ore_release(w->ends);
    *w = (ore_shard_writer){.descriptor = -1};
}
