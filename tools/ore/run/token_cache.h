/* token_cache.h: the folder in which the command keeps texts as tokens. */
#ifndef ORE_TOOL_TOKEN_CACHE_H
#define ORE_TOOL_TOKEN_CACHE_H

#include <ore/text.h>

#include "run/rundir.h"

/* What people are told of a text's tokens: a label, "cache" for a file that is new there, or "note"
 * for a cache that could not be used, and the rest of the line. */
typedef struct token_note {
    const char *label; /* NULL: nothing to tell */
    char text[RUNDIR_PATH_BYTES + 512];
} token_note;

/* $XDG_CACHE_HOME/ore/tokens, or ~/.cache/ore/tokens where that variable names no absolute path, of
 * RUNDIR_PATH_BYTES. ORE_IO: there is no home either. */
ore_status token_cache_folder(char *path);
/* A text's tokens: from the file that the cache has of it, which is made now if need be, or, where
 * the cache cannot be written, in memory. ORE_MEMORY, naming the cache and what is wrong with it,
 * where they would take more than half of the machine's memory. */
ore_tokens *token_cache_tokens(const ore_text *text, const ore_tokenizer *tokenizer,
                               token_note *note);

#endif
