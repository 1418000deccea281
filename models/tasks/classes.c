/* classes.c: the accuracy of answers that are classes, or tokens. */
#include <ore/ops.h>

#include "models/tasks/classes.h"

const char *const classes_measures[] = {"accuracy", NULL};

void classes_measure(const model_family *f, void *net, ore_tensor *output, const ore_batch *batch,
                     double *sums) {
    (void)f;
    (void)net;
    ore_tensor *right = ore_eq(ore_argmax(output, -1, false), batch->y); /* (..) */
    sums[0] += ore_item(ore_sum(ore_to(right, ORE_FLOAT64), ORE_ALL, false));
}
