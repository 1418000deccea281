"""torch_compare_optim.py: rows of torch_compare.py for optimizers: a parameter after some steps with
the same gradients, and options at random. The structs of options are read from optim.h."""
import ctypes as C
import re
from pathlib import Path

import torch

from torch_compare_table import row

HEADER = Path(__file__).resolve().parent.parent / "include" / "ore" / "optim.h"
KINDS = {"double": C.c_double, "bool": C.c_bool, "int": C.c_int, "int64_t": C.c_int64}
OWN_NAMES = {"decoupled_weight_decay": "decoupled"}
STEPS = 6


def struct_of(name):
    text = re.sub(r"/\*.*?\*/", " ", HEADER.read_text(encoding="utf-8"), flags=re.S)
    name = re.findall(r"typedef (\w+) %s;" % name, text) or [name]
    body = re.search(r"typedef struct %s \{(.*?)\}" % name[0], text, re.S).group(1)
    fields = []
    for line in filter(None, (" ".join(l.split()) for l in body.split(";"))):
        kind, names = line.split(" ", 1)
        for n, count in re.findall(r"(\w+)(?:\[(\d+)\])?", names):
            fields.append((n, KINDS[kind] * int(count) if count else KINDS[kind]))
    return type(name[0], (C.Structure,), {"_fields_": fields})


def set_options(made, options):
    """torch's keywords as fields of Ore's struct."""
    known = [name for name, _ in made._fields_]
    for key, value in options.items():
        names = ("beta1", "beta2") if key == "betas" else (OWN_NAMES.get(key, key),)
        for name, v in zip(names, value if key == "betas" else (value,)):
            if name not in known:
                raise KeyError(name)
            setattr(made, name, v)


def ore_steps(name, fixed):
    struct = struct_of(f"ore_{name}_options")

    def run(lib, p, gradients, options):
        made = lib.call(name + "_defaults", restype=struct)
        set_options(made, {**options, **fixed})
        optimizer = C.c_void_p(lib.call(name + "_new", None, C.byref(made)))
        lib.call("optimizer_add_group", optimizer, None, restype=C.c_int)
        p = lib.tensor("set_requires_grad", lib.tensor("clone", p), True)
        try:
            lib.status("optimizer_add", optimizer, C.c_int(0), p, None)
            for i in range(STEPS):
                lib.status("set_grad", p, lib.tensor("select", gradients, C.c_int(0), i))
                lib.status("optimizer_step", optimizer)
        finally:
            lib.call("optimizer_free", optimizer, restype=None)
        return lib.tensor("detach", p)
    return run


def torch_steps(kind):
    def run(p, gradients, options):
        p = p.clone(memory_format=torch.contiguous_format).requires_grad_()
        optimizer = kind([p], **options)
        for g in gradients:
            p.grad = g.clone()
            optimizer.step()
        return p.detach()
    return run


def optimizer(name, kind, draw, fixed=None):
    def arguments(d):
        sizes, dtype = d.shape(0, 3, 0), d.floating()
        options = {"lr": d.r.choice([1e-3, 0.1, 1.0]), "maximize": d.chance(0.3), **draw(d)}
        return [d.arg(sizes, dtype, "away", dense=True),
                d.arg([STEPS] + sizes, dtype, "away", dense=True), options]
    row(name + "_new", arguments, torch_steps(kind), ore=ore_steps(name, fixed or {}), grad=False,
        floor=1.0)


def decay(d, values=(0.0, 0.0, 0.01, 0.3)):
    return {"weight_decay": d.r.choice(values)}


def betas(d):
    return {"betas": d.r.choice([(0.9, 0.999), (0.5, 0.9), (0.0, 0.99)]),
            "eps": d.r.choice([1e-8, 1e-3]), **decay(d)}


def momentum(d):
    m = d.r.choice([0.0, 0.9, 0.5])
    nesterov = m > 0 and d.chance(0.4)
    return {"momentum": m, "nesterov": nesterov,
            "dampening": 0.0 if nesterov else d.r.choice([0.0, 0.3]), **decay(d)}


optimizer("sgd", torch.optim.SGD, momentum)
for name, kind in (("adam", torch.optim.Adam), ("adamw", torch.optim.AdamW)):
    optimizer(name, kind, lambda d: {"amsgrad": d.chance(0.4), **betas(d)})
optimizer("adagrad", torch.optim.Adagrad, lambda d: {
    "lr_decay": d.r.choice([0.0, 0.1]), "initial_accumulator_value": d.r.choice([0.0, 0.5]),
    "eps": d.r.choice([1e-10, 1e-4]), **decay(d)})
optimizer("rmsprop", torch.optim.RMSprop, lambda d: {
    "alpha": d.r.choice([0.99, 0.5]), "momentum": d.r.choice([0.0, 0.9]),
    "centered": d.chance(0.4), "eps": d.r.choice([1e-8, 1e-3]), **decay(d)})
optimizer("adadelta", torch.optim.Adadelta, lambda d: {
    "rho": d.r.choice([0.9, 0.5]), "eps": d.r.choice([1e-6, 1e-2]), **decay(d)})
optimizer("adamax", torch.optim.Adamax, betas)
optimizer("nadam", torch.optim.NAdam, lambda d: {
    "momentum_decay": d.r.choice([4e-3, 0.1]), "decoupled_weight_decay": d.chance(0.4),
    **betas(d)}, {"torch_2": True})
optimizer("radam", torch.optim.RAdam, lambda d: {
    "decoupled_weight_decay": d.chance(0.4), **betas(d)})
optimizer("adafactor", torch.optim.Adafactor, lambda d: {
    "beta2_decay": d.r.choice([-0.8, -0.5]), "d": d.r.choice([1.0, 0.5]), **decay(d)})
