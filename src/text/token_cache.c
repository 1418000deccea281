/* token_cache.c: a folder of token files, whose names are digests of what they were made from. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/files.h"
#include "base/memory.h"
#include "text/token_source.h"

/* The path of the token file of a source, FOLDER/0123456789abcdef0123456789abcdef.tokens: its name
 * is a digest of all that the ids depend on. */
static char *cache_path(const char *folder, const ore_token_source *s) {
    const uint64_t key[] = {s->text.low,       s->text.high, s->tokenizer.low,
                            s->tokenizer.high, s->reading,   ORE_TOKEN_VERSION};
    ore_digest digest = ore_digest_of(key, sizeof key);
    char name[64];
    snprintf(name, sizeof name, "%016llx%016llx" ORE_TOKEN_FILE_SUFFIX,
             (unsigned long long)digest.high, (unsigned long long)digest.low);
    return ore_ok() ? ore_path_join(folder, name) : NULL;
}

ore_tokens *ore_tokens_of_cache(const char *folder, const ore_text *text,
                                const ore_tokenizer *tokenizer, bool *made) {
    bool unused, *is_new = made ? made : &unused;
    *is_new = false;
    if (!ore_ok() || !text || !tokenizer)
        return NULL;
    ore_token_source source = ore_token_source_of(text, tokenizer);
    char *path = cache_path(folder, &source);
    ore_tokens *tokens = NULL;
    if (path && ore_path_kind_of(path) != ORE_PATH_MISSING) {
        tokens = ore_tokens_of_file_from(path, text, tokenizer, &source);
        if (ore_error_status() == ORE_DATA) /* damaged, or of another source: written anew */
            ore_error_clear();
    }
    if (path && !tokens && ore_ok()) {
        ore_folder_make(folder);
        *is_new = ore_token_file_write_from(path, text, tokenizer, &source) == ORE_OK;
        tokens = ore_tokens_of_file_from(path, text, tokenizer, &source);
    }
    ore_release(path);
    return tokens;
}

/* ---- measuring and clearing ---- */

typedef struct visit {
    ore_token_cache_facts *facts;
    bool clear;
} visit;

static bool is_token_file(const char *name) {
    size_t length = strlen(name), suffix = strlen(ORE_TOKEN_FILE_SUFFIX);
    return length > suffix && strcmp(name + length - suffix, ORE_TOKEN_FILE_SUFFIX) == 0;
}

/* Counts a token file, or removes it. Files with other names are left alone: they may be
 * somebody's, or token files that a process is writing. */
static ore_status visit_file(void *user, const char *folder, const char *name) {
    const visit *v = user;
    struct stat information;
    if (!is_token_file(name) && !ore_file_is_left_behind(name))
        return ORE_OK;
    char *path = ore_path_join(folder, name);
    if (path && stat(path, &information) == 0) { /* else another process has just removed it */
        v->facts->files++;
        v->facts->bytes += information.st_size;
        if (v->clear)
            ore_tree_remove(path);
    }
    ore_release(path);
    return ore_error_status();
}

static ore_status visit_all(const char *folder, bool clear, ore_token_cache_facts *facts) {
    visit v = {facts, clear};
    *facts = (ore_token_cache_facts){0};
    if (!ore_ok() || ore_path_kind_of(folder) == ORE_PATH_MISSING)
        return ore_error_status();
    return ore_folder_visit(folder, visit_file, &v);
}

ore_status ore_token_cache_measure(const char *folder, ore_token_cache_facts *facts) {
    return visit_all(folder, false, facts);
}

ore_status ore_token_cache_clear(const char *folder, ore_token_cache_facts *removed) {
    return visit_all(folder, true, removed);
}
