/* scope.h: the lists that own handles. */
#ifndef ORE_CORE_SCOPE_H
#define ORE_CORE_SCOPE_H

#include "core/tensor.h"

struct ore_scope {
    ore_link sentinel;
    ore_scope *outer;
    int failed_begins; /* inside it, for want of memory: their ends do nothing */
    bool pooled;       /* made by ore_scope_begin, for ore_scope_end */
};

/* A scope in the caller's memory, begun and ended by the same function, whatever happens between:
 * scopes left open inside it end with it. */
void ore_scope_open(ore_scope *s);
void ore_scope_close(ore_scope *s);

/* Puts an unlinked handle into the thread's innermost scope. */
void ore_scope_add(ore_tensor *t);
/* Takes a handle out of its scope's list, if it is in one. */
void ore_scope_remove(ore_tensor *t);

#endif
