/* token_cache.h: the cache folder in which the command keeps texts as tokens. */
#ifndef ORE_TOOL_TOKEN_CACHE_H
#define ORE_TOOL_TOKEN_CACHE_H

#include <ore/text.h>

#include "run/rundir.h"

/* A line for the user about the tokens of a text: a label, "cache" for a new file in the cache or
 * "note" for a cache that could not be used, and the rest of the line. */
typedef struct token_note {
    const char *label; /* NULL: there is nothing to say */
    char text[RUNDIR_PATH_BYTES + 512];
} token_note;

/* Writes the path of the cache to path (RUNDIR_PATH_BYTES): $XDG_CACHE_HOME/ore/tokens, or, if that
 * variable is no absolute path, ~/.cache/ore/tokens. ORE_IO if there is no home folder either. */
ore_status token_cache_folder(char *path);
/* The tokens of a text, from its file in the cache, which is made if there is none yet. If the
 * cache cannot be written, they are in memory; ORE_MEMORY, with a message that names the cache and
 * what is wrong with it, if they would take more than half of the machine's memory. */
ore_tokens *token_cache_tokens(const ore_text *text, const ore_tokenizer *tokenizer,
                               token_note *note);

#endif
