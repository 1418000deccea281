/* random.h: generators, as ops and data loaders see them. Draws of whole tensors are rows of
 * kernels.def; the engine is base/generator.h. */
#ifndef ORE_CORE_RANDOM_H
#define ORE_CORE_RANDOM_H

#include <ore/tensor.h>

/* g, or the default generator for NULL. */
ore_generator *ore_generator_or_default(ore_generator *g);
/* The next two words as one number, the first word in the high half: what a data loader draws as
 * the seed of its epoch (PyTorch keeps the low 63 bits). NULL: the default generator. */
uint64_t ore_generator_draw(ore_generator *g);

#endif
