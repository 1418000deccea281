"""torch_compare_recurrent.py: rows of torch_compare.py for recurrent layers and packed sequences."""
import ctypes as C

import torch
from torch.nn.utils import rnn

from torch_library import shape_of
from torch_compare_random import PLAIN_DRAWS
from torch_compare_table import row

KINDS = ["rnn_tanh", "rnn_relu", "lstm", "gru"]
GATES = {"rnn_tanh": 1, "rnn_relu": 1, "lstm": 4, "gru": 3}
MODULE_BYTES = 1024  # more than any layer's struct has


class State(C.Structure):
    _fields_ = [("h", C.c_void_p), ("c", C.c_void_p)]


class Weights(C.Structure):
    _fields_ = [(name, C.c_void_p) for name in ("ih", "hh", "bias_ih", "bias_hh", "hr")]


class RecurrentOptions(C.Structure):
    _fields_ = [("kind", C.c_int), ("directions", C.c_int), ("batch_first", C.c_bool),
                ("batch_sizes", C.c_void_p)]


class RnnOptions(C.Structure):
    _fields_ = [("num_layers", C.c_int64), ("nonlinearity", C.c_int), ("bias", C.c_bool),
                ("batch_first", C.c_bool), ("dropout", C.c_double), ("bidirectional", C.c_bool),
                ("proj_size", C.c_int64), ("dtype", C.c_int), ("device", C.c_int),
                ("generator", C.c_void_p)]


class CellOptions(C.Structure):
    _fields_ = [("nonlinearity", C.c_int), ("bias", C.c_bool), ("dtype", C.c_int),
                ("device", C.c_int), ("generator", C.c_void_p)]


class Packed(C.Structure):
    _fields_ = [(name, C.c_void_p)
                for name in ("data", "batch_sizes", "sorted_indices", "unsorted_indices")]


class PackOptions(C.Structure):
    _fields_ = [("batch_first", C.c_bool), ("enforce_sorted", C.c_bool)]


class PadPackedOptions(C.Structure):
    _fields_ = [("batch_first", C.c_bool), ("padding_value", C.c_double),
                ("total_length", C.c_int64)]


class PadOptions(C.Structure):
    _fields_ = [("batch_first", C.c_bool), ("padding_value", C.c_double)]


class Net:
    """Sizes and options of one case, printed with a mismatch."""

    def __init__(self, d, layers, single=False, packed=None, kinds=KINDS):
        """`packed`: always, never, or as it comes."""
        self.kind = d.r.choice(kinds)
        self.layers = d.r.randint(1, layers)
        self.directions = d.r.choice([1, 1, 2])
        self.bias, self.batch_first = d.chance(0.7), d.chance(0.4)
        self.B, self.T = d.r.choice([1, 2, 3, 5, 9, 33]), d.r.choice([1, 2, 3, 6])
        self.n, self.H = d.r.choice([1, 3, 8, 17]), d.r.choice([1, 2, 4, 7, 16, 19, 50])
        self.P = d.r.randint(1, self.H - 1) if self.kind == "lstm" and self.H > 1 and \
            d.chance(0.35) else 0
        self.packed = None
        self.single = single and not packed and d.chance(0.2)
        if self.single:
            self.B, self.batch_first = 1, False
        elif d.chance(0.4) if packed is None else packed:
            lengths = sorted((d.r.randint(1, self.T) for _ in range(self.B)), reverse=True)
            self.packed = torch.tensor(lengths)
            self.batch_first = False
        self.state = d.chance(0.6)
        self.p, self.seed = 0.0, 0  # of dropout between layers

    def sizes(self):
        """Batch sizes of a packed case."""
        return torch.tensor([int((self.packed > t).sum()) for t in range(int(self.packed[0]))])

    def x_shape(self):
        if self.packed is not None:
            return [int(self.packed.sum()), self.n]
        if self.single:
            return [self.T, self.n]
        return [self.B, self.T, self.n] if self.batch_first else [self.T, self.B, self.n]

    def weight_shapes(self):
        rows, out = GATES[self.kind] * self.H, self.P or self.H
        for layer in range(self.layers):
            for _ in range(self.directions):
                yield "ih", [rows, self.n if layer == 0 else self.directions * out]
                yield "hh", [rows, out]
                if self.bias:
                    yield "bias_ih", [rows]
                    yield "bias_hh", [rows]
                if self.P:
                    yield "hr", [out, self.H]

    def weight_names(self):
        names = ["weight_ih", "weight_hh"] + ["bias_ih", "bias_hh"] * self.bias + \
            ["weight_hr"] * (self.P > 0)
        return [f"{name}_l{layer}{'_reverse' * d}" for layer in range(self.layers)
                for d in range(self.directions) for name in names]

    def state_shapes(self):
        batch = [] if self.single else [self.B]
        many = self.layers * self.directions
        yield [many] + batch + [self.P or self.H]
        if self.kind == "lstm":
            yield [many] + batch + [self.H]

    def zeros(self, like):
        return [torch.zeros(s, dtype=like.dtype) for s in self.state_shapes()]

    def __repr__(self):
        return str(vars(self))


def weight_arg(d, shape, dtype, dense=False):
    """So small that gates do not saturate, and that roundings do not grow from step to step: by larger
    ones torch's own float32 is off by a hundredth."""
    weight = d.arg(shape, dtype, dense=dense)
    weight.base *= min(0.5, shape[-1] ** -0.5)
    return weight


def draw(layers, single=False, packed=None, kind=Net):
    """net, x, states, weights."""
    def args(d):
        net, dtype = kind(d, layers, single, packed), d.floating()
        out = [net, d.arg(net.x_shape(), dtype)]
        if net.state:
            out += [d.arg(s, dtype) for s in net.state_shapes()]
        for _, shape in net.weight_shapes():
            out.append(weight_arg(d, shape, dtype, dense=layers > 1))
        return out
    return args


def split_args(net, rest):
    count = (2 if net.kind == "lstm" else 1) if net.state else 0
    return list(rest[:count]), list(rest[count:])


def torch_layers(net, layers, x, states, weights):
    """y and the last states of `layers` layers, by the functions behind torch.nn's modules."""
    call = getattr(torch._VF, net.kind)
    hx = states if net.kind == "lstm" else states[0]
    how = [net.bias, layers, net.p, net.p > 0, net.directions == 2]
    torch.manual_seed(net.seed)
    if net.packed is not None:
        return call(x, net.sizes(), hx, weights, *how)
    return call(x, hx, weights, *how, net.batch_first)


def torch_net(net, x, *rest, run=torch_layers):
    states, weights = split_args(net, rest)
    states = states or net.zeros(x)
    if net.single:
        x, states = x.unsqueeze(1), [s.unsqueeze(1) for s in states]
    out = run(net, net.layers, x, states, weights)
    return [t.squeeze(1) for t in out] if net.single else list(out)


def states_of(state, net):
    return [C.c_void_p(state.h)] + ([C.c_void_p(state.c)] if net.kind == "lstm" else [])


def start_of(states):
    return C.byref(State(*(states + [None])[:2])) if states else None


def ore_function(lib, net, x, *rest):
    states, weights = split_args(net, rest)
    given, names = (Weights * 2)(), [name for name, _ in net.weight_shapes()]
    each = len(names) // net.directions
    for i, (name, weight) in enumerate(zip(names, weights)):
        setattr(given[i // each], name, weight)
    sizes = lib.from_torch(net.sizes()) if net.packed is not None else None
    o = RecurrentOptions(KINDS.index(net.kind), net.directions, net.batch_first, sizes)
    end = State()
    y = lib.tensor("f_recurrent", x, start_of(states), given, C.byref(o), C.byref(end))
    return [y] + states_of(end, net)


row("f_recurrent", draw(1), torch_net, ore_function)

# ---- layers ------------------------------------------------------------------------------------

KEPT = []  # structs that live as long as the tensors of a case


def layer_of(lib, net, x, weights):
    """A layer of these weights."""
    root, layer = C.create_string_buffer(MODULE_BYTES), C.create_string_buffer(MODULE_BYTES)
    KEPT.extend((root, layer))
    lib.status("module_init", root, None, None)
    o = lib.call("rnn_defaults", restype=RnnOptions)
    o.num_layers, o.nonlinearity, o.bias = net.layers, KINDS.index(net.kind) % 2, net.bias
    o.batch_first, o.bidirectional, o.proj_size = net.batch_first, net.directions == 2, net.P
    o.dropout = net.p
    o.dtype = lib.value(lib.dtype(x)).value
    name = net.kind.split("_")[0]
    lib.status(f"{name}_init", layer, root, C.c_char_p(b"net"), net.n, net.H, C.byref(o))
    for name, weight in zip(net.weight_names(), weights):
        lib.status("module_set_tensor", layer, C.c_char_p(name.encode()), weight)
    return layer


def ore_layer(lib, net, x, *rest):
    states, weights = split_args(net, rest)
    layer, end = layer_of(lib, net, x, weights), State()
    lib.call("manual_seed", C.c_uint64(net.seed), restype=None)
    if net.packed is None:
        y = lib.tensor("recurrent_forward", layer, x, start_of(states), C.byref(end))
        return [y] + states_of(end, net)
    packed, y = Packed(x, lib.from_torch(net.sizes())), Packed()
    lib.status("recurrent_forward_packed", layer, C.byref(packed), start_of(states), C.byref(y),
               C.byref(end))
    return [C.c_void_p(y.data)] + states_of(end, net)


row("recurrent_forward", draw(3, single=True, packed=False), torch_net, ore_layer)
row("recurrent_forward_packed", draw(3, packed=True), torch_net, ore_layer)


# ---- dropout between layers: the same masks, not samples ---------------------------------------

class Dropping(Net):
    def __init__(self, *how):
        super().__init__(*how)
        d = how[0]
        self.layers = max(self.layers, 2)
        self.p, self.seed = d.r.choice([0.1, 0.3, 0.5, 1.0]), d.r.randrange(1000)
        self.by_layers = not PLAIN_DRAWS or d.chance(0.5)


def torch_by_layers(net, layers, x, states, weights):
    """The same as torch_layers, a layer at a time, with masks of Ore's stream on any processor."""
    g, each, ends, turn = torch.Generator().manual_seed(net.seed), len(weights) // layers, [], \
        net.batch_first
    for i in range(layers):
        if i > 0:  # drawn in the order (T, B, ..)
            sizes = x.transpose(0, 1).shape if turn else x.shape
            keep = torch.bernoulli(torch.full(sizes, 1 - net.p, dtype=torch.float64), generator=g)
            keep = (keep / (1 - net.p if net.p < 1 else 1)).to(x.dtype)
            x = x * (keep.transpose(0, 1) if turn else keep)
        own = slice(i * net.directions, (i + 1) * net.directions)
        x, *end = torch_layers(net, 1, x, [s[own] for s in states],
                               weights[i * each:(i + 1) * each])
        ends.append(end)
    return [x] + [torch.cat(parts) for parts in zip(*ends)]


def torch_dropping(net, *args):
    return torch_net(net, *args, run=torch_by_layers if net.by_layers else torch_layers)


row("recurrent_forward, dropout", draw(3, single=True, packed=False, kind=Dropping), torch_dropping,
    ore_layer)
row("recurrent_forward_packed, dropout", draw(3, packed=True, kind=Dropping), torch_dropping,
    ore_layer)


def draw_cell(d):
    net, dtype = Net(d, 1, packed=False), d.floating()
    net.directions, net.P = 1, 0
    batch = [] if d.chance(0.2) else [net.B]
    out = [net, d.arg(batch + [net.n], dtype)]
    if net.state:
        out += [d.arg(batch + [net.H], dtype) for _ in range(2 if net.kind == "lstm" else 1)]
    for _, shape in net.weight_shapes():
        out.append(weight_arg(d, shape, dtype))
    return out


def torch_cell(net, x, *rest):
    states, weights = split_args(net, rest)
    states = states or [torch.zeros(x.shape[:-1] + (net.H,), dtype=x.dtype) for _ in range(2)]
    single = x.dim() == 1
    if single:
        x, states = x.unsqueeze(0), [s.unsqueeze(0) for s in states]
    hx = states if net.kind == "lstm" else states[0]
    out = getattr(torch._VF, f"{net.kind}_cell")(x, hx, *weights)
    out = list(out) if net.kind == "lstm" else [out]
    return [t.squeeze(0) for t in out] if single else out


def cell_of(lib, net, x, weights):
    root, cell = C.create_string_buffer(MODULE_BYTES), C.create_string_buffer(MODULE_BYTES)
    KEPT.extend((root, cell))
    lib.status("module_init", root, None, None)
    o = lib.call("rnn_cell_defaults", restype=CellOptions)
    o.nonlinearity, o.bias = KINDS.index(net.kind) % 2, net.bias
    o.dtype = lib.value(lib.dtype(x)).value
    kind = net.kind.split("_")[0]
    lib.status(f"{kind}_cell_init", cell, root, C.c_char_p(b"cell"), net.n, net.H, C.byref(o))
    for name, weight in zip(cell_names(net), weights):
        lib.status("module_set_tensor", cell, C.c_char_p(name.encode()), weight)
    return cell


def cell_names(net):
    return ["weight_ih", "weight_hh"] + ["bias_ih", "bias_hh"] * net.bias


def ore_cell(lib, net, x, *rest):
    states, weights = split_args(net, rest)
    cell, end = cell_of(lib, net, x, weights), State()
    h = lib.tensor("recurrent_cell_forward", cell, x, start_of(states), C.byref(end))
    return [h, C.c_void_p(end.c)] if net.kind == "lstm" else [h]


row("recurrent_cell_forward", draw_cell, torch_cell, ore_cell)


# ---- initial values ----------------------------------------------------------------------------

class Recipe(Net):
    def __init__(self, d, name):
        super().__init__(d, 3, kinds=[kind for kind in KINDS if kind.startswith(name)])
        self.seed = d.r.randint(0, 1000)


def torch_init(net):
    torch.manual_seed(net.seed)
    how = {"nonlinearity": net.kind[4:]} if net.kind.startswith("rnn") else {}
    how.update({"proj_size": net.P} if net.P else {})
    made = getattr(torch.nn, net.kind.split("_")[0].upper())(
        net.n, net.H, net.layers, bias=net.bias, bidirectional=net.directions == 2, **how)
    return [p.detach() for p in made.parameters()]


def torch_cell_init(net):
    torch.manual_seed(net.seed)
    made = getattr(torch.nn, net.kind.split("_")[0].upper() + "Cell")(net.n, net.H, bias=net.bias)
    return [p.detach() for p in made.parameters()]


def ore_init(make, names):
    def run(lib, net):
        lib.call("manual_seed", C.c_uint64(net.seed), restype=None)
        module = make(lib, net, lib.tensor("zeros", shape_of([1]), torch.float32), [])
        return [lib.tensor("module_tensor", module, C.c_char_p(name.encode()))
                for name in names(net)]
    return run


for kind in ("rnn", "lstm", "gru"):
    row(f"{kind}_init", lambda d, kind=kind: [Recipe(d, kind)], torch_init,
        ore_init(layer_of, Net.weight_names), grad=False)
    row(f"{kind}_cell_init", lambda d, kind=kind: [Recipe(d, kind)], torch_cell_init,
        ore_init(cell_of, cell_names), grad=False)


# ---- packed and padded sequences ---------------------------------------------------------------

class Lengths:
    def __init__(self, d):
        self.B, self.T = d.r.choice([1, 2, 3, 5, 9]), d.r.choice([1, 2, 3, 6])
        self.lengths = [d.r.randint(1, self.T) for _ in range(self.B)]
        self.enforce, self.batch_first = d.chance(0.5), d.chance(0.5)
        if self.enforce and d.chance(0.9):
            self.lengths.sort(reverse=True)
        if d.chance(0.05):
            self.lengths[d.r.randrange(self.B)] = d.r.choice([0, self.T + 1])
        self.value = d.r.choice([0.0, 0.0, -1.5])
        self.more = d.r.choice([0, 0, 1, 3])

    def __repr__(self):
        return str(vars(self))


def draw_padded(d):
    l = Lengths(d)
    rest = [d.size(zero=0) for _ in range(d.r.choice([0, 1, 1, 2]))]
    return [l, d.arg(([l.B, l.T] if l.batch_first else [l.T, l.B]) + rest)]


def torch_pack(l, x):
    p = rnn.pack_padded_sequence(x, torch.tensor(l.lengths), l.batch_first, l.enforce)
    indices = [] if p.sorted_indices is None else [p.sorted_indices, p.unsorted_indices]
    return [p.data, p.batch_sizes] + indices


def ore_pack(lib, l, x):
    p = Packed()
    lib.status("pack_padded_sequence", x, lib.from_torch(torch.tensor(l.lengths)),
               C.byref(PackOptions(l.batch_first, l.enforce)), C.byref(p))
    return [C.c_void_p(t) for t in (p.data, p.batch_sizes, p.sorted_indices, p.unsorted_indices)
            if t]


def beyond(what):
    """Where torch says nothing."""
    return "torch does not look whether a length is beyond x" if "the steps of x" in what else None


row("pack_padded_sequence", draw_padded, torch_pack, ore_pack, differs=beyond)


def draw_packed(d):
    l = Lengths(d)
    l.lengths = [min(max(n, 1), l.T) for n in l.lengths]
    l.enforce = False
    rest = [d.size(zero=0) for _ in range(d.r.choice([0, 1, 2]))]
    return [l, d.arg([sum(l.lengths)] + rest)]


def packed_parts(l):
    order = sorted(range(l.B), key=lambda b: -l.lengths[b])
    back = [order.index(b) for b in range(l.B)]
    sizes = [sum(n > t for n in l.lengths) for t in range(max(l.lengths))]
    return [torch.tensor(t) for t in (sizes, order, back)]


def total(l):
    return max(l.lengths) + l.more - 1 if l.more else None


def torch_pad_packed(l, x):
    p = rnn.PackedSequence(x, *packed_parts(l))
    return list(rnn.pad_packed_sequence(p, l.batch_first, l.value, total(l)))


def ore_pad_packed(lib, l, x):
    p, lengths = Packed(x, *[lib.from_torch(t) for t in packed_parts(l)]), C.c_void_p()
    o = PadPackedOptions(l.batch_first, l.value, total(l) or 0)
    return [lib.tensor("pad_packed_sequence", C.byref(p), C.byref(o), C.byref(lengths)), lengths]


row("pad_packed_sequence", draw_packed, torch_pad_packed, ore_pad_packed)


def draw_sequences(d):
    l, dtype = Lengths(d), d.floating()
    rest = [d.size(zero=0) for _ in range(d.r.choice([0, 1, 2]))]
    return [l] + [d.arg([n] + rest, dtype) for n in l.lengths]


def handles(sequences):
    return (C.c_void_p * len(sequences))(*[s.value for s in sequences])


row("pad_sequence", draw_sequences,
    lambda l, *s: rnn.pad_sequence(list(s), l.batch_first, l.value),
    lambda lib, l, *s: lib.tensor("pad_sequence", handles(s), len(s),
                                  C.byref(PadOptions(l.batch_first, l.value))))


def torch_pack_sequence(l, *s):
    p = rnn.pack_sequence(list(s), l.enforce)
    return [p.data, p.batch_sizes] + ([] if l.enforce else [p.sorted_indices, p.unsorted_indices])


def ore_pack_sequence(lib, l, *s):
    p = Packed()
    lib.status("pack_sequence", handles(s), len(s), l.enforce, C.byref(p))
    return [C.c_void_p(t) for t in (p.data, p.batch_sizes, p.sorted_indices, p.unsorted_indices)
            if t]


row("pack_sequence", draw_sequences, torch_pack_sequence, ore_pack_sequence)
