/* fit_net.h: a small classifier of points in the plane and its data, to train in tests. */
#ifndef ORE_TESTS_FIT_NET_H
#define ORE_TESTS_FIT_NET_H

#include <ore/train.h>

enum { POINTS = 48, CLASSES = 4, BATCH = 8 };

typedef struct net {
    ore_sequential root;
    ore_linear up, down;
    ore_activation act;
    ore_dropout drop;
    ore_tensor *x, *y; /* (POINTS, 2), (POINTS) */
    ore_loader *loader;
    ore_optimizer *optimizer;
} net;

/* The same net, data and state of the default generator every time. */
void net_start(net *n, double dropout);
void net_end(net *n);
/* Training of the net on its own loader, whose passes have 6 batches. */
ore_fit_options net_fit_options(net *n, int64_t steps);
/* Bit for bit. */
void assert_same_nets(const net *a, const net *b);

#endif
