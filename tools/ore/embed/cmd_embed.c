/* cmd_embed.c: `ore embed`. */
#include <stdlib.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/words.h"
#include "embed/embed.h"
#include "models/bert/sentence.h"

typedef struct embed_config {
    int pooling, normalize; /* CONFIG_AUTO: as the folder says */
    char *out;
    int64_t batch, threads;
} embed_config;

static const config_choice poolings[] = {
    {"mean", SENTENCE_MEAN}, {"cls", SENTENCE_FIRST}, {NULL, 0}};

#define ROW(group, type, ...)                                                                      \
    { group, CONFIG_FIELD_##type(embed_config, __VA_ARGS__), OPTION_UNSAVED, 0 }
static const option rows[] = {
    ROW("Vectors", CHOICE, pooling, "auto", poolings,
        "the mean of a text's tokens, or the first token's vector; auto: as the folder says, "
        "else mean"),
    ROW("Vectors", SWITCH, normalize, "auto", NULL,
        "vectors of length 1; auto: as the folder says, else true"),
    ROW("Vectors", TEXT, out, "", "FILE",
        "the .npy to write, a float32 matrix with a row for each line; none: JSON arrays on "
        "standard output"),
    ROW("Speed", INT, batch, "32", "[1, 4096]",
        "texts that go through the model together; vectors do not depend on it"),
    ROW("Speed", INT, threads, "auto", "[1, 256]",
        "threads; vectors do not depend on it; auto: all cores"),
};
#undef ROW
enum {
    ROWS = sizeof rows / sizeof rows[0],
    /* Batches of lines that are read ahead, where they are there: sorted, each batch gets texts of
     * nearly the same length. Vectors wait for the last of these lines alone. */
    BATCHES_AHEAD = 16
};

static const option *embed_rows(int *count) {
    *count = ROWS;
    return rows;
}

/* ---- lines to vectors ---- */

typedef struct embedding {
    const sentence_model *model;
    int64_t batch;
    line_reader input;
    vector_output output;
    int64_t lines, cut_lines; /* read so far, and of these too long */
    sentence_ids *texts;      /* (capacity) of the lines that wait for a pass */
    float *vectors;           /* (capacity, C) */
    int64_t count, capacity;
} embedding;

static void note_cut(embedding *e, const sentence_ids *ids) {
    if (ids->whole == ids->count)
        return;
    if (e->cut_lines++ == 0)
        fprintf(stderr, "note        line %lld has %lld tokens; only the first %lld are read\n",
                (long long)e->lines, (long long)ids->whole, (long long)ids->count);
}

/* Reads lines until `capacity` wait or no more are there at the moment; false at the end. */
static bool fill(embedding *e) {
    const char *line;
    size_t bytes;
    char place[64];
    line_result result = LINE_READ;
    e->count = 0;
    while (e->count < e->capacity && ore_ok() &&
           (result = line_reader_next(&e->input, e->count == 0, &line, &bytes)) == LINE_READ) {
        sentence_ids *ids = &e->texts[e->count++];
        e->lines++;
        if (sentence_encode(e->model, line, bytes, ids) == ORE_OK)
            note_cut(e, ids);
        snprintf(place, sizeof place, "standard input: line %lld", (long long)e->lines);
        ore_error_locate(place);
    }
    return ore_ok() && result != LINE_NONE;
}

/* Writes the vectors of the lines that wait. */
static ore_status write_vectors(embedding *e) {
    if (sentence_embed(e->model, e->texts, e->count, e->batch, e->vectors) == ORE_OK)
        vector_output_rows(&e->output, e->vectors, e->count);
    for (int64_t i = 0; i < e->count; i++)
        sentence_ids_free(&e->texts[i]);
    return ore_error_status();
}

static ore_status embed_lines(embedding *e, const char *out) {
    int64_t C = e->model->bert.config.hidden_size;
    char lines[COUNT_BYTES];
    e->texts = calloc((size_t)e->capacity, sizeof *e->texts);
    e->vectors = malloc((size_t)e->capacity * (size_t)C * sizeof *e->vectors);
    if (!e->texts || !e->vectors)
        return ore_fail(ORE_MEMORY, "batches of %lld texts: out of memory", (long long)e->batch);
    vector_output_begin(&e->output, *out ? out : NULL, C);
    for (bool more = true; more && ore_ok();) {
        more = fill(e);
        write_vectors(e);
    }
    if (ore_ok() && vector_output_end(&e->output) == ORE_OK && e->cut_lines > 1)
        fprintf(stderr, "note        %s of more than %lld tokens were cut\n",
                counted_text(e->cut_lines, "line", lines), (long long)e->model->max_tokens);
    return ore_error_status();
}

static ore_status work(const embed_config *c, const char *folder) {
    sentence_model model;
    if (sentence_model_open(&model, folder) != ORE_OK)
        return ore_error_status();
    if (c->pooling != CONFIG_AUTO)
        model.pooling = (sentence_pooling)c->pooling;
    if (c->normalize != CONFIG_AUTO)
        model.normalize = c->normalize;
    embedding e = {.model = &model,
                   .batch = c->batch,
                   .capacity = c->batch * BATCHES_AHEAD,
                   .input = {.fd = STDIN_FILENO}};
    embed_lines(&e, c->out);
    line_reader_free(&e.input);
    vector_output_free(&e.output);
    free(e.vectors);
    free(e.texts);
    sentence_model_close(&model);
    return ore_error_status();
}

/* ---- the command ---- */

static ore_status check(const embed_config *c, const char *folder) {
    if (!folder)
        return ore_fail(ORE_INVALID, "which model? Expected the folder of one");
    if (*c->out && !path_ends_in(c->out, ".npy"))
        return ore_fail(ORE_INVALID, "--out %s: expected a name that ends in .npy", c->out);
    return c->threads == CONFIG_AUTO_INT ? ORE_OK : ore_set_num_threads((int)c->threads);
}

static int run(const arguments *a) {
    embed_config c = {0};
    options o;
    const char *folder = NULL;
    int status = EXIT_OK;
    if (options_init(&o, rows, ROWS, (option_structs){{&c}}) != ORE_OK ||
        options_take(&o, a, &folder, 1) != ORE_OK || check(&c, folder) != ORE_OK)
        status = usage_failure();
    else if (work(&c, folder) != ORE_OK)
        status = EXIT_RUN;
    options_free(&o);
    return status;
}

const command command_embed = {
    .name = "embed",
    .summary = "Turn lines of text into vectors, by a BERT that was made for sentences",
    .usage = "ore embed DIR [--out FILE.npy] ... < TEXT",
    .about =
        "Reads lines from standard input and writes a JSON array for each, in their order, as\n"
        "soon as lines are there. DIR holds config.json, model.safetensors and tokenizer.json of\n"
        "Hugging Face, and perhaps modules.json of sentence-transformers, which says how one\n"
        "vector is made of a text's tokens. An empty line is an empty text, which has a vector\n"
        "too. A line with more tokens than the model was made for is cut, and a note says so.",
    .run = run,
    .rows = embed_rows,
};
