/* train_data.c: from the config's files to tokens in parts. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run/data_places.h"
#include "embedded_names.h"
#include "run/train_data.h"
#include "cli/words.h"

static ore_text_options text_options(const train_config *c) {
    ore_text_options o = ore_text_defaults();
    o.invalid_utf8 = (ore_invalid_utf8)c->invalid_utf8;
    o.strip_cr = c->strip_cr;
    return o;
}

/* All that comes from standard input. */
static ore_status read_input(train_data *d) {
    enum { ROOM = 1 << 16 }; /* bytes at first; doubled as they come */
    size_t capacity = 0, read = 0;
    do {
        if (d->input_bytes == capacity) {
            capacity = capacity ? 2 * capacity : ROOM;
            char *larger = realloc(d->input, capacity);
            if (!larger)
                return ore_fail(ORE_MEMORY, "standard input: out of memory after %zu bytes",
                                d->input_bytes);
            d->input = larger;
        }
        read = fread(d->input + d->input_bytes, 1, capacity - d->input_bytes, stdin);
        d->input_bytes += read;
    } while (read > 0);
    return ferror(stdin) ? ore_fail(ORE_IO, "standard input: cannot be read: %s", strerror(errno))
                         : ORE_OK;
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
    if (!ore_ok() || (strcmp(path, DATA_STANDARD_INPUT) == 0 && read_input(d) != ORE_OK))
        return NULL;
    ore_text *text = open_as(d, path, &o);
    if (!text && is_new)
        advise_to_ignore(d, path, o);
    return text;
}

static bool has_documents(const train_config *c) {
    return c->documents == DOCUMENTS_LINES;
}

static ore_tokenizer *make_tokenizer(train_data *d, const train_config *c) {
    if (*c->vocab)
        d->vocab_text = open_text(d, c->vocab, c, true);
    return ore_tokenizer_new_char(d->vocab_text ? d->vocab_text : d->text, has_documents(c));
}

/* Those of a text that is in memory are there too; a file's come from the cache. */
static ore_tokens *open_tokens(const train_data *d, const char *path, const ore_text *text,
                               token_note *note) {
    bool in_memory = !*path || strcmp(path, DATA_STANDARD_INPUT) == 0;
    return in_memory ? ore_tokens_of_text(text, d->tokenizer)
                     : token_cache_tokens(text, d->tokenizer, note);
}

ore_status train_data_open(train_data *d, const train_config *c, const data_places *places,
                           const char *tokenizer_path) {
    const char *data = places ? places->data : c->data;
    const char *val_data = places ? places->val_data : c->val_data;
    ore_token_parts_options o = ore_token_parts_defaults();
    *d = (train_data){0};
    o.val_fraction = c->val_fraction;
    o.test_fraction = c->test_fraction;
    o.documents = has_documents(c);
    d->text = open_text(d, data, c, !tokenizer_path);
    if (*val_data)
        d->val_text = open_text(d, val_data, c, !tokenizer_path);
    d->tokenizer = tokenizer_path ? ore_tokenizer_load(tokenizer_path) : make_tokenizer(d, c);
    d->tokens = open_tokens(d, data, d->text, &d->tokens_note);
    if (d->val_text)
        d->val_tokens = open_tokens(d, val_data, d->val_text, &d->val_tokens_note);
    d->parts = ore_token_parts_new(d->tokens, d->val_tokens, &o);
    return ore_error_status();
}

void train_data_close(train_data *d) {
    ore_token_parts_free(d->parts);
    ore_tokens_close(d->val_tokens);
    ore_tokens_close(d->tokens);
    ore_tokenizer_free(d->tokenizer);
    ore_text_close(d->vocab_text);
    ore_text_close(d->val_text);
    ore_text_close(d->text);
    free(d->input);
    *d = (train_data){0};
}

/* ---- identity ---- */

data_identity train_data_identity(const train_data *d) {
    return (data_identity){.train_tokens = ore_token_parts_tokens(d->parts, ORE_PART_TRAIN),
                           .val_tokens = ore_token_parts_tokens(d->parts, ORE_PART_VAL),
                           .digested = true,
                           .digest = ore_text_digest(d->text),
                           .val_digest =
                               d->val_text ? ore_text_digest(d->val_text) : ore_digest_of(NULL, 0)};
}

static ore_status check_digest(const ore_text *text, ore_digest now, ore_digest then) {
    char is[ORE_DIGEST_TEXT_BYTES], was[ORE_DIGEST_TEXT_BYTES];
    if (ore_digest_equal(now, then))
        return ORE_OK;
    ore_digest_text(now, is);
    ore_digest_text(then, was);
    return ore_fail(ORE_DATA,
                    "%s: the text has changed since the run began: its digest is %s, expected %s",
                    ore_text_name(text), is, was);
}

ore_status train_data_check(const train_data *d, const data_identity *then) {
    if (!ore_ok())
        return ore_error_status();
    data_identity now = train_data_identity(d);
    if (now.train_tokens != then->train_tokens || now.val_tokens != then->val_tokens)
        return ore_fail(ORE_DATA,
                        "%s: the data has changed since the run began: %lld token%s to train on "
                        "and %lld to validate on, expected %lld and %lld",
                        ore_text_name(d->text), (long long)now.train_tokens,
                        now.train_tokens == 1 ? "" : "s", (long long)now.val_tokens,
                        (long long)then->train_tokens, (long long)then->val_tokens);
    if (!then->digested || check_digest(d->text, now.digest, then->digest) != ORE_OK)
        return ore_error_status();
    return d->val_text ? check_digest(d->val_text, now.val_digest, then->val_digest) : ORE_OK;
}

/* ---- words ---- */

/* "1,003,854 train, 111,540 validation" */
static void parts_text(int64_t (*count)(const ore_token_parts *, ore_part),
                       const ore_token_parts *parts, char *text, size_t bytes) {
    char number[COUNT_BYTES];
    size_t used = 0;
    text[0] = '\0';
    for (int part = 0; part < ORE_PART_COUNT && used < bytes; part++)
        if (count(parts, (ore_part)part) > 0)
            used += (size_t)snprintf(text + used, bytes - used, "%s%s %s", used ? ", " : "",
                                     grouped_text(count(parts, (ore_part)part), number),
                                     ore_part_name((ore_part)part));
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

void train_data_print_notes(const train_data *d, FILE *out) {
    const ore_text *const texts[] = {d->text, d->val_text, d->vocab_text};
    const token_note *const of_tokens[] = {&d->tokens_note, &d->val_tokens_note, NULL};
    for (int i = 0; i < 3; i++)
        if (texts[i])
            print_notes(texts[i], of_tokens[i], out);
}

const char *train_data_text(const train_data *d, char *text, size_t bytes) {
    char parts[160], length[COUNT_BYTES];
    bool documents = ore_token_parts_has_documents(d->parts);
    parts_text(documents ? ore_token_parts_documents : ore_token_parts_tokens, d->parts, parts,
               sizeof parts);
    snprintf(text, bytes, "%s: %s; %s: %s", name_of(d->text),
             counted_text(ore_text_length(d->text), "character", length),
             documents ? "lines" : "tokens", parts);
    return text;
}

const char *train_data_part_text(const train_data *d, bool whole, ore_part part, int64_t tokens,
                                 char *text, size_t bytes) {
    char number[COUNT_BYTES];
    const ore_text *from = part == ORE_PART_VAL && d->val_text ? d->val_text : d->text;
    snprintf(text, bytes, "%s, %s%s: %s", name_of(from),
             whole ? "the whole file" : ore_part_name(part), whole ? "" : " split",
             counted_text(tokens, "token", number));
    return text;
}

double train_data_batch_tokens(const train_data *d, const train_config *c, int64_t rows) {
    int64_t documents = ore_token_parts_documents(d->parts, ORE_PART_TRAIN);
    if (family_of(c)->contexts)
        return (double)rows;
    if (documents == 0)
        return (double)rows * (double)train_block_size(c);
    return (double)rows * (double)ore_token_parts_tokens(d->parts, ORE_PART_TRAIN) /
           (double)documents;
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
    bool own_file = part == ORE_PART_VAL && d->val_text;
    int64_t documents = ore_token_parts_documents(d->parts, part);
    bool has_block = family_of(c)->context == 0;
    if (part != ORE_PART_TRAIN && !own_file)
        snprintf(fraction, sizeof fraction, "raise --%s-fraction",
                 part == ORE_PART_VAL ? "val" : "test");
    if (documents > 0)
        snprintf(text, sizeof text,
                 "expected --block-size %lld, or --documents none, which reads one running text",
                 (long long)ore_token_parts_longest(d->parts, part) + 1);
    else
        snprintf(text, sizeof text, "%s%s%s", has_block ? "lower --block-size" : "",
                 has_block && *fraction ? " or " : "", fraction);
    ore_error error;
    ore_error_take(&error);
    ore_fail(error.status, "%.700s%s%s", error.message, *text ? ": " : "", text);
}

ore_loader *train_data_random_loader(const train_data *d, const train_config *c, ore_part part,
                                     ore_generator *g) {
    if (!ore_ok() || ore_token_parts_tokens(d->parts, part) == 0)
        return NULL;
    ore_token_loader_options o = loader_options(c, part);
    o.generator = g;
    ore_loader *loader = family_of(c)->contexts ? ore_random_context_loader_new(d->parts, &o)
                                                : ore_random_loader_new(d->parts, &o);
    if (!loader && ore_error_status() == ORE_DATA)
        advise(d, c, part);
    return loader;
}

ore_status train_data_fail_empty(const train_data *d, const train_config *c) {
    const ore_token_parts *parts = d->parts;
    bool lines = ore_token_parts_has_documents(parts);
    double share = 1 - (d->val_text ? 0 : c->val_fraction) - c->test_fraction;
    int64_t there = 0;
    for (int part = 0; part < ORE_PART_COUNT; part++)
        if (part != ORE_PART_VAL || !d->val_text)
            there += lines ? ore_token_parts_documents(parts, (ore_part)part)
                           : ore_token_parts_tokens(parts, (ore_part)part);
    return ore_fail(ORE_DATA,
                    "%s: %lld %s%s, of which a share of %g leaves none to train on: expected at "
                    "least %.0f%s",
                    ore_text_name(d->text), (long long)there, lines ? "line" : "token",
                    there == 1 ? "" : "s", share, ceil(1 / share),
                    lines ? ", or --documents none, which reads one running text" : "");
}

/* A part that is empty because it was to be, or because the text is too short for its share. */
static void fail_part(const train_data *d, const train_config *c, ore_part part) {
    const double shares[] = {1 - c->val_fraction - c->test_fraction, c->val_fraction,
                             c->test_fraction};
    const char *name = ore_text_name(d->text), *split = ore_part_name(part);
    if (shares[part] <= 0)
        ore_fail(ORE_DATA, "%s: no %s split: the run has --%s-fraction 0", name, split,
                 part == ORE_PART_VAL ? "val" : "test");
    else
        ore_fail(ORE_DATA, "%s: too short for a %s split: a share of %g of it is nothing", name,
                 split, shares[part]);
}

ore_loader *train_data_pass_loader(const train_data *d, const train_config *c, ore_part part) {
    if (ore_ok() && ore_token_parts_tokens(d->parts, part) == 0)
        fail_part(d, c, part);
    ore_token_loader_options o = loader_options(c, part);
    return family_of(c)->contexts ? ore_context_loader_new(d->parts, &o)
                                  : ore_window_loader_new(d->parts, &o);
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

bool train_data_has_document(const train_data *d, const int64_t *ids, int64_t count) {
    return has_document(d->tokens, ids, count) ||
           (d->val_tokens && has_document(d->val_tokens, ids, count));
}
