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

/* The gradient that input i has so far, if it can be added to in place: dense, of the input's
 * shape, of the dtype and on the device of `like`, in memory that no other handle shows. Call
 * ore_pass_added after adding to it. Otherwise NULL: make a new tensor and call ore_pass. */
ore_tensor *ore_pass_sum(const ore_node *node, int i, const ore_tensor *like);
void ore_pass_added(ore_node *node, int i);
/* Whether node's backward may write over dy: it is the gradient that arrived, dense, and no other
 * handle shows its memory. */
bool ore_gradient_is_spare(const ore_node *node, const ore_tensor *dy);

/* ---- for core itself ---- */
void ore_node_retain(ore_node *node);
void ore_node_release(ore_node *node);
/* Tells the node that the handle which shows its value is gone or has another node now. */
void ore_node_forget_output(ore_node *node, const ore_tensor *output);
bool ore_node_is_leaf(const ore_node *node);

/* ---- recorded changes in place (history.c) ---- */
/* Whether a change in place of t by `other` (NULL: by none) must be recorded; *ok becomes false,
 * with an error, where t cannot be changed. If it must, call one of the next two functions before
 * the elements change. */
bool ore_records_change(const char *op, ore_tensor *t, ore_tensor *other, bool *ok);
/* Records t = r, for r of t's shape and dtype: t, or the tensor that t is a view of, takes over r's
 * graph node. False with the error pending when memory runs out. */
bool ore_rebase(ore_tensor *t, const ore_tensor *r);
/* The same for a source that broadcasts and is cast, or NULL for numbers without a graph node. */
bool ore_rebase_by_copy(ore_tensor *t, const ore_tensor *source);
/* Gives a view a graph node for its memory as it is now, after recorded changes. False where it
 * cannot have one (it was made without recording, or as one of several by one call), and, with the
 * error pending, when memory runs out. */
bool ore_history_refresh(ore_tensor *view);

/* Sequence numbers for threads that record at the same time, as if one after the other: reserves
 * `ranges` ranges of ORE_SEQUENCE_RANGE numbers and returns the first number. While *next is set
 * with ore_sequence_use, the calling thread takes its numbers from there; NULL ends that. */
#define ORE_SEQUENCE_RANGE (UINT64_C(1) << 32)
uint64_t ore_sequence_reserve(int64_t ranges);
void ore_sequence_use(uint64_t *next);

#endif
