/* scalars.h: what the rung about scalars uses: micrograd's examples, the two moons, their picture
 * with a boundary, and a network of scalars as tensors. */
#ifndef LAB_SCALARS_H
#define LAB_SCALARS_H

#include "lab/frame/lab.h"

/* The expressions that micrograd's test and readme differentiate: rows mgt.sanity and mgr.ops. */
void lab_micrograd_examples(lab *l);

enum { LAB_MOONS = 100 };

typedef struct lab_moons {
    double points[LAB_MOONS][2];
    int64_t labels[LAB_MOONS]; /* 0: the outer moon, 1: the inner one */
} lab_moons;

/* np.random.seed(seed); make_moons(n_samples=100, noise=0.1) */
ore_status lab_moons_make(lab_moons *d, uint32_t seed);
/* The first and last x2 of the notebook's mesh: from the min less 1 in steps of 1/4 up to the
 * max plus 1. */
void lab_moons_mesh(const lab_moons *d, double limits[2]);
/* The points over the plane, each side of score = 0 in the colour of its moon; m is the tape's. */
void lab_moons_picture(lab *l, const lab_moons *d, ore_value_tape *tape, const ore_value_mlp *m);

/* The parameters of a layer as leaves that want gradients, float64: (out, in) and (out). */
void lab_tensors_of(const ore_value_layer *layer, ore_tensor **weight, ore_tensor **bias);
/* A step of gradient descent: p -= rate times its gradient, which is gone then. */
void lab_descend(ore_tensor *p, double rate);

#endif
