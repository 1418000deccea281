/* refusals.h: tests of what builders say about arguments that cannot be, word for word. */
#ifndef ORE_TEST_REFUSALS_H
#define ORE_TEST_REFUSALS_H

#include <ore/ops.h>

#include "support/errors.h"

/* That `result`, just made, is NULL for this reason. */
void refused(const void *result, ore_status status, const char *message);
void invalid(const void *result, const char *message);

/* float32 ones, and int64 values. */
ore_tensor *ones(ore_shape shape);
ore_tensor *whole(ore_shape shape, const int64_t *values);

#endif
