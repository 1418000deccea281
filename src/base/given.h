/* given.h: what a caller must give. */
#ifndef ORE_BASE_GIVEN_H
#define ORE_BASE_GIVEN_H

#include "base/error.h"

/* Whether `what` of a call of `name` is there and no error is pending; ORE_INVALID where it is
 * NULL. */
static inline bool ore_is_given(const char *name, const char *what, const void *given) {
    if (!given)
        ore_fail(ORE_INVALID, "%s: %s is NULL", name, what);
    return ore_no_error();
}

#endif
