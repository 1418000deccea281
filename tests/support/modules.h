/* modules.h: what tests ask of modules. */
#ifndef ORE_TESTS_MODULES_H
#define ORE_TESTS_MODULES_H

#include <ore/nn.h>

/* Compares the names of a list with those that a NULL ends, in order, and frees the list:
 *     assert_names(ore_module_state(&m.module), NAMES("weight", "bias")); */
void assert_names(ore_tensor_list list, const char *const *names);
#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})

#endif
