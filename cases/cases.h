/* cases.h: example calls of every op, described once. Gradient checks, comparisons of the CPU's
 * levels and of half precision with the scalar level, hostile calls and `ore bench kernels` all use
 * them.
 *
 * A row of a .def file is CASE(id, builder, low, high, "inputs", result) `builder` is the public
 * function that the case calls, and `result` is an expression that calls it with the inputs in[0],
 * in[1] .. (n of them). `inputs` lists their shapes, separated by blanks: "2,3 4 *" is a matrix, a
 * vector and a tensor of 0 dims, with floating numbers between low and high; "i5:4" is an int64
 * vector of 5 labels 0 .. 3; "b3,4" is a bool matrix. VALUES in place of CASE says that there is no
 * gradient to check.
 *
 * The hostile calls of tests/fuzz take from these which arguments fit a builder: from that of its
 * cases which has the most inputs, if its result uses in[0], in[1] .. in the order of the builder's
 * tensors. */
#ifndef ORE_CASES_H
#define ORE_CASES_H

#include <ore/ops.h>

enum { OP_CASE_INPUTS = 5 };

/* An input: its shape, and what its elements are. */
typedef struct op_input {
    ore_shape shape;
    int64_t labels; /* above 0: int64 elements 0 .. labels - 1; 0: floating numbers, or bool */
    bool is_bool;
} op_input;

typedef ore_tensor *(*op_case_function)(void *user, ore_tensor **in, int n);

typedef struct op_case {
    const char *id, *builder;
    double low, high; /* the range of floating inputs */
    const char *inputs;
    bool has_gradient;
    op_case_function function; /* does not read `user` */
} op_case;

int op_case_count(void);
const op_case *op_case_at(int i);
/* The case with this id; NULL if there is none. */
const op_case *op_case_find(const char *id);

/* Reads the inputs that a text in the form above describes, and returns how many there are. */
int op_inputs_of(const char *text, op_input *inputs);
/* Makes a tensor for an input. Floating ones have `dtype` and numbers drawn uniformly from low ..
 * high. */
ore_tensor *op_input_new(const op_input *input, ore_dtype dtype, double low, double high,
                         ore_generator *g);

/* ---- one list for each .def file ---- */

typedef struct op_case_list {
    const op_case *cases;
    int count;
} op_case_list;
extern const op_case_list op_cases_basic, op_cases_math, op_cases_losses, op_cases_shape,
    op_cases_conv, op_cases_more, op_cases_attention, op_cases_recurrent;

#endif
