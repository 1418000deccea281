/* cmd_logits.c: `ore logits`: what a language model makes of a text, as arrays for NumPy. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <ore/ops.h>
#include <ore/tensor_file.h>

#include "cli/command.h"
#include "cli/words.h"
#include "models/bert/bert.h"
#include "models/token_ids.h"
#include "open/published.h"
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
    ROW(TEXT, out, "", "FILE", "write the logits (T, V) to this .npy or .npz file, float32"),
    ROW(TEXT, hidden, "", "FILE",
        "write what goes into each of L layers, and what comes out of the last norm, to this .npz "
        "or .npy file: hidden (L + 1, T, C)"),
    RUN_READER_ROWS("Logits", logits_config),
};
#undef ROW
enum { ROWS = sizeof rows / sizeof rows[0] };

static const option *logits_rows(int *count) {
    *count = ROWS;
    return rows;
}

/* ---- ids ---- */

/* A model: its folder or file, its sizes, and how it looks at ids (family.h). */
typedef struct looked_at {
    const char *path;
    int64_t V, most; /* tokens that it knows, and that it takes at most */
    void *net;
    ore_tensor *(*look)(void *net, ore_tensor *ids, ore_tensor **hidden);
} looked_at;

typedef struct id_list {
    int64_t *ids, count;
} id_list;

/* Ids of a text by the tokenizer of a model, the caller's. */
static id_list encode(const char *of, const char *path) {
    id_list list = {0};
    size_t bytes = 0;
    ore_tokenizer *tokenizer = run_tokenizer_read(of);
    char *text = tokenizer ? ore_file_read(path, &bytes) : NULL;
    if (text)
        list.ids = token_ids(tokenizer, text, bytes, true, &list.count);
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

static ore_status check_ids(const looked_at *m, const id_list *list, const char *path) {
    if (ore_ok() && (list->count < 1 || list->count > m->most))
        return ore_fail(ORE_DATA, "%s: %lld tokens, expected 1 to %lld", path,
                        (long long)list->count, (long long)m->most);
    for (int64_t i = 0; i < list->count && ore_ok(); i++)
        if (list->ids[i] < 0 || list->ids[i] >= m->V)
            ore_fail(ORE_DATA, "%s: id %lld, expected 0 to %lld", path, (long long)list->ids[i],
                     (long long)m->V - 1);
    return ore_error_status();
}

/* ---- logits ---- */

/* ORE_INVALID for a file that is asked for, and is no array's by its name. */
static ore_status check_name(const char *path) {
    if (*path && !path_ends_in(path, ".npy") && !path_ends_in(path, ".npz"))
        return ore_fail(ORE_INVALID, "%s: expected a name that ends in .npy or .npz", path);
    return ore_error_status();
}

/* Writes an array to a .npy file, or by its name to a .npz file. */
static ore_status write_array(const char *path, const char *name, ore_tensor *t) {
    if (!t || !ore_ok())
        return ore_error_status();
    const ore_tensor_item item = {name, ore_shape_of(t), ORE_CODING_FLOAT32, t};
    return ore_tensor_file_write(path, &item, 1, NULL);
}

static ore_status write(const looked_at *m, const logits_config *c, const id_list *list) {
    ore_tensor *hidden = NULL;
    ore_scope_begin();
    ore_no_grad_begin();
    ore_tensor *ids = ore_from_data(list->ids, ORE_SHAPE(1, list->count), ORE_INT64);
    ore_tensor *logits = m->look(m->net, ids, *c->hidden ? &hidden : NULL);
    if (*c->out && !logits)
        ore_fail(ORE_UNSUPPORTED,
                 "%s: the model has no head for words, and so no logits; --hidden "
                 "writes what it has",
                 m->path);
    if (*c->out)
        write_array(c->out, "logits", ore_select(logits, 0, 0));
    if (*c->hidden)
        write_array(c->hidden, "hidden", hidden);
    ore_no_grad_end();
    ore_scope_end();
    return ore_error_status();
}

static ore_status look(const looked_at *m, const logits_config *c) {
    if ((*c->text != '\0') == (*c->ids != '\0'))
        return ore_fail(ORE_INVALID, "expected either --text FILE or --ids FILE");
    if (!*c->out && !*c->hidden)
        return ore_fail(ORE_INVALID, "expected --out FILE.npy, --hidden FILE.npz, or "
                                     "both");
    if (check_name(c->out) != ORE_OK || check_name(c->hidden) != ORE_OK)
        return ore_error_status();
    if (strcmp(c->out, c->hidden) == 0)
        return ore_fail(ORE_INVALID, "%s: the file of both --out and --hidden; expected two",
                        c->out);
    const char *path = *c->ids ? c->ids : c->text;
    id_list list = *c->ids ? read_ids(path) : encode(m->path, path);
    if (check_ids(m, &list, path) == ORE_OK)
        write(m, c, &list);
    free(list.ids);
    return ore_error_status();
}

static ore_status look_at_run(opened_run *run, const void *config) {
    if (!run->model.family->look)
        return ore_fail(ORE_UNSUPPORTED, "%s: %s has no logits of all tokens", run->dir,
                        run->model.family->name);
    const looked_at m = {.path = run->dir,
                         .V = train_vocab_size(&run->options.config),
                         .most = run->model.block_size,
                         .net = run->model.module,
                         .look = run->model.family->look};
    return look(&m, config);
}

/* ---- encoders, which are no runs ---- */

static bool is_encoder(const arguments *a) {
    const argument *word = arguments_word(a, 0);
    char type[PUBLISHED_TYPE_BYTES];
    bool is = word && published_type(word->word, type) && bert_reads(type);
    ore_error_clear(); /* whoever opens it as a run says what is wrong */
    return is;
}

static ore_tensor *look_at_ids(void *net, ore_tensor *ids, ore_tensor **hidden) {
    return bert_look(net, ids, hidden);
}

static ore_status look_at_encoder(const char *dir, const logits_config *c) {
    bert encoder;
    if (c->threads != CONFIG_AUTO_INT)
        ore_set_num_threads((int)c->threads);
    if (!ore_ok() || bert_load(&encoder, dir) != ORE_OK)
        return ore_error_status();
    const looked_at m = {.path = dir,
                         .V = encoder.config.vocab_size,
                         .most = encoder.config.max_position_embeddings,
                         .net = &encoder,
                         .look = look_at_ids};
    look(&m, c);
    bert_free(&encoder);
    return ore_error_status();
}

static int run_encoder(const arguments *a, logits_config *c) {
    options o;
    const char *dir = NULL;
    int status = EXIT_OK;
    if (options_init(&o, rows, ROWS, (option_structs){{c}}) != ORE_OK ||
        options_take(&o, a, &dir, 1) != ORE_OK || look_at_encoder(dir, c) != ORE_OK)
        status = usage_failure();
    options_free(&o);
    return status;
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
                               .work = look_at_run};
    return is_encoder(a) ? run_encoder(a, &c) : run_reader_run(&reader, a);
}

const command command_logits = {
    .name = "logits",
    .summary = "Write a model's logits for a text",
    .usage = "ore logits MODEL --text FILE|--ids FILE --out FILE.npy [--hidden FILE.npz]",
    .about = "Writes the logits after each token of a text, as arrays that NumPy opens. MODEL is\n"
             "a run, a folder of Hugging Face, a GGUF file, or nanoGPT's ckpt.pt. A BERT's logits\n"
             "are those of its head for masked words: what stands at [MASK], and at any other\n"
             "token.",
    .run = run,
    .rows = logits_rows,
};
