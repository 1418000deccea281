/* scope.h: the lists that own handles. */
#ifndef ORE_CORE_SCOPE_H
#define ORE_CORE_SCOPE_H

#include "core/tensor.h"

/* Puts an unlinked handle into the thread's innermost scope. */
void ore_scope_add(ore_tensor *t);
/* Takes a handle out of its scope's list, if it is in one. */
void ore_scope_remove(ore_tensor *t);

#endif
