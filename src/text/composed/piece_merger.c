/* piece_merger.c: the model "SentencePieceBPE": byte pair encoding as SentencePiece does it
 * (Kudo and Richardson 2018). There is no list of merges: of the neighbours whose texts together
 * are a token, those with the largest score become one first, from left to right among equals. */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "text/aligned.h"
#include "text/composed/pieces.h"
#include "text/composed/trie.h"

typedef struct merger {
    ore_stage base;
    ore_pieces pieces;
    ore_trie user; /* users' symbols, which nothing is merged with */
    ore_byte_pairs pairs;
    int32_t byte_ids[256];
    bool parts_unused; /* there are unused tokens */
} merger;

typedef struct symbol {
    int32_t previous, next; /* -1: none */
    uint32_t start, size;   /* in the split; size 0: it was merged into the one before */
    bool frozen;            /* never merged */
} symbol;

/* Two neighbours that can become one. */
typedef struct pair {
    double score;
    int32_t left, right;
    uint32_t size; /* of both together; another size now: one of them has changed since */
} pair;

typedef struct memory {
    symbol *symbols;
    int64_t symbol_count, symbol_capacity;
    pair *heap;
    int64_t heap_count, heap_capacity;
    /* (tokens of the model) of an unused token, the bytes of the first of the two parts that it was
     * last made of; NULL: there are no unused tokens */
    uint32_t *first_parts;
} memory;

static void workspace_free(void *workspace);

static void *workspace_new(const ore_stage *stage) {
    const merger *self = (const merger *)stage;
    memory *m = ore_alloc_zero(sizeof *m);
    if (m && self->parts_unused) {
        m->first_parts = ore_alloc_zero((size_t)self->pieces.count * sizeof *m->first_parts);
        if (!m->first_parts) {
            workspace_free(m);
            return NULL;
        }
    }
    return m;
}

static void workspace_free(void *workspace) {
    memory *m = workspace;
    ore_release(m->symbols);
    ore_release(m->heap);
    ore_release(m->first_parts);
    ore_release(m);
}

/* ---- pairs in the order of their scores ---- */

static bool comes_first(const pair *a, const pair *b) {
    return a->score > b->score || (a->score == b->score && a->left < b->left);
}

static ore_status push(memory *m, pair p) {
    void *heap = m->heap;
    if (ore_grow(&heap, &m->heap_capacity, m->heap_count + 1, sizeof p) != ORE_OK)
        return ore_error_status();
    m->heap = heap;
    int64_t at = m->heap_count++;
    for (; at > 0 && comes_first(&p, &m->heap[(at - 1) / 2]); at = (at - 1) / 2)
        m->heap[at] = m->heap[(at - 1) / 2];
    m->heap[at] = p;
    return ORE_OK;
}

static pair pop(memory *m) {
    pair top = m->heap[0], p = m->heap[--m->heap_count];
    int64_t at = 0, child;
    while ((child = 2 * at + 1) < m->heap_count) {
        if (child + 1 < m->heap_count && comes_first(&m->heap[child + 1], &m->heap[child]))
            child++;
        if (!comes_first(&m->heap[child], &p))
            break;
        m->heap[at] = m->heap[child];
        at = child;
    }
    m->heap[at] = p;
    return top;
}

/* ---- merging ---- */

/* Notes two neighbours, if their texts together are a token. */
static void consider(const merger *self, const ore_composed *composed, memory *m, const char *text,
                     int32_t left, int32_t right) {
    if (left < 0 || right < 0)
        return;
    const symbol *a = &m->symbols[left], *b = &m->symbols[right];
    if (a->frozen || b->frozen)
        return;
    uint32_t size = a->size + b->size;
    int64_t id = ore_pieces_find(&self->pieces, composed, text + a->start, size);
    if (id < 0)
        return;
    push(m, (pair){self->pieces.scores[id], left, right, size});
    if (self->pieces.types[id] == ORE_PIECE_UNUSED)
        m->first_parts[id] = a->size;
}

/* Parts the text into users' symbols and characters. */
static ore_status make_symbols(const merger *self, memory *m, const char *text, size_t size) {
    m->symbol_count = m->heap_count = 0;
    void *symbols = m->symbols;
    if (ore_grow(&symbols, &m->symbol_capacity, (int64_t)size, sizeof(symbol)) != ORE_OK)
        return ore_error_status();
    m->symbols = symbols;
    for (size_t at = 0, bytes; at < size; at += bytes) {
        bool frozen = ore_trie_longest(&self->user, text + at, size - at, &bytes) >= 0;
        if (!frozen) {
            int n;
            ore_character_at(text, (int64_t)size, (int64_t)at, &n);
            bytes = (size_t)n;
        }
        int32_t i = (int32_t)m->symbol_count++;
        int32_t next = at + bytes < size ? i + 1 : -1;
        m->symbols[i] = (symbol){i - 1, next, (uint32_t)at, (uint32_t)bytes, frozen};
    }
    return ORE_OK;
}

static void merge_all(const merger *self, const ore_composed *composed, memory *m,
                      const char *text) {
    for (int32_t i = 0; i + 1 < m->symbol_count; i++)
        consider(self, composed, m, text, i, i + 1);
    while (m->heap_count > 0 && ore_no_error()) {
        pair p = pop(m);
        symbol *left = &m->symbols[p.left], *right = &m->symbols[p.right];
        if (left->size == 0 || right->size == 0 || left->size + right->size != p.size)
            continue;
        left->size = p.size;
        left->next = right->next;
        if (right->next >= 0)
            m->symbols[right->next].previous = p.left;
        right->size = 0;
        consider(self, composed, m, text, left->previous, p.left);
        consider(self, composed, m, text, p.left, left->next);
    }
}

/* ---- ids ---- */

/* Appends the id of a text, or, where its token is unused, those of its parts. A part is shorter
 * than the whole; deeper than SentencePiece's own limit the text is unknown. */
typedef struct ids {
    const merger *self;
    const ore_composed *composed;
    const memory *memory;
    const char *text;
    size_t from;
    ore_token_list *out;
    uint32_t unknown_start, unknown_end; /* what has no token and is not appended yet */
} ids;

static void flush_unknown(ids *to) {
    if (to->unknown_start < to->unknown_end)
        ore_pieces_add_unknown(&to->self->pieces, to->self->byte_ids, to->text - to->from,
                               to->from + to->unknown_start, to->from + to->unknown_end, to->out);
    to->unknown_start = to->unknown_end;
}

static void add_unknown(ids *to, uint32_t start, uint32_t size) {
    if (to->self->pieces.byte_fallback || to->unknown_end != start ||
        to->unknown_start == to->unknown_end) {
        flush_unknown(to);
        to->unknown_start = start;
    }
    to->unknown_end = start + size;
}

static void add_text(ids *to, uint32_t start, uint32_t size, int depth) {
    enum { DEPTH = 100 }; /* SentencePiece's limit */
    const merger *self = to->self;
    int64_t id = ore_pieces_find(&self->pieces, to->composed, to->text + start, size);
    bool unused = id >= 0 && self->pieces.types[id] == ORE_PIECE_UNUSED;
    if (id >= 0 && (!unused || depth > DEPTH)) {
        flush_unknown(to);
        ore_token_list_add(to->out, id, (int64_t)(to->from + start),
                           (int64_t)(to->from + start + size));
        return;
    }
    uint32_t part = unused ? to->memory->first_parts[id] : 0;
    if (part == 0 || part >= size) { /* a character by itself */
        add_unknown(to, start, size);
        return;
    }
    add_text(to, start, part, depth + 1);
    add_text(to, start + part, size - part, depth + 1);
}

static ore_status encode(const ore_stage *stage, const ore_composed *composed,
                         ore_workspace *workspace, int64_t first, int64_t count,
                         ore_token_list *out) {
    const merger *self = (const merger *)stage;
    memory *m = workspace->model;
    for (int64_t i = first; i < first + count && ore_no_error(); i++) {
        ore_segment split = workspace->flow.splits[i];
        const char *text = workspace->flow.text + split.start;
        if (make_symbols(self, m, text, split.end - split.start) != ORE_OK)
            break;
        merge_all(self, composed, m, text);
        ids to = {self, composed, m, text, split.start, out, 0, 0};
        for (int32_t at = 0; at >= 0 && m->symbol_count > 0; at = m->symbols[at].next)
            add_text(&to, m->symbols[at].start, m->symbols[at].size, 0);
        flush_unknown(&to);
    }
    return ore_error_status();
}

/* ---- places that no token spans ---- */

static size_t cut(const ore_stage *stage, const ore_composed *composed, const char *text,
                  size_t size) {
    const merger *self = (const merger *)stage;
    for (size_t at = size - 1; size > 0 && at > 0; at--) {
        if (((uint8_t)text[at] & 0xC0) == 0x80 ||
            ore_byte_pairs_have(&self->pairs, (uint8_t)text[at - 1], (uint8_t)text[at]))
            continue;
        size_t before = (size_t)ore_character_before(text, (int64_t)at);
        int64_t id = ore_pieces_find(&self->pieces, composed, text + before, at - before);
        if (self->pieces.byte_fallback || (id >= 0 && !self->parts_unused))
            return at;
    }
    return 0;
}

/* ---- making ---- */

static void release(ore_stage *stage) {
    merger *self = (merger *)stage;
    ore_pieces_release(&self->pieces);
    ore_trie_release(&self->user);
}

static ore_status prepare(merger *self, const ore_composed *composed) {
    const ore_pieces *pieces = &self->pieces;
    for (int64_t id = 0; id < pieces->count; id++) {
        size_t size;
        const char *bytes = ore_vocab_at(&composed->vocab, id, &size);
        uint8_t type = pieces->types[id];
        self->parts_unused |= type == ORE_PIECE_UNUSED;
        if (ore_piece_is_text(type))
            ore_byte_pairs_add(&self->pairs, bytes, size);
    }
    ore_byte_tokens(&composed->vocab, self->byte_ids);
    return ore_pieces_user_symbols(pieces, composed, &self->user);
}

ore_stage *ore_piece_merger_new(const ore_composed *composed, ore_pieces *pieces) {
    merger *self =
        ore_no_error() ? ore_stage_new(&ore_piece_merger_model_kind.stage, sizeof *self) : NULL;
    if (!self) {
        ore_pieces_release(pieces);
        return NULL;
    }
    self->pieces = *pieces;
    *pieces = (ore_pieces){0};
    if (!self->pieces.types)
        ore_fail(ORE_DATA, "tokenizer: SentencePieceBPE: tokens without types");
    else if (prepare(self, composed) == ORE_OK)
        return &self->base;
    ore_stage_free(&self->base);
    return NULL;
}

const ore_pieces *ore_piece_merger_pieces(const ore_stage *model) {
    return &((const merger *)model)->pieces;
}

static ore_stage *load(ore_composed *composed, ore_json *json, const char *path) {
    ore_pieces pieces;
    ore_pieces_load(&pieces, composed, json, path);
    return ore_piece_merger_new(composed, &pieces);
}

static void save(const ore_stage *stage, const ore_composed *composed, ore_json *json) {
    ore_pieces_save(&((const merger *)stage)->pieces, composed, json);
}

const ore_model_kind ore_piece_merger_model_kind = {
    {"SentencePieceBPE", load, save, release}, workspace_new, workspace_free, encode, cut, NULL};
