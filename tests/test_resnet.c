/* test_resnet.c: residual blocks and networks: published counts, torchvision's names, shapes, and
 * that a small one learns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <ore/init.h>
#include <ore/optim.h>

#include "models/resnet/resnet.h"
#include "support/refusals.h"

/* torchvision's resnet18 has 11,689,512 parameters, resnet50 25,557,032. The networks here have one
 * block a stage; a further one of C channels adds 18 C^2 + 4 C, a bottleneck 17 C^2 + 12 C. */
static void counts_are_the_published_ones(void **state) {
    (void)state;
    resnet model;
    resnet_config c = resnet_defaults();
    memcpy(c.blocks, (int64_t[]){1, 1, 1, 1}, sizeof c.blocks);
    assert_int_equal(resnet_init(&model, &c, NULL), ORE_OK);
    int64_t count = ore_module_parameter_count(&model.module, false), further = 0;
    for (int64_t C = 64; C <= 512; C *= 2)
        further += 18 * C * C + 4 * C;
    assert_int_equal(count + further, 11689512);
    resnet_free(&model);
    c.bottleneck = true;
    assert_int_equal(resnet_init(&model, &c, NULL), ORE_OK);
    count = ore_module_parameter_count(&model.module, false);
    further = 0;
    for (int64_t s = 0, C = 64; s < 4; s++, C *= 2)
        further += ((int64_t[]){2, 3, 5, 2})[s] * (17 * C * C + 12 * C);
    assert_int_equal(count + further, 25557032);
    resnet_free(&model);
}

static resnet_config small(bool bottleneck) {
    resnet_config c = resnet_defaults();
    c.bottleneck = bottleneck;
    memcpy(c.blocks, (int64_t[]){1, 2, 0, 0}, sizeof c.blocks);
    c.width = 4;
    c.n_classes = 3;
    return c;
}

static void assert_names(const resnet *model, const char *const *names) {
    ore_tensor_list state = ore_module_state(&model->module);
    for (int i = 0; names[i]; i++)
        if (!ore_tensor_list_find(&state, names[i]))
            fail_msg("no %s", names[i]);
    ore_tensor_list_free(&state);
}

static void names_are_torchvisions(void **state) {
    (void)state;
    static const char *const basic[] = {"conv1.weight",
                                        "bn1.running_var",
                                        "layer1.0.conv2.weight",
                                        "layer2.0.downsample.0.weight",
                                        "layer2.0.downsample.1.num_batches_tracked",
                                        "layer2.1.bn2.bias",
                                        "fc.bias",
                                        NULL};
    static const char *const bottleneck[] = {"layer1.0.conv3.weight", "layer1.0.bn3.running_mean",
                                             "layer1.0.downsample.0.weight", NULL};
    resnet model;
    resnet_config c = small(false);
    assert_int_equal(resnet_init(&model, &c, NULL), ORE_OK);
    assert_names(&model, basic);
    assert_false(model.blocks[0].has_downsample);
    assert_false(model.blocks[2].has_downsample);
    resnet_free(&model);
    c = small(true);
    assert_int_equal(resnet_init(&model, &c, NULL), ORE_OK);
    assert_names(&model, bottleneck);
    resnet_free(&model);
}

/* Without residual connections, without norms: names, counts, and that the rest is as it was. */
static void parts_can_be_left_out(void **state) {
    (void)state;
    resnet model;
    resnet_config c = small(true);
    c.residual = 0;
    assert_int_equal(resnet_init(&model, &c, NULL), ORE_OK);
    ore_tensor_list names = ore_module_state(&model.module);
    assert_null(ore_tensor_list_find(&names, "layer1.0.downsample.0.weight"));
    assert_non_null(ore_tensor_list_find(&names, "layer1.0.bn3.weight"));
    ore_tensor_list_free(&names);
    resnet_free(&model);
    c = small(true);
    c.batch_norm = 0;
    assert_int_equal(resnet_init(&model, &c, NULL), ORE_OK);
    names = ore_module_state(&model.module);
    assert_null(ore_tensor_list_find(&names, "bn1.weight"));
    assert_null(ore_tensor_list_find(&names, "layer1.0.downsample.1.weight"));
    assert_non_null(ore_tensor_list_find(&names, "layer1.0.downsample.0.bias"));
    assert_non_null(ore_tensor_list_find(&names, "layer2.1.conv3.bias"));
    ore_tensor_list_free(&names);
    /* y = relu(conv3(relu(conv2(relu(conv1(x))))) + downsample(x)) */
    const resnet_block *b = &model.blocks[0];
    ore_tensor *x = ore_randn(ORE_SHAPE(2, 4, 5, 5), ORE_FLOAT32, NULL), *y = x;
    const ore_conv2d *convs[] = {&b->conv1, &b->conv2, &b->conv3};
    for (int i = 0; i < 3; i++)
        y = ore_conv2d_forward(convs[i], i ? ore_relu(y) : y);
    y = ore_relu(ore_add(y, ore_conv2d_forward(&b->down_conv, x)));
    ore_tensor *got = resnet_block_forward(b, x);
    assert_non_null(got);
    assert_memory_equal(ore_data(got), ore_data(y), (size_t)ore_numel(y) * sizeof(float));
    resnet_free(&model);
}

static void blocks_add_their_input(void **state) {
    (void)state;
    resnet_block b;
    ore_tensor *x = ore_randn(ORE_SHAPE(2, 4, 6, 7), ORE_FLOAT32, NULL);
    resnet_basic_block_init(&b, NULL, NULL, 4, 4, 1, NULL);
    ore_init_zeros(b.bn2.weight); /* f is 0 now */
    assert_true(ore_allclose(resnet_block_forward(&b, x), ore_relu(x), 0, 0, false));
    ore_module_free(&b.module);
    resnet_bottleneck_init(&b, NULL, NULL, 4, 2, 2, NULL);
    ore_tensor *y = ore_module_forward(&b.module, x);
    assert_true(ore_shape_equal(ore_shape_of(y), ORE_SHAPE(2, 8, 3, 4)));
    ore_init_zeros(b.bn3.weight);
    assert_true(ore_allclose(resnet_block_forward(&b, x),
                             ore_relu(ore_sequential_forward(&b.downsample, x)), 0, 0, false));
    ore_module_free(&b.module);
}

static void weights_follow_fan_out(void **state) {
    (void)state;
    resnet model;
    resnet_config c = small(true);
    c.width = 32;
    c.zero_init_residual = true;
    ore_generator *g = ore_generator_new(3);
    assert_int_equal(resnet_init(&model, &c, g), ORE_OK);
    ore_tensor *w = model.blocks[1].conv2.weight; /* (64, 64, 3, 3): std sqrt(2 / 576) */
    assert_float_equal(ore_item(ore_std(w, ORE_ALL, 0, false)), 0.0589256, 0.001);
    assert_true(ore_item(ore_amax(model.blocks[1].bn3.weight, ORE_ALL, false)) == 0);
    assert_true(ore_item(ore_amin(model.blocks[1].bn1.weight, ORE_ALL, false)) == 1);
    resnet_free(&model);
    ore_generator_free(g);
}

/* Two classes of images, bright above or bright below. */
static ore_tensor *images(ore_tensor *labels, ore_generator *g) {
    int64_t N = ore_numel(labels);
    ore_tensor *x = ore_randn(ORE_SHAPE(N, 1, 8, 8), ORE_FLOAT32, g);
    for (int64_t n = 0; n < N; n++)
        ore_add_scalar_(
            ore_narrow(ore_select(x, 0, n), 1, ((const int64_t *)ore_data(labels))[n] ? 4 : 0, 4),
            1);
    return x;
}

static void a_small_network_learns(void **state) {
    (void)state;
    resnet model;
    resnet_config c = small(false);
    c.in_channels = 1;
    c.n_classes = 2;
    c.small_images = true;
    ore_generator *g = ore_generator_new(1);
    assert_int_equal(resnet_init(&model, &c, g), ORE_OK);
    ore_adamw_options o = ore_adamw_defaults();
    o.lr = 1e-2;
    ore_optimizer *optimizer = ore_adamw_new(&model.module, &o);
    double first = 0, last = 0;
    for (int step = 0; step < 30; step++) {
        ore_scope_begin();
        ore_tensor *labels = ore_randint(0, 2, ORE_SHAPE(16), ORE_INT64, g);
        ore_tensor *y = ore_module_forward(&model.module, images(labels, g));
        ore_tensor *loss = ore_cross_entropy(y, labels, NULL);
        ore_optimizer_zero_grad(optimizer);
        ore_backward(loss);
        ore_optimizer_step(optimizer);
        last = ore_item(loss);
        first = step == 0 ? last : first;
        ore_scope_end();
    }
    assert_true(first > 0.4 && last < 0.2);
    ore_module_eval(&model.module);
    ore_tensor *one = resnet_forward(&model, ore_zeros(ORE_SHAPE(1, 1, 8, 8), ORE_FLOAT32));
    assert_true(ore_shape_equal(ore_shape_of(one), ORE_SHAPE(1, 2)));
    ore_optimizer_free(optimizer);
    resnet_free(&model);
    ore_generator_free(g);
}

static void configs_that_cannot_be(void **state) {
    (void)state;
    resnet model;
    resnet_config c = small(false);
    c.width = 0;
    resnet_init(&model, &c, NULL);
    invalid(NULL, "resnet: width 0, expected 1 or more");
    c = small(false);
    c.blocks[3] = 1;
    resnet_init(&model, &c, NULL);
    invalid(NULL, "resnet: blocks[3] 1 after 0, expected 0 or more, and 0 after 0");
    c = small(false);
    assert_int_equal(resnet_init(&model, &c, NULL), ORE_OK);
    invalid(resnet_forward(&model, ones(ORE_SHAPE(1, 1, 9, 9))),
            "conv1: conv2d: x (1, 1, 9, 9) has 1 channel, expected 3 for weight (4, 3, 7, 7) in 1 "
            "group");
    resnet_free(&model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(counts_are_the_published_ones, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(names_are_torchvisions, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(parts_can_be_left_out, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(blocks_add_their_input, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(weights_follow_fan_out, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(a_small_network_learns, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(configs_that_cannot_be, begin_scope, end_scope),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
