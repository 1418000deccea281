/* module.h: how a module's tree is stored and walked. */
#ifndef ORE_NN_MODULE_H
#define ORE_NN_MODULE_H

#include <ore/nn.h>

/* A registered name. `field` is the layer's own pointer: the one place that says which tensor. */
struct ore_module_slot {
    char *name;
    ore_tensor **field; /* *field NULL: absent */
    bool parameter;     /* or a buffer */
    bool persistent;    /* part of the state */
    bool owned;         /* the field is memory of the module's */
};

typedef enum ore_slot_set { ORE_SLOTS_PARAMETERS, ORE_SLOTS_BUFFERS, ORE_SLOTS_STATE } ore_slot_set;

/* A walk over the present tensors of a tree: each module's slots in order, then its children's.
 * Tied tensors come once per registration. */
typedef struct ore_slot_walk {
    const ore_module *top, *module;
    int64_t next;
} ore_slot_walk;

ore_slot_walk ore_slots_of(const ore_module *top);
/* The next slot with a tensor, found in walk->module; NULL at the end. */
ore_module_slot *ore_next_slot(ore_slot_walk *walk);
/* How often a tensor is registered in the tree. */
int64_t ore_registrations(const ore_module *top, const ore_tensor *t);

/* Registers a parameter in a field that belongs to the module. */
ore_status ore_module_adopt_parameter(ore_module *module, const char *name, ore_tensor *t);

/* Whether the calling thread has an observer, and which. */
bool ore_module_observed(void);
void ore_module_observer_in_force(ore_module_observer *observer, void **user);

/* The module after `at` in pre-order below top; NULL at the end. */
const ore_module *ore_next_module(const ore_module *at, const ore_module *top);

/* Appends the path from top (left out) down to module to text of `bytes`, and "." and `last` if
 * given; returns the length that it needs, as snprintf does. */
size_t ore_path_between(const ore_module *top, const ore_module *module, const char *last,
                        char *text, size_t bytes);
/* The slot at a dotted path; NULL (no error raised) if none. */
ore_module_slot *ore_find_slot(const ore_module *module, const char *path);

/* The distinct tensors of a set, in a block to be given to ore_release, and their count; -1 with
 * the error pending. */
int64_t ore_distinct_tensors(const ore_module *top, ore_slot_set set, ore_tensor ***tensors);
bool ore_slot_in(const ore_module_slot *slot, ore_slot_set set);

/* An empty list with room for `capacity` items; false with the error pending. */
bool ore_list_new(ore_tensor_list *list, int64_t capacity);
/* Adds an item under a name that the list takes over (NULL: fails). */
bool ore_list_add(ore_tensor_list *list, char *name, ore_tensor *tensor);

#endif
