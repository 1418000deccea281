/* published.h: tokenizers that others published, and the ids that others say. */
#ifndef ORE_TESTS_PUBLISHED_H
#define ORE_TESTS_PUBLISHED_H

#include <ore/text.h>

/* Path of a file below the folder that ORE_MODELS names (scripts/tokenizer-files.sh fills one);
 * `name` is a pattern as shells have it, of which the first path counts. Skips the running test,
 * saying so, where it is missing. The last answer stays valid. */
const char *published_file(const char *name);

/* Fails unless the tokenizer gives the ids of every case; returns how many cases there are. The
 * texts of `inputs` are separated by a newline, "__ggml_vocab_test__" and a newline; line i of
 * `outputs` has the ids of text i. */
int expect_published_ids(const ore_tokenizer *tokenizer, const char *inputs, const char *outputs);

#endif
