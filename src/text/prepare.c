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
#include "text/prepare.h"
#include "text/tokenizer.h"

enum {
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

typedef struct preparation {
    const ore_prepare_options *options;
    const ore_tokenizer *tokenizer;
    ore_token_source source;
    ore_block_encoding encoding;
    const char *folder;
    ore_input_list list;
    ore_digest options_digest;
    ore_document_source documents;
    ore_block blocks[3], *next, *now, *before; /* read, encoded, written */
    ore_prepare_state state;
    ore_shard_writer writers[ORE_PART_COUNT];
    ore_digest_set *seen;
    ore_digest *fresh; /* (fresh_count) digests that are not in the file yet */
    int64_t fresh_count, fresh_capacity;
    int64_t noted_bytes, noted_documents; /* of the counts, when the state was last written */
    bool refused; /* the pending error is of a document: all before it is written */
} preparation;

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

/* The ids of a document's pieces. */
static void write_ids(preparation *p, const ore_block *b, const ore_block_piece *piece) {
    ore_shard_writer *writer = &p->writers[part_of(p, piece->digest)];
    const ore_block_piece *first = piece;
    for (bool more = true; more; piece++) {
        ore_shard_writer_put(writer, b->chunks[piece->chunk].packed + piece->ids_at, piece->ids);
        more = piece->more;
    }
    ore_shard_writer_end(writer, first->text_bytes);
}

/* A document that cannot be had is left out, or stops the preparation. */
static void refuse(preparation *p, const ore_block_piece *piece) {
    const ore_prepare_options *o = p->options;
    if (!o->skip_bad || piece->last || piece->status != ORE_DATA) {
        ore_fail(piece->status, "%s", piece->why);
        p->refused = true;
        return;
    }
    p->state.counts.documents++;
    p->state.counts.bad++;
    if (o->bad)
        o->bad(o->user, piece->why);
}

static void write_document(preparation *p, const ore_block *b, const ore_block_piece *first) {
    ore_prepare_counts *counts = &p->state.counts;
    const ore_prepare_options *o = p->options;
    const ore_block_piece *piece = first;
    while (piece->status == ORE_OK && piece->more)
        piece++;
    if (piece->status != ORE_OK) {
        refuse(p, piece);
    } else {
        counts->documents++;
        counts->bytes += first->text_bytes;
        if (first->text_bytes == 0)
            counts->empty++;
        else if (first->text_bytes < o->min_bytes)
            counts->too_short++;
        else if (o->max_bytes > 0 && first->text_bytes > o->max_bytes)
            counts->too_long++;
        else if (is_first(p, first->digest))
            write_ids(p, b, first);
    }
    if (ore_ok()) {
        counts->files = first->place.file + 1;
        p->state.place = first->place;
    }
}

static void write_block(preparation *p, const ore_block *b) {
    for (int64_t i = 0; i < b->count && ore_ok(); i++) {
        write_document(p, b, &b->pieces[i]);
        while (b->pieces[i].more)
            i++;
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
        ore_block_read(p->next, &p->documents, &p->encoding);
    else if (i == 1)
        write_block(p, p->before);
    else
        ore_block_encode(p->now, (int)i - OTHERS, &p->encoding);
}

/* Stops at a document, so that a later call goes on there. */
static ore_status stop_at_document(preparation *p) {
    ore_error error;
    ore_error_take(&error);
    note(p);
    ore_error_clear();
    return ore_error_raise(&error);
}

/* Block after block; *stopped: the caller wants no more. */
static ore_status run(preparation *p, bool *stopped) {
    ore_block_read(p->next, &p->documents, &p->encoding);
    while (ore_ok() && p->next->count + p->now->count + p->before->count > 0) {
        ore_block *free_one = p->before;
        p->before = p->now;
        p->now = p->next;
        p->next = free_one;
        ore_parallel_for_in_order(ORE_BLOCK_CHUNKS + OTHERS, run_chunk, p);
        if (!ore_ok())
            return p->refused ? stop_at_document(p) : ore_error_status();
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
    for (int i = 0; i < 3; i++)
        ore_block_release(&p->blocks[i]);
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
    p->encoding = (ore_block_encoding){.tokenizer = tokenizer,
                                       .options = &o,
                                       .list = &p->list,
                                       .separator = p->source.separator,
                                       .id_bytes = ore_token_id_bytes(tokenizer->size)};
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
