/* range.c: the check of places that data names. */
#include <stdio.h>

#include "backend/cpu/range.h"

ore_status ore_check_range(const char *op, const char *noun, const int64_t *places, int64_t n,
                           int64_t size, const int64_t *ignored) {
    for (int64_t i = 0; i < n; i++) {
        if ((places[i] >= 0 && places[i] < size) || (ignored && places[i] == *ignored))
            continue;
        char also[32] = "";
        if (ignored)
            snprintf(also, sizeof also, " or %lld", (long long)*ignored);
        return ore_fail(ORE_INVALID, "%s: %s %lld at %lld out of range, expected 0 .. %lld%s", op,
                        noun, (long long)places[i], (long long)i, (long long)size - 1, also);
    }
    return ORE_OK;
}
