/* shards.c: the ids of many files as one sequence. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <ore/io.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/minmax.h"
#include "data/shard_writer.h"
#include "data/shards.h"
#include "data/token_file.h"

ore_shards_options ore_shards_defaults(void) {
    return (ore_shards_options){.separator = -1};
}

const char *ore_part_file(ore_part part) {
    static const char *const names[] = {"train", "val", "test"};
    return names[part];
}

/* ---- one file ---- */

typedef struct shard {
    char *path;
    ore_token_file file;           /* of others' files the mapping, the ids and their count alone */
    int64_t first, first_document; /* of all files' ids and documents */
} shard;

typedef struct shard_tokens {
    ore_tokens base; /* first: an ore_tokens of this kind is one of these */
    char *name;
    shard *shards; /* (count) */
    int64_t count, vocabulary;
    bool indexed; /* all have an index */
    uint16_t *token_bytes;
} shard_tokens;

/* llm.c's files: 256 numbers of 4 bytes, of which these are known. */
enum {
    LLMC_HEADER_BYTES = 256 * 4,
    LLMC_NARROW = 20240520, /* GPT-2's ids, 2 bytes each */
    LLMC_WIDE = 20240801,   /* Llama 3's, 4 bytes each */
};

static ore_status open_others(shard *s, const ore_mapping *mapping) {
    uint32_t header[3] = {0}; /* kind, version, count */
    ore_token_file *f = &s->file;
    size_t start = 0;
    if (mapping->size >= LLMC_HEADER_BYTES)
        memcpy(header, mapping->bytes, sizeof header);
    bool wide = header[0] == LLMC_WIDE, llmc = wide || header[0] == LLMC_NARROW;
    if (llmc)
        start = LLMC_HEADER_BYTES;
    f->id_bytes = wide ? 4 : 2;
    f->documents = -1;
    f->count = (int64_t)(mapping->size - start) / f->id_bytes;
    f->ids = mapping->bytes + start;
    if ((mapping->size - start) % (size_t)f->id_bytes != 0)
        return ore_fail(ORE_DATA, "%.*s: %zu bytes, which are no ids of %d bytes each",
                        ORE_PATH_SHOWN_BYTES, s->path, mapping->size - start, f->id_bytes);
    if (llmc && header[2] != f->count)
        return ore_fail(ORE_DATA, "%.*s: %lld ids behind the header, which states %u",
                        ORE_PATH_SHOWN_BYTES, s->path, (long long)f->count, header[2]);
    return ORE_OK;
}

static bool is_token_file(const ore_mapping *mapping) {
    return mapping->size >= 8 && memcmp(mapping->bytes, "ORETOKEN", 8) == 0;
}

static ore_status open_shard(shard *s, const char *path) {
    ore_mapping mapping;
    s->path = ore_copy_text(path);
    if (!s->path || ore_mapping_open(&mapping, path) != ORE_OK)
        return ore_error_status();
    if (is_token_file(&mapping)) {
        ore_mapping_close(&mapping);
        return ore_token_file_map(&s->file, path);
    }
    open_others(s, &mapping);
    s->file.mapping = mapping;
    return ore_error_status();
}

/* ---- all of them ---- */

/* The shard in which id `at` is. */
static const shard *find(const shard_tokens *self, int64_t at) {
    int64_t low = 0, high = self->count - 1;
    while (low < high) {
        int64_t middle = (low + high + 1) / 2;
        if (self->shards[middle].first <= at)
            low = middle;
        else
            high = middle - 1;
    }
    return &self->shards[low];
}

static ore_status check_ids(const shard_tokens *self, const shard *s, const int64_t *ids,
                            int64_t count) {
    int64_t largest = 0;
    for (int64_t i = 0; i < count; i++)
        largest = ore_max_int(largest, ids[i]);
    if (largest < self->vocabulary)
        return ORE_OK;
    return ore_fail(ORE_DATA, "%.*s: id %lld, expected ids below the vocabulary's %lld",
                    ORE_PATH_SHOWN_BYTES, s->path, (long long)largest, (long long)self->vocabulary);
}

static ore_status shards_get(const ore_tokens *tokens, int64_t start, int64_t count, int64_t *ids) {
    const shard_tokens *self = (const shard_tokens *)tokens;
    for (const shard *s = find(self, start); count > 0; s++) {
        int64_t at = start - s->first, n = ore_min_int(count, s->file.count - at);
        const uint8_t *from = s->file.ids;
        ore_token_unpack(from + at * s->file.id_bytes, n, s->file.id_bytes, ids);
        if (check_ids(self, s, ids, n) != ORE_OK)
            return ore_error_status();
        start += n;
        count -= n;
        ids += n;
    }
    return ORE_OK;
}

static ore_status shards_document(const ore_tokens *tokens, int64_t i, int64_t *start,
                                  int64_t *end) {
    const shard_tokens *self = (const shard_tokens *)tokens;
    int64_t low = 0, high = self->count - 1;
    while (low < high) {
        int64_t middle = (low + high + 1) / 2;
        if (self->shards[middle].first_document <= i)
            low = middle;
        else
            high = middle - 1;
    }
    const shard *s = &self->shards[low];
    int64_t number = i - s->first_document, first = number > 0 ? s->file.ends[number - 1] : 0;
    int64_t last = s->file.ends[number];
    if (first < 0 || last < first || last > s->file.count)
        return ore_fail(ORE_DATA,
                        "%.*s: token file: the index is damaged: document %lld from %lld "
                        "to %lld of %lld ids",
                        ORE_PATH_SHOWN_BYTES, s->path, (long long)number, (long long)first,
                        (long long)last, (long long)s->file.count);
    *start = s->first + first;
    *end = s->first + last;
    return ORE_OK;
}

static int64_t shards_bytes(const ore_tokens *tokens, const int64_t *ids, int64_t count) {
    const shard_tokens *self = (const shard_tokens *)tokens;
    int64_t bytes = 0;
    for (int64_t i = 0; i < count; i++) /* a target that does not count is no id */
        bytes += ids[i] >= 0 && ids[i] < self->vocabulary ? self->token_bytes[ids[i]] : 0;
    return bytes;
}

static ore_status shards_check(const ore_tokens *tokens) {
    const shard_tokens *self = (const shard_tokens *)tokens;
    for (int64_t i = 0; i < self->count && ore_ok(); i++)
        ore_mapping_check(&self->shards[i].file.mapping, self->shards[i].path, NULL);
    return ore_error_status();
}

static void shards_close(ore_tokens *tokens) {
    shard_tokens *self = (shard_tokens *)tokens;
    for (int64_t i = 0; self->shards && i < self->count; i++) {
        ore_token_file_close(&self->shards[i].file);
        ore_release(self->shards[i].path);
    }
    ore_release(self->shards);
    ore_release(self->token_bytes);
    ore_release(self->name);
    ore_release(self);
}

/* ---- opening ---- */

/* Whether a token file goes with those before it, and with the options. */
static ore_status agree(shard_tokens *self, const shard *s, const ore_token_source *first,
                        const ore_shards_options *o) {
    const ore_token_source *own = &s->file.source;
    if (own->vocabulary == 0) /* another's file */
        return self->vocabulary > 0
                   ? ORE_OK
                   : ore_fail(ORE_INVALID,
                              "%.*s: says nothing of its vocabulary: give it, or the tokenizer",
                              ORE_PATH_SHOWN_BYTES, s->path);
    if (o->vocabulary > 0 && own->vocabulary > o->vocabulary)
        return ore_fail(ORE_DATA, "%.*s: ids of a vocabulary of %lld, expected at most %lld",
                        ORE_PATH_SHOWN_BYTES, s->path, (long long)own->vocabulary,
                        (long long)o->vocabulary);
    if (first->vocabulary > 0 &&
        (!ore_digest_equal(own->tokenizer, first->tokenizer) || own->separator != first->separator))
        return ore_fail(ORE_DATA, "%.*s: was made with another tokenizer than %.*s",
                        ORE_PATH_SHOWN_BYTES / 2, s->path, ORE_PATH_SHOWN_BYTES / 2,
                        self->shards[0].path);
    if (self->vocabulary == 0)
        self->vocabulary = own->vocabulary;
    self->base.separator = own->separator;
    return ORE_OK;
}

static ore_status open_all(shard_tokens *self, const char *const *paths,
                           const ore_shards_options *o) {
    ore_token_source first = {0};
    self->indexed = true;
    for (int64_t i = 0; i < self->count && ore_ok(); i++) {
        shard *s = &self->shards[i];
        s->first = self->base.length;
        s->first_document = self->base.documents;
        if (open_shard(s, paths[i]) != ORE_OK || agree(self, s, &first, o) != ORE_OK)
            break;
        if (first.vocabulary == 0)
            first = s->file.source;
        self->base.length += s->file.count;
        self->base.documents += ore_max_int(s->file.documents, 0);
        self->indexed = self->indexed && s->file.documents >= 0;
    }
    return ore_error_status();
}

static ore_status copy_token_bytes(shard_tokens *self, const ore_shards_options *o) {
    size_t bytes = (size_t)self->vocabulary * sizeof *self->token_bytes;
    if (!ore_ok() || !o->token_bytes || !(self->token_bytes = ore_alloc(bytes)))
        return ore_error_status();
    memcpy(self->token_bytes, o->token_bytes, bytes);
    self->base.bytes = shards_bytes;
    return ORE_OK;
}

static ore_tokens *open_named(const char *name, const char *const *paths, int64_t count,
                              const ore_shards_options *options) {
    ore_shards_options o = options ? *options : ore_shards_defaults();
    size_t bytes;
    if (!ore_ok())
        return NULL;
    if (count < 1 || o.vocabulary < 0 || o.vocabulary > ORE_TOKEN_VOCABULARY_MAX ||
        (o.token_bytes && o.vocabulary == 0)) {
        ore_fail(ORE_INVALID, "shards: %lld files, a vocabulary of %lld, expected at least 1 and 0",
                 (long long)count, (long long)o.vocabulary);
        return NULL;
    }
    shard_tokens *self = ore_alloc_zero(sizeof *self);
    if (!self)
        return NULL;
    self->base = (ore_tokens){
        .separator = o.separator, .read = shards_get, .check = shards_check, .close = shards_close};
    self->vocabulary = o.vocabulary;
    self->count = count;
    self->name = ore_copy_text(name);
    if (ore_bytes_of(count, sizeof *self->shards, &bytes) == ORE_OK)
        self->shards = ore_alloc_zero(bytes);
    if (ore_ok() && open_all(self, paths, &o) == ORE_OK && copy_token_bytes(self, &o) == ORE_OK) {
        self->base.name = self->name;
        if (self->indexed)
            self->base.document = shards_document;
        else
            self->base.documents = 0;
        return &self->base;
    }
    shards_close(&self->base);
    return NULL;
}

ore_tokens *ore_tokens_of_shards(const char *const *paths, int64_t count,
                                 const ore_shards_options *options) {
    return open_named(count > 0 ? paths[0] : "", paths, count, options);
}

ore_status ore_shard_verify(const char *path) {
    ore_token_file f;
    if (ore_ok() && ore_token_file_open(&f, path) == ORE_OK)
        ore_token_file_close(&f);
    return ore_error_status();
}

/* ---- folders ---- */

char *ore_shard_path(const char *folder, ore_part part, int64_t number) {
    char name[ORE_SHARD_NAME_BYTES];
    ore_shard_name(ore_part_file(part), number, name);
    return ore_path_join(folder, name);
}

/* The header of each shard, which has the digest of its ids, goes into the folder's digest. */
static ore_status read_headers(const char *folder, ore_shards_facts *facts,
                               ore_digest_stream *digest) {
    for (int part = 0; part < ORE_PART_COUNT; part++) {
        int64_t tokens = 0;
        for (int64_t i = 0; i < facts->shards[part] && ore_ok(); i++) {
            ore_token_file f;
            char *path = ore_shard_path(folder, (ore_part)part, i);
            if (path && ore_token_file_map(&f, path) == ORE_OK) {
                ore_digest_put(digest, f.mapping.bytes, ORE_TOKEN_HEADER_BYTES);
                tokens += f.count;
                if (!ore_digest_equal(f.source.tokenizer, facts->tokenizer))
                    ore_fail(ORE_DATA, "%.*s: was made with another tokenizer than its folder's",
                             ORE_PATH_SHOWN_BYTES, path);
                ore_token_file_close(&f);
            }
            ore_release(path);
        }
        if (ore_ok() && tokens != facts->tokens[part])
            ore_fail(ORE_DATA, "%.*s: %lld tokens in the shards of the %s part, expected %lld",
                     ORE_PATH_SHOWN_BYTES, folder, (long long)tokens, ore_part_name((ore_part)part),
                     (long long)facts->tokens[part]);
    }
    return ore_error_status();
}

static ore_status read_facts(ore_json *root, const char *path, ore_shards_facts *facts) {
    const char *digest = ore_json_get_string(root, "tokenizer");
    if (digest && !ore_digest_from_text(digest, &facts->tokenizer))
        ore_fail(ORE_DATA, "%.*s: tokenizer: \"%.60s\", expected a digest", ORE_PATH_SHOWN_BYTES,
                 path, digest);
    ore_json_get_int(root, "vocabulary", &facts->vocabulary);
    ore_json_get_int(root, "separator", &facts->separator);
    ore_json *parts = ore_ok() ? ore_json_get_object(root, "parts") : NULL;
    for (int i = 0; i < ORE_PART_COUNT && parts && ore_ok(); i++) {
        const char *key = ore_part_file((ore_part)i);
        ore_json *part = ore_json_kind_of(parts, key) == ORE_JSON_MISSING
                             ? NULL
                             : ore_json_get_object(parts, key);
        if (!part)
            continue;
        ore_json_get_int(part, "shards", &facts->shards[i]);
        ore_json_get_int(part, "documents", &facts->documents[i]);
        ore_json_get_int(part, "tokens", &facts->tokens[i]);
        ore_json_get_int(part, "bytes", &facts->bytes[i]);
    }
    return ore_error_status();
}

ore_status ore_shards_read(const char *folder, ore_shards_facts *facts) {
    ore_digest_stream digest;
    *facts = (ore_shards_facts){0};
    char *path = ore_ok() ? ore_path_join(folder, ORE_SHARDS_FILE) : NULL;
    if (path && ore_path_kind_of(path) == ORE_PATH_MISSING)
        ore_fail(ORE_DATA, "%.*s: no shards, or not complete: there is no %s", ORE_PATH_SHOWN_BYTES,
                 folder, ORE_SHARDS_FILE);
    ore_json *root = path && ore_ok() ? ore_json_load(path) : NULL;
    if (root && read_facts(root, path, facts) == ORE_OK && ore_digest_begin(&digest) == ORE_OK) {
        ore_digest_put(&digest, facts, sizeof *facts);
        read_headers(folder, facts, &digest);
        facts->digest = ore_digest_end(&digest);
    }
    ore_json_free(root);
    ore_release(path);
    return ore_error_status();
}

ore_tokens *ore_tokens_of_folder(const char *folder, ore_part part,
                                 const ore_shards_options *options) {
    ore_shards_facts facts;
    if (part < 0 || (int)part >= ORE_PART_COUNT)
        ore_fail(ORE_INVALID, "shards: part %d, expected 0 to %d", (int)part, ORE_PART_COUNT - 1);
    if (!ore_ok() || ore_shards_read(folder, &facts) != ORE_OK)
        return NULL;
    int64_t count = facts.shards[part];
    if (count < 1) {
        ore_fail(ORE_DATA, "%.*s: the %s part has no document", ORE_PATH_SHOWN_BYTES, folder,
                 ore_part_name(part));
        return NULL;
    }
    char **paths = ore_alloc_zero((size_t)count * sizeof *paths);
    ore_tokens *tokens = NULL;
    for (int64_t i = 0; paths && i < count && ore_ok(); i++)
        paths[i] = ore_shard_path(folder, part, i);
    if (ore_ok())
        tokens = open_named(folder, (const char *const *)paths, count, options);
    for (int64_t i = 0; paths && i < count; i++)
        ore_release(paths[i]);
    ore_release(paths);
    return tokens;
}

ore_status ore_shards_digest(const char *path, ore_digest *digest) {
    enum { ENDS = 1 << 20 };
    ore_shards_facts facts;
    ore_mapping mapping;
    *digest = (ore_digest){0};
    if (!ore_ok())
        return ore_error_status();
    if (ore_path_kind_of(path) == ORE_PATH_FOLDER) {
        if (ore_shards_read(path, &facts) == ORE_OK)
            *digest = facts.digest;
        return ore_error_status();
    }
    if (!ore_ok() || ore_mapping_open(&mapping, path) != ORE_OK)
        return ore_error_status();
    size_t most = is_token_file(&mapping) ? ORE_TOKEN_HEADER_BYTES : ENDS;
    size_t bytes = mapping.size < most ? mapping.size : most;
    ore_digest of[3] = {{.low = mapping.size},
                        ore_digest_of(mapping.bytes, bytes),
                        ore_digest_of(mapping.bytes + (mapping.size - bytes), bytes)};
    if (is_token_file(&mapping)) /* the rest is in the header's own digest */
        of[2] = (ore_digest){0};
    *digest = ore_digest_of(of, sizeof of);
    ore_mapping_check(&mapping, path, NULL);
    ore_mapping_close(&mapping);
    return ore_error_status();
}

bool ore_is_shards(const char *path) {
    uint32_t head[2] = {0};
    struct stat information;
    size_t length = path ? strlen(path) : 0;
    if (length == 0 || stat(path, &information) != 0)
        return false;
    if (S_ISDIR(information.st_mode))
        return true;
    if (!S_ISREG(information.st_mode))
        return false;
    FILE *file = fopen(path, "rb");
    size_t got = file ? fread(head, 1, sizeof head, file) : 0;
    if (file)
        fclose(file);
    return (length > 4 && strcmp(path + length - 4, ".bin") == 0) ||
           (got == sizeof head && (memcmp(head, "ORETOKEN", sizeof head) == 0 ||
                                   head[0] == LLMC_NARROW || head[0] == LLMC_WIDE));
}
