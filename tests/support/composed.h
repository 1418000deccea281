/* composed.h: small files of composed tokenizers, and merging as slowly as it is defined. */
#ifndef ORE_TESTS_COMPOSED_H
#define ORE_TESTS_COMPOSED_H

#include <ore/text.h>

/* A rank file in the scratch folder: the 256 bytes, then these tokens; returns its path. */
const char *ranks_file(const char *name, const char *const *tokens, int count);
/* The same at a path. */
void write_ranks(const char *path, const char *const *tokens, int count);
/* vocab.json and merges.txt at these paths: the letters of the 256 bytes, then the unions of the
 * merges, which are parted by |. */
void write_vocab(const char *vocab, const char *merges, const char *list);
/* The ids of text as one split of a rank file, each pair looked up by its bytes. */
int64_t merge_slowly(const ore_tokenizer *t, const char *text, int count, int64_t *ids);
/* A file as text, which the caller frees. */
char *read_text(const char *path);

#endif
