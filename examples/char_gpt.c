/* char_gpt.c [FILE [STEPS]]: a character GPT from a text to a sample, in one program. Without a
 * file it learns the lines below. `ore train gpt` does the same with checkpoints and evaluation. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ore/ore.h>

#include "models/gpt/gpt.h"

static const char lines[] = "one ring of iron, two rings of tin,\n"
                            "three rings of copper to hold the light in.\n"
                            "one ring of silver, two rings of lead,\n"
                            "three rings of copper to mend the thread.\n";

/* (B, T) ids -> (B, T, V) logits, for ore_fit */
static ore_tensor *forward(void *user, ore_tensor *ids) {
    return gpt_forward(user, ids);
}

static bool on_report(void *user, const ore_fit_report *r) {
    (void)user;
    if (r->state->step % 50 == 0)
        fprintf(stderr, "step %lld  loss %.3f\n", (long long)r->state->step, r->loss);
    return true;
}

static void train(gpt *model, ore_loader *loader, int64_t steps) {
    ore_adamw_options ao = ore_adamw_defaults();
    ore_optimizer *optimizer = ore_adamw_new(&model->module, &ao);
    ore_schedule schedule = ore_schedule_defaults();
    schedule.kind = ORE_SCHEDULE_COSINE;
    schedule.lr = 1e-2;
    schedule.min_lr = 1e-3;
    schedule.warmup_steps = 10;
    schedule.steps = steps;

    ore_fit_options o = ore_fit_defaults();
    o.module = &model->module;
    o.forward = forward;
    o.loader = loader;
    o.optimizer = optimizer;
    o.schedule = &schedule;
    o.steps = steps;
    o.clip_norm = 1;
    o.report = on_report;
    o.user = model;
    ore_fit_result r;
    ore_fit(&o, NULL, &r);
    ore_fit_result_free(&r);
    ore_optimizer_free(optimizer);
}

/* Writes `count` characters after the text's first line. */
static void sample(const gpt *model, const ore_tokenizer *tokenizer, int64_t count) {
    enum { CONTEXT = 32 };
    int64_t ids[CONTEXT] = {ore_tokenizer_id(tokenizer, "\n", 1)}, length = 1;
    ore_sampler_options o = ore_sampler_defaults();
    o.temperature = 0.5;
    ore_decoder decoder;
    ore_decoder_init(&decoder, tokenizer);
    ore_no_grad_begin();
    while (count-- > 0 && ore_ok()) {
        char text[ORE_PIECE_BYTES] = "";
        ore_scope_begin();
        ore_tensor *x = ore_from_data(ids, ORE_SHAPE(1, length), ORE_INT64); /* (1, T) */
        ore_tensor *logits = ore_select(gpt_forward_last(model, x), 0, 0);   /* (V) */
        int64_t id = ore_sample_token(logits, &o, NULL);
        ore_scope_end();
        ore_decoder_next(&decoder, id, text);
        fputs(text, stdout);
        if (length == CONTEXT)
            memmove(ids, ids + 1, (size_t)(--length) * sizeof *ids);
        ids[length++] = id;
    }
    ore_no_grad_end();
    putchar('\n');
}

int main(int argc, char **argv) {
    ore_manual_seed(1);
    ore_text *text = argc > 1 ? ore_text_open(argv[1], NULL)
                              : ore_text_open_memory("lines", lines, sizeof lines - 1, NULL);
    ore_tokenizer *tokenizer = ore_tokenizer_new_char(text, false);
    ore_tokens *tokens = ore_tokens_of_text(text, tokenizer);
    ore_token_parts_options d = ore_token_parts_defaults();
    d.val_fraction = 0;
    ore_token_parts *parts = ore_token_parts_new(tokens, NULL, &d);
    ore_token_loader_options l = ore_token_loader_defaults();
    l.batch_size = 8;
    l.block_size = 32;
    ore_loader *loader = ore_random_loader_new(parts, &l);

    gpt_config config = gpt_defaults();
    config.n_layer = 2;
    config.n_embd = 32;
    config.vocab_size = tokenizer ? ore_tokenizer_size(tokenizer) : 0;
    gpt model = {0};
    if (ore_ok() && gpt_init(&model, &config, NULL) == ORE_OK) {
        train(&model, loader, argc > 2 ? atoll(argv[2]) : 150);
        ore_module_eval(&model.module);
        sample(&model, tokenizer, 160);
    }
    gpt_free(&model);
    ore_loader_free(loader);
    ore_token_parts_free(parts);
    ore_tokens_close(tokens);
    ore_tokenizer_free(tokenizer);
    ore_text_close(text);
    if (!ore_ok())
        fprintf(stderr, "%s\n", ore_error_message());
    return ore_ok() ? 0 : 1;
}
