/* bench_cases.c: the table of kernels that `ore bench kernels` times. */
#include "bench/bench_cases.h"

/* ---- calls ---- */

static ore_tensor *linear(ore_tensor *const *x) {
    return ore_f_linear(x[0], x[1], x[2]);
}

static ore_tensor *product(ore_tensor *const *x) {
    return ore_matmul(x[0], x[1]);
}

/* The gradient of a weight: the first operand transposed. */
static ore_tensor *product_tn(ore_tensor *const *x) {
    return ore_matmul(ore_t(x[0]), x[1]);
}

static ore_tensor *add(ore_tensor *const *x) {
    return ore_add(x[0], x[1]);
}

static ore_tensor *clone_transposed(ore_tensor *const *x) {
    return ore_clone(ore_t(x[0]));
}

static ore_tensor *to_float64(ore_tensor *const *x) {
    return ore_to(x[0], ORE_FLOAT64);
}

#define UNARY(name)                                                                                \
    static ore_tensor *map_##name(ore_tensor *const *x) {                                          \
        return ore_##name(x[0]);                                                                   \
    }
UNARY(exp)
UNARY(log)
UNARY(tanh)
UNARY(sigmoid)
UNARY(relu)
UNARY(gelu)
UNARY(gelu_tanh)
#undef UNARY

static ore_tensor *sum_all(ore_tensor *const *x) {
    return ore_sum(x[0], ORE_ALL, false);
}

static ore_tensor *sum_rows(ore_tensor *const *x) {
    return ore_sum(x[0], ORE_DIMS(0), false);
}

static ore_tensor *sum_cols(ore_tensor *const *x) {
    return ore_sum(x[0], ORE_DIMS(1), false);
}

static ore_tensor *softmax(ore_tensor *const *x) {
    return ore_softmax(x[0], -1);
}

static ore_tensor *layer_norm(ore_tensor *const *x) {
    return ore_f_layer_norm(x[0], ore_shape_of(x[1]), x[1], x[2], 1e-5);
}

static ore_tensor *cross_entropy(ore_tensor *const *x) {
    return ore_cross_entropy(x[0], x[1], NULL);
}

static ore_tensor *embedding(ore_tensor *const *x) {
    return ore_f_embedding(x[0], x[1], -1);
}

static ore_tensor *attention(ore_tensor *const *x) {
    ore_attention_options o = ore_attention_defaults();
    o.causal = true;
    return ore_attention(x[0], x[1], x[2], &o);
}

static ore_tensor *dropout(ore_tensor *const *x) {
    return ore_f_dropout(x[0], 0.1, true, ore_default_generator());
}

static ore_tensor *normal(ore_tensor *const *x) {
    return ore_randn(ore_shape_of(x[0]), ORE_FLOAT32, ore_default_generator());
}

/* ---- the table ---- */

#define F32                    4.0
#define MATRIX(rows, cols)     ORE_SHAPE(rows, cols)
#define PRODUCT_BYTES(m, n, k) (F32 * ((double)(m) * (n) + (double)(n) * (k) + (double)(m) * (k)))
/* y (M, N) = x (M, K) w (N, K)^T + b: forward; a plain product; a product with A transposed. */
#define LINEAR(m, n, k)                                                                            \
    {                                                                                              \
        "products", "linear", {{MATRIX(m, k), 0}, {MATRIX(n, k), 0}, {ORE_SHAPE(n), 0}}, false,    \
            2.0 * (m) * (n) * (k), PRODUCT_BYTES(m, n, k), linear                                  \
    }
#define PRODUCT(m, n, k)                                                                           \
    {                                                                                              \
        "products", "A B", {{MATRIX(m, k), 0}, {MATRIX(k, n), 0}}, false, 2.0 * (m) * (n) * (k),   \
            PRODUCT_BYTES(m, n, k), product                                                        \
    }
#define PRODUCT_TN(m, n, k)                                                                        \
    {                                                                                              \
        "products", "A^T B", {{MATRIX(k, m), 0}, {MATRIX(k, n), 0}}, false, 2.0 * (m) * (n) * (k), \
            PRODUCT_BYTES(m, n, k), product_tn                                                     \
    }
/* `count` elements of float32, the shape (rows, cols), that move `moves` times. */
#define MAP(name, fn, rows, cols, moves, back)                                                     \
    {                                                                                              \
        "elementwise", name, {{MATRIX(rows, cols), 0}}, back,                                      \
            (back ? 2.0 : 1.0) * (rows) * (cols), F32 *(moves) * (rows) * (cols), fn               \
    }
#define ROWS(name, fn, rows, cols, operations, moves, back)                                        \
    {                                                                                              \
        "rows", name, {{MATRIX(rows, cols), 0}, {ORE_SHAPE(cols), 0}, {ORE_SHAPE(cols), 0}}, back, \
            (double)(operations) * (rows) * (cols), F32 *(moves) * (rows) * (cols), fn             \
    }
/* Causal: half of the scores. Forward 2 products, backward 5. */
#define HEADS(B, H, T, D) ORE_SHAPE(B, H, T, D)
#define ATTENTION(name, B, H, T, D, back)                                                          \
    {                                                                                              \
        "attention", name,                                                                         \
            {{HEADS(B, H, T, D), 0}, {HEADS(B, H, T, D), 0}, {HEADS(B, H, T, D), 0}}, back,        \
            (back ? 7.0 : 2.0) * (B) * (H) * (T) * ((T) + 1) * (D),                                \
            F32 *(back ? 12.0 : 4.0) * (B) * (H) * (T) * (D), attention                            \
    }

static const bench_case cases[] = {
    LINEAR(768, 384, 128),
    LINEAR(768, 128, 512),
    LINEAR(4096, 1536, 384),
    LINEAR(256, 2304, 768),
    LINEAR(1024, 3072, 768),
    LINEAR(256, 50257, 768),
    LINEAR(1, 768, 768),
    LINEAR(32, 200, 30),
    PRODUCT(768, 128, 512),
    PRODUCT(4096, 384, 1536),
    PRODUCT_TN(512, 128, 768),
    PRODUCT_TN(1536, 384, 4096),
    {"products",
     "A B, 48 of them",
     {{ORE_SHAPE(48, 64, 32), 0}, {ORE_SHAPE(48, 32, 64), 0}},
     false,
     2.0 * 48 * 64 * 64 * 32,
     F32 * 48 * (2 * 64 * 32 + 64 * 64),
     product},
    ATTENTION("attention", 12, 4, 64, 32, false),
    ATTENTION("attention and backward", 12, 4, 64, 32, true),
    ATTENTION("attention", 16, 6, 256, 64, false),
    ATTENTION("attention and backward", 16, 6, 256, 64, true),
    ATTENTION("attention", 1, 12, 1024, 64, false),
    ATTENTION("attention and backward", 1, 12, 1024, 64, true),
    {"elementwise",
     "add",
     {{MATRIX(4096, 1536), 0}, {MATRIX(4096, 1536), 0}},
     false,
     4096.0 * 1536,
     F32 * 3 * 4096 * 1536,
     add},
    {"elementwise",
     "add a row",
     {{MATRIX(4096, 1536), 0}, {ORE_SHAPE(1536), 0}},
     false,
     4096.0 * 1536,
     F32 * 2 * 4096 * 1536,
     add},
    MAP("exp", map_exp, 768, 512, 2, false),
    MAP("log", map_log, 768, 512, 2, false),
    MAP("tanh", map_tanh, 768, 512, 2, false),
    MAP("sigmoid", map_sigmoid, 768, 512, 2, false),
    MAP("relu", map_relu, 768, 512, 2, false),
    MAP("gelu (erf)", map_gelu, 768, 512, 2, false),
    MAP("gelu (tanh)", map_gelu_tanh, 768, 512, 2, false),
    MAP("gelu (erf)", map_gelu, 4096, 1536, 2, false),
    MAP("gelu (erf) and backward", map_gelu, 4096, 1536, 6, true),
    MAP("dropout", dropout, 4096, 384, 2, false),
    MAP("copy transposed", clone_transposed, 4096, 1536, 2, false),
    MAP("float32 to float64", to_float64, 4096, 1536, 3, false),
    MAP("randn", normal, 4096, 384, 1, false),
    MAP("sum of all", sum_all, 4096, 1536, 1, false),
    MAP("sum over rows", sum_rows, 4096, 1536, 1, false),
    MAP("sum over columns", sum_cols, 4096, 1536, 1, false),
    ROWS("softmax", softmax, 4096, 256, 3, 2, false),
    ROWS("layer norm", layer_norm, 768, 128, 5, 2, false),
    ROWS("layer norm", layer_norm, 4096, 384, 5, 2, false),
    ROWS("layer norm and backward", layer_norm, 4096, 384, 13, 6, true),
    {"rows",
     "cross entropy and backward",
     {{MATRIX(4096, 65), 0}, {ORE_SHAPE(4096), 65}},
     true,
     5.0 * 4096 * 65,
     F32 * 3 * 4096 * 65,
     cross_entropy},
    {"rows",
     "cross entropy and backward",
     {{MATRIX(256, 50257), 0}, {ORE_SHAPE(256), 50257}},
     true,
     5.0 * 256 * 50257,
     F32 * 3 * 256 * 50257,
     cross_entropy},
    {"rows",
     "embedding and backward",
     {{ORE_SHAPE(4096), 65}, {MATRIX(65, 384), 0}},
     true,
     4096.0 * 384,
     F32 * 4 * 4096 * 384,
     embedding},
};

int bench_case_count(void) {
    return sizeof cases / sizeof *cases;
}

const bench_case *bench_case_at(int i) {
    return &cases[i];
}
