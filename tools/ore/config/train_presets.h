/* train_presets.h: the presets of `ore train`. */
#ifndef ORE_TOOL_TRAIN_PRESETS_H
#define ORE_TOOL_TRAIN_PRESETS_H

#include "config/train_options.h"

typedef struct preset {
    const char *model; /* the name of the model that it is for */
    const char *name, *about;
    const config_setting *settings; /* ends with a NULL key */
    bool without_data;              /* it is also taken for a run of that model without data */
} preset;

int preset_count(void);
const preset *preset_at(int i);
/* The preset of this name; NULL if there is none. */
const preset *preset_find(const char *name);
/* Sets the values of the preset that the options name, or, for a run without data, of the one that
 * its model has for that. */
ore_status train_preset_apply(train_options *t);

#endif
