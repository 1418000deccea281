/* words.h: numbers as people read them. */
#ifndef ORE_MODELS_WORDS_H
#define ORE_MODELS_WORDS_H

#include <stdint.h>

enum { COUNT_BYTES = 72 };

/* "1,115,394" into text of COUNT_BYTES; returns text. */
const char *grouped_text(int64_t value, char *text);
/* "1 token", "1,115,394 tokens" into text of COUNT_BYTES; returns text. `noun` is the singular of a
 * word of at most 30 bytes whose plural has an s more. */
const char *counted_text(int64_t count, const char *noun, char *text);

#endif
