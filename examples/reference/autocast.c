/* autocast.c: a step of training in half precision, in bfloat16 and in float16. */
#include <stdio.h>

#include <ore/ore.h>

/* The loss of a linear layer whose product is made of halves. */
static ore_tensor *loss_in(ore_dtype dtype, const ore_linear *net, ore_tensor *x, ore_tensor *y) {
    ore_autocast_begin(dtype);
    ore_tensor *logits = ore_linear_forward(net, x);
    ore_tensor *loss = ore_cross_entropy(logits, y, NULL);
    printf("inside %s: logits of %s, loss of %s %.4f\n", ore_dtype_name(ore_autocast_dtype()),
           ore_dtype_name(ore_tensor_dtype(logits)), ore_dtype_name(ore_tensor_dtype(loss)),
           ore_item(loss));
    ore_autocast_end();
    return loss;
}

/* As torch.amp.GradScaler: losses are multiplied, gradients divided before they are clipped. */
static void step_in_float16(const ore_linear *net, ore_optimizer *optimizer, ore_tensor *x,
                            ore_tensor *y) {
    ore_grad_scaler scaler = ore_grad_scaler_defaults();
    ore_tensor *loss = loss_in(ORE_FLOAT16, net, x, y);
    ore_backward(ore_grad_scaler_scale(&scaler, loss));
    ore_grad_scaler_unscale(&scaler, optimizer);
    ore_optimizer_clip_grad_norm(optimizer, 1);
    bool stepped;
    ore_grad_scaler_step(&scaler, optimizer, &stepped);
    ore_grad_scaler_update(&scaler);
    printf("stepped: %s; the next loss is multiplied by %g\n", stepped ? "yes" : "no",
           scaler.scale);
    ore_grad_scaler_adjust(&scaler, false); /* what an overflow does to it */
    printf("after an overflow: by %g\n", scaler.scale);
}

int main(void) {
    ore_linear net;
    ore_scope_begin();
    ore_manual_seed(1);
    ore_linear_init(&net, NULL, NULL, 4, 3, NULL);
    ore_optimizer *optimizer = ore_adamw_new(&net.module, NULL);
    ore_tensor *x = ore_randn(ORE_SHAPE(8, 4), ORE_FLOAT32, NULL);
    ore_tensor *y = ore_remainder_scalar(ore_arange(0, 8, 1, ORE_INT64), 3);
    ore_backward(loss_in(ORE_BFLOAT16, &net, x, y));
    printf("weight of %s, its gradient of %s\n", ore_dtype_name(ore_tensor_dtype(net.weight)),
           ore_dtype_name(ore_tensor_dtype(ore_grad(net.weight))));
    ore_optimizer_step(optimizer);
    ore_optimizer_zero_grad(optimizer);
    step_in_float16(&net, optimizer, x, y);
    ore_optimizer_free(optimizer);
    ore_module_free(&net.module);
    ore_scope_end();
    if (!ore_ok())
        fprintf(stderr, "%s\n", ore_error_message());
    return !ore_ok();
}
