/* train_presets.h: named recipes of `ore train`. */
#ifndef ORE_TOOL_TRAIN_PRESETS_H
#define ORE_TOOL_TRAIN_PRESETS_H

#include "config/train_options.h"

typedef struct preset {
    const char *model; /* that it is for */
    const char *name, *about;
    const config_setting *settings; /* ends with a NULL key */
    bool without_data;              /* a run of that model without data takes it */
} preset;

int preset_count(void);
const preset *preset_at(int i);
/* NULL if there is none of that name. */
const preset *preset_find(const char *name);
/* Takes the values of the preset that the options name, or of the one that a model has for a run
 * without data. */
ore_status train_preset_apply(train_options *t);

#endif
