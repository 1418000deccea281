/* nanogpt.h: the GPT from checkpoints of github.com/karpathy/nanoGPT. */
#ifndef ORE_MODELS_GPT_NANOGPT_H
#define ORE_MODELS_GPT_NANOGPT_H

#include "models/gpt/hf.h"

/* What takes the place of a model_type. */
#define NANOGPT_TYPE "nanogpt"

/* Whether a file is one of torch.save with a dict "model_args", as nanoGPT's ckpt.pt. */
bool nanogpt_is(ore_tensor_file *file);
/* The same of the file at a path, which may be none: an error may be pending. */
bool nanogpt_is_at(const char *path);
/* Fills *c from model_args. ORE_UNSUPPORTED, naming the key, for one that nanoGPT does not have;
 * ORE_DATA for values that cannot be. */
ore_status nanogpt_read_config(ore_tensor_file *file, gpt_config *c);
/* As hf_load, of the tensors in "model"; the optimizer's are passed over. */
ore_status nanogpt_read_weights(ore_tensor_file *file, gpt *model);
/* The same of the file at a path. */
ore_status nanogpt_config(const char *path, gpt_config *c);
ore_status nanogpt_load(gpt *model, const char *path);

#endif
