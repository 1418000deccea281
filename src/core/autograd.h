/* autograd.h: graph nodes, as op files see them: what ore/op.h has not.
 *
 * A node stands for one recorded op. It points to the nodes of its inputs (edges, counted), holds
 * what its backward needs (saved values with their versions, attributes) and collects the gradient
 * of its output. Nodes are numbered in the order of recording; backward takes the largest pending
 * number next, which is a topological order. */
#ifndef ORE_CORE_AUTOGRAD_H
#define ORE_CORE_AUTOGRAD_H

#include <ore/op.h>

#include "core/tensor.h"

/* Whether ore_record would record. */
bool ore_would_record(int n, ore_tensor *const *inputs);

/* The saved value, when it is that of input i and nobody will read it again, for backward to write
 * the input's gradient over it: the handles that show it lose their value now, and not when their
 * makers have run. Otherwise new memory of its shape. */
ore_tensor *ore_node_saved_to_overwrite(ore_node *node, int slot, int i);
/* Uninitialised memory for the gradient of input i, with its shape and dy's dtype and device. NULL
 * where that gradient is not wanted, and with the error pending when memory runs out. */
ore_tensor *ore_gradient_if_wanted(const ore_node *node, int i, const ore_tensor *dy);
/* Adds dx to a part of the gradient of input i, whose rest it leaves: the part that a view of
 * these strides and offset (in elements of the row-major gradient) and of dx's shape shows. */
void ore_pass_part(ore_node *node, int i, const int64_t *strides, int64_t offset, ore_tensor *dx);

/* What input i's gradient is so far, where it can be added to in place: dense, of the input's
 * shape, of the dtype and on the device of `like`, in memory that nobody else sees. NULL otherwise:
 * ore_pass a new tensor then. After adding to it, call ore_pass_added. */
ore_tensor *ore_pass_sum(const ore_node *node, int i, const ore_tensor *like);
void ore_pass_added(ore_node *node, int i);
/* Whether node's backward may overwrite dy: it is what arrived, dense and seen by nobody else. */
bool ore_gradient_is_spare(const ore_node *node, const ore_tensor *dy);

/* ---- for core itself ---- */
void ore_node_retain(ore_node *node);
void ore_node_release(ore_node *node);
/* The handle that shows the node's value has gone, or has been given another node. */
void ore_node_forget_output(ore_node *node, const ore_tensor *output);
bool ore_node_is_leaf(const ore_node *node);

/* ---- recorded changes in place (history.c) ---- */
/* Whether a change of t by `other` (NULL: none) has to be recorded; *ok is false with an error
 * where t cannot be changed. If so, before the elements are overwritten, one of the two below. */
bool ore_records_change(const char *op, ore_tensor *t, ore_tensor *other, bool *ok);
/* t, or the part of a tensor that t is a view of, takes over the history of r: t = r, of t's shape
 * and dtype. False with the error pending when memory runs out. */
bool ore_rebase(ore_tensor *t, const ore_tensor *r);
/* The same where r is `source`, which broadcasts and is cast, or NULL: numbers with no history. */
bool ore_rebase_by_copy(ore_tensor *t, const ore_tensor *source);
/* Brings a view up to date with recorded changes of what it shows. False where that cannot be: it
 * was made without recording, or as one of several by one call, or memory runs out (then with the
 * error pending). */
bool ore_history_refresh(ore_tensor *view);

/* Numbers for threads that record at the same time what counts as recorded one after the other:
 * reserves `ranges` of ORE_SEQUENCE_RANGE numbers each, and returns the first. While *next is in
 * use, the calling thread's nodes take their numbers from it; NULL ends that. */
#define ORE_SEQUENCE_RANGE (UINT64_C(1) << 32)
uint64_t ore_sequence_reserve(int64_t ranges);
void ore_sequence_use(uint64_t *next);

#endif
