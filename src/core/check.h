/* check.h: what every function asks of its arguments, and what it says of its result. */
#ifndef ORE_CORE_CHECK_H
#define ORE_CORE_CHECK_H

#include "base/error.h"
#include "core/tensor.h"

/* ore_usable of one: the common case of a good argument is decided in the caller, since builders of
 * tiny ops feel a call. */
static inline bool ore_usable1(const char *op, ore_tensor *x) {
    return (ore_tensor_is_current(x) && ore_no_error()) || ore_usable(op, 1, &x);
}
/* The same for a further argument t, which belongs on the device of x. */
bool ore_usable_beside(const char *op, const ore_tensor *x, ore_tensor *t);
/* The same for what only reads the elements, whatever made them. */
bool ore_readable(const char *op, const ore_tensor *x);
/* y, which the public function `name` has made by calling others. If one of them failed, its error
 * gets the name that the user called. Such a function returns NULL at once while an older error is
 * pending, so that it renames none that is not its own. */
static inline ore_tensor *ore_named(const char *name, ore_tensor *y) {
    if (!y)
        ore_error_name(name);
    return y;
}
static inline bool ore_usable2(const char *op, ore_tensor *a, ore_tensor *b) {
    if (ore_tensor_is_current(a) && ore_tensor_is_current(b) &&
        a->storage->device == b->storage->device && ore_no_error())
        return true;
    ore_tensor *both[] = {a, b};
    return ore_usable(op, 2, both);
}

/* y, or NULL where recording what made it failed: the last line of a builder. */
static inline ore_tensor *ore_made(ore_tensor *y) {
    return ore_no_error() ? y : NULL;
}

#endif
