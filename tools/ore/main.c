/* main.c: finds the command, runs it, and reports its failure in one line. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/interrupt.h"
#include "cli/system.h"
#include "commands.h"

/* Prints an error as one line. It may quote what the user wrote, whose control characters become
 * '?'. */
static void print_error(const char *name, const char *message) {
    char line[ORE_MESSAGE_BYTES + 64];
    snprintf(line, sizeof line, "ore%s%s: %s", name ? " " : "", name ? name : "", message);
    for (char *c = line; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
    fprintf(stderr, "%s\n", line);
}

static const config_field *field_of(const void *user, const char *key) {
    const command *c = user;
    int count = 0;
    if (c->field)
        return c->field(key);
    const option *rows = c->rows ? c->rows(&count) : NULL;
    for (int i = 0; i < count; i++)
        if (config_same_key(rows[i].field.key, key))
            return &rows[i].field;
    return NULL;
}

static int run_command(const command *c, int argc, char **argv) {
    arguments a;
    int status = EXIT_OK;
    if (arguments_read(&a, argc, argv, field_of, c) != ORE_OK)
        status = EXIT_RUN;
    else if (!a.help)
        status = c->run(&a);
    else if (!c->help_for || !c->help_for(&a, stdout))
        print_command_help(c, stdout);
    arguments_free(&a);
    return status;
}

/* Flushes standard output, where a full disk or a closed pipe may show only now. Returns the exit
 * status. */
static int finish_output(int status) {
    bool flushed = fflush(stdout) == 0;
    int reason = flushed ? 0 : errno; /* unknown if an earlier write failed */
    if ((flushed && !ferror(stdout)) || status != EXIT_OK)
        return status;
    char message[256];
    snprintf(message, sizeof message, "the output cannot be written%s%s", reason ? ": " : "",
             reason ? strerror(reason) : "");
    print_error(NULL, message);
    return EXIT_RUN;
}

int main(int argc, char **argv) {
    system_open_streams();
    interrupt_install();
    system_set_program(argv[0]);
    if (argc < 2) {
        print_overview(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "version") == 0) {
        printf("ore %s\n", ore_version());
        return finish_output(EXIT_OK);
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_overview(stdout);
        return finish_output(EXIT_OK);
    }
    if (argv[1][0] == '-') {
        ore_fail(ORE_INVALID, "%s: unknown option; expected a command, --version or --help",
                 argv[1]);
        print_error(NULL, ore_error_message());
        return EXIT_USAGE;
    }
    const command *c = command_find(argv[1]);
    int status = c ? run_command(c, argc - 2, argv + 2) : EXIT_USAGE;
    if (!ore_ok()) {
        fflush(stdout);
        print_error(c ? c->name : NULL, ore_error_message());
        return status == EXIT_OK ? EXIT_RUN : status;
    }
    return finish_output(status);
}
