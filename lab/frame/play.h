/* play.h: what the rungs on a running text share: the text as tokens, its parts, and writing. */
#ifndef LAB_PLAY_H
#define LAB_PLAY_H

#include "lab/frame/lab.h"

typedef struct lab_play {
    int64_t V;                /* the number of different characters */
    ore_tokenizer *tokenizer; /* of characters; ids are in the order of code points */
    ore_tokens *tokens;       /* the whole text */
    ore_token_parts *data;    /* its first 90 % to train on, the rest to validate */
    ore_token_parts *page;    /* its first 30,000 characters, to train on */
    /* what the tokens are of */
    char *joined; /* the lab's words, a line each, where there is no text; else NULL */
    ore_text *text;
    int64_t *page_ids;
    ore_tokens *page_tokens;
} lab_play;

/* Opens the lab's text, or, if there is none, its words as one text. All zeros with an error on
 * failure. */
void lab_play_open(lab_play *p, lab *l);
void lab_play_close(lab_play *p);
/* `count` characters and the newline (id 0 of other texts) that they start from, each drawn from
 * the default generator by the logits of a module (1, T) -> (1, T, V) over at most `block`
 * characters before it. To be freed. */
char *lab_play_write(const lab_play *p, const ore_module *module, int64_t block, int64_t count);

/* Writes a character so that it can be seen on an axis, a newline as an arrow and a space as a dot,
 * to text (ORE_PIECE_BYTES), which it returns. */
const char *lab_play_name(const lab_play *p, int64_t id, char *text);

/* The losses of a training: before it and after each tenth of it, or only at its end. */
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
    bool page; /* trains on the page, and measures losses after each tenth of the steps; false: on
                  the train part, and measures them only at the end */
} lab_play_training;

/* Trains a module (B, T) -> (B, T, V) with AdamW, lr 1e-3, on batches of 32 random chunks of
 * `block` characters, drawn from the default generator, and leaves it in eval mode. Losses are
 * means over 51,200 characters, at the same places for every module. With --quick it makes 20 steps
 * and measures over 3,200 characters. */
void lab_play_train(lab *l, const lab_play *p, ore_module *module, const lab_play_training *options,
                    lab_curve *curve);
/* The last point of a curve. */
lab_point lab_curve_end(const lab_curve *curve);
/* Draws the losses at the ends of n trainings as bars, with numbers at those of validation. */
void lab_curve_bars(ore_figure *figure, const lab_curve *curves, const char *const *names, int n);
/* Draws the losses over the steps: those of the train part dashed, those of validation solid. */
void lab_curve_draw(ore_figure *figure, const lab_curve *curve, const char *name,
                    const char *color);

#endif
