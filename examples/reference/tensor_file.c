/* tensor_file.c: a file of tensors that somebody has published, listed and used. */
#include <stdio.h>

#include <ore/ore.h>

/* Stands for what somebody publishes: two tensors and a note. */
static void publish(const char *path) {
    ore_tensor *w = ore_reshape(ore_arange(0, 64, 1, ORE_FLOAT32), ORE_SHAPE(2, 32));
    ore_tensor_item items[] = {
        {"embed.weight", ORE_SHAPE(2, 32), ORE_CODING_FLOAT32, w},
        {"head.weight", ORE_SHAPE(2, 32), ore_coding_fitting(ORE_CODING_Q4_K, ORE_SHAPE(2, 32)), w},
    };
    ore_tensor_file_options o = ore_tensor_file_defaults();
    o.metadata = ore_json_object_new();
    ore_json_set_string(o.metadata, "general.name", "a small one");
    ore_tensor_file_write(path, items, 2, &o);
    ore_json_free(o.metadata);
}

static void list(ore_tensor_file *file) {
    printf("%s, %lld tensors: %s\n", ore_tensor_file_format(file),
           (long long)ore_tensor_file_count(file),
           ore_json_get_string(ore_tensor_file_metadata(file), "general.name"));
    for (int64_t i = 0; i < ore_tensor_file_count(file); i++) {
        const ore_tensor_entry *entry = ore_tensor_file_at(file, i);
        char shape[ORE_SHAPE_TEXT];
        printf("%-12s %-8s %-8s %zu bytes\n", entry->name, ore_coding_name(entry->coding),
               ore_shape_text(entry->shape, shape), entry->bytes);
    }
}

/* The floats 0 .. 255 in four bits each, and back. */
static void quantise(void) {
    float values[256], decoded[256];
    uint8_t blocks[256];
    ore_coding coding;
    for (int i = 0; i < 256; i++)
        values[i] = (float)i;
    if (!ore_coding_from_name("q4_0", &coding) || !ore_coding_is_written(coding))
        return;
    ore_coding_encode(coding, values, 256, blocks);
    ore_coding_decode(coding, blocks, 256, decoded);
    printf("%s: blocks of %lld elements in %zu bytes, to %s; 100 becomes %g\n",
           ore_coding_name(coding), (long long)ore_coding_elements(coding),
           ore_coding_bytes(coding), ore_dtype_name(ore_coding_dtype(coding)),
           (double)decoded[100]);
}

int main(void) {
    publish("published.gguf");
    ore_tensor_file *file = ore_tensor_file_open("published.gguf");
    list(file);
    const ore_tensor_entry *embed = ore_tensor_file_find(file, "embed.weight");
    ore_tensor *w = ore_tensor_file_tensor(file, "embed.weight"); /* (2, 32) */
    printf("mapped: %s\n", ore_data(w) == embed->data ? "yes" : "no");
    ore_set_requires_grad(w, true); /* what is written to it stays in this process */
    ore_tensor_file_check(file);
    ore_tensor_file_close(file); /* w keeps what it needs */
    printf("sum %g\n", ore_item(ore_sum(w, ORE_ALL, false)));
    quantise();
    ore_tree_remove("published.gguf");
    return ore_ok() ? 0 : 1;
}
