/* text.h: what the text room knows about a mapped text. */
#ifndef ORE_TEXT_TEXT_H
#define ORE_TEXT_TEXT_H

#include <ore/text.h>

/* The least code point of the text that is not below `from`, or -1. */
int64_t ore_text_next_seen(const ore_text *text, uint32_t from);
/* Whether the file still holds what it held when it was opened. ORE_DATA, naming it, if not. */
ore_status ore_text_check(const ore_text *text);

#endif
