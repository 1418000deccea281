/* error.h: whether an error is pending, without a call. */
#ifndef ORE_BASE_ERROR_H
#define ORE_BASE_ERROR_H

#include <ore/base.h>

extern _Thread_local ore_status ore_pending_status;

/* ore_ok() for code that runs in every op. */
static inline bool ore_no_error(void) {
    return ore_pending_status == ORE_OK;
}

/* What the noun after a count in a message has beyond its singular: "s", or nothing after 1. */
static inline const char *ore_plural(int64_t count) {
    return count == 1 ? "" : "s";
}

/* The pending error says that `name` failed, where it named a function that `name` is made of. */
void ore_error_name(const char *name);

#endif
