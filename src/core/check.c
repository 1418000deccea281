/* check.c: what every function asks of its arguments. */
#include "core/check.h"

#include "core/autograd.h"

static void refuse(const char *op, int place, const ore_tensor *t) {
    if (!t)
        ore_fail(ORE_INVALID, "%s: argument %d is NULL", op, place + 1);
    else if (!t->storage)
        ore_fail(ORE_STATE,
                 "%s: argument %d lost its value when backward passed; use ore_retain_grad", op,
                 place + 1);
    else if (t->part)
        ore_fail(ORE_STATE,
                 "%s: argument %d is one of the views that split, chunk or unbind made, and what "
                 "it shows was changed while recording; make it by narrow or select",
                 op, place + 1);
    else
        ore_fail(ORE_STATE,
                 "%s: argument %d is a view made under ore_no_grad_begin, and what it shows was "
                 "changed while recording",
                 op, place + 1);
}

static bool brought_up_to_date(ore_tensor *t) {
    return t && t->storage && ore_history_refresh(t);
}

bool ore_usable(const char *op, int n, ore_tensor *const *arguments) {
    if (!ore_no_error())
        return false;
    if (n > 0 && !arguments) {
        ore_fail(ORE_INVALID, "%s: the list of tensors is NULL", op);
        return false;
    }
    for (int i = 0; i < n; i++)
        if (!ore_tensor_is_current(arguments[i]) && !brought_up_to_date(arguments[i])) {
            refuse(op, i, arguments[i]);
            return false;
        }
    for (int i = 1; i < n; i++)
        if (arguments[i]->storage->device != arguments[0]->storage->device) {
            ore_fail(ORE_INVALID, "%s: arguments 1 and %d are on different devices", op, i + 1);
            return false;
        }
    return true;
}

bool ore_usable_beside(const char *op, const ore_tensor *x, ore_tensor *t) {
    if (!ore_usable1(op, t))
        return false;
    if (t->storage->device == x->storage->device)
        return true;
    ore_fail(ORE_INVALID, "%s: an argument is on another device than the first", op);
    return false;
}

bool ore_readable(const char *op, const ore_tensor *x) {
    if (!ore_no_error())
        return false;
    if (x && x->storage)
        return true;
    refuse(op, 0, x);
    return false;
}
