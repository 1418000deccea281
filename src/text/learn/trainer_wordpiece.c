/* trainer_wordpiece.c: WordPiece, learned by merges as Hugging Face's tokenizers does. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/utf8.h"
#include "text/composed/decoders.h"
#include "text/composed/post_processors.h"
#include "text/composed/normalize.h"
#include "text/composed/words_models.h"
#include "text/learn/seed_pieces.h"
#include "text/learn/trainer.h"

static const char mark[] = "##";
enum { MARK_BYTES = sizeof mark - 1 };

static ore_status add_stages(const ore_tokenizer_trainer *t, ore_composed *composed) {
    composed->normalizer = ore_bert_normalizer_new(t->options.lowercase);
    composed->pre_tokenizer =
        ore_trainer_stage(composed, ORE_PRE_TOKENIZER, "{\"type\": \"BertPreTokenizer\"}");
    return ore_error_status();
}

/* ---- characters ---- */

/* Ids of characters by their code points, where they begin a word and where they do not; -1: not in
 * the alphabet, or never there. */
typedef struct letters {
    int32_t *first, *inner; /* (ORE_CODE_POINTS) */
} letters;

static int32_t *no_ids(void) {
    int32_t *ids = ore_alloc(ORE_CODE_POINTS * sizeof *ids);
    if (ids)
        memset(ids, 0xFF, ORE_CODE_POINTS * sizeof *ids);
    return ids;
}

static int by_code_point(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void put(ore_vocab *vocab, const char *text, size_t bytes, int32_t *id) {
    int64_t found = ore_vocab_find(vocab, text, bytes);
    *id = (int32_t)(found >= 0 ? found : vocab->count);
    if (found < 0)
        ore_vocab_put(vocab, vocab->count, text, bytes);
}

/* Marks with 0 the characters of the alphabet that stand inside a word. */
static void find_inner(const ore_piece *const *pieces, int64_t count, letters *l) {
    for (int64_t i = 0; i < count; i++) {
        const uint8_t *start = (const uint8_t *)pieces[i]->text, *end = start + pieces[i]->bytes;
        uint32_t code_point = 0;
        for (const uint8_t *at = start; at < end;) {
            int n = ore_utf8_decode(at, end, &code_point);
            if (n && at > start && l->first[code_point] >= 0)
                l->inner[code_point] = 0;
            at += n ? n : 1;
        }
    }
}

/* The alphabet by its code points, and then those of its characters that stand inside words. */
static ore_status add_letters(ore_vocab *vocab, const ore_piece *const *pieces, int64_t count,
                              int64_t max, letters *l) {
    ore_alphabet alphabet;
    char text[MARK_BYTES + ORE_UTF8_BYTES_MAX];
    memcpy(text, mark, MARK_BYTES);
    l->first = no_ids();
    l->inner = no_ids();
    ore_alphabet_of(pieces, count, max, &alphabet);
    if (ore_ok() && alphabet.count > 0)
        qsort(alphabet.code_points, (size_t)alphabet.count, sizeof *alphabet.code_points,
              by_code_point);
    for (int64_t i = 0; ore_ok() && i < alphabet.count; i++) {
        uint32_t c = alphabet.code_points[i];
        put(vocab, text + MARK_BYTES, (size_t)ore_utf8_encode(c, text + MARK_BYTES), &l->first[c]);
    }
    if (ore_ok())
        find_inner(pieces, count, l);
    for (int64_t i = 0; ore_ok() && i < alphabet.count; i++) {
        uint32_t c = alphabet.code_points[i];
        size_t bytes = (size_t)ore_utf8_encode(c, text + MARK_BYTES);
        if (l->inner[c] == 0)
            put(vocab, text, MARK_BYTES + bytes, &l->inner[c]);
    }
    ore_alphabet_release(&alphabet);
    return ore_error_status();
}

/* Characters that are not in the alphabet are left out. */
static void letters_of(const void *user, const ore_piece *piece, ore_merge_slots *to) {
    const letters *l = user;
    const uint8_t *at = (const uint8_t *)piece->text, *start = at, *end = at + piece->bytes;
    while (at < end) {
        uint32_t code_point;
        int n = ore_utf8_decode(at, end, &code_point);
        int32_t id = n == 0 ? -1 : at == start ? l->first[code_point] : l->inner[code_point];
        if (id >= 0)
            ore_merge_slots_add(to, (uint32_t)id);
        at += n ? n : 1;
    }
}

/* ---- learning ---- */

static ore_status add_model(const ore_tokenizer_trainer *t, ore_composed *c, int64_t merge_count) {
    (void)t, (void)merge_count; /* the longest token is taken, however it came about */
    int64_t before = ore_vocab_find(&c->vocab, "[CLS]", 5);
    int64_t behind = ore_vocab_find(&c->vocab, "[SEP]", 5);
    const ore_wordpiece_options options = ore_wordpiece_defaults();
    c->model = ore_wordpiece_new(c, &options);
    c->decoder = ore_wordpiece_decoder_new(mark, true);
    if (before >= 0 && behind >= 0)
        c->post_processor = ore_frame_new(c, before, behind);
    return ore_error_status();
}

static ore_status learn(ore_tokenizer_trainer *t, ore_composed *c, ore_piece_counts *counts) {
    const ore_tokenizer_trainer_options *o = &t->options;
    letters l = {0};
    const ore_piece **pieces = ore_piece_counts_sorted(counts);
    if (pieces)
        add_letters(&c->vocab, pieces, counts->count, o->alphabet_size, &l);
    ore_release(pieces);
    if (ore_ok() && c->vocab.count > o->vocab_size)
        ore_fail(ORE_DATA,
                 "tokenizer: vocab_size %lld, expected at least %lld, for the special tokens and "
                 "the characters of the texts; alphabet_size keeps the frequent ones alone",
                 (long long)o->vocab_size, (long long)c->vocab.count);
    if (ore_ok() && ore_trainer_merge(t, c, counts, letters_of, &l, mark) == ORE_OK)
        add_model(t, c, t->merge_count);
    ore_release(l.first);
    ore_release(l.inner);
    return ore_error_status();
}

const ore_trainer_kind ore_wordpiece_trainer = {
    .unknown = "[UNK]", .add_stages = add_stages, .learn = learn, .add_model = add_model};
