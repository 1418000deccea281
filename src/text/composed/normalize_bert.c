/* normalize_bert.c: the normalizer "BertNormalizer": what BERT's own tokenizer (Devlin et al. 2018,
 * BasicTokenizer) does to a text before it looks for words. */
#include "base/error.h"
#include "text/composed/normalize.h"
#include "text/characters.h"

typedef struct bert_stage {
    ore_stage base;
    bool clean_text;           /* controls go, white space becomes the space */
    bool handle_chinese_chars; /* a space on both sides of each ideograph */
    bool lowercase;
    bool strip_accents, strip_accents_given; /* not given: as lowercase says */
} bert_stage;

static bool is_control(uint32_t c) {
    return c == 0xFFFD || (c != '\t' && c != '\n' && c != '\r' && ore_is_control(c));
}

static uint32_t plain_space(uint32_t c) {
    return ore_is_space(c) ? ' ' : c;
}

/* The blocks of CJK ideographs as BERT's code lists them. */
static bool is_ideograph(uint32_t c) {
    return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) ||
           (c >= 0x20000 && c <= 0x2A6DF) || (c >= 0x2A700 && c <= 0x2B73F) ||
           (c >= 0x2B740 && c <= 0x2B81F) || (c >= 0x2B920 && c <= 0x2CEAF) ||
           (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x2F800 && c <= 0x2FA1F);
}

static ore_status part_ideographs(ore_aligned *text) {
    ore_rewrite rewrite;
    ore_rewrite_begin(&rewrite, text);
    for (int64_t at = 0; at < text->size;) {
        int bytes;
        uint32_t c = ore_character_at(text->bytes, text->size, at, &bytes);
        if (is_ideograph(c)) {
            ore_rewrite_copy(&rewrite, at);
            ore_rewrite_put(&rewrite, ' ', 0);
            ore_rewrite_put(&rewrite, c, 1);
            if (ore_rewrite_put(&rewrite, ' ', 1) != ORE_OK)
                return ore_error_status();
        }
        at += bytes;
    }
    return ore_rewrite_finish(&rewrite);
}

static ore_status apply(const ore_stage *stage, ore_aligned *text) {
    const bert_stage *self = (const bert_stage *)stage;
    bool ascii = ore_text_is_ascii(text->bytes, text->size);
    if (self->clean_text) {
        ore_normalize_drop(text, is_control);
        ore_normalize_map(text, plain_space);
    }
    if (self->handle_chinese_chars && !ascii)
        part_ideographs(text);
    if ((self->strip_accents_given ? self->strip_accents : self->lowercase) && !ascii) {
        ore_normalize_form(text, false, false);
        ore_normalize_drop(text, ore_is_nonspacing_mark);
    }
    if (self->lowercase)
        ore_normalize_lower(text);
    return ore_error_status();
}

ore_stage *ore_bert_normalizer_new(bool lowercase) {
    bert_stage *self = ore_stage_new(&ore_bert_normalizer.stage, sizeof *self);
    if (!self)
        return NULL;
    self->clean_text = self->handle_chinese_chars = true;
    self->lowercase = lowercase;
    return &self->base;
}

static ore_stage *load(ore_composed *composed, ore_json *json, const char *path) {
    (void)composed, (void)path;
    bert_stage *self = ore_stage_new(&ore_bert_normalizer.stage, sizeof *self);
    if (!self)
        return NULL;
    ore_json_get_bool(json, "clean_text", &self->clean_text);
    ore_json_get_bool(json, "handle_chinese_chars", &self->handle_chinese_chars);
    ore_json_get_bool(json, "lowercase", &self->lowercase);
    ore_json_kind kind = ore_json_kind_of(json, "strip_accents");
    self->strip_accents_given = kind != ORE_JSON_MISSING && kind != ORE_JSON_NULL;
    if (self->strip_accents_given)
        ore_json_get_bool(json, "strip_accents", &self->strip_accents);
    if (ore_no_error())
        return &self->base;
    ore_stage_free(&self->base);
    return NULL;
}

static void save(const ore_stage *stage, const ore_composed *composed, ore_json *json) {
    (void)composed;
    const bert_stage *self = (const bert_stage *)stage;
    ore_json_set_bool(json, "clean_text", self->clean_text);
    ore_json_set_bool(json, "handle_chinese_chars", self->handle_chinese_chars);
    if (self->strip_accents_given)
        ore_json_set_bool(json, "strip_accents", self->strip_accents);
    else
        ore_json_set_null(json, "strip_accents");
    ore_json_set_bool(json, "lowercase", self->lowercase);
}

const ore_normalizer_kind ore_bert_normalizer = {
    {"BertNormalizer", load, save, NULL}, apply, ore_may_cut_before_starter};
