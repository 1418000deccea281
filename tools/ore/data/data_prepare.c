/* data_prepare.c: `ore data prepare`. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <ore/prepare.h>

#include "cli/interrupt.h"
#include "cli/progress.h"
#include "cli/words.h"
#include "data/data.h"

/* ---- what it is to do ---- */

static ore_tokenizer *open_tokenizer(const char *path) {
    char *inside =
        ore_path_kind_of(path) == ORE_PATH_FOLDER ? ore_path_join(path, "tokenizer.json") : NULL;
    ore_tokenizer *tokenizer = ore_ok() ? ore_tokenizer_load(inside ? inside : path) : NULL;
    ore_string_free(inside);
    return tokenizer;
}

/* "auto", "none", or the text of a token. */
static ore_status take_separator(const char *text, const ore_tokenizer *t, int64_t *separator) {
    *separator = ORE_SEPARATOR_OWN;
    if (strcmp(text, "auto") == 0)
        return ORE_OK;
    *separator = strcmp(text, "none") == 0 ? -1 : ore_tokenizer_id(t, text, strlen(text));
    if (*separator >= 0 || strcmp(text, "none") == 0)
        return ORE_OK;
    return ore_fail(ORE_INVALID, "--separator %.100s: the tokenizer has no such token", text);
}

static ore_prepare_options options_of(const data_config *c) {
    ore_prepare_options o = ore_prepare_defaults();
    o.format = c->format == CONFIG_AUTO ? ORE_TABLE_AUTO : (ore_table_format)c->format;
    o.unit = (ore_document_unit)c->documents;
    o.field = c->field;
    o.min_bytes = c->min_bytes;
    o.max_bytes = c->max_bytes;
    o.document_bytes = c->document_bytes;
    o.distinct = c->distinct;
    o.skip_bad = c->skip_bad;
    o.val_fraction = c->val_fraction;
    o.test_fraction = c->test_fraction;
    o.shard_tokens = c->shard_tokens;
    o.restart = c->force;
    return o;
}

/* ---- while it works ---- */

enum { REASONS = 5 }; /* that are shown of documents which cannot be read */

typedef struct watch {
    double began_s, shown_s;
    bool terminal;
    int bad;
} watch;

static int64_t sum(const int64_t numbers[ORE_PART_COUNT]) {
    int64_t all = 0;
    for (int i = 0; i < ORE_PART_COUNT; i++)
        all += numbers[i];
    return all;
}

/* On a terminal a line that is drawn anew. */
static bool show(void *user, const ore_prepare_counts *n) {
    watch *w = user;
    double now = ore_clock_s(), seconds = now - w->began_s;
    char documents[COUNT_BYTES], tokens[COUNT_BYTES];
    if (!w->terminal || now - w->shown_s < 0.1)
        return !interrupt_requested();
    w->shown_s = now;
    fprintf(stderr, "\rfile %lld of %lld  %s  %s  %.0f MB, %.1f MB/s\033[K", (long long)n->files,
            (long long)n->files_all, counted_text(n->documents, "document", documents),
            counted_text(sum(n->part_tokens), "token", tokens), (double)n->bytes / 1e6,
            seconds > 0 ? (double)n->bytes / 1e6 / seconds : 0);
    fflush(stderr);
    return !interrupt_requested();
}

static void show_bad(void *user, const char *why) {
    watch *w = user;
    if (w->bad++ < REASONS)
        fprintf(stderr, "%sleft out: %s\n", w->terminal ? "\r\033[K" : "", why);
}

/* ---- what it has done ---- */

static void print_left_out(const char *what, int64_t count) {
    char text[COUNT_BYTES];
    if (count > 0)
        printf("left out    %s %s\n", counted_text(count, "document", text), what);
}

static void print_counts(const ore_prepare_counts *n, double seconds) {
    char text[COUNT_BYTES], other[COUNT_BYTES], time[32];
    printf("read        %s of %s, %.1f MB", counted_text(n->documents, "document", text),
           counted_text(n->files, "file", other), (double)n->bytes / 1e6);
    if (n->resumed > 0)
        printf("; %s of them before", grouped_text(n->resumed, text));
    printf("\n");
    print_left_out("without a byte", n->empty);
    print_left_out("that came before", n->repeated);
    print_left_out("that are too short", n->too_short);
    print_left_out("that are too long", n->too_long);
    print_left_out("that cannot be read", n->bad);
    for (int i = 0; i < ORE_PART_COUNT; i++)
        if (n->part_documents[i] > 0)
            printf("%-11s %s, %s\n", ore_part_name((ore_part)i),
                   counted_text(n->part_documents[i], "document", text),
                   counted_text(n->part_tokens[i], "token", other));
    printf("took        %s\n", progress_time_text(seconds, time, sizeof time));
}

int data_prepare(const data_config *c, const char *const *words, int count) {
    if (count < 1 || !*c->out || !*c->tokenizer) {
        ore_fail(ORE_INVALID, "prepare: expected %s",
                 count < 1  ? "files or folders to read"
                 : !*c->out ? "--out FOLDER"
                            : "--tokenizer FILE");
        return EXIT_USAGE;
    }
    if (c->max_bytes > 0 && c->min_bytes > c->max_bytes) {
        ore_fail(ORE_INVALID, "--min-bytes %lld: expected at most the %lld of --max-bytes",
                 (long long)c->min_bytes, (long long)c->max_bytes);
        return EXIT_USAGE;
    }
    watch w = {.began_s = ore_clock_s(), .terminal = isatty(STDERR_FILENO)};
    w.shown_s = w.began_s;
    ore_prepare_options o = options_of(c);
    ore_prepare_counts counts = {0};
    ore_tokenizer *tokenizer = open_tokenizer(c->tokenizer);
    o.progress = show;
    o.bad = show_bad;
    o.user = &w;
    interrupt_defer();
    if (tokenizer && take_separator(c->separator, tokenizer, &o.separator) == ORE_OK)
        ore_prepare(words, count, c->out, tokenizer, &o, &counts);
    if (w.terminal && w.shown_s > w.began_s)
        fprintf(stderr, "\r\033[K");
    ore_tokenizer_free(tokenizer);
    if (!ore_ok())
        return EXIT_RUN;
    print_counts(&counts, ore_clock_s() - w.began_s);
    if (!counts.complete)
        printf("stopped; the same command goes on from here\n");
    return counts.complete ? EXIT_OK : EXIT_BROKEN;
}
