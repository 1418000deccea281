/* text.h: what the text room knows about a mapped text. */
#ifndef ORE_TEXT_TEXT_H
#define ORE_TEXT_TEXT_H

#include <ore/text.h>

/* Whether the file still holds what it held when it was opened. ORE_DATA, naming it, if not. */
ore_status ore_text_check(const ore_text *text);
/* All bytes of the file, dropped ones and the mark included. */
int64_t ore_text_source_bytes(const ore_text *text);
ore_text_options ore_text_options_of(const ore_text *text);

#endif
