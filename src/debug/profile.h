/* profile.h: what a profile has seen. */
#ifndef ORE_DEBUG_PROFILE_H
#define ORE_DEBUG_PROFILE_H

#include <ore/debug.h>

#include "debug/names.h"

typedef enum event_kind {
    EVENT_MODULE,    /* from its begin to its end */
    EVENT_OPERATION, /* from its first kernel to its end */
    EVENT_KERNEL,    /* of an operation */
    EVENT_LOOSE,     /* a kernel of no operation, which counts as one itself */
} event_kind;

typedef struct profile_event {
    event_kind kind;
    bool backward;
    int32_t name, path; /* numbers of the profile's names; of a module, both are its path */
    double start, seconds;
    int64_t bytes;
} profile_event;

enum { PROFILE_MODULES_MAX = 64 }; /* modules inside one another that it follows */

struct ore_profile {
    debug_names names;
    profile_event *event; /* in the order of their ends */
    int64_t events, capacity;
    double seconds, began; /* between begin and end */
    /* what goes on: kernels since the last operation, a node's backward, modules */
    int64_t loose; /* the first event that may be a kernel of the next operation */
    double kernel_began, backward_began;
    int64_t backward_in_use;
    profile_event module[PROFILE_MODULES_MAX];
    int depth;
    bool in_backward;
    ore_profile_row *rows[2]; /* by operation and by module, as they were asked for last */
};

/* Rows as ore_profile_by_operation and ore_profile_by_module have them. */
int64_t profile_rows(ore_profile *p, bool by_module, const ore_profile_row **rows);

#endif
