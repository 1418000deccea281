/* scope.h: the lists that own handles. */
#ifndef ORE_CORE_SCOPE_H
#define ORE_CORE_SCOPE_H

#include "core/tensor.h"

struct ore_scope {
    ore_link sentinel;
    ore_scope *outer;
    int failed_begins; /* scopes begun inside it when memory had run out: their ends do nothing */
    bool pooled;       /* made by ore_scope_begin, and so to be ended by ore_scope_end */
};

/* A scope in the caller's memory, begun and ended by one function. Scopes that are still open
 * inside it end with it. */
void ore_scope_enter(ore_scope *s);
void ore_scope_leave(ore_scope *s);

/* Puts an unlinked handle into the thread's innermost scope. */
void ore_scope_add(ore_tensor *t);
/* Takes a handle out of its scope's list, if it is in one. */
void ore_scope_remove(ore_tensor *t);

#endif
