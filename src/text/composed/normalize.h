/* normalize.h: what normalizers share, and changes of texts that several consist of. */
#ifndef ORE_TEXT_NORMALIZE_H
#define ORE_TEXT_NORMALIZE_H

#include "text/composed/composed.h"

/* Unicode's normalization forms: compatible, composed: NFKC; neither: NFD. */
ore_status ore_normalize_form(ore_aligned *text, bool compatible, bool compose);
/* The may_cut of normalizers that look at marks and at the letters before them. */
bool ore_may_cut_before_starter(const ore_stage *stage, const char *text, size_t size, size_t at);
/* Every character becomes its lower case. */
ore_status ore_normalize_lower(ore_aligned *text);
/* Leaves out the characters for which `drops` is true. */
ore_status ore_normalize_drop(ore_aligned *text, bool (*drops)(uint32_t code_point));
/* Every character becomes what `map` makes of it. */
ore_status ore_normalize_map(ore_aligned *text, uint32_t (*map)(uint32_t code_point));

/* Any normalizer: its `apply`, and its `may_cut` or, where it has none, true. */
ore_status ore_normalizer_apply(const ore_stage *stage, ore_aligned *text);
bool ore_normalizer_may_cut(const ore_stage *stage, const char *text, size_t size, size_t at);

/* "BertNormalizer" as BERT's uncased models have it. */
ore_stage *ore_bert_normalizer_new(bool lowercase);

extern const ore_normalizer_kind ore_nfc_normalizer, ore_nfd_normalizer, ore_nfkc_normalizer,
    ore_nfkd_normalizer, ore_lowercase_normalizer, ore_strip_accents_normalizer, ore_nmt_normalizer,
    ore_strip_normalizer, ore_prepend_normalizer, ore_byte_level_normalizer, ore_replace_normalizer,
    ore_sequence_normalizer, ore_bert_normalizer, ore_precompiled_normalizer,
    ore_sentencepiece_normalizer;

#endif
