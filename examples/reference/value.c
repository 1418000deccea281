/* value.c: a neuron of scalar values, its gradients, and a step that raises its output. */
#include <stdio.h>

#include <ore/ore.h>

int main(void) {
    ore_value_tape *t = ore_value_tape_new();
    ore_value *x1 = ore_value_new(t, 2), *x2 = ore_value_new(t, 0);
    ore_value *w1 = ore_value_new(t, -3), *w2 = ore_value_new(t, 1);
    ore_value *b = ore_value_new(t, 6.8813735870195432);
    ore_value_mark before = ore_value_tape_mark(t);
    for (int step = 0; step < 2; step++) {
        ore_value_tape_rewind(t, before); /* the expression of the step before goes */
        ore_value *sum = ore_value_add(ore_value_mul(x1, w1), ore_value_mul(x2, w2));
        ore_value *o = ore_value_tanh(ore_value_add(sum, b));
        ore_value *parameters[] = {w1, w2, b};
        ore_value_zero_grad(parameters, 3);
        ore_value_backward(o);
        printf("o = %.4f, do/dw1 = %.4f, do/dw2 = %.4f, do/db = %.4f\n", o->data, w1->grad,
               w2->grad, b->grad);
        for (int i = 0; i < 3; i++)
            parameters[i]->data += 0.1 * parameters[i]->grad;
    }
    ore_value_tape_free(t);
    return ore_ok() ? 0 : 1;
}
