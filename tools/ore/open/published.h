/* published.h: checkpoints that others made, in place of a run: folders of Hugging Face, GGUF
 * files and nanoGPT's ckpt.pt, opened by the family that reads them. */
#ifndef ORE_TOOL_PUBLISHED_H
#define ORE_TOOL_PUBLISHED_H

#include "config/train_options.h"

enum { PUBLISHED_TYPE_BYTES = 64 };

/* Whether there is such a checkpoint; type (PUBLISHED_TYPE_BYTES) becomes its model_type or
 * architecture. An error may be pending where there is something that cannot be read. */
bool published_type(const char *path, char *type);
/* What it says of its tokens, as members of config.json: "bos_token_id", "eos_token_id"; the
 * caller's. NULL on failure. */
ore_json *published_marks(const char *path);
/* The ids of the tokens that end a text, at most `capacity`; returns how many there are. */
int published_ends(const char *path, int64_t *ids, int capacity);
/* The chat template, which the caller frees: a file of its own in a folder, or a text in
 * tokenizer_config.json; GGUF's key. NULL, without an error, where there is none. */
char *published_template(const char *path);
/* The options of a model that has the config of the checkpoint. ORE_UNSUPPORTED where no model of
 * Ore reads it. Needs train_options_free, also after a failure. */
ore_status published_options(train_options *t, const char *path, const char *type);

#endif
