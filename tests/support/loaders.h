/* loaders.h: what batches must hold. */
#ifndef ORE_TESTS_LOADERS_H
#define ORE_TESTS_LOADERS_H

#include <ore/data.h>

/* An int64 tensor of that shape with these values in row-major order. */
void assert_ids(const ore_tensor *t, ore_shape shape, const int64_t *want);
/* The loader's next batch is the end of its pass. */
void assert_end(ore_loader *loader);

#endif
