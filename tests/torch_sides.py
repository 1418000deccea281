"""torch_sides.py: PyTorch and Ore behind one interface, for torch_graphs.py: each side holds a pool of
tensors, calls an operation by its name in PyTorch on a tensor and arguments, and goes backward.
"""
import ctypes as C

from torch_compare import slice_of
from torch_library import OreError, dims_of, shape_of
import torch


class TorchSide:
    """Values by number; a step that torch refuses raises RuntimeError or the like."""
    errors = (RuntimeError, IndexError, ValueError)

    def __init__(self):
        self.t = {}

    def leaf(self, values, wants):
        return values.clone().requires_grad_(wants)

    def free(self, k):
        del self.t[k]

    def call(self, name, x, args):
        direct = {"slice": lambda: slice_of(x, *args), "add_scalar": lambda: x + args[0],
                  "mul_scalar": lambda: x * args[0], "add_scalar_": lambda: x.add_(args[0]),
                  "mul_scalar_": lambda: x.mul_(args[0]), "sub_scalar_": lambda: x.sub_(args[0]),
                  "div_scalar_": lambda: x.div_(args[0]), "pow_scalar_": lambda: x.pow_(args[0]),
                  "set_requires_grad": lambda: x.requires_grad_(), "sum_dim": lambda: x.sum(args[0]),
                  "weighted": lambda: (x * args[0]).sum(),
                  "split": lambda: x.split(args[0], args[1])[args[2]],
                  "chunk": lambda: x.chunk(args[0], args[1])[args[2]],
                  "unbind": lambda: x.unbind(args[0])[args[1]],
                  "f_dropout_": lambda: torch.dropout_(x, args[0], True),
                  "index_put_": lambda: x.index_put_((args[0],), args[1], args[2])}
        if torch.is_grad_enabled() and name != "detach":
            x.grad_fn  # else a view may pass for the leaf that it was before its base changed
        if name in direct:
            return direct[name]()
        return getattr(x, name)(*args)

    def backward(self, x):
        self.look()
        x.backward(retain_graph=True)

    def look(self):
        """Views whose base has changed learn of it when they are looked at."""
        for t in self.t.values():
            if t.requires_grad:
                try:
                    t.grad_fn
                except self.errors:
                    pass

    def recording(self, on):
        return torch.set_grad_enabled(on)

    def value(self, x):
        return x.detach().clone()

    def facts(self, x):
        return x.requires_grad, x.is_leaf

    def grad(self, x):
        return None if not (x.is_leaf or x.retains_grad) or x.grad is None else x.grad.clone()


class PatientSide(TorchSide):
    """Saves no value that a change in place has made."""

    def call(self, name, x, args):
        if name in ("relu_", "tanh_", "sigmoid_"):
            return x.copy_(getattr(x, name[:-1])())
        return super().call(name, x, args)


class OreSide:
    errors = (OreError,)

    def __init__(self, lib):
        self.lib, self.t = lib, {}

    def leaf(self, values, wants):
        t = self.lib.from_torch(values)
        return self.lib.tensor("set_requires_grad", t, True) if wants else t

    def free(self, k):
        t = self.t.pop(k)
        if all(t.value != other.value for other in self.t.values()):
            self.lib.call("free", t, restype=None)

    def given(self, name, a):
        if isinstance(a, torch.Tensor):
            return self.lib.from_torch(a)
        if isinstance(a, (tuple, list)):
            return dims_of(a) if name == "permute" else shape_of(a)
        return float(a) if isinstance(a, float) else a

    def call(self, name, x, args):
        lib = self.lib
        args = [self.given(name, a) for a in args]
        if name == "weighted":
            return lib.tensor("sum", lib.tensor("mul", x, args[0]), dims_of(()), False)
        if name == "flatten":
            args = [0, -1]
        if name == "sum_dim":
            return lib.tensor("sum", x, dims_of(args), False)
        if name == "squeeze" and not args:
            name = "squeeze_all"
        if name == "f_dropout_":
            args += [True, None]
        if name == "bernoulli_":
            args += [None]
        if name in ("split", "chunk", "unbind"):
            parts = (C.c_void_p * 512)()
            if lib.call(name, x, *args[:-1], parts, len(parts), restype=C.c_int) < 0:
                lib.fail()
            return C.c_void_p(parts[args[-1]])
        if name == "index_put_":
            args = [(C.c_void_p * 1)(args[0]), C.c_int(1), args[1], args[2]]
        return lib.tensor(name, x, *args)

    def backward(self, x):
        for t in self.t.values():
            self.lib.call("is_leaf", t)
        self.lib.status("backward_from", x, None, True)

    def recording(self, on):
        return Recording(self.lib, on)

    def value(self, x):
        return self.lib.to_torch(x)

    def facts(self, x):
        return tuple(self.lib.call(name, x, restype=C.c_bool)
                     for name in ("requires_grad", "is_leaf"))

    def grad(self, x):
        g = self.lib.call("grad", x)
        return self.lib.to_torch(C.c_void_p(g)) if g else None


class Recording:
    def __init__(self, lib, on):
        self.lib, self.on = lib, on

    def __enter__(self):
        if not self.on:
            self.lib.call("no_grad_begin", restype=None)

    def __exit__(self, *_):
        if not self.on:
            self.lib.call("no_grad_end", restype=None)


def run(side, step):
    """One step on one side: None, or why it failed."""
    target, name, x, args, recording = step
    try:
        if name == "free":
            side.free(x)
        elif name == "leaf":
            side.t[target] = side.leaf(*args)
        elif name == "backward":
            side.backward(side.t[x])
        else:
            args = [side.t[a.number] if isinstance(a, Other) else a for a in args]
            with side.recording(recording):
                result = side.call(name, side.t[x], args)
            if target is not None:
                side.t[target] = result
        return None
    except side.errors as e:
        return str(e).split("\n")[0]


class Other:
    """An argument that is a tensor of the pool."""

    def __init__(self, number):
        self.number = number

    def __repr__(self):
        return f"t{self.number}"
