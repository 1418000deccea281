/* char_mlp.h: the network of the second and the third lecture (Y. Bengio et al. 2003): three
 * letters become vectors, which are concatenated and go through a hidden layer of tanh units to 27
 * logits. Batch norm before the tanh is optional (S. Ioffe, C. Szegedy, ICML 2015). */
#ifndef LAB_CHAR_MLP_H
#define LAB_CHAR_MLP_H

#include <ore/ore.h>

enum { CHAR_MLP_BLOCK = 3 };

typedef struct char_mlp {
    ore_module module;
    ore_tensor *C;                          /* (27, dim): a vector for each letter */
    ore_tensor *W1, *b1;                    /* (3 dim, hidden); (hidden), or NULL */
    ore_tensor *W2, *b2;                    /* (hidden, 27), (27) */
    ore_tensor *gain, *bias;                /* (1, hidden), or NULL: no batch norm */
    ore_tensor *running_mean, *running_std; /* (1, hidden), or NULL */
} char_mlp;

/* Factors of weights and biases, which are drawn from N(0, 1) in the order above. */
typedef struct char_mlp_scales {
    double W1, b1, W2, b2; /* b1 0: there is none */
} char_mlp_scales;

void char_mlp_init(char_mlp *m, int64_t dim, int64_t hidden, char_mlp_scales scales, bool norm,
                   ore_generator *g);
/* (B, 3) contexts -> (B, hidden): what goes into tanh, or into batch norm */
ore_tensor *char_mlp_hidden(const char_mlp *m, ore_tensor *x);

#endif
