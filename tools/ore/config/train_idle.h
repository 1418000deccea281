/* train_idle.h: which options of `ore train` change nothing, because of the values of others. */
#ifndef ORE_TOOL_TRAIN_IDLE_H
#define ORE_TOOL_TRAIN_IDLE_H

#include "config/train_options.h"

/* Why the value of a key changes nothing, in words that follow "changes nothing", such as "with
 * --optimizer sgd"; they are written to text (OPTION_REASON_BYTES), or constant. NULL where the
 * value may change something, and for a value that asks for nothing anyway, such as --momentum 0.
 * `live` says that the loss is shown on one line of a terminal, which is redrawn. */
const char *train_idle_reason(const train_options *t, const char *key, bool live, char *text);
/* Prints a line for each such flag of the command line, and one for a warm-up that never ends. */
void train_print_idle(const train_options *t, bool live, FILE *out);

#endif
