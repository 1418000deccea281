/* lbfgs.h: what L-BFGS and its line search share. */
#ifndef ORE_OPTIM_LBFGS_H
#define ORE_OPTIM_LBFGS_H

#include "optim/optimizer.h"

/* The objective over all parameters as one vector. */
typedef struct ore_lbfgs_point {
    double t, loss, slope; /* place on the line, value, gradient times direction */
    ore_tensor *gradient;  /* (N) */
} ore_lbfgs_point;

typedef struct ore_lbfgs_line {
    ore_optimizer *o;
    ore_closure closure;
    void *user;
    ore_tensor *start, *direction; /* (N) */
} ore_lbfgs_line;

double ore_lbfgs_dot(ore_tensor *a, ore_tensor *b);
double ore_lbfgs_largest(ore_tensor *x); /* max |x| */
/* The objective at start + t direction; the parameters stay there. NaN with an error pending. */
ore_lbfgs_point ore_lbfgs_at(const ore_lbfgs_line *line, double t);
/* A step from `from` (t 0) that meets the strong Wolfe conditions, t the first guess; *evaluations
 * grows by the calls of the closure. */
ore_lbfgs_point ore_lbfgs_search(const ore_lbfgs_line *line, ore_lbfgs_point from, double t,
                                 double tolerance_change, int64_t *evaluations);

#endif
