/* einsum.c: sums of products by letters. Operands are taken from left to right; each pair is a
 * product of matrices, batched over the letters that both have and that are still needed. */
#include <string.h>

#include "ops/autocast.h"
#include "ops/op.h"

enum { LETTERS = 52, MAX_OPERANDS = 8 };

/* A tensor with a letter for each of its dims. */
typedef struct term {
    ore_tensor *t;
    int n;
    char letter[ORE_MAX_DIMS + 1];
} term;

typedef struct equation {
    const char *text;
    int n;
    term operands[MAX_OPERANDS];
    term result;           /* its letters only */
    int64_t size[LETTERS]; /* 0 .. of letters that occur, -1 of others */
} equation;

static int number_of(char letter) {
    return letter >= 'a' && letter <= 'z'   ? letter - 'a' + 26
           : letter >= 'A' && letter <= 'Z' ? letter - 'A'
                                            : -1;
}

static bool has(const term *t, char letter) {
    return memchr(t->letter, letter, (size_t)t->n) != NULL;
}

static bool refuse(const equation *e, const char *why) {
    ore_fail(ORE_INVALID, "einsum: '%.80s': %s", e->text, why);
    return false;
}

/* ---- reading the equation ---- */

static bool read_result(equation *e, const char *at) {
    for (; *at; at++) {
        if (*at == ' ')
            continue;
        if (number_of(*at) < 0)
            return refuse(e, "the result has what is no letter");
        if (e->size[number_of(*at)] < 0)
            return refuse(e, "the result has a letter that no operand has");
        if (has(&e->result, *at))
            return refuse(e, "the result has a letter twice");
        if (e->result.n == ORE_MAX_DIMS)
            return refuse(e, "the result has too many dims");
        e->result.letter[e->result.n++] = *at;
    }
    return true;
}

/* Without an arrow the result has the letters that occur once, sorted. */
static bool imply_result(equation *e, const int *seen) {
    for (int i = 0; i < LETTERS; i++) {
        if (seen[i] != 1)
            continue;
        if (e->result.n == ORE_MAX_DIMS)
            return refuse(e, "the result has too many dims");
        e->result.letter[e->result.n++] = (char)(i < 26 ? 'A' + i : 'a' + i - 26);
    }
    return true;
}

/* The next letter of operand t; a size of 1 goes with any other. */
static bool read_letter(equation *e, term *t, char letter) {
    int number = number_of(letter);
    if (number < 0)
        return refuse(e, "an operand has what is no letter");
    if (t->n == t->t->shape.ndim)
        return refuse(e, "an operand has more letters than dims");
    int64_t size = t->t->shape.dim[t->n], *known = &e->size[number];
    if (*known >= 0 && *known != 1 && size != 1 && size != *known)
        return refuse(e, "a letter stands for different sizes");
    *known = *known < 0 || *known == 1 ? size : *known;
    t->letter[t->n++] = letter;
    return true;
}

static bool read_equation(equation *e) {
    int operand = 0, seen[LETTERS] = {0};
    const char *at = e->text;
    for (; *at && *at != '-'; at++) {
        if (*at == ' ')
            continue;
        if (*at == ',') {
            if (++operand == e->n)
                return refuse(e, "more operands than tensors");
            continue;
        }
        if (!read_letter(e, &e->operands[operand], *at))
            return false;
        seen[number_of(*at)]++;
    }
    if (operand != e->n - 1)
        return refuse(e, "fewer operands than tensors");
    for (int i = 0; i < e->n; i++)
        if (e->operands[i].n != e->operands[i].t->shape.ndim)
            return refuse(e, "an operand has fewer letters than dims");
    if (!*at)
        return imply_result(e, seen);
    return at[1] == '>' ? read_result(e, at + 2) : refuse(e, "'-' without '>'");
}

/* ---- terms ---- */

static void drop_letter(term *t, int place) {
    memmove(t->letter + place, t->letter + place + 1, (size_t)(t->n - place - 1));
    t->n--;
}

/* A letter twice is a diagonal; sizes of 1 are expanded to those of their letters. */
static void settle(const equation *e, term *t) {
    ore_shape shape = {.ndim = t->n};
    for (int d = 0; d < t->n; d++)
        shape.dim[d] = e->size[number_of(t->letter[d])];
    if (!ore_shape_equal(shape, t->t->shape))
        t->t = ore_expand(t->t, shape);
    for (int i = 0; i < t->n; i++) {
        const char *again = memchr(t->letter + i + 1, t->letter[i], (size_t)(t->n - i - 1));
        if (!again)
            continue;
        char letter = t->letter[i];
        int j = (int)(again - t->letter);
        t->t = ore_diagonal(t->t, 0, i, j);
        drop_letter(t, j);
        drop_letter(t, i);
        t->letter[t->n++] = letter; /* the diagonal is the last dim */
        i--;
    }
}

/* t summed over the letters that neither `other` (NULL allowed) nor `needed` has. */
static void sum_unneeded(term *t, const term *other, const bool *needed) {
    ore_dims dims = {.n = 0};
    for (int d = 0; d < t->n; d++)
        if (!needed[number_of(t->letter[d])] && !(other && has(other, t->letter[d])))
            dims.dim[dims.n++] = d;
    if (dims.n)
        t->t = ore_sum(t->t, dims, false);
    for (int i = dims.n - 1; i >= 0; i--)
        drop_letter(t, dims.dim[i]);
}

/* t with its dims in the order of `letters`, all of which it has. */
static ore_tensor *in_order(const term *t, const char *letters, int n) {
    ore_dims order = {.n = n};
    for (int i = 0; i < n; i++)
        order.dim[i] = (int)((const char *)memchr(t->letter, letters[i], (size_t)t->n) - t->letter);
    return n == 0 ? t->t : ore_permute(t->t, order);
}

/* ---- pairs ---- */

/* The letters of a pair: of both and needed, of both and summed, of one alone. */
typedef struct pair_letters {
    char batch[LETTERS], summed[LETTERS], left[LETTERS], right[LETTERS];
    int batches, sums, lefts, rights;
} pair_letters;

static pair_letters sort_letters(const term *a, const term *b, const bool *needed) {
    pair_letters p = {.batches = 0};
    for (int d = 0; d < a->n; d++) {
        char letter = a->letter[d];
        if (!has(b, letter))
            p.left[p.lefts++] = letter;
        else if (needed[number_of(letter)])
            p.batch[p.batches++] = letter;
        else
            p.summed[p.sums++] = letter;
    }
    for (int d = 0; d < b->n; d++)
        if (!has(a, b->letter[d]))
            p.right[p.rights++] = b->letter[d];
    return p;
}

static int64_t sizes_of(const equation *e, const char *letters, int n) {
    int64_t product = 1;
    for (int i = 0; i < n; i++)
        product *= e->size[number_of(letters[i])];
    return product;
}

/* t as (batch, rows, columns), its letters in the three groups' order. */
static ore_tensor *as_matrices(const equation *e, const term *t, const pair_letters *p,
                               const char *rows, int n_rows, const char *columns, int n_columns) {
    char letters[3 * LETTERS];
    memcpy(letters, p->batch, (size_t)p->batches);
    memcpy(letters + p->batches, rows, (size_t)n_rows);
    memcpy(letters + p->batches + n_rows, columns, (size_t)n_columns);
    ore_tensor *m = in_order(t, letters, t->n);
    int64_t r = sizes_of(e, rows, n_rows), c = sizes_of(e, columns, n_columns);
    return ore_reshape(m, p->batches ? ORE_SHAPE(sizes_of(e, p->batch, p->batches), r, c)
                                     : ORE_SHAPE(r, c));
}

static bool multiply(const equation *e, term *a, term *b, const bool *needed) {
    sum_unneeded(a, b, needed);
    sum_unneeded(b, a, needed);
    pair_letters p = sort_letters(a, b, needed);
    term y = {.n = 0};
    ore_shape shape = {.ndim = p.batches + p.lefts + p.rights};
    if (shape.ndim > ORE_MAX_DIMS)
        return refuse(e, "a product on the way has too many dims");
    memcpy(y.letter, p.batch, (size_t)p.batches);
    memcpy(y.letter + p.batches, p.left, (size_t)p.lefts);
    memcpy(y.letter + p.batches + p.lefts, p.right, (size_t)p.rights);
    y.n = shape.ndim;
    for (int d = 0; d < y.n; d++)
        shape.dim[d] = e->size[number_of(y.letter[d])];
    ore_tensor *left = as_matrices(e, a, &p, p.left, p.lefts, p.summed, p.sums);
    ore_tensor *right = as_matrices(e, b, &p, p.summed, p.sums, p.right, p.rights);
    y.t = ore_reshape(p.sums ? ore_matmul(left, right) : ore_mul(left, right), shape);
    *a = y;
    return ore_ok();
}

static ore_tensor *evaluate(equation *e) {
    term *y = &e->operands[0];
    for (int i = 0; i < e->n; i++)
        settle(e, &e->operands[i]);
    for (int next = 1; next <= e->n && ore_ok(); next++) {
        bool needed[LETTERS] = {false}; /* by the result and the operands after the next */
        for (int d = 0; d < e->result.n; d++)
            needed[number_of(e->result.letter[d])] = true;
        for (int i = next + 1; i < e->n; i++)
            for (int d = 0; d < e->operands[i].n; d++)
                needed[number_of(e->operands[i].letter[d])] = true;
        if (next == e->n)
            sum_unneeded(y, NULL, needed);
        else if (!multiply(e, y, &e->operands[next], needed))
            return NULL;
    }
    return ore_ok() ? in_order(y, e->result.letter, e->result.n) : NULL;
}

ore_tensor *ore_einsum(const char *text, ore_tensor *const *tensors, int n) {
    equation e = {.text = text ? text : "", .n = n};
    if (!ore_no_error())
        return NULL;
    if (n < 1 || n > MAX_OPERANDS) {
        ore_fail(ORE_INVALID, "einsum: %d tensors, expected 1 .. %d", n, MAX_OPERANDS);
        return NULL;
    }
    if (!ore_usable("einsum", n, tensors))
        return NULL;
    for (int i = 0; i < LETTERS; i++)
        e.size[i] = -1;
    for (int i = 0; i < n; i++) {
        ore_tensor *t = n > 1 ? ore_lowered(tensors[i]) : tensors[i], *first = e.operands[0].t;
        e.operands[i].t = t;
        if (t && first && t->dtype != first->dtype)
            ore_fail(ORE_INVALID, "einsum: tensors of %s and %s, expected one dtype",
                     ore_dtype_name(first->dtype), ore_dtype_name(t->dtype));
        if (!ore_no_error())
            return NULL;
    }
    return ore_named("einsum", read_equation(&e) ? evaluate(&e) : NULL);
}
