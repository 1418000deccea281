/* io.c: a tensor to a safetensors file and back, and a file of settings. */
#include <stdio.h>

#include <ore/ore.h>

int main(void) {
    ore_tensor *w = ore_arange(0, 6, 1, ORE_FLOAT32); /* (6) */
    ore_safetensors_item item = {"w", w};
    ore_safetensors_write("w.safetensors", &item, 1, NULL);
    ore_safetensors *file = ore_safetensors_open("w.safetensors");
    ore_tensor *same = ore_eq(ore_safetensors_tensor(file, "w"), w); /* (6) of bool */
    printf("equal: %lld of 6\n", (long long)ore_item_int(ore_sum(same, ORE_ALL, false)));
    ore_safetensors_close(file);

    ore_json *config = ore_json_object_new();
    ore_json_set_int(config, "n_head", 4);
    ore_json_set_double(config, "lr", 1e-3);
    ore_json_write(config, "config.json");
    ore_json_free(config);
    config = ore_json_load("config.json");
    int64_t layers = 0;
    ore_json_get_int(config, "n_layer", &layers);
    printf("%s\n", ore_error_message());
    ore_error_clear();
    ore_json_free(config);
    ore_tree_remove("config.json");
    ore_tree_remove("w.safetensors");
    return ore_ok() ? 0 : 1;
}
