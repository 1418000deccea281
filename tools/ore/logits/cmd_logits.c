/* cmd_logits.c: `ore logits`: what a language model makes of a text, as arrays for NumPy. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <ore/ops.h>

#include "cli/command.h"
#include "logits/npy.h"
#include "open/run_open.h"
#include "tasks/run_tokenizer.h"

typedef struct logits_config {
    char *text, *ids, *out, *hidden;
    int best;
    int64_t threads;
} logits_config;

#define ROW(type, ...)                                                                             \
    { "Logits", CONFIG_FIELD_##type(logits_config, __VA_ARGS__), OPTION_UNSAVED, 0 }
static const option rows[] = {
    ROW(TEXT, text, "", "FILE",
        "a text, which the model's tokenizer encodes, with the marks that it adds itself"),
    ROW(TEXT, ids, "", "FILE", "or its ids: whole numbers, with commas or white space between"),
    ROW(TEXT, out, "", "FILE", "write the logits (T, V) to this .npy file, float32"),
    ROW(TEXT, hidden, "", "FILE",
        "write what goes into each of L layers, and what comes out of the last norm, to this .npy "
        "file: (L + 1, T, C)"),
    ROW(SWITCH, best, "false", NULL,
        "the weights of the lowest validation loss, not the last ones"),
    ROW(INT, threads, "auto", "[1, 256]", "threads; results do not depend on it; auto: all cores"),
};
#undef ROW
enum { ROWS = sizeof rows / sizeof rows[0] };

static const option *logits_rows(int *count) {
    *count = ROWS;
    return rows;
}

/* ---- ids ---- */

typedef struct id_list {
    int64_t *ids, count;
} id_list;

/* Ids of a text, the caller's. */
static id_list encode(const opened_run *run, const char *path) {
    id_list list = {0};
    size_t bytes = 0;
    const ore_encode_options o = {.add_special = true};
    ore_tokenizer *tokenizer = run_tokenizer_read(run->dir);
    char *text = tokenizer ? ore_file_read(path, &bytes) : NULL;
    if (text)
        list.count = ore_tokenizer_encode_with(tokenizer, &o, text, bytes, NULL, NULL, 0);
    if (ore_ok() && !(list.ids = calloc((size_t)list.count + 1, sizeof *list.ids)))
        ore_fail(ORE_MEMORY, "%s: out of memory", path);
    if (ore_ok())
        ore_tokenizer_encode_with(tokenizer, &o, text, bytes, list.ids, NULL, list.count);
    ore_string_free(text);
    ore_tokenizer_free(tokenizer);
    return list;
}

/* Numbers of a file, the caller's. */
static id_list read_ids(const char *path) {
    static const char between[] = " \t\r\n,[]";
    size_t bytes = 0;
    id_list list = {0};
    char *text = ore_file_read(path, &bytes);
    if (text && !(list.ids = calloc(bytes / 2 + 1, sizeof *list.ids)))
        ore_fail(ORE_MEMORY, "%s: out of memory", path);
    for (char *at = text; ore_ok() && *(at += strspn(at, between)); list.count++) {
        char *end;
        errno = 0;
        list.ids[list.count] = strtoll(at, &end, 10);
        if (end == at || errno == ERANGE || (*end && !strchr(between, *end)))
            ore_fail(ORE_DATA, "%s: %.16s: expected whole numbers", path, at);
        at = end;
    }
    ore_string_free(text);
    return list;
}

static ore_status check_ids(const opened_run *run, const id_list *list, const char *path) {
    int64_t V = train_vocab_size(&run->options.config), most = run->model.block_size;
    if (ore_ok() && (list->count < 1 || list->count > most))
        return ore_fail(ORE_DATA, "%s: %lld tokens, expected 1 to %lld", path,
                        (long long)list->count, (long long)most);
    for (int64_t i = 0; i < list->count && ore_ok(); i++)
        if (list->ids[i] < 0 || list->ids[i] >= V)
            ore_fail(ORE_DATA, "%s: id %lld, expected 0 to %lld", path, (long long)list->ids[i],
                     (long long)V - 1);
    return ore_error_status();
}

/* ---- logits ---- */

static ore_status write(const opened_run *run, const logits_config *c, const id_list *list) {
    const model *m = &run->model;
    ore_tensor *hidden = NULL;
    ore_scope_begin();
    ore_no_grad_begin();
    ore_tensor *ids = ore_from_data(list->ids, ORE_SHAPE(1, list->count), ORE_INT64);
    ore_tensor *logits = m->family->look(m->module, ids, *c->hidden ? &hidden : NULL);
    if (*c->out)
        npy_write(c->out, ore_select(logits, 0, 0));
    if (*c->hidden)
        npy_write(c->hidden, hidden);
    ore_no_grad_end();
    ore_scope_end();
    return ore_error_status();
}

static ore_status logits_run(opened_run *run, const void *config) {
    const logits_config *c = config;
    if ((*c->text != '\0') == (*c->ids != '\0'))
        return ore_fail(ORE_INVALID, "expected either --text FILE or --ids FILE");
    if (!*c->out && !*c->hidden)
        return ore_fail(ORE_INVALID, "expected --out FILE.npy, --hidden FILE.npy, or "
                                     "both");
    if (!run->model.family->look)
        return ore_fail(ORE_UNSUPPORTED, "%s: %s has no logits of all tokens", run->dir,
                        run->model.family->name);
    const char *path = *c->ids ? c->ids : c->text;
    id_list list = *c->ids ? read_ids(path) : encode(run, path);
    if (check_ids(run, &list, path) == ORE_OK)
        write(run, c, &list);
    free(list.ids);
    return ore_error_status();
}

static int run(const arguments *a) {
    logits_config c = {0};
    const run_reader reader = {.rows = rows,
                               .count = ROWS,
                               .structs = {{&c}},
                               .config = &c,
                               .best = &c.best,
                               .threads = &c.threads,
                               .usage = "ore logits MODEL --text FILE --out FILE.npy",
                               .work = logits_run};
    return run_reader_run(&reader, a);
}

const command command_logits = {
    .name = "logits",
    .summary = "Write a model's logits for a text",
    .usage = "ore logits MODEL --text FILE|--ids FILE --out FILE.npy [--hidden FILE.npy]",
    .about = "Writes the logits after each token of a text, as arrays that NumPy opens. MODEL is\n"
             "a run, a folder of Hugging Face, or a GGUF file.",
    .run = run,
    .rows = logits_rows,
};
