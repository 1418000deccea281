/* commands.h: the commands of `ore`, and their help. */
#ifndef ORE_TOOL_COMMANDS_H
#define ORE_TOOL_COMMANDS_H

#include "cli/command.h"

int command_count(void);
const command *command_at(int i);
/* The command of this name; NULL with ORE_INVALID, naming the most similar one, if there is
 * none. */
const command *command_find(const char *name);

void print_overview(FILE *out);
void print_command_help(const command *c, FILE *out);

#endif
