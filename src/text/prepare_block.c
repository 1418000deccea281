/* prepare_block.c: blocks of documents: read one after the other, parsed and encoded in chunks. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/minmax.h"
#include "text/encode.h"
#include "text/prepare.h"

enum {
    BLOCK_BYTES = 4 << 20,     /* of files; encoding one takes longer than waking the threads */
    BLOCK_PIECES = 1 << 15,    /* at most */
    BLOCK_TABLES = 256,        /* of small files, whose columns' names are kept, likewise */
    DIVIDED_BYTES = 1 << 18,   /* a longer text is divided: milliseconds of work */
    PIECE_BYTES = 1 << 16,     /* encoded at a time: its ids fit the L2 cache */
    KEPT_BYTES = 1 << 20,      /* of a chunk's memory, from block to block: more than common
                                  documents need, */
    KEPT_BLOCK_BYTES = 8 << 20 /* and of a block's */
};

/* ---- reading ---- */

static ore_block_piece *add_piece(ore_block *b, const ore_document_source *s) {
    void *pieces = b->pieces;
    if (ore_grow(&pieces, &b->piece_capacity, b->count + 1, sizeof *b->pieces) != ORE_OK)
        return NULL;
    b->pieces = pieces;
    ore_block_piece *piece = &b->pieces[b->count++];
    *piece = (ore_block_piece){.place = s->place, .at = b->used};
    return piece;
}

static void keep_error(ore_block_piece *piece, const ore_error *error) {
    piece->status = error->status;
    piece->why = ore_copy_text(error->message);
}

/* A document's bytes, as one piece or, of a long text, several. */
static ore_status add_document(ore_block *b, const ore_document_source *s, const ore_document *d,
                               const ore_tokenizer *t) {
    void *memory = b->bytes;
    if (b->capacity == 0) /* what most blocks need */
        ore_grow(&memory, &b->capacity, BLOCK_BYTES + BLOCK_BYTES / 4, 1);
    if (ore_ok())
        ore_grow(&memory, &b->capacity, b->used + d->size, 1);
    b->bytes = memory;
    if (ore_ok() && d->size > 0)
        memcpy(b->bytes + b->used, d->bytes, (size_t)d->size);
    bool divided = !d->table && t->kind->divide && d->size >= 2 * DIVIDED_BYTES;
    for (int64_t from = 0, end = -1; ore_ok() && end < d->size; from = end) {
        ore_block_piece *piece = add_piece(b, s);
        if (!piece)
            break;
        end = d->size;
        if (divided && from + DIVIDED_BYTES < d->size)
            end = (int64_t)t->kind->divide(t, d->bytes, (size_t)d->size,
                                           (size_t)(from + DIVIDED_BYTES));
        piece->table = d->table;
        piece->line = d->line;
        piece->bytes = end - from;
        piece->before = from;
        piece->more = end < d->size;
        piece->text_bytes = d->table ? 0 : d->size;
        b->used += piece->bytes;
    }
    return ore_error_status();
}

/* What could not be read; true: there is more behind it. */
static bool add_failure(ore_block *b, ore_document_source *s) {
    ore_error error;
    ore_error_take(&error);
    ore_block_piece *piece = add_piece(b, s);
    if (!piece)
        return false;
    keep_error(piece, &error);
    piece->last = !s->row_failed;
    return s->row_failed;
}

static void divide_among_chunks(ore_block *b) {
    int64_t done = 0;
    for (int c = 0; c < ORE_BLOCK_CHUNKS; c++) {
        b->chunks[c].first = done;
        while (done < b->count &&
               (c == ORE_BLOCK_CHUNKS - 1 ||
                b->pieces[done].at * ORE_BLOCK_CHUNKS < (int64_t)(c + 1) * b->used))
            b->pieces[done++].chunk = c;
        b->chunks[c].end = done;
    }
}

void ore_block_read(ore_block *b, ore_document_source *s, const ore_block_encoding *e) {
    ore_document d;
    bool failed = false;
    ore_block_clear(b);
    while (!failed && b->used < BLOCK_BYTES && b->count < BLOCK_PIECES &&
           s->ended_count < BLOCK_TABLES) {
        if (ore_document_source_next(s, &d))
            failed = add_document(b, s, &d, e->tokenizer) != ORE_OK;
        else if (ore_ok())
            break;
        else
            failed = !add_failure(b, s);
    }
    b->tables = s->ended;
    s->ended = NULL;
    s->ended_count = 0;
    divide_among_chunks(b);
}

/* ---- encoding ---- */

typedef struct encoding {
    ore_block_chunk *c;
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
    ore_block_chunk *c = e->c;
    void *packed = c->packed;
    if (ore_grow(&packed, &c->capacity, c->used + count * e->id_bytes, 1) != ORE_OK)
        return ore_error_status();
    c->packed = packed;
    ore_token_pack(ids, count, e->id_bytes, c->packed + c->used);
    c->used += count * e->id_bytes;
    return ORE_OK;
}

/* Whether the limits let a document of so many bytes in. */
static bool is_kept(const ore_prepare_options *o, int64_t bytes) {
    return bytes > 0 && bytes >= o->min_bytes && (o->max_bytes == 0 || bytes <= o->max_bytes);
}

/* The text of a piece, which is that of a row where it has a table; NULL on an error. */
static const char *text_of(const ore_block *b, ore_block_chunk *c, ore_block_piece *piece,
                           int64_t *bytes) {
    const char *text = b->bytes + piece->at;
    size_t size = (size_t)piece->bytes;
    if (piece->table) {
        c->row.table = piece->table;
        c->row.line = piece->line;
        text = ore_row_parse(&c->row, text, piece->bytes) == ORE_OK
                   ? ore_row_text(&c->row, 0, &size)
                   : NULL;
        piece->text_bytes = (int64_t)size;
    }
    *bytes = (int64_t)size;
    return text;
}

static ore_status encode_text(const ore_block_encoding *e, ore_block_chunk *c,
                              const ore_block_piece *piece, const char *text, int64_t bytes) {
    char name[ORE_PATH_SHOWN_BYTES];
    encoding work = {c, e->id_bytes, text, bytes};
    snprintf(name, sizeof name, "%.*s: document %lld", ORE_PATH_SHOWN_BYTES - 64,
             e->list->paths[piece->place.file], (long long)piece->place.row);
    const ore_encode_job job = {.tokenizer = e->tokenizer,
                                .name = name,
                                .piece_bytes = (size_t)ore_min_int(bytes, PIECE_BYTES),
                                .user = &work,
                                .read = give_text,
                                .put = take_ids,
                                .byte = piece->before};
    if (ore_encode(&job) == ORE_OK && !piece->more && e->separator >= 0)
        take_ids(&work, &e->separator, 1);
    return ore_error_status();
}

static void encode_piece(const ore_block_encoding *e, const ore_block *b, ore_block_chunk *c,
                         ore_block_piece *piece) {
    int64_t bytes = 0;
    piece->ids_at = c->used;
    const char *text = text_of(b, c, piece, &bytes);
    if (text && is_kept(e->options, piece->text_bytes)) {
        if (piece->before == 0) /* the pieces of a text lie one behind the other */
            piece->digest = ore_digest_of(text, (size_t)piece->text_bytes);
        encode_text(e, c, piece, text, bytes);
    }
    piece->ids = (c->used - piece->ids_at) / e->id_bytes;
    if (!ore_ok()) {
        ore_error error;
        ore_error_take(&error);
        keep_error(piece, &error);
    }
}

void ore_block_encode(ore_block *b, int chunk, const ore_block_encoding *e) {
    ore_block_chunk *c = &b->chunks[chunk];
    c->used = 0;
    for (int64_t i = c->first; i < c->end && ore_ok(); i++)
        if (b->pieces[i].status == ORE_OK)
            encode_piece(e, b, c, &b->pieces[i]);
    if (c->row.text_capacity > KEPT_BYTES)
        ore_row_release(&c->row);
}

/* ---- memory ---- */

void ore_block_clear(ore_block *b) {
    for (int64_t i = 0; i < b->count; i++)
        ore_release(b->pieces[i].why);
    ore_document_tables_close(b->tables);
    for (int i = 0; i < ORE_BLOCK_CHUNKS; i++) {
        ore_block_chunk *c = &b->chunks[i];
        if (c->capacity > KEPT_BYTES) {
            ore_release(c->packed);
            c->packed = NULL;
            c->capacity = 0;
        }
    }
    if (b->capacity > KEPT_BLOCK_BYTES) {
        ore_release(b->bytes);
        b->bytes = NULL;
        b->capacity = 0;
    }
    b->tables = NULL;
    b->used = b->count = 0;
}

void ore_block_release(ore_block *b) {
    ore_block_clear(b);
    for (int i = 0; i < ORE_BLOCK_CHUNKS; i++) {
        ore_release(b->chunks[i].packed);
        ore_row_release(&b->chunks[i].row);
    }
    ore_release(b->pieces);
    ore_release(b->bytes);
    *b = (ore_block){0};
}
