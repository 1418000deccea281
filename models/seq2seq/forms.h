/* forms.h: what transformer.c gives to seq2seq.c: the layers between the tables and the head. */
#ifndef ORE_MODELS_SEQ2SEQ_FORMS_H
#define ORE_MODELS_SEQ2SEQ_FORMS_H

#include "models/seq2seq/seq2seq.h"

void seq2seq_build_layers(seq2seq *model, ore_generator *g);
/* src (B, S, C), rows having the first lengths (NULL: all), tgt (B, L, C) -> (B, L, C) */
ore_tensor *seq2seq_run_layers(const seq2seq *model, ore_tensor *src, ore_tensor *lengths,
                               ore_tensor *tgt);
/* Reads src into a new state, whose lengths are set. */
ore_status seq2seq_read_source(seq2seq_state *s, ore_tensor *src);
/* tgt (R, T, C) behind what was written -> (R, C), after the last; sets s->weights if asked */
ore_tensor *seq2seq_step_layers(seq2seq_state *s, ore_tensor *tgt);
ore_status seq2seq_reorder_layers(seq2seq_state *s, ore_tensor *rows);

/* Replaces an owned tensor (NULL: none) by rows of it. */
void seq2seq_choose(ore_tensor **t, ore_tensor *rows);

#endif
