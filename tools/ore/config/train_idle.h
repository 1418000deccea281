/* train_idle.h: options of `ore train` that change nothing beside the others. */
#ifndef ORE_TOOL_TRAIN_IDLE_H
#define ORE_TOOL_TRAIN_IDLE_H

#include "config/train_options.h"

/* Why the value of a key changes nothing, to go behind the words "changes nothing": "with
 * --optimizer sgd", into text of OPTION_REASON_BYTES; NULL where it may change something. A value
 * that asks for nothing, such as --momentum 0, has no reason. `live`: the loss is shown on one
 * line, which a terminal draws again. */
const char *train_idle_reason(const train_options *t, const char *key, bool live, char *text);
/* A line for each such option of the command line, and one for a warm-up that never ends. */
void train_print_idle(const train_options *t, bool live, FILE *out);

#endif
