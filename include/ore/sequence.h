/* sequence.h: sequences of unequal lengths, and recurrent layers over them: torch.nn.utils.rnn and
 * the functions behind torch.nn.RNN, LSTM and GRU. The layers themselves are in rnn.h. */
#ifndef ORE_SEQUENCE_H
#define ORE_SEQUENCE_H

#include <ore/ops.h>

ORE_BEGIN_DECLS

/* ---- packed and padded sequences (src/ops/packed.c) ---- */

/* B sequences without padding, sorted from the longest to the shortest: the rows of step 0 of all
 * of them, then those of step 1 of the sequences that have one, and so on: N rows in all. The
 * tensors belong to scopes, as all results do. */
typedef struct ore_packed_sequence {
    ore_tensor *data;             /* (N, ..) */
    ore_tensor *batch_sizes;      /* (T) int64 on the CPU: how many sequences have step t */
    ore_tensor *sorted_indices;   /* (B) int64: where sequence i of data stood in the batch; NULL
                                     where the batch was sorted */
    ore_tensor *unsorted_indices; /* (B) int64: the way back, or NULL */
} ore_packed_sequence;

typedef struct ore_pack_options {
    bool batch_first;    /* false: x is (T, B, ..); true: (B, T, ..) */
    bool enforce_sorted; /* true: lengths must not grow; false: they are sorted here */
} ore_pack_options;
ORE_API ore_pack_options ore_pack_defaults(void);

/* Packs x (T, B, ..), of which sequence b has the first lengths[b] steps; lengths (B) are int64 on
 * the CPU. ORE_INVALID, naming index and values, for a length below 1 or above T and, with
 * enforce_sorted, for one above the length before it. Fills *packed; on failure with NULLs. */
ORE_API ore_status ore_pack_padded_sequence(ore_tensor *x, ore_tensor *lengths,
                                            const ore_pack_options *options,
                                            ore_packed_sequence *packed);

typedef struct ore_pad_packed_options {
    bool batch_first;     /* false */
    double padding_value; /* 0 */
    int64_t total_length; /* 0: the longest sequence's; else T of the result, no less than that */
} ore_pad_packed_options;
ORE_API ore_pad_packed_options ore_pad_packed_defaults(void);

/* The way back: (T, B, ..) in the order of the batch, padded behind each sequence. *lengths, unless
 * NULL, becomes (B) int64. ORE_INVALID for what is no packed sequence. */
ORE_API ore_tensor *ore_pad_packed_sequence(const ore_packed_sequence *packed,
                                            const ore_pad_packed_options *options,
                                            ore_tensor **lengths);

typedef struct ore_pad_options {
    bool batch_first;     /* false */
    double padding_value; /* 0 */
} ore_pad_options;
ORE_API ore_pad_options ore_pad_defaults(void);

/* n sequences (L_i, ..), of one dtype and alike but for L_i, side by side in (T, n, ..), T being
 * the longest's length. ORE_INVALID, naming the sequence, for one that is unlike the first. */
ORE_API ore_tensor *ore_pad_sequence(ore_tensor *const *sequences, int64_t n,
                                     const ore_pad_options *options);
/* The same, packed; enforce_sorted as above. */
ORE_API ore_status ore_pack_sequence(ore_tensor *const *sequences, int64_t n, bool enforce_sorted,
                                     ore_packed_sequence *packed);

/* ---- one recurrent layer (src/ops/recurrent.c) ---- */

/* With H units, W x + b for gates of H rows each, stacked in this order:
 *     RNN   h' = tanh or relu (W_ih x + b_ih + W_hh h + b_hh)
 *     LSTM  i, f, g, o: c' = f c + i g, h' = o tanh c'; i, f, o sigmoids, g a tanh
 *     GRU   r, z, n: h' = (1 - z) n + z h, n = tanh(W_in x + b_in + r (W_hn h + b_hn)) */
typedef enum ore_recurrent_kind {
    ORE_RNN_TANH,
    ORE_RNN_RELU,
    ORE_LSTM,
    ORE_GRU
} ore_recurrent_kind;

/* Of one direction; G is the number of gates (1, 4 or 3). An LSTM with a projection hr has outputs
 * of P numbers, h' = W_hr (o tanh c'); otherwise P is H. */
typedef struct ore_recurrent_weights {
    ore_tensor *ih;                /* (G H, in) */
    ore_tensor *hh;                /* (G H, P) */
    ore_tensor *bias_ih, *bias_hh; /* (G H), or NULL */
    ore_tensor *hr;                /* (P, H), or NULL */
} ore_recurrent_weights;

/* What a layer carries from step to step: h (D, B, P), and c (D, B, H) of an LSTM, NULL
 * otherwise. */
typedef struct ore_recurrent_state {
    ore_tensor *h, *c;
} ore_recurrent_state;

typedef struct ore_f_recurrent_options {
    ore_recurrent_kind kind; /* ORE_RNN_TANH */
    int directions;          /* D: 1, or 2: a second one reads each sequence from its end */
    bool batch_first;        /* false: x is (T, B, in); true: (B, T, in); not for packed x */
    ore_tensor *batch_sizes; /* of a packed sequence, whose data x then is; or NULL */
} ore_f_recurrent_options;
ORE_API ore_f_recurrent_options ore_f_recurrent_defaults(void);

/* All steps of one layer as one operation: y (T, B, D P), laid out as x is, the directions' outputs
 * side by side. `weights` has D entries. `start` (NULL, or a NULL in it: zeros) is the state before
 * the first step; *end, unless `end` is NULL, becomes that after each sequence's last, and may be
 * the struct `start`. All floating tensors have one dtype. torch: what RNN, LSTM and GRU do for
 * each layer. */
ORE_API ore_tensor *ore_f_recurrent(ore_tensor *x, const ore_recurrent_state *start,
                                    const ore_recurrent_weights *weights,
                                    const ore_f_recurrent_options *options,
                                    ore_recurrent_state *end);

ORE_END_DECLS

#endif
