/* data.c: batches of a stream of ids, random ones and a pass over the validation part. */
#include <stdio.h>

#include <ore/ore.h>

static void print(const char *name, const ore_tensor *t) {
    char *text = ore_tensor_text(t);
    printf("%s %s\n", name, text ? text : "");
    ore_string_free(text);
}

int main(void) {
    int64_t ids[100];
    for (int i = 0; i < 100; i++)
        ids[i] = i;
    ore_tokens *tokens = ore_tokens_of_memory("ids", ids, 100, -1);
    ore_token_parts *parts = ore_token_parts_new(tokens, NULL, NULL); /* 90 train, 10 validate */

    ore_generator *g = ore_generator_new(1);
    ore_token_loader_options o = ore_token_loader_defaults();
    o.batch_size = 2;
    o.block_size = 4;
    o.generator = g;
    ore_loader *random = ore_random_loader_new(parts, &o);
    ore_batch batch = ore_loader_next(random);
    print("x", batch.x); /* (2, 4) */
    print("y", batch.y); /* (2, 4): one further */

    o.part = ORE_PART_VAL;
    ore_loader *windows = ore_window_loader_new(parts, &o);
    int64_t targets = 0;
    for (batch = ore_loader_next(windows); batch.x; batch = ore_loader_next(windows))
        targets += batch.tokens;
    printf("%lld targets in %lld batches\n", (long long)targets,
           (long long)ore_loader_batches(windows));

    ore_loader_free(windows);
    ore_loader_free(random);
    ore_generator_free(g);
    ore_token_parts_free(parts);
    ore_tokens_close(tokens);
    return ore_ok() ? 0 : 1;
}
