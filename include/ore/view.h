/* view.h: operations that show, move or choose elements and compute nothing with them: views,
 * copies, joining and cutting, indexing, rearranging. ops.h, which includes this header, says what
 * holds for all operations: dims that count from the end, recording, errors. Any dtype is allowed
 * and kept. Gradients go to the places that the elements came from. */
#ifndef ORE_VIEW_H
#define ORE_VIEW_H

#include <ore/tensor.h>

ORE_BEGIN_DECLS

/* ---- views (src/ops/view.c) ---- */

/* A view is another tensor over the same memory: it never copies, and a change of one is seen in
 * the other. */

/* x in another shape of as many elements; one size may be -1, which is worked out. ORE_INVALID
 * where x's strides do not allow it without a copy. */
ORE_API ore_tensor *ore_view(ore_tensor *x, ore_shape shape);
/* The same, as a copy where a view cannot be; x itself where it has the shape. */
ORE_API ore_tensor *ore_reshape(ore_tensor *x, ore_shape shape);
/* Dims start_dim .. end_dim, both included, joined into one [0, -1]. A 0-d x becomes (1). */
ORE_API ore_tensor *ore_flatten(ore_tensor *x, int start_dim, int end_dim);
/* The two dims exchanged. */
ORE_API ore_tensor *ore_transpose(ore_tensor *x, int dim0, int dim1);
/* (M, N) -> (N, M); x itself with fewer dims, ORE_INVALID with more. */
ORE_API ore_tensor *ore_t(ore_tensor *x);
/* Dim d of the result is dim order[d] of x; every dim is named once. */
ORE_API ore_tensor *ore_permute(ore_tensor *x, ore_dims order);
/* x[.., start : start + length, ..]; start may count from the end. ORE_INVALID where the range does
 * not lie within the dim. */
ORE_API ore_tensor *ore_narrow(ore_tensor *x, int dim, int64_t start, int64_t length);
/* x[.., start : stop : step, ..] as in Python: bounds may count from the end and are clamped to the
 * dim; INT64_MAX leaves the stop open. step is 1 or more. */
ORE_API ore_tensor *ore_slice(ore_tensor *x, int dim, int64_t start, int64_t stop, int64_t step);
/* x[.., index, ..]: dim leaves the shape. ORE_INVALID for an index out of range; below 0 it counts
 * from the end. */
ORE_API ore_tensor *ore_select(ore_tensor *x, int dim, int64_t index);
/* Without dim where its size is 1, else all of x; without all dims of size 1. */
ORE_API ore_tensor *ore_squeeze(ore_tensor *x, int dim);
ORE_API ore_tensor *ore_squeeze_all(ore_tensor *x);
/* A new dim of size 1 at place `dim`, 0 .. ndim. */
ORE_API ore_tensor *ore_unsqueeze(ore_tensor *x, int dim);
/* Sizes of 1 repeated to those of `shape`, and new leading dims, without a copy; -1 keeps a size.
 * ORE_INVALID where another size would change. */
ORE_API ore_tensor *ore_expand(ore_tensor *x, ore_shape shape);

/* ---- copies ---- */

/* A copy, row-major; recorded, unlike ore_detach of tensor.h. */
ORE_API ore_tensor *ore_clone(ore_tensor *x);
/* x itself where it is row-major without gaps, else ore_clone. */
ORE_API ore_tensor *ore_contiguous(ore_tensor *x);
/* x cast to dtype; x itself where it has it. A floating number becomes an integer towards 0. The
 * gradient is cast back. */
ORE_API ore_tensor *ore_to(ore_tensor *x, ore_dtype dtype);
/* x itself where it is on that device, else a copy there. ORE_UNSUPPORTED for a device that this
 * build lacks. */
ORE_API ore_tensor *ore_to_device(ore_tensor *x, ore_device device);

/* ---- joining and cutting (src/ops/join.c) ---- */

/* n tensors one after the other along dim, sizes equal in the other dims, dtypes promoted. A tensor
 * of shape (0) joins tensors of any shape, and counts for the dtype alone. ORE_INVALID for none,
 * and for 0-d ones. */
ORE_API ore_tensor *ore_cat(ore_tensor *const *tensors, int n, int dim);
/* n tensors of one shape along a new dim at place `dim`. */
ORE_API ore_tensor *ore_stack(ore_tensor *const *tensors, int n, int dim);
/* Views of `size` elements along dim, the last one of what is left, into parts[]; returns how many,
 * or -1 with ORE_INVALID if they are more than `capacity`, which is the room in parts. */
ORE_API int ore_split(ore_tensor *x, int64_t size, int dim, ore_tensor **parts, int capacity);
/* n views of the given sizes, whose sum must be the dim's, into parts[]. */
ORE_API ore_status ore_split_sizes(ore_tensor *x, const int64_t *sizes, int n, int dim,
                                   ore_tensor **parts);
/* As ore_split, into at most `chunks` views of equal size, but for the last. */
ORE_API int ore_chunk(ore_tensor *x, int chunks, int dim, ore_tensor **parts, int capacity);
/* A copy in which of the last two dims only what lies on and below (tril) or on and above (triu)
 * the diagonal is left, the rest 0. Diagonal 0 is the main one, 1 the one to its right. */
ORE_API ore_tensor *ore_tril(ore_tensor *x, int64_t diagonal);
ORE_API ore_tensor *ore_triu(ore_tensor *x, int64_t diagonal);

/* ---- choosing by index (src/ops/embedding.c, index.c, scatter.c, advanced_index.c) ---- */

/* Indices are int64 or int32 (ORE_INVALID otherwise). One that is out of range is ORE_INVALID, and
 * so is one below 0, except in ore_index and ore_index_put. */

/* Rows of weight (V, C) at indices of any shape S -> (S, C), of weight's dtype. The row padding_idx
 * gets no gradient; -1: there is none. torch: F.embedding. */
ORE_API ore_tensor *ore_f_embedding(ore_tensor *indices, ore_tensor *weight, int64_t padding_idx);
/* For dim 1 of 3: y[i][j][k] = x[i][index[i][j][k]][k]; for another dim the index stands in its
 * place. The result has index's shape and x's dtype. index has as many dims as x, and in all but
 * dim no larger size. */
ORE_API ore_tensor *ore_gather(ore_tensor *x, int dim, ore_tensor *index);
/* The slices of x along dim at index (n), or 0-d for one: y[.., i, ..] = x[.., index[i], ..], of
 * x's shape but for n in dim. An index may occur again. */
ORE_API ore_tensor *ore_index_select(ore_tensor *x, int dim, ore_tensor *index);
/* x[indices[0], indices[1], ..]: one entry per leading dim of x, NULL for ':'. Integer indices
 * broadcast and may count from the end; a bool mask stands for as many indices as it has dims. As
 * in PyTorch their common shape takes the place of the indexed dims, or comes first where those are
 * not neighbours. Ranges are ore_slice. */
ORE_API ore_tensor *ore_index(ore_tensor *x, ore_tensor *const *indices, int n);
/* A copy of x with x[indices] = values, or += values with accumulate; values (x's dtype) broadcast
 * to the shape of x[indices]. Of equal places the last one stays. */
ORE_API ore_tensor *ore_index_put(ore_tensor *x, ore_tensor *const *indices, int n,
                                  ore_tensor *values, bool accumulate);
/* The same in place, under the rules of ore_copy_. */
ORE_API ore_tensor *ore_index_put_(ore_tensor *x, ore_tensor *const *indices, int n,
                                   ore_tensor *values, bool accumulate);
/* A copy of x with source added to the slices at index (n) along dim; source has x's shape, but for
 * n in dim, and its dtype. */
ORE_API ore_tensor *ore_index_add(ore_tensor *x, int dim, ore_tensor *index, ore_tensor *source);
/* A copy of x with, for dim 0 of 2, y[index[i][j]][j] = source[i][j] (of equal places the last one
 * stays), = value, or += source[i][j]. index has as many dims as x, is no larger than source in any
 * dim and no larger than x in all but dim. */
ORE_API ore_tensor *ore_scatter(ore_tensor *x, int dim, ore_tensor *index, ore_tensor *source);
ORE_API ore_tensor *ore_scatter_value(ore_tensor *x, int dim, ore_tensor *index, double value);
ORE_API ore_tensor *ore_scatter_add(ore_tensor *x, int dim, ore_tensor *index, ore_tensor *source);
/* The elements where mask (bool) is true, 1-d, in row-major order; x and mask broadcast. */
ORE_API ore_tensor *ore_masked_select(ore_tensor *x, ore_tensor *mask);
/* The indices of what is not 0, int64 (n, dims of x), in row-major order; without a gradient. */
ORE_API ore_tensor *ore_nonzero(ore_tensor *x);

/* ---- rearranging (src/ops/rearrange.c, pad.c, diagonal.c) ---- */

/* The whole of x, repeats[d] times along dim d; more entries than dims add leading dims. */
ORE_API ore_tensor *ore_repeat(ore_tensor *x, ore_shape repeats);
/* Each slice along dim, `repeats` times, before the next: 1 2 -> 1 1 2 2; or slice i as often as
 * entry i of the integer tensor `repeats`, (n) for n slices or 0-d, says. */
ORE_API ore_tensor *ore_repeat_interleave(ore_tensor *x, int64_t repeats, int dim);
ORE_API ore_tensor *ore_repeat_interleave_each(ore_tensor *x, ore_tensor *repeats, int dim);
/* A copy in which elements move on by shifts[i] along dims[i], and what leaves the end returns at
 * the start. ORE_ALL: by shifts[0] in row-major order. */
ORE_API ore_tensor *ore_roll(ore_tensor *x, const int64_t *shifts, ore_dims dims);
/* A copy with the order of elements along dims reversed; ORE_ALL for every dim. */
ORE_API ore_tensor *ore_flip(ore_tensor *x, ore_dims dims);
/* Views of the slices along dim, which leaves the shape, into parts[]; returns how many, or -1 with
 * ORE_INVALID beyond `capacity`. */
ORE_API int ore_unbind(ore_tensor *x, int dim, ore_tensor **parts, int capacity);
/* A view of all windows of `size` along dim, `step` apart: dim counts them, and a last dim is added
 * that holds them. x.unfold in torch; ore_f_unfold of conv.h cuts patches from pictures. */
ORE_API ore_tensor *ore_unfold(ore_tensor *x, int dim, int64_t size, int64_t step);
/* n tensors of at most one dim -> n grids (views) of n dims, tensor k along dim k ("ij"); "xy"
 * swaps the first two dims. */
ORE_API ore_status ore_meshgrid(ore_tensor *const *tensors, int n, const char *indexing,
                                ore_tensor **grids);
typedef enum ore_pad_mode {
    ORE_PAD_CONSTANT,  /* with value */
    ORE_PAD_REFLECT,   /* mirrored at the border element: 2 1 [0 1 2] 1 0 */
    ORE_PAD_REPLICATE, /* with the border element */
    ORE_PAD_CIRCULAR,  /* from the other end */
} ore_pad_mode;
/* F.pad: pad[] has n numbers, (before, after) of the last dim, then of the one before it, and so
 * on; those below 0 cut. `value` is for ORE_PAD_CONSTANT. */
ORE_API ore_tensor *ore_pad(ore_tensor *x, const int64_t *pad, int n, ore_pad_mode mode,
                            double value);
/* A view of x[i, i + offset] over two dims, which leave, as a new last dim [0, 0, 1]. */
ORE_API ore_tensor *ore_diagonal(ore_tensor *x, int64_t offset, int dim1, int dim2);
/* (n) -> a matrix with x on that diagonal and 0 elsewhere; (n, m) -> a copy of its diagonal. */
ORE_API ore_tensor *ore_diag(ore_tensor *x, int64_t diagonal);
/* The row and column indices of the triangles that ore_tril and ore_triu leave, int64 (2, n). */
ORE_API ore_tensor *ore_tril_indices(int64_t rows, int64_t columns, int64_t offset);
ORE_API ore_tensor *ore_triu_indices(int64_t rows, int64_t columns, int64_t offset);

ORE_END_DECLS

#endif
