/* stage_list.h: stages of one role, of which each takes what the one before has made. */
#ifndef ORE_TEXT_STAGE_LIST_H
#define ORE_TEXT_STAGE_LIST_H

#include "text/composed/composed.h"

typedef struct ore_stage_list {
    ore_stage base;
    ore_stage **stages; /* (count), owned */
    int64_t count;
} ore_stage_list;

/* A stage of `kind` that consists of these; it takes them over, on failure too. */
ore_stage *ore_stage_list_new(const ore_stage_kind *kind, ore_stage **stages, int64_t count);
/* The same of those in the array `key` of json. */
ore_stage *ore_stage_list_load(const ore_stage_kind *kind, ore_stage_role role,
                               ore_composed *composed, ore_json *json, const char *key,
                               const char *path);
void ore_stage_list_save(const ore_stage *stage, const ore_composed *composed, ore_json *json,
                         const char *key);
/* The `release` of such a kind. */
void ore_stage_list_release(ore_stage *stage);

#endif
