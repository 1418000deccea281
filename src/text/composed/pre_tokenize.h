/* pre_tokenize.h: what pre-tokenizers share. */
#ifndef ORE_TEXT_PRE_TOKENIZE_H
#define ORE_TEXT_PRE_TOKENIZE_H

#include "text/composed/composed.h"

/* Any pre-tokenizer. */
ore_status ore_pre_tokenizer_apply(const ore_stage *stage, ore_flow *flow);
bool ore_pre_tokenizer_may_cut(const ore_stage *stage, const char *text, size_t size, size_t at);
/* "Sequence": one after the other. Takes the stages over, also on failure. */
ore_stage *ore_pre_tokenizer_sequence_new(ore_stage **stages, int64_t count);

typedef enum ore_metaspace_scheme {
    ORE_METASPACE_FIRST, /* before the text */
    ORE_METASPACE_NEVER,
    ORE_METASPACE_ALWAYS, /* before every section */
} ore_metaspace_scheme;
/* "Metaspace": spaces become `replacement`, U+2581 as a rule, which is put before texts by the
 * scheme; with `split` a split begins at each. */
ore_stage *ore_metaspace_new(const char *replacement, ore_metaspace_scheme scheme, bool split);
/* "prepend_scheme", or the older "add_prefix_space". */
ore_status ore_metaspace_scheme_read(ore_json *json, const char *path,
                                     ore_metaspace_scheme *scheme);
const char *ore_metaspace_scheme_name(ore_metaspace_scheme scheme);
/* "BertPreTokenizer"; and "Digits". */
ore_stage *ore_bert_pre_tokenizer_new(void);
ore_stage *ore_digits_new(bool individual);

extern const ore_pre_tokenizer_kind ore_bert_pre_tokenizer, ore_digits_pre_tokenizer,
    ore_punctuation_pre_tokenizer, ore_whitespace_split_pre_tokenizer, ore_whitespace_pre_tokenizer,
    ore_delimiter_pre_tokenizer, ore_fixed_length_pre_tokenizer, ore_metaspace_pre_tokenizer,
    ore_sequence_pre_tokenizer;

#endif
