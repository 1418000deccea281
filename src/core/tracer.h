/* tracer.h: what a thread's work shows to whoever debugs it (room debug): its operations, the nodes
 * that backward runs, and, from nn, its modules. What kernels it calls: backend.h.
 *
 * Nothing is asked for in the common case: ore_record looks at one word that also says whether
 * recording is off. */
#ifndef ORE_CORE_TRACER_H
#define ORE_CORE_TRACER_H

#include "core/autograd.h"

/* All are called on the thread that set them. An error that they leave pending fails what they saw.
 */
typedef struct ore_tracer {
    void *user;
    /* An operation has made y, which is NULL where it failed, of n inputs, some of which may be
     * NULL. It may be recorded next. */
    void (*op)(void *user, const char *name, ore_tensor *y, int n, ore_tensor *const *inputs);
    /* The node of that sequence number has been recorded for the operation seen last. */
    void (*recorded)(void *user, uint64_t sequence);
    /* Around a node's backward, which gets dy. After it the inputs' gradients are those that have
     * arrived so far, and the saved values are still there. */
    void (*backward_begin)(void *user, ore_node *node, ore_tensor *dy);
    void (*backward_end)(void *user, ore_node *node);
    /* The node has let go what it held. */
    void (*backward_done)(void *user);
    /* A module's forward, by its path. An end may be missing where a module failed. */
    void (*module_begin)(void *user, const char *path);
    void (*module_end)(void *user, const char *path);
} ore_tracer;

extern _Thread_local const ore_tracer *ore_tracer_in_force;

/* The calling thread's work shows to `tracer` from now on, NULL: to nobody. */
void ore_trace_by(const ore_tracer *tracer);

#endif
