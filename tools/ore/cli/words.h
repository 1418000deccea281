/* words.h: numbers as people read them (models/words.h), and words as a shell does. */
#ifndef ORE_TOOL_WORDS_H
#define ORE_TOOL_WORDS_H

#include <stddef.h>

#include "models/words.h"

/* A path as a shell takes it, into text: quoted where it has to be, with "./" before a dash.
 * Returns text, or the path itself where `bytes` are too few. */
const char *shell_path(const char *path, char *text, size_t bytes);

#endif
