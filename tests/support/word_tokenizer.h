/* word_tokenizer.h: a kind of tokenizer for tests: a token for each byte, and one for each word of
 * a list, of which the longest that fits is taken. So tokens are less or more than a character. */
#ifndef ORE_TESTS_WORD_TOKENIZER_H
#define ORE_TESTS_WORD_TOKENIZER_H

#include <ore/text.h>

/* Ids 0 .. 255 are the bytes, the words follow. The words are not copied. The line feed is the
 * separator. */
ore_tokenizer *word_tokenizer_new(const char *const *words, int count);

#endif
