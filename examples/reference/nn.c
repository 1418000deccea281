/* nn.c: a module of one's own, its parameters by path, freezing by pattern. */
#include <stdio.h>

#include <ore/ore.h>

typedef struct mlp {
    ore_module module;
    ore_linear up, down;
    ore_dropout drop;
} mlp;

static void mlp_init(mlp *m, ore_module *parent, const char *name, int64_t C) {
    ore_module_init(&m->module, parent, name);
    ore_linear_init(&m->up, &m->module, "up", C, 4 * C, NULL);
    ore_linear_init(&m->down, &m->module, "down", 4 * C, C, NULL);
    ore_init_zeros(m->down.bias);
    ore_dropout_init(&m->drop, &m->module, "drop", 0.1);
}

/* (.., C) -> (.., C) */
static ore_tensor *mlp_forward(const mlp *m, ore_tensor *x) {
    ore_tensor *h = ore_gelu(ore_linear_forward(&m->up, x)); /* (.., 4C) */
    return ore_dropout_forward(&m->drop, ore_linear_forward(&m->down, h));
}

int main(void) {
    ore_module root;
    mlp m;
    ore_manual_seed(1);
    ore_module_init(&root, NULL, NULL);
    mlp_init(&m, &root, "mlp", 8);

    ore_tensor_list parameters = ore_module_parameters(&root);
    for (int64_t i = 0; i < parameters.count; i++) {
        char shape[ORE_SHAPE_TEXT];
        printf("%-16s %s\n", parameters.items[i].name,
               ore_shape_text(ore_shape_of(parameters.items[i].tensor), shape));
    }
    ore_tensor_list_free(&parameters);

    ore_module_set_requires_grad(&root, "*.bias", false);
    printf("%lld numbers, %lld of them trained\n",
           (long long)ore_module_parameter_count(&root, false),
           (long long)ore_module_parameter_count(&root, true));

    ore_module_eval(&root); /* dropout rests */
    mlp_forward(&m, ore_ones(ORE_SHAPE(2, 8), ORE_FLOAT32));
    mlp_forward(&m, ore_ones(ORE_SHAPE(2, 7), ORE_FLOAT32));
    printf("%s\n", ore_error_message());
    ore_error_clear();
    ore_module_free(&root);
    return ore_ok() ? 0 : 1;
}
