/* gguf.h: the GPT from GGUF files. */
#ifndef ORE_MODELS_GPT_GGUF_H
#define ORE_MODELS_GPT_GGUF_H

#include "models/gpt/hf.h"

/* Whether it reads files of this general.architecture. */
bool gguf_reads(const char *architecture);
/* Fills *c from a file's metadata and tensors. ORE_UNSUPPORTED, naming the key, for what it asks
 * and Ore lacks, and for keys that are not known. */
ore_status gguf_config(const char *path, gpt_config *c);
/* Puts the file's tensors into a model of that config. */
ore_status gguf_load(gpt *model, const char *path);

#endif
