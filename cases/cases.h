/* cases.h: calls of every op, described once: what gradient checks, comparisons of the CPU's levels
 * and of half precision, hostile calls and `ore bench kernels` run.
 *
 * A row of a .def file is
 *     CASE(id, builder, low, high, "inputs", result)
 * `result` is an expression over the tensors in[0], in[1] .. (n of them); `builder` the public
 * function that it is a case of. `inputs` lists their shapes, separated by blanks: "2,3 4 *" are a
 * matrix, a vector and a tensor of 0 dims, of floating numbers between low and high; "i5:4" is an
 * int64 vector of labels 0 .. 3, "b3,4" of bool. VALUES instead of CASE: no gradient to check.
 *
 * Of the cases of a builder whose result names in[0], in[1] .. in the order of the builder's
 * tensors, the one with the most inputs also tells the hostile calls of tests/fuzz what fits it. */
#ifndef ORE_CASES_H
#define ORE_CASES_H

#include <ore/ops.h>

enum { OP_CASE_INPUTS = 5 };

/* One input: a shape, and what its numbers are. */
typedef struct op_input {
    ore_shape shape;
    int64_t labels; /* int64 below this; 0: floating numbers, or bool */
    bool is_bool;
} op_input;

typedef ore_tensor *(*op_case_function)(void *user, ore_tensor **in, int n);

typedef struct op_case {
    const char *id, *builder;
    double low, high; /* of floating inputs */
    const char *inputs;
    bool has_gradient;
    op_case_function function; /* does not read `user` */
} op_case;

int op_case_count(void);
const op_case *op_case_at(int i);
/* NULL if there is none of that id. */
const op_case *op_case_find(const char *id);

/* The inputs of a case, or of any text in the same form; returns how many there are. */
int op_inputs_of(const char *text, op_input *inputs);
/* A tensor for an input: floating ones of `dtype`, spread evenly over low .. high. */
ore_tensor *op_input_new(const op_input *input, ore_dtype dtype, double low, double high,
                         ore_generator *g);

/* ---- one list for each .def file ---- */

typedef struct op_case_list {
    const op_case *cases;
    int count;
} op_case_list;
extern const op_case_list op_cases_basic, op_cases_math, op_cases_losses, op_cases_shape,
    op_cases_conv, op_cases_more, op_cases_attention;

#endif
