/* list.c: the models by name. */
#include <string.h>

#include "models/family.h"

#define MODEL(name) extern const named_model model_##name;
#include "models/models.def"
#undef MODEL

static const named_model *const models[] = {
#define MODEL(name) &model_##name,
#include "models/models.def"
#undef MODEL
};
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
