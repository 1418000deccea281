/* nanogpt.h: the GPT from checkpoints of github.com/karpathy/nanoGPT. */
#ifndef ORE_MODELS_GPT_NANOGPT_H
#define ORE_MODELS_GPT_NANOGPT_H

#include "models/gpt/hf.h"

/* What takes the place of a model_type. */
#define NANOGPT_TYPE "nanogpt"

/* Whether a file is one of torch.save with a dict "model_args", as nanoGPT's ckpt.pt. */
bool nanogpt_is(ore_tensor_file *file);
/* Fills *c from model_args. ORE_UNSUPPORTED, naming the key, for one that nanoGPT does not have;
 * ORE_DATA for values that cannot be. */
ore_status nanogpt_read_config(ore_tensor_file *file, gpt_config *c);
/* As hf_load, of the tensors in "model"; the optimizer's are passed over. */
ore_status nanogpt_read_weights(ore_tensor_file *file, gpt *model);

#endif
