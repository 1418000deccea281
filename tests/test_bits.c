/* test_bits.c: the bits of operations, their gradients, optimizers, schedules and draws are those
 * recorded in golden/bits.tsv, level by level, whatever compiler and C library made the program.
 *
 * After a change that is meant to change bits: `ORE_CPU=LEVEL test_bits --print` prints the rows of
 * a level, for golden/bits.tsv. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <ore/ore.h>

/* ---- rows: level, subject, digest of all bytes that were added ---- */

static char *rows;
static size_t rows_bytes;
static FILE *rows_file;

typedef struct subject {
    FILE *file;
    char *bytes;
    size_t size;
} subject;

static void begin(subject *s) {
    s->file = open_memstream(&s->bytes, &s->size);
    assert_non_null(s->file);
    ore_scope_begin();
}

static void add(subject *s, ore_tensor *t) {
    ore_tensor *dense = ore_contiguous(ore_detach(t));
    if (dense)
        fwrite(ore_data(dense), ore_dtype_size(ore_tensor_dtype(dense)), (size_t)ore_numel(dense),
               s->file);
}

/* The level whose rows are in the file: avx512_bf16 and amx differ from avx512 in products of
 * bfloat16, which test_bf16 compares with plain loops. */
static const char *recorded_level(void) {
    const char *level = ore_cpu_level();
    return !strcmp(level, "avx512_bf16") || !strcmp(level, "amx") ? "avx512" : level;
}

static void end(subject *s, const char *name, const char *variant) {
    char digest[ORE_DIGEST_TEXT_BYTES];
    if (!ore_ok())
        fail_msg("%s %s: %s", name, variant, ore_error_message());
    ore_scope_end();
    fclose(s->file);
    ore_digest_text(ore_digest_of(s->bytes, s->size), digest);
    fprintf(rows_file, "%s\t%s %s\t%s\n", recorded_level(), name, variant, digest);
    free(s->bytes);
}

/* ---- operations ---- */

enum { ROWS = 17, COLS = 59 }; /* of x and y: several vectors and a rest */

/* -4 .. 4, or 0.01 .. 4.01 */
static ore_tensor *numbers(ore_shape shape, ore_dtype dtype, bool positive) {
    static uint64_t state;
    ore_tensor *t = ore_empty(shape, ORE_FLOAT64);
    double *data = ore_data_mut(t);
    state = positive ? 2 : 1;
    for (int64_t i = 0; i < ore_numel(t); i++) {
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        double unit = (double)(state >> 40) * 0x1p-24;
        data[i] = positive ? 0.01 + 4 * unit : 8 * unit - 4;
    }
    return ore_to(t, dtype);
}

/* Of x (17, 59) between -4 and 4 and y (17, 59) between 0.01 and 4.01. */
typedef ore_tensor *(*expression)(ore_tensor *x, ore_tensor *y);
typedef ore_tensor *(*function)(ore_tensor *x);

static ore_tensor *pow_of(ore_tensor *x, ore_tensor *y) {
    return ore_pow(y, x);
}
static ore_tensor *cubed(ore_tensor *x, ore_tensor *y) {
    return ore_add(ore_pow_scalar(x, 3), ore_pow_scalar(y, -0.7));
}
static ore_tensor *bent(ore_tensor *x, ore_tensor *y) {
    return ore_add(ore_elu(x, 0.7), ore_softplus(ore_sub(x, y), 1.3, 20));
}
static ore_tensor *norms(ore_tensor *x, ore_tensor *y) {
    ore_tensor *all[] = {ore_norm(x, 2, ORE_DIMS(1), false), ore_norm(y, 3, ORE_DIMS(1), false),
                         ore_norm(x, 0.5, ORE_DIMS(1), false)};
    return ore_stack(all, 3, 0);
}
static ore_tensor *sums(ore_tensor *x, ore_tensor *y) {
    ore_tensor *all[] = {ore_sum(x, ORE_DIMS(1), false), ore_mean(y, ORE_DIMS(1), false),
                         ore_var(x, ORE_DIMS(1), 1, false), ore_std(y, ORE_DIMS(1), 0, false),
                         ore_logsumexp(x, ORE_DIMS(1), false)};
    return ore_stack(all, 5, 0);
}
static ore_tensor *column_sums(ore_tensor *x, ore_tensor *y) {
    ore_tensor *all[] = {ore_sum(x, ORE_DIMS(0), false), ore_std(y, ORE_DIMS(0), 1, false),
                         ore_logsumexp(x, ORE_DIMS(0), false)};
    return ore_add(ore_stack(all, 3, 0), ore_sum(ore_mul(x, y), ORE_ALL, false));
}
static ore_tensor *products(ore_tensor *x, ore_tensor *y) {
    return ore_matmul(ore_t(x), ore_matmul(x, ore_t(y)));
}
static ore_tensor *scans(ore_tensor *x, ore_tensor *y) {
    return ore_add(ore_cumsum(x, 1), ore_cumprod(y, 0));
}
static ore_tensor *softmaxes(ore_tensor *x, ore_tensor *y) {
    return ore_mul(ore_softmax(x, 1), ore_log_softmax(y, 1));
}
static ore_tensor *losses(ore_tensor *x, ore_tensor *y) {
    ore_cross_entropy_options o = ore_cross_entropy_defaults();
    o.label_smoothing = 0.1;
    ore_tensor *label = ore_arange(0, ROWS, 1, ORE_INT64), *p = ore_sigmoid(x);
    ore_tensor *share = ore_softmax(y, 1);
    ore_tensor *all[] = {
        ore_cross_entropy(x, label, &o),
        ore_cross_entropy(x, share, NULL),
        ore_binary_cross_entropy(p, ore_sigmoid(y), NULL, ORE_MEAN),
        ore_binary_cross_entropy_with_logits(x, ore_sigmoid(y), NULL, NULL, ORE_MEAN),
        ore_kl_div(ore_log_softmax(x, 1), share, ORE_SUM, false),
        ore_mse_loss(x, y, ORE_MEAN),
        ore_huber_loss(x, y, ORE_MEAN, 0.8),
        ore_mean(ore_cosine_similarity(x, y, 1, 1e-8), ORE_ALL, false),
        ore_sum(ore_pairwise_distance(x, y, 3, 1e-6, false), ORE_ALL, false),
    };
    return ore_stack(all, 9, 0);
}
static ore_tensor *layer_norms(ore_tensor *x, ore_tensor *y) {
    ore_tensor *weight = ore_select(y, 0, 0), *bias = ore_select(x, 0, 1);
    ore_tensor *a = ore_f_layer_norm(x, ORE_SHAPE(COLS), weight, bias, 1e-5);
    return ore_add(a, ore_f_rms_norm(y, ORE_SHAPE(COLS), bias, 1e-6));
}
static ore_tensor *channel_norms(ore_tensor *x, ore_tensor *y) {
    ore_tensor *deep = ore_reshape(ore_narrow(x, 0, 0, 16), ORE_SHAPE(2, 8, COLS));
    ore_tensor *a = ore_f_group_norm(deep, 4, NULL, NULL, 1e-5);
    ore_tensor *wide = ore_reshape(ore_narrow(y, 0, 0, 16), ORE_SHAPE(2, 8, COLS));
    return ore_add(a, ore_f_instance_norm(wide, NULL, NULL, NULL, NULL, true, 0.1, 1e-5));
}
static ore_tensor *images(ore_tensor *x, ore_tensor *y) {
    ore_tensor *image = ore_reshape(x, ORE_SHAPE(1, 1, ROWS, COLS));
    ore_tensor *weight =
        ore_reshape(ore_narrow(ore_select(y, 0, 0), 0, 0, 45), ORE_SHAPE(5, 1, 3, 3));
    ore_tensor *z = ore_f_conv2d(image, weight, NULL, NULL);
    return ore_f_avg_pool2d(z, (ore_pair){2, 3}, NULL);
}
static ore_tensor *deep_images(ore_tensor *x, ore_tensor *y) {
    ore_tensor *both[2] = {ore_flatten(x, 0, -1), ore_flatten(y, 0, -1)};
    ore_tensor *image = ore_reshape(ore_narrow(both[0], 0, 0, 240), ORE_SHAPE(1, 12, 4, 5));
    ore_tensor *numbers = ore_cat(both, 2, 0);
    ore_tensor *weight =
        ore_reshape(ore_narrow(numbers, 0, 7, 12 * 13 * 9), ORE_SHAPE(13, 12, 3, 3));
    return ore_f_conv2d(image, weight, NULL, NULL);
}
static ore_tensor *small_images(ore_tensor *x, ore_tensor *y) {
    ore_f_conv2d_options o = ore_f_conv2d_defaults();
    o.stride = ore_both(2);
    ore_tensor *image =
        ore_reshape(ore_narrow(ore_flatten(x, 0, -1), 0, 0, 720), ORE_SHAPE(5, 16, 3, 3));
    ore_tensor *weight =
        ore_reshape(ore_narrow(ore_flatten(y, 0, -1), 0, 0, 256), ORE_SHAPE(16, 16, 1, 1));
    return ore_f_conv2d(image, weight, NULL, &o);
}
static ore_tensor *heads(ore_tensor *x, ore_tensor *y) {
    ore_attention_options o = ore_attention_defaults();
    o.causal = true;
    ore_tensor *q = ore_reshape(ore_narrow(x, 1, 0, 56), ORE_SHAPE(1, 1, ROWS, 56));
    ore_tensor *k = ore_reshape(ore_narrow(y, 1, 3, 56), ORE_SHAPE(1, 1, ROWS, 56));
    return ore_attention(q, k, ore_mul(q, k), &o);
}
static ore_tensor *halves(ore_tensor *x, ore_tensor *y) {
    ore_dtype dtype = ore_tensor_dtype(x);
    return ore_add(ore_to(ore_to(x, ORE_BFLOAT16), dtype), ore_to(ore_to(y, ORE_FLOAT16), dtype));
}

static const struct {
    const char *name;
    function of;
    bool positive;
} functions[] = {
    {"exp", ore_exp, false},
    {"log", ore_log, true},
    {"sqrt", ore_sqrt, true},
    {"rsqrt", ore_rsqrt, true},
    {"sin", ore_sin, false},
    {"cos", ore_cos, false},
    {"erf", ore_erf, false},
    {"log1p", ore_log1p, true},
    {"expm1", ore_expm1, false},
    {"log2", ore_log2, true},
    {"log10", ore_log10, true},
    {"tanh", ore_tanh, false},
    {"sigmoid", ore_sigmoid, false},
    {"gelu", ore_gelu, false},
    {"gelu_tanh", ore_gelu_tanh, false},
    {"selu", ore_selu, false},
    {"silu", ore_silu, false},
    {"mish", ore_mish, false},
    {"hardswish", ore_hardswish, false},
    {"softsign", ore_softsign, false},
    {"logsigmoid", ore_logsigmoid, false},
};
static const struct {
    const char *name;
    expression of;
} expressions[] = {
    {"add", ore_add},
    {"mul", ore_mul},
    {"div", ore_div},
    {"remainder", ore_remainder},
    {"pow", pow_of},
    {"pow_scalar", cubed},
    {"elu and softplus", bent},
    {"swiglu", ore_swiglu},
    {"norms", norms},
    {"sums", sums},
    {"column sums", column_sums},
    {"products", products},
    {"scans", scans},
    {"softmaxes", softmaxes},
    {"losses", losses},
    {"layer norms", layer_norms},
    {"channel norms", channel_norms},
    {"convolution", images},
    {"convolution 3 x 3 of many channels", deep_images},
    {"convolution of small images", small_images},
    {"attention", heads},
    {"16-bit floats", halves},
};
enum {
    FUNCTIONS = sizeof functions / sizeof *functions,
    EXPRESSIONS = sizeof expressions / sizeof *expressions
};
static const ore_dtype dtypes[] = {ORE_FLOAT32, ORE_FLOAT64};

/* A result and the gradients of its sum with weights that differ. */
static void add_operation(const char *name, function one, bool positive, expression two,
                          ore_dtype dtype) {
    subject s;
    begin(&s);
    ore_shape shape = ORE_SHAPE(ROWS, COLS);
    ore_tensor *x = ore_set_requires_grad(numbers(shape, dtype, positive), true);
    ore_tensor *y = ore_set_requires_grad(numbers(shape, dtype, true), true);
    ore_tensor *z = one ? one(x) : two(x, y);
    add(&s, z);
    ore_tensor *weight = ore_linspace(-1, 2, z ? ore_numel(z) : 1, dtype);
    ore_backward(ore_sum(ore_mul(ore_flatten(z, 0, -1), weight), ORE_ALL, false));
    add(&s, ore_grad(x));
    if (two)
        add(&s, ore_grad(y));
    end(&s, name, ore_dtype_name(dtype));
}

static void add_operations(void) {
    for (int d = 0; d < 2; d++) {
        for (int i = 0; i < FUNCTIONS; i++)
            add_operation(functions[i].name, functions[i].of, functions[i].positive, NULL,
                          dtypes[d]);
        for (int i = 0; i < EXPRESSIONS; i++)
            add_operation(expressions[i].name, NULL, false, expressions[i].of, dtypes[d]);
    }
}

/* ---- optimizers and schedules ---- */

enum { OPTIMIZERS = 12 };

static ore_optimizer *optimizer(int i, const char **name) {
    static const char *const names[OPTIMIZERS] = {"sgd",     "adam",     "adamw",     "adagrad",
                                                  "rmsprop", "adadelta", "adamax",    "nadam",
                                                  "radam",   "lion",     "adafactor", "muon"};
    *name = names[i];
    ore_optimizer *made[] = {i == 0 ? ore_sgd_new(NULL, NULL) : NULL,
                             i == 1 ? ore_adam_new(NULL, NULL) : NULL,
                             i == 2 ? ore_adamw_new(NULL, NULL) : NULL,
                             i == 3 ? ore_adagrad_new(NULL, NULL) : NULL,
                             i == 4 ? ore_rmsprop_new(NULL, NULL) : NULL,
                             i == 5 ? ore_adadelta_new(NULL, NULL) : NULL,
                             i == 6 ? ore_adamax_new(NULL, NULL) : NULL,
                             i == 7 ? ore_nadam_new(NULL, NULL) : NULL,
                             i == 8 ? ore_radam_new(NULL, NULL) : NULL,
                             i == 9 ? ore_lion_new(NULL, NULL) : NULL,
                             i == 10 ? ore_adafactor_new(NULL, NULL) : NULL,
                             i == 11 ? ore_muon_new(NULL, NULL) : NULL};
    return made[i];
}

static void add_optimizer(int i, ore_dtype dtype) {
    const char *name;
    subject s;
    begin(&s);
    ore_optimizer *o = optimizer(i, &name);
    ore_group_options group = ore_optimizer_defaults(o);
    group.lr = 0.03;
    group.weight_decay = 0.1;
    ore_optimizer_add_group(o, &group);
    ore_tensor *p = ore_set_requires_grad(numbers(ORE_SHAPE(ROWS, COLS), dtype, false), true);
    ore_optimizer_add(o, 0, p, "p");
    for (int step = 1; step <= 7; step++) {
        ore_tensor *gradient = numbers(ORE_SHAPE(ROWS, COLS), dtype, true);
        ore_set_grad(p, ore_sub_scalar(gradient, 0.5 * step));
        ore_optimizer_step(o);
    }
    add(&s, p);
    ore_optimizer_free(o);
    end(&s, name, ore_dtype_name(dtype));
}

static void add_schedules(void) {
    const struct {
        const char *name;
        ore_schedule schedule;
    } all[] = {
        {"cosine", {.kind = ORE_SCHEDULE_COSINE, .lr = 0.01, .min_lr = 1e-3, .steps = 60}},
        {"exponential_lr", ore_exponential_lr(0.1, 0.97)},
        {"step_lr", ore_step_lr(0.1, 7, 0.3)},
        {"polynomial_lr", ore_polynomial_lr(0.1, 50, 1.7)},
        {"cosine_annealing_lr", ore_cosine_annealing_lr(0.1, 37, 1e-4)},
        {"warm restarts", ore_cosine_annealing_warm_restarts(0.1, 9, 2, 1e-3)},
        {"one_cycle_lr", ore_one_cycle_lr(0.1, 60)},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        subject s;
        begin(&s);
        for (int64_t step = 0; step < 60; step++) {
            double lr = ore_schedule_lr(&all[i].schedule, step);
            fwrite(&lr, sizeof lr, 1, s.file);
        }
        end(&s, all[i].name, "schedule");
    }
}

/* ---- draws ---- */

/* Below 16 and above numbers are drawn in two ways. */
static void add_draws(ore_dtype dtype) {
    static const int64_t sizes[] = {5, 1003};
    ore_generator *g = ore_generator_new(42);
    subject s;
    begin(&s);
    for (int i = 0; i < 2; i++) {
        add(&s, ore_rand(ORE_SHAPE(sizes[i]), dtype, g));
        add(&s, ore_randn(ORE_SHAPE(sizes[i]), dtype, g));
        add(&s, ore_exponential_(ore_empty(ORE_SHAPE(sizes[i]), dtype), 1.5, g));
        add(&s, ore_init_trunc_normal(ore_empty(ORE_SHAPE(sizes[i]), dtype), 0, 1, -2, 2, g));
    }
    add(&s, ore_init_orthogonal(ore_empty(ORE_SHAPE(13, 11), dtype), 1.5, g));
    add(&s, ore_multinomial(numbers(ORE_SHAPE(ROWS, COLS), dtype, true), 5, false, g));
    end(&s, "draws", ore_dtype_name(dtype));
    ore_generator_free(g);
}

static void add_other_draws(void) {
    double points[60][2], x[101];
    int64_t labels[60];
    ore_python_random *python = ore_python_random_new(7);
    ore_numpy_random *numpy = ore_numpy_random_new(7);
    subject s;
    begin(&s);
    ore_numpy_random_randn(numpy, x, 101);
    ore_make_moons(numpy, 60, 0.1, points[0], labels);
    fwrite(x, sizeof x, 1, s.file);
    fwrite(points, sizeof points, 1, s.file);
    for (int i = 0; i < 101; i++)
        x[i] = ore_python_random_gauss(python, 0, 1);
    fwrite(x, sizeof x, 1, s.file);
    end(&s, "draws", "of Python and NumPy");
    ore_python_random_free(python);
    ore_numpy_random_free(numpy);
}

/* ---- the comparison ---- */

static void make_rows(void) {
    rows_file = open_memstream(&rows, &rows_bytes);
    assert_non_null(rows_file);
    add_operations();
    for (int d = 0; d < 2; d++) {
        for (int i = 0; i < OPTIMIZERS; i++)
            add_optimizer(i, dtypes[d]);
        add_draws(dtypes[d]);
    }
    add_schedules();
    add_other_draws();
    fclose(rows_file);
}

static char *recorded_rows(void) {
    char *text = calloc(1, 1 << 20);
    FILE *file = fopen(ORE_TEST_DIR "/golden/bits.tsv", "r");
    assert_non_null(file);
    assert_non_null(text);
    size_t bytes = fread(text + 1, 1, (1 << 20) - 2, file);
    assert_true(bytes > 0 && bytes < (1 << 20) - 2);
    text[0] = '\n';
    fclose(file);
    return text;
}

static void bits_are_those_recorded(void **state) {
    (void)state;
    char *recorded = recorded_rows(), line[256];
    int differ = 0;
    snprintf(line, sizeof line, "\n%s\t", recorded_level());
    if (!strstr(recorded, line)) {
        print_message("golden/bits.tsv has no rows of level %s\n", ore_cpu_level());
        free(recorded);
        skip();
    }
    make_rows();
    for (char *row = strtok(rows, "\n"); row; row = strtok(NULL, "\n")) {
        snprintf(line, sizeof line, "\n%s\n", row);
        if (!strstr(recorded, line)) {
            print_error("not as recorded: %s\n", row);
            differ++;
        }
    }
    free(rows);
    free(recorded);
    assert_int_equal(differ, 0);
}

int main(int count, char **arguments) {
    if (count == 2 && !strcmp(arguments[1], "--print")) {
        make_rows();
        fputs(rows, stdout);
        free(rows);
        return 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bits_are_those_recorded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
