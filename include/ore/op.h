/* op.h: operations of one's own, with a gradient: made of other operations, or of kernels of one's
 * own for each device and dtype.
 *
 * An operation is a constant ore_op, and a builder: the function that its user calls. The builder
 *
 *     checks its arguments                    ore_usable, ore_result_type, ore_broadcast_shapes
 *     makes the result                        ore_new_empty, and ore_op_run with its kernels
 *     records how the result was made         ore_record
 *     saves what the gradient needs           ore_node_save, ore_node_attributes
 *
 * and the op's backward takes that out again and gives each input its gradient with ore_pass. An
 * operation that other operations make needs none of this: its builder calls them, and their
 * backward is its gradient. examples/own_op.c is a whole one; ore_gradcheck (gradcheck.h) tells
 * whether its gradient is right. */
#ifndef ORE_OP_H
#define ORE_OP_H

#include <ore/tensor.h>

ORE_BEGIN_DECLS

/* ---- arguments and results ---- */

/* False while an error is pending, or with an error naming `op` when one of n tensors is NULL, lost
 * its value to backward, was changed through another handle, or lies on another device than the
 * first: the builder then returns NULL. */
ORE_API bool ore_usable(const char *op, int n, ore_tensor *const *arguments);
/* torch.result_type: the dtype of what is made of two tensors; a 0-d one counts only where its kind
 * (bool, integer, floating) is higher. */
ORE_API ore_dtype ore_result_type(const ore_tensor *a, const ore_tensor *b);
/* torch.broadcast_shapes: the shape of both into *out; false with ORE_INVALID naming `op` and both
 * shapes where they do not broadcast. */
ORE_API bool ore_broadcast_shapes(const char *op, ore_shape a, ore_shape b, ore_shape *out);
/* Uninitialised, row-major, on x's device; NULL where x is NULL. */
ORE_API ore_tensor *ore_new_empty(const ore_tensor *x, ore_shape shape, ore_dtype dtype);

/* ---- recording ---- */

/* What stands for one recorded operation in the graph. */
typedef struct ore_node ore_node;

/* A constant: nodes point to it. */
typedef struct ore_op {
    const char *name; /* for messages */
    /* Passes the gradients of the inputs on with ore_pass; dy is that of the result, of its shape
     * and dtype and with any strides. Runs in a scope of its own, and nothing is recorded. A
     * failure leaves its error pending. */
    void (*backward)(ore_node *node, ore_tensor *dy);
} ore_op;

/* Records `op` as the maker of y from n inputs (one may be NULL), with room for `saved` values and
 * `attribute_bytes` of zeroed attributes. y is new: an operation that was recorded has not made it.
 * NULL when nothing is recorded (no input wants a gradient, y is not floating, or recording is off)
 * and, with the error pending, on failure: builders just skip saving, and end with
 * `return ore_ok() ? y : NULL`. */
ORE_API ore_node *ore_record(const ore_op *op, ore_tensor *y, int n, ore_tensor *const *inputs,
                             int saved, size_t attribute_bytes);
/* Keeps the value of a tensor, an input or the result, for backward: slot 0 .. saved - 1. A NULL
 * node or value saves nothing. No copy: a change in place before backward is an error there. */
ORE_API void ore_node_save(ore_node *node, int slot, const ore_tensor *value);
/* The saved value, to read; the node's. NULL where none was saved, and NULL with ORE_STATE when it
 * has been changed in place since. */
ORE_API ore_tensor *ore_node_saved(ore_node *node, int slot);
/* Numbers for backward: the attribute_bytes, aligned for any type; they live as long as the node.
 * NULL for a NULL node. */
ORE_API void *ore_node_attributes(ore_node *node);
/* Input i's shape and dtype when it was recorded, and whether its gradient is wanted: what is not
 * wanted need not be computed, and ore_pass ignores it. */
ORE_API ore_shape ore_input_shape(const ore_node *node, int i);
ORE_API ore_dtype ore_input_dtype(const ore_node *node, int i);
ORE_API bool ore_input_wants_grad(const ore_node *node, int i);
/* Adds dx to the gradient of input i: summed over the dims that the input broadcast, and cast to
 * its dtype. dx may be dy itself. A NULL dx (a failed expression) is ignored; ORE_INVALID for a
 * shape to which the input's does not broadcast. */
ORE_API void ore_pass(ore_node *node, int i, ore_tensor *dx);

/* ---- kernels of one's own ---- */

/* What a kernel sees of a tensor. */
typedef struct ore_operand {
    void *data; /* the first element, in the device's memory */
    ore_dtype dtype;
    ore_shape shape;
    int64_t strides[ORE_MAX_DIMS]; /* of each dim, in elements */
} ore_operand;

/* Makes operand 0 of operands 1 .. n - 1. It assumes what the builder has checked, and raises
 * (ore_fail) and returns what only the data shows. `user` is what ore_op_run got; `stream` the
 * device's queue of work, NULL on the CPU. Threads: ore_parallel_for of base.h. */
typedef ore_status (*ore_op_kernel)(const void *user, const ore_operand *operands, int n,
                                    void *stream);

/* An operation's kernel for one device and one dtype. */
typedef struct ore_op_row {
    ore_device device;
    ore_dtype dtype;
    ore_op_kernel kernel;
} ore_op_row;

enum { ORE_OP_OPERANDS = 16 }; /* the max number that ore_op_run takes */

/* Runs the one of `count` rows that is for the operands' device and for `dtype`, over n operands
 * of that device. Counts no in-place change: operand 0 is new. ORE_UNSUPPORTED, "NAME: no CPU
 * kernel for int64", where no row is. Does nothing while an error is pending, or where an operand
 * is NULL. */
ORE_API ore_status ore_op_run(const char *op, const ore_op_row *rows, int count, ore_dtype dtype,
                              const void *user, int n, ore_tensor *const *operands);

ORE_END_DECLS

#endif
