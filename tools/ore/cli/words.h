/* words.h: numbers for people (models/words.h), and paths for a shell. */
#ifndef ORE_TOOL_WORDS_H
#define ORE_TOOL_WORDS_H

#include <stddef.h>

#include "models/words.h"

/* Writes a path as one would type it into a shell: in quotes where it needs them, with "./" before
 * a dash. Returns text, or the path itself where text is too short. */
const char *shell_path(const char *path, char *text, size_t bytes);

#endif
