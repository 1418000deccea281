/* generate.c: sequences whose tokens are drawn, or are the likeliest at each place. */
#include <ore/ops.h>

#include "infer/writing.h"

ore_generate_options ore_generate_defaults(void) {
    return (ore_generate_options){
        .max_tokens = 64, .end_id = -1, .sequences = 1, .sampler = ore_sampler_defaults()};
}

/* One token for row r: its sequence ends with it or goes on. */
static void draw(writing *w, int64_t r, const ore_generate_options *o, ore_generator *g) {
    written_row row = w->row[r];
    ore_scope_begin();
    int64_t id = ore_sample_token(ore_select(w->logits, 0, r), &o->sampler, g);
    ore_scope_end();
    if (id < 0)
        return;
    row.log_p += (double)w->log_p[r * w->V + id];
    if (id == o->end_id || w->tokens + 1 == w->max_tokens)
        writing_end(w, row.prompt, row.entry, r, id, row.log_p);
    else
        writing_continue(w, r, row, id);
}

/* The rows of a step draw in turn; those of the first stand for all sequences of their prompt. */
static void draw_all(writing *w, const ore_generate_options *o, ore_generator *g) {
    for (int64_t r = 0; r < w->count && ore_ok(); r++)
        for (int64_t i = 0; i < (w->tokens ? 1 : o->sequences) && ore_ok(); i++) {
            if (w->tokens == 0)
                w->row[r].entry = i;
            draw(w, r, o, g);
        }
}

ore_written ore_generate(const ore_stepper *model, ore_tensor *prompts,
                         const ore_generate_options *options, ore_generator *g) {
    ore_generate_options o = options ? *options : ore_generate_defaults();
    if (!ore_ok() || !writing_options_fit("generate", o.max_tokens, o.end_id, o.sequences))
        return (ore_written){NULL, NULL, NULL};
    writing w;
    writing_init(&w, "generate", model, prompts, o.sequences, o.sequences, o.max_tokens);
    ore_no_grad_begin();
    while (ore_ok() && w.count > 0) {
        ore_scope_begin();
        if (writing_step(&w)) {
            draw_all(&w, &o, g);
            writing_turn(&w);
        }
        ore_scope_end();
    }
    ore_no_grad_end();
    ore_written out = writing_result(&w, o.sequences, o.end_id);
    writing_free(&w);
    return out;
}
