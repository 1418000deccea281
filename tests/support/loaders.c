/* loaders.c: what batches must hold. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/loaders.h"

void assert_ids(const ore_tensor *t, ore_shape shape, const int64_t *want) {
    assert_non_null(t);
    assert_int_equal(ore_tensor_dtype(t), ORE_INT64);
    assert_true(ore_shape_equal(ore_shape_of(t), shape));
    const int64_t *got = ore_data(t);
    for (int64_t i = 0; i < ore_numel(t); i++)
        assert_int_equal(got[i], want[i]);
}

void assert_end(ore_loader *loader) {
    ore_batch end = ore_loader_next(loader);
    assert_true(ore_ok());
    assert_null(end.x);
    assert_null(end.y);
}
