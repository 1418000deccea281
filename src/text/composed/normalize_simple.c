/* normalize_simple.c: the normalizers "Lowercase", "StripAccents", "Strip", "Nmt", "Prepend" and
 * "ByteLevel". */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "text/composed/normalize.h"
#include "text/characters.h"

/* ---- changes that several normalizers consist of ---- */

ore_status ore_normalize_lower(ore_aligned *text) {
    ore_rewrite rewrite;
    ore_rewrite_begin(&rewrite, text);
    for (int64_t at = 0; at < text->size;) {
        uint32_t lower[ORE_LOWER_MAX];
        int bytes;
        uint32_t code_point = ore_character_at(text->bytes, text->size, at, &bytes);
        int count = ore_lower(code_point, lower);
        if (count > 1 || lower[0] != code_point) {
            ore_rewrite_copy(&rewrite, at);
            for (int i = 0; i < count; i++)
                if (ore_rewrite_put(&rewrite, lower[i], i > 0) != ORE_OK)
                    return ore_error_status();
        }
        at += bytes;
    }
    return ore_rewrite_finish(&rewrite);
}

ore_status ore_normalize_drop(ore_aligned *text, bool (*drops)(uint32_t code_point)) {
    ore_rewrite rewrite;
    ore_rewrite_begin(&rewrite, text);
    for (int64_t at = 0; at < text->size;) {
        int bytes;
        uint32_t code_point = ore_character_at(text->bytes, text->size, at, &bytes);
        if (drops(code_point)) {
            if (ore_rewrite_copy(&rewrite, at) != ORE_OK)
                return ore_error_status();
            ore_rewrite_skip(&rewrite, 1);
        }
        at += bytes;
    }
    return ore_rewrite_finish(&rewrite);
}

ore_status ore_normalize_map(ore_aligned *text, uint32_t (*map)(uint32_t code_point)) {
    ore_rewrite rewrite;
    ore_rewrite_begin(&rewrite, text);
    for (int64_t at = 0; at < text->size;) {
        int bytes;
        uint32_t code_point = ore_character_at(text->bytes, text->size, at, &bytes);
        uint32_t mapped = map(code_point);
        if (mapped != code_point) {
            ore_rewrite_copy(&rewrite, at);
            if (ore_rewrite_put(&rewrite, mapped, 0) != ORE_OK)
                return ore_error_status();
        }
        at += bytes;
    }
    return ore_rewrite_finish(&rewrite);
}

/* ---- Lowercase ---- */

static ore_status apply_lowercase(const ore_stage *stage, ore_aligned *text) {
    (void)stage;
    return ore_normalize_lower(text);
}

static ore_stage *load_lowercase(ore_composed *composed, ore_json *json, const char *path) {
    (void)composed, (void)json, (void)path;
    return ore_stage_new(&ore_lowercase_normalizer.stage, sizeof(ore_stage));
}

const ore_normalizer_kind ore_lowercase_normalizer = {
    {"Lowercase", load_lowercase, NULL, NULL}, apply_lowercase, NULL};

/* ---- StripAccents: marks go ---- */

static ore_status apply_strip_accents(const ore_stage *stage, ore_aligned *text) {
    (void)stage;
    return ore_normalize_drop(text, ore_is_mark);
}

static ore_stage *load_strip_accents(ore_composed *composed, ore_json *json, const char *path) {
    (void)composed, (void)json, (void)path;
    return ore_stage_new(&ore_strip_accents_normalizer.stage, sizeof(ore_stage));
}

const ore_normalizer_kind ore_strip_accents_normalizer = {
    {"StripAccents", load_strip_accents, NULL, NULL}, apply_strip_accents, NULL};

/* ---- Nmt: what SentencePiece's rules of that name do ---- */

static bool is_nmt_control(uint32_t c) {
    return (c >= 0x01 && c <= 0x08) || c == 0x0B || (c >= 0x0E && c <= 0x1F) || c == 0x7F ||
           c == 0x8F || c == 0x9F;
}

static uint32_t nmt_space(uint32_t c) {
    bool space = c == '\t' || c == '\n' || c == 0x0C || c == '\r' || c == 0x1680 ||
                 (c >= 0x200B && c <= 0x200F) || c == 0x2028 || c == 0x2029 || c == 0x2581 ||
                 c == 0xFEFF || c == 0xFFFD;
    return space ? ' ' : c;
}

static ore_status apply_nmt(const ore_stage *stage, ore_aligned *text) {
    (void)stage;
    ore_normalize_drop(text, is_nmt_control);
    return ore_normalize_map(text, nmt_space);
}

static ore_stage *load_nmt(ore_composed *composed, ore_json *json, const char *path) {
    (void)composed, (void)json, (void)path;
    return ore_stage_new(&ore_nmt_normalizer.stage, sizeof(ore_stage));
}

const ore_normalizer_kind ore_nmt_normalizer = {{"Nmt", load_nmt, NULL, NULL}, apply_nmt, NULL};

/* ---- Strip: white space at the ends of a section ---- */

typedef struct strip_stage {
    ore_stage base;
    bool left, right;
} strip_stage;

static ore_status apply_strip(const ore_stage *stage, ore_aligned *text) {
    const strip_stage *self = (const strip_stage *)stage;
    ore_rewrite rewrite;
    int64_t start = 0, end = text->size;
    int bytes;
    while (self->left && start < end &&
           ore_is_space(ore_character_at(text->bytes, text->size, start, &bytes)))
        start += bytes;
    while (self->right && end > start) {
        int64_t before = ore_character_before(text->bytes, end);
        if (!ore_is_space(ore_character_at(text->bytes, text->size, before, &bytes)))
            break;
        end = before;
    }
    if (start == 0 && end == text->size)
        return ORE_OK;
    ore_rewrite_begin(&rewrite, text);
    rewrite.read = start;
    if (ore_rewrite_copy(&rewrite, end) == ORE_OK)
        ore_rewrite_end(&rewrite);
    return ore_error_status();
}

static bool never_cut(const ore_stage *stage, const char *text, size_t size, size_t at) {
    (void)stage, (void)text, (void)size, (void)at;
    return false;
}

static ore_stage *load_strip(ore_composed *composed, ore_json *json, const char *path) {
    (void)composed, (void)path;
    strip_stage *self = ore_stage_new(&ore_strip_normalizer.stage, sizeof *self);
    if (!self)
        return NULL;
    ore_json_get_bool(json, "strip_left", &self->left);
    ore_json_get_bool(json, "strip_right", &self->right);
    return &self->base;
}

static void save_strip(const ore_stage *stage, const ore_composed *composed, ore_json *json) {
    (void)composed;
    const strip_stage *self = (const strip_stage *)stage;
    ore_json_set_bool(json, "strip_left", self->left);
    ore_json_set_bool(json, "strip_right", self->right);
}

const ore_normalizer_kind ore_strip_normalizer = {
    {"Strip", load_strip, save_strip, NULL}, apply_strip, never_cut};

/* ---- Prepend: a text before every section that is not empty ---- */

typedef struct prepend_stage {
    ore_stage base;
    char *content;
} prepend_stage;

static ore_status apply_prepend(const ore_stage *stage, ore_aligned *text) {
    const prepend_stage *self = (const prepend_stage *)stage;
    int64_t count = (int64_t)strlen(self->content);
    if (text->size == 0 || count == 0 || !text->begins)
        return ORE_OK;
    ore_rewrite rewrite;
    ore_rewrite_begin(&rewrite, text);
    /* what is new stands for the first character, as if that came first */
    ore_rewrite_skip(&rewrite, 1);
    ore_rewrite_insert(&rewrite, self->content, count);
    rewrite.read = 0;
    return ore_rewrite_finish(&rewrite);
}

static ore_stage *prepend_new(const char *text) {
    prepend_stage *self = ore_stage_new(&ore_prepend_normalizer.stage, sizeof *self);
    if (!self)
        return NULL;
    self->content = ore_copy_text(text);
    if (self->content)
        return &self->base;
    ore_stage_free(&self->base);
    return NULL;
}

static ore_stage *load_prepend(ore_composed *composed, ore_json *json, const char *path) {
    (void)composed, (void)path;
    const char *text = ore_json_get_string(json, "prepend");
    return text ? prepend_new(text) : NULL;
}

static void save_prepend(const ore_stage *stage, const ore_composed *composed, ore_json *json) {
    (void)composed;
    ore_json_set_string(json, "prepend", ((const prepend_stage *)stage)->content);
}

static void release_prepend(ore_stage *stage) {
    ore_release(((prepend_stage *)stage)->content);
}

const ore_normalizer_kind ore_prepend_normalizer = {
    {"Prepend", load_prepend, save_prepend, release_prepend}, apply_prepend, NULL};

/* ---- ByteLevel: every byte becomes the character that stands for it ---- */

static ore_status apply_byte_level(const ore_stage *stage, ore_aligned *text) {
    (void)stage;
    ore_rewrite rewrite;
    ore_rewrite_begin(&rewrite, text);
    for (int64_t at = 0; at < text->size; at++) {
        enum { LETTER_BYTES = 2 };
        char letter[LETTER_BYTES];
        size_t count = ore_byte_level_write(text->bytes + at, 1, letter);
        if (((unsigned char)text->bytes[at] & 0xC0) != 0x80)
            ore_rewrite_skip(&rewrite, 1);
        if (ore_rewrite_insert(&rewrite, letter, (int64_t)count) != ORE_OK)
            return ore_error_status();
    }
    if (text->size > 0)
        ore_rewrite_end(&rewrite);
    return ORE_OK;
}

static ore_stage *load_byte_level(ore_composed *composed, ore_json *json, const char *path) {
    (void)composed, (void)json, (void)path;
    return ore_stage_new(&ore_byte_level_normalizer.stage, sizeof(ore_stage));
}

const ore_normalizer_kind ore_byte_level_normalizer = {
    {"ByteLevel", load_byte_level, NULL, NULL}, apply_byte_level, NULL};
