/* value.c: scalar values on a tape, and backward over it. */
#include "scalar/value.h"

#include <math.h>
#include <string.h>

#include "base/elementary/elementary.h"
#include "base/error.h"
#include "base/memory.h"

/* ---- an arena: blocks of memory, filled from the front and kept when it is rewound ---- */

enum { BLOCK_BYTES = 1 << 16 }; /* 1024 values of 64 bytes, so that a call of malloc is rare */

typedef struct block {
    uint8_t *bytes;
    size_t used, size;
} block;

typedef struct arena {
    block *blocks;
    int64_t count, capacity; /* of the list of blocks */
    int64_t current;         /* index of the block being filled; those after it are empty */
} arena;

/* Moves on to the next block, which has at least `bytes` bytes, and allocates it unless there is
 * one from before a rewind. */
static block *next_block(arena *a, size_t bytes) {
    while (a->count > 0 && a->current + 1 < a->count) {
        block *b = &a->blocks[++a->current];
        if (b->size >= bytes)
            return b;
    }
    void *blocks = a->blocks;
    if (ore_grow(&blocks, &a->capacity, a->count + 1, sizeof *a->blocks) != ORE_OK)
        return NULL;
    a->blocks = blocks;
    size_t size = bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES;
    uint8_t *room = ore_alloc(size);
    if (!room)
        return NULL;
    a->blocks[a->count] = (block){room, 0, size};
    a->current = a->count++;
    return &a->blocks[a->current];
}

static inline void *take(arena *a, size_t bytes) {
    block *b = a->count > 0 ? &a->blocks[a->current] : NULL;
    if (!b || b->size - b->used < bytes)
        b = next_block(a, bytes);
    if (!b)
        return NULL;
    void *room = b->bytes + b->used;
    b->used += bytes;
    return room;
}

static void rewind_arena(arena *a, int64_t current, size_t used) {
    for (int64_t i = current + 1; i < a->count; i++)
        a->blocks[i].used = 0;
    a->current = current;
    if (a->count > 0)
        a->blocks[current].used = used;
}

static void release_arena(arena *a) {
    for (int64_t i = 0; i < a->count; i++)
        ore_release(a->blocks[i].bytes);
    ore_release(a->blocks);
}

/* ---- tapes ---- */

typedef struct label {
    const struct label *before;
    const ore_value *value;
    char text[];
} label;

struct ore_value_tape {
    arena values;        /* values only, so that backward can step from one to the one before it */
    arena other;         /* arrays, structs, labels */
    const label *labels; /* the latest label; each points to the one before it */
    uint32_t visits;     /* number of the last walk over the values */
};

ore_value_tape *ore_value_tape_new(void) {
    return ore_alloc_zero(sizeof(ore_value_tape));
}

void ore_value_tape_free(ore_value_tape *tape) {
    if (!tape)
        return;
    release_arena(&tape->values);
    release_arena(&tape->other);
    ore_release(tape);
}

int64_t ore_value_tape_count(const ore_value_tape *tape) {
    size_t bytes = 0;
    for (int64_t i = 0; tape && i < tape->values.count; i++)
        bytes += tape->values.blocks[i].used;
    return (int64_t)(bytes / sizeof(ore_value));
}

ore_value_mark ore_value_tape_mark(const ore_value_tape *tape) {
    ore_value_mark mark = {.labels = NULL};
    const arena *arenas[2] = {tape ? &tape->values : NULL, tape ? &tape->other : NULL};
    for (int i = 0; i < 2 && tape; i++)
        if (arenas[i]->count > 0) {
            mark.block[i] = arenas[i]->current;
            mark.used[i] = arenas[i]->blocks[mark.block[i]].used;
        }
    mark.labels = tape ? tape->labels : NULL;
    return mark;
}

void ore_value_tape_rewind(ore_value_tape *tape, ore_value_mark mark) {
    if (!tape)
        return;
    rewind_arena(&tape->values, mark.block[0], mark.used[0]);
    rewind_arena(&tape->other, mark.block[1], mark.used[1]);
    tape->labels = mark.labels;
}

void *ore_value_room(ore_value_tape *tape, int64_t count, size_t element_bytes) {
    size_t bytes;
    if (ore_bytes_of(count, element_bytes, &bytes) != ORE_OK)
        return NULL;
    return take(&tape->other, (bytes + 15) / 16 * 16);
}

/* ---- values ---- */

static inline ore_value *put(ore_value_tape *tape, ore_value v) {
    ore_value *room = take(&tape->values, sizeof v);
    if (!room)
        return NULL;
    *room = v;
    room->tape = tape;
    return room;
}

ore_value *ore_value_new(ore_value_tape *tape, double data) {
    if (!ore_no_error())
        return NULL;
    if (!tape) {
        ore_fail(ORE_INVALID, "value_new: the tape is NULL");
        return NULL;
    }
    return put(tape, (ore_value){.data = data, .kind = ORE_VALUE_LEAF});
}

static bool is_value(const char *op, const ore_value *v) {
    if (!ore_no_error())
        return false;
    if (!v)
        ore_fail(ORE_INVALID, "%s: a value is NULL", op);
    return v != NULL;
}

ore_value *ore_value_set_label(ore_value *v, const char *text) {
    if (!is_value("value_set_label", v))
        return NULL;
    size_t length = text ? strlen(text) : 0;
    label *l = ore_value_room(v->tape, (int64_t)(sizeof *l + length + 1), 1);
    if (!l)
        return NULL;
    l->before = v->tape->labels;
    l->value = v;
    memcpy(l->text, text ? text : "", length + 1);
    v->tape->labels = l;
    return v;
}

const char *ore_value_label(const ore_value *v) {
    for (const label *l = v ? v->tape->labels : NULL; l; l = l->before)
        if (l->value == v)
            return l->text;
    return "";
}

/* ---- operators ---- */

static inline ore_value *made_of_two(const char *op, ore_value_kind kind, ore_value *a,
                                     ore_value *b, double data, double d_left, double d_right) {
    if (a->tape != b->tape) {
        ore_fail(ORE_INVALID, "%s: values of two tapes", op);
        return NULL;
    }
    return put(a->tape, (ore_value){.data = data,
                                    .left = a,
                                    .right = b,
                                    .d_left = d_left,
                                    .d_right = d_right,
                                    .kind = kind});
}

static inline ore_value *made_of_one(ore_value_kind kind, ore_value *a, double data,
                                     double d_left) {
    return put(a->tape, (ore_value){.data = data, .left = a, .d_left = d_left, .kind = kind});
}

ore_value *ore_value_add(ore_value *a, ore_value *b) {
    if (!is_value("value_add", a) || !is_value("value_add", b))
        return NULL;
    return made_of_two("value_add", ORE_VALUE_ADD, a, b, a->data + b->data, 1, 1);
}

ore_value *ore_value_mul(ore_value *a, ore_value *b) {
    if (!is_value("value_mul", a) || !is_value("value_mul", b))
        return NULL;
    return made_of_two("value_mul", ORE_VALUE_MUL, a, b, a->data * b->data, b->data, a->data);
}

ore_value *ore_value_neg(ore_value *a) {
    return is_value("value_neg", a) ? made_of_one(ORE_VALUE_NEG, a, -a->data, -1) : NULL;
}

ore_value *ore_value_sub(ore_value *a, ore_value *b) {
    if (!is_value("value_sub", a) || !is_value("value_sub", b))
        return NULL;
    return ore_value_add(a, ore_value_neg(b));
}

ore_value *ore_value_div(ore_value *a, ore_value *b) {
    if (!is_value("value_div", a) || !is_value("value_div", b))
        return NULL;
    return ore_value_mul(a, ore_value_pow(b, -1));
}

ore_value *ore_value_pow(ore_value *a, double k) {
    if (!is_value("value_pow", a))
        return NULL;
    double slope = k == 0 ? 0 : k * ore_math_pow(a->data, k - 1);
    ore_value *y = made_of_one(ORE_VALUE_POW, a, ore_math_pow(a->data, k), slope);
    if (y)
        y->d_right = k;
    return y;
}

ore_value *ore_value_exp(ore_value *a) {
    if (!is_value("value_exp", a))
        return NULL;
    double y = ore_math_exp(a->data);
    return made_of_one(ORE_VALUE_EXP, a, y, y);
}

ore_value *ore_value_log(ore_value *a) {
    return is_value("value_log", a)
               ? made_of_one(ORE_VALUE_LOG, a, ore_math_log(a->data), 1 / a->data)
               : NULL;
}

ore_value *ore_value_tanh(ore_value *a) {
    if (!is_value("value_tanh", a))
        return NULL;
    double y = ore_math_tanh(a->data);
    return made_of_one(ORE_VALUE_OF_TANH, a, y, 1 - y * y);
}

/* relu(NaN) is NaN, as in torch. */
ore_value *ore_value_relu(ore_value *a) {
    if (!is_value("value_relu", a))
        return NULL;
    return made_of_one(ORE_VALUE_OF_RELU, a, a->data < 0 ? 0 : a->data, a->data > 0);
}

ore_value *ore_value_add_scalar(ore_value *a, double k) {
    return is_value("value_add_scalar", a) ? ore_value_add(a, ore_value_new(a->tape, k)) : NULL;
}

ore_value *ore_value_sub_scalar(ore_value *a, double k) {
    return is_value("value_sub_scalar", a) ? ore_value_sub(a, ore_value_new(a->tape, k)) : NULL;
}

ore_value *ore_value_rsub_scalar(ore_value *a, double k) {
    return is_value("value_rsub_scalar", a) ? ore_value_sub(ore_value_new(a->tape, k), a) : NULL;
}

ore_value *ore_value_mul_scalar(ore_value *a, double k) {
    return is_value("value_mul_scalar", a) ? ore_value_mul(a, ore_value_new(a->tape, k)) : NULL;
}

ore_value *ore_value_div_scalar(ore_value *a, double k) {
    return is_value("value_div_scalar", a) ? ore_value_div(a, ore_value_new(a->tape, k)) : NULL;
}

ore_value *ore_value_rdiv_scalar(ore_value *a, double k) {
    return is_value("value_rdiv_scalar", a) ? ore_value_div(ore_value_new(a->tape, k), a) : NULL;
}

ore_value *ore_value_sum(ore_value *const *values, int64_t count) {
    if (!ore_no_error())
        return NULL;
    if (!values || count < 1) {
        ore_fail(ORE_INVALID, "value_sum: %lld values, expected 1 or more", (long long)count);
        return NULL;
    }
    ore_value *sum = is_value("value_sum", values[0]) ? values[0] : NULL;
    for (int64_t i = 1; i < count && sum; i++)
        sum = is_value("value_sum", values[i]) ? ore_value_add(sum, values[i]) : NULL;
    return sum;
}

/* ---- backward ---- */

/* A walk over the values of a tape from one of them back to the first. */
typedef struct walk {
    ore_value_tape *tape;
    int64_t block;
    ore_value *at, *first; /* the value that the walk is at, and the first one of its block */
} walk;

static walk walk_from(ore_value *v) {
    const arena *a = &v->tape->values;
    walk w = {v->tape, a->current, v, NULL};
    for (;; w.block--) {
        const block *b = &a->blocks[w.block];
        w.first = (ore_value *)b->bytes;
        if (v >= w.first && v < w.first + b->used / sizeof *v)
            return w;
    }
}

static inline void step_back(walk *w) {
    while (w->at == w->first && w->block > 0) {
        const block *b = &w->tape->values.blocks[--w->block];
        w->first = (ore_value *)b->bytes;
        w->at = w->first + b->used / sizeof *w->at;
    }
    w->at--;
}

/* The number of a new walk. A value that the walk reaches is marked with it. */
static uint32_t new_visit(ore_value_tape *tape) {
    if (++tape->visits == 0) { /* after 2^32 walks the numbers start again: clear the marks */
        for (int64_t i = 0; i < tape->values.count; i++) {
            const block *b = &tape->values.blocks[i];
            ore_value *first = (ore_value *)b->bytes;
            for (size_t v = 0; v < b->used / sizeof *first; v++)
                first[v].visit = 0;
        }
        tape->visits = 1;
    }
    return tape->visits;
}

/* Adds d to v's gradient. True if v is the result of an operator and is reached for the first time
 * in this walk. */
static inline bool bring(ore_value *v, double d, uint32_t visit) {
    if (!v->left || v->visit == visit) {
        v->grad += d;
        return false;
    }
    v->visit = visit;
    v->grad = d;
    return true;
}

ore_status ore_value_backward(ore_value *root) {
    if (!is_value("value_backward", root))
        return ore_error_status();
    uint32_t visit = new_visit(root->tape);
    int64_t waiting = bring(root, 1, visit);
    for (walk w = walk_from(root); waiting > 0; step_back(&w)) {
        ore_value *v = w.at;
        if (v->visit != visit || !v->left)
            continue;
        waiting--;
        waiting += bring(v->left, v->d_left * v->grad, visit);
        if (v->right)
            waiting += bring(v->right, v->d_right * v->grad, visit);
    }
    return ORE_OK;
}

void ore_value_zero_grad(ore_value *const *values, int64_t count) {
    for (int64_t i = 0; values && i < count; i++)
        if (values[i])
            values[i]->grad = 0;
}

const ore_value **ore_value_reached(const ore_value *root, int64_t max, int64_t *count) {
    ore_value *from = (ore_value *)(uintptr_t)root; /* only marks of the walk are written */
    uint32_t visit = new_visit(from->tape);
    const ore_value **reached = NULL;
    void *items = NULL;
    int64_t capacity = 0, waiting = 1;
    *count = 0;
    from->visit = visit;
    for (walk w = walk_from(from); waiting > 0; step_back(&w)) {
        if (w.at->visit != visit)
            continue;
        waiting--;
        if (*count == max)
            ore_fail(ORE_INVALID, "more than %lld values", (long long)max);
        if (*count == max || ore_grow(&items, &capacity, *count + 1, sizeof *reached) != ORE_OK) {
            ore_release(items);
            return NULL;
        }
        reached = items;
        reached[(*count)++] = w.at;
        ore_value *operands[2] = {w.at->left, w.at->right};
        for (int i = 0; i < 2; i++)
            if (operands[i] && operands[i]->visit != visit) {
                operands[i]->visit = visit;
                waiting++;
            }
    }
    return reached;
}
