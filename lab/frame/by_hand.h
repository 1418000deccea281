/* by_hand.h: the network of the backpropagation lecture, the backward passes that its rung derives,
 * and training with them, without autograd. H is the number of hidden units, N the batch. */
#ifndef LAB_BY_HAND_H
#define LAB_BY_HAND_H

#include "lab/frame/names.h"

enum { BY_HAND_BLOCK = 3, BY_HAND_DIM = 10 };

typedef struct by_hand_net {
    ore_module module;
    ore_tensor *C, *W1, *b1, *W2, *b2;      /* (27, 10) (30, H) (H) (H, 27) (27) */
    ore_tensor *bngain, *bnbias;            /* (1, H) */
    ore_tensor *running_mean, *running_var; /* (1, H) for evaluation, set by by_hand_train */
} by_hand_net;

/* No parameter starts at 0 or 1, where a wrong gradient could go unnoticed. bngain and bnbias are
 * drawn from the default generator, which is seeded with 1337 for it; the lecture does not seed
 * it. */
void by_hand_init(by_hand_net *m, int64_t hidden, ore_generator *g);

/* The sum over the batch, (N, H) -> (1, H). */
ore_tensor *by_hand_sum0(ore_tensor *x);

/* dL/dC (27, 10): each row of demb (N, 3, 10) is added to the row of C that was looked up for
 * it. */
ore_tensor *by_hand_embedding_backward(ore_tensor *demb, ore_tensor *x, ore_tensor *C);
/* dL/dlogits of cross entropy = (softmax - one_hot(y)) / N, (N, 27) */
ore_tensor *by_hand_cross_entropy_backward(ore_tensor *logits, ore_tensor *y);
/* dL/dx of batch norm, where x enters by itself, by the mean and by the variance; raw (N, H) is the
 * normalised x, var_inv (1, H) is 1 / sqrt(var + eps):
 * gain var_inv / N (N dy - sum dy - N / (N - 1) raw sum(dy raw)) */
ore_tensor *by_hand_batch_norm_backward(ore_tensor *dy, ore_tensor *gain, ore_tensor *raw,
                                        ore_tensor *var_inv);

/* Trains for `steps` steps, the first half at rate 0.1 and the second at 0.01, then computes the
 * statistics for evaluation over all examples. checkpoints become the losses of 20 evenly spaced
 * steps. */
ore_status by_hand_train(lab *l, by_hand_net *m, const names_part *part, int64_t steps,
                         ore_generator *g, double checkpoints[20]);

#endif
