#include <string.h>

#include "support/word_tokenizer.h"
#include "text/tokenizer.h"

typedef struct word_tokenizer {
    ore_tokenizer base;
    const char *const *words;
    char bytes[256];
} word_tokenizer;

static void word_save(const ore_tokenizer *tokenizer, ore_json *root) {
    const word_tokenizer *self = (const word_tokenizer *)tokenizer;
    ore_json *words = ore_json_set_array(root, "words"); /* bytes, since some are no characters */
    for (int64_t i = 0; i < tokenizer->size - 256; i++) {
        ore_json *word = ore_json_add_array(words);
        for (const char *byte = self->words[i]; *byte; byte++)
            ore_json_add_int(word, (unsigned char)*byte);
    }
}

static const char *word_bytes(const ore_tokenizer *tokenizer, int64_t id, bool first,
                              size_t *count) {
    const word_tokenizer *self = (const word_tokenizer *)tokenizer;
    (void)first;
    *count = id < 256 ? 1 : strlen(self->words[id - 256]);
    return id < 256 ? &self->bytes[id] : self->words[id - 256];
}

/* The longest token that `bytes` of text start with; -1 where more text could make a longer one. */
static int64_t longest(const word_tokenizer *self, const char *text, size_t bytes, bool last,
                       size_t *taken) {
    int64_t best = (unsigned char)*text;
    *taken = 1;
    for (int64_t i = 0; i < self->base.size - 256; i++) {
        size_t length = strlen(self->words[i]), common = length < bytes ? length : bytes;
        if (length <= *taken || memcmp(text, self->words[i], common) != 0)
            continue;
        if (length > bytes && !last)
            return -1;
        if (length <= bytes) {
            best = 256 + i;
            *taken = length;
        }
    }
    return best;
}

static ore_status word_encode(const ore_tokenizer *tokenizer, ore_text_place *place,
                              const char *text, size_t bytes, bool last, size_t *used,
                              ore_token_list *out) {
    for (size_t taken; *used < bytes; *used += taken, place->byte += (int64_t)taken) {
        int64_t id =
            longest((const word_tokenizer *)tokenizer, text + *used, bytes - *used, last, &taken);
        if (id < 0)
            break;
        if (ore_token_list_add(out, id, place->byte, place->byte + (int64_t)taken) != ORE_OK)
            return ore_error_status();
    }
    return ORE_OK;
}

static int64_t word_find(const ore_tokenizer *tokenizer, const char *text, size_t bytes) {
    size_t taken = 0;
    int64_t id = bytes ? longest((const word_tokenizer *)tokenizer, text, bytes, true, &taken) : -1;
    return taken == bytes ? id : -1;
}

static const ore_tokenizer_kind kind = {.name = "words of a test",
                                        .save = word_save,
                                        .encode = word_encode,
                                        .bytes = word_bytes,
                                        .find = word_find};

ore_tokenizer *word_tokenizer_new(const char *const *words, int count) {
    ore_tokenizer *tokenizer = ore_tokenizer_new(&kind, sizeof(word_tokenizer));
    word_tokenizer *self = (word_tokenizer *)tokenizer;
    tokenizer->size = 256 + count;
    self->words = words;
    for (int i = 0; i < 256; i++)
        self->bytes[i] = (char)i;
    ore_tokenizer_add_special(tokenizer, "separator", '\n');
    return tokenizer;
}
