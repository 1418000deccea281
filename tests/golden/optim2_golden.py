#!/usr/bin/env python3
"""Steps of optimizers that torch 1.13 lacks or has otherwise, by PyTorch 2, in float64.

usage: python3 optim2_golden.py > optim2.json

case = {"name", "class", "args", "start", "gradients", "after"}: five steps with given gradients; or
for LBFGS {"name", "class", "args", "start", "after", "losses"}: steps of its closure over the
Rosenbrock function sum 100 (x[i+1] - x[i]^2)^2 + (1 - x[i])^2. Tensors are {"s": shape, "v": flat
values}. optim2.json here was made with torch 2.15.0.
"""
import json
import math

import torch

torch.set_default_dtype(torch.float64)


def item(t):
    return {"s": list(t.shape), "v": t.reshape(-1).tolist()}


def values(seed, *shape):
    n = math.prod(shape)
    return torch.tensor([round(1024 * math.sin(seed + 1.7 * i * i)) / 512 for i in range(n)]).reshape(shape)


def given(name, make, shape, args):
    p = values(1, *shape).requires_grad_()
    gradients = values(2, 5, *shape)
    case = {"name": name, "class": make.__name__, "args": args, "start": item(p.detach()),
            "gradients": item(gradients)}
    optimizer = make([p], **{k: tuple(v) if isinstance(v, list) else v for k, v in args.items()})
    after = []
    for g in gradients:
        p.grad = g.clone()
        optimizer.step()
        after.append(p.detach().clone())
    case["after"] = item(torch.stack(after))
    return case


def rosenbrock(name, args, steps=8):
    x = torch.tensor([-1.25, 1.5, 0.25, -0.5], requires_grad=True)
    case = {"name": name, "class": "LBFGS", "args": args, "start": item(x.detach())}
    optimizer = torch.optim.LBFGS([x], **args)

    def closure():
        optimizer.zero_grad()
        loss = (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()
        loss.backward()
        return loss

    after, losses = [], []
    for _ in range(steps):
        losses.append(optimizer.step(closure).detach())
        after.append(x.detach().clone())
    case["after"] = item(torch.stack(after))
    case["losses"] = item(torch.stack(losses))
    return case


O = torch.optim
cases = [
    given("adafactor_matrix", O.Adafactor, (2, 3), {"lr": 0.01}),
    given("adafactor_vector", O.Adafactor, (5,), {"lr": 0.1, "weight_decay": 0.1}),
    given("adafactor_stack", O.Adafactor, (2, 3, 2), {"lr": 0.5, "beta2_decay": -0.5, "d": 1.5}),
    given("adafactor_maximize", O.Adafactor, (3, 2), {"lr": 0.02, "maximize": True}),
    given("nadam_2", O.NAdam, (2, 3), {"lr": 0.02}),
    given("nadam_2_decoupled", O.NAdam, (2, 3), {"lr": 0.02, "weight_decay": 0.1, "decoupled_weight_decay": True}),
    given("radam_long", O.RAdam, (2, 3), {"lr": 0.02, "betas": [0.9, 0.9], "weight_decay": 0.1}),
    given("radam_decoupled", O.RAdam, (2, 3), {"lr": 0.02, "weight_decay": 0.1, "decoupled_weight_decay": True}),
    given("rmsprop_centered", O.RMSprop, (2, 3), {"lr": 0.02, "centered": True, "maximize": True}),
    given("adamax_decay", O.Adamax, (2, 3), {"lr": 0.02, "weight_decay": 0.1, "betas": [0.8, 0.9]}),
    rosenbrock("lbfgs", {"lr": 0.1, "max_iter": 4}),
    rosenbrock("lbfgs_short_history", {"lr": 0.2, "max_iter": 5, "history_size": 3}),
    rosenbrock("lbfgs_wolfe", {"line_search_fn": "strong_wolfe", "max_iter": 4}),
    rosenbrock("lbfgs_wolfe_long", {"line_search_fn": "strong_wolfe"}, steps=2),
]
print('{"torch": "%s", "cases": [\n%s\n]}' % (torch.__version__.split("+")[0],
                                              ",\n".join(json.dumps(c) for c in cases)))
