/* post_processors.h: post-processors, for readers of other files than tokenizer.json. */
#ifndef ORE_TEXT_POST_PROCESSORS_H
#define ORE_TEXT_POST_PROCESSORS_H

#include "text/composed/composed.h"

/* A "TemplateProcessing" with one token before and one behind a text; -1: none. They are in the
 * vocabulary. */
ore_stage *ore_frame_new(ore_composed *composed, int64_t before, int64_t behind);

extern const ore_post_processor_kind ore_template_post_processor, ore_bert_post_processor,
    ore_roberta_post_processor, ore_byte_level_post_processor, ore_sequence_post_processor;

#endif
