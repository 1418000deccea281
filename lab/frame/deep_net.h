/* deep_net.h: the second half of the batch-norm lecture: a network of six layers, and what to look
 * at while it trains. */
#ifndef LAB_DEEP_NET_H
#define LAB_DEEP_NET_H

#include "lab/frame/names.h"

void deep_net_show(lab *l, const names_data *data);

#endif
