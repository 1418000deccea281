/* lengths.c: what padding does to a recurrent net that is not told where sequences end: to its last
 * state, to a mean loss, and to what it learns. */
#include <math.h>
#include <stdio.h>

#include <ore/ore.h>

enum { N = 900, HELD = 400, T = 40, SHORTEST = 4, BATCH = 20, STEPS = 100 };
enum { PAD, MARK_A, MARK_B, LETTERS = 9, UNITS = 16 }; /* what is no mark says nothing */

/* ---- sequences: the label is which of two marks came last ---- */

typedef struct sequences {
    int64_t ids[N][T], lengths[N], labels[N]; /* ids behind a length are PAD */
} sequences;

static void make_sequences(sequences *s) {
    ore_scope_begin();
    ore_tensor *lengths = ore_randint(SHORTEST, T + 1, ORE_SHAPE(N), ORE_INT64, NULL);
    ore_tensor *ids = ore_randint(1, LETTERS, ORE_SHAPE(N, T), ORE_INT64, NULL);
    for (int n = 0; ore_ok() && n < N; n++) {
        s->lengths[n] = ((const int64_t *)ore_data(lengths))[n];
        s->ids[n][0] = MARK_A; /* so that each has one */
        for (int64_t t = 1; t < s->lengths[n]; t++)
            s->ids[n][t] = ((const int64_t *)ore_data(ids))[n * T + t];
        for (int64_t t = 0; t < s->lengths[n]; t++)
            if (s->ids[n][t] == MARK_A || s->ids[n][t] == MARK_B)
                s->labels[n] = s->ids[n][t] == MARK_B;
    }
    ore_scope_end();
}

/* ---- a recurrent net, which reads padding or is told the lengths ---- */

typedef struct net {
    ore_module root;
    ore_embedding table; /* (LETTERS, UNITS) */
    ore_rnn rnn;
    ore_linear head;
} net;

static void net_init(net *m, int64_t outputs) {
    ore_embedding_options e = ore_embedding_defaults();
    ore_rnn_options r = ore_rnn_defaults();
    ore_linear_options h = ore_linear_defaults();
    e.dtype = r.dtype = h.dtype = ORE_FLOAT64; /* the same digits on every processor */
    r.batch_first = true;
    ore_manual_seed(1);
    ore_module_init(&m->root, NULL, NULL);
    ore_embedding_init(&m->table, &m->root, "table", LETTERS, UNITS, &e);
    ore_rnn_init(&m->rnn, &m->root, "rnn", UNITS, UNITS, &r);
    ore_linear_init(&m->head, &m->root, "head", UNITS, outputs, &h);
}

/* The states (B, UNITS) after the last step of each of B sequences: of all T, or of its own. */
static ore_tensor *last_states(const net *m, const sequences *s, int64_t first, int64_t B,
                               bool packed) {
    ore_tensor *ids = ore_from_data(s->ids[first], ORE_SHAPE(B, T), ORE_INT64);
    ore_tensor *x = ore_embedding_forward(&m->table, ids); /* (B, T, UNITS) */
    ore_recurrent_state end;
    if (packed) {
        ore_tensor *lengths = ore_from_data(s->lengths + first, ORE_SHAPE(B), ORE_INT64);
        ore_pack_options o = {.batch_first = true, .enforce_sorted = false};
        ore_packed_sequence in, out;
        ore_pack_padded_sequence(x, lengths, &o, &in);
        ore_recurrent_forward_packed(&m->rnn, &in, NULL, &out, &end);
    } else {
        ore_recurrent_forward(&m->rnn, x, NULL, &end);
    }
    return ore_ok() ? ore_select(end.h, 0, 0) : NULL;
}

/* ---- 1. the last state ---- */

static double distance(ore_tensor *a, ore_tensor *b) {
    return sqrt(ore_item(ore_sum(ore_square(ore_sub(a, b)), ORE_ALL, false)));
}

static void compare_states(const sequences *s) {
    net m;
    int64_t n = 0, alone_ids[T];
    while (s->lengths[n] != SHORTEST)
        n++;
    for (int t = 0; t < SHORTEST; t++)
        alone_ids[t] = s->ids[n][t];
    net_init(&m, 2);
    ore_no_grad_begin();
    ore_tensor *alone = ore_from_data(alone_ids, ORE_SHAPE(1, SHORTEST), ORE_INT64);
    ore_recurrent_state end;
    ore_recurrent_forward(&m.rnn, ore_embedding_forward(&m.table, alone), NULL, &end);
    ore_tensor *h = ore_ok() ? ore_select(end.h, 0, 0) : NULL; /* (1, UNITS) */
    printf("the state after %d tokens has length %.3g; the last state in a row of %d is\n",
           SHORTEST, distance(h, ore_zeros_like(h)), T);
    printf("  with padding read   %.3g away from it\n",
           distance(h, last_states(&m, s, n, 1, false)));
    printf("  packed              %.3g away from it\n\n",
           distance(h, last_states(&m, s, n, 1, true)));
    ore_no_grad_end();
    ore_module_free(&m.root);
}

/* ---- 2. a mean loss ---- */

/* The loss of each next token, of tokens alone or of padding, too; tokens are random, so that no
 * net can be better than log 8 at new ones. */
static ore_tensor *next_token_loss(const net *m, const sequences *s, int64_t first, bool padding) {
    ore_tensor *ids = ore_from_data(s->ids[first], ORE_SHAPE(BATCH, T), ORE_INT64);
    ore_tensor *x = ore_embedding_forward(&m->table, ore_narrow(ids, 1, 0, T - 1));
    ore_tensor *y = ore_recurrent_forward(&m->rnn, x, NULL, NULL); /* (BATCH, T - 1, UNITS) */
    ore_tensor *logits = ore_flatten(ore_linear_forward(&m->head, y), 0, 1);
    ore_cross_entropy_options o = ore_cross_entropy_defaults();
    o.ignore_index = padding ? -1 : PAD;
    return ore_cross_entropy(logits, ore_flatten(ore_narrow(ids, 1, 1, T - 1), 0, 1), &o);
}

/* ---- 3. what is learnt ---- */

static ore_tensor *label_loss(const net *m, const sequences *s, int64_t first, bool packed) {
    ore_tensor *labels = ore_from_data(s->labels + first, ORE_SHAPE(BATCH), ORE_INT64);
    ore_tensor *logits = ore_linear_forward(&m->head, last_states(m, s, first, BATCH, packed));
    return ore_cross_entropy(logits, labels, NULL);
}

typedef ore_tensor *(*loss_function)(const net *m, const sequences *s, int64_t first, bool choice);

static void train(net *m, const sequences *s, loss_function loss_of, bool choice) {
    ore_adam_options o = ore_adam_defaults();
    o.lr = 0.01;
    ore_optimizer *optimizer = ore_adam_new(&m->root, &o);
    for (int64_t i = 0; i < STEPS && ore_ok(); i++) {
        ore_scope_begin();
        ore_optimizer_zero_grad(optimizer);
        ore_backward(loss_of(m, s, HELD + i * BATCH % (N - HELD), choice));
        ore_optimizer_step(optimizer);
        ore_scope_end();
    }
    ore_optimizer_free(optimizer);
}

static void compare_losses(const sequences *s) {
    for (int padding = 1; padding >= 0; padding--) {
        net m;
        net_init(&m, LETTERS);
        train(&m, s, next_token_loss, padding);
        ore_no_grad_begin();
        printf("trained with padding %s: loss %.2f where padding counts, %.2f of tokens alone\n",
               padding ? "counted" : "ignored", ore_item(next_token_loss(&m, s, 0, true)),
               ore_item(next_token_loss(&m, s, 0, false)));
        ore_no_grad_end();
        ore_module_free(&m.root);
    }
}

/* Shares of right answers about held-out sequences, by how much padding follows them. */
static void compare_answers(const sequences *s) {
    printf("\n%-14s%10s%10s%10s%10s\n", "padding", "0-9", "10-19", "20-29", "30-36");
    for (int packed = 0; packed < 2; packed++) {
        net m;
        int right[4] = {0}, all[4] = {0};
        net_init(&m, 2);
        train(&m, s, label_loss, packed);
        ore_no_grad_begin();
        ore_tensor *guess =
            ore_argmax(ore_linear_forward(&m.head, last_states(&m, s, 0, HELD, packed)), 1, false);
        for (int n = 0; ore_ok() && n < HELD; n++) {
            int64_t part = (T - s->lengths[n]) / 10;
            all[part]++;
            right[part] += ((const int64_t *)ore_data(guess))[n] == s->labels[n];
        }
        ore_no_grad_end();
        printf("%-14s", packed ? "packed" : "read");
        for (int part = 0; part < 4; part++)
            printf("%9.0f%%", 100.0 * right[part] / (all[part] ? all[part] : 1));
        printf("\n");
        ore_module_free(&m.root);
    }
}

int main(void) {
    static sequences s;
    ore_manual_seed(1);
    make_sequences(&s);
    ore_scope_begin();
    compare_states(&s);
    compare_losses(&s);
    compare_answers(&s);
    ore_scope_end();
    if (!ore_ok())
        fprintf(stderr, "%s\n", ore_error_message());
    return ore_ok() ? 0 : 1;
}
