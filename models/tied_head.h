/* tied_head.h: heads of published models that are their embeddings. */
#ifndef MODELS_TIED_HEAD_H
#define MODELS_TIED_HEAD_H

#include <ore/tensor_file.h>

/* ORE_DATA for a file that has at `name` a head other than the embedding, for a model whose config
 * says that they are one: transformers keeps both then, and without either of them the model would
 * give other answers. */
ore_status tied_head_check(ore_tensor_file *file, const char *name, ore_tensor *embedding);

#endif
