/* debugging.c: finding out what a model does. Three faults are planted in a small model: a
 * parameter that takes no part, a log of zero, and a slow operation.
 *
 * build: cc examples/debugging.c $(pkg-config --cflags --libs ore) -o debugging */
#include <stdio.h>

#include <ore/ore.h>

/* ---- a model that predicts the rate of something from 8 numbers ---- */

typedef struct rate_net {
    ore_module module, body; /* body: what turns x into rates above 0 */
    ore_linear up, down, head;
    ore_linear spare; /* fault: forward forgets it */
    bool takes_log;   /* fault: of a relu, which has zeros */
    bool takes_loop;  /* fault: one row after the other */
} rate_net;

static void rate_net_init(rate_net *net) {
    ore_module_init(&net->module, NULL, NULL);
    ore_module_init(&net->body, &net->module, "body");
    ore_linear_init(&net->up, &net->body, "up", 8, 16, NULL);
    ore_linear_init(&net->down, &net->body, "down", 16, 8, NULL);
    ore_linear_init(&net->head, &net->module, "head", 8, 1, NULL);
    ore_linear_init(&net->spare, &net->module, "spare", 8, 1, NULL);
    net->takes_log = net->takes_loop = false;
}

/* What one ore_square would do, a row at a time. */
static ore_tensor *square_rows(ore_tensor *x) {
    ore_tensor *rows[64]; /* N at most */
    int n = (int)ore_size(x, 0);
    for (int i = 0; i < n; i++)
        rows[i] = ore_square(ore_select(x, 0, i));
    return ore_stack(rows, n, 0);
}

static ore_tensor *body_forward(const rate_net *net, ore_tensor *x) { /* (N, 8) -> (N, 8) */
    if (!ore_module_begin(&net->body))
        return NULL;
    ore_tensor *h = ore_linear_forward(&net->up, x); /* (N, 16) */
    h = net->takes_loop ? square_rows(h) : ore_square(h);
    h = ore_relu(ore_linear_forward(&net->down, h)); /* (N, 8) */
    if (net->takes_log)
        h = ore_log(h);
    return ore_module_result(&net->body, h);
}

static ore_tensor *net_forward(void *user) { /* (N, 1), of 32 rows */
    const rate_net *net = user;
    if (!ore_module_begin(&net->module))
        return NULL;
    ore_tensor *x = ore_ones(ORE_SHAPE(32, 8), ORE_FLOAT32);
    ore_tensor *y = ore_linear_forward(&net->head, body_forward(net, x));
    ore_module_end(&net->module);
    return y;
}

static ore_status step(rate_net *net) {
    return ore_backward(ore_mean(ore_square(net_forward(net)), ORE_ALL, false));
}

static void print(char *text) {
    printf("%s\n", text ? text : ore_error_message());
    ore_string_free(text);
    ore_error_clear();
}

/* ---- what the page docs/guide/debugging.md shows ---- */

static void side_by_side(void) {
    ore_tensor *a = ore_reshape(ore_arange(0, 6, 1, ORE_FLOAT32), ORE_SHAPE(3, 2));
    ore_tensor *b = ore_arange(0, 2, 1, ORE_FLOAT32);
    ore_text_item parts[] = {{.name = "A", .tensor = a}, {.name = "b", .tensor = b}};
    char *column = ore_text_v(2, parts, true); /* names, shapes and dtypes */
    ore_text_item all[] = {{.name = "A b", .tensor = ore_matmul(a, b)},
                           {.name = "of", .text = column}};
    print(ore_text_h(2, all, false));
    ore_string_free(column);
}

static void audit(rate_net *net) {
    step(net);
    print(ore_audit_text(&net->module));
    ore_tensor_list unused = ore_audit(&net->module); /* the same, to act on */
    for (int64_t i = 0; i < unused.count; i++)
        ore_set_requires_grad(unused.items[i].tensor, false);
    ore_tensor_list_free(&unused);
}

static void anomaly(rate_net *net) {
    net->takes_log = true;
    ore_set_detect_anomaly(true);
    if (ore_detect_anomaly() && step(net) != ORE_OK)
        printf("%.47s ..\n\n", ore_error_message());
    ore_error_clear();
    ore_set_detect_anomaly(false);
    net->takes_log = false;
}

/* The operation that is called most, and what the trace is for. */
static void profile(rate_net *net, bool loop) {
    ore_profile *p = ore_profile_new();
    net->takes_loop = loop;
    ore_profile_begin(p);
    step(net);
    ore_profile_end(p);
    const ore_profile_row *rows, *most;
    int64_t count = ore_profile_by_operation(p, &rows);
    most = rows;
    for (int64_t i = 1; i < count; i++)
        most = rows[i].calls > most->calls ? &rows[i] : most;
    printf("%s: %lld kinds of operations, ", loop ? "with the loop" : "without", (long long)count);
    printf("%lld calls of %s\n", (long long)most->calls, most->name);
    count = ore_profile_by_module(p, &rows); /* time and memory of each module */
    ore_string_free(ore_profile_text(p));    /* both as tables */
    ore_profile_save_trace(p, "debugging-trace.json");
    ore_profile_free(p);
}

int main(void) {
    rate_net net;
    ore_manual_seed(1);
    rate_net_init(&net);
    side_by_side();
    print(ore_summary_text_of(&net.module, net_forward, &net));
    audit(&net);
    anomaly(&net);
    profile(&net, true);
    profile(&net, false);
    ore_module_free(&net.module);
    return ore_ok() ? 0 : 1;
}
