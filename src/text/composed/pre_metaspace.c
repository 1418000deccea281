/* pre_metaspace.c: the pre-tokenizers "Metaspace", "FixedLength" and "Sequence". */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "text/aligned.h"
#include "text/composed/pre_tokenize.h"
#include "text/composed/split.h"
#include "text/composed/stage_list.h"
#include "text/composed/tokenizer_json.h"

/* ---- Metaspace ---- */

typedef struct metaspace_stage {
    ore_stage base;
    char replacement[ORE_UTF8_BYTES_MAX + 1];
    ore_metaspace_scheme scheme;
    bool split;
} metaspace_stage;

static const char *const scheme_names[] = {
    [ORE_METASPACE_FIRST] = "first",
    [ORE_METASPACE_NEVER] = "never",
    [ORE_METASPACE_ALWAYS] = "always",
};
enum { SCHEMES = sizeof scheme_names / sizeof *scheme_names };

static bool is_put_before(const metaspace_stage *self, const ore_flow *flow, int64_t split) {
    bool begins = split > 0 || flow->begins || flow->splits[split].start > 0;
    bool first = split == 0 && flow->first && flow->splits[split].start == 0;
    return self->scheme == ORE_METASPACE_ALWAYS ? begins
                                                : self->scheme == ORE_METASPACE_FIRST && first;
}

/* Writes a split with its spaces turned, after the replacement if it is to begin with one. */
static void turn_spaces(const metaspace_stage *self, ore_rewrite *rewrite, ore_segment split,
                        bool put_before) {
    const ore_aligned *text = rewrite->text;
    int64_t count = (int64_t)strlen(self->replacement);
    const char *start = text->bytes + split.start;
    size_t size = split.end - split.start;
    bool begins_with = *start == ' ' || (size >= (size_t)count &&
                                         memcmp(start, self->replacement, (size_t)count) == 0);
    if (put_before && !begins_with) { /* it stands for the first character */
        ore_rewrite_skip(rewrite, 1);
        ore_rewrite_insert(rewrite, self->replacement, count);
        rewrite->read = split.start;
    }
    for (int64_t at = split.start; at < split.end; at++) {
        if (text->bytes[at] != ' ')
            continue;
        ore_rewrite_copy(rewrite, at);
        rewrite->read = at + 1;
        ore_rewrite_insert(rewrite, self->replacement, count);
    }
    ore_rewrite_copy(rewrite, split.end);
}

/* Gives the splits that begin at each replacement in a text. What is behind the last one may go on
 * where `open`. */
static void split_at_each(const metaspace_stage *self, ore_flow *flow, const char *text,
                          size_t start, size_t end, bool open) {
    size_t count = strlen(self->replacement), from = start;
    for (size_t at = start; at < end;) {
        const char *found = memmem(text + at, end - at, self->replacement, count);
        if (!found)
            break;
        size_t place = (size_t)(found - text);
        ore_flow_split(flow, from, place, -1);
        from = place;
        at = place + count;
    }
    if (!open)
        ore_flow_split(flow, from, end, -1);
}

static ore_status metaspace_apply(const ore_stage *stage, ore_flow *flow) {
    const metaspace_stage *self = (const metaspace_stage *)stage;
    ore_aligned *text = ore_flow_own(flow);
    if (!text)
        return ore_error_status();
    ore_rewrite rewrite;
    ore_rewrite_begin(&rewrite, text);
    for (int64_t i = 0; i < flow->split_count && ore_no_error(); i++) {
        ore_segment s = flow->splits[i];
        ore_rewrite_copy(&rewrite, s.start);
        size_t start = (size_t)rewrite.written;
        if (s.id >= 0)
            ore_rewrite_copy(&rewrite, s.end);
        else
            turn_spaces(self, &rewrite, s, is_put_before(self, flow, i));
        size_t end = (size_t)rewrite.written;
        bool open = flow->open && i == flow->split_count - 1;
        if (s.id >= 0 || !self->split)
            ore_flow_split(flow, start, end, s.id);
        else
            split_at_each(self, flow, text->spare, start, end, open);
    }
    if (ore_rewrite_finish(&rewrite) != ORE_OK)
        return ore_error_status();
    ore_flow_changed(flow);
    ore_flow_splits_turn(flow);
    flow->open = flow->open && !self->split;
    return ORE_OK;
}

static bool metaspace_may_cut(const ore_stage *stage, const char *text, size_t size, size_t at) {
    const metaspace_stage *self = (const metaspace_stage *)stage;
    (void)size;
    return self->split && text[at] == ' ';
}

static bool metaspace_never_cuts(const ore_stage *stage) {
    return !((const metaspace_stage *)stage)->split;
}

/* Spaces become `replacement`, U+2581 as a rule; with `split` a split begins at each. */
static ore_stage *metaspace_new(const char *replacement, ore_metaspace_scheme scheme, bool split) {
    uint32_t code_point;
    size_t count = strlen(replacement);
    const uint8_t *bytes = (const uint8_t *)replacement;
    if (count == 0 || (size_t)ore_utf8_decode(bytes, bytes + count, &code_point) != count) {
        ore_fail(ORE_DATA, "Metaspace: replacement \"%.32s\", expected one character", replacement);
        return NULL;
    }
    metaspace_stage *self = ore_stage_new(&ore_metaspace_pre_tokenizer.stage, sizeof *self);
    if (!self)
        return NULL;
    memcpy(self->replacement, replacement, count + 1);
    self->scheme = scheme;
    self->split = split;
    return &self->base;
}

ore_status ore_metaspace_scheme_read(ore_json *json, const char *path,
                                     ore_metaspace_scheme *scheme) {
    bool prefix = true;
    bool given = ore_json_kind_of(json, "prepend_scheme") != ORE_JSON_MISSING;
    ore_json_kind old = ore_json_kind_of(json, "add_prefix_space"); /* of older files */
    *scheme = ORE_METASPACE_ALWAYS;
    if (old != ORE_JSON_MISSING && old != ORE_JSON_NULL &&
        ore_json_get_bool(json, "add_prefix_space", &prefix) == ORE_OK && !prefix)
        *scheme = ORE_METASPACE_NEVER;
    const char *name = given ? ore_json_get_string(json, "prepend_scheme") : NULL;
    if (!name)
        return ore_error_status();
    for (int i = 0; i < SCHEMES; i++)
        if (strcmp(name, scheme_names[i]) == 0) {
            if (!prefix && i != ORE_METASPACE_NEVER)
                return ore_fail(ORE_DATA,
                                "%s: prepend_scheme \"%s\" where add_prefix_space is "
                                "false",
                                path, name);
            *scheme = (ore_metaspace_scheme)i;
            return ORE_OK;
        }
    return ore_fail(ORE_UNSUPPORTED,
                    "%s: prepend_scheme \"%.32s\", expected first, never or always", path, name);
}

const char *ore_metaspace_scheme_name(ore_metaspace_scheme scheme) {
    return scheme_names[scheme];
}

static ore_stage *metaspace_load(ore_composed *composed, ore_json *json, const char *path) {
    (void)composed;
    bool split = true;
    ore_metaspace_scheme scheme;
    const char *replacement = ore_json_get_string(json, "replacement");
    ore_json_kind kind = ore_json_kind_of(json, "split");
    if (kind != ORE_JSON_MISSING && kind != ORE_JSON_NULL)
        ore_json_get_bool(json, "split", &split);
    if (ore_metaspace_scheme_read(json, path, &scheme) != ORE_OK)
        return NULL;
    return metaspace_new(replacement, scheme, split);
}

static void metaspace_save(const ore_stage *stage, const ore_composed *composed, ore_json *json) {
    (void)composed;
    const metaspace_stage *self = (const metaspace_stage *)stage;
    ore_json_set_string(json, "replacement", self->replacement);
    ore_json_set_string(json, "prepend_scheme", scheme_names[self->scheme]);
    ore_json_set_bool(json, "split", self->split);
}

const ore_pre_tokenizer_kind ore_metaspace_pre_tokenizer = {
    .stage = {"Metaspace", metaspace_load, metaspace_save, NULL},
    .apply = metaspace_apply,
    .may_cut = metaspace_may_cut,
    .never_cuts = metaspace_never_cuts};

/* ---- FixedLength: so many characters each ---- */

typedef struct length_stage {
    ore_stage base;
    int64_t length;
} length_stage;

static ore_status length_apply(const ore_stage *stage, ore_flow *flow) {
    int64_t length = ((const length_stage *)stage)->length;
    for (int64_t i = 0; i < flow->split_count && ore_no_error(); i++) {
        ore_segment s = flow->splits[i];
        bool open = flow->open && i == flow->split_count - 1;
        int64_t characters = 0;
        uint32_t start = s.start;
        for (uint32_t at = s.start + 1; at <= s.end && s.id < 0; at++) {
            bool ends = at == s.end || ((uint8_t)flow->text[at] & 0xC0) != 0x80;
            characters += ends;
            if (!ends || (characters < length && at < s.end) || (open && characters < length))
                continue;
            ore_flow_split(flow, start, at, -1);
            start = at;
            characters = 0;
        }
        if (s.id >= 0)
            ore_flow_split(flow, s.start, s.end, s.id);
    }
    ore_flow_splits_turn(flow);
    flow->open = false;
    return ore_error_status();
}

static ore_stage *length_load(ore_composed *composed, ore_json *json, const char *path) {
    enum { USUAL = 5 }; /* characters, where the file says nothing */
    (void)composed;
    int64_t length = USUAL;
    if (ore_json_kind_of(json, "length") != ORE_JSON_MISSING &&
        ore_json_get_int(json, "length", &length) != ORE_OK)
        return NULL;
    if (length < 1) {
        ore_fail(ORE_DATA, "%s: FixedLength: length %lld, expected at least 1", path,
                 (long long)length);
        return NULL;
    }
    length_stage *self = ore_stage_new(&ore_fixed_length_pre_tokenizer.stage, sizeof *self);
    if (!self)
        return NULL;
    self->length = length;
    return &self->base;
}

static void length_save(const ore_stage *stage, const ore_composed *composed, ore_json *json) {
    (void)composed;
    ore_json_set_int(json, "length", ((const length_stage *)stage)->length);
}

const ore_pre_tokenizer_kind ore_fixed_length_pre_tokenizer = {
    .stage = {"FixedLength", length_load, length_save, NULL}, .apply = length_apply};

/* ---- Sequence ---- */

static const ore_pre_tokenizer_kind *kind_of(const ore_stage *stage) {
    return (const ore_pre_tokenizer_kind *)stage->kind;
}

/* Whether a stage may put a space before what it sees, and leaves it in one piece. */
static bool puts_spaces(const ore_stage *stage) {
    return stage->kind == &ore_metaspace_pre_tokenizer.stage ||
           stage->kind == &ore_byte_level_kind.stage;
}

static ore_status sequence_apply(const ore_stage *stage, ore_flow *flow) {
    const ore_stage_list *self = (const ore_stage_list *)stage;
    const bool begins = flow->begins;
    for (int64_t i = 0; i < self->count && ore_no_error(); i++) {
        kind_of(self->stages[i])->apply(self->stages[i], flow);
        /* A text is cut between splits of the first stage, so its first one begins here. */
        if (i == 0 && !puts_spaces(self->stages[0]))
            flow->begins = true;
    }
    flow->begins = begins;
    return ore_error_status();
}

/* Where the first one parts a text, the others see parts. */
static bool sequence_may_cut(const ore_stage *stage, const char *text, size_t size, size_t at) {
    const ore_stage_list *self = (const ore_stage_list *)stage;
    const ore_stage *first = self->count > 0 ? self->stages[0] : NULL;
    return first && kind_of(first)->may_cut && kind_of(first)->may_cut(first, text, size, at);
}

static bool sequence_never_cuts(const ore_stage *stage) {
    const ore_stage_list *self = (const ore_stage_list *)stage;
    return self->count == 0 || !ore_pre_tokenizer_cuts(self->stages[0]);
}

bool ore_pre_tokenizer_cuts(const ore_stage *stage) {
    const ore_pre_tokenizer_kind *kind = kind_of(stage);
    return kind->may_cut && !(kind->never_cuts && kind->never_cuts(stage));
}

ore_stage *ore_pre_tokenizer_sequence_new(ore_stage **stages, int64_t count) {
    return ore_stage_list_new(&ore_sequence_pre_tokenizer.stage, stages, count);
}

static ore_stage *sequence_load(ore_composed *composed, ore_json *json, const char *path) {
    return ore_stage_list_load(&ore_sequence_pre_tokenizer.stage, ORE_PRE_TOKENIZER, composed, json,
                               "pretokenizers", path);
}

static void sequence_save(const ore_stage *stage, const ore_composed *composed, ore_json *json) {
    ore_stage_list_save(stage, composed, json, "pretokenizers");
}

const ore_pre_tokenizer_kind ore_sequence_pre_tokenizer = {
    .stage = {"Sequence", sequence_load, sequence_save, ore_stage_list_release},
    .apply = sequence_apply,
    .may_cut = sequence_may_cut,
    .never_cuts = sequence_never_cuts};
