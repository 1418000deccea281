/* generate.c: the loops that draw token after token from a model's logits. */
#include <stdlib.h>
#include <string.h>

#include <ore/ops.h>

#include "tasks/generate.h"

ore_status generation_init(generation *g, const model *m, const ore_tokenizer *tokenizer,
                           int64_t separator, ore_generator *generator, FILE *out) {
    *g = (generation){.model = m,
                      .tokenizer = tokenizer,
                      .separator = separator,
                      .sampler = ore_sampler_defaults(),
                      .generator = generator,
                      .out = out};
    if (!ore_ok())
        return ore_error_status();
    g->context = calloc((size_t)m->block_size * 2, sizeof *g->context);
    if (!g->context)
        return ore_fail(ORE_MEMORY, "sample: out of memory");
    g->known = g->context + m->block_size;
    if (m->family->memory_new)
        g->memory = m->family->memory_new(m->module, 1);
    return ore_error_status();
}

void generation_free(generation *g) {
    if (g->memory)
        g->model->family->memory_free(g->memory);
    free(g->context);
    g->memory = NULL;
    g->context = g->known = NULL;
}

static void push(generation *g, int64_t id) {
    int64_t max = g->model->block_size;
    if (g->length < max) {
        g->context[g->length++] = id;
        return;
    }
    for (int64_t i = 1; i < max; i++)
        g->context[i - 1] = g->context[i];
    g->context[max - 1] = id;
}

int64_t generation_first(const ore_tokenizer *tokenizer, int64_t separator) {
    int64_t newline = ore_tokenizer_id(tokenizer, "\n", 1);
    return separator >= 0 ? separator : newline >= 0 ? newline : 0;
}

/* Makes the prompt the context. A model that takes contexts of one length gets separators before
 * it. */
static void start(generation *g, int64_t separator, const int64_t *prompt, int64_t count) {
    g->length = 0;
    for (int64_t i = 0; g->model->family->contexts && i < g->model->block_size; i++)
        push(g, generation_first(g->tokenizer, g->separator));
    if (separator >= 0)
        push(g, separator);
    for (int64_t i = 0; i < count; i++)
        push(g, prompt[i]);
}

/* The logits (1, V) after the context. What the memory has of the same tokens at the same positions
 * is reused: while a text goes on, that of all tokens but the last; at the beginning of another
 * sample, that of the prompt, if the family can go back; once the window has moved, none. */
static ore_tensor *last_logits(generation *g) {
    const model_family *family = g->model->family;
    int64_t kept = 0;
    while (kept < g->held && kept < g->length - 1 && g->known[kept] == g->context[kept])
        kept++;
    if (g->memory)
        kept = family->memory_keep(g->model->module, g->memory, kept, g->length);
    int64_t *fresh = g->context + kept, count = g->length - kept;
    ore_tensor *ids = ore_from_data(fresh, ORE_SHAPE(1, count), ORE_INT64); /* (1, T) */
    ids = ore_to_device(ids, g->model->device);
    if (!g->memory)
        return model_last(g->model, ids);
    memcpy(g->known + kept, fresh, (size_t)count * sizeof *fresh);
    ore_tensor *logits = family->step(g->model->module, g->memory, ids);
    g->held = logits ? g->length : 0;
    if (!logits)
        family->memory_keep(g->model->module, g->memory, 0, g->length);
    return logits;
}

/* Draws the next id and appends it to the context; -1 with an error. */
static int64_t next_token(generation *g) {
    ore_scope_begin();
    ore_no_grad_begin();
    ore_tensor *logits = last_logits(g); /* (1, V) */
    /* A model trained with a larger --vocab-size has logits beyond the vocabulary, which are no
     * tokens. */
    logits = ore_narrow(ore_select(logits, 0, 0), 0, 0, ore_tokenizer_size(g->tokenizer));
    int64_t id = ore_sample_token(logits, &g->sampler, g->generator);
    ore_no_grad_end();
    ore_scope_end();
    if (id >= 0)
        push(g, id);
    return id;
}

static bool stopped(const generation *g) {
    return g->stop && g->stop();
}

static bool is_end(const generation *g, int64_t id) {
    for (int i = 0; i < g->end_count; i++)
        if (g->ends[i] == id)
            return true;
    return false;
}

static ore_status write_id(generation *g, ore_decoder *decoder, int64_t id) {
    char piece[ORE_PIECE_BYTES];
    int bytes = ore_decoder_next(decoder, id, piece);
    if (bytes > 0)
        fwrite(piece, 1, (size_t)bytes, g->out);
    return ore_error_status();
}

/* Writes what the decoder still holds: the bytes of a character that was left unfinished. */
static void write_rest(generation *g, ore_decoder *decoder) {
    char piece[ORE_PIECE_BYTES];
    fwrite(piece, 1, (size_t)ore_decoder_end(decoder, piece), g->out);
}

static ore_status flush(const generation *g) {
    if (fflush(g->out) != 0 || ferror(g->out))
        return ore_fail(ORE_IO, "the output cannot be written");
    return ore_error_status();
}

ore_status generate_stream(generation *g, const int64_t *prompt, int64_t count, int64_t tokens) {
    ore_decoder decoder;
    char piece[ORE_PIECE_BYTES];
    ore_decoder_init(&decoder, g->tokenizer);
    start(g, -1, prompt, count);
    for (int64_t i = 0; i < count; i++) /* not written; but the decoder must have seen the prompt */
        ore_decoder_next(&decoder, prompt[i], piece);
    for (int64_t i = 0; i < tokens && !stopped(g); i++) {
        int64_t id = next_token(g);
        if (id >= 0 && is_end(g, id))
            break;
        if (id < 0 || write_id(g, &decoder, id) != ORE_OK || flush(g) != ORE_OK)
            return ore_error_status();
    }
    write_rest(g, &decoder);
    return ore_error_status();
}

ore_status generate_document(generation *g, const int64_t *prompt, int64_t count, int64_t tokens) {
    int64_t separator = g->separator;
    ore_decoder decoder;
    ore_decoder_init(&decoder, g->tokenizer);
    start(g, separator, prompt, count);
    for (int64_t i = 0; i < count; i++)
        write_id(g, &decoder, prompt[i]);
    for (int64_t i = 0; i < tokens && !stopped(g); i++) {
        int64_t id = next_token(g);
        if (id < 0 || id == separator)
            break;
        if (write_id(g, &decoder, id) != ORE_OK || flush(g) != ORE_OK)
            break;
    }
    if (ore_ok()) {
        write_rest(g, &decoder);
        fputc('\n', g->out);
    }
    return flush(g);
}

/* Draws the ids of one document, with the prompt, into ids[]. Returns how many there are; -1 with
 * an error, and -1 where the document does not end within `tokens`. */
static int64_t draw_document(generation *g, const int64_t *prompt, int64_t count, int64_t tokens,
                             int64_t *ids) {
    int64_t separator = g->separator, n = count;
    start(g, separator, prompt, count);
    if (count > 0)
        memcpy(ids, prompt, (size_t)count * sizeof *ids);
    while (n < count + tokens) {
        int64_t id = next_token(g);
        if (id < 0)
            return -1;
        if (id == separator)
            return n;
        ids[n++] = id;
    }
    return -1;
}

int64_t generate_unseen(generation *g, const language_data *data, const int64_t *prompt,
                        int64_t count, int64_t tokens, int64_t documents) {
    enum { TRIES_EACH = 20 };
    int64_t written = 0, *ids = calloc((size_t)(count + tokens + 1), sizeof *ids);
    if (!ids)
        ore_fail(ORE_MEMORY, "sample: out of memory");
    for (int64_t tries = TRIES_EACH * documents; tries > 0 && written < documents; tries--) {
        if (!ore_ok() || stopped(g))
            break;
        int64_t n = draw_document(g, prompt, count, tokens, ids);
        if (n < 1 || language_has_document(data, ids, n))
            continue;
        ore_decoder decoder;
        ore_decoder_init(&decoder, g->tokenizer);
        for (int64_t i = 0; i < n; i++)
            write_id(g, &decoder, ids[i]);
        write_rest(g, &decoder);
        fputc('\n', g->out);
        flush(g);
        written++;
    }
    free(ids);
    return ore_ok() ? written : -1;
}
