/* run_tokenizer.h: the tokenizer of a run, for tasks that read texts. */
#ifndef ORE_TOOL_RUN_TOKENIZER_H
#define ORE_TOOL_RUN_TOKENIZER_H

#include <ore/tokenizer_trainer.h>

#include "config/train_options.h"

#define RUN_TOKENIZER_FILE "tokenizer.json"

/* The tokenizer of a file, or of the folder of a run or of a published model, to be freed; NULL on
 * failure. */
ore_tokenizer *run_tokenizer_read(const char *path);
/* What learns a tokenizer such as "bpe:8192" (models/task.h) from texts that are added to it; NULL,
 * without an error, for one that is not learned. */
ore_tokenizer_trainer *run_tokenizer_trainer(const char *tokenizer);
ore_status run_tokenizer_save(const ore_tokenizer *tokenizer, const char *dir);
/* Gives the model as many rows of token tables as the tokenizer has tokens, unless the user asks
 * for more; ORE_DATA for fewer. */
ore_status run_tokenizer_settle(const ore_tokenizer *tokenizer, train_options *t);

#endif
