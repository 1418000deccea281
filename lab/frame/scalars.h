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
/* The first and the last x2 of the mesh in micrograd's notebook, which goes from min - 1 in steps
 * of 1/4 up to max + 1. */
void lab_moons_mesh(const lab_moons *d, double limits[2]);
/* Draws the points, and both sides of the line score = 0 in the colours of their moons. m is a
 * network on the tape. */
void lab_moons_picture(lab *l, const lab_moons *d, ore_value_tape *tape, const ore_value_mlp *m);

/* The parameters of a layer as float64 leaves that require gradients: weight (out, in) and bias
 * (out). */
void lab_tensors_of(const ore_value_layer *layer, ore_tensor **weight, ore_tensor **bias);
/* A step of gradient descent: p -= rate times its gradient, which is then cleared. */
void lab_descend(ore_tensor *p, double rate);

#endif
