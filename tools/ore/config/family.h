/* family.h: the model families that `ore train` knows, one `const model_family` each: which keys it
 * takes and with which defaults, and how it is built and called. A further family is a folder in
 * models/, a constant in a family_*.c, and its row in family.c. */
#ifndef ORE_TOOL_FAMILY_H
#define ORE_TOOL_FAMILY_H

#include <ore/nn.h>

struct train_config;
struct train_options;

/* A key of train_options.def as one family takes it; what is NULL is as there. */
typedef struct family_key {
    const char *key, *fallback, *domain, *help;
} family_key;

typedef ore_tensor *(*family_activation)(ore_tensor *x);

typedef struct model_family {
    const char *name, *about; /* "mlp"; a line without a full stop */
    /* The keys of the group "Model" that the family takes, others of that group being none of its
     * own, and those of other groups whose default differs. Ends with a NULL key. */
    const family_key *keys;
    /* How it is trained: on contexts (N, T) of one length, giving (N, V), or on sequences (B, T),
     * giving (B, T, V). */
    bool contexts;
    int64_t context; /* tokens that a prediction sees where that is no key; 0: block_size */
    size_t bytes;    /* of its struct, whose first member is the root module */
    /* Replaces each "auto" among its keys and checks what they say together; or NULL. */
    ore_status (*resolve)(struct train_options *t);
    /* Builds the model of a resolved config; dropout goes on drawing from g. A failure leaves
     * nothing to free. */
    ore_status (*init)(void *net, const struct train_config *c, ore_generator *g);
    void (*free)(void *net);
    /* (1, T) ids -> (1, V): the logits after the last token. NULL: the root's forward is that. */
    ore_tensor *(*last)(void *net, ore_tensor *ids);
    /* Where the model keeps the non-linearity that its layers call in order, and how many call it
     * in a forward; NULL: there is none. */
    family_activation *(*activation)(void *net, int64_t *layers);
    /* "2 layers, 4 heads" into text. */
    void (*describe)(const struct train_config *c, char *text, size_t bytes);
    double (*parameters)(const struct train_config *c); /* about how many */
} model_family;

extern const model_family family_gpt, family_transformer, family_bigram, family_mlp, family_wavenet;

int family_count(void);
const model_family *family_at(int i);
/* NULL, without an error, if there is none of that name. */
const model_family *family_find(const char *name);
/* That of a config, whose model is one of the families' names. */
const model_family *family_of(const struct train_config *c);
/* "gpt|transformer|.." */
const char *family_names(void);
/* The family's entry for a key, or NULL. */
const family_key *family_key_of(const model_family *f, const char *key);

#endif
