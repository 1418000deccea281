/* pre_tokenize.h: what pre-tokenizers share. */
#ifndef ORE_TEXT_PRE_TOKENIZE_H
#define ORE_TEXT_PRE_TOKENIZE_H

#include "text/composed/composed.h"

/* "Sequence": one after the other. Takes the stages over, also on failure. */
ore_stage *ore_pre_tokenizer_sequence_new(ore_stage **stages, int64_t count);

/* Where "Metaspace" puts its replacement of the space. */
typedef enum ore_metaspace_scheme {
    ORE_METASPACE_FIRST, /* before the text, */
    ORE_METASPACE_NEVER,
    ORE_METASPACE_ALWAYS, /* or before every section and split */
} ore_metaspace_scheme;
/* "prepend_scheme", or the older "add_prefix_space". */
ore_status ore_metaspace_scheme_read(ore_json *json, const char *path,
                                     ore_metaspace_scheme *scheme);
const char *ore_metaspace_scheme_name(ore_metaspace_scheme scheme);
/* "BertPreTokenizer" */
ore_stage *ore_bert_pre_tokenizer_new(void);

extern const ore_pre_tokenizer_kind ore_bert_pre_tokenizer, ore_digits_pre_tokenizer,
    ore_punctuation_pre_tokenizer, ore_whitespace_split_pre_tokenizer, ore_whitespace_pre_tokenizer,
    ore_delimiter_pre_tokenizer, ore_fixed_length_pre_tokenizer, ore_metaspace_pre_tokenizer,
    ore_sequence_pre_tokenizer;

#endif
