/* pre_classes.c: the pre-tokenizers that look at one character at a time: "BertPreTokenizer",
 * "Digits", "Punctuation", "WhitespaceSplit", "CharDelimiterSplit", "Whitespace". */
#include <string.h>

#include "base/error.h"
#include "base/utf8.h"
#include "text/aligned.h"
#include "text/characters.h"
#include "text/composed/pre_tokenize.h"
#include "text/composed/split.h"

typedef bool (*class_test)(uint32_t code_point);

/* The next character of a class. */
static int find_class(class_test is_in, const char *text, size_t size, size_t from, size_t *start,
                      size_t *end) {
    for (size_t at = from; at < size;) {
        int bytes;
        uint32_t c = ore_character_at(text, (int64_t)size, (int64_t)at, &bytes);
        if (is_in(c)) {
            *start = at;
            *end = at + (size_t)bytes;
            return ORE_MATCH_FOUND;
        }
        at += (size_t)bytes;
    }
    return ORE_MATCH_NONE;
}

static int find_space(void *user, const char *text, size_t size, size_t from, bool open,
                      size_t *start, size_t *end) {
    (void)user, (void)open;
    return find_class(ore_is_space, text, size, from, start, end);
}

static int find_punctuation(void *user, const char *text, size_t size, size_t from, bool open,
                            size_t *start, size_t *end) {
    (void)user, (void)open;
    return find_class(ore_is_punctuation, text, size, from, start, end);
}

static int find_number(void *user, const char *text, size_t size, size_t from, bool open,
                       size_t *start, size_t *end) {
    (void)user, (void)open;
    return find_class(ore_is_number, text, size, from, start, end);
}

/* Whether the character before, or behind, byte `at` is of a class. */
static bool is_before(class_test is_in, const char *text, size_t size, size_t at) {
    int bytes;
    int64_t before = ore_character_before(text, (int64_t)at);
    return is_in(ore_character_at(text, (int64_t)size, before, &bytes));
}

static bool is_behind(class_test is_in, const char *text, size_t size, size_t at) {
    int bytes;
    return is_in(ore_character_at(text, (int64_t)size, (int64_t)at, &bytes));
}

/* A split ends where a character of the class stands on one side. */
static bool touches(class_test is_in, const char *text, size_t size, size_t at) {
    return is_before(is_in, text, size, at) || is_behind(is_in, text, size, at);
}

/* ---- BertPreTokenizer: white space parts words, marks are words of their own ---- */

static ore_status bert_apply(const ore_stage *stage, ore_flow *flow) {
    (void)stage;
    if (ore_flow_split_by(flow, find_space, NULL, ORE_SPLIT_REMOVED, false) != ORE_OK)
        return ore_error_status();
    return ore_flow_split_by(flow, find_punctuation, NULL, ORE_SPLIT_ISOLATED, false);
}

static bool bert_may_cut(const ore_stage *stage, const char *text, size_t size, size_t at) {
    (void)stage;
    return touches(ore_is_space, text, size, at);
}

ore_stage *ore_bert_pre_tokenizer_new(void) {
    return ore_stage_new(&ore_bert_pre_tokenizer.stage, sizeof(ore_stage));
}

static ore_stage *bert_load(ore_composed *composed, ore_json *json, const char *path) {
    (void)composed, (void)json, (void)path;
    return ore_bert_pre_tokenizer_new();
}

const ore_pre_tokenizer_kind ore_bert_pre_tokenizer = {
    .stage = {"BertPreTokenizer", bert_load, NULL, NULL},
    .apply = bert_apply,
    .may_cut = bert_may_cut};

/* ---- Digits ---- */

typedef struct digits_stage {
    ore_stage base;
    bool individual;
} digits_stage;

static ore_status digits_apply(const ore_stage *stage, ore_flow *flow) {
    bool individual = ((const digits_stage *)stage)->individual;
    return ore_flow_split_by(flow, find_number, NULL,
                             individual ? ORE_SPLIT_ISOLATED : ORE_SPLIT_CONTIGUOUS, false);
}

static bool digits_may_cut(const ore_stage *stage, const char *text, size_t size, size_t at) {
    bool before = is_before(ore_is_number, text, size, at);
    bool behind = is_behind(ore_is_number, text, size, at);
    return ((const digits_stage *)stage)->individual ? before || behind : before != behind;
}

static ore_stage *digits_new(bool individual) {
    digits_stage *self = ore_stage_new(&ore_digits_pre_tokenizer.stage, sizeof *self);
    if (!self)
        return NULL;
    self->individual = individual;
    return &self->base;
}

static ore_stage *digits_load(ore_composed *composed, ore_json *json, const char *path) {
    (void)composed, (void)path;
    bool individual;
    return ore_json_get_bool(json, "individual_digits", &individual) == ORE_OK
               ? digits_new(individual)
               : NULL;
}

static void digits_save(const ore_stage *stage, const ore_composed *composed, ore_json *json) {
    (void)composed;
    ore_json_set_bool(json, "individual_digits", ((const digits_stage *)stage)->individual);
}

const ore_pre_tokenizer_kind ore_digits_pre_tokenizer = {
    .stage = {"Digits", digits_load, digits_save, NULL},
    .apply = digits_apply,
    .may_cut = digits_may_cut};

/* ---- Punctuation ---- */

typedef struct punctuation_stage {
    ore_stage base;
    ore_split_behavior behavior;
} punctuation_stage;

static ore_status punctuation_apply(const ore_stage *stage, ore_flow *flow) {
    return ore_flow_split_by(flow, find_punctuation, NULL,
                             ((const punctuation_stage *)stage)->behavior, false);
}

static bool punctuation_may_cut(const ore_stage *stage, const char *text, size_t size, size_t at) {
    ore_split_behavior behavior = ((const punctuation_stage *)stage)->behavior;
    return (behavior == ORE_SPLIT_REMOVED || behavior == ORE_SPLIT_ISOLATED) &&
           touches(ore_is_punctuation, text, size, at);
}

static ore_stage *punctuation_load(ore_composed *composed, ore_json *json, const char *path) {
    (void)composed;
    ore_split_behavior behavior = ORE_SPLIT_ISOLATED;
    if (ore_json_kind_of(json, "behavior") != ORE_JSON_MISSING &&
        ore_split_behavior_read(json, "behavior", path, &behavior) != ORE_OK)
        return NULL;
    punctuation_stage *self = ore_stage_new(&ore_punctuation_pre_tokenizer.stage, sizeof *self);
    if (!self)
        return NULL;
    self->behavior = behavior;
    return &self->base;
}

static void punctuation_save(const ore_stage *stage, const ore_composed *composed, ore_json *json) {
    (void)composed;
    ore_json_set_string(json, "behavior",
                        ore_split_behavior_name(((const punctuation_stage *)stage)->behavior));
}

const ore_pre_tokenizer_kind ore_punctuation_pre_tokenizer = {
    .stage = {"Punctuation", punctuation_load, punctuation_save, NULL},
    .apply = punctuation_apply,
    .may_cut = punctuation_may_cut};

/* ---- WhitespaceSplit ---- */

static ore_status spaces_apply(const ore_stage *stage, ore_flow *flow) {
    (void)stage;
    return ore_flow_split_by(flow, find_space, NULL, ORE_SPLIT_REMOVED, false);
}

static ore_stage *spaces_load(ore_composed *composed, ore_json *json, const char *path) {
    (void)composed, (void)json, (void)path;
    return ore_stage_new(&ore_whitespace_split_pre_tokenizer.stage, sizeof(ore_stage));
}

const ore_pre_tokenizer_kind ore_whitespace_split_pre_tokenizer = {
    .stage = {"WhitespaceSplit", spaces_load, NULL, NULL},
    .apply = spaces_apply,
    .may_cut = bert_may_cut};

/* ---- Whitespace: \w+|[^\w\s]+ ---- */

/* 0: white space, 1: of words, 2: neither. */
static int word_class(uint32_t c) {
    return ore_is_space(c) ? 0 : ore_is_word(c) ? 1 : 2;
}

static int find_word(void *user, const char *text, size_t size, size_t from, bool open,
                     size_t *start, size_t *end) {
    (void)user;
    size_t at = from;
    int bytes, class = 0;
    for (; at < size && class == 0; at += (size_t)bytes) {
        class = word_class(ore_character_at(text, (int64_t)size, (int64_t)at, &bytes));
        *start = at;
    }
    if (class == 0)
        return ORE_MATCH_NONE;
    while (at < size &&
           word_class(ore_character_at(text, (int64_t)size, (int64_t)at, &bytes)) == class)
        at += (size_t)bytes;
    *end = at;
    return open && at == size ? ORE_MATCH_OPEN : ORE_MATCH_FOUND;
}

static ore_status words_apply(const ore_stage *stage, ore_flow *flow) {
    (void)stage;
    return ore_flow_split_by(flow, find_word, NULL, ORE_SPLIT_REMOVED, true);
}

static ore_stage *words_load(ore_composed *composed, ore_json *json, const char *path) {
    (void)composed, (void)json, (void)path;
    return ore_stage_new(&ore_whitespace_pre_tokenizer.stage, sizeof(ore_stage));
}

const ore_pre_tokenizer_kind ore_whitespace_pre_tokenizer = {
    .stage = {"Whitespace", words_load, NULL, NULL}, .apply = words_apply, .may_cut = bert_may_cut};

/* ---- CharDelimiterSplit ---- */

typedef struct delimiter_stage {
    ore_stage base;
    char delimiter[ORE_UTF8_BYTES_MAX + 1];
} delimiter_stage;

static int find_delimiter(void *user, const char *text, size_t size, size_t from, bool open,
                          size_t *start, size_t *end) {
    (void)open;
    const char *delimiter = user;
    size_t count = strlen(delimiter);
    const char *found = memmem(text + from, size - from, delimiter, count);
    if (!found)
        return ORE_MATCH_NONE;
    *start = (size_t)(found - text);
    *end = *start + count;
    return ORE_MATCH_FOUND;
}

static ore_status delimiter_apply(const ore_stage *stage, ore_flow *flow) {
    char delimiter[ORE_UTF8_BYTES_MAX + 1];
    memcpy(delimiter, ((const delimiter_stage *)stage)->delimiter, sizeof delimiter);
    return ore_flow_split_by(flow, find_delimiter, delimiter, ORE_SPLIT_REMOVED, false);
}

static bool delimiter_may_cut(const ore_stage *stage, const char *text, size_t size, size_t at) {
    const char *delimiter = ((const delimiter_stage *)stage)->delimiter;
    size_t count = strlen(delimiter);
    return size - at >= count && memcmp(text + at, delimiter, count) == 0;
}

static ore_stage *delimiter_load(ore_composed *composed, ore_json *json, const char *path) {
    (void)composed;
    const char *text = ore_json_get_string(json, "delimiter");
    if (!text)
        return NULL;
    uint32_t code_point;
    size_t count = strlen(text);
    int bytes = ore_utf8_decode((const uint8_t *)text, (const uint8_t *)text + count, &code_point);
    if (count == 0 || (size_t)bytes != count) {
        ore_fail(ORE_DATA, "%s: delimiter \"%.32s\", expected one character", path, text);
        return NULL;
    }
    delimiter_stage *self = ore_stage_new(&ore_delimiter_pre_tokenizer.stage, sizeof *self);
    if (!self)
        return NULL;
    memcpy(self->delimiter, text, count + 1);
    return &self->base;
}

static void delimiter_save(const ore_stage *stage, const ore_composed *composed, ore_json *json) {
    (void)composed;
    ore_json_set_string(json, "delimiter", ((const delimiter_stage *)stage)->delimiter);
}

const ore_pre_tokenizer_kind ore_delimiter_pre_tokenizer = {
    .stage = {"CharDelimiterSplit", delimiter_load, delimiter_save, NULL},
    .apply = delimiter_apply,
    .may_cut = delimiter_may_cut};
