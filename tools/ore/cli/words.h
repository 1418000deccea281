/* words.h: numbers for people (models/words.h), paths for a shell, and what paths end in. */
#ifndef ORE_TOOL_WORDS_H
#define ORE_TOOL_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "models/words.h"

/* Writes a path as one would type it into a shell: in quotes where it needs them, with "./" before
 * a dash. Returns text, or the path itself where text is too short. */
const char *shell_path(const char *path, char *text, size_t bytes);
/* Whether a path ends in ".npy" or the like, with something in front of it. */
bool path_ends_in(const char *path, const char *ending);

#endif
