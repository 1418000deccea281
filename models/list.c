/* list.c: the models by name. The first is the one that others are described by. */
#include <string.h>

#include "models/bigram/bigram.h"
#include "models/gpt/gpt.h"
#include "models/mlp/mlp.h"
#include "models/wavenet/wavenet.h"

static const named_model *const models[] = {&model_gpt, &model_transformer, &model_bigram,
                                            &model_mlp, &model_wavenet};
enum { MODELS = sizeof models / sizeof models[0] };

int model_count(void) {
    return MODELS;
}

const named_model *model_at(int i) {
    return models[i];
}

const named_model *model_find(const char *name) {
    for (int i = 0; i < MODELS; i++)
        if (strcmp(models[i]->name, name) == 0)
            return models[i];
    return NULL;
}
