/* error.h: whether an error is pending, without a call. */
#ifndef ORE_BASE_ERROR_H
#define ORE_BASE_ERROR_H

#include <ore/base.h>

extern _Thread_local ore_status ore_pending_status;

/* ore_ok() for code that runs in every op. */
static inline bool ore_fine(void) {
    return ore_pending_status == ORE_OK;
}

#endif
