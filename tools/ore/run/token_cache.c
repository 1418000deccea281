/* token_cache.c: the user's cache of texts as tokens. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/words.h"
#include "run/token_cache.h"

ore_status token_cache_folder(char *path) {
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    const char *below = "ore/tokens";
    if (!cache || *cache != '/') { /* the XDG specification ignores a relative path */
        cache = home;
        below = ".cache/ore/tokens";
    }
    if (!cache || *cache != '/')
        return ore_fail(ORE_IO, "no cache folder: neither XDG_CACHE_HOME nor HOME names one");
    if (snprintf(path, RUNDIR_PATH_BYTES, "%s/%s", cache, below) >= RUNDIR_PATH_BYTES)
        return ore_fail(ORE_IO, "%.64s...: the path of the cache folder is too long", cache);
    return ORE_OK;
}

/* The max size of the ids in bytes: at most one id for each byte of text, of 2 bytes, or 4 for a
 * vocabulary of more than 65536 tokens. */
static double max_bytes(const ore_text *text, const ore_tokenizer *tokenizer) {
    return (double)ore_text_kept_bytes(text) * (ore_tokenizer_size(tokenizer) > 65536 ? 4 : 2);
}

/* Makes tokens in memory, since the cache cannot be used, for the reason of the pending error; that
 * becomes a note. */
static ore_tokens *tokens_in_memory(const ore_text *text, const ore_tokenizer *tokenizer,
                                    token_note *note) {
    const double mib = 1 << 20;
    double needed = max_bytes(text, tokenizer);
    double there = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
    ore_error error;
    ore_error_take(&error);
    if (needed > there / 2) {
        ore_fail(ORE_MEMORY,
                 "%.600s; in memory the tokens of %.200s would take %.0f of this machine's %.0f "
                 "MiB: XDG_CACHE_HOME names another folder",
                 error.message, ore_text_name(text), needed / mib, there / mib);
        return NULL;
    }
    note->label = "note";
    snprintf(note->text, sizeof note->text, "its tokens are in memory: %s", error.message);
    return ore_tokens_of_text(text, tokenizer);
}

ore_tokens *token_cache_tokens(const ore_text *text, const ore_tokenizer *tokenizer,
                               token_note *note) {
    char folder[RUNDIR_PATH_BYTES], count[COUNT_BYTES];
    ore_tokens *tokens = NULL;
    bool made = false;
    note->label = NULL;
    if (!ore_ok())
        return NULL;
    if (token_cache_folder(folder) == ORE_OK)
        tokens = ore_tokens_of_cache(folder, text, tokenizer, &made);
    if (tokens && made) {
        note->label = "cache";
        snprintf(note->text, sizeof note->text, "%s kept in %s",
                 counted_text(tokens->length, "token", count), folder);
    }
    return ore_error_status() == ORE_IO ? tokens_in_memory(text, tokenizer, note) : tokens;
}
