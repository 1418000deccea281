/* language_shards.h: shards in place of a text: tokens that are there already. */
#ifndef ORE_TOOL_LANGUAGE_SHARDS_H
#define ORE_TOOL_LANGUAGE_SHARDS_H

#include <ore/shards.h>
#include <ore/text.h>

#include "tasks/train_data.h"

/* A folder of `ore data prepare`, a file of ids, or several of these by weight: a JSON file
 * {"sources": [{"path": "web", "weight": 0.7}, ..]}, whose paths are relative to its own folder. */
typedef struct language_shards {
    int64_t count; /* sources; 0: the data is a text */
    char **names;  /* (count) paths */
    double *weights;
    char **paths[ORE_PART_COUNT]; /* (path_count) files of each part, source by source */
    int64_t path_count[ORE_PART_COUNT];
    int64_t *ends; /* (count) how many paths to train on up to the end of a source */
    ore_tokens *tokens[ORE_PART_COUNT];     /* of all sources; NULL: none */
    ore_token_parts *parts[ORE_PART_COUNT]; /* all of `tokens` as their first part */
    ore_mixture_source *sources;            /* (count) */
    ore_digest digest;
} language_shards;

/* Whether --data or --val-data names shards. */
bool language_is_shards(const char *path);
/* Finds the files of the sources, and their digest. */
ore_status language_shards_find(language_shards *s, const char *path);
/* The tokenizer beside them: tokenizer.json in the first source's folder. */
ore_tokenizer *language_shards_tokenizer(const language_shards *s);
/* Opens them as tokens; ORE_DATA: they were made with another tokenizer. */
ore_status language_shards_open(language_shards *s, const ore_tokenizer *tokenizer);
void language_shards_close(language_shards *s);
ore_status language_shards_digest(const char *path, ore_digest *digest);

ore_loader *language_shards_loader(const language_shards *s, const train_config *c);
const char *language_shards_text(const train_data *d, const language_shards *s, char *text,
                                 size_t bytes);

#endif
