/* byte_level.c: the pre-tokenizer "ByteLevel": GPT-2's pattern, and a space before the text. The
 * characters that stand for bytes in the files do not occur here: vocab.h. */
#include "base/memory.h"
#include "text/composed/split.h"
#include "text/composed/splitters.h"

typedef struct byte_level_stage {
    ore_stage base;
    bool add_prefix_space, use_regex;
    bool trim_offsets; /* only kept: the post-processor of this name has one that counts */
} byte_level_stage;

/* A space before each split that does not begin with one. It stands for what the split's first
 * character does. */
static ore_status add_spaces(ore_flow *flow) {
    ore_aligned *text = ore_flow_own(flow);
    ore_rewrite rewrite;
    if (!text)
        return ore_error_status();
    ore_rewrite_begin(&rewrite, text);
    for (int64_t i = 0; i < flow->split_count; i++) {
        const ore_segment s = flow->splits[i];
        bool continued = s.start == 0 && !flow->begins;
        ore_rewrite_copy(&rewrite, s.start);
        int64_t start = rewrite.written;
        if (s.id < 0 && !continued && text->bytes[s.start] != ' ') {
            int bytes;
            uint32_t first = ore_character_at(text->bytes, text->size, s.start, &bytes);
            ore_rewrite_put(&rewrite, ' ', 0);
            ore_rewrite_put(&rewrite, first, 1);
        }
        ore_rewrite_copy(&rewrite, s.end);
        if (ore_flow_split(flow, (size_t)start, (size_t)rewrite.written, s.id) != ORE_OK)
            return ore_error_status();
    }
    ore_rewrite_finish(&rewrite);
    ore_flow_changed(flow);
    ore_flow_splits_turn(flow);
    return ore_error_status();
}

static ore_status byte_level_apply(const ore_stage *stage, ore_flow *flow) {
    const byte_level_stage *self = (const byte_level_stage *)stage;
    if (self->add_prefix_space && flow->size > 0 && add_spaces(flow) != ORE_OK)
        return ore_error_status();
    return self->use_regex ? ore_flow_split_published(flow, ore_published_by_name("gpt2")) : ORE_OK;
}

static bool byte_level_may_cut(const ore_stage *stage, const char *text, size_t size, size_t at) {
    const byte_level_stage *self = (const byte_level_stage *)stage;
    return self->use_regex && ore_published_may_cut(text, size, at);
}

static bool byte_level_never_cuts(const ore_stage *stage) {
    return !((const byte_level_stage *)stage)->use_regex;
}

static byte_level_stage *new_stage(bool add_prefix_space, bool use_regex, bool trim_offsets) {
    byte_level_stage *self = ore_stage_new(&ore_byte_level_kind.stage, sizeof *self);
    if (!self)
        return NULL;
    self->add_prefix_space = add_prefix_space;
    self->use_regex = use_regex;
    self->trim_offsets = trim_offsets;
    return self;
}

ore_stage *ore_byte_level_new(bool add_prefix_space, bool use_regex) {
    return (ore_stage *)new_stage(add_prefix_space, use_regex, true);
}

static ore_stage *byte_level_load(ore_composed *composed, ore_json *json, const char *path) {
    (void)composed, (void)path;
    bool add_prefix_space = true, use_regex = true, trim_offsets = true;
    ore_json_get_bool(json, "add_prefix_space", &add_prefix_space);
    if (ore_json_kind_of(json, "use_regex") != ORE_JSON_MISSING) /* older files have none */
        ore_json_get_bool(json, "use_regex", &use_regex);
    if (ore_json_kind_of(json, "trim_offsets") != ORE_JSON_MISSING)
        ore_json_get_bool(json, "trim_offsets", &trim_offsets);
    return ore_ok() ? (ore_stage *)new_stage(add_prefix_space, use_regex, trim_offsets) : NULL;
}

static void byte_level_save(const ore_stage *stage, const ore_composed *composed, ore_json *json) {
    (void)composed;
    const byte_level_stage *self = (const byte_level_stage *)stage;
    ore_json_set_bool(json, "add_prefix_space", self->add_prefix_space);
    ore_json_set_bool(json, "trim_offsets", self->trim_offsets);
    ore_json_set_bool(json, "use_regex", self->use_regex);
}

const ore_pre_tokenizer_kind ore_byte_level_kind = {
    .stage = {"ByteLevel", byte_level_load, byte_level_save, NULL},
    .apply = byte_level_apply,
    .may_cut = byte_level_may_cut,
    .never_cuts = byte_level_never_cuts};
