/* token_file.c: writing and reading token files, which hold the ids of a text or of documents. */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "data/token_file.h"

static const char magic[8] = {'O', 'R', 'E', 'T', 'O', 'K', 'E', 'N'};

/* Offsets in the header, in bytes. */
enum {
    VERSION_AT = 8,
    ID_BYTES_AT = 12,
    COUNT_AT = 16,
    VOCABULARY_AT = 24,
    SEPARATOR_AT = 32,
    TOKENIZER_AT = 40,
    TEXT_AT = 56,
    TEXT_BYTES_AT = 72,
    READING_AT = 80,
    IDS_DIGEST_AT = 88,
    HEADER_DIGEST_AT = 104,
    DOCUMENTS_AT = 120,
};

enum { PIECE = 1 << 13 }; /* ids packed or checked at a time: 32 KiB, which an L1 cache holds */

/* ---- ids ---- */

int ore_token_id_bytes(int64_t vocabulary) {
    return vocabulary <= UINT16_MAX + 1 ? 2 : 4;
}

void ore_token_pack(const int64_t *ids, int64_t count, int id_bytes, void *packed) {
    uint16_t *narrow = packed;
    uint32_t *wide = packed;
    if (id_bytes == 2)
        for (int64_t i = 0; i < count; i++)
            narrow[i] = (uint16_t)ids[i];
    else
        for (int64_t i = 0; i < count; i++)
            wide[i] = (uint32_t)ids[i];
}

void ore_token_unpack(const void *packed, int64_t count, int id_bytes, int64_t *ids) {
    const uint16_t *narrow = packed;
    const uint32_t *wide = packed;
    if (id_bytes == 2)
        for (int64_t i = 0; i < count; i++)
            ids[i] = narrow[i];
    else
        for (int64_t i = 0; i < count; i++)
            ids[i] = wide[i];
}

/* ---- the header ---- */

static void put(uint8_t *header, int at, const void *value, size_t bytes) {
    memcpy(header + at, value, bytes); /* the machine is little-endian */
}

static void put_digest(uint8_t *header, int at, ore_digest digest) {
    put(header, at, &digest.low, 8);
    put(header, at + 8, &digest.high, 8);
}

static int64_t get_64(const uint8_t *header, int at) {
    int64_t value;
    memcpy(&value, header + at, sizeof value);
    return value;
}

static uint32_t get_32(const uint8_t *header, int at) {
    uint32_t value;
    memcpy(&value, header + at, sizeof value);
    return value;
}

static ore_digest get_digest(const uint8_t *header, int at) {
    return (ore_digest){.low = (uint64_t)get_64(header, at),
                        .high = (uint64_t)get_64(header, at + 8)};
}

int64_t ore_token_padded_bytes(int64_t count, int id_bytes) {
    enum { END = 8 }; /* bytes of a number of the index */
    return (count * id_bytes + END - 1) / END * END;
}

void ore_token_header(const ore_token_source *s, int64_t count, ore_digest ids, int64_t documents,
                      uint8_t header[ORE_TOKEN_HEADER_BYTES]) {
    uint32_t version = documents < 0 ? ORE_TOKEN_VERSION : ORE_SHARD_VERSION;
    uint32_t id_bytes = (uint32_t)ore_token_id_bytes(s->vocabulary);
    memset(header, 0, ORE_TOKEN_HEADER_BYTES);
    put(header, 0, magic, sizeof magic);
    put(header, VERSION_AT, &version, 4);
    put(header, ID_BYTES_AT, &id_bytes, 4);
    put(header, COUNT_AT, &count, 8);
    put(header, VOCABULARY_AT, &s->vocabulary, 8);
    put(header, SEPARATOR_AT, &s->separator, 8);
    put_digest(header, TOKENIZER_AT, s->tokenizer);
    put_digest(header, TEXT_AT, s->text);
    put(header, TEXT_BYTES_AT, &s->text_bytes, 8);
    put(header, READING_AT, &s->reading, 4);
    put_digest(header, IDS_DIGEST_AT, ids);
    put_digest(header, HEADER_DIGEST_AT, ore_digest_of(header, HEADER_DIGEST_AT));
    if (documents >= 0)
        put(header, DOCUMENTS_AT, &documents, 8);
}

/* ---- writing ---- */

ore_status ore_token_writer_open(ore_token_writer *w, const char *path,
                                 const ore_token_source *source) {
    static const uint8_t nothing[ORE_TOKEN_HEADER_BYTES];
    *w = (ore_token_writer){.source = *source, .id_bytes = ore_token_id_bytes(source->vocabulary)};
    if (ore_file_writer_open(&w->file, path) != ORE_OK)
        return ore_error_status();
    if (ore_digest_begin(&w->digest) == ORE_OK) /* zeros until the header is written */
        ore_file_writer_put(&w->file, nothing, sizeof nothing);
    return ore_error_status();
}

ore_status ore_token_writer_put(ore_token_writer *w, const int64_t *ids, int64_t count) {
    uint32_t packed[PIECE];
    for (int64_t done = 0; done < count && ore_no_error(); done += PIECE) {
        int64_t n = count - done < PIECE ? count - done : PIECE;
        size_t bytes = (size_t)n * (size_t)w->id_bytes;
        ore_token_pack(ids + done, n, w->id_bytes, packed);
        ore_digest_put(&w->digest, packed, bytes);
        ore_file_writer_put(&w->file, packed, bytes);
        w->count += n;
    }
    return ore_error_status();
}

ore_status ore_token_writer_commit(ore_token_writer *w) {
    uint8_t header[ORE_TOKEN_HEADER_BYTES];
    ore_token_header(&w->source, w->count, ore_digest_end(&w->digest), -1, header);
    ore_file_writer_put_at(&w->file, header, sizeof header, 0);
    return ore_file_writer_commit(&w->file);
}

void ore_token_writer_abort(ore_token_writer *w) {
    ore_digest_end(&w->digest);
    ore_file_writer_abort(&w->file);
}

/* ---- reading ---- */

static ore_status fail_header(const char *name, const char *what, int64_t came, int64_t expected) {
    return ore_fail(ORE_DATA, "%.*s: token file: %s %lld, expected %lld", ORE_PATH_SHOWN_BYTES,
                    name, what, (long long)came, (long long)expected);
}

/* Whether ids and index take the bytes that follow the header, and no others. */
static ore_status check_size(const ore_token_file *f, const char *name, int64_t bytes) {
    enum { END_BYTES = sizeof(int64_t), INDEX_DIGEST_BYTES = 16 };
    bool index = f->documents >= 0;
    int64_t room = bytes / f->id_bytes, left = bytes;
    if (f->count >= 0 && f->count <= room)
        left -= index ? ore_token_padded_bytes(f->count, f->id_bytes) : f->count * f->id_bytes;
    if (f->count < 0 || f->count > room || left < 0 || (!index && left != 0))
        return ore_fail(ORE_DATA,
                        "%.*s: token file: %lld bytes after the header, expected %lld ids "
                        "of %d bytes%s",
                        ORE_PATH_SHOWN_BYTES, name, (long long)bytes, (long long)f->count,
                        f->id_bytes, index ? " and an index" : "");
    left -= INDEX_DIGEST_BYTES;
    if (index && (left < 0 || left % END_BYTES != 0 || left / END_BYTES != f->documents))
        return ore_fail(ORE_DATA,
                        "%.*s: token file: %lld bytes after the ids, expected an index of %lld "
                        "document%s",
                        ORE_PATH_SHOWN_BYTES, name, (long long)left + INDEX_DIGEST_BYTES,
                        (long long)f->documents, ore_plural(f->documents));
    return ORE_OK;
}

static ore_status read_header(ore_token_file *f, const char *name, const uint8_t *header,
                              size_t size) {
    ore_token_source *s = &f->source;
    if (size < sizeof magic || memcmp(header, magic, sizeof magic) != 0)
        return ore_fail(ORE_DATA, "%.*s: no token file: it does not start with %.8s",
                        ORE_PATH_SHOWN_BYTES, name, magic);
    if (size < ORE_TOKEN_HEADER_BYTES)
        return fail_header(name, "bytes", (int64_t)size, ORE_TOKEN_HEADER_BYTES);
    uint32_t version = get_32(header, VERSION_AT);
    if (version != ORE_TOKEN_VERSION && version != ORE_SHARD_VERSION)
        return ore_fail(ORE_DATA, "%.*s: token file: version %u, expected %d or %d",
                        ORE_PATH_SHOWN_BYTES, name, version, ORE_TOKEN_VERSION, ORE_SHARD_VERSION);
    if (!ore_digest_equal(ore_digest_of(header, HEADER_DIGEST_AT),
                          get_digest(header, HEADER_DIGEST_AT)))
        return ore_fail(ORE_DATA, "%.*s: token file: the header is damaged", ORE_PATH_SHOWN_BYTES,
                        name);
    *s = (ore_token_source){.vocabulary = get_64(header, VOCABULARY_AT),
                            .separator = get_64(header, SEPARATOR_AT),
                            .tokenizer = get_digest(header, TOKENIZER_AT),
                            .text = get_digest(header, TEXT_AT),
                            .text_bytes = get_64(header, TEXT_BYTES_AT),
                            .reading = get_32(header, READING_AT)};
    f->count = get_64(header, COUNT_AT);
    f->id_bytes = (int)get_32(header, ID_BYTES_AT);
    if (s->vocabulary < 1 || s->vocabulary > ORE_TOKEN_VOCABULARY_MAX)
        return fail_header(name, "a vocabulary of", s->vocabulary, ORE_TOKEN_VOCABULARY_MAX);
    if (f->id_bytes != ore_token_id_bytes(s->vocabulary))
        return fail_header(name, "bytes of an id", f->id_bytes, ore_token_id_bytes(s->vocabulary));
    if (s->separator < -1 || s->separator >= s->vocabulary)
        return fail_header(name, "separator", s->separator, -1);
    f->documents = version == ORE_SHARD_VERSION ? get_64(header, DOCUMENTS_AT) : -1;
    return version == ORE_SHARD_VERSION && f->documents < 0
               ? fail_header(name, "documents", f->documents, 0)
               : check_size(f, name, (int64_t)size - ORE_TOKEN_HEADER_BYTES);
}

static uint32_t largest_of(const void *ids, int64_t count, int id_bytes) {
    const uint16_t *narrow = ids;
    const uint32_t *wide = ids;
    uint32_t largest = 0;
    for (int64_t i = 0; i < count; i++) {
        uint32_t id = id_bytes == 2 ? narrow[i] : wide[i];
        largest = id > largest ? id : largest;
    }
    return largest;
}

/* Checks, in one pass over the ids, their digest and that all are below the vocabulary's size. */
static ore_status check_ids(const ore_token_file *f, const char *name, ore_digest expected) {
    ore_digest_stream digest;
    const uint8_t *ids = f->ids;
    uint32_t largest = 0;
    if (ore_digest_begin(&digest) != ORE_OK)
        return ore_error_status();
    for (int64_t done = 0; done < f->count; done += PIECE) {
        int64_t n = f->count - done < PIECE ? f->count - done : PIECE;
        uint32_t max = largest_of(ids, n, f->id_bytes);
        largest = max > largest ? max : largest;
        ore_digest_put(&digest, ids, (size_t)n * (size_t)f->id_bytes);
        ids += n * f->id_bytes;
    }
    if (!ore_digest_equal(ore_digest_end(&digest), expected))
        return ore_fail(ORE_DATA, "%.*s: token file: the ids are damaged: their digest is another",
                        ORE_PATH_SHOWN_BYTES, name);
    if (f->count > 0 && largest >= f->source.vocabulary)
        return ore_fail(ORE_DATA,
                        "%.*s: token file: id %u, expected ids below the vocabulary's %lld",
                        ORE_PATH_SHOWN_BYTES, name, largest, (long long)f->source.vocabulary);
    return ORE_OK;
}

/* Checks the index of a shard: its digest, and that no document ends before it begins. */
static ore_status check_index(const ore_token_file *f, const char *name) {
    const uint8_t *digest = (const uint8_t *)(f->ends + f->documents);
    int64_t end = 0;
    if (!ore_digest_equal(ore_digest_of(f->ends, (size_t)f->documents * sizeof *f->ends),
                          get_digest(digest, 0)))
        return ore_fail(ORE_DATA, "%.*s: token file: the index is damaged: its digest is another",
                        ORE_PATH_SHOWN_BYTES, name);
    for (int64_t i = 0; i < f->documents; i++) {
        if (f->ends[i] < end)
            return fail_header(name, "a document that ends at", f->ends[i], end);
        end = f->ends[i];
    }
    return end == f->count ? ORE_OK : fail_header(name, "documents with ids", end, f->count);
}

/* Sets the ids and the index of a file whose header is read; `whole`: checks them. */
static ore_status take_bytes(ore_token_file *f, const char *name, const void *bytes, size_t size,
                             bool whole) {
    const uint8_t *header = bytes;
    *f = (ore_token_file){.documents = -1};
    if (!ore_ok() || read_header(f, name, header, size) != ORE_OK)
        return ore_error_status();
    f->ids = header + ORE_TOKEN_HEADER_BYTES;
    if (f->documents >= 0)
        f->ends = (const int64_t *)(header + ORE_TOKEN_HEADER_BYTES +
                                    ore_token_padded_bytes(f->count, f->id_bytes));
    if (whole && check_ids(f, name, get_digest(header, IDS_DIGEST_AT)) == ORE_OK && f->ends)
        check_index(f, name);
    return ore_error_status();
}

ore_status ore_token_file_open_bytes(ore_token_file *f, const char *name, const void *bytes,
                                     size_t size) {
    return take_bytes(f, name, bytes, size, true);
}

static ore_status open_file(ore_token_file *f, const char *path, bool whole) {
    ore_mapping mapping;
    *f = (ore_token_file){0};
    if (ore_mapping_open(&mapping, path) != ORE_OK)
        return ore_error_status();
    take_bytes(f, path, mapping.bytes, mapping.size, whole);
    f->mapping = mapping;
    if (ore_no_error())
        ore_mapping_check(&mapping, path, NULL);
    if (!ore_no_error())
        ore_token_file_close(f);
    return ore_error_status();
}

ore_status ore_token_file_open(ore_token_file *f, const char *path) {
    return open_file(f, path, true);
}

ore_status ore_token_file_map(ore_token_file *f, const char *path) {
    return open_file(f, path, false);
}

void ore_token_file_close(ore_token_file *f) {
    ore_mapping_close(&f->mapping);
    *f = (ore_token_file){0};
}
