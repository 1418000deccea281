/* token_source.h: the source of a text's ids: the digests of all that they depend on. */
#ifndef ORE_TEXT_TOKEN_SOURCE_H
#define ORE_TEXT_TOKEN_SOURCE_H

#include <ore/text.h>

#include "data/token_file.h"

/* The source of the ids that a tokenizer gives a text. Where an error is pending, its digests may
 * be zeros. */
ore_token_source ore_token_source_of(const ore_text *text, const ore_tokenizer *tokenizer);
/* ore_token_file_write and ore_tokens_of_file for a caller that has the source already, which takes
 * a digest of the whole text to compute. */
ore_status ore_token_file_write_from(const char *path, const ore_text *text,
                                     const ore_tokenizer *tokenizer,
                                     const ore_token_source *source);
ore_tokens *ore_tokens_of_file_from(const char *path, const ore_text *text,
                                    const ore_tokenizer *tokenizer, const ore_token_source *source);

#endif
