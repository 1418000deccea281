/* infer.c: how the options cut a distribution before a draw; attention over kept keys and values;
 * sequences from a table of what follows what */
#include <stdio.h>

#include <ore/ore.h>

/* How often each of three tokens comes in 1000 draws. */
static void count(ore_tensor *logits, const char *name, const ore_sampler_options *o) {
    int64_t seen[3] = {0};
    ore_generator *g = ore_generator_new(1);
    for (int i = 0; i < 1000 && ore_ok(); i++) {
        int64_t id = ore_sample_token(logits, o, g);
        if (id >= 0)
            seen[id]++;
    }
    ore_generator_free(g);
    printf("%-16s %4lld %4lld %4lld\n", name, (long long)seen[0], (long long)seen[1],
           (long long)seen[2]);
}

/* One layer's attention, token by token, and of all tokens at once: the same numbers. */
static void attend(ore_generator *g) {
    enum { T = 4 };
    ore_shape s = ORE_SHAPE(1, 2, T, 8); /* (B, H, T, D) */
    ore_tensor *q = ore_randn(s, ORE_FLOAT32, g);
    ore_tensor *k = ore_randn(s, ORE_FLOAT32, g);
    ore_tensor *v = ore_randn(s, ORE_FLOAT32, g);
    ore_attention_options causal = ore_attention_defaults();
    causal.causal = true;
    ore_tensor *whole = ore_attention(q, k, v, &causal);
    ore_kv_cache *cache = ore_kv_cache_new(1, s, ORE_FLOAT32, ORE_CPU);
    ore_no_grad_begin();
    for (int64_t t = 0; t < T; t++) {
        ore_kv all = ore_kv_cache_put(cache, 0, ore_narrow(k, 2, t, 1), ore_narrow(v, 2, t, 1));
        ore_tensor *y = ore_attention(ore_narrow(q, 2, t, 1), all.k, all.v, &causal);
        ore_kv_cache_advance(cache, 1);
        bool same = ore_allclose(y, ore_narrow(whole, 2, t, 1), 0, 0, false);
        printf("%lld of 4: %s\n", (long long)ore_kv_cache_length(cache), same ? "same" : "other");
    }
    ore_no_grad_end();
    ore_kv_cache_free(cache);
}

/* ---- whole sequences, from a model that knows the last token alone ---- */

enum { END, A, B, TOKENS }; /* after a: mostly a, after b: the end */

static ore_tensor *after_last(void *user, ore_tensor *ids) {
    ore_tensor *last = ore_select(ids, 1, ore_size(ids, 1) - 1); /* (R) */
    return ore_log(ore_index_select(user, 0, last));             /* (R, TOKENS) */
}

static void show(const char *name, const ore_written *w) {
    int64_t N = ore_size(w->ids, 1), L = ore_size(w->ids, 2);
    for (int64_t i = 0; i < N; i++) {
        int64_t length = ((const int64_t *)ore_data(w->lengths))[i];
        printf("%s %7.4f ", name, (double)((const float *)ore_data(w->scores))[i]);
        for (int64_t t = 0; t < length; t++)
            printf(" %c", ".ab"[((const int64_t *)ore_data(w->ids))[i * L + t]]);
        printf("\n");
    }
}

static void write_sequences(void) {
    const float p[] = {1, 0, 0, 0.2f, 0.45f, 0.35f, 0.9f, 0.05f, 0.05f};
    ore_tensor *follows = ore_from_data(p, ORE_SHAPE(TOKENS, TOKENS), ORE_FLOAT32);
    ore_stepper model = {.user = follows, .step = after_last}; /* keeps nothing: no reorder */
    ore_tensor *prompt = ore_full(ORE_SHAPE(1, 1), A, ORE_INT64);
    ore_generate_options greedy = ore_generate_defaults();
    greedy.max_tokens = 4;
    greedy.end_id = END;
    greedy.sampler.temperature = 0;
    ore_written w = ore_generate(&model, prompt, &greedy, NULL);
    show("greedy", &w);
    ore_beam_options beams = ore_beam_defaults();
    beams.max_tokens = 4;
    beams.end_id = END;
    beams.sequences = 2;
    beams.length_penalty = 0;
    w = ore_beam_search(&model, prompt, &beams);
    show("beams ", &w);
}

int main(void) {
    const float p[] = {0.6f, 0.3f, 0.1f};
    ore_tensor *logits = ore_log(ore_from_data(p, ORE_SHAPE(3), ORE_FLOAT32)); /* (3) */
    ore_sampler_options o = ore_sampler_defaults();
    count(logits, "all", &o);
    o.top_k = 2;
    count(logits, "top_k 2", &o);
    o = ore_sampler_defaults();
    o.top_p = 0.5;
    count(logits, "top_p 0.5", &o);
    o = ore_sampler_defaults();
    o.temperature = 0;
    count(logits, "temperature 0", &o);
    attend(ore_default_generator());
    write_sequences();
    return ore_ok() ? 0 : 1;
}
