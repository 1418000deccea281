/* packed.c: sequences of unequal lengths, padded side by side or packed without padding. Each way
 * between the two picks rows: y_r = x_p(r), or the padding where p(r) is none; dx_p(r) += dy_r. */
#include <string.h>

#include <ore/sequence.h>

#include "base/given.h"
#include "base/memory.h"
#include "base/saturate.h"
#include "ops/op.h"
#include "ops/packed.h"

enum { PADDING = -1 };

ore_pack_options ore_pack_defaults(void) {
    return (ore_pack_options){.enforce_sorted = true};
}

ore_pad_packed_options ore_pad_packed_defaults(void) {
    return (ore_pad_packed_options){.batch_first = false};
}

ore_pad_options ore_pad_defaults(void) {
    return (ore_pad_options){.batch_first = false};
}

/* ---- arrays of the host ---- */

/* `rows` times `each` numbers; NULL with the error pending. */
static int64_t *numbers_of_rows(int64_t rows, int64_t each) {
    size_t bytes, row_bytes;
    return ore_bytes_of(each, sizeof(int64_t), &row_bytes) == ORE_OK &&
                   ore_bytes_of(rows, row_bytes, &bytes) == ORE_OK
               ? ore_alloc(bytes)
               : NULL;
}

static int64_t *numbers_new(int64_t n) {
    return numbers_of_rows(n, 1);
}

/* The elements of t, int64 of one dim, which `what` names; NULL with the error pending. */
static int64_t *numbers_of(const char *name, const char *what, ore_tensor *t) {
    char text[ORE_SHAPE_TEXT];
    if (!ore_is_given(name, what, t) || !ore_usable1(name, t))
        return NULL;
    if (t->shape.ndim != 1 || t->dtype != ORE_INT64) {
        ore_fail(ORE_INVALID, "%s: %s %s of %s, expected (n,) of int64", name, what,
                 ore_shape_text(t->shape, text), ore_dtype_name(t->dtype));
        return NULL;
    }
    int64_t *numbers = numbers_new(t->shape.dim[0]);
    if (numbers && ore_transfer_out(t, numbers) == ORE_OK)
        return numbers;
    ore_release(numbers);
    return NULL;
}

static ore_tensor *tensor_of(const int64_t *numbers, int64_t n) {
    ore_tensor *t = ore_tensor_new(ORE_SHAPE(n), ORE_INT64, ORE_CPU);
    return t && ore_transfer_in(t, numbers) == ORE_OK ? t : NULL;
}

/* ---- picking rows ---- */

/* x (rows, ..) as (rows, F). */
static ore_tensor *as_rows(ore_tensor *x, int64_t rows) {
    int64_t wide = 1;
    for (int d = 1; d < x->shape.ndim; d++)
        wide *= x->shape.dim[d];
    return ore_reshape(x, ORE_SHAPE(rows, wide));
}

/* Whether each row of `places` is padding, as (n, 1). */
static ore_tensor *padding_mask(const ore_tensor *x, const int64_t *places, int64_t n) {
    ore_tensor *mask = ore_tensor_new(ORE_SHAPE(n, 1), ORE_BOOL, ORE_CPU);
    bool *is_padding = ore_alloc((size_t)n * sizeof *is_padding);
    for (int64_t i = 0; is_padding && i < n; i++)
        is_padding[i] = places[i] == PADDING;
    if (mask && is_padding && ore_transfer_in(mask, is_padding) == ORE_OK)
        mask = ore_to_device(mask, ore_tensor_device(x));
    ore_release(is_padding);
    return ore_made(mask);
}

/* Rows of x (rows, F) at places (n), which are overwritten: (n, F). */
static ore_tensor *pick_rows(ore_tensor *x, int64_t *places, int64_t n, double padding_value) {
    bool padded = false;
    for (int64_t i = 0; i < n; i++)
        padded = padded || places[i] == PADDING;
    ore_tensor *mask = padded ? padding_mask(x, places, n) : NULL;
    for (int64_t i = 0; i < n; i++)
        places[i] = places[i] == PADDING ? 0 : places[i];
    ore_tensor *index = ore_ok() ? tensor_of(places, n) : NULL;
    ore_tensor *y =
        index ? ore_f_embedding(ore_to_device(index, ore_tensor_device(x)), x, -1) : NULL;
    return y && padded ? ore_masked_fill(y, mask, padding_value) : y;
}

/* ---- lengths and batch sizes ---- */

/* Sequences sorted by length: lengths[order[0]] is the largest. */
typedef struct sorted_lengths {
    int64_t B, steps, rows; /* steps of the longest, rows of all */
    const int64_t *lengths, *order;
} sorted_lengths;

/* How many sequences have step t, into sizes (steps). */
static void count_sizes(const sorted_lengths *s, int64_t *sizes) {
    int64_t have = s->B;
    for (int64_t t = 0; t < s->steps; t++) {
        while (have > 0 && s->lengths[s->order[have - 1]] <= t)
            have--;
        sizes[t] = have;
    }
}

/* Sorts, from the longest; of equal lengths the one that comes first stays first. *sorted becomes
 * the order as a tensor, or NULL where sequences need none. False with the error pending. */
static bool sort_lengths(const char *name, int64_t *lengths, int64_t B, bool enforce_sorted,
                         int64_t *order, ore_tensor **sorted) {
    *sorted = NULL;
    for (int64_t b = 0; b < B; b++)
        order[b] = b;
    for (int64_t b = 1; b < B && enforce_sorted; b++)
        if (lengths[b] > lengths[b - 1]) {
            ore_fail(ORE_INVALID,
                     "%s: lengths[%lld] is %lld, more than the %lld before it; sort them, or set "
                     "enforce_sorted to false",
                     name, (long long)b, (long long)lengths[b], (long long)lengths[b - 1]);
            return false;
        }
    if (enforce_sorted)
        return true;
    ore_tensor *all = tensor_of(lengths, B);
    *sorted = all ? ore_argsort(all, 0, true) : NULL;
    return *sorted && ore_transfer_out(*sorted, order) == ORE_OK;
}

/* The inverse of a permutation. */
static ore_tensor *way_back(const int64_t *order, int64_t B) {
    int64_t *back = numbers_new(B);
    for (int64_t i = 0; back && i < B; i++)
        back[order[i]] = i;
    ore_tensor *t = back ? tensor_of(back, B) : NULL;
    ore_release(back);
    return t;
}

/* Fills *packed, whose row (t, i) is row first + i step_b + t step_t of x, i being a sequence's
 * place in the batch; `starts` (B), unless NULL, stands for i step_b. */
static ore_status pack_rows(ore_tensor *x, const sorted_lengths *s, int64_t step_t, int64_t step_b,
                            const int64_t *starts, ore_shape row, ore_packed_sequence *packed) {
    int64_t *sizes = numbers_new(s->steps), *places = numbers_new(s->rows), next = 0;
    if (sizes && places) {
        count_sizes(s, sizes);
        for (int64_t t = 0; t < s->steps; t++)
            for (int64_t b = 0; b < sizes[t]; b++) {
                int64_t i = s->order[b];
                places[next++] = (starts ? starts[i] : i * step_b) + t * step_t;
            }
        row.dim[0] = s->rows;
        ore_tensor *data = pick_rows(x, places, s->rows, 0);
        packed->data = data ? ore_tensor_sole(ore_reshape(data, row)) : NULL;
        packed->batch_sizes = packed->data ? tensor_of(sizes, s->steps) : NULL;
    }
    ore_release(places);
    ore_release(sizes);
    return ore_error_status();
}

/* Gives packed its tensors, or NULLs after a failure. */
static ore_status finish(const char *name, ore_packed_sequence *packed) {
    if (ore_ok())
        return ORE_OK;
    *packed = (ore_packed_sequence){NULL, NULL, NULL, NULL};
    ore_error_name(name);
    return ore_error_status();
}

/* ---- pack_padded_sequence ---- */

static bool lengths_fit(const char *name, const int64_t *lengths, int64_t n, int64_t B, int64_t T) {
    if (B < 1)
        ore_fail(ORE_INVALID, "%s: x has no sequences, expected at least 1", name);
    else if (n != B)
        ore_fail(ORE_INVALID, "%s: %lld length%s for a batch of %lld", name, (long long)n,
                 ore_plural(n), (long long)B);
    for (int64_t b = 0; b < n && ore_no_error(); b++)
        if (lengths[b] < 1 || lengths[b] > T)
            ore_fail(ORE_INVALID, "%s: lengths[%lld] is %lld, expected 1 .. %lld, the steps of x",
                     name, (long long)b, (long long)lengths[b], (long long)T);
    return ore_no_error();
}

/* The shape of a row of x (.., .., rest), behind a dim for their number. */
static ore_shape row_shape(const ore_tensor *x, int from) {
    ore_shape row = {.ndim = x->shape.ndim - from + 1};
    for (int d = from; d < x->shape.ndim; d++)
        row.dim[d - from + 1] = x->shape.dim[d];
    return row;
}

static void pack_padded(const char *name, ore_tensor *x, int64_t *lengths, int64_t *order,
                        const ore_pack_options *o, ore_packed_sequence *packed) {
    int64_t T = x->shape.dim[o->batch_first ? 1 : 0], B = x->shape.dim[o->batch_first ? 0 : 1];
    sorted_lengths s = {.B = B, .lengths = lengths, .order = order};
    if (!sort_lengths(name, lengths, B, o->enforce_sorted, order, &packed->sorted_indices))
        return;
    for (int64_t b = 0; b < B; b++)
        s.rows += lengths[b];
    s.steps = lengths[order[0]];
    if (packed->sorted_indices)
        packed->unsorted_indices = way_back(order, B);
    ore_shape row = row_shape(x, 2), flat = row;
    flat.dim[0] = T * B;
    ore_tensor *rows = ore_reshape(x, flat);
    rows = rows ? as_rows(rows, T * B) : NULL;
    if (rows)
        pack_rows(rows, &s, o->batch_first ? 1 : B, o->batch_first ? T : 1, NULL, row, packed);
}

ore_status ore_pack_padded_sequence(ore_tensor *x, ore_tensor *lengths,
                                    const ore_pack_options *options, ore_packed_sequence *packed) {
    static const char name[] = "pack_padded_sequence";
    ore_pack_options o = options ? *options : ore_pack_defaults();
    char text[ORE_SHAPE_TEXT];
    *packed = (ore_packed_sequence){NULL, NULL, NULL, NULL};
    if (!ore_usable1(name, x))
        return ore_error_status();
    if (x->shape.ndim < 2) {
        ore_fail(ORE_INVALID, "%s: x is %s, expected (%s, ..)", name,
                 ore_shape_text(x->shape, text), o.batch_first ? "B, T" : "T, B");
        return ore_error_status();
    }
    int64_t *numbers = numbers_of(name, "lengths", lengths);
    int64_t *order = numbers ? numbers_new(lengths->shape.dim[0]) : NULL;
    if (order &&
        lengths_fit(name, numbers, lengths->shape.dim[0], x->shape.dim[o.batch_first ? 0 : 1],
                    x->shape.dim[o.batch_first ? 1 : 0]))
        pack_padded(name, x, numbers, order, &o, packed);
    ore_release(order);
    ore_release(numbers);
    return finish(name, packed);
}

/* ---- batch sizes ---- */

bool ore_batch_sizes_fit(const char *name, const int64_t *sizes, int64_t steps, int64_t rows) {
    int64_t sum = 0;
    for (int64_t t = 0; t < steps; t++) {
        if (sizes[t] < 1 || (t > 0 && sizes[t] > sizes[t - 1])) {
            ore_fail(ORE_INVALID, "%s: batch_sizes[%lld] is %lld, expected at least 1%s", name,
                     (long long)t, (long long)sizes[t],
                     t > 0 ? " and no more than the one before" : "");
            return false;
        }
        sum = ore_saturated_sum(sum, sizes[t]);
    }
    if (sum != rows || steps < 1)
        ore_fail(ORE_INVALID, "%s: batch_sizes add up to %lld, data has %lld row%s", name,
                 (long long)sum, (long long)rows, ore_plural(rows));
    return ore_no_error();
}

/* ---- pad_packed_sequence ---- */

/* Of a packed sequence, as arrays. */
typedef struct unpacked {
    int64_t B, steps;
    int64_t *sizes, *back; /* (steps); (B), or NULL */
} unpacked;

static bool is_permutation(const int64_t *p, int64_t n) {
    bool fits = true, *seen = ore_alloc((size_t)n * sizeof *seen);
    if (!seen)
        return false;
    memset(seen, 0, (size_t)n * sizeof *seen);
    for (int64_t i = 0; fits && i < n; i++) {
        fits = p[i] >= 0 && p[i] < n && !seen[p[i]];
        if (fits)
            seen[p[i]] = true;
    }
    ore_release(seen);
    return fits;
}

static bool unpacked_fits(const char *name, const unpacked *u, const ore_packed_sequence *packed) {
    ore_batch_sizes_fit(name, u->sizes, u->steps, packed->data->shape.dim[0]);
    if (ore_no_error() && u->back &&
        (packed->unsorted_indices->shape.dim[0] != u->B || !is_permutation(u->back, u->B)))
        ore_fail(ORE_INVALID, "%s: unsorted_indices are no order of %lld sequence%s", name,
                 (long long)u->B, ore_plural(u->B));
    return ore_no_error();
}

/* Where row (t, b) of a batch of T steps comes from, into places (T B); lengths (B). */
static void unpacked_places(const unpacked *u, int64_t T, bool batch_first, int64_t *places,
                            int64_t *lengths) {
    for (int64_t b = 0; b < u->B; b++) {
        int64_t i = u->back ? u->back[b] : b, start = 0;
        lengths[b] = 0;
        for (int64_t t = 0; t < T; t++) {
            bool there = t < u->steps && u->sizes[t] > i;
            places[batch_first ? b * T + t : t * u->B + b] = there ? start + i : PADDING;
            lengths[b] += there;
            start += t < u->steps ? u->sizes[t] : 0;
        }
    }
}

static ore_tensor *pad_unpacked(const unpacked *u, const ore_packed_sequence *packed,
                                const ore_pad_packed_options *o, ore_tensor **lengths) {
    int64_t T = o->total_length > 0 ? o->total_length : u->steps;
    int64_t *places = numbers_of_rows(T, u->B), *own = numbers_new(u->B);
    ore_tensor *y = NULL;
    if (places && own) {
        unpacked_places(u, T, o->batch_first, places, own);
        ore_tensor *rows = as_rows(packed->data, packed->data->shape.dim[0]);
        ore_shape shape = row_shape(packed->data, 0);
        shape.dim[0] = o->batch_first ? u->B : T;
        shape.dim[1] = o->batch_first ? T : u->B;
        y = rows ? pick_rows(rows, places, T * u->B, o->padding_value) : NULL;
        y = y ? ore_tensor_sole(ore_reshape(y, shape)) : NULL;
        if (y && lengths)
            *lengths = tensor_of(own, u->B);
    }
    ore_release(own);
    ore_release(places);
    return y;
}

static bool pad_packed_fits(const char *name, const ore_packed_sequence *packed,
                            const ore_pad_packed_options *o) {
    char text[ORE_SHAPE_TEXT];
    if (!packed || !ore_usable1(name, packed->data) || !ore_usable1(name, packed->batch_sizes)) {
        ore_fail(ORE_INVALID, "%s: no packed sequence", name);
        return false;
    }
    int64_t steps = packed->batch_sizes->shape.ndim ? packed->batch_sizes->shape.dim[0] : 0;
    if (packed->data->shape.ndim < 1 || packed->data->shape.ndim >= ORE_MAX_DIMS)
        ore_fail(ORE_INVALID, "%s: data is %s, expected (N, ..) of at most %d dims", name,
                 ore_shape_text(packed->data->shape, text), ORE_MAX_DIMS - 1);
    else if (o->total_length != 0 && o->total_length < steps)
        ore_fail(ORE_INVALID, "%s: total_length %lld, expected at least %lld, the longest's", name,
                 (long long)o->total_length, (long long)steps);
    return ore_no_error();
}

ore_tensor *ore_pad_packed_sequence(const ore_packed_sequence *packed,
                                    const ore_pad_packed_options *options, ore_tensor **lengths) {
    static const char name[] = "pad_packed_sequence";
    ore_pad_packed_options o = options ? *options : ore_pad_packed_defaults();
    ore_tensor *y = NULL;
    if (lengths)
        *lengths = NULL;
    if (!ore_no_error() || !pad_packed_fits(name, packed, &o))
        return NULL;
    unpacked u = {.sizes = numbers_of(name, "batch_sizes", packed->batch_sizes)};
    if (packed->unsorted_indices)
        u.back = numbers_of(name, "unsorted_indices", packed->unsorted_indices);
    if (ore_no_error()) {
        u.steps = packed->batch_sizes->shape.dim[0];
        u.B = u.steps > 0 ? u.sizes[0] : 0;
        if (unpacked_fits(name, &u, packed))
            y = pad_unpacked(&u, packed, &o, lengths);
    }
    ore_release(u.back);
    ore_release(u.sizes);
    return ore_named(name, ore_made(y));
}

/* ---- pad_sequence, pack_sequence ---- */

/* All sequences one after the other, as rows, and where each begins and how long it is: lengths and
 * starts (n). NULL with the error pending. */
static ore_tensor *joined(const char *name, ore_tensor *const *sequences, int64_t n,
                          int64_t *lengths, int64_t *starts) {
    char a[ORE_SHAPE_TEXT], b[ORE_SHAPE_TEXT];
    int64_t next = 0;
    for (int64_t i = 0; i < n; i++) {
        ore_tensor *s = sequences[i], *first = sequences[0];
        if (!ore_usable1(name, s) || !ore_usable_beside(name, first, s))
            return NULL;
        bool alike = s->shape.ndim > 0 && s->shape.ndim == first->shape.ndim &&
                     s->shape.ndim < ORE_MAX_DIMS && s->dtype == first->dtype;
        for (int d = 1; alike && d < s->shape.ndim; d++)
            alike = s->shape.dim[d] == first->shape.dim[d];
        if (!alike) {
            ore_fail(ORE_INVALID,
                     "%s: sequence %lld is %s of %s, expected (L, ..) like the first, %s of %s",
                     name, (long long)i, ore_shape_text(s->shape, a), ore_dtype_name(s->dtype),
                     ore_shape_text(first->shape, b), ore_dtype_name(first->dtype));
            return NULL;
        }
        lengths[i] = s->shape.dim[0];
        starts[i] = next;
        next += lengths[i];
    }
    ore_tensor *all = n == 1 ? sequences[0] : ore_cat(sequences, (int)n, 0);
    return all ? as_rows(all, next) : NULL;
}

static bool sequences_given(const char *name, ore_tensor *const *sequences, int64_t n) {
    if (ore_no_error() && (!sequences || n < 1 || n > INT32_MAX))
        ore_fail(ORE_INVALID, "%s: %lld sequences, expected at least 1", name,
                 (long long)(sequences ? n : 0));
    return ore_no_error();
}

/* Where row (t, b) of the padded batch comes from. */
static ore_tensor *pad_joined(ore_tensor *rows, ore_shape shape, const int64_t *lengths,
                              const int64_t *starts, int64_t n, const ore_pad_options *o) {
    int64_t T = 0, *places;
    for (int64_t i = 0; i < n; i++)
        T = lengths[i] > T ? lengths[i] : T;
    if (T == 0 || !(places = numbers_of_rows(T, n)))
        return ore_no_error() ? ore_new_zeros(rows, shape, rows->dtype) : NULL;
    for (int64_t b = 0; b < n; b++)
        for (int64_t t = 0; t < T; t++)
            places[o->batch_first ? b * T + t : t * n + b] =
                t < lengths[b] ? starts[b] + t : PADDING;
    shape.dim[o->batch_first ? 1 : 0] = T;
    ore_tensor *y = pick_rows(rows, places, T * n, o->padding_value);
    ore_release(places);
    return y ? ore_tensor_sole(ore_reshape(y, shape)) : NULL;
}

ore_tensor *ore_pad_sequence(ore_tensor *const *sequences, int64_t n,
                             const ore_pad_options *options) {
    static const char name[] = "pad_sequence";
    ore_pad_options o = options ? *options : ore_pad_defaults();
    ore_tensor *y = NULL;
    if (!sequences_given(name, sequences, n))
        return NULL;
    int64_t *lengths = numbers_new(2 * n);
    ore_tensor *rows = lengths ? joined(name, sequences, n, lengths, lengths + n) : NULL;
    if (rows) {
        ore_shape shape = row_shape(sequences[0], 0);
        shape.dim[0] = shape.dim[1] = 0;
        shape.dim[o.batch_first ? 0 : 1] = n;
        y = pad_joined(rows, shape, lengths, lengths + n, n, &o);
    }
    ore_release(lengths);
    return ore_named(name, ore_made(y));
}

static void pack_joined(const char *name, ore_tensor *const *sequences, int64_t n, int64_t *work,
                        bool enforce_sorted, ore_packed_sequence *packed) {
    int64_t *lengths = work, *starts = work + n, *order = work + 2 * n;
    ore_tensor *rows = joined(name, sequences, n, lengths, starts);
    sorted_lengths s = {.B = n, .lengths = lengths, .order = order};
    for (int64_t i = 0; rows && i < n; i++) {
        if (lengths[i] < 1)
            ore_fail(ORE_INVALID, "%s: sequence %lld has length 0, expected at least 1", name,
                     (long long)i);
        s.rows += lengths[i];
    }
    if (!rows || !ore_no_error() ||
        !sort_lengths(name, lengths, n, enforce_sorted, order, &packed->sorted_indices))
        return;
    s.steps = lengths[order[0]];
    if (packed->sorted_indices)
        packed->unsorted_indices = way_back(order, n);
    pack_rows(rows, &s, 1, 0, starts, row_shape(sequences[0], 1), packed);
}

ore_status ore_pack_sequence(ore_tensor *const *sequences, int64_t n, bool enforce_sorted,
                             ore_packed_sequence *packed) {
    static const char name[] = "pack_sequence";
    *packed = (ore_packed_sequence){NULL, NULL, NULL, NULL};
    if (!sequences_given(name, sequences, n))
        return ore_error_status();
    int64_t *work = numbers_new(3 * n);
    if (work)
        pack_joined(name, sequences, n, work, enforce_sorted, packed);
    ore_release(work);
    return finish(name, packed);
}
