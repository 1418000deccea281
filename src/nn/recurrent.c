/* recurrent.c: layers of recurrent nets. Default values are drawn as PyTorch draws them, in the
 * same order. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <ore/init.h>
#include <ore/rnn.h>

#include "base/given.h"
#include "base/memory.h"
#include "nn/layer.h"
#include "nn/module.h"

static int64_t gates_of(ore_recurrent_kind kind) {
    return kind == ORE_LSTM ? 4 : kind == ORE_GRU ? 3 : 1;
}

static const char *const kind_names[] = {"rnn", "rnn", "lstm", "gru"};

/* ---- parameters of a layer ---- */

ore_rnn_options ore_rnn_defaults(void) {
    return (ore_rnn_options){.num_layers = 1,
                             .nonlinearity = ORE_RNN_TANH,
                             .bias = true,
                             .dtype = ORE_FLOAT32,
                             .device = ORE_CPU};
}

/* Numbers in each output. */
static int64_t outputs_of(const ore_recurrent *r) {
    return r->proj_size ? r->proj_size : r->hidden_size;
}

/* Slots of one layer's one direction. */
static int64_t slots_each(const ore_recurrent *r) {
    return 2 + 2 * r->bias + (r->proj_size > 0);
}

static ore_recurrent_weights weights_of(const ore_recurrent *r, int64_t layer, int direction) {
    ore_recurrent_weights w = {NULL, NULL, NULL, NULL, NULL};
    const ore_module_slot *slot =
        r->module.slots + (layer * r->directions + direction) * slots_each(r);
    w.ih = *slot++->field;
    w.hh = *slot++->field;
    if (r->bias) {
        w.bias_ih = *slot++->field;
        w.bias_hh = *slot++->field;
    }
    if (r->proj_size)
        w.hr = *slot->field;
    return w;
}

/* A parameter of the module's own, drawn. */
static void add_parameter(ore_recurrent *r, const char *what, int64_t layer, bool reverse,
                          ore_shape shape, const ore_rnn_options *o) {
    char name[64];
    double bound = 1 / sqrt((double)r->hidden_size);
    if (!ore_ok())
        return;
    ore_scope_begin();
    snprintf(name, sizeof name, "%s_l%lld%s", what, (long long)layer, reverse ? "_reverse" : "");
    ore_tensor *t = ore_init_uniform(ore_empty(shape, o->dtype), -bound, bound, o->generator);
    t = t ? ore_to_device(t, o->device) : NULL;
    if (t)
        ore_module_adopt_parameter(&r->module, name, t);
    ore_scope_end();
}

static void add_parameters(ore_recurrent *r, const ore_rnn_options *o) {
    const int64_t rows = gates_of(r->kind) * r->hidden_size, P = outputs_of(r);
    for (int64_t layer = 0; layer < r->num_layers && ore_ok(); layer++)
        for (int d = 0; d < r->directions; d++) {
            int64_t in = layer == 0 ? r->input_size : r->directions * P;
            add_parameter(r, "weight_ih", layer, d, ORE_SHAPE(rows, in), o);
            add_parameter(r, "weight_hh", layer, d, ORE_SHAPE(rows, P), o);
            if (r->bias) {
                add_parameter(r, "bias_ih", layer, d, ORE_SHAPE(rows), o);
                add_parameter(r, "bias_hh", layer, d, ORE_SHAPE(rows), o);
            }
            if (r->proj_size)
                add_parameter(r, "weight_hr", layer, d, ORE_SHAPE(P, r->hidden_size), o);
        }
}

static bool sizes_fit(const ore_recurrent *r) {
    const char *name = kind_names[r->kind];
    if (r->input_size < 1 || r->hidden_size < 1 || r->num_layers < 1)
        ore_fail(ORE_INVALID,
                 "%s: input_size %lld, hidden_size %lld, num_layers %lld, expected at least 1",
                 name, (long long)r->input_size, (long long)r->hidden_size,
                 (long long)r->num_layers);
    else if (!ore_layer_width_fits(name, "hidden_size", r->hidden_size))
        return false;
    else if (!(r->dropout >= 0 && r->dropout <= 1))
        ore_fail(ORE_INVALID, "%s: dropout %g, expected 0 .. 1", name, r->dropout);
    else if (r->proj_size != 0 && r->kind != ORE_LSTM)
        ore_fail(ORE_INVALID, "%s: proj_size %lld, which only an LSTM can have", name,
                 (long long)r->proj_size);
    else if (r->proj_size < 0 || (r->proj_size && r->proj_size >= r->hidden_size))
        ore_fail(ORE_INVALID, "%s: proj_size %lld, expected 0, or less than hidden_size %lld", name,
                 (long long)r->proj_size, (long long)r->hidden_size);
    return ore_ok();
}

static ore_tensor *recurrent_function(const ore_module *module, ore_tensor *x) {
    return ore_recurrent_forward((const ore_recurrent *)module, x, NULL, NULL);
}

static ore_status make(ore_recurrent *r, ore_module *parent, const char *name, int64_t input_size,
                       int64_t hidden_size, ore_recurrent_kind kind, const ore_rnn_options *o) {
    r->kind = kind;
    r->input_size = input_size;
    r->hidden_size = hidden_size;
    r->proj_size = o->proj_size;
    r->num_layers = o->num_layers;
    r->directions = o->bidirectional ? 2 : 1;
    r->bias = o->bias;
    r->batch_first = o->batch_first;
    r->dropout = o->dropout;
    r->generator = NULL;
    if (!ore_layer_begin(&r->module, parent, name, kind_names[kind], recurrent_function))
        return ore_error_status();
    if (sizes_fit(r))
        add_parameters(r, o);
    return ore_layer_end(&r->module);
}

ore_status ore_rnn_init(ore_rnn *r, ore_module *parent, const char *name, int64_t input_size,
                        int64_t hidden_size, const ore_rnn_options *options) {
    ore_rnn_options o = options ? *options : ore_rnn_defaults();
    bool relu = o.nonlinearity == ORE_RNN_RELU;
    return make(r, parent, name, input_size, hidden_size, relu ? ORE_RNN_RELU : ORE_RNN_TANH, &o);
}

ore_status ore_lstm_init(ore_lstm *r, ore_module *parent, const char *name, int64_t input_size,
                         int64_t hidden_size, const ore_rnn_options *options) {
    ore_rnn_options o = options ? *options : ore_rnn_defaults();
    return make(r, parent, name, input_size, hidden_size, ORE_LSTM, &o);
}

ore_status ore_gru_init(ore_gru *r, ore_module *parent, const char *name, int64_t input_size,
                        int64_t hidden_size, const ore_rnn_options *options) {
    ore_rnn_options o = options ? *options : ore_rnn_defaults();
    return make(r, parent, name, input_size, hidden_size, ORE_GRU, &o);
}

/* ---- forward ---- */

/* One call's way through the layers. */
typedef struct pass {
    const ore_recurrent *r;
    ore_f_recurrent_options options;
    ore_recurrent_state start; /* NULLs: zeros */
    ore_tensor **h, **c;       /* (num_layers) each: the last states; NULL: not wanted */
} pass;

static ore_recurrent_state state_of_layer(const pass *p, int64_t layer) {
    const int64_t D = p->r->directions;
    return (ore_recurrent_state){
        .h = p->start.h ? ore_narrow(p->start.h, 0, layer * D, D) : NULL,
        .c = p->start.c ? ore_narrow(p->start.c, 0, layer * D, D) : NULL,
    };
}

static ore_tensor *through_layers(const pass *p, ore_tensor *x) {
    const ore_recurrent *r = p->r;
    for (int64_t layer = 0; ore_ok() && layer < r->num_layers; layer++) {
        ore_recurrent_weights weights[2];
        ore_recurrent_state start = state_of_layer(p, layer), end = {NULL, NULL};
        for (int d = 0; d < r->directions; d++)
            weights[d] = weights_of(r, layer, d);
        x = ore_f_recurrent(x, &start, weights, &p->options, p->h ? &end : NULL);
        if (p->h)
            p->h[layer] = end.h, p->c[layer] = end.c;
        if (x && r->dropout > 0 && layer + 1 < r->num_layers)
            x = ore_f_dropout(x, r->dropout, r->module.training, r->generator);
    }
    return ore_ok() ? x : NULL;
}

/* Whether a start state is what the layer needs; its B is checked where its parts are used. */
static bool start_fits(const ore_recurrent *r, const ore_recurrent_state *start, int ndim) {
    const char *name = kind_names[r->kind];
    char text[ORE_SHAPE_TEXT];
    ore_tensor *states[] = {start->h, start->c};
    for (int i = 0; i < 2 && ore_ok(); i++) {
        ore_tensor *s = states[i];
        if (s && (ore_ndim(s) != ndim || ore_size(s, 0) != r->num_layers * r->directions))
            ore_fail(ORE_INVALID, "%s: the state %s is %s, expected (%lld, %s%lld)", name,
                     i ? "c" : "h", ore_shape_text(ore_shape_of(s), text),
                     (long long)(r->num_layers * r->directions), ndim == 3 ? "B, " : "",
                     (long long)(i ? r->hidden_size : outputs_of(r)));
    }
    return ore_ok();
}

/* The last states of all layers as one tensor each. */
static void join_states(const pass *p, ore_recurrent_state *end) {
    const int n = (int)p->r->num_layers;
    end->h = n == 1 ? p->h[0] : ore_cat(p->h, n, 0);
    if (p->r->kind == ORE_LSTM)
        end->c = n == 1 ? p->c[0] : ore_cat(p->c, n, 0);
}

/* y for x in the layout that p->options tell; *end as in ore_recurrent_forward. */
static ore_tensor *run_pass(pass *p, ore_tensor *x, ore_recurrent_state *end) {
    size_t n = (size_t)p->r->num_layers;
    p->options.kind = p->r->kind;
    p->options.directions = p->r->directions;
    if (!end)
        return through_layers(p, x);
    p->h = ore_alloc(2 * n * sizeof *p->h);
    if (!p->h)
        return NULL;
    p->c = p->h + n;
    ore_tensor *y = through_layers(p, x);
    if (y)
        join_states(p, end);
    void *states = p->h;
    ore_release(states);
    return ore_ok() ? y : NULL;
}

/* s with a dim of one sequence, or without it. */
static ore_tensor *with_batch(ore_tensor *s) {
    return s ? ore_unsqueeze(s, 1) : NULL;
}
static ore_tensor *without_batch(ore_tensor *s) {
    return s ? ore_squeeze(s, 1) : NULL;
}

static ore_tensor *forward(const ore_recurrent *r, ore_tensor *x, const ore_recurrent_state *start,
                           ore_recurrent_state *end) {
    if (!ore_is_given(kind_names[r->kind], "x", x))
        return NULL;
    bool single = ore_ndim(x) == 2;
    if (!start_fits(r, start, single ? 2 : 3))
        return NULL;
    pass p = {.r = r, .start = *start};
    p.options.batch_first = r->batch_first && !single;
    if (single) {
        x = with_batch(x);
        p.start = (ore_recurrent_state){with_batch(p.start.h), with_batch(p.start.c)};
    }
    /* torch's dropout draws in the order (T, B, ..) in any case */
    bool turn = p.options.batch_first && r->dropout > 0 && r->num_layers > 1 && r->module.training;
    if (turn) {
        p.options.batch_first = false;
        x = ore_ndim(x) == 3 ? ore_contiguous(ore_transpose(x, 0, 1)) : x;
    }
    ore_tensor *y = ore_ok() ? run_pass(&p, x, end) : NULL;
    y = y && turn ? ore_transpose(y, 0, 1) : y;
    if (y && single) {
        y = without_batch(y);
        if (end)
            *end = (ore_recurrent_state){without_batch(end->h), without_batch(end->c)};
    }
    return y;
}

/* Takes *start (NULL: zeros) away and empties *end, which may be the same struct. */
static ore_recurrent_state begin(const ore_recurrent_state *start, ore_recurrent_state *end) {
    ore_recurrent_state none = {NULL, NULL}, first = start ? *start : none;
    if (end)
        *end = none;
    return first;
}

ore_tensor *ore_recurrent_forward(const ore_recurrent *r, ore_tensor *x,
                                  const ore_recurrent_state *start, ore_recurrent_state *end) {
    ore_recurrent_state first = begin(start, end);
    if (!ore_module_begin(&r->module))
        return NULL;
    ore_tensor *y = forward(r, x, &first, end);
    if (!y)
        begin(NULL, end);
    return ore_module_result(&r->module, y);
}

/* ---- packed ---- */

/* s (L D, B, ..) in the order that `indices` (NULL: as it is) tells of its sequences. */
static ore_tensor *in_order(ore_tensor *s, ore_tensor *indices) {
    return s && indices ? ore_index_select(s, 1, ore_to_device(indices, ore_tensor_device(s))) : s;
}

static bool is_packed(const ore_recurrent *r, const ore_packed_sequence *x) {
    bool packed = x && x->data && x->batch_sizes;
    if (!packed)
        ore_fail(ORE_INVALID, "%s: no packed sequence", kind_names[r->kind]);
    return packed;
}

static ore_tensor *forward_packed(const ore_recurrent *r, const ore_packed_sequence *x,
                                  const ore_recurrent_state *start, ore_recurrent_state *end) {
    if (!is_packed(r, x) || !start_fits(r, start, 3))
        return NULL;
    pass p = {.r = r, .options = {.batch_sizes = x->batch_sizes}};
    p.start.h = in_order(start->h, x->sorted_indices);
    p.start.c = in_order(start->c, x->sorted_indices);
    ore_tensor *y = ore_ok() ? run_pass(&p, x->data, end) : NULL;
    if (y && end) {
        end->h = in_order(end->h, x->unsorted_indices);
        end->c = in_order(end->c, x->unsorted_indices);
    }
    return ore_ok() ? y : NULL;
}

ore_status ore_recurrent_forward_packed(const ore_recurrent *r, const ore_packed_sequence *x,
                                        const ore_recurrent_state *start, ore_packed_sequence *y,
                                        ore_recurrent_state *end) {
    ore_packed_sequence result = {NULL, NULL, NULL, NULL};
    ore_recurrent_state first = begin(start, end);
    if (ore_module_begin(&r->module)) {
        ore_tensor *data = ore_module_result(&r->module, forward_packed(r, x, &first, end));
        if (data) {
            result = *x;
            result.data = data;
        } else {
            begin(NULL, end);
        }
    }
    *y = result;
    return ore_error_status();
}

/* ---- cells ---- */

ore_rnn_cell_options ore_rnn_cell_defaults(void) {
    return (ore_rnn_cell_options){
        .nonlinearity = ORE_RNN_TANH, .bias = true, .dtype = ORE_FLOAT32, .device = ORE_CPU};
}

static ore_tensor *cell_function(const ore_module *module, ore_tensor *x) {
    return ore_recurrent_cell_forward((const ore_recurrent_cell *)module, x, NULL, NULL);
}

static void cell_parameter(ore_recurrent_cell *c, const char *name, ore_tensor **field,
                           ore_shape shape, double bound, const ore_rnn_cell_options *o) {
    *field = ore_init_uniform(ore_empty(shape, o->dtype), -bound, bound, o->generator);
    ore_layer_parameter(&c->module, name, field, o->device);
}

static ore_status make_cell(ore_recurrent_cell *c, ore_module *parent, const char *name, int64_t in,
                            int64_t hidden, ore_recurrent_kind kind,
                            const ore_rnn_cell_options *o) {
    static const char *const names[] = {"rnn_cell", "rnn_cell", "lstm_cell", "gru_cell"};
    c->kind = kind;
    c->weights = (ore_recurrent_weights){NULL, NULL, NULL, NULL, NULL};
    if (!ore_layer_begin(&c->module, parent, name, names[kind], cell_function))
        return ore_error_status();
    if (in < 1 || hidden < 1)
        ore_fail(ORE_INVALID, "%s: input_size %lld, hidden_size %lld, expected at least 1",
                 names[kind], (long long)in, (long long)hidden);
    if (!ore_layer_width_fits(names[kind], "hidden_size", hidden))
        return ore_layer_end(&c->module);
    const int64_t rows = gates_of(kind) * hidden;
    double bound = 1 / sqrt((double)hidden);
    ore_recurrent_weights *w = &c->weights;
    ore_scope_begin();
    cell_parameter(c, "weight_ih", &w->ih, ORE_SHAPE(rows, in), bound, o);
    cell_parameter(c, "weight_hh", &w->hh, ORE_SHAPE(rows, hidden), bound, o);
    if (o->bias) {
        cell_parameter(c, "bias_ih", &w->bias_ih, ORE_SHAPE(rows), bound, o);
        cell_parameter(c, "bias_hh", &w->bias_hh, ORE_SHAPE(rows), bound, o);
    }
    ore_scope_end();
    return ore_layer_end(&c->module);
}

ore_status ore_rnn_cell_init(ore_rnn_cell *c, ore_module *parent, const char *name,
                             int64_t input_size, int64_t hidden_size,
                             const ore_rnn_cell_options *options) {
    ore_rnn_cell_options o = options ? *options : ore_rnn_cell_defaults();
    bool relu = o.nonlinearity == ORE_RNN_RELU;
    return make_cell(c, parent, name, input_size, hidden_size, relu ? ORE_RNN_RELU : ORE_RNN_TANH,
                     &o);
}

ore_status ore_lstm_cell_init(ore_lstm_cell *c, ore_module *parent, const char *name,
                              int64_t input_size, int64_t hidden_size,
                              const ore_rnn_cell_options *options) {
    ore_rnn_cell_options o = options ? *options : ore_rnn_cell_defaults();
    return make_cell(c, parent, name, input_size, hidden_size, ORE_LSTM, &o);
}

ore_status ore_gru_cell_init(ore_gru_cell *c, ore_module *parent, const char *name,
                             int64_t input_size, int64_t hidden_size,
                             const ore_rnn_cell_options *options) {
    ore_rnn_cell_options o = options ? *options : ore_rnn_cell_defaults();
    return make_cell(c, parent, name, input_size, hidden_size, ORE_GRU, &o);
}

/* s with `dims` leading dims of one, or without them. */
static ore_tensor *deeper(ore_tensor *s, int dims) {
    for (int d = 0; s && d < dims; d++)
        s = ore_unsqueeze(s, 0);
    return s;
}
static ore_tensor *flatter(ore_tensor *s, int dims) {
    for (int d = 0; s && d < dims; d++)
        s = ore_squeeze(s, 0);
    return s;
}

/* Whether x, and the states that there are, are what the cell takes; a NULL x is left to the op. */
static bool cell_fits(const ore_recurrent_cell *c, const ore_tensor *x,
                      const ore_recurrent_state *start) {
    const char *name = kind_names[c->kind];
    char came[ORE_SHAPE_TEXT], fits[ORE_SHAPE_TEXT];
    int64_t in = ore_size(c->weights.ih, 1), H = ore_size(c->weights.hh, 1);
    if (!x)
        return true;
    ore_shape shape = ore_shape_of(x);
    if (shape.ndim < 1 || shape.ndim > 2 || shape.dim[shape.ndim - 1] != in) {
        ore_fail(ORE_INVALID, "%s: x is %s, expected (B, %lld) or (%lld,)", name,
                 ore_shape_text(shape, came), (long long)in, (long long)in);
        return false;
    }
    shape.dim[shape.ndim - 1] = H;
    const ore_tensor *states[] = {start->h, start->c};
    for (int i = 0; i < 2 && ore_ok(); i++)
        if (states[i] && !ore_shape_equal(ore_shape_of(states[i]), shape))
            ore_fail(ORE_INVALID, "%s: the state %s is %s, expected %s", name, i ? "c" : "h",
                     ore_shape_text(ore_shape_of(states[i]), came), ore_shape_text(shape, fits));
    return ore_ok();
}

static ore_tensor *cell_forward(const ore_recurrent_cell *c, ore_tensor *x,
                                const ore_recurrent_state *start, ore_recurrent_state *end) {
    if (!cell_fits(c, x, start))
        return NULL;
    const int dims = x && ore_ndim(x) == 1 ? 2 : 1; /* of steps, and of a single sequence */
    ore_f_recurrent_options o = {.kind = c->kind, .directions = 1};
    ore_recurrent_state first = {deeper(start->h, dims), deeper(start->c, dims)}, last;
    bool wants_c = end && c->kind == ORE_LSTM;
    if (!ore_ok())
        return NULL;
    ore_tensor *y =
        ore_f_recurrent(deeper(x, dims), &first, &c->weights, &o, wants_c ? &last : NULL);
    y = flatter(y, dims);
    if (y && end)
        *end = (ore_recurrent_state){.h = y, .c = wants_c ? flatter(last.c, dims) : NULL};
    return y;
}

ore_tensor *ore_recurrent_cell_forward(const ore_recurrent_cell *c, ore_tensor *x,
                                       const ore_recurrent_state *start, ore_recurrent_state *end) {
    ore_recurrent_state first = begin(start, end);
    if (!ore_module_begin(&c->module))
        return NULL;
    return ore_module_result(&c->module, cell_forward(c, x, &first, end));
}
