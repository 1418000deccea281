/* cmd_help.c: `ore help`, and the generated part of docs/commands.md. */
#include <string.h>

#include "commands.h"

void print_overview(FILE *out) {
    fprintf(out, "Usage: ore COMMAND [ARGUMENT ...]\n\n"
                 "Trains, samples and examines small language models.\n\nCommands\n");
    for (int i = 0; i < command_count(); i++)
        fprintf(out, "  %-10s %s\n", command_at(i)->name, command_at(i)->summary);
    fprintf(out, "\nore help COMMAND tells more; ore --version prints the version.\n"
                 "Exit status: 0 success; 1 data, files or runs; 2 the command line; "
                 "130 stopped by Ctrl-C.\n");
}

void print_command_help(const command *c, FILE *out) {
    fprintf(out, "Usage: %s\n\n%s\n", c->usage, c->about);
    if (c->rows) {
        int count;
        const option *rows = c->rows(&count);
        options_print_help(rows, count, out);
    }
    if (c->more_help)
        c->more_help(out, false);
}

static void print_command_markdown(const command *c, FILE *out) {
    fprintf(out, "## ore %s\n\n%s.\n\n    %s\n\n%s\n", c->name, c->summary, c->usage, c->about);
    if (c->rows) {
        int count;
        const option *rows = c->rows(&count);
        options_print_markdown(rows, count, out);
    }
    if (c->more_help)
        c->more_help(out, true);
    fputc('\n', out);
}

/* Prints the help of a command, or, as for `ore help train gpt`, the help that it has for a further
 * word. */
static int print_help_for(const command *c, const arguments *a) {
    arguments more = {.items = a->items + 1, .count = a->count - 1};
    if (more.count == 1 && c->help_for && c->help_for(&more, stdout))
        return EXIT_OK;
    if (more.count == 1 && c->help_for)
        ore_fail(ORE_INVALID, "%s: unknown; ore help %s lists what it has help for",
                 more.items[0].word, c->name);
    else
        ore_fail(ORE_INVALID, "%s: one argument too many, expected ore help [COMMAND%s]",
                 more.items[more.count - 1].word, c->help_for ? " [MODEL]" : "");
    return EXIT_USAGE;
}

static int run(const arguments *a) {
    if (a->count == 0) {
        print_overview(stdout);
        return EXIT_OK;
    }
    if (strcmp(a->items[0].key, "markdown") == 0) {
        for (int i = 0; i < command_count(); i++)
            print_command_markdown(command_at(i), stdout);
        return EXIT_OK;
    }
    const command *c = command_find(a->items[0].word);
    if (!c)
        return EXIT_USAGE;
    if (a->count > 1)
        return print_help_for(c, a);
    print_command_help(c, stdout);
    return EXIT_OK;
}

const command command_help = {
    .name = "help",
    .summary = "Explain a command",
    .usage = "ore help [COMMAND [MODEL]]",
    .about =
        "Prints the commands, or one command's flags with their defaults; ore help train MODEL\n"
        "those that apply to one model.",
    .run = run,
};
