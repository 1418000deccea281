/* text.h: what tokenizing needs of a text beside the public functions. */
#ifndef ORE_TEXT_TEXT_H
#define ORE_TEXT_TEXT_H

#include <ore/text.h>

/* ORE_DATA, naming the file, where it has changed since the text was opened. */
ore_status ore_text_check(const ore_text *text);
/* The size of the source in bytes, with dropped characters and the byte order mark. */
int64_t ore_text_source_bytes(const ore_text *text);
/* The options that the text was opened with. */
ore_text_options ore_text_options_of(const ore_text *text);

#endif
