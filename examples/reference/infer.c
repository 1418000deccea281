/* infer.c: how the options cut a distribution before a draw; attention over kept keys and values */
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
    return ore_ok() ? 0 : 1;
}
