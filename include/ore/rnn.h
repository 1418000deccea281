/* rnn.h: recurrent layers: torch.nn.RNN, LSTM, GRU and their cells, with torch's names, orders of
 * gates and draws. The equations and the state stand in sequence.h, as do packed sequences; what
 * all layers have in common, in nn.h. */
#ifndef ORE_RNN_H
#define ORE_RNN_H

#include <ore/nn.h>
#include <ore/sequence.h>

ORE_BEGIN_DECLS

/* ---- layers over all steps of a sequence ---- */

typedef struct ore_rnn_options {
    int64_t num_layers;              /* 1: each further one reads the outputs of the one before */
    ore_recurrent_kind nonlinearity; /* ORE_RNN_TANH, or ORE_RNN_RELU: of ore_rnn alone */
    bool bias;                       /* true */
    bool batch_first;                /* false: x is (T, B, in); true: (B, T, in) */
    double dropout;                  /* 0: of the outputs of every layer but the last */
    bool bidirectional;              /* false; true: D = 2, a second direction from the end */
    int64_t proj_size;               /* 0: none; P: outputs of P numbers, of ore_lstm alone */
    ore_dtype dtype;
    ore_device device;
    ore_generator *generator; /* of the initial values */
} ore_rnn_options;
ORE_API ore_rnn_options ore_rnn_defaults(void);

/* Parameters are named as torch's state is: weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0,
 * weight_hr_l0 (a projection's), the same with _reverse, then those of l1 .. All are drawn evenly
 * from +-1 / sqrt(hidden_size), in this order. */
typedef struct ore_recurrent {
    ore_module module;
    ore_recurrent_kind kind;
    int64_t input_size, hidden_size, proj_size, num_layers;
    int directions;
    bool bias, batch_first;
    double dropout;
    ore_generator *generator; /* of dropout's draws; NULL, as after init: the default one */
} ore_recurrent;
typedef ore_recurrent ore_rnn, ore_lstm, ore_gru;

ORE_API ore_status ore_rnn_init(ore_rnn *r, ore_module *parent, const char *name,
                                int64_t input_size, int64_t hidden_size,
                                const ore_rnn_options *options);
ORE_API ore_status ore_lstm_init(ore_lstm *r, ore_module *parent, const char *name,
                                 int64_t input_size, int64_t hidden_size,
                                 const ore_rnn_options *options);
ORE_API ore_status ore_gru_init(ore_gru *r, ore_module *parent, const char *name,
                                int64_t input_size, int64_t hidden_size,
                                const ore_rnn_options *options);

/* y (T, B, D P), or (B, T, D P) with batch_first, for x (.., .., input_size); P is proj_size, or
 * hidden_size without a projection. `start` (NULL: zeros) has h (L D, B, P) and, for an LSTM, c
 * (L D, B, H), L being num_layers: layer by layer, each direction; *end, unless `end` is NULL,
 * becomes the same after the last step (it may be the struct `start`), at some cost in training. A
 * single sequence (T, in) gives (T, D P), with states (L D, P). */
ORE_API ore_tensor *ore_recurrent_forward(const ore_recurrent *r, ore_tensor *x,
                                          const ore_recurrent_state *start,
                                          ore_recurrent_state *end);
/* The same over packed sequences; batch_first does not count. States are in the order of the batch
 * before it was sorted. *y gets the outputs, and x's other tensors, or NULLs on failure. */
ORE_API ore_status ore_recurrent_forward_packed(const ore_recurrent *r,
                                                const ore_packed_sequence *x,
                                                const ore_recurrent_state *start,
                                                ore_packed_sequence *y, ore_recurrent_state *end);

/* ---- one step ---- */

typedef struct ore_rnn_cell_options {
    ore_recurrent_kind nonlinearity; /* ORE_RNN_TANH, or ORE_RNN_RELU: of ore_rnn_cell alone */
    bool bias;                       /* true */
    ore_dtype dtype;
    ore_device device;
    ore_generator *generator; /* of the initial values */
} ore_rnn_cell_options;
ORE_API ore_rnn_cell_options ore_rnn_cell_defaults(void);

typedef struct ore_recurrent_cell {
    ore_module module;
    ore_recurrent_kind kind;
    ore_recurrent_weights weights; /* weight_ih, weight_hh, bias_ih, bias_hh */
} ore_recurrent_cell;
typedef ore_recurrent_cell ore_rnn_cell, ore_lstm_cell, ore_gru_cell;

ORE_API ore_status ore_rnn_cell_init(ore_rnn_cell *c, ore_module *parent, const char *name,
                                     int64_t input_size, int64_t hidden_size,
                                     const ore_rnn_cell_options *options);
ORE_API ore_status ore_lstm_cell_init(ore_lstm_cell *c, ore_module *parent, const char *name,
                                      int64_t input_size, int64_t hidden_size,
                                      const ore_rnn_cell_options *options);
ORE_API ore_status ore_gru_cell_init(ore_gru_cell *c, ore_module *parent, const char *name,
                                     int64_t input_size, int64_t hidden_size,
                                     const ore_rnn_cell_options *options);

/* h' (B, H) for x (B, in), from h and, for an LSTM, c (B, H) of `start` (NULL: zeros); *end, unless
 * NULL, becomes h' and c'. Without B everywhere: (H) for x (in). */
ORE_API ore_tensor *ore_recurrent_cell_forward(const ore_recurrent_cell *c, ore_tensor *x,
                                               const ore_recurrent_state *start,
                                               ore_recurrent_state *end);

ORE_END_DECLS

#endif
