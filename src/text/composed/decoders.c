/* decoders.c: the decoders "ByteLevel", "WordPiece", "Metaspace", "ByteFallback", "Fuse", "Strip",
 * "Replace" and "Sequence". A token's text depends on the token, and on whether it is the first;
 * what needs to know others is refused when it is loaded. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "text/aligned.h"
#include "text/composed/decoders.h"
#include "text/composed/pattern.h"
#include "text/composed/vocab.h"

/* ORE_DATA where a token's text has become so long that only a hostile file makes it. */
static ore_status check_size(int64_t size) {
    enum { TOKEN_TEXT_MAX = 1 << 16 }; /* those of published vocabularies have some hundred bytes */
    if (size <= TOKEN_TEXT_MAX)
        return ORE_OK;
    return ore_fail(ORE_DATA, "tokenizer: its decoders make more than %d bytes of a token",
                    TOKEN_TEXT_MAX);
}

ore_status ore_token_text_put(ore_token_text *text, int64_t at, int64_t old, const char *with,
                              int64_t count) {
    void *bytes = text->bytes;
    if (check_size(text->size + count - old) != ORE_OK ||
        ore_grow(&bytes, &text->capacity, text->size + count + 1, 1) != ORE_OK)
        return ore_error_status();
    text->bytes = bytes;
    memmove(text->bytes + at + count, text->bytes + at + old, (size_t)(text->size - at - old));
    if (count > 0)
        memcpy(text->bytes + at, with, (size_t)count);
    text->size += count - old;
    return ORE_OK;
}

ore_status ore_token_text_replace(ore_token_text *text, const char *old, const char *with) {
    int64_t old_count = (int64_t)strlen(old), count = (int64_t)strlen(with);
    for (int64_t at = 0; old_count > 0 && at + old_count <= text->size;) {
        if (memcmp(text->bytes + at, old, (size_t)old_count) != 0) {
            at++;
            continue;
        }
        if (ore_token_text_put(text, at, old_count, with, count) != ORE_OK)
            return ore_error_status();
        at += count;
    }
    return ORE_OK;
}

static bool begins_with(const ore_token_text *text, const char *with) {
    size_t count = strlen(with);
    return text->size >= (int64_t)count && memcmp(text->bytes, with, count) == 0;
}

/* ---- ByteLevel: letters become the bytes that they stand for ---- */

typedef struct byte_level_stage {
    ore_stage base;
    bool add_prefix_space, trim_offsets, use_regex; /* kept for the file alone */
} byte_level_stage;

static ore_status byte_level_apply(const ore_stage *stage, const ore_composed *composed, bool first,
                                   ore_token_text *text) {
    (void)stage, (void)first;
    if (composed->byte_level) /* the vocabulary has the bytes */
        return ORE_OK;
    int64_t count = ore_byte_level_read(text->bytes, (size_t)text->size, text->bytes);
    if (count >= 0)
        text->size = count;
    text->whole = true;
    return ORE_OK;
}

static void read_flag(ore_json *json, const char *key, bool *flag) {
    if (ore_json_kind_of(json, key) != ORE_JSON_MISSING)
        ore_json_get_bool(json, key, flag);
}

static ore_stage *byte_level_load(ore_composed *composed, ore_json *json, const char *path) {
    (void)composed, (void)path;
    byte_level_stage *self = ore_stage_new(&ore_byte_level_decoder.stage, sizeof *self);
    if (!self)
        return NULL;
    self->add_prefix_space = self->trim_offsets = self->use_regex = true;
    read_flag(json, "add_prefix_space", &self->add_prefix_space);
    read_flag(json, "trim_offsets", &self->trim_offsets);
    read_flag(json, "use_regex", &self->use_regex);
    return &self->base;
}

ore_stage *ore_byte_level_decoder_new(void) {
    byte_level_stage *self = ore_stage_new(&ore_byte_level_decoder.stage, sizeof *self);
    if (!self)
        return NULL;
    self->add_prefix_space = self->trim_offsets = self->use_regex = true;
    return &self->base;
}

static void byte_level_save(const ore_stage *stage, const ore_composed *composed, ore_json *json) {
    (void)composed;
    const byte_level_stage *self = (const byte_level_stage *)stage;
    ore_json_set_bool(json, "add_prefix_space", self->add_prefix_space);
    ore_json_set_bool(json, "trim_offsets", self->trim_offsets);
    ore_json_set_bool(json, "use_regex", self->use_regex);
}

const ore_decoder_kind ore_byte_level_decoder = {
    .stage = {"ByteLevel", byte_level_load, byte_level_save, NULL}, .apply = byte_level_apply};

/* ---- WordPiece: a space before each token but those with the prefix, which goes ---- */

typedef struct wordpiece_stage {
    ore_stage base;
    char *prefix;
    bool cleanup; /* no space before marks and English endings */
} wordpiece_stage;

ore_status ore_token_text_clean_up(ore_token_text *text) {
    static const char *const pairs[][2] = {{" .", "."},     {" ?", "?"},           {" !", "!"},
                                           {" ,", ","},     {" ' ", "'"},          {" n't", "n't"},
                                           {" 'm", "'m"},   {" do not", " don't"}, {" 's", "'s"},
                                           {" 've", "'ve"}, {" 're", "'re"}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs && ore_no_error(); i++)
        ore_token_text_replace(text, pairs[i][0], pairs[i][1]);
    return ore_error_status();
}

static ore_status wordpiece_apply(const ore_stage *stage, const ore_composed *composed, bool first,
                                  ore_token_text *text) {
    (void)composed;
    const wordpiece_stage *self = (const wordpiece_stage *)stage;
    if (!first && begins_with(text, self->prefix))
        ore_token_text_put(text, 0, (int64_t)strlen(self->prefix), NULL, 0);
    else if (!first)
        ore_token_text_put(text, 0, 0, " ", 1);
    return self->cleanup ? ore_token_text_clean_up(text) : ore_error_status();
}

ore_stage *ore_wordpiece_decoder_new(const char *prefix, bool cleanup) {
    wordpiece_stage *self = ore_stage_new(&ore_wordpiece_decoder.stage, sizeof *self);
    if (!self)
        return NULL;
    self->prefix = ore_copy_text(prefix);
    self->cleanup = cleanup;
    if (self->prefix)
        return &self->base;
    ore_stage_free(&self->base);
    return NULL;
}

static ore_stage *wordpiece_load(ore_composed *composed, ore_json *json, const char *path) {
    (void)composed, (void)path;
    bool cleanup = true;
    const char *prefix = ore_json_get_string(json, "prefix");
    return prefix && ore_json_get_bool(json, "cleanup", &cleanup) == ORE_OK
               ? ore_wordpiece_decoder_new(prefix, cleanup)
               : NULL;
}

static void wordpiece_save(const ore_stage *stage, const ore_composed *composed, ore_json *json) {
    (void)composed;
    ore_json_set_string(json, "prefix", ((const wordpiece_stage *)stage)->prefix);
    ore_json_set_bool(json, "cleanup", ((const wordpiece_stage *)stage)->cleanup);
}

static void wordpiece_release(ore_stage *stage) {
    ore_release(((wordpiece_stage *)stage)->prefix);
}

const ore_decoder_kind ore_wordpiece_decoder = {
    .stage = {"WordPiece", wordpiece_load, wordpiece_save, wordpiece_release},
    .apply = wordpiece_apply};

/* ---- Metaspace: the replacement becomes a space, or at the start nothing ---- */

typedef struct metaspace_stage {
    ore_stage base;
    char replacement[ORE_UTF8_BYTES_MAX + 1];
    ore_metaspace_scheme scheme;
    bool split; /* kept for the file alone */
} metaspace_stage;

static ore_status metaspace_apply(const ore_stage *stage, const ore_composed *composed, bool first,
                                  ore_token_text *text) {
    (void)composed;
    const metaspace_stage *self = (const metaspace_stage *)stage;
    bool gone = first && self->scheme != ORE_METASPACE_NEVER;
    return text->whole ? ORE_OK : ore_token_text_replace(text, self->replacement, gone ? "" : " ");
}

static ore_stage *metaspace_new(const char *replacement, ore_metaspace_scheme scheme) {
    metaspace_stage *self = ore_stage_new(&ore_metaspace_decoder.stage, sizeof *self);
    if (!self)
        return NULL;
    size_t count = strlen(replacement);
    if (count < sizeof self->replacement) {
        memcpy(self->replacement, replacement, count + 1);
        self->scheme = scheme;
        self->split = true;
        return &self->base;
    }
    ore_fail(ORE_DATA, "Metaspace: replacement \"%.32s\", expected one character", replacement);
    ore_stage_free(&self->base);
    return NULL;
}

static ore_stage *metaspace_load(ore_composed *composed, ore_json *json, const char *path) {
    (void)composed;
    ore_metaspace_scheme scheme;
    const char *replacement = ore_json_get_string(json, "replacement");
    if (ore_metaspace_scheme_read(json, path, &scheme) != ORE_OK)
        return NULL;
    ore_stage *made = metaspace_new(replacement, scheme);
    if (made && ore_json_kind_of(json, "split") == ORE_JSON_BOOL)
        ore_json_get_bool(json, "split", &((metaspace_stage *)made)->split);
    return made;
}

static void metaspace_save(const ore_stage *stage, const ore_composed *composed, ore_json *json) {
    (void)composed;
    const metaspace_stage *self = (const metaspace_stage *)stage;
    ore_json_set_string(json, "replacement", self->replacement);
    ore_json_set_string(json, "prepend_scheme", ore_metaspace_scheme_name(self->scheme));
    ore_json_set_bool(json, "split", self->split);
}

const ore_decoder_kind ore_metaspace_decoder = {
    .stage = {"Metaspace", metaspace_load, metaspace_save, NULL}, .apply = metaspace_apply};

/* ---- ByteFallback: "<0x41>" becomes the byte ---- */

int ore_byte_of_token(const char *bytes, size_t size) {
    enum { NAME_BYTES = 6, HEX = 16 };
    char digits[3] = {0}, *end;
    if (size != NAME_BYTES || memcmp(bytes, "<0x", 3) != 0 || bytes[NAME_BYTES - 1] != '>')
        return -1;
    memcpy(digits, bytes + 3, 2);
    if (digits[0] == '-' || digits[0] == '+' || digits[0] == ' ')
        return -1;
    long value = strtol(digits, &end, HEX);
    return *end == '\0' ? (int)value : -1;
}

static ore_status byte_fallback_apply(const ore_stage *stage, const ore_composed *composed,
                                      bool first, ore_token_text *text) {
    (void)stage, (void)composed, (void)first;
    int byte = ore_byte_of_token(text->bytes, (size_t)text->size);
    if (byte < 0)
        return ORE_OK;
    text->bytes[0] = (char)byte;
    text->size = 1;
    text->whole = true;
    return ORE_OK;
}

static ore_stage *byte_fallback_load(ore_composed *composed, ore_json *json, const char *path) {
    (void)composed, (void)json, (void)path;
    return ore_stage_new(&ore_byte_fallback_decoder.stage, sizeof(ore_stage));
}

const ore_decoder_kind ore_byte_fallback_decoder = {
    .stage = {"ByteFallback", byte_fallback_load, NULL, NULL}, .apply = byte_fallback_apply};

/* ---- Fuse: what follows sees the text as a whole ---- */

static ore_status fuse_apply(const ore_stage *stage, const ore_composed *composed, bool first,
                             ore_token_text *text) {
    (void)stage, (void)composed, (void)first, (void)text;
    return ORE_OK;
}

static ore_stage *fuse_load(ore_composed *composed, ore_json *json, const char *path) {
    (void)composed, (void)json, (void)path;
    return ore_stage_new(&ore_fuse_decoder.stage, sizeof(ore_stage));
}

const ore_decoder_kind ore_fuse_decoder = {.stage = {"Fuse", fuse_load, NULL, NULL},
                                           .apply = fuse_apply};

/* ---- Strip: up to so many of a character at the ends of each token, or of the text ---- */

typedef struct strip_stage {
    ore_stage base;
    char content[ORE_UTF8_BYTES_MAX + 1];
    int64_t start, stop;
    bool of_text; /* behind Fuse */
} strip_stage;

static ore_status strip_apply(const ore_stage *stage, const ore_composed *composed, bool first,
                              ore_token_text *text) {
    (void)composed;
    const strip_stage *self = (const strip_stage *)stage;
    int64_t count = (int64_t)strlen(self->content);
    if (text->whole || (self->of_text && !first))
        return ORE_OK;
    for (int64_t i = 0; i < self->start && begins_with(text, self->content); i++)
        ore_token_text_put(text, 0, count, NULL, 0);
    for (int64_t i = 0; i < self->stop && text->size >= count; i++) {
        if (memcmp(text->bytes + text->size - count, self->content, (size_t)count) != 0)
            break;
        text->size -= count;
    }
    return ore_error_status();
}

static ore_stage *strip_load(ore_composed *composed, ore_json *json, const char *path) {
    (void)composed;
    int64_t start = 0, stop = 0;
    const char *content = ore_json_get_string(json, "content");
    ore_json_get_int(json, "start", &start);
    if (ore_json_get_int(json, "stop", &stop) != ORE_OK)
        return NULL;
    size_t count = strlen(content);
    uint32_t code_point;
    const uint8_t *bytes = (const uint8_t *)content;
    if (count == 0 || (size_t)ore_utf8_decode(bytes, bytes + count, &code_point) != count) {
        ore_fail(ORE_DATA, "%s: Strip: content \"%.32s\", expected one character", path, content);
        return NULL;
    }
    strip_stage *self = ore_stage_new(&ore_strip_decoder.stage, sizeof *self);
    if (!self)
        return NULL;
    memcpy(self->content, content, count + 1);
    self->start = start;
    self->stop = stop;
    return &self->base;
}

static void strip_save(const ore_stage *stage, const ore_composed *composed, ore_json *json) {
    (void)composed;
    const strip_stage *self = (const strip_stage *)stage;
    ore_json_set_string(json, "content", self->content);
    ore_json_set_int(json, "start", self->start);
    ore_json_set_int(json, "stop", self->stop);
}

const ore_decoder_kind ore_strip_decoder = {.stage = {"Strip", strip_load, strip_save, NULL},
                                            .apply = strip_apply};

bool ore_strip_decoder_of_text(ore_stage *stage) {
    strip_stage *self = (strip_stage *)stage;
    self->of_text = true;
    return self->stop == 0;
}
