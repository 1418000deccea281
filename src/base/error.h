/* error.h: whether an error is pending, without a call. */
#ifndef ORE_BASE_ERROR_H
#define ORE_BASE_ERROR_H

#include <ore/base.h>

extern _Thread_local ore_status ore_pending_status;

/* ore_ok() for code that runs in every op. */
static inline bool ore_no_error(void) {
    return ore_pending_status == ORE_OK;
}

/* The ending of a noun after a count: "s", or "" after 1. */
static inline const char *ore_plural(int64_t count) {
    return count == 1 ? "" : "s";
}

/* Replaces the name at the front of the pending message: "sub: shapes .." of a function that `name`
 * has called becomes "name: shapes ..". Leaves messages without a name, and those that have a
 * module's path in front. */
void ore_error_name(const char *name);

#endif
