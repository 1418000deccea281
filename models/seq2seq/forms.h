/* forms.h: what a form of encoder-decoder, a transformer or a recurrent network, gives to
 * seq2seq.c. */
#ifndef ORE_MODELS_SEQ2SEQ_FORMS_H
#define ORE_MODELS_SEQ2SEQ_FORMS_H

#include "models/seq2seq/seq2seq.h"

typedef struct seq2seq_form {
    /* Adds the modules between the tables and the head. */
    void (*build)(seq2seq *model, ore_generator *g);
    /* src (B, S, C), rows having the first lengths (NULL: all), tgt (B, L, C) -> (B, L, C) */
    ore_tensor *(*forward)(const seq2seq *model, ore_tensor *src, ore_tensor *lengths,
                           ore_tensor *tgt);
    /* Reads src into a new state, whose lengths are set. */
    ore_status (*read)(seq2seq_state *s, ore_tensor *src);
    /* tgt (R, T, C) behind what was written -> (R, C), after the last; sets s->weights if asked */
    ore_tensor *(*step)(seq2seq_state *s, ore_tensor *tgt);
    ore_status (*reorder)(seq2seq_state *s, ore_tensor *rows);
    bool adds_positions; /* to the rows of the tables, which it also scales by sqrt(C) */
} seq2seq_form;

extern const seq2seq_form seq2seq_transformer, seq2seq_bahdanau, seq2seq_luong;

/* Replaces an owned tensor (NULL: none) by rows of its dim. */
void seq2seq_choose(ore_tensor **t, int dim, ore_tensor *rows);
/* Keeps weights (R, T, S) for whoever asked. */
void seq2seq_keep_weights(seq2seq_state *s, ore_tensor *weights);

#endif
