/* family.c: the list of families. */
#include <stdio.h>
#include <string.h>

#include "config/family.h"
#include "config/train_options.h"

static const model_family *const families[] = {&family_gpt, &family_transformer, &family_bigram,
                                               &family_mlp, &family_wavenet};

enum { FAMILIES = sizeof families / sizeof families[0] };

int family_count(void) {
    return FAMILIES;
}

const model_family *family_at(int i) {
    return families[i];
}

const model_family *family_find(const char *name) {
    for (int i = 0; i < FAMILIES; i++)
        if (strcmp(families[i]->name, name) == 0)
            return families[i];
    return NULL;
}

const model_family *family_of(const train_config *c) {
    return family_find(c->model);
}

const char *family_names(void) {
    static char names[256];
    size_t used = 0;
    for (int i = 0; i < FAMILIES && !names[sizeof names - 1]; i++)
        used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", i ? "|" : "",
                                 families[i]->name);
    return names;
}

const family_key *family_key_of(const model_family *f, const char *key) {
    for (const family_key *k = f->keys; k->key; k++)
        if (strcmp(k->key, key) == 0)
            return k;
    return NULL;
}
