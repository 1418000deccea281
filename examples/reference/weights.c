/* weights.c: a module's weights and an optimizer's state, saved and loaded. */
#include <stdio.h>

#include <ore/ore.h>

int main(void) {
    ore_linear a, b;
    ore_linear_init(&a, NULL, NULL, 3, 2, NULL);
    ore_linear_init(&b, NULL, NULL, 3, 2, NULL);
    ore_optimizer *optimizer = ore_adamw_new(&a.module, NULL),
                  *other = ore_adamw_new(&b.module, NULL);
    ore_backward(
        ore_sum(ore_linear_forward(&a, ore_ones(ORE_SHAPE(1, 3), ORE_FLOAT32)), ORE_ALL, false));
    ore_optimizer_step(optimizer);

    ore_module_save(&a.module, "linear.safetensors");
    ore_optimizer_save(optimizer, "adamw.safetensors");
    ore_module_load(&b.module, "linear.safetensors");
    ore_optimizer_load(other, "adamw.safetensors");
    ore_tensor *same = ore_eq(a.weight, b.weight); /* (2, 3) of bool */
    printf("equal weights: %lld of 6\n", (long long)ore_item_int(ore_sum(same, ORE_ALL, false)));

    ore_module_save_as(&a.module, "half.safetensors", ORE_BFLOAT16);
    ore_module_load_assign(&b.module, "half.safetensors");
    printf("b is %s\n", ore_dtype_name(ore_tensor_dtype(b.weight)));

    ore_linear wide;
    ore_linear_init(&wide, NULL, NULL, 4, 2, NULL);
    ore_module_load(&wide.module, "linear.safetensors");
    printf("%s\n", ore_error_message());
    ore_error_clear();

    ore_tree_remove("adamw.safetensors");
    ore_tree_remove("half.safetensors");
    ore_tree_remove("linear.safetensors");
    ore_optimizer_free(other);
    ore_optimizer_free(optimizer);
    ore_module_free(&wide.module);
    ore_module_free(&b.module);
    ore_module_free(&a.module);
    return ore_ok() ? 0 : 1;
}
