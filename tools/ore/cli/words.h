/* words.h: numbers as people read them, and words as a shell does. */
#ifndef ORE_TOOL_WORDS_H
#define ORE_TOOL_WORDS_H

#include <stddef.h>
#include <stdint.h>

enum { COUNT_BYTES = 72 };

/* "1,115,394" into text of COUNT_BYTES; returns text. */
const char *grouped_text(int64_t value, char *text);
/* "1 token", "1,115,394 tokens" into text of COUNT_BYTES; returns text. `noun` is the singular of a
 * word of at most 30 bytes whose plural has an s more. */
const char *counted_text(int64_t count, const char *noun, char *text);

/* A path as a shell takes it, into text: quoted where it has to be, with "./" before a dash.
 * Returns text, or the path itself where `bytes` are too few. */
const char *shell_path(const char *path, char *text, size_t bytes);

#endif
