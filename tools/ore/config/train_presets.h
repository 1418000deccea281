/* train_presets.h: named recipes of `ore train`. */
#ifndef ORE_TOOL_TRAIN_PRESETS_H
#define ORE_TOOL_TRAIN_PRESETS_H

typedef struct setting {
    const char *key, *text;
} setting;

typedef struct preset {
    const char *family; /* the model it is for */
    const char *name, *about;
    const setting *settings; /* ends with a NULL key */
} preset;

int preset_count(void);
const preset *preset_at(int i);
/* NULL if there is none of that name. */
const preset *preset_find(const char *name);

#endif
