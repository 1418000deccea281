/* tokenizer_word.c: one token for each frequent word of a text, and one for all others. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "text/tokenizer.h"
#include "text/words.h"

typedef struct word_tokenizer {
    ore_tokenizer base; /* first: an ore_tokenizer of this kind is one of these */
    ore_word_options options;
    ore_word_table table;
    int64_t unknown; /* the id of what has no other one */
} word_tokenizer;

ore_word_options ore_word_defaults(void) {
    return (ore_word_options){
        .min_frequency = 1, .max_size = 0, .lowercase = false, .rules = 0, .separator = false};
}

/* ---- counting ---- */

struct ore_word_counts {
    ore_word_options options;
    ore_word_table table;
    int64_t *counts; /* (capacity) by number */
    int64_t capacity;
};

ore_word_counts *ore_word_counts_new(const ore_word_options *options) {
    ore_word_options o = options ? *options : ore_word_defaults();
    if (!ore_ok())
        return NULL;
    if (o.min_frequency < 1 || o.max_size < 0 || o.rules >= 1u << ORE_WORD_KINDS) {
        ore_fail(ORE_INVALID,
                 "words: min_frequency %lld, max_size %lld, rules %u, expected at "
                 "least 1, at least 0, and rules there are",
                 (long long)o.min_frequency, (long long)o.max_size, o.rules);
        return NULL;
    }
    ore_word_counts *counts = ore_alloc_zero(sizeof *counts);
    if (counts)
        counts->options = o;
    return counts;
}

static ore_status count_word(ore_word_counts *counts, const ore_word *word) {
    int64_t number = ore_word_table_add(&counts->table, word->text, word->bytes);
    void *all = counts->counts;
    int64_t before = counts->capacity;
    if (number < 0 || ore_grow(&all, &counts->capacity, number + 1, sizeof(int64_t)) != ORE_OK)
        return ore_error_status();
    counts->counts = all;
    if (counts->capacity > before)
        memset(counts->counts + before, 0,
               (size_t)(counts->capacity - before) * sizeof *counts->counts);
    counts->counts[number]++;
    return ORE_OK;
}

/* Counts the words of `bytes` bytes, as far as what may follow cannot change them; *used are they.
 */
static ore_status count_piece(ore_word_counts *counts, const char *name, const char *text,
                              size_t bytes, bool last, size_t *used) {
    const char *at = text, *end = text + bytes;
    ore_word word;
    while (at < end && (last || end - at >= ORE_WORD_AHEAD)) {
        if (!ore_word_next(&counts->options, at, end, &word))
            return ore_fail(ORE_DATA, "%s: byte %lld (0x%02X) of the text is not valid UTF-8", name,
                            (long long)(at - text), (unsigned)(uint8_t)*at);
        if (word.bytes && count_word(counts, &word) != ORE_OK)
            return ore_error_status();
        at += word.taken;
    }
    *used = (size_t)(at - text);
    return ORE_OK;
}

ore_status ore_word_counts_add(ore_word_counts *counts, const char *text, size_t bytes) {
    size_t used;
    if (!ore_ok() || !counts)
        return ore_error_status();
    return count_piece(counts, "words", text, bytes, true, &used);
}

void ore_word_counts_free(ore_word_counts *counts) {
    if (!counts)
        return;
    ore_word_table_release(&counts->table);
    ore_release(counts->counts);
    ore_release(counts);
}

/* ---- making ---- */

static word_tokenizer *new_tokenizer(const ore_word_options *o) {
    word_tokenizer *self =
        (word_tokenizer *)ore_tokenizer_new(&ore_word_tokenizer_kind, sizeof *self);
    if (self)
        self->options = *o;
    return self;
}

/* A token that is there whatever the text has, and its name among the special ones. */
static int64_t add_special(word_tokenizer *self, const char *name, const char *text) {
    int64_t id = ore_word_table_add(&self->table, text, strlen(text));
    if (id >= 0)
        ore_tokenizer_add_special(&self->base, name, id);
    return id;
}

static const char *const kind_names[] = {"url", "user", "number"};

static void add_specials(word_tokenizer *self) {
    self->unknown = add_special(self, "unk", ore_word_unknown);
    add_special(self, "pad", ore_word_padding);
    if (self->options.separator)
        add_special(self, "separator", "\n");
    for (int k = 0; k < ORE_WORD_KINDS; k++)
        if (self->options.rules & 1u << k)
            add_special(self, kind_names[k], ore_word_kinds[k]);
}

/* A word by its count, for sorting. */
typedef struct ranked {
    int64_t count;
    const char *text;
    size_t bytes;
} ranked;

/* The frequent ones first; equally frequent ones in the order of their bytes. */
static int by_rank(const void *a, const void *b) {
    const ranked *x = a, *y = b;
    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    int order = memcmp(x->text, y->text, x->bytes < y->bytes ? x->bytes : y->bytes);
    return order ? order : (x->bytes > y->bytes) - (x->bytes < y->bytes);
}

static ranked *rank(const ore_word_counts *counts) {
    size_t bytes;
    if (ore_bytes_of(counts->table.count, sizeof(ranked), &bytes) != ORE_OK)
        return NULL;
    ranked *words = ore_alloc(bytes);
    for (int64_t i = 0; words && i < counts->table.count; i++) {
        size_t n;
        const char *at = ore_word_table_at(&counts->table, i, &n);
        words[i] = (ranked){counts->counts[i], at + 1, n - 1};
    }
    if (words && counts->table.count)
        qsort(words, (size_t)counts->table.count, sizeof *words, by_rank);
    return words;
}

ore_tokenizer *ore_tokenizer_new_words(const ore_word_counts *counts) {
    if (!ore_ok() || !counts)
        return NULL;
    const ore_word_options *o = &counts->options;
    word_tokenizer *self = new_tokenizer(o);
    ranked *words = self ? rank(counts) : NULL;
    if (words)
        add_specials(self);
    if (ore_ok() && o->max_size && o->max_size < self->table.count)
        ore_fail(ORE_INVALID,
                 "words: max_size %lld, expected at least %lld, for the special tokens",
                 (long long)o->max_size, (long long)self->table.count);
    for (int64_t i = 0; ore_ok() && i < counts->table.count; i++) {
        bool full = o->max_size && self->table.count >= o->max_size;
        if (full || words[i].count < o->min_frequency)
            break;
        ore_word_table_add(&self->table, words[i].text, words[i].bytes);
    }
    ore_release(words);
    if (self)
        self->base.size = self->table.count;
    if (ore_ok())
        return &self->base;
    ore_tokenizer_free(self ? &self->base : NULL);
    return NULL;
}

ore_tokenizer *ore_tokenizer_new_word(const ore_text *text, const ore_word_options *options) {
    enum { PIECE_BYTES = 1 << 16 };
    if (!ore_ok() || !text)
        return NULL;
    ore_word_counts *counts = ore_word_counts_new(options);
    char *piece = counts ? ore_alloc(PIECE_BYTES) : NULL;
    size_t held = 0, used = 0;
    int64_t at = 0, got = piece ? 1 : -1;
    while (got > 0) {
        got = ore_text_read(text, &at, piece + held, PIECE_BYTES - held);
        held += got > 0 ? (size_t)got : 0;
        if (got >= 0 &&
            count_piece(counts, ore_text_name(text), piece, held, got == 0, &used) != ORE_OK)
            break;
        held -= used;
        memmove(piece, piece + used, held);
    }
    ore_tokenizer *tokenizer = ore_ok() ? ore_tokenizer_new_words(counts) : NULL;
    ore_release(piece);
    ore_word_counts_free(counts);
    return tokenizer;
}

static void word_release(ore_tokenizer *tokenizer) {
    ore_word_table_release(&((word_tokenizer *)tokenizer)->table);
}

/* ---- tokenizer.json: "lowercase", "rules" by name, and "vocab", each token's text by id ---- */

static void word_save(const ore_tokenizer *tokenizer, ore_json *root) {
    const word_tokenizer *self = (const word_tokenizer *)tokenizer;
    ore_json_set_bool(root, "lowercase", self->options.lowercase);
    ore_json *rules = ore_json_set_array(root, "rules");
    for (int k = 0; k < ORE_WORD_KINDS; k++)
        if (self->options.rules & 1u << k)
            ore_json_add_string(rules, kind_names[k]);
    ore_json *vocab = ore_json_set_array(root, "vocab");
    for (int64_t id = 0; id < tokenizer->size && ore_ok(); id++) {
        char text[ORE_TOKEN_BYTES + 1] = {0};
        size_t bytes;
        const char *at = ore_word_table_at(&self->table, id, &bytes);
        memcpy(text, at + 1, bytes - 1);
        ore_json_add_string(vocab, text);
    }
}

static void read_rules(word_tokenizer *self, const ore_json *rules, const char *path) {
    for (int64_t i = 0; ore_ok() && i < ore_json_count(rules); i++) {
        const char *name = ore_json_at_string(rules, i);
        int kind = 0;
        while (name && kind < ORE_WORD_KINDS && strcmp(name, kind_names[kind]) != 0)
            kind++;
        if (name && kind == ORE_WORD_KINDS)
            ore_fail(ORE_DATA,
                     "%s: rules[%lld]: \"%.32s\", expected \"url\", \"user\" or "
                     "\"number\"",
                     path, (long long)i, name);
        self->options.rules |= 1u << kind;
    }
}

/* Each must be a word as encoding makes them, or no text would ever have it. */
static void read_vocab(word_tokenizer *self, const ore_json *vocab, const char *path) {
    for (int64_t i = 0; ore_ok() && i < ore_json_count(vocab); i++) {
        ore_word word = {.bytes = 0};
        const char *text = ore_json_at_string(vocab, i);
        size_t bytes = text ? strlen(text) : 0;
        if (!text)
            return;
        bool is_word = bytes > 0 && bytes <= ORE_WORD_BYTES &&
                       ore_word_next(&self->options, text, text + bytes, &word) &&
                       word.taken == bytes && word.bytes == bytes &&
                       memcmp(word.text, text, bytes) == 0;
        if (!is_word)
            ore_fail(ORE_DATA, "%s: vocab[%lld]: \"%.32s\" is no word of this tokenizer", path,
                     (long long)i, text);
        else if (ore_word_table_add(&self->table, text, bytes) < i && ore_ok())
            ore_fail(ORE_DATA, "%s: vocab[%lld]: \"%.32s\" is in the vocabulary twice", path,
                     (long long)i, text);
    }
    self->base.size = self->table.count;
}

/* A special token of that name has that text; it must be there where `needed`. */
static int64_t check_special(const word_tokenizer *self, const char *name, const char *text,
                             bool needed, const char *path) {
    int64_t id = ore_tokenizer_special(&self->base, name);
    bool right = id >= 0 && id == ore_word_table_find(&self->table, text, strlen(text));
    if (id < 0 ? needed : !right)
        ore_fail(ORE_DATA, "%s: special_tokens: %s is not \"%s\"", path, name,
                 *text == '\n' ? "\\n" : text);
    return id;
}

static ore_tokenizer *word_load(ore_json *root, const char *path) {
    ore_word_options o = ore_word_defaults();
    ore_json_get_bool(root, "lowercase", &o.lowercase);
    ore_json *rules = ore_json_get_array(root, "rules"), *vocab = ore_json_get_array(root, "vocab");
    word_tokenizer *self = ore_ok() ? new_tokenizer(&o) : NULL;
    if (!self)
        return NULL;
    read_rules(self, rules, path);
    read_vocab(self, vocab, path);
    if (!ore_ok() || ore_tokenizer_read_specials(&self->base, root, path) != ORE_OK)
        return &self->base;
    self->unknown = check_special(self, "unk", ore_word_unknown, true, path);
    check_special(self, "pad", ore_word_padding, true, path);
    self->options.separator = check_special(self, "separator", "\n", false, path) >= 0;
    for (int k = 0; k < ORE_WORD_KINDS; k++)
        check_special(self, kind_names[k], ore_word_kinds[k], self->options.rules & 1u << k, path);
    return &self->base;
}

/* ---- encoding and decoding ---- */

static ore_status word_encode(const ore_tokenizer *tokenizer, ore_text_place *place,
                              const char *text, size_t bytes, bool last, size_t *used,
                              ore_token_list *out) {
    const word_tokenizer *self = (const word_tokenizer *)tokenizer;
    const char *at = text, *end = text + bytes;
    ore_word word;
    while (at < end && (last || end - at >= ORE_WORD_AHEAD)) {
        if (!ore_word_next(&self->options, at, end, &word))
            return ore_fail(ORE_DATA, "%s: byte %lld (0x%02X) of the text is not valid UTF-8",
                            place->name, (long long)place->byte, (unsigned)(uint8_t)*at);
        int64_t id = word.bytes ? ore_word_table_find(&self->table, word.text, word.bytes) : -1;
        if (word.bytes && ore_token_list_add(out, id < 0 ? self->unknown : id, place->byte,
                                             place->byte + (int64_t)word.taken) != ORE_OK)
            return ore_error_status();
        place->byte += (int64_t)word.taken;
        place->character += word.characters;
        at += word.taken;
    }
    *used = (size_t)(at - text);
    return ORE_OK;
}

/* Whether a token stands behind the one before it without a space: a line's end, and the marks that
 * close something. */
static bool is_glued(const char *text, size_t bytes) {
    return bytes == 1 && strchr("\n.,;:!?)]}%", *text) != NULL;
}

static const char *word_bytes(const ore_tokenizer *tokenizer, int64_t id, bool first,
                              size_t *count) {
    const word_tokenizer *self = (const word_tokenizer *)tokenizer;
    const char *at = ore_word_table_at(&self->table, id, count);
    bool bare = first || is_glued(at + 1, *count - 1);
    *count -= bare;
    return at + bare;
}

/* With the space before it or without. */
static int64_t word_find(const ore_tokenizer *tokenizer, const char *text, size_t bytes) {
    const word_tokenizer *self = (const word_tokenizer *)tokenizer;
    bool spaced = bytes > 1 && *text == ' ';
    return bytes ? ore_word_table_find(&self->table, text + spaced, bytes - spaced) : -1;
}

const ore_tokenizer_kind ore_word_tokenizer_kind = {.name = "word",
                                                    .load = word_load,
                                                    .save = word_save,
                                                    .release = word_release,
                                                    .encode = word_encode,
                                                    .bytes = word_bytes,
                                                    .find = word_find,
                                                    .lines = true};
