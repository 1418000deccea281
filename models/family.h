/* family.h: what the command, and whoever trains or runs models by name, needs to know of a family
 * of models. A family is a folder in models/ with a `const model_family`; the names that it is
 * known by are rows of models/models.def. Nothing else asks which family it has. */
#ifndef ORE_MODELS_FAMILY_H
#define ORE_MODELS_FAMILY_H

#include <ore/coding.h>
#include <ore/infer.h>
#include <ore/nn.h>

#include "models/config.h"
#include "models/task.h"

struct model_family {
    const char *name;       /* "gpt" */
    const model_task *task; /* what its models are for; NULL: they are language models */
    /* What its config's struct holds. Those that are "auto" and have no general field are what the
     * data of a run tells: each language model has vocab_size, and, unless `context` is not 0,
     * block_size: how many tokens a prediction sees, at most or, of contexts, exactly. A key that
     * several families have is of one type in all of them. */
    const config_field *fields;
    size_t config_bytes; /* of that struct */
    bool matrices_only;  /* it has no parameter that is not a matrix */
    size_t net_bytes;    /* of the model's struct, whose first member is the root module */
    /* ORE_INVALID, "n_head 5 does not ..", where fields do not go together. Those that are "auto"
     * have been settled but for what the data tells. NULL: any do. */
    ore_status (*check)(const void *config);
    /* Builds the model of a config without "auto"; dropout goes on drawing from g. A failure leaves
     * nothing to free. */
    ore_status (*init)(void *net, const void *config, ore_generator *g);
    void (*free)(void *net);
    /* The output for a batch, whose loss its task has. NULL: the root's forward of x. */
    ore_tensor *(*forward)(void *net, const ore_batch *batch);
    /* Where the model keeps the non-linearity that its layers call in order, and how many call it
     * in a forward; NULL: there is none. */
    ore_tensor_function *(*activation)(void *net, int64_t *layers);
    /* "2 layers, 4 heads" into text. */
    void (*describe)(const void *config, char *text, size_t bytes);
    double (*parameters)(const void *config); /* about how many */

    /* ---- of language models ---- */

    int64_t context; /* tokens that a prediction sees, where that is no field; else 0 */
    /* How it is trained: on contexts (N, T) of one length, giving (N, V), or on sequences (B, T),
     * giving (B, T, V). */
    bool contexts;
    /* Its forward keeps documents apart that a row holds several of, by a batch's more[0]
     * (shards.h, `separate`). */
    bool separates;
    /* (1, T) ids -> (1, V): the logits after the last token. NULL: the root's forward is that. */
    ore_tensor *(*last)(void *net, ore_tensor *ids);
    /* Or in steps, with a memory of the family's own of the tokens so far (keys and values, a
     * state): memory_new makes an empty one for B sequences of up to block_size tokens; step takes
     * (B, T) ids behind the tokens in it -> (B, V), bitwise as `last` over all of them. memory_keep
     * comes before a text of `length` tokens whose first `tokens` are those that the memory knows:
     * it forgets the tokens behind these, and more where it cannot go back to just those or where
     * a text of that length reads them otherwise; it returns how many are left. NULL: the family
     * has no steps. */
    void *(*memory_new)(const void *net, int64_t B);
    void (*memory_free)(void *memory); /* also of NULL */
    int64_t (*memory_keep)(const void *net, void *memory, int64_t tokens, int64_t length);
    ore_tensor *(*step)(void *net, void *memory, ore_tensor *ids);

    /* (1, T) ids -> (1, T, V) logits, and unless `hidden` is NULL, *hidden becomes what goes into
     * each of L layers and, behind the last norm, what comes out: (L + 1, T, C). NULL: neither. */
    ore_tensor *(*look)(void *net, ore_tensor *ids, ore_tensor **hidden);

    /* ---- checkpoints that others made: folders of Hugging Face, GGUF files, nanoGPT's ---- */

    /* Whether it reads those of this model_type, "llama", or GGUF's general.architecture, or
     * "nanogpt". NULL: it reads none. */
    bool (*reads)(const char *type);
    /* Fills a config. ORE_UNSUPPORTED, naming the key, for what it asks and the family lacks. */
    ore_status (*published_config)(const char *path, void *config);
    /* Puts the weights into a model of that config, in the dtypes that they are stored in, mapped
     * where they can be. */
    ore_status (*published_load)(void *net, const char *path);
    /* Makes float32 what a forward without recording cannot have as halves, and leaves matrices as
     * they are stored, mapped. NULL: all must be float32. */
    ore_status (*widen)(void *net);
    /* Writes a folder of Hugging Face: config.json, with the members "bos_token_id" and the like of
     * `marks` (NULL: none), and the weights, in that dtype (NULL: as they are), in shards of at
     * most so many bytes (0: one file). */
    ore_status (*published_save)(const void *net, const char *dir, ore_json *marks,
                                 const ore_dtype *dtype, int64_t shard_bytes);
    /* Writes a GGUF file, as a model of `type` (NULL: any) with the metadata given and its own;
     * matrices in the coding, NULL: as they are; vectors float32. NULL: the family writes
     * none. */
    ore_status (*published_gguf)(const void *net, const char *path, const char *type,
                                 const ore_coding *coding, ore_json *metadata);

    /* ---- of models of pairs (models/tasks/pairs.h) ---- */

    /* Reads x (B, S), of which lengths (B) count (NULL: all), and fills a stepper that writes what
     * belongs to each row, behind the prompt *start; read_end releases it, also after a failure. */
    ore_status (*read)(void *net, ore_tensor *x, ore_tensor *lengths, ore_stepper *writer,
                       int64_t *start);
    void (*read_end)(ore_stepper *writer);
};

/* A key and a value, as a user would write them. */
typedef struct config_setting {
    const char *key, *text;
} config_setting;

/* A name that a model goes by: a family, and what begins otherwise under that name. */
typedef struct named_model {
    const char *name, *about; /* "mlp"; a line without a full stop */
    const model_family *family;
    /* Other defaults of the family's fields, and those of a run's keys (ore train) that differ from
     * the first model's. Ends with a NULL key; or NULL. */
    const config_setting *defaults;
} named_model;

/* ---- the list (models.def) ---- */

int model_count(void);
const named_model *model_at(int i);
/* NULL, without an error, if there is none of that name. */
const named_model *model_find(const char *name);

/* ---- any family ---- */

/* What an init begins with: settles what is "auto" in its copy of a config, then checks each value
 * and what they say together. ORE_INVALID begins with the family's name: "gpt: n_layer 0, ..". */
ore_status family_prepare(const model_family *f, void *config);

/* ORE_INVALID unless the heads of an attention layer get equal shares of the channels. For a
 * family's check. */
ore_status family_check_heads(int64_t n_head, int64_t n_embd);

/* What a family's models are for; never NULL. */
const model_task *family_task(const model_family *f);

/* Fields that each language model has; vocab_size may be CONFIG_AUTO_INT. 0 of other families that
 * have no such field. */
int64_t family_vocab_size(const model_family *f, const void *config);
int64_t family_block_size(const model_family *f, const void *config);

#endif
