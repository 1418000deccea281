/* play.h: what the rungs on a running text share: the text as tokens, its parts, and writing. */
#ifndef LAB_PLAY_H
#define LAB_PLAY_H

#include "lab/frame/lab.h"

typedef struct lab_play {
    int64_t V;                /* different characters */
    ore_tokenizer *tokenizer; /* their ids, in rising order */
    ore_tokens *tokens;       /* the whole text */
    ore_token_parts *data;    /* its first 90 % to train on, the rest to validate */
    ore_token_parts *page;    /* its first 30,000 characters, to train on */
    /* what these lie on */
    char *joined; /* the lab's words, a line each, where there is no text */
    ore_text *text;
    int64_t *page_ids;
    ore_tokens *page_tokens;
} lab_play;

/* The lab's text, else its words as one; zeroes with an error if that fails. */
void lab_play_open(lab_play *p, lab *l);
void lab_play_close(lab_play *p);
/* `count` characters and the newline (id 0 of other texts) that they start from, each drawn from
 * the default generator by the logits of a module (1, T) -> (1, T, V) over at most `block`
 * characters before it. To be freed. */
char *lab_play_write(const lab_play *p, const ore_module *module, int64_t block, int64_t count);

/* A character as it may stand on an axis: a newline as an arrow, a space as a dot. Returns text, of
 * at least ORE_PIECE_BYTES. */
const char *lab_play_name(const lab_play *p, int64_t id, char *text);

/* Losses along a training: before it and at each tenth, or at its end alone. */
enum { LAB_CURVE_POINTS = 11 };
typedef struct lab_point {
    double step, train, val;
} lab_point;
typedef struct lab_curve {
    lab_point points[LAB_CURVE_POINTS];
    int count;
} lab_curve;

typedef struct lab_play_training {
    const char *name; /* for the progress line */
    int64_t block, steps;
    bool page; /* on the page, with losses at each tenth of the steps; false: on the whole train
                  part, with losses at the end alone */
} lab_play_training;

/* Trains a module (B, T) -> (B, T, V) by AdamW, lr 1e-3, on batches of 32 x block random places
 * drawn from the default generator, and leaves it in eval mode. Losses are means over 51,200
 * characters at places that are the same for every module. With --quick 20 steps, 3,200
 * characters. */
void lab_play_train(lab *l, const lab_play *p, ore_module *module, const lab_play_training *options,
                    lab_curve *curve);
lab_point lab_curve_end(const lab_curve *curve);
/* The losses at the ends of n trainings as bars, those of validation in numbers too. */
void lab_curve_bars(ore_figure *figure, const lab_curve *curves, const char *const *names, int n);
/* Losses over steps, of train dashed, of validation solid. */
void lab_curve_draw(ore_figure *figure, const lab_curve *curve, const char *name,
                    const char *color);

#endif
