/* gpt_presets.c: the sizes of GPTs that bench/pytorch/bench.py has, too. */
#include "bench/bench_preset.h"
#include "bench/gpt_presets.h"

static const gpt_preset presets[] = {
    {"char-a", 65, 4, 4, 128, 64, 12, 64, false, 1e-3},
    {"char-b", 65, 6, 6, 384, 256, 16, 256, false, 1e-3},
    {"seed", 100, 8, 8, 512, 128, 8, 128, true, 1e-3},
    {"gpt2", 50257, 12, 12, 768, 1024, 4, 64, false, 1e-4},
};
enum { PRESETS = sizeof presets / sizeof presets[0] };

const gpt_preset *gpt_preset_find(const char *name) {
    return bench_preset_find(name, presets, sizeof *presets, PRESETS);
}

gpt_config gpt_preset_config(const gpt_preset *p) {
    gpt_config g = gpt_defaults();
    g.vocab_size = p->vocab_size;
    g.n_layer = p->n_layer;
    g.n_head = p->n_head;
    g.n_embd = p->n_embd;
    g.block_size = p->block_size;
    g.activation = p->post_norm ? ACTIVATION_RELU : ACTIVATION_GELU_TANH;
    g.norm = p->post_norm ? GPT_POST_NORM : GPT_PRE_NORM;
    g.final_norm = g.tie_weights = !p->post_norm;
    return g;
}
