/* commands.c: the list of commands. */
#include <string.h>

#include "cli/suggest.h"
#include "commands.h"

#define COMMAND(name) extern const command command_##name;
#include "commands.def"
#undef COMMAND

#define COMMAND(name) &command_##name,
static const command *const commands[] = {
#include "commands.def"
};
#undef COMMAND

enum { COMMANDS = sizeof commands / sizeof commands[0] };

int command_count(void) {
    return COMMANDS;
}

const command *command_at(int i) {
    return commands[i];
}

static const char *command_name(const void *user, int i) {
    (void)user;
    return commands[i]->name;
}

const command *command_find(const char *name) {
    for (int i = 0; i < COMMANDS; i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    const char *near = suggest_nearest(name, command_name, COMMANDS, NULL);
    if (near)
        ore_fail(ORE_INVALID, "%s: unknown command; did you mean %s?", name, near);
    else
        ore_fail(ORE_INVALID, "%s: unknown command; ore help lists them", name);
    return NULL;
}
