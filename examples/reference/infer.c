/* infer.c: how the options cut a distribution before a draw. */
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
    return ore_ok() ? 0 : 1;
}
