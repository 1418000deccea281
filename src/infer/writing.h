/* writing.h: what ore_generate and ore_beam_search share: rows that a model writes side by side,
 * one token each in a step, and the sequences that are done. */
#ifndef ORE_INFER_WRITING_H
#define ORE_INFER_WRITING_H

#include <ore/infer.h>

/* A sequence that goes on. Its tokens are in `ids` of its writing. */
typedef struct written_row {
    int64_t prompt; /* the one that it stands behind */
    int64_t entry;  /* its place among the prompt's sequences, where it was given one */
    double log_p;   /* of its tokens, summed */
} written_row;

/* A sequence that has ended. Its tokens are in `done_ids` of its writing. */
typedef struct written_entry {
    int64_t place; /* in done_ids */
    int64_t length;
    double score;
} written_entry;

typedef struct writing {
    const char *op; /* for messages */
    const ore_stepper *model;
    ore_tensor *prompts; /* (P, T) */
    int64_t P, V;        /* V from the first step on */
    int64_t sequences;   /* entries of a prompt */
    int64_t max_rows, max_tokens;
    int64_t count, tokens;   /* rows that go on, and how many tokens each has */
    written_row *row, *next; /* (max_rows) */
    int64_t *ids, *next_ids; /* (max_rows, max_tokens) */
    int64_t *parent;         /* (max_rows) the rows that `next` go on from */
    int64_t next_count;
    written_entry *entry; /* (P, sequences) */
    int64_t *done_ids;    /* (P, sequences, max_tokens) */
    ore_tensor *logits;   /* (count, V), of the step's scope */
    float *log_p;         /* (count, V) */
    int64_t log_p_capacity;
} writing;

/* Begins with one row for each prompt and no token, entries of length 0 and score -inf. An error is
 * pending where the model or the prompts do not fit; writing_free all the same. */
void writing_init(writing *w, const char *op, const ore_stepper *model, ore_tensor *prompts,
                  int64_t rows_of_prompt, int64_t sequences, int64_t max_tokens);
void writing_free(writing *w);

/* Asks the model: logits and log_p. False with an error. Within a scope. */
bool writing_step(writing *w);
/* Lets one more row go on behind `parent` by the token `id`; max_rows at most. */
void writing_continue(writing *w, int64_t parent, written_row row, int64_t id);
/* Entry i of a prompt becomes what row r is with `id` behind it. */
void writing_end(writing *w, int64_t prompt, int64_t i, int64_t r, int64_t id, double score);
/* The rows that go on take the place of those before, in the model too. */
void writing_turn(writing *w);

/* The first n entries of each prompt, as tensors of the caller's scope. */
ore_written writing_result(const writing *w, int64_t n, int64_t end_id);

/* Checks what both kinds of options have. */
bool writing_options_fit(const char *op, int64_t max_tokens, int64_t end_id, int64_t sequences);

#endif
