/* Walks tests/golden/rng_scalar.tsv and rng_avx2.tsv, one random call of torch 1.13.1 (without MKL;
 * scalar and AVX2 kernels) a line, and compares every value and the word that follows: that word
 * shows how many were drawn.
 * Every bit is the same, but for those of trunc_normal_ after torch's AVX2 kernels, whose erfinv is
 * fused; such values are counted apart. tests/golden/torch_rng_golden.py made the files. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <ore/init.h>
#include <ore/nn.h>
#include <ore/ops.h>

/* ---- what a call gave ---- */

enum { VALUES_MAX = 512 };

typedef struct values {
    int n;
    ore_dtype dtype[VALUES_MAX];
    double real[VALUES_MAX];
    int64_t integer[VALUES_MAX];
} values;

/* Appends t's first `limit` elements. */
static void take_first(values *v, ore_tensor *t, int64_t limit) {
    if (!t)
        fail_msg("%s", ore_error_message());
    const void *data = ore_data(t);
    for (int64_t i = 0; i < ore_numel(t) && i < limit; i++, v->n++) {
        assert_true(v->n < VALUES_MAX);
        v->dtype[v->n] = ore_tensor_dtype(t);
        switch (ore_tensor_dtype(t)) {
        case ORE_FLOAT32:
            v->real[v->n] = ((const float *)data)[i];
            break;
        case ORE_FLOAT64:
            v->real[v->n] = ((const double *)data)[i];
            break;
        case ORE_INT64:
            v->integer[v->n] = ((const int64_t *)data)[i];
            break;
        default:
            v->integer[v->n] = ((const int32_t *)data)[i];
        }
    }
}

static void take(values *v, ore_tensor *t) {
    take_first(v, t, INT64_MAX);
}

/* ---- the calls ---- */

typedef struct row {
    char *call, *args, *wanted;
    uint64_t seed;
    int64_t n;
    int32_t after;
} row;

static ore_dtype dtype_of(const row *r) {
    const char *end = strrchr(r->call, '_');
    if (strcmp(end, "_f64") == 0)
        return ORE_FLOAT64;
    if (strcmp(end, "_i32") == 0)
        return ORE_INT32;
    return strcmp(end, "_i64") == 0 ? ORE_INT64 : ORE_FLOAT32;
}

static ore_tensor *empty(const row *r) {
    return ore_empty(ORE_SHAPE(r->n), dtype_of(r));
}

static void call_random(const row *r, ore_generator *g, values *v) {
    take(v, ore_random_(empty(r), 0, 0, g));
}

static void call_rand(const row *r, ore_generator *g, values *v) {
    take(v, ore_rand(ORE_SHAPE(r->n), dtype_of(r), g));
}

static void call_uniform(const row *r, ore_generator *g, values *v) {
    take(v, ore_uniform_(empty(r), -0.3, 0.5, g));
}

static void call_randn(const row *r, ore_generator *g, values *v) {
    take(v, ore_randn(ORE_SHAPE(r->n), dtype_of(r), g));
}

static void call_normal(const row *r, ore_generator *g, values *v) {
    take(v, ore_normal_(empty(r), 1.5, 0.7, g));
}

static void call_randint(const row *r, ore_generator *g, values *v) {
    long long low, high;
    assert_int_equal(sscanf(r->args, "%lld %lld", &low, &high), 2);
    take(v, ore_randint(low, high, ORE_SHAPE(r->n), ORE_INT64, g));
}

static void call_randperm(const row *r, ore_generator *g, values *v) {
    take(v, ore_randperm(r->n, g));
}

static void call_bernoulli_p(const row *r, ore_generator *g, values *v) {
    take(v, ore_bernoulli_(empty(r), 0.3, g));
}

static void call_bernoulli_tensor(const row *r, ore_generator *g, values *v) {
    float p[VALUES_MAX];
    for (int64_t i = 0; i < r->n; i++)
        p[i] = ((float)i + 0.5f) / (float)r->n;
    take(v, ore_bernoulli(ore_from_data(p, ORE_SHAPE(r->n), ORE_FLOAT32), g));
}

static void call_exponential(const row *r, ore_generator *g, values *v) {
    take(v, ore_exponential_(empty(r), atof(r->args), g));
}

/* The second of a pair of single normals waits in the generator, across other draws and dtypes. */
static void call_normal_cache(const row *r, ore_generator *g, values *v) {
    (void)r;
    take(v, ore_randn(ORE_SHAPE(1), ORE_FLOAT32, g));
    take(v, ore_rand(ORE_SHAPE(2), ORE_FLOAT32, g));
    take(v, ore_randn(ORE_SHAPE(1), ORE_FLOAT32, g));
    take(v, ore_randn(ORE_SHAPE(3), ORE_FLOAT32, g));
    take(v, ore_rand(ORE_SHAPE(1), ORE_FLOAT32, g));
    take(v, ore_randn(ORE_SHAPE(1), ORE_FLOAT64, g));
    take(v, ore_randn(ORE_SHAPE(3), ORE_FLOAT32, g));
}

static void call_lecture_init(const row *r, ore_generator *g, values *v) {
    (void)r;
    take_first(v, ore_randn(ORE_SHAPE(27, 10), ORE_FLOAT32, g), 4);
    take_first(v, ore_randn(ORE_SHAPE(30, 200), ORE_FLOAT32, g), 4);
    take_first(v, ore_randn(ORE_SHAPE(200), ORE_FLOAT32, g), 4);
    take_first(v, ore_randn(ORE_SHAPE(200, 27), ORE_FLOAT32, g), 4);
    take_first(v, ore_randn(ORE_SHAPE(27), ORE_FLOAT32, g), 4);
    take(v, ore_randint(0, 182625, ORE_SHAPE(16), ORE_INT64, g));
}

/* Rows: w, w reversed, w + 1 where w[i] = (37 i + 11) mod 53 + 1. */
static void call_multinomial(const row *r, ore_generator *g, values *v) {
    float w[3 * 64];
    int64_t n = r->n, samples = atol(strstr(r->args, "k=") + 2);
    for (int64_t i = 0; i < n; i++) {
        float weight = (float)((i * 37 + 11) % 53 + 1);
        w[i] = weight;
        w[2 * n - 1 - i] = weight;
        w[2 * n + i] = weight + 1;
    }
    bool in_rows = strcmp(r->call, "multinomial_2d") == 0;
    ore_shape shape = in_rows ? ORE_SHAPE(3, n) : ORE_SHAPE(n);
    bool replacement = strstr(r->args, "replacement=1") != NULL;
    take(v, ore_multinomial(ore_from_data(w, shape, ORE_FLOAT32), samples, replacement, g));
}

static void call_dropout(const row *r, ore_generator *g, values *v) {
    take(v, ore_f_dropout(ore_ones(ORE_SHAPE(r->n), ORE_FLOAT32), 0.2, true, g));
}

/* "5x7 rest" */
static ore_tensor *empty_of_args(const row *r) {
    ore_shape shape = {.ndim = 0};
    for (char *at = r->args; *at >= '0' && *at <= '9'; at += *at == 'x')
        shape.dim[shape.ndim++] = strtol(at, &at, 10);
    return ore_empty(shape, ORE_FLOAT32);
}

static void call_kaiming(const row *r, ore_generator *g, values *v) {
    ore_tensor *t = empty_of_args(r);
    ore_nonlinearity follows = ORE_GAIN_LEAKY_RELU;
    if (strstr(r->args, "tanh"))
        follows = ORE_GAIN_TANH;
    else if (strstr(r->args, "relu") && !strstr(r->args, "leaky"))
        follows = ORE_GAIN_RELU;
    ore_fan_mode mode = strstr(r->args, "fan_out") ? ORE_FAN_OUT : ORE_FAN_IN;
    double a = strstr(r->args, "a=sqrt5") ? sqrt(5) : 0;
    if (strcmp(r->call, "kaiming_uniform_") == 0)
        take(v, ore_init_kaiming_uniform(t, a, mode, follows, g));
    else
        take(v, ore_init_kaiming_normal(t, a, mode, follows, g));
}

static void call_xavier_uniform(const row *r, ore_generator *g, values *v) {
    take(v, ore_init_xavier_uniform(empty_of_args(r), 1, g));
}

static void call_xavier_normal(const row *r, ore_generator *g, values *v) {
    take(v, ore_init_xavier_normal(empty_of_args(r), 5.0 / 3, g));
}

static void call_init_normal(const row *r, ore_generator *g, values *v) {
    take(v, ore_init_normal(empty_of_args(r), 0, 0.02, g));
}

static void call_trunc_normal(const row *r, ore_generator *g, values *v) {
    take(v, ore_init_trunc_normal(empty_of_args(r), 0, 0.02, -2, 2, g));
}

/* nn.Linear's weight, and that of the convolutions. */
static ore_tensor *linear_weight(ore_shape shape, ore_generator *g) {
    return ore_init_kaiming_uniform(ore_empty(shape, ORE_FLOAT32), sqrt(5), ORE_FAN_IN,
                                    ORE_GAIN_LEAKY_RELU, g);
}

static ore_tensor *uniform_within(ore_shape shape, double bound, ore_generator *g) {
    return ore_init_uniform(ore_empty(shape, ORE_FLOAT32), -bound, bound, g);
}

static void take_weight_and_bias(values *v, ore_shape shape, ore_generator *g) {
    ore_tensor *weight = linear_weight(shape, g);
    take(v, weight);
    double fan_in = (double)ore_numel(weight) / (double)shape.dim[0];
    take(v, uniform_within(ORE_SHAPE(shape.dim[0]), 1 / sqrt(fan_in), g));
}

static void call_linear(const row *r, ore_generator *g, values *v) {
    (void)r;
    take_weight_and_bias(v, ORE_SHAPE(3, 5), g);
}

static void call_two_linears(const row *r, ore_generator *g, values *v) {
    (void)r;
    take_weight_and_bias(v, ORE_SHAPE(6, 4), g);
    take(v, linear_weight(ORE_SHAPE(2, 6), g));
}

static void call_embedding(const row *r, ore_generator *g, values *v) {
    (void)r;
    take(v, ore_init_normal(ore_empty(ORE_SHAPE(7, 3), ORE_FLOAT32), 0, 1, g));
}

/* Takes the parameters of a tree in order, and frees it. */
static void take_parameters(values *v, ore_module *root) {
    ore_tensor_list parameters = ore_module_parameters(root);
    for (int64_t i = 0; i < parameters.count; i++)
        take(v, parameters.items[i].tensor);
    ore_tensor_list_free(&parameters);
    ore_module_free(root);
}

static void call_conv1d(const row *r, ore_generator *g, values *v) {
    (void)r;
    ore_conv1d conv;
    ore_conv1d_options o = ore_conv1d_defaults();
    o.generator = g;
    ore_conv1d_init(&conv, NULL, NULL, 2, 3, 3, &o);
    take_parameters(v, &conv.module);
}

/* "2,3,(3,2) groups=1" and "4,4,3 groups=2" */
static void call_conv2d(const row *r, ore_generator *g, values *v) {
    ore_conv2d conv;
    ore_conv2d_options o = ore_conv2d_defaults();
    o.generator = g;
    o.groups = strstr(r->args, "groups=2") ? 2 : 1;
    if (o.groups == 2)
        ore_conv2d_init(&conv, NULL, NULL, 4, 4, ore_both(3), &o);
    else
        ore_conv2d_init(&conv, NULL, NULL, 2, 3, (ore_pair){3, 2}, &o);
    take_parameters(v, &conv.module);
}

/* The shapes of "... | name:4x2x3 name:4", one a call; 0 dims past the last. */
static ore_shape next_parameter(const char **at) {
    ore_shape shape = {.ndim = 0};
    const char *colon = strchr(*at, ':');
    if (!colon)
        return shape;
    *at = colon;
    do {
        char *end;
        shape.dim[shape.ndim++] = strtol(*at + 1, &end, 10);
        *at = end;
    } while (**at == 'x');
    return shape;
}

/* RNN, LSTM and GRU draw all parameters alike, in their order: w_ih, w_hh, b_ih, b_hh a layer. */
static void call_recurrent(const row *r, ore_generator *g, values *v) {
    enum { HIDDEN = 4 };
    const char *at = strchr(r->args, '|');
    for (ore_shape shape = next_parameter(&at); shape.ndim; shape = next_parameter(&at))
        take(v, uniform_within(shape, 1 / sqrt(HIDDEN), g));
}

/* The outward projection is drawn first, its bias too, which then becomes zero. */
static void call_multihead(const row *r, ore_generator *g, values *v) {
    (void)r;
    enum { E = 8 };
    ore_tensor *out_weight = linear_weight(ORE_SHAPE(E, E), g);
    uniform_within(ORE_SHAPE(E), 1 / sqrt(E), g);
    take(v, ore_init_xavier_uniform(ore_empty(ORE_SHAPE(3 * E, E), ORE_FLOAT32), 1, g));
    take(v, ore_zeros(ORE_SHAPE(3 * E), ORE_FLOAT32));
    take(v, out_weight);
    take(v, ore_zeros(ORE_SHAPE(E), ORE_FLOAT32));
}

static uint64_t draw_seed(ore_generator *g) {
    return (uint64_t)ore_item_int(ore_random_(ore_empty(ORE_SHAPE(1), ORE_INT64), 0, 0, g));
}

/* The loader draws a base seed, then its sampler the seed of a generator of its own. */
static void call_loader(const row *r, ore_generator *g, values *v) {
    draw_seed(g);
    ore_generator *own = ore_generator_new(draw_seed(g));
    take(v, ore_randperm(r->n, own));
    ore_generator_free(own);
}

/* With a generator given, the sampler draws from it, and once more for its empty rest. */
static void call_loader_generator(const row *r, ore_generator *g, values *v) {
    draw_seed(g);
    take(v, ore_randperm(r->n, g));
    ore_randperm(r->n, g);
}

/* ---- the walk ---- */

typedef struct call {
    const char *name;
    void (*run)(const row *r, ore_generator *g, values *v);
    bool from_default; /* the reference drew from the default generator */
} call;

static const call calls[] = {
    {"random_i32", call_random, false},
    {"random_i64", call_random, false},
    {"random_f32", call_random, false},
    {"rand_f32", call_rand, false},
    {"rand_f64", call_rand, false},
    {"uniform_f32", call_uniform, false},
    {"uniform_f64", call_uniform, false},
    {"randn_f32", call_randn, false},
    {"randn_f64", call_randn, false},
    {"normal_f32", call_normal, false},
    {"normal_f64", call_normal, false},
    {"randint", call_randint, false},
    {"randperm", call_randperm, false},
    {"bernoulli_p_f32", call_bernoulli_p, false},
    {"bernoulli_tensor_f32", call_bernoulli_tensor, false},
    {"exponential_f32", call_exponential, false},
    {"exponential_f64", call_exponential, false},
    {"chain_normal_cache", call_normal_cache, false},
    {"chain_lecture_mlp_init", call_lecture_init, false},
    {"multinomial", call_multinomial, false},
    {"multinomial_2d", call_multinomial, false},
    {"dropout", call_dropout, true},
    {"kaiming_uniform_", call_kaiming, true},
    {"kaiming_normal_", call_kaiming, true},
    {"xavier_uniform_", call_xavier_uniform, true},
    {"xavier_normal_", call_xavier_normal, true},
    {"normal_", call_init_normal, true},
    {"trunc_normal_", call_trunc_normal, true},
    {"Linear", call_linear, true},
    {"Linear2", call_two_linears, true},
    {"Embedding", call_embedding, true},
    {"Conv1d", call_conv1d, true},
    {"Conv2d", call_conv2d, true},
    {"RNN", call_recurrent, true},
    {"LSTM", call_recurrent, true},
    {"GRU", call_recurrent, true},
    {"MultiheadAttention", call_multihead, true},
    {"dataloader_shuffle", call_loader, true},
    {"dataloader_shuffle_gen", call_loader_generator, false},
    {"random_split", call_randperm, true},
};
enum { CALLS = sizeof calls / sizeof *calls };

typedef struct score {
    int rows, passed, failed, values_off_by_a_bit;
} score;

static const call *find_call(const char *name) {
    for (int c = 0; c < CALLS; c++)
        if (strcmp(calls[c].name, name) == 0)
            return &calls[c];
    return NULL;
}

/* Splits a line at its tabs in place. */
static bool parse_row(char *line, row *r) {
    char *field[6];
    line[strcspn(line, "\n")] = 0;
    for (int f = 0; f < 6; f++) {
        field[f] = line;
        line += strcspn(line, "\t");
        if (f < 5 && !*line)
            return false;
        if (*line)
            *line++ = 0;
    }
    *r = (row){.call = field[0], .args = field[3], .wanted = field[5]};
    r->seed = strtoull(field[1], NULL, 10);
    r->n = atol(field[2]);
    r->after = (int32_t)atol(field[4]);
    return true;
}

/* 0: the same; 1: next to it; 2: further away. */
static int distance(double got, double wanted, ore_dtype dtype) {
    if (got == wanted)
        return 0;
    double next = dtype == ORE_FLOAT32 ? (double)nextafterf((float)wanted, (float)got)
                                       : nextafter(wanted, got);
    return next == got ? 1 : 2;
}

static bool compare(const row *r, const values *v, int off_most, score *s) {
    char *at = r->wanted;
    for (int i = 0; i < v->n; i++) {
        char *end;
        int off;
        if (v->dtype[i] == ORE_FLOAT32)
            off = distance(v->real[i], (double)strtof(at, &end), ORE_FLOAT32);
        else if (v->dtype[i] == ORE_FLOAT64)
            off = distance(v->real[i], strtod(at, &end), ORE_FLOAT64);
        else
            off = strtoll(at, &end, 10) == v->integer[i] ? 0 : 2;
        if (end == at || off > off_most) {
            print_message("%s seed %llu n %lld %s: value %d is %.17g %lld, expected %.24s\n",
                          r->call, (unsigned long long)r->seed, (long long)r->n, r->args, i,
                          v->real[i], (long long)v->integer[i], at);
            return false;
        }
        s->values_off_by_a_bit += off;
        at = end;
    }
    return at[strspn(at, " ")] == 0;
}

static bool run_row(const row *r, const call *c, unsigned variant, score *s) {
    static values v;
    memset(&v, 0, sizeof v);
    ore_generator *own = c->from_default ? NULL : ore_generator_new(r->seed);
    if (c->from_default)
        ore_manual_seed(r->seed);
    ore_generator_set_variant(own, variant);
    ore_scope_begin();
    c->run(r, own, &v);
    int64_t after = ore_item_int(ore_random_(ore_empty(ORE_SHAPE(1), ORE_INT32), 0, 0, own));
    ore_scope_end();
    ore_generator_free(own);
    ore_generator_set_variant(NULL, ORE_RANDOM_DEFAULT);
    bool fused = (variant & ORE_RANDOM_AVX2) && strcmp(c->name, "trunc_normal_") == 0;
    bool same = compare(r, &v, fused ? 1 : 0, s);
    if (after != r->after)
        print_message("%s seed %llu n %lld %s: the word after the call is %lld, expected %d\n",
                      r->call, (unsigned long long)r->seed, (long long)r->n, r->args,
                      (long long)after, r->after);
    return same && after == r->after && ore_ok();
}

/* Every row of the file must be known here, and pass. */
static void walk(const char *path, unsigned variant) {
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    static char line[1 << 16];
    score scores[CALLS] = {{0, 0, 0, 0}};
    int passed = 0, failed = 0;
    while (fgets(line, sizeof line, f)) {
        row r;
        if (line[0] == '#')
            continue;
        assert_true(parse_row(line, &r));
        const call *c = find_call(r.call);
        if (!c)
            fail_msg("%s: no such call in this test", r.call);
        score *s = &scores[c - calls];
        s->rows++;
        if (run_row(&r, c, variant, s))
            s->passed++;
        else
            s->failed++;
        ore_error_clear();
    }
    fclose(f);
    for (int c = 0; c < CALLS; c++) {
        const score *s = &scores[c];
        print_message("%-24s rows %3d passed %3d failed %3d values off by a bit %d\n",
                      calls[c].name, s->rows, s->passed, s->failed, s->values_off_by_a_bit);
        assert_true(s->rows > 0);
        passed += s->passed;
        failed += s->failed;
    }
    print_message("rows passed %d, failed %d\n", passed, failed);
    assert_int_equal(failed, 0);
    assert_int_equal(passed, 975);
}

static void test_scalar_streams(void **state) {
    (void)state;
    walk(ORE_TEST_DIR "/golden/rng_scalar.tsv", ORE_RANDOM_DEFAULT);
}

static void test_avx2_streams(void **state) {
    (void)state;
    walk(ORE_TEST_DIR "/golden/rng_avx2.tsv", ORE_RANDOM_AVX2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scalar_streams),
        cmocka_unit_test(test_avx2_streams),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
