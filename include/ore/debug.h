/* debug.h: finding out what a model does: parameters without a gradient, where NaN and inf come
 * from, what a module is made of, tensors beside one another, and what takes time and memory.
 *
 * The library prints nothing: each text (char *) is the caller's, to be given to ore_string_free;
 * NULL with the error pending where memory runs out, and while an error is pending. */
#ifndef ORE_DEBUG_H
#define ORE_DEBUG_H

#include <ore/nn.h>

ORE_BEGIN_DECLS

/* ---- parameters without a gradient ---- */

/* After a backward: the parameters of the tree that require a gradient and have none, with their
 * paths. What is computed without them, or with ore_detach or ore_no_grad_begin in between, has no
 * part in the loss, and an optimizer leaves them as they are. */
ORE_API ore_tensor_list ore_audit(const ore_module *module);
/* The same as text: how many of how many, a line for each with its path and shape; and those whose
 * gradient has only zeros, which is what a dead relu or a mask leaves. "" where all have one. */
ORE_API char *ore_audit_text(const ore_module *module);

/* ---- where NaN and inf come from ---- */

/* While on, each operation of the calling thread is looked at, as torch.autograd.set_detect_anomaly
 * does with backward alone. The first one whose result has a NaN, or an inf that no input had,
 * fails with ORE_DATA; so does backward at the first node that passes on such a gradient, by the
 * name of the operation and the module that recorded it:
 *   blocks.2.mlp: log: its result (4, 8) has 1 -inf; input 0 (4, 8): 0 .. 2.71, mean 0.9, 1 zero
 *   blocks.2.mlp: sqrt: its backward made 1 inf for input 0; dy (4): ..; saved value 0 (4): ..
 * The inputs' statistics are those of their finite numbers. Operations run slower, and a member of
 * ore_parallel runs after the other; results stay the same, bit for bit. Kernels under
 * ore_no_grad_begin are looked at too; views and changes in place are not. */
ORE_API void ore_set_detect_anomaly(bool on);
ORE_API bool ore_detect_anomaly(void);

/* ---- what a module is made of ---- */

/* A table of the tree, a line for each module, indented by depth: its name and kind, the shape of
 * its last output, how many numbers its own parameters hold (a tied one counts where it comes
 * first), and the bytes of parameters and output together; at the end the sums. For the outputs
 * the module's forward is called with x, in eval mode and without recording; flags of training are
 * as before afterwards. x NULL: no forward, and no outputs. */
ORE_API char *ore_summary_text(const ore_module *module, ore_tensor *x);
/* The same for a module that takes more than one tensor: `forward` calls it. */
ORE_API char *ore_summary_text_of(const ore_module *module, ore_tensor *(*forward)(void *user),
                                  void *user);

/* ---- tensors as text, side by side ---- */

/* A tensor, or a text that is laid out already (of these functions, so that layouts nest), under
 * its name; a NULL name: none. */
typedef struct ore_text_item {
    const char *name;
    ore_tensor *tensor; /* or NULL: */
    const char *text;
} ore_text_item;

/* Items beside one another, each under its name and shape: as ore_tensor_text has the values, or,
 * with shapes_only, names, shapes and dtypes alone. Lines end without blanks, the last one with a
 * line feed. */
ORE_API char *ore_text_h(int n, const ore_text_item *items, bool shapes_only);
/* Items above one another, an empty line between them. */
ORE_API char *ore_text_v(int n, const ore_text_item *items, bool shapes_only);

/* ---- time and memory of each operation and module ---- */

/* What the calling thread's operations take between begin and end, which may be called again to go
 * on. Operations are named as in error messages, backward's by what they are the backward of;
 * kernels that no operation is named for (an optimizer's, a fill, a draw), by their row of
 * src/backend/kernels.def. One profile at a time on a thread: ORE_STATE. */
typedef struct ore_profile ore_profile;
ORE_API ore_profile *ore_profile_new(void);
ORE_API void ore_profile_free(ore_profile *profile);
ORE_API ore_status ore_profile_begin(ore_profile *profile);
ORE_API ore_status ore_profile_end(ore_profile *profile);

/* One row of the tables. */
typedef struct ore_profile_row {
    const char *name; /* of the operation, or the path of the module: "" outside of modules */
    bool backward;
    int64_t calls;
    double seconds; /* of operations: in kernels. A module's are those of all operations below it */
    int64_t bytes;  /* memory in use afterwards less before, summed: what is kept, so that backward,
                       which lets go, is below 0 */
} ore_profile_row;

/* Rows by operation or by module, forward and backward apart, the longest first; their count, and
 * -1 with the error pending. *rows and their names are the profile's, until it is begun again or
 * freed. */
ORE_API int64_t ore_profile_by_operation(ore_profile *profile, const ore_profile_row **rows);
ORE_API int64_t ore_profile_by_module(ore_profile *profile, const ore_profile_row **rows);
/* Both as tables, with each row's part of the whole time. */
ORE_API char *ore_profile_text(ore_profile *profile);
/* All calls in their order, modules around operations around kernels, as JSON for
 * chrome://tracing or https://ui.perfetto.dev. */
ORE_API ore_status ore_profile_save_trace(ore_profile *profile, const char *path);

ORE_END_DECLS

#endif
