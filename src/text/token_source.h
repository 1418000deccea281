/* token_source.h: what the ids of a text depend on. */
#ifndef ORE_TEXT_TOKEN_SOURCE_H
#define ORE_TEXT_TOKEN_SOURCE_H

#include <ore/text.h>

#include "data/token_file.h"

/* With an error pending its digests may be zeros. */
ore_token_source ore_token_source_of(const ore_text *text, const ore_tokenizer *tokenizer);

#endif
