/* unigram.c: the model "Unigram" (Kudo 2018): of all ways to write a split as tokens, the one with
 * the largest sum of scores, which are logarithms of probabilities. Viterbi's algorithm finds it
 * from left to right. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "text/aligned.h"
#include "text/composed/pieces.h"
#include "text/composed/trie.h"

typedef struct unigram {
    ore_stage base;
    ore_pieces pieces;
    ore_trie trie; /* the tokens that a text can become */
    ore_byte_pairs pairs;
    int32_t byte_ids[256];
    double unknown_score;
    bool of_bytes; /* each byte is a character: composed->byte_level */
} unigram;

/* The best way to write the text up to a place. */
typedef struct node {
    double score;
    int32_t id;    /* of its last token */
    int32_t start; /* of that token; -1: no way leads here */
} node;

typedef struct memory {
    node *nodes; /* (capacity) */
    int64_t capacity;
} memory;

static void *workspace_new(const ore_stage *stage) {
    (void)stage;
    return ore_alloc_zero(sizeof(memory));
}

static void workspace_free(void *workspace) {
    ore_release(((memory *)workspace)->nodes);
    ore_release(workspace);
}

/* ---- places that no token spans ---- */

/* Whether the text can be parted at `at`, and is: sums of scores begin anew there, so that the ids
 * of a long text are those of its parts. Sums are rounded, so a new beginning may decide a tie the
 * other way than the sum of the whole text does; few places, chosen by the bytes before them, keep
 * that rarer than a text is long. */
static bool parts_at(const unigram *self, const char *text, size_t at) {
    enum { LOOKED_AT = sizeof(uint64_t), KEPT_BITS = 10 }; /* one place in 1024 */
    if (at < LOOKED_AT || ((uint8_t)text[at] & 0xC0) == 0x80 ||
        ore_byte_pairs_have(&self->pairs, (uint8_t)text[at - 1], (uint8_t)text[at]))
        return false;
    uint64_t hash;
    memcpy(&hash, text + at - LOOKED_AT, sizeof hash);
    hash = (hash ^ hash >> 29) * 0x9E3779B97F4A7C15u; /* golden ratio; Knuth's way to hash */
    if (hash >> (64 - KEPT_BITS) != 0)
        return false;
    size_t bytes, before = (size_t)ore_character_before(text, (int64_t)at);
    return ore_trie_longest(&self->trie, text + before, at - before, &bytes) >= 0 &&
           bytes == at - before;
}

static size_t cut(const ore_stage *stage, const ore_composed *composed, const char *text,
                  size_t size) {
    (void)composed;
    for (size_t at = size - 1; size > 0 && at > 0; at--)
        if (parts_at((const unigram *)stage, text, at))
            return at;
    return 0;
}

/* ---- encoding ---- */

/* The sum as the model has it. Rounding the sum of two floats from double gives their sum in
 * float. */
static double add(const unigram *self, double a, double b) {
    return self->pieces.sentencepiece ? (double)(float)(a + b) : a + b;
}

/* What a token adds to the score. A user's symbol gets so much that it always wins. */
static double score_of(const unigram *self, int32_t id, size_t size) {
    if (self->pieces.types && self->pieces.types[id] == ORE_PIECE_USER)
        return (double)(float)(0.1 * ((double)size - 1));
    return self->pieces.scores[id];
}

static void offer(node *to, double score, int32_t id, size_t start) {
    if (to->start < 0 || score > to->score)
        *to = (node){score, id, (int32_t)start};
}

/* Where sums of float32 grow large, SentencePiece subtracts the sum so far from all. */
static void keep_small(const unigram *self, node *nodes, size_t start, size_t reached) {
    const double limit = 100000;
    double sum = nodes[start].score;
    if (!self->pieces.sentencepiece || fabs(sum) <= limit)
        return;
    for (size_t i = start; i <= reached; i++)
        if (i == start || nodes[i].start >= 0)
            nodes[i].score = add(self, nodes[i].score, -sum);
}

static void find_best(const unigram *self, node *nodes, const char *text, size_t size) {
    size_t reached = 0;
    for (size_t i = 0; i <= size; i++)
        nodes[i] = (node){0, -1, -1};
    for (size_t start = 0, next; start < size; start = next) {
        int bytes = 1;
        bool single = false;
        if (!self->of_bytes)
            ore_character_at(text, (int64_t)size, (int64_t)start, &bytes);
        next = start + (size_t)bytes;
        if (start > 0 && parts_at(self, text, start))
            nodes[start].score = 0;
        keep_small(self, nodes, start, reached);
        double so_far = nodes[start].score;
        int32_t place = 0;
        for (size_t end = start; end < size;) {
            place = ore_trie_step(&self->trie, place, (uint8_t)text[end++]);
            if (place < 0)
                break;
            int32_t id = self->trie.nodes[place].id;
            if (id < 0)
                continue;
            offer(&nodes[end], add(self, score_of(self, id, end - start), so_far), id, start);
            single |= end == next;
            reached = end > reached ? end : reached;
        }
        if (!single) {
            offer(&nodes[next], add(self, self->unknown_score, so_far), self->pieces.unknown,
                  start);
            reached = next > reached ? next : reached;
        }
    }
}

/* The id of a token by its text, as a text can become it; -1: none. */
static int32_t token_at(const unigram *self, const char *text, size_t size) {
    size_t bytes = 0;
    int32_t id = ore_trie_longest(&self->trie, text, size, &bytes);
    return bytes == size ? id : -1;
}

/* Turns the chain of best nodes around: nodes[start] then has the id of the token that begins
 * there, and its end in `start`. */
static void turn_around(node *nodes, size_t size) {
    int32_t end = (int32_t)size, start = nodes[size].start, id = nodes[size].id;
    while (end > 0) {
        node before = nodes[start];
        nodes[start].start = end;
        nodes[start].id = id;
        end = start;
        start = before.start;
        id = before.id;
    }
}

static ore_status add_ids(const unigram *self, const node *nodes, const char *text, size_t from,
                          size_t size, ore_token_list *out) {
    int32_t unknown = self->pieces.unknown;
    bool part_unknown = self->pieces.sentencepiece && self->pieces.byte_fallback;
    for (size_t start = 0, end; start < size && ore_no_error(); start = end) {
        int32_t id = nodes[start].id;
        end = (size_t)nodes[start].start;
        while (id == unknown && !part_unknown && end < size && nodes[end].id == unknown)
            end = (size_t)nodes[end].start;
        if (id == unknown && !self->pieces.sentencepiece)
            id = token_at(self, text + start, end - start);
        else if (id == unknown)
            id = -1;
        if (id >= 0)
            ore_token_list_add(out, id, (int64_t)(from + start), (int64_t)(from + end));
        else
            ore_pieces_add_unknown(&self->pieces, self->byte_ids, text - from, from + start,
                                   from + end, out);
    }
    return ore_error_status();
}

static ore_status encode(const ore_stage *stage, const ore_composed *composed,
                         ore_workspace *workspace, int64_t first, int64_t count,
                         ore_token_list *out) {
    (void)composed;
    const unigram *self = (const unigram *)stage;
    memory *m = workspace->model;
    const ore_flow *flow = &workspace->flow;
    for (int64_t i = first; i < first + count && ore_no_error(); i++) {
        ore_segment split = flow->splits[i];
        size_t size = split.end - split.start;
        void *nodes = m->nodes;
        if (ore_grow(&nodes, &m->capacity, (int64_t)size + 1, sizeof(node)) != ORE_OK)
            break;
        m->nodes = nodes;
        find_best(self, m->nodes, flow->text + split.start, size);
        turn_around(m->nodes, size);
        add_ids(self, m->nodes, flow->text + split.start, split.start, size, out);
    }
    return ore_error_status();
}

/* ---- making ---- */

static void release(ore_stage *stage) {
    unigram *self = (unigram *)stage;
    ore_pieces_release(&self->pieces);
    ore_trie_release(&self->trie);
}

/* Whether a text can become this token. */
static bool takes_part(const ore_pieces *pieces, int64_t id) {
    return !pieces->types || pieces->types[id] == ORE_PIECE_NORMAL ||
           pieces->types[id] == ORE_PIECE_USER;
}

static ore_status prepare(unigram *self, const ore_composed *composed) {
    const ore_pieces *pieces = &self->pieces;
    enum { UNKNOWN_PENALTY = 10 }; /* below the smallest score, as in SentencePiece */
    self->of_bytes = composed->byte_level;
    double smallest = pieces->sentencepiece ? FLT_MAX : INFINITY;
    ore_trie_key *keys = ore_alloc((size_t)pieces->count * sizeof *keys + 1);
    int64_t used = 0;
    for (int64_t id = 0; keys && id < pieces->count; id++) {
        size_t size;
        const char *bytes = ore_vocab_at(&composed->vocab, id, &size);
        bool normal = !pieces->types || pieces->types[id] == ORE_PIECE_NORMAL;
        if (normal && pieces->scores[id] < smallest)
            smallest = pieces->scores[id];
        if (!takes_part(pieces, id) || size == 0)
            continue;
        keys[used++] = (ore_trie_key){bytes, size, (int32_t)id};
        ore_byte_pairs_add(&self->pairs, bytes, size);
    }
    self->unknown_score = add(self, smallest, -UNKNOWN_PENALTY);
    ore_byte_tokens(&composed->vocab, self->byte_ids);
    if (keys)
        ore_trie_init(&self->trie, keys, used);
    ore_release(keys);
    return ore_error_status();
}

ore_stage *ore_unigram_new(const ore_composed *composed, ore_pieces *pieces) {
    unigram *self =
        ore_no_error() ? ore_stage_new(&ore_unigram_model_kind.stage, sizeof *self) : NULL;
    if (!self) {
        ore_pieces_release(pieces);
        return NULL;
    }
    self->pieces = *pieces;
    *pieces = (ore_pieces){0};
    if (prepare(self, composed) == ORE_OK)
        return &self->base;
    ore_stage_free(&self->base);
    return NULL;
}

const ore_pieces *ore_unigram_pieces(const ore_stage *model) {
    return &((const unigram *)model)->pieces;
}

static ore_stage *load(ore_composed *composed, ore_json *json, const char *path) {
    ore_pieces pieces;
    ore_pieces_load(&pieces, composed, json, path);
    return ore_unigram_new(composed, &pieces);
}

static void save(const ore_stage *stage, const ore_composed *composed, ore_json *json) {
    ore_pieces_save(&((const unigram *)stage)->pieces, composed, json);
}

const ore_model_kind ore_unigram_model_kind = {
    {"Unigram", load, save, release}, workspace_new, workspace_free, encode, cut, NULL};
