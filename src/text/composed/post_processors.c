/* post_processors.c: the post-processors "TemplateProcessing", "BertProcessing",
 * "RobertaProcessing", "ByteLevel" and "Sequence": the tokens before and behind a text. */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "text/aligned.h"
#include "text/composed/post_processors.h"
#include "text/composed/tokenizer_json.h"

/* What all of them are made of. */
typedef struct frame_stage {
    ore_stage base;
    int64_t *before, *behind; /* ids */
    int64_t before_count, before_capacity, behind_count, behind_capacity;
    bool trim_offsets, add_prefix_space;
    char *source;                /* its object in tokenizer.json, to be saved as it is */
    struct frame_stage **stages; /* (count) of a sequence */
    int64_t count;
} frame_stage;

static ore_status add_id(int64_t **ids, int64_t *capacity, int64_t *count, int64_t id) {
    void *grown = *ids;
    if (ore_grow(&grown, capacity, *count + 1, sizeof id) != ORE_OK)
        return ore_error_status();
    *ids = grown;
    (*ids)[(*count)++] = id;
    return ORE_OK;
}

static ore_status frame(const ore_stage *stage, const ore_composed *composed,
                        ore_token_list *before, ore_token_list *behind) {
    const frame_stage *self = (const frame_stage *)stage;
    for (int64_t i = self->count - 1; i >= 0 && ore_no_error(); i--) /* the last is outermost */
        frame(&self->stages[i]->base, composed, before, NULL);
    for (int64_t i = 0; before && i < self->before_count && ore_no_error(); i++)
        ore_token_list_add(before, self->before[i], 0, 0);
    for (int64_t i = 0; i < self->count && ore_no_error(); i++)
        frame(&self->stages[i]->base, composed, NULL, behind);
    for (int64_t i = 0; behind && i < self->behind_count && ore_no_error(); i++)
        ore_token_list_add(behind, self->behind[i], 0, 0);
    return ore_error_status();
}

static void release(ore_stage *stage) {
    frame_stage *self = (frame_stage *)stage;
    for (int64_t i = 0; i < self->count; i++)
        ore_stage_free(&self->stages[i]->base);
    ore_release(self->stages);
    ore_release(self->before);
    ore_release(self->behind);
    ore_string_free(self->source);
}

static frame_stage *frame_new(const ore_post_processor_kind *kind, ore_json *json) {
    frame_stage *self = ore_no_error() ? ore_stage_new(&kind->stage, sizeof *self) : NULL;
    if (self && json)
        self->source = ore_json_text(json, false);
    return self;
}

/* The stage, or NULL, having freed it, where an error is pending. */
static ore_stage *finish(frame_stage *self) {
    if (self && ore_no_error())
        return &self->base;
    ore_stage_free(self ? &self->base : NULL);
    return NULL;
}

static void save_source(const ore_stage *stage, const ore_composed *composed, ore_json *json) {
    (void)composed;
    const char *source = ((const frame_stage *)stage)->source;
    ore_json *from = source ? ore_json_parse(source, strlen(source), "post_processor") : NULL;
    if (from)
        ore_json_copy(from, json);
    ore_json_free(from);
}

/* ---- TemplateProcessing ---- */

/* Adds the ids of a special token of the template. */
static void add_template_ids(frame_stage *self, ore_json *tokens, const char *name, bool behind) {
    ore_json *token = name ? ore_json_get_object(tokens, name) : NULL;
    ore_json *ids = token ? ore_json_get_array(token, "ids") : NULL;
    for (int64_t i = 0; ids && i < ore_json_count(ids) && ore_no_error(); i++) {
        int64_t id;
        if (ore_json_at_int(ids, i, &id) != ORE_OK)
            return;
        if (behind)
            add_id(&self->behind, &self->behind_capacity, &self->behind_count, id);
        else
            add_id(&self->before, &self->before_capacity, &self->before_count, id);
    }
}

static ore_stage *load_template(ore_composed *composed, ore_json *json, const char *path) {
    (void)composed;
    frame_stage *self = frame_new(&ore_template_post_processor, json);
    ore_json *single = self ? ore_json_get_array(json, "single") : NULL;
    ore_json *tokens = single ? ore_json_get_object(json, "special_tokens") : NULL;
    bool behind = false;
    for (int64_t i = 0; tokens && i < ore_json_count(single) && ore_no_error(); i++) {
        ore_json *piece = ore_json_at_object(single, i);
        if (piece && ore_json_has(piece, "SpecialToken")) {
            ore_json *special = ore_json_get_object(piece, "SpecialToken");
            add_template_ids(self, tokens, special ? ore_json_get_string(special, "id") : NULL,
                             behind);
            continue;
        }
        ore_json *sequence = piece ? ore_json_get_object(piece, "Sequence") : NULL;
        const char *name = sequence ? ore_json_get_string(sequence, "id") : NULL;
        if (name && (behind || strcmp(name, "A") != 0))
            ore_fail(ORE_UNSUPPORTED,
                     "%s: post_processor.single[%lld]: sequence %.16s, expected A "
                     "once",
                     path, (long long)i, name);
        behind = true;
    }
    if (ore_no_error() && !behind)
        ore_fail(ORE_UNSUPPORTED, "%s: post_processor.single has no sequence, expected A", path);
    return finish(self);
}

const ore_post_processor_kind ore_template_post_processor = {
    {"TemplateProcessing", load_template, save_source, release}, frame, NULL};

/* ---- BertProcessing, RobertaProcessing: [CLS] text [SEP] ---- */

/* The id of ["[CLS]", 101]. */
static int64_t read_pair(ore_json *json, const char *key) {
    int64_t id = -1;
    ore_json *pair = ore_json_get_array(json, key);
    if (pair)
        ore_json_at_int(pair, 1, &id);
    return id;
}

static ore_status read_frame(frame_stage *self, ore_json *json) {
    int64_t cls = read_pair(json, "cls"), sep = read_pair(json, "sep");
    add_id(&self->before, &self->before_capacity, &self->before_count, cls);
    return add_id(&self->behind, &self->behind_capacity, &self->behind_count, sep);
}

static ore_stage *load_bert(ore_composed *composed, ore_json *json, const char *path) {
    (void)composed, (void)path;
    frame_stage *self = frame_new(&ore_bert_post_processor, json);
    if (self)
        read_frame(self, json);
    return finish(self);
}

const ore_post_processor_kind ore_bert_post_processor = {
    {"BertProcessing", load_bert, save_source, release}, frame, NULL};

static ore_token_range trim(const ore_stage *stage, const ore_composed *composed, const char *text,
                            int64_t id, bool first, ore_token_range range);

static ore_stage *load_roberta(ore_composed *composed, ore_json *json, const char *path) {
    (void)composed, (void)path;
    frame_stage *self = frame_new(&ore_roberta_post_processor, json);
    if (!self || read_frame(self, json) != ORE_OK)
        return finish(self);
    ore_json_get_bool(json, "trim_offsets", &self->trim_offsets);
    ore_json_get_bool(json, "add_prefix_space", &self->add_prefix_space);
    return finish(self);
}

const ore_post_processor_kind ore_roberta_post_processor = {
    {"RobertaProcessing", load_roberta, save_source, release}, frame, trim};

/* ---- ByteLevel: spaces are no part of what a token stands for ---- */

static ore_stage *load_byte_level(ore_composed *composed, ore_json *json, const char *path) {
    (void)composed, (void)path;
    frame_stage *self = frame_new(&ore_byte_level_post_processor, json);
    if (!self)
        return NULL;
    ore_json_get_bool(json, "trim_offsets", &self->trim_offsets);
    ore_json_get_bool(json, "add_prefix_space", &self->add_prefix_space);
    return finish(self);
}

const ore_post_processor_kind ore_byte_level_post_processor = {
    {"ByteLevel", load_byte_level, save_source, release}, frame, trim};

/* ---- Sequence ---- */

static ore_stage *load_sequence(ore_composed *composed, ore_json *json, const char *path) {
    frame_stage *self = frame_new(&ore_sequence_post_processor, NULL);
    ore_json *list = self ? ore_json_get_array(json, "processors") : NULL;
    int64_t count = ore_json_count(list);
    if (list)
        self->stages = ore_alloc_zero((size_t)count * sizeof(frame_stage *));
    for (; list && ore_no_error() && self->count < count; self->count++)
        self->stages[self->count] = (frame_stage *)ore_stage_load(
            composed, ORE_POST_PROCESSOR, ore_json_at_object(list, self->count), path);
    if (!ore_no_error() && self && self->count > 0 && !self->stages[self->count - 1])
        self->count--;
    return finish(self);
}

static void save_sequence(const ore_stage *stage, const ore_composed *composed, ore_json *json) {
    const frame_stage *self = (const frame_stage *)stage;
    ore_json *list = ore_json_set_array(json, "processors");
    for (int64_t i = 0; i < self->count; i++)
        ore_stage_save(&self->stages[i]->base, composed, ore_json_add_object(list));
}

const ore_post_processor_kind ore_sequence_post_processor = {
    {"Sequence", load_sequence, save_sequence, release}, frame, trim};

/* ---- trimming ---- */

/* As many characters of the text go as the token has spaces at its ends. */
static ore_token_range trim(const ore_stage *stage, const ore_composed *composed, const char *text,
                            int64_t id, bool first, ore_token_range range) {
    const frame_stage *self = (const frame_stage *)stage;
    for (int64_t i = 0; i < self->count; i++) {
        const ore_post_processor_kind *kind =
            (const ore_post_processor_kind *)self->stages[i]->base.kind;
        if (kind->trim)
            range = kind->trim(&self->stages[i]->base, composed, text, id, first, range);
    }
    if (!self->trim_offsets)
        return range;
    size_t token_bytes;
    const char *token = ore_vocab_at(&composed->vocab, id, &token_bytes);
    int64_t leading = 0, trailing = 0, size = (int64_t)token_bytes;
    while (leading < size && token[leading] == ' ')
        leading++;
    while (trailing < size && token[size - 1 - trailing] == ' ')
        trailing++;
    if ((first || range.start == 0) && self->add_prefix_space && leading == 1)
        leading = 0; /* the space that was put there */
    for (; leading > 0 && range.start < range.end; leading--)
        do
            range.start++;
        while (range.start < range.end && ((uint8_t)text[range.start] & 0xC0) == 0x80);
    for (; trailing > 0 && range.end > range.start; trailing--)
        range.end = ore_character_before(text, range.end);
    return range;
}

/* ---- frames of other files ---- */

/* Adds {"SpecialToken": {"id": NAME, "type_id": TYPE}} to a template, and the token to its list. */
static void put_special(const ore_composed *composed, ore_json *template, ore_json *tokens,
                        int64_t id, int64_t type) {
    size_t size;
    char *name = id >= 0 ? ore_vocab_text(&composed->vocab, id, composed->byte_level, &size) : NULL;
    if (!name)
        return;
    ore_json *piece = ore_json_set_object(ore_json_add_object(template), "SpecialToken");
    ore_json_set_string(piece, "id", name);
    ore_json_set_int(piece, "type_id", type);
    ore_json *token = ore_json_set_object(tokens, name);
    ore_json_set_string(token, "id", name);
    ore_json_add_int(ore_json_set_array(token, "ids"), id);
    ore_json_add_string(ore_json_set_array(token, "tokens"), name);
    ore_release(name);
}

static void put_sequence(ore_json *template, const char *name, int64_t type) {
    ore_json *piece = ore_json_set_object(ore_json_add_object(template), "Sequence");
    ore_json_set_string(piece, "id", name);
    ore_json_set_int(piece, "type_id", type);
}

ore_stage *ore_frame_new(ore_composed *composed, int64_t before, int64_t behind) {
    ore_json *json = ore_json_object_new();
    ore_json_set_string(json, "type", ore_template_post_processor.stage.name);
    ore_json *single = ore_json_set_array(json, "single"), *pair = ore_json_set_array(json, "pair");
    ore_json *tokens = ore_json_set_object(json, "special_tokens");
    put_special(composed, single, tokens, before, 0);
    put_sequence(single, "A", 0);
    put_special(composed, single, tokens, behind, 0);
    for (int64_t type = 0; type < 2; type++) {
        put_special(composed, pair, tokens, before, type);
        put_sequence(pair, type ? "B" : "A", type);
        put_special(composed, pair, tokens, behind, type);
    }
    ore_stage *made = ore_no_error() ? load_template(composed, json, "") : NULL;
    ore_json_free(json);
    return made;
}
