/* cmd_lab.c: `ore lab`: the lecture ladder. */
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/suggest.h"
#include "lab/frame/run.h"
#include "lab/rungs.h"

typedef struct lab_config {
    char *data, *text, *out, *report;
    int list, quick, check;
    int64_t threads;
} lab_config;

#define DEFAULT_OUT "runs/lab"

#define ROW(type, ...)                                                                             \
    { "Lab", CONFIG_FIELD_##type(lab_config, __VA_ARGS__), OPTION_UNSAVED, 0 }
static const option rows[] = {
    ROW(SWITCH, list, "false", NULL, "show the rungs of the ladder and end"),
    ROW(TEXT, data, "", "FILE",
        "words, one a line, in place of names.txt; none: names.txt in ORE_SHARED, else the "
        "embedded "
        "list"),
    ROW(TEXT, text, "", "FILE",
        "the running text of shakespeare and gpt; none: tinyshakespeare.txt in ORE_SHARED, else "
        "the "
        "words"),
    ROW(SWITCH, quick, "false", NULL,
        "cut the long trainings; rows that need them are shown as not run"),
    ROW(SWITCH, check, "false", NULL, "fail if anything differs from what was published"),
    ROW(TEXT, out, DEFAULT_OUT, "DIR",
        "folder of the pictures; with --report they go beside its page"),
    ROW(TEXT, report, "", "DIR",
        "write DIR/index.html: the stories, tables and pictures on one page"),
    ROW(INT, threads, "auto", "[1, 256]",
        "threads; results do not depend on it; auto: one for each core"),
};

#undef ROW
enum { ROWS = sizeof rows / sizeof rows[0] };

static const option *lab_rows(int *count) {
    *count = ROWS;
    return rows;
}

/* ---- which rungs ---- */

static const char *rung_name(const void *user, int i) {
    (void)user;
    return lab_rung_at(i)->name;
}

static const lab_rung *find_rung(const char *name) {
    const lab_rung *rung = name ? lab_rung_find(name) : NULL;
    if (rung)
        return rung;
    if (!name) {
        ore_fail(ORE_INVALID, "which rung? Expected a name, all, or --list");
        return NULL;
    }
    const char *near = suggest_nearest(name, rung_name, lab_rung_count(), NULL);
    if (near)
        ore_fail(ORE_INVALID, "%s: unknown rung; did you mean %s?", name, near);
    else
        ore_fail(ORE_INVALID, "%s: unknown rung; ore lab --list shows them", name);
    return NULL;
}

static void print_rungs(FILE *out, bool markdown) {
    fputs(markdown ? "\nRungs\n\n| name | what |\n|---|---|\n" : "\nRungs\n", out);
    for (int i = 0; i < lab_rung_count(); i++) {
        const lab_rung *rung = lab_rung_at(i);
        fprintf(out, markdown ? "| `%s` | %s |\n" : "  %-12s %s\n", rung->name, rung->title);
    }
}

/* ---- running ---- */

/* Runs the rungs (all of them where `only` is NULL) one after the other, and puts their records
 * into records[0 .. *n - 1]. */
static void run_rungs(lab *l, const lab_rung *only, lab_record **records, int *n) {
    for (int i = 0; i < lab_rung_count() && ore_ok(); i++) {
        const lab_rung *rung = lab_rung_at(i);
        if (only && rung != only)
            continue;
        if (*n > 0)
            putchar('\n');
        if ((records[*n] = lab_run(l, rung)))
            ++*n;
    }
}

/* Sets the error that stopped a rung, or, with `check`, one for results that differ. */
static ore_status check_records(lab_record *const *records, int n, bool check) {
    char message[ORE_MESSAGE_BYTES / 2], one[ORE_MESSAGE_BYTES / 2];
    size_t used = 0;
    int64_t differ = 0;
    for (int i = 0; i < n; i++) {
        lab_counts c = lab_count(records[i]);
        if (check ? c.differ == 0 : !lab_error_of(records[i]))
            continue;
        differ += c.differ;
        if (used < sizeof message)
            used +=
                (size_t)snprintf(message + used, sizeof message - used, "%s%s", used ? "; " : "",
                                 lab_differences_text(records[i], one, sizeof one));
    }
    if (differ > 0)
        ore_fail(ORE_DATA, "%lld %s: %s", (long long)differ, differ == 1 ? "differs" : "differ",
                 message);
    return ore_error_status();
}

static ore_status write_report(lab *l, const lab_config *c, lab_record *const *records, int n) {
    if (!*c->report || ore_folder_make(c->report) != ORE_OK)
        return ore_error_status();
    char *path = ore_path_join(c->report, "index.html");
    if (path && lab_write_report(l, records, n, path) == ORE_OK)
        printf("\nreport %s\n", path);
    ore_string_free(path);
    return ore_error_status();
}

/* Reads the files that the command line names before any rung runs. */
static ore_status read_data(lab *l, const lab_options *o) {
    int64_t count;
    if (o->words)
        lab_words(l, &count);
    if (o->text)
        lab_text_path(l);
    return ore_error_status();
}

/* Notes, before the rung runs, the files that it will not read. NULL stands for all rungs, which
 * together read everything. */
static void tell_unread(lab *l, const lab_config *c, const lab_rung *only) {
    char reason[OPTION_REASON_BYTES];
    bool words = !only || only->data == LAB_DATA_WORDS, text = !only || only->data == LAB_DATA_TEXT;
    if (only)
        snprintf(reason, sizeof reason, "for %s, which does not read it", only->name);
    if (*c->text && !text)
        option_print_idle(stdout, "text", reason);
    if (*c->data && only && text && lab_text_path(l))
        option_print_idle(stdout, "data", "where there is a running text");
    else if (*c->data && !words && !text)
        option_print_idle(stdout, "data", reason);
    if (*c->report && strcmp(c->out, DEFAULT_OUT) != 0)
        option_print_idle(stdout, "out", "with --report: the pictures go beside its page");
}

static int run_lab(const lab_config *c, const lab_rung *only) {
    lab_options o = lab_defaults();
    lab_record **records = calloc((size_t)lab_rung_count(), sizeof(lab_record *));
    int n = 0;
    o.folder = *c->report ? c->report : c->out;
    o.words = *c->data ? c->data : NULL;
    o.text = *c->text ? c->text : NULL;
    o.quick = c->quick;
    o.out = stdout;
    lab *l = records ? lab_new(&o) : NULL;
    if (!l)
        ore_fail(ORE_MEMORY, "out of memory");
    else if (read_data(l, &o) == ORE_OK) {
        tell_unread(l, c, only);
        run_rungs(l, only, records, &n);
    }
    if (n > 0 && c->quick && !lab_has_cut(l))
        option_print_idle(stdout, "quick", "here: there is no long training");
    if (ore_ok() && write_report(l, c, records, n) == ORE_OK)
        check_records(records, n, c->check);
    for (int i = 0; i < n; i++)
        lab_record_free(records[i]);
    free(records);
    lab_free(l);
    return ore_ok() ? EXIT_OK : EXIT_RUN;
}

static int run(const arguments *a) {
    lab_config c = {0};
    options o;
    const char *name = NULL;
    const lab_rung *rung = NULL;
    int status = EXIT_OK;
    if (options_init(&o, rows, ROWS, (option_structs){{&c}}) == ORE_OK)
        options_take(&o, a, &name, 1);
    bool all = name && strcmp(name, "all") == 0;
    if (ore_ok() && !c.list && !all)
        rung = find_rung(name);
    if (ore_ok() && c.threads != CONFIG_AUTO_INT)
        ore_set_num_threads((int)c.threads);
    if (!ore_ok())
        status = EXIT_USAGE;
    else if (c.list)
        print_rungs(stdout, false);
    else
        status = run_lab(&c, rung);
    options_free(&o);
    return status;
}

const command command_lab = {
    .name = "lab",
    .summary = "Run the lectures' models beside the published numbers",
    .usage = "ore lab NAME|all [--check] [--quick] [--report DIR] [--data FILE]; ore lab --list",
    .about =
        "Runs a rung of the lecture ladder, a short program under lab/rungs: it tells\n"
        "its story, prints a table of what was published beside what Ore computes, and leaves\n"
        "pictures. Without the published data only what must hold on any data is checked.",
    .run = run,
    .rows = lab_rows,
    .more_help = print_rungs,
};
