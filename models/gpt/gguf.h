/* gguf.h: the GPT from GGUF files. */
#ifndef ORE_MODELS_GPT_GGUF_H
#define ORE_MODELS_GPT_GGUF_H

#include "models/gpt/hf.h"

/* A key behind "llama." and the like, and the same of config.json. */
typedef struct gguf_key {
    const char *theirs, *key; /* NULL ends a table */
} gguf_key;

typedef struct gguf_family {
    const char *architecture, *model_type;
    const gguf_key *keys;
    const hf_name *names;
    /* Of Gemma, whose files do not say it: with so many layers, queries are divided by the root of
     * n_embd / n_head instead of head_dim. 0: no number of layers. */
    int64_t wide_layers;
} gguf_family;

/* NULL where there is none. */
const gguf_family *gguf_family_of_type(const char *model_type);
enum { GGUF_KEY_BYTES = 128 };
/* "llama.block_count" into text, which it returns. */
const char *gguf_full_key(const gguf_family *f, const char *key, char *text);

/* A number of the metadata as a member of config.json, where there is one. */
ore_status gguf_copy_member(const gguf_family *f, ore_json *metadata, const char *theirs,
                            const char *key, ore_json *json);
int64_t gguf_integer(const gguf_family *f, const ore_json *metadata, const char *key,
                     int64_t missing);
/* A number of config.json as a member of the metadata, where there is one (gguf_save.c). */
ore_status gguf_set_number(ore_json *metadata, const char *key, const ore_json *json,
                           const char *from);
/* The key of config.json that names the activation. */
const char *gguf_activation_key(const gguf_family *f);

/* ---- scalings of rotary positions (gguf_rope.c) ---- */

bool gguf_rope_has(const char *key);
ore_status gguf_rope_read(const gguf_family *f, ore_tensor_file *file, ore_json *metadata,
                          ore_json *json);
ore_status gguf_rope_write(const gguf_family *f, const gpt_config *c, ore_json *json,
                           ore_json *metadata);
/* The field of a config; longrope's as the paper has it where the config leaves that open, since
 * files have always a number. */
double gguf_rope_attention_factor(const gpt_config *c);
/* The tensor rope_freqs.weight that a file of this config has beside the model's own; NULL. */
ore_tensor *gguf_rope_factors(const gguf_family *f, const gpt_config *c);

/* ---- files ---- */

/* Whether it reads files of this general.architecture. */
bool gguf_reads(const char *architecture);
/* Fills *c from a file's metadata and tensors. ORE_UNSUPPORTED, naming the key, for what it asks
 * and Ore lacks, and for keys that are not known. */
ore_status gguf_read_config(ore_tensor_file *file, gpt_config *c);
/* Puts the file's tensors into a model of that config. */
ore_status gguf_read_weights(ore_tensor_file *file, gpt *model);
/* Writes a model, as one of model_type (NULL: any), into a file, with the metadata given and its
 * config's (gguf_save.c). `coding`: of matrices; NULL: all as they are. ORE_UNSUPPORTED, naming
 * what GGUF has no place for. */
ore_status gguf_save(const gpt *model, const char *path, const char *model_type,
                     const ore_coding *coding, ore_json *metadata);

#endif
