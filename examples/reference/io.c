/* io.c: a module's weights to a safetensors file and back, and a file of settings. */
#include <stdio.h>

#include <ore/ore.h>

static ore_status save(const ore_module *module, const char *path) {
    ore_tensor_list state = ore_module_state(module);
    ore_safetensors_item items[8];
    for (int64_t i = 0; i < state.count; i++)
        items[i] = (ore_safetensors_item){state.items[i].name, state.items[i].tensor};
    ore_safetensors_write(path, items, state.count, NULL);
    ore_tensor_list_free(&state);
    return ore_error_status();
}

static ore_status load(ore_module *module, const char *path) {
    ore_safetensors *file = ore_safetensors_open(path);
    ore_tensor_list state = ore_module_state(module);
    for (int64_t i = 0; i < state.count && file; i++)
        ore_safetensors_load(file, state.items[i].name, state.items[i].tensor);
    ore_tensor_list_free(&state);
    ore_safetensors_close(file);
    return ore_error_status();
}

int main(void) {
    ore_linear a, b;
    ore_linear_init(&a, NULL, NULL, 3, 2, NULL);
    ore_linear_init(&b, NULL, NULL, 3, 2, NULL);
    save(&a.module, "linear.safetensors");
    load(&b.module, "linear.safetensors");
    ore_tensor *same = ore_eq(a.weight, b.weight); /* (2, 3) of bool */
    printf("equal weights: %lld of 6\n", (long long)ore_item_int(ore_sum(same, ORE_ALL, false)));

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
    ore_tree_remove("linear.safetensors");
    ore_module_free(&b.module);
    ore_module_free(&a.module);
    return ore_ok() ? 0 : 1;
}
