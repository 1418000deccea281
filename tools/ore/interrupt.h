/* interrupt.h: Ctrl-C. At first SIGINT and SIGTERM end the program with EXIT_BROKEN at once; a
 * command with work to save defers them, and asks between steps. A second signal ends at once. */
#ifndef ORE_TOOL_INTERRUPT_H
#define ORE_TOOL_INTERRUPT_H

#include <stdbool.h>

void interrupt_install(void);
/* From now on a signal only marks the request. */
void interrupt_defer(void);
bool interrupt_requested(void);

#endif
