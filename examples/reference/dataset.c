/* dataset.c: sequences of unequal lengths as a data set, split, in buckets, padded. */
#include <stdio.h>

#include <ore/ore.h>

static void print(const char *name, const ore_tensor *t) {
    char *text = ore_tensor_text(t);
    printf("%s %s\n", name, text ? text : "");
    ore_string_free(text);
}

/* Sample i of a table of numbers: so many of the row's as it says. */
static ore_status cut(void *user, int64_t i, ore_sample *sample) {
    const int64_t *lengths = user;
    sample->fields[0] = ore_narrow(sample->fields[0], 0, 0, lengths[i]);
    return ore_error_status();
}

int main(void) {
    int64_t lengths[] = {3, 1, 4, 1, 5, 2, 2, 6};
    ore_scope_begin();
    ore_tensor *rows = ore_reshape(ore_arange(0, 48, 1, ORE_INT64), ORE_SHAPE(8, 6));
    ore_tensor *classes = ore_arange(0, 8, 1, ORE_INT64);

    ore_dataset *table = ore_tensor_dataset_new((ore_tensor *[]){rows, classes}, 2);
    ore_dataset *sequences = ore_map_dataset_new(table, 2, cut, lengths);

    ore_generator *g = ore_generator_new(42);
    ore_bucket_options b = ore_bucket_defaults();
    b.batch_size = 3;
    b.generator = g;
    ore_sampler *buckets = ore_bucket_sampler_new(lengths, 8, &b);

    ore_loader_options o = ore_loader_defaults();
    o.sampler = buckets;
    o.pad = true;
    o.padding[0] = -1;
    o.num_workers = 2;
    ore_loader *loader = ore_loader_new(sequences, &o);
    for (ore_batch batch; (batch = ore_loader_next(loader)).x != NULL;) {
        print("x", batch.x);                 /* (B, T) */
        print("x_lengths", batch.x_lengths); /* (B) */
        print("y", batch.y);                 /* (B) */
    }

    ore_dataset *parts[2];
    ore_random_split_fractions(table, (double[]){0.75, 0.25}, 2, g, parts);
    printf("%lld to train, %lld to validate\n", (long long)parts[0]->length,
           (long long)parts[1]->length);

    ore_dataset_close(parts[1]);
    ore_dataset_close(parts[0]);
    ore_loader_free(loader);
    ore_sampler_close(buckets);
    ore_generator_free(g);
    ore_dataset_close(sequences);
    ore_dataset_close(table);
    ore_scope_end();
    return ore_ok() ? 0 : 1;
}
