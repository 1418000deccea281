/* normalize_replace.c: the normalizers "Replace" and "Sequence", and normalizers of any kind. */
#include "base/error.h"
#include "base/memory.h"
#include "text/composed/normalize.h"
#include "text/composed/replace.h"
#include "text/composed/stage_list.h"
#include "text/composed/tokenizer_json.h"

/* ---- Replace: what matches becomes another text ---- */

static ore_status apply_replace(const ore_stage *stage, ore_aligned *text) {
    return ore_replacement_apply(&((const ore_replace_stage *)stage)->what, text);
}

static bool replace_may_cut(const ore_stage *stage, const char *text, size_t size, size_t at) {
    return ore_replacement_may_cut(&((const ore_replace_stage *)stage)->what, text, size, at);
}

static ore_stage *load_replace(ore_composed *composed, ore_json *json, const char *path) {
    (void)composed;
    return ore_replace_stage_load(&ore_replace_normalizer.stage, json, path);
}

const ore_normalizer_kind ore_replace_normalizer = {
    {"Replace", load_replace, ore_replace_stage_save, ore_replace_stage_release},
    apply_replace,
    replace_may_cut};

/* ---- normalizers of any kind ---- */

ore_status ore_normalizer_apply(const ore_stage *stage, ore_aligned *text) {
    return ((const ore_normalizer_kind *)stage->kind)->apply(stage, text);
}

bool ore_normalizer_may_cut(const ore_stage *stage, const char *text, size_t size, size_t at) {
    const ore_normalizer_kind *kind = (const ore_normalizer_kind *)stage->kind;
    return !kind->may_cut || kind->may_cut(stage, text, size, at);
}

/* ---- Sequence: one after the other ---- */

static ore_status apply_sequence(const ore_stage *stage, ore_aligned *text) {
    const ore_stage_list *self = (const ore_stage_list *)stage;
    for (int64_t i = 0; i < self->count; i++)
        if (ore_normalizer_apply(self->stages[i], text) != ORE_OK)
            break;
    return ore_error_status();
}

/* Each is asked about the text as it came, not as the ones before leave it: those that there are
 * change no character into one that another joins with its neighbour. */
static bool sequence_may_cut(const ore_stage *stage, const char *text, size_t size, size_t at) {
    const ore_stage_list *self = (const ore_stage_list *)stage;
    bool may = true;
    for (int64_t i = 0; may && i < self->count; i++)
        may = ore_normalizer_may_cut(self->stages[i], text, size, at);
    return may;
}

static ore_stage *load_sequence(ore_composed *composed, ore_json *json, const char *path) {
    return ore_stage_list_load(&ore_sequence_normalizer.stage, ORE_NORMALIZER, composed, json,
                               "normalizers", path);
}

static void save_sequence(const ore_stage *stage, const ore_composed *composed, ore_json *json) {
    ore_stage_list_save(stage, composed, json, "normalizers");
}

const ore_normalizer_kind ore_sequence_normalizer = {
    {"Sequence", load_sequence, save_sequence, ore_stage_list_release},
    apply_sequence,
    sequence_may_cut};
