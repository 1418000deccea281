/* prepare.c: documents to shards. While threads encode a block of documents, one reads the next
 * block and one writes the block before, in the order of the documents, so that the result depends
 * on them alone. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/minmax.h"
#include "base/threads.h"
#include "text/encode.h"
#include "text/prepare.h"
#include "text/tokenizer.h"

enum {
    BLOCK_BYTES = 4 << 20,     /* of text; encoding one takes longer than waking the threads */
    BLOCK_DOCUMENTS = 1 << 15, /* at most */
    CHUNKS = 32,               /* a block is encoded in so many pieces */
    PIECE_BYTES = 1 << 16,     /* of a document, encoded at a time: its ids fit the L2 cache */
    STATE_BYTES = 64 << 20,    /* of text between two notes: a fraction of a second to read again */
    STATE_DOCUMENTS = 1 << 20, /* or so many documents, whose digests are kept until then */
    SMALLEST_DOCUMENT_BYTES = 1 << 10,
    OTHERS = 2, /* chunks that read and write */
};

ore_prepare_options ore_prepare_defaults(void) {
    return (ore_prepare_options){.format = ORE_TABLE_AUTO,
                                 .unit = ORE_UNIT_FILE,
                                 .field = "text",
                                 .separator = ORE_SEPARATOR_OWN,
                                 .shard_tokens = 100000000,
                                 .document_bytes = 16 << 20};
}

typedef struct document {
    ore_input_place place; /* behind it */
    int64_t at, bytes;     /* of its text in the block */
    ore_digest digest;
    int64_t ids_at, ids; /* in its chunk */
} document;

/* Ids of some documents of a block. */
typedef struct chunk {
    uint8_t *packed; /* (capacity) */
    int64_t used, capacity;
    int64_t first, end; /* documents */
} chunk;

typedef struct block {
    char *text; /* (capacity) */
    int64_t bytes, capacity;
    document *documents; /* (count) */
    int64_t count, document_capacity;
    chunk chunks[CHUNKS];
    ore_input_place place; /* behind its last document */
} block;

typedef struct preparation {
    const ore_prepare_options *options;
    const ore_tokenizer *tokenizer;
    ore_token_source source;
    int id_bytes;
    const char *folder;
    ore_input_list list;
    ore_digest options_digest;
    ore_document_source documents;
    block blocks[3], *next, *now, *before; /* read, encoded, written */
    ore_prepare_state state;
    ore_shard_writer writers[ORE_PART_COUNT];
    ore_digest_set *seen;
    ore_digest *fresh; /* (fresh_count) digests that are not in the file yet */
    int64_t fresh_count, fresh_capacity;
    int64_t noted_bytes, noted_documents; /* of the counts, when the state was last written */
} preparation;

/* ---- reading ---- */

static ore_status add_document(preparation *p, block *b, const char *text, int64_t bytes) {
    void *memory = b->text, *documents = b->documents;
    if (ore_grow(&memory, &b->capacity, b->bytes + bytes, 1) == ORE_OK)
        b->text = memory;
    if (ore_ok() &&
        ore_grow(&documents, &b->document_capacity, b->count + 1, sizeof(document)) == ORE_OK)
        b->documents = documents;
    if (!ore_ok())
        return ore_error_status();
    if (bytes > 0)
        memcpy(b->text + b->bytes, text, (size_t)bytes);
    b->documents[b->count++] =
        (document){.place = p->documents.place, .at = b->bytes, .bytes = bytes};
    b->bytes += bytes;
    return ORE_OK;
}

/* Fills a block and cuts it into chunks of about the same text. */
static void read_block(preparation *p, block *b) {
    const char *text;
    int64_t bytes;
    b->bytes = b->count = 0;
    while (b->bytes < BLOCK_BYTES && b->count < BLOCK_DOCUMENTS &&
           ore_document_source_next(&p->documents, &text, &bytes))
        if (add_document(p, b, text, bytes) != ORE_OK)
            return;
    b->place = p->documents.place;
    int64_t done = 0;
    for (int c = 0; c < CHUNKS; c++) {
        b->chunks[c].first = done;
        while (done < b->count &&
               (c == CHUNKS - 1 || b->documents[done].at * CHUNKS < (int64_t)(c + 1) * b->bytes))
            done++;
        b->chunks[c].end = done;
    }
}

/* ---- encoding ---- */

typedef struct encoding {
    chunk *c;
    int id_bytes;
    const char *text;
    int64_t left;
} encoding;

static int64_t give_text(void *user, char *bytes, size_t capacity) {
    encoding *e = user;
    int64_t n = ore_min_int(e->left, (int64_t)capacity);
    if (n > 0)
        memcpy(bytes, e->text, (size_t)n);
    e->text += n;
    e->left -= n;
    return n;
}

static ore_status take_ids(void *user, const int64_t *ids, int64_t count) {
    encoding *e = user;
    chunk *c = e->c;
    void *packed = c->packed;
    if (ore_grow(&packed, &c->capacity, c->used + count * e->id_bytes, 1) != ORE_OK)
        return ore_error_status();
    c->packed = packed;
    ore_token_pack(ids, count, e->id_bytes, c->packed + c->used);
    c->used += count * e->id_bytes;
    return ORE_OK;
}

static bool is_kept(const preparation *p, const document *d) {
    const ore_prepare_options *o = p->options;
    return d->bytes > 0 && d->bytes >= o->min_bytes &&
           (o->max_bytes == 0 || d->bytes <= o->max_bytes);
}

static ore_status encode_document(const preparation *p, const block *b, chunk *c, document *d) {
    char name[ORE_PATH_SHOWN_BYTES];
    encoding e = {c, p->id_bytes, b->text + d->at, d->bytes};
    snprintf(name, sizeof name, "%.*s: document %lld", ORE_PATH_SHOWN_BYTES - 64,
             p->list.paths[d->place.file], (long long)d->place.row);
    const ore_encode_job job = {
        p->tokenizer, name, (size_t)ore_min_int(d->bytes, PIECE_BYTES), &e, give_text, take_ids,
    };
    d->ids_at = c->used;
    d->digest = ore_digest_of(b->text + d->at, (size_t)d->bytes);
    if (ore_encode(&job) == ORE_OK && p->source.separator >= 0)
        take_ids(&e, &p->source.separator, 1);
    d->ids = (c->used - d->ids_at) / p->id_bytes;
    return ore_error_status();
}

static void encode_chunk(const preparation *p, block *b, int number) {
    chunk *c = &b->chunks[number];
    c->used = 0;
    for (int64_t i = c->first; i < c->end && ore_ok(); i++)
        if (is_kept(p, &b->documents[i]))
            encode_document(p, b, c, &b->documents[i]);
}

/* ---- writing ---- */

static ore_part part_of(const preparation *p, ore_digest digest) {
    double u = (double)digest.high * 0x1p-64, test = p->options->test_fraction;
    return u < test                              ? ORE_PART_TEST
           : u < test + p->options->val_fraction ? ORE_PART_VAL
                                                 : ORE_PART_TRAIN;
}

/* Whether a document is the first of its text; counts one that is not. */
static bool is_first(preparation *p, ore_digest digest) {
    bool added = true;
    void *fresh = p->fresh;
    if (!p->options->distinct)
        return true;
    if (ore_digest_set_add(p->seen, digest, &added) != ORE_OK)
        return false;
    p->state.counts.repeated += !added;
    if (added &&
        ore_grow(&fresh, &p->fresh_capacity, p->fresh_count + 1, sizeof digest) == ORE_OK) {
        p->fresh = fresh;
        p->fresh[p->fresh_count++] = digest;
    }
    return added && ore_ok();
}

static void write_document(preparation *p, const chunk *c, const document *d) {
    ore_prepare_counts *counts = &p->state.counts;
    const ore_prepare_options *o = p->options;
    counts->documents++;
    counts->bytes += d->bytes;
    counts->files = d->place.file + 1;
    if (d->bytes == 0)
        counts->empty++;
    else if (d->bytes < o->min_bytes)
        counts->too_short++;
    else if (o->max_bytes > 0 && d->bytes > o->max_bytes)
        counts->too_long++;
    else if (is_first(p, d->digest))
        ore_shard_writer_put(&p->writers[part_of(p, d->digest)], c->packed + d->ids_at, d->ids,
                             d->bytes);
}

static void write_block(preparation *p, const block *b) {
    for (int i = 0; i < CHUNKS; i++) {
        const chunk *c = &b->chunks[i];
        for (int64_t d = c->first; d < c->end && ore_ok(); d++)
            write_document(p, c, &b->documents[d]);
    }
}

/* ---- notes ---- */

static ore_status keep_digests(preparation *p) {
    char *path = p->fresh_count > 0 ? ore_path_join(p->folder, ORE_PREPARE_SEEN_FILE) : NULL;
    if (path &&
        ore_file_append(path, p->fresh, (size_t)p->fresh_count * sizeof *p->fresh) == ORE_OK)
        ore_path_sync(path);
    ore_release(path);
    p->state.seen += p->fresh_count;
    p->fresh_count = 0;
    return ore_error_status();
}

static ore_status note(preparation *p) {
    ore_prepare_state *s = &p->state;
    for (int i = 0; i < ORE_PART_COUNT; i++) {
        ore_shard_writer_sync(&p->writers[i]);
        s->parts[i] = p->writers[i].progress;
    }
    if (!ore_ok() || keep_digests(p) != ORE_OK ||
        ore_prepare_state_write(s, p->folder, p->list.digest, p->options_digest) != ORE_OK)
        return ore_error_status();
    for (int i = 0; i < ORE_PART_COUNT && ore_ok(); i++)
        ore_shard_writer_settle(&p->writers[i]);
    p->noted_bytes = s->counts.bytes;
    p->noted_documents = s->counts.documents;
    return ore_error_status();
}

/* What the caller is told: the state, with what the writers know. */
static ore_prepare_counts counts_of(const preparation *p) {
    ore_prepare_counts c = p->state.counts;
    c.files_all = p->list.count;
    for (int i = 0; i < ORE_PART_COUNT; i++) {
        const ore_shard_progress *w = &p->writers[i].progress;
        c.part_documents[i] = w->documents;
        c.part_tokens[i] = w->tokens;
        c.part_bytes[i] = w->bytes;
    }
    return c;
}

static bool is_due(const preparation *p) {
    const ore_prepare_counts *c = &p->state.counts;
    return c->bytes - p->noted_bytes >= STATE_BYTES ||
           c->documents - p->noted_documents >= STATE_DOCUMENTS;
}

/* ---- all of it ---- */

static void run_chunk(void *argument, int64_t i) {
    preparation *p = argument;
    if (i == 0)
        read_block(p, p->next);
    else if (i == 1)
        write_block(p, p->before);
    else
        encode_chunk(p, p->now, (int)i - OTHERS);
}

/* Block after block; *stopped: the caller wants no more. */
static ore_status run(preparation *p, bool *stopped) {
    read_block(p, p->next);
    while (ore_ok() && p->next->count + p->now->count + p->before->count > 0) {
        block *free_one = p->before;
        p->before = p->now;
        p->now = p->next;
        p->next = free_one;
        ore_parallel_for_in_order(CHUNKS + OTHERS, run_chunk, p);
        if (!ore_ok())
            break;
        if (p->before->count > 0)
            p->state.place = p->before->place;
        if (p->options->progress) {
            ore_prepare_counts counts = counts_of(p);
            *stopped = !p->options->progress(p->options->user, &counts);
        }
        if ((is_due(p) || *stopped) && (note(p) != ORE_OK || *stopped))
            break;
    }
    return ore_error_status();
}

/* The digests that an earlier process had kept. */
static ore_status read_digests(preparation *p) {
    enum { AT_A_TIME = 4096 };
    static const size_t bytes = sizeof(ore_digest);
    char *path = ore_path_join(p->folder, ORE_PREPARE_SEEN_FILE);
    ore_digest *digests = ore_alloc(AT_A_TIME * bytes);
    FILE *file = NULL;
    bool added;
    p->seen = ore_digest_set_new();
    if (ore_ok() && p->state.seen == 0)
        ore_tree_remove(path);
    else if (ore_ok() && ore_file_truncate(path, (size_t)p->state.seen * bytes) == ORE_OK &&
             !(file = fopen(path, "rb")))
        ore_fail_errno(path, "cannot open");
    while (file && ore_ok() && ore_digest_set_count(p->seen) < p->state.seen) {
        size_t got = fread(digests, bytes, AT_A_TIME, file);
        for (size_t i = 0; i < got && ore_ok(); i++)
            if (ore_digest_set_add(p->seen, digests[i], &added) == ORE_OK && !added)
                ore_fail(ORE_DATA, "%.*s: has a digest twice", ORE_PATH_SHOWN_BYTES, path);
        if (got == 0)
            ore_fail(ORE_DATA, "%.*s: cut short", ORE_PATH_SHOWN_BYTES, path);
    }
    if (file)
        fclose(file);
    ore_release(digests);
    ore_release(path);
    return ore_error_status();
}

static ore_status save_tokenizer(const preparation *p) {
    char *path = ore_path_join(p->folder, ORE_SHARDS_TOKENIZER);
    if (path)
        ore_tokenizer_save(p->tokenizer, path);
    ore_release(path);
    return ore_error_status();
}

/* What the folder has: nothing, a preparation to go on with, or a complete one. */
static ore_status begin(preparation *p) {
    char *path = ore_path_join(p->folder, ORE_SHARDS_FILE);
    bool found = false;
    if (p->options->restart)
        ore_prepare_clear(p->folder);
    if (ore_ok())
        ore_prepare_state_read(&p->state, p->folder, p->list.digest, p->options_digest, &found);
    if (ore_ok() && !found && ore_path_kind_of(path) != ORE_PATH_MISSING)
        ore_fail(ORE_STATE, "%.*s: the shards are complete; name another folder, or begin anew",
                 ORE_PATH_SHOWN_BYTES, p->folder);
    ore_release(path);
    p->state.counts.resumed = p->state.counts.documents;
    p->noted_bytes = p->state.counts.bytes;
    p->noted_documents = p->state.counts.documents;
    if (ore_ok() && !found && ore_prepare_clear(p->folder) == ORE_OK)
        save_tokenizer(p);
    for (int i = 0; i < ORE_PART_COUNT && ore_ok(); i++)
        ore_shard_writer_open(&p->writers[i], p->folder, ore_part_file((ore_part)i), &p->source,
                              p->options->shard_tokens, &p->state.parts[i]);
    if (ore_ok() && p->options->distinct)
        read_digests(p);
    return ore_ok() ? ore_document_source_open(&p->documents, &p->list, p->options, p->state.place)
                    : ore_error_status();
}

static ore_status finish(preparation *p) {
    for (int i = 0; i < ORE_PART_COUNT; i++)
        ore_shard_writer_finish(&p->writers[i]);
    if (ore_ok() && note(p) == ORE_OK)
        ore_prepare_finish(&p->state, p->folder, p->options, &p->source);
    p->state.counts.complete = ore_ok();
    return ore_error_status();
}

static void release(preparation *p) {
    for (int i = 0; i < 3; i++) {
        block *b = &p->blocks[i];
        for (int c = 0; c < CHUNKS; c++)
            ore_release(b->chunks[c].packed);
        ore_release(b->documents);
        ore_release(b->text);
    }
    for (int i = 0; i < ORE_PART_COUNT; i++)
        ore_shard_writer_close(&p->writers[i]);
    ore_document_source_close(&p->documents);
    ore_digest_set_free(p->seen);
    ore_release(p->fresh);
    ore_input_list_release(&p->list);
    ore_release(p);
}

static ore_status check_options(const ore_prepare_options *o, const ore_tokenizer *t) {
    if (!(o->val_fraction >= 0 && o->test_fraction >= 0 && o->val_fraction + o->test_fraction < 1))
        return ore_fail(ORE_INVALID,
                        "prepare: val_fraction %g and test_fraction %g, expected at least 0 each "
                        "and together less than 1",
                        o->val_fraction, o->test_fraction);
    if (o->separator < ORE_SEPARATOR_OWN || o->separator >= t->size)
        return ore_fail(ORE_INVALID, "prepare: separator %lld, expected an id below %lld",
                        (long long)o->separator, (long long)t->size);
    if (o->min_bytes < 0 || o->max_bytes < 0 || o->shard_tokens < 1 ||
        o->document_bytes < SMALLEST_DOCUMENT_BYTES)
        return ore_fail(ORE_INVALID,
                        "prepare: min_bytes %lld, max_bytes %lld, shard_tokens %lld, "
                        "document_bytes %lld, expected at least 0, 0, 1 and %d",
                        (long long)o->min_bytes, (long long)o->max_bytes,
                        (long long)o->shard_tokens, (long long)o->document_bytes,
                        (int)SMALLEST_DOCUMENT_BYTES);
    return o->field ? ORE_OK : ore_fail(ORE_INVALID, "prepare: field NULL");
}

/* One process at a time: a lock of the folder, which ends with the process; -1 with an error. */
static int lock_folder(const char *folder) {
    int descriptor = -1;
    if (ore_folder_make(folder) == ORE_OK &&
        (descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
        ore_fail_errno(folder, "cannot open");
    if (descriptor >= 0 && flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
        ore_fail(ORE_STATE, "%.*s: another process is preparing data in it", ORE_PATH_SHOWN_BYTES,
                 folder);
        close(descriptor);
        descriptor = -1;
    }
    return descriptor;
}

ore_status ore_prepare(const char *const *paths, int64_t count, const char *folder,
                       const ore_tokenizer *tokenizer, const ore_prepare_options *options,
                       ore_prepare_counts *counts) {
    ore_prepare_options o = options ? *options : ore_prepare_defaults();
    bool stopped = false;
    *counts = (ore_prepare_counts){0};
    if (!ore_ok() || !tokenizer || check_options(&o, tokenizer) != ORE_OK)
        return ore_error_status();
    preparation *p = ore_alloc_zero(sizeof *p);
    if (!p)
        return ore_error_status();
    p->options = &o;
    p->tokenizer = tokenizer;
    p->folder = folder;
    p->source = (ore_token_source){.vocabulary = tokenizer->size,
                                   .separator = o.separator == ORE_SEPARATOR_OWN
                                                    ? ore_tokenizer_separator(tokenizer)
                                                    : o.separator,
                                   .tokenizer = ore_tokenizer_digest(tokenizer)};
    p->id_bytes = ore_token_id_bytes(tokenizer->size);
    p->options_digest = ore_prepare_options_digest(&o, &p->source);
    p->next = &p->blocks[0];
    p->now = &p->blocks[1];
    p->before = &p->blocks[2];
    p->documents.descriptor = -1;
    for (int i = 0; i < ORE_PART_COUNT; i++)
        p->writers[i].descriptor = -1;
    int lock = ore_ok() ? lock_folder(folder) : -1;
    if (lock >= 0 && ore_input_list_read(&p->list, paths, count, folder) == ORE_OK &&
        begin(p) == ORE_OK && run(p, &stopped) == ORE_OK && !stopped)
        finish(p);
    *counts = counts_of(p);
    if (lock >= 0)
        close(lock);
    release(p);
    return ore_error_status();
}
