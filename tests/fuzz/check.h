/* check.h: what must hold for any bytes; where it does not, the target aborts. */
#ifndef ORE_FUZZ_CHECK_H
#define ORE_FUZZ_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <ore/base.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void check(bool holds) {
    if (!holds)
        abort();
}

/* What has been refused is damaged data, told in one line. */
static inline void check_error(void) {
    check(ore_error_status() == ORE_DATA && !strchr(ore_error_message(), '\n'));
    ore_error_clear();
}

#endif
