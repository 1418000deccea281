/* language_data.c: from a run's files to tokens in parts, and batches of them. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/words.h"
#include "embedded_names.h"
#include "tasks/language.h"
#include "tasks/run_tokenizer.h"

static const language_config *config_of(const train_config *c) {
    return c->task;
}

static language_data *own(const train_data *d) {
    return d->own;
}

/* ---- opening ---- */

static ore_text_options text_options(const train_config *c) {
    ore_text_options o = ore_text_defaults();
    o.invalid_utf8 = (ore_invalid_utf8)config_of(c)->invalid_utf8;
    o.strip_cr = config_of(c)->strip_cr;
    return o;
}

/* "" is the embedded list; standard input has been read. */
static ore_text *open_as(const train_data *d, const char *path, const ore_text_options *o) {
    if (strcmp(path, DATA_STANDARD_INPUT) == 0)
        return ore_text_open_memory("standard input", d->input, d->input_bytes, o);
    if (*path)
        return ore_text_open(path, o);
    return ore_text_open_memory("embedded names", embedded_names, embedded_names_bytes, o);
}

/* After a failure: if it is for wrong bytes and the text could be read without them, the error says
 * so. */
static void advise_to_ignore(const train_data *d, const char *path, ore_text_options o) {
    ore_error error;
    if (ore_error_status() != ORE_DATA || o.invalid_utf8 == ORE_UTF8_IGNORE)
        return;
    ore_error_take(&error);
    o.invalid_utf8 = ORE_UTF8_IGNORE;
    ore_text *text = open_as(d, path, &o);
    int64_t dropped = text ? ore_text_facts_of(text).invalid_bytes : 0;
    ore_text_close(text);
    ore_error_clear();
    if (dropped > 0)
        ore_fail(ORE_DATA, "%.700s; --invalid-utf8 ignore would drop %lld such byte%s",
                 error.message, (long long)dropped, dropped == 1 ? "" : "s");
    else
        ore_error_raise(&error);
}

/* is_new: the run is still to be made, so that its options may be other ones. */
static ore_text *open_text(train_data *d, const char *path, const train_config *c, bool is_new) {
    ore_text_options o = text_options(c);
    if (!ore_ok() || train_data_read_input(d, path) != ORE_OK)
        return NULL;
    ore_text *text = open_as(d, path, &o);
    if (!text && is_new)
        advise_to_ignore(d, path, o);
    return text;
}

static bool has_documents(const train_config *c) {
    return config_of(c)->documents == DOCUMENTS_LINES;
}

static ore_tokenizer *learn_tokenizer(ore_tokenizer_trainer *trainer, const ore_text *text) {
    ore_tokenizer_trainer_add(trainer, text);
    ore_tokenizer *tokenizer = ore_tokenizer_trainer_finish(trainer);
    ore_tokenizer_trainer_free(trainer);
    return tokenizer;
}

static ore_tokenizer *make_tokenizer(train_data *d, const train_config *c) {
    language_data *l = own(d);
    const language_config *config = config_of(c);
    if (task_reads_tokenizer(config->tokenizer))
        return run_tokenizer_read(config->tokenizer);
    if (*config->vocab)
        l->vocab_text = open_text(d, config->vocab, c, true);
    const ore_text *text = l->vocab_text ? l->vocab_text : l->text;
    ore_tokenizer_trainer *trainer = run_tokenizer_trainer(config->tokenizer);
    if (trainer || !ore_ok())
        return learn_tokenizer(trainer, text);
    if (strcmp(config->tokenizer, "char") == 0)
        return ore_tokenizer_new_char(text, has_documents(c));
    ore_word_options o = ore_word_defaults();
    o.min_frequency = config->min_frequency;
    o.separator = has_documents(c);
    return ore_tokenizer_new_word(text, &o);
}

/* Those of a text that is in memory are there too; a file's come from the cache. */
static ore_tokens *open_tokens(const language_data *l, const char *path, const ore_text *text,
                               token_note *note) {
    bool in_memory = !*path || strcmp(path, DATA_STANDARD_INPUT) == 0;
    return in_memory ? ore_tokens_of_text(text, l->tokenizer)
                     : token_cache_tokens(text, l->tokenizer, note);
}

static ore_text *open_source(train_data *d, int source, const char *path, const train_config *c,
                             bool is_new) {
    ore_text *text = open_text(d, path, c, is_new);
    if (text) {
        d->name[source] = ore_text_name(text);
        d->digest[source] = ore_text_digest(text);
    }
    return text;
}

static bool is_sharded(const language_data *l) {
    return l->shards.count > 0;
}

/* A part of shards, or what --val-data has, as the first part of token parts of its own. */
static const ore_token_parts *part_of_shards(const language_data *l, ore_part part) {
    bool own_val = part == ORE_PART_VAL && l->val_tokens;
    return own_val ? l->parts : l->shards.parts[part];
}

/* --val-data beside shards: a text, or shards again, all of which are to validate on. */
static ore_status open_val_of_shards(train_data *d, const train_config *c, const char *path,
                                     bool is_new) {
    language_data *l = own(d);
    ore_token_parts_options all = ore_token_parts_defaults();
    all.val_fraction = 0;
    if (language_is_shards(path)) {
        if (language_shards_find(&l->val_shards, path) == ORE_OK &&
            language_shards_open(&l->val_shards, l->tokenizer) == ORE_OK) {
            l->val_tokens = l->val_shards.tokens[ORE_PART_TRAIN];
            d->name[SOURCE_VAL] = l->val_shards.names[0];
            d->digest[SOURCE_VAL] = l->val_shards.digest;
        }
    } else {
        l->val_text = open_source(d, SOURCE_VAL, path, c, is_new);
        l->val_tokens = open_tokens(l, path, l->val_text, &l->val_tokens_note);
    }
    l->parts = ore_token_parts_new(l->val_tokens, NULL, &all);
    return ore_error_status();
}

/* The tokenizer of shards is that of a file, or the one beside them; "char", which is what the
 * option has unless it is set, stands for the latter. */
static ore_tokenizer *shards_tokenizer(const language_shards *s, const char *asked) {
    if (task_reads_tokenizer(asked))
        return run_tokenizer_read(asked);
    if (strcmp(asked, "char") == 0)
        return language_shards_tokenizer(s);
    ore_fail(ORE_INVALID,
             "--tokenizer %s: %s is token ids already, expected the file of their tokenizer, or "
             "nothing for the one beside them",
             asked, s->names[0]);
    return NULL;
}

/* dir: as for language_open. */
static ore_status open_shards(train_data *d, const train_config *c, const char *const path[SOURCES],
                              const char *dir) {
    language_data *l = own(d);
    if (has_documents(c))
        return ore_fail(ORE_INVALID, "--documents lines: shards have documents of their own, which "
                                     "--packing puts into rows");
    if (language_shards_find(&l->shards, path[SOURCE_DATA]) != ORE_OK)
        return ore_error_status();
    d->name[SOURCE_DATA] = l->shards.count > 1 ? path[SOURCE_DATA] : l->shards.names[0];
    d->digest[SOURCE_DATA] = l->shards.digest;
    l->tokenizer =
        dir ? run_tokenizer_read(dir) : shards_tokenizer(&l->shards, config_of(c)->tokenizer);
    if (language_shards_open(&l->shards, l->tokenizer) == ORE_OK && *path[SOURCE_VAL])
        open_val_of_shards(d, c, path[SOURCE_VAL], !dir);
    return ore_error_status();
}

ore_status language_open(train_data *d, const train_config *c, const char *const path[SOURCES],
                         const char *dir) {
    language_data *l = own(d);
    ore_token_parts_options o = ore_token_parts_defaults();
    o.val_fraction = c->val_fraction;
    o.test_fraction = c->test_fraction;
    o.documents = has_documents(c);
    if (language_is_shards(path[SOURCE_DATA]))
        return open_shards(d, c, path, dir);
    if (config_of(c)->packing != PACKING_WINDOWS)
        return ore_fail(ORE_INVALID, "--packing: %s is a text, expected shards (ore data prepare)",
                        *path[SOURCE_DATA] ? path[SOURCE_DATA] : "the embedded list");
    l->text = open_source(d, SOURCE_DATA, path[SOURCE_DATA], c, !dir);
    if (*path[SOURCE_VAL])
        l->val_text = open_source(d, SOURCE_VAL, path[SOURCE_VAL], c, !dir);
    l->tokenizer = dir ? run_tokenizer_read(dir) : make_tokenizer(d, c);
    l->tokens = open_tokens(l, path[SOURCE_DATA], l->text, &l->tokens_note);
    if (l->val_text)
        l->val_tokens = open_tokens(l, path[SOURCE_VAL], l->val_text, &l->val_tokens_note);
    l->parts = ore_token_parts_new(l->tokens, l->val_tokens, &o);
    return ore_error_status();
}

void language_close(train_data *d) {
    language_data *l = own(d);
    ore_token_parts_free(l->parts);
    if (l->val_shards.count == 0)
        ore_tokens_close(l->val_tokens);
    ore_tokens_close(l->tokens);
    language_shards_close(&l->val_shards);
    language_shards_close(&l->shards);
    ore_tokenizer_free(l->tokenizer);
    ore_text_close(l->vocab_text);
    ore_text_close(l->val_text);
    ore_text_close(l->text);
}

ore_status language_digest(const char *path, ore_digest *digest) {
    if (language_is_shards(path))
        return language_shards_digest(path, digest);
    ore_text_options o = {.invalid_utf8 = ORE_UTF8_IGNORE};
    ore_text *text = ore_text_open(path, &o);
    if (text)
        *digest = ore_text_digest(text);
    ore_text_close(text);
    return ore_error_status();
}

/* ---- words ---- */

int64_t language_items(const train_data *d, ore_part part) {
    if (is_sharded(own(d))) {
        const ore_token_parts *parts = part_of_shards(own(d), part);
        return parts ? ore_token_parts_tokens(parts, ORE_PART_TRAIN) : 0;
    }
    return ore_token_parts_tokens(own(d)->parts, part);
}

static int64_t documents(const train_data *d, ore_part part) {
    return is_sharded(own(d)) ? 0 : ore_token_parts_documents(own(d)->parts, part);
}

/* Without its folders. */
static const char *name_of(const ore_text *text) {
    const char *name = ore_text_name(text), *slash = strrchr(name, '/');
    return slash ? slash + 1 : name;
}

/* of_tokens: NULL for none. */
static void print_notes(const ore_text *text, const token_note *of_tokens, FILE *out) {
    ore_text_facts f = ore_text_facts_of(text);
    char number[COUNT_BYTES];
    const char *name = name_of(text);
    if (strcmp(f.encoding, "UTF-8") != 0)
        fprintf(out, "note        %s: it was converted from %s\n", name, f.encoding);
    if (f.mark)
        fprintf(out, "note        %s: its byte order mark was dropped\n", name);
    if (f.cr_line_ends)
        fprintf(out,
                "note        %s: it has no line feed; its carriage returns are read as line ends\n",
                name);
    if (f.invalid_bytes > 0)
        fprintf(out, "note        %s: %s byte%s no %s %s dropped\n", name,
                grouped_text(f.invalid_bytes, number),
                f.invalid_bytes == 1 ? " that is" : "s that are", f.encoding,
                f.invalid_bytes == 1 ? "was" : "were");
    if (f.dropped_cr > 0)
        fprintf(out, "note        %s: %s carriage return%s dropped\n", name,
                grouped_text(f.dropped_cr, number), f.dropped_cr == 1 ? " was" : "s were");
    if (of_tokens && of_tokens->label)
        fprintf(out, "%-11s %s: %s\n", of_tokens->label, name, of_tokens->text);
}

void language_print_notes(const train_data *d, FILE *out) {
    const language_data *l = own(d);
    const ore_text *const texts[] = {l->text, l->val_text, l->vocab_text};
    const token_note *const of_tokens[] = {&l->tokens_note, &l->val_tokens_note, NULL};
    for (int i = 0; i < 3; i++)
        if (texts[i])
            print_notes(texts[i], of_tokens[i], out);
}

const char *language_text(const train_data *d, char *text, size_t bytes) {
    char parts[160], length[COUNT_BYTES];
    if (is_sharded(own(d)))
        return language_shards_text(d, &own(d)->shards, text, bytes);
    bool lines = ore_token_parts_has_documents(own(d)->parts);
    train_data_parts_text(d, lines ? documents : language_items, parts, sizeof parts);
    snprintf(text, bytes, "%s: %s; %s: %s", train_data_short_name(d, SOURCE_DATA),
             counted_text(ore_text_length(own(d)->text), "character", length),
             lines ? "lines" : "tokens", parts);
    return text;
}

const char *language_idle(const train_data *d, const train_config *c, const char *key) {
    static const char *const of_texts[] = {"vocab", "min_frequency", "strip_cr", "invalid_utf8"};
    if (!is_sharded(own(d)))
        return NULL;
    if (strcmp(key, "tokenizer") == 0 && !task_reads_tokenizer(config_of(c)->tokenizer))
        return "with shards, which have their own";
    if (strcmp(key, "val_fraction") == 0 || strcmp(key, "test_fraction") == 0)
        return "with shards, which are in parts already";
    for (int i = 0; i < 4 && !own(d)->val_text; i++)
        if (strcmp(key, of_texts[i]) == 0)
            return "with shards, which are token ids already";
    return NULL;
}

/* ---- batches ---- */

double language_row_items(const train_data *d, const train_config *c) {
    int64_t lines = documents(d, ORE_PART_TRAIN);
    if (family_of(c)->contexts)
        return 1;
    if (lines == 0)
        return (double)train_block_size(c);
    return (double)language_items(d, ORE_PART_TRAIN) / (double)lines;
}

static ore_token_loader_options loader_options(const train_config *c, ore_part part) {
    ore_token_loader_options o = ore_token_loader_defaults();
    o.part = part;
    o.batch_size = c->batch_size;
    o.block_size = train_block_size(c);
    return o;
}

/* What options of `ore train` would help where a part is too short for the model or its lines
 * too long, to go after the library's words: causes are the library's to tell, controls the
 * command's. */
static void advise(const train_data *d, const train_config *c, ore_part part) {
    char text[200] = "", fraction[64] = "";
    bool own_file = part == ORE_PART_VAL && own(d)->val_text;
    int64_t lines = documents(d, part);
    bool has_block = family_of(c)->context == 0;
    if (part != ORE_PART_TRAIN && !own_file)
        snprintf(fraction, sizeof fraction, "raise --%s-fraction",
                 part == ORE_PART_VAL ? "val" : "test");
    if (lines > 0)
        snprintf(text, sizeof text,
                 "expected --block-size %lld, or --documents none, which reads one running text",
                 (long long)ore_token_parts_longest(own(d)->parts, part) + 1);
    else
        snprintf(text, sizeof text, "%s%s%s", has_block ? "lower --block-size" : "",
                 has_block && *fraction ? " or " : "", fraction);
    ore_error error;
    ore_error_take(&error);
    ore_fail(error.status, "%.700s%s%s", error.message, *text ? ": " : "", text);
}

/* The parts that a loader reads, and in o which of them. */
static const ore_token_parts *parts_of(const train_data *d, ore_token_loader_options *o) {
    if (!is_sharded(own(d)))
        return own(d)->parts;
    const ore_token_parts *parts = part_of_shards(own(d), o->part);
    o->part = ORE_PART_TRAIN;
    return parts;
}

ore_loader *language_random_loader(const train_data *d, const train_config *c, ore_part part,
                                   ore_generator *g) {
    ore_token_loader_options o = loader_options(c, part);
    o.generator = g;
    const ore_token_parts *parts = parts_of(d, &o);
    ore_loader *loader = family_of(c)->contexts ? ore_random_context_loader_new(parts, &o)
                                                : ore_random_loader_new(parts, &o);
    if (!loader && ore_error_status() == ORE_DATA)
        advise(d, c, part);
    return loader;
}

ore_status language_fail_empty(const train_data *d, const train_config *c) {
    const ore_token_parts *parts = own(d)->parts;
    bool lines = ore_token_parts_has_documents(parts);
    double share = 1 - (own(d)->val_text ? 0 : c->val_fraction) - c->test_fraction;
    int64_t there = 0;
    for (int part = 0; part < ORE_PART_COUNT; part++)
        if (part != ORE_PART_VAL || !own(d)->val_text)
            there += lines ? ore_token_parts_documents(parts, (ore_part)part)
                           : ore_token_parts_tokens(parts, (ore_part)part);
    return ore_fail(ORE_DATA,
                    "%s: %lld %s%s, of which a share of %g leaves none to train on: expected at "
                    "least %.0f%s",
                    d->name[SOURCE_DATA], (long long)there, lines ? "line" : "token",
                    there == 1 ? "" : "s", share, ceil(1 / share),
                    lines ? ", or --documents none, which reads one running text" : "");
}

/* Shards are gone through in an order without repeats; a family of contexts draws at random. */
ore_loader *language_train_loader(const train_data *d, const train_config *c, ore_generator *g) {
    if (!is_sharded(own(d)) || family_of(c)->contexts)
        return language_random_loader(d, c, ORE_PART_TRAIN, g);
    return language_shards_loader(&own(d)->shards, c);
}

ore_loader *language_pass_loader(const train_data *d, const train_config *c, ore_part part) {
    ore_token_loader_options o = loader_options(c, part);
    const ore_token_parts *parts = parts_of(d, &o);
    return family_of(c)->contexts ? ore_context_loader_new(parts, &o)
                                  : ore_window_loader_new(parts, &o);
}

/* ---- has this line been seen? ---- */

enum { CHUNK = 1 << 12 };

static bool has_document(const ore_tokens *t, const int64_t *ids, int64_t count) {
    int64_t chunk[CHUNK];
    int64_t matched = 0; /* of the present document; -1 once it differs */
    for (int64_t start = 0; start < t->length; start += CHUNK) {
        int64_t n = t->length - start < CHUNK ? t->length - start : CHUNK;
        if (t->read(t, start, n, chunk) != ORE_OK)
            return true;
        for (int64_t i = 0; i < n; i++) {
            if (chunk[i] == t->separator) {
                if (matched == count)
                    return true;
                matched = 0;
            } else if (matched >= 0) {
                matched = matched < count && chunk[i] == ids[matched] ? matched + 1 : -1;
            }
        }
    }
    bool unchanged = !t->check || t->check(t) == ORE_OK;
    return matched == count || !unchanged;
}

bool language_has_document(const language_data *d, const int64_t *ids, int64_t count) {
    const ore_tokens *tokens = is_sharded(d) ? d->shards.tokens[ORE_PART_TRAIN] : d->tokens;
    return has_document(tokens, ids, count) ||
           (d->val_tokens && has_document(d->val_tokens, ids, count));
}
