/* cmd_cache.c: `ore cache`. */
#include <stdio.h>

#include "cli/command.h"
#include "cli/words.h"
#include "run/token_cache.h"

typedef struct cache_config {
    int clear;
} cache_config;

static const option rows[] = {
    {"Cache",
     CONFIG_FIELD_SWITCH(cache_config, clear, "false", NULL,
                         "remove the files; runs that read one go on"),
     OPTION_UNSAVED, 0},
};
enum { ROWS = sizeof rows / sizeof rows[0] };

static const option *cache_rows(int *count) {
    *count = ROWS;
    return rows;
}

static ore_status work(const cache_config *c) {
    const double mib = 1 << 20;
    char folder[RUNDIR_PATH_BYTES], count[COUNT_BYTES];
    ore_token_cache_facts facts;
    if (token_cache_folder(folder) != ORE_OK)
        return ore_error_status();
    ore_status status =
        c->clear ? ore_token_cache_clear(folder, &facts) : ore_token_cache_measure(folder, &facts);
    if (status == ORE_OK)
        printf("folder      %s\n%s     %s, %.1f MiB\n", folder, c->clear ? "removed" : "holds  ",
               counted_text(facts.files, "token file", count), (double)facts.bytes / mib);
    return status;
}

static int run(const arguments *a) {
    cache_config c = {0};
    options o;
    int status = EXIT_OK;
    if (options_init(&o, rows, ROWS, (option_structs){{&c}}) != ORE_OK ||
        options_take(&o, a, NULL, 0) != ORE_OK)
        status = usage_failure();
    else if (work(&c) != ORE_OK)
        status = EXIT_RUN;
    options_free(&o);
    return status;
}

const command command_cache = {
    .name = "cache",
    .summary = "Show or clear the texts that are kept as tokens",
    .usage = "ore cache [--clear]",
    .about =
        "A text is turned into tokens once and kept so, for every run that reads it after. The\n"
        "files lie in $XDG_CACHE_HOME/ore/tokens, or ~/.cache/ore/tokens, and are named by a\n"
        "digest of the text and the tokenizer. They may be removed at any time: whoever needs\n"
        "one makes it again.",
    .run = run,
    .rows = cache_rows,
};
