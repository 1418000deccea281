/* bench_cases.c: the table of kernels that `ore bench kernels` times. */
#include "bench/bench_cases.h"

#define F32                    4.0
#define PRODUCT_BYTES(m, n, k) (F32 * ((double)(m) * (n) + (double)(n) * (k) + (double)(m) * (k)))
/* y (M, N) = x (M, K) w (N, K)^T + b: forward; a plain product; a product with A transposed. */
#define LINEAR(m, n, k)                                                                            \
    {                                                                                              \
        "products", "linear", "linear", #m "," #k " " #n "," #k " " #n, false,                     \
            2.0 * (m) * (n) * (k), PRODUCT_BYTES(m, n, k)                                          \
    }
#define PRODUCT(m, n, k)                                                                           \
    {                                                                                              \
        "products", "A B", "matmul", #m "," #k " " #k "," #n, false, 2.0 * (m) * (n) * (k),        \
            PRODUCT_BYTES(m, n, k)                                                                 \
    }
#define PRODUCT_TN(m, n, k)                                                                        \
    {                                                                                              \
        "products", "A^T B", "matmul_first_transposed", #k "," #m " " #k "," #n, false,            \
            2.0 * (m) * (n) * (k), PRODUCT_BYTES(m, n, k)                                          \
    }
/* An elementwise op on a float32 matrix (rows, cols), whose elements are read or written `moves`
 * times in all. */
#define MAP(name, id, rows, cols, moves, back)                                                     \
    {                                                                                              \
        "elementwise", name, id, #rows "," #cols, back, (back ? 2.0 : 1.0) * (rows) * (cols),      \
            F32 *(moves) * (rows) * (cols)                                                         \
    }
/* The same for an op on rows, with `operations` for each element. */
#define ROWS(name, id, inputs, rows, cols, operations, moves, back)                                \
    {                                                                                              \
        "rows", name, id, inputs, back, (double)(operations) * (rows) * (cols),                    \
            F32 *(moves) * (rows) * (cols)                                                         \
    }
/* Attention of `heads` heads, those of all entries together, in each of which `seen` scores of
 * queries and keys are not hidden; D channels, `elements` of q, k, v and y. Forward has 2 products
 * with the scores; backward has 5 more, and reads and writes twice as much again. */
#define HEADS(B, H, T, D) #B "," #H "," #T "," #D
#define ATTEND(name, id, inputs, heads, seen, D, elements, back)                                   \
    {                                                                                              \
        "attention", name, id, inputs, back, (back ? 14.0 : 4.0) * (heads) * (seen) * (D),         \
            F32 *(back ? 3.0 : 1.0) * (elements)                                                   \
    }
/* Causal attention computes half of the scores: T (T + 1) / 2 for each head and sequence. */
#define ATTENTION(name, B, H, T, D, back)                                                          \
    ATTEND(name, "attention_causal_usual_scale",                                                   \
           HEADS(B, H, T, D) " " HEADS(B, H, T, D) " " HEADS(B, H, T, D), (B) * (H),               \
           0.5 * (T) * ((T) + 1), D, 4.0 * (B) * (H) * (T) * (D), back)
/* An option on 12 heads of 1024 tokens, forward alone and with backward; `more` are inputs behind
 * q, k and v, of which backward makes gradients, too. */
#define OPTION_OVER(name, id, inputs, seen, elements)                                              \
    ATTEND("attention, " name, id, inputs, 12, seen, 64, elements, false),                         \
        ATTEND("attention, " name " and backward", id, inputs, 12, seen, 64, elements, true)
#define OPTION(name, id, more, seen)                                                               \
    OPTION_OVER(name, id, "1,12,1024,64 1,12,1024,64 1,12,1024,64" more, seen, 4.0 * 12 * 1024 * 64)
/* A convolution of N images of H x H in C channels, giving O channels of P x P places, by kernels
 * of K x K; arithmetic as in its equation, however few multiplications the kernel makes of it.
 * Forward 1 product, backward 2. */
#define CONVOLUTION(name, id, N, C, H, O, K, P, back)                                              \
    {                                                                                              \
        "convolutions", name, id, #N "," #C "," #H "," #H " " #O "," #C "," #K "," #K " " #O,      \
            back, (back ? 6.0 : 2.0) * (N) * (C) * (O) * (K) * (K) * (P) * (P),                    \
            F32 *(back ? 3.0 : 1.0) * ((N) * ((C) * (H) * (H) + (O) * (P) * (double)(P)) +         \
                                       (C) * (O) * (K) * (double)(K))                              \
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
    {"products", "A B, 48 of them", "matmul", "48,64,32 48,32,64", false, 2.0 * 48 * 64 * 64 * 32,
     F32 * 48 * (2 * 64 * 32 + 64 * 64)},
    ATTENTION("attention", 12, 4, 64, 32, false),
    ATTENTION("attention and backward", 12, 4, 64, 32, true),
    ATTENTION("attention", 16, 6, 256, 64, false),
    ATTENTION("attention and backward", 16, 6, 256, 64, true),
    ATTENTION("attention", 1, 12, 1024, 64, false),
    ATTENTION("attention and backward", 1, 12, 1024, 64, true),
    OPTION("all keys", "attention", "", 1024.0 * 1024),
    OPTION("bool mask", "attention_bool_mask", " b1024,1024", 1024.0 * 1024),
    OPTION("added mask", "attention_mask", " 1024,1024", 1024.0 * 1024),
    OPTION("lengths 768", "attention_long_lengths", "", 1024.0 * 768),
    OPTION("causal documents", "attention_long_documents", "", 1024.0 * 257 / 2),
    OPTION("causal window 128", "attention_long_window", "", 1024.0 * 128 - 128 * 127 / 2),
    OPTION("causal slopes", "attention_slopes_causal", " 12", 1024.0 * 1025 / 2),
    OPTION("soft cap", "attention_soft_cap", "", 1024.0 * 1024),
    OPTION_OVER("causal shared heads", "attention_shared_heads",
                "1,12,1024,64 1,3,1024,64 1,3,1024,64", 1024.0 * 1025 / 2, 2.5 * 12 * 1024 * 64),
    OPTION_OVER("128 last queries", "attention_causal_usual_scale",
                "1,12,128,64 1,12,1024,64 1,12,1024,64", 128.0 * 896 + 128 * 129 / 2,
                2.0 * 12 * (128 + 1024) * 64),
    /* two entries of 6 heads, whose first queries stand at places 1 and -1 */
    OPTION_OVER("causal starts", "attention_starts", "2,6,1024,64 2,6,1024,64 2,6,1024,64",
                (1024.0 * 1024 + 1023) / 2, 4.0 * 12 * 1024 * 64),
    CONVOLUTION("conv 3 x 3", "conv2d_many_channels", 32, 16, 28, 16, 3, 28, false),
    CONVOLUTION("conv 3 x 3 and backward", "conv2d_many_channels", 32, 16, 28, 16, 3, 28, true),
    CONVOLUTION("conv 3 x 3", "conv2d_many_channels", 32, 64, 16, 64, 3, 16, false),
    CONVOLUTION("conv 3 x 3 and backward", "conv2d_many_channels", 32, 64, 16, 64, 3, 16, true),
    CONVOLUTION("conv 3 x 3", "conv2d_many_channels", 32, 512, 2, 512, 3, 2, false),
    CONVOLUTION("conv 3 x 3 and backward", "conv2d_many_channels", 32, 512, 2, 512, 3, 2, true),
    CONVOLUTION("conv 1 x 1", "conv2d", 64, 32, 32, 128, 1, 32, false),
    CONVOLUTION("conv 1 x 1 and backward", "conv2d", 64, 32, 32, 128, 1, 32, true),
    CONVOLUTION("conv 1 x 1, stride 2", "conv2d_few_places", 32, 256, 4, 512, 1, 2, false),
    {"elementwise", "add", "add", "4096,1536 4096,1536", false, 4096.0 * 1536,
     F32 * 3 * 4096 * 1536},
    {"elementwise", "add a row", "add", "4096,1536 1536", false, 4096.0 * 1536,
     F32 * 2 * 4096 * 1536},
    MAP("exp", "exp", 768, 512, 2, false),
    MAP("log", "log", 768, 512, 2, false),
    MAP("tanh", "tanh", 768, 512, 2, false),
    MAP("sigmoid", "sigmoid", 768, 512, 2, false),
    MAP("relu", "relu", 768, 512, 2, false),
    MAP("gelu (erf)", "gelu", 768, 512, 2, false),
    MAP("gelu (tanh)", "gelu_tanh", 768, 512, 2, false),
    MAP("gelu (erf)", "gelu", 4096, 1536, 2, false),
    MAP("gelu (erf) and backward", "gelu", 4096, 1536, 6, true),
    MAP("dropout", "dropout_of_a_tenth", 4096, 384, 2, false),
    MAP("copy transposed", "clone", 4096, 1536, 2, false),
    MAP("float32 to float64", "to", 4096, 1536, 3, false),
    MAP("randn", "randn", 4096, 384, 1, false),
    MAP("sum of all", "sum", 4096, 1536, 1, false),
    MAP("sum over rows", "sum_first_dim", 4096, 1536, 1, false),
    MAP("sum over columns", "sum_last_dim", 4096, 1536, 1, false),
    ROWS("softmax", "softmax", "4096,256", 4096, 256, 3, 2, false),
    ROWS("layer norm", "layer_norm", "768,128 128 128", 768, 128, 5, 2, false),
    ROWS("layer norm", "layer_norm", "4096,384 384 384", 4096, 384, 5, 2, false),
    ROWS("layer norm and backward", "layer_norm", "4096,384 384 384", 4096, 384, 13, 6, true),
    {"rows", "batch norm 2d", "batch_norm_four_dims", "32,64,32,32 64 64", false,
     5.0 * 32 * 64 * 1024, F32 * 2 * 32 * 64 * 1024},
    {"rows", "batch norm 2d and backward", "batch_norm_four_dims", "32,64,32,32 64 64", true,
     13.0 * 32 * 64 * 1024, F32 * 6 * 32 * 64 * 1024},
    {"rows", "max pool 3 x 3, stride 2", "max_pool2d", "32,64,32,32", false, 9.0 * 32 * 64 * 256,
     F32 * 32 * 64 * (1024 + 256)},
    {"rows", "cross entropy and backward", "cross_entropy_drawn", "4096,65 i4096:65", true,
     5.0 * 4096 * 65, F32 * 3 * 4096 * 65},
    {"rows", "cross entropy and backward", "cross_entropy_drawn", "256,50257 i256:50257", true,
     5.0 * 256 * 50257, F32 * 3 * 256 * 50257},
    {"rows", "embedding and backward", "embedding_drawn", "i4096:65 65,384", true, 4096.0 * 384,
     F32 * 4 * 4096 * 384},
};

int bench_case_count(void) {
    return sizeof cases / sizeof *cases;
}

const bench_case *bench_case_at(int i) {
    return &cases[i];
}
