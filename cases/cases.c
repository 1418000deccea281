/* cases.c: finding cases, and making their inputs. */
#include <stdlib.h>
#include <string.h>

#include <ore/random.h>

#include "cases/cases.h"

static const op_case_list *const lists[] = {
    &op_cases_basic, &op_cases_math, &op_cases_losses,    &op_cases_shape,
    &op_cases_conv,  &op_cases_more, &op_cases_attention, &op_cases_recurrent};
enum { LISTS = sizeof lists / sizeof *lists };

int op_case_count(void) {
    int count = 0;
    for (int i = 0; i < LISTS; i++)
        count += lists[i]->count;
    return count;
}

const op_case *op_case_at(int i) {
    int list = 0;
    while (i >= lists[list]->count)
        i -= lists[list++]->count;
    return &lists[list]->cases[i];
}

const op_case *op_case_find(const char *id) {
    for (int i = 0; i < op_case_count(); i++)
        if (strcmp(op_case_at(i)->id, id) == 0)
            return op_case_at(i);
    return NULL;
}

/* ---- inputs ---- */

static const char *read_input(const char *text, op_input *input) {
    *input = (op_input){.is_bool = *text == 'b'};
    bool labels = *text == 'i';
    text += labels || input->is_bool;
    if (*text == '*') /* no dims */
        return text + 1;
    for (char *end;; text = end + 1) {
        input->shape.dim[input->shape.ndim++] = strtoll(text, &end, 10);
        if (*end == ',')
            continue;
        if (labels && *end == ':')
            input->labels = strtoll(end + 1, &end, 10);
        return end;
    }
}

int op_inputs_of(const char *text, op_input *inputs) {
    int n = 0;
    while (*text) {
        text = read_input(text, &inputs[n++]);
        text += *text == ' ';
    }
    return n;
}

ore_tensor *op_input_new(const op_input *input, ore_dtype dtype, double low, double high,
                         ore_generator *g) {
    if (input->labels)
        return ore_randint(0, input->labels, input->shape, ORE_INT64, g);
    if (input->is_bool)
        return ore_to(ore_randint(0, 2, input->shape, ORE_INT64, g), ORE_BOOL);
    /* drawn in float64, so that a case has the same numbers in every dtype, but for rounding */
    ore_tensor *t = ore_empty(input->shape, ORE_FLOAT64);
    return ore_to(ore_uniform_(t, low, high, g), dtype);
}
