/* hf.h: Hugging Face's families of decoder-only transformers as configs of the GPT: tables of the
 * keys of their config.json and of the names of their tensors, and what goes by these tables. */
#ifndef ORE_MODELS_GPT_HF_H
#define ORE_MODELS_GPT_HF_H

#include <ore/tensor_file.h>

#include "models/gpt/gpt.h"

/* A value of config.json as text ("null" for null) and what it is in a field. */
typedef struct hf_word {
    const char *theirs, *ours;
} hf_word;

/* A key of config.json. */
typedef struct hf_key {
    const char *key;      /* NULL ends a table */
    const char *field;    /* of the GPT's config; NULL: Ore has but the values that words lists */
    const char *missing;  /* the value where config.json has none; NULL: there must be one */
    const hf_word *words; /* values that are other words there, up to a NULL; NULL: none. A choice
                             has no others than these. */
} hf_key;

/* Which layers see a window alone, where layer_types does not say it. */
typedef enum hf_window {
    HF_WINDOW_NONE,
    HF_WINDOW_ALL,    /* sliding_window: all layers */
    HF_WINDOW_BEHIND, /* Qwen: with use_sliding_window those from max_window_layers on */
    HF_WINDOW_SECOND, /* Gemma 2: but for every second */
    HF_WINDOW_PATTERN /* Gemma 3: but for every sliding_window_pattern-th */
} hf_window;

/* What a checkpoint's tensor is otherwise than the GPT's. */
typedef enum hf_change {
    HF_SAME,
    HF_TRANSPOSED, /* a weight is (in, out) */
    HF_PAIRS,      /* rows of a head alternate between its halves: rotary positions turn pairs */
    HF_PLUS_ONE    /* the factor, not what it is above 1 */
} hf_change;

/* Modules by name in a family's checkpoints and in the GPT; "#" stands for the layer's number. */
typedef struct hf_name {
    const char *theirs, *ours; /* a NULL ends a table */
    hf_change change;
} hf_name;

typedef struct hf_family {
    const char *model_type, *architecture; /* "llama", "LlamaForCausalLM" */
    const config_setting *fixed;           /* fields that the family has always so */
    const hf_key *keys;
    const char *const *ignored; /* keys of its own without an effect, up to a NULL; or NULL */
    hf_window window;
    int64_t window_missing;  /* sliding_window where config.json has none; 0: null */
    bool rotary;             /* it has rotary positions: hf_rope.c */
    const char *theta;       /* their base where config.json has none */
    const char *local_theta; /* the same of local layers; NULL: they have none of their own */
    bool partial;            /* partial_rotary_factor has an effect */
    bool original_apart;     /* original_max_position_embeddings stands beside rope_scaling */
    const hf_name *names;
    const char *prefix; /* of its tensors' names, which some checkpoints leave out; or NULL */
    bool zero_biases;   /* layers have biases, which are written as zeros where the GPT has none */
} hf_family;

/* ---- tables (hf_families.c) ---- */

const hf_family *hf_family_at(int i); /* NULL behind the last */
/* ORE_UNSUPPORTED where there is none of that model_type. */
const hf_family *hf_family_find(const char *model_type);
/* The key of that name in config.json of a family that there is; NULL. */
const hf_key *hf_find_key(const char *model_type, const char *key);

/* ---- config.json (hf_config.c) ---- */

/* Fills *c from config.json. ORE_UNSUPPORTED, naming the key, for what it asks and Ore lacks, and
 * for keys that are not known; ORE_DATA for values that cannot be. */
const hf_family *hf_config_read(ore_json *json, gpt_config *c);
/* Sets the fields that a table's keys stand for, and refuses keys that it does not list. Errors
 * name the key, and `of`, whose key it is not: for configs of no family. */
ore_status hf_keys_read(const hf_key *keys, const char *of, ore_json *json, gpt_config *c);
/* Settles a config that was read, and checks it: ORE_DATA, as the wrong value is in a file. */
ore_status hf_config_check(gpt_config *c);
/* The family that has a place for all that a config says, that of model_type (NULL: any) first, and
 * its config.json in *json, the caller's. ORE_UNSUPPORTED where there is none, naming what the
 * nearest has otherwise. */
const hf_family *hf_config_write(const gpt_config *c, const char *model_type, ore_json **json);
/* Raises the error for a member of config.json that Ore has no place for. */
ore_status hf_unsupported(const char *key, const char *value);
/* A member of an object as text, "null" for null; `missing` where there is none, and NULL where it
 * is an object or an array. */
const char *hf_member_text(const ore_json *object, const char *key, const char *missing, char *text,
                           size_t bytes);

/* ---- rotary positions and windows (hf_rope.c, hf_window.c) ---- */

ore_status hf_rope_read(const hf_family *family, ore_json *json, gpt_config *c);
ore_status hf_rope_write(const hf_family *family, const gpt_config *c, ore_json *json);
/* The factors of longrope, which config.json has and the GPT keeps as weights. */
ore_status hf_rope_factors(ore_json *json, gpt *model);
ore_status hf_rope_write_factors(const gpt *model, ore_json *json);
bool hf_rope_has(const hf_family *family, const char *key);
ore_status hf_window_read(const hf_family *family, ore_json *json, gpt_config *c);
ore_status hf_window_write(const hf_family *family, const gpt_config *c, ore_json *json);
bool hf_window_has(const hf_family *family, const char *key);

/* ---- folders (hf_folder.c) ---- */

/* Reads the config.json of a folder. */
const hf_family *hf_folder_config(const char *dir, gpt_config *c);
/* Puts the tensors of a file in place of the model's, which has the file's config, in the file's
 * dtypes and mapped where the file has them as the model does. `prefix`: what their names begin
 * with in some files alone, or NULL. `root`: what the file has before all names of the table; other
 * tensors are passed over. ORE_DATA for a tensor that is missing, of another shape, or not the
 * model's. */
ore_status hf_load(gpt *model, const hf_name *names, const char *prefix, const char *root,
                   ore_tensor_file *file);
ore_status hf_folder_load(gpt *model, const char *dir);
/* Writes config.json, of the model_type and with the ids of begin, end and padding that `marks` has
 * (NULL: none), and model.safetensors, in that dtype (NULL: as the weights are), or its shards of
 * at most so many bytes (0: one file). */
ore_status hf_folder_save(const gpt *model, const char *dir, ore_json *marks,
                          const ore_dtype *dtype, int64_t shard_bytes);

/* ---- names of tensors (hf_names.c) ---- */

enum { HF_NAME_BYTES = 256 };
/* Whether the layer of a weight has no bias in the GPT, though all of its family's layers have one:
 * its name into `bias` then (hf_folder.c). */
bool hf_lacks_bias(const hf_family *f, const ore_tensor_list *state, const char *weight,
                   char *bias);
/* The name in the family's checkpoints of a tensor of the GPT, into text; *change becomes what is
 * other there. False where the family has none. */
bool hf_name_of(const hf_name *names, const char *ours, char *text, hf_change *change);

#endif
