/* decoders_behind.c: the decoders "BPEDecoder" and "CTC", to which the token before counts. */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "text/composed/decoders.h"

/* ---- BPEDecoder: behind a token that ends a word there is a space ---- */

typedef struct bpe_stage {
    ore_stage base;
    char *suffix; /* at the end of tokens that end a word */
} bpe_stage;

static bool ends_word(const bpe_stage *self, const char *bytes, size_t size) {
    size_t count = strlen(self->suffix);
    return size >= count && memcmp(bytes + size - count, self->suffix, count) == 0;
}

/* A token has its suffix taken off, and the space in front: the last one of a text has none. */
static ore_status bpe_apply(const ore_stage *stage, const ore_composed *composed, bool first,
                            ore_token_text *text) {
    (void)composed;
    const bpe_stage *self = (const bpe_stage *)stage;
    if (ends_word(self, text->bytes, (size_t)text->size))
        text->size -= (int64_t)strlen(self->suffix);
    return first ? ORE_OK : ore_token_text_put(text, 0, 0, " ", 1);
}

static ore_token_role bpe_role(const ore_stage *stage, const ore_composed *composed, int64_t before,
                               int64_t id) {
    (void)id;
    size_t size;
    const char *bytes = ore_vocab_at(&composed->vocab, before, &size);
    return ends_word((const bpe_stage *)stage, bytes, size) ? ORE_TOKEN_WITHIN : ORE_TOKEN_BEGINS;
}

/* A suffix is a space wherever it stands in a token, and Ore takes it for one at the end alone. */
static ore_status check_tokens(const bpe_stage *self, const ore_composed *composed,
                               const char *path) {
    size_t count = strlen(self->suffix);
    if (count == 0)
        return ore_fail(ORE_UNSUPPORTED, "%s: BPEDecoder: an empty suffix, which Ore lacks", path);
    for (int64_t id = 0; id < composed->vocab.count; id++) {
        size_t size;
        const char *bytes = ore_vocab_at(&composed->vocab, id, &size);
        const char *found = size > count ? memmem(bytes, size - 1, self->suffix, count) : NULL;
        if (found)
            return ore_fail(ORE_UNSUPPORTED,
                            "%s: BPEDecoder: token %lld has its suffix before its end, which Ore "
                            "lacks",
                            path, (long long)id);
    }
    return ORE_OK;
}

static ore_stage *bpe_load(ore_composed *composed, ore_json *json, const char *path) {
    const char *suffix = ore_json_get_string(json, "suffix");
    bpe_stage *self = suffix ? ore_stage_new(&ore_bpe_decoder.stage, sizeof *self) : NULL;
    if (!self)
        return NULL;
    self->suffix = ore_copy_text(suffix);
    if (self->suffix && check_tokens(self, composed, path) == ORE_OK)
        return &self->base;
    ore_stage_free(&self->base);
    return NULL;
}

static void bpe_save(const ore_stage *stage, const ore_composed *composed, ore_json *json) {
    (void)composed;
    ore_json_set_string(json, "suffix", ((const bpe_stage *)stage)->suffix);
}

static void bpe_release(ore_stage *stage) {
    ore_release(((bpe_stage *)stage)->suffix);
}

const ore_decoder_kind ore_bpe_decoder = {
    {"BPEDecoder", bpe_load, bpe_save, bpe_release}, bpe_apply, bpe_role};

/* ---- CTC: of equal tokens side by side there is one ---- */

typedef struct ctc_stage {
    ore_stage base;
    char *pad_token, *word_delimiter_token;
    bool cleanup; /* delimiters become spaces, of which marks and English endings have none */
} ctc_stage;

static ore_status ctc_apply(const ore_stage *stage, const ore_composed *composed, bool first,
                            ore_token_text *text) {
    (void)composed, (void)first;
    const ctc_stage *self = (const ctc_stage *)stage;
    ore_token_text_replace(text, self->pad_token, "");
    if (self->cleanup && ore_no_error() && ore_token_text_clean_up(text) == ORE_OK)
        ore_token_text_replace(text, self->word_delimiter_token, " ");
    return ore_error_status();
}

static ore_token_role ctc_role(const ore_stage *stage, const ore_composed *composed, int64_t before,
                               int64_t id) {
    (void)stage, (void)composed;
    return before == id ? ORE_TOKEN_GONE : ORE_TOKEN_WITHIN;
}

static ore_stage *ctc_load(ore_composed *composed, ore_json *json, const char *path) {
    (void)composed, (void)path;
    bool cleanup = true;
    const char *pad = ore_json_get_string(json, "pad_token");
    const char *delimiter = ore_json_get_string(json, "word_delimiter_token");
    if (ore_json_get_bool(json, "cleanup", &cleanup) != ORE_OK)
        return NULL;
    ctc_stage *self = ore_stage_new(&ore_ctc_decoder.stage, sizeof *self);
    if (!self)
        return NULL;
    self->pad_token = ore_copy_text(pad);
    self->word_delimiter_token = ore_copy_text(delimiter);
    self->cleanup = cleanup;
    if (self->pad_token && self->word_delimiter_token)
        return &self->base;
    ore_stage_free(&self->base);
    return NULL;
}

static void ctc_save(const ore_stage *stage, const ore_composed *composed, ore_json *json) {
    (void)composed;
    const ctc_stage *self = (const ctc_stage *)stage;
    ore_json_set_string(json, "pad_token", self->pad_token);
    ore_json_set_string(json, "word_delimiter_token", self->word_delimiter_token);
    ore_json_set_bool(json, "cleanup", self->cleanup);
}

static void ctc_release(ore_stage *stage) {
    ore_release(((ctc_stage *)stage)->pad_token);
    ore_release(((ctc_stage *)stage)->word_delimiter_token);
}

const ore_decoder_kind ore_ctc_decoder = {
    {"CTC", ctc_load, ctc_save, ctc_release}, ctc_apply, ctc_role};
