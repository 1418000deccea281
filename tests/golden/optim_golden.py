#!/usr/bin/env python3
"""Golden steps of optimizers and gradient clipping, with all digits of float64.

usage: python3 optim_golden.py OPS_JSON > optim.json

Takes the inputs and arguments of the cases "optim" (SGD, Adam, AdamW) and "clip_grad_norm" of
torch_ops_golden.py's ops.json, whose results have ten digits, computes them again in float64
through PyTorch's public API (any version), and refuses to go on where they differ from ops.json.
A few cases of its own follow: maximize, and AdamW with amsgrad. One case stands on a line;
the format is that of ops.json. optim.json was made with torch 2.15 on the CPU.
"""
import json
import sys
import torch

CLASSES = {"SGD": torch.optim.SGD, "Adam": torch.optim.Adam, "AdamW": torch.optim.AdamW}
FLAGS = ("nesterov", "amsgrad", "maximize")


def tensor(t):
    return torch.tensor(t["v"], dtype=torch.float64).reshape(t["s"])


def item(name, value, **more):
    return {"n": name, "t": "f", "s": list(value.shape), "v": value.flatten().tolist(), **more}


def check(case, results):
    for old, new in zip(case["out"], results):
        worst = (tensor(old) - new).abs() / tensor(old).abs().clamp(min=1e-3)
        assert worst.max() < 1e-9, (case["name"], old["n"], float(worst.max()))


def steps(case):
    options = {k: bool(v) if k in FLAGS else tuple(v) if k == "betas" else v
               for k, v in case["args"].items() if k != "class"}
    p = tensor(case["in"][0]).requires_grad_()
    optimizer = CLASSES[case["args"]["class"]]([p], foreach=False, **options)
    trace = []
    for gradient in tensor(case["in"][1]):
        p.grad = gradient.clone()
        optimizer.step()
        trace.append(p.detach().clone())
    return [torch.stack(trace)]


def clip(case):
    leaves = [tensor(t) for t in case["in"]]
    for leaf, t in zip(leaves, case["in"]):
        leaf.requires_grad_()
        leaf.grad = tensor(t)
    norm = torch.nn.utils.clip_grad_norm_(leaves, case["args"]["max_norm"], foreach=False)
    return [norm] + [leaf.grad for leaf in leaves]


def main():
    cases = []
    for case in json.load(open(sys.argv[1]))["cases"]:
        if case["op"] == "optim" and case["args"]["class"] in CLASSES:
            results = steps(case)
        elif case["op"] == "clip_grad_norm":
            results = clip(case)
        else:
            continue
        check(case, results)
        case["out"] = [item(t["n"], r, e=t["e"]) for t, r in zip(case["out"], results)]
        cases.append(case)
    inputs = cases[0]["in"]
    for name, args in (
        ("optim_sgd_maximize", {"class": "SGD", "lr": 0.1, "momentum": 0.9, "weight_decay": 0.02,
                                "maximize": 1}),
        ("optim_adam_maximize", {"class": "Adam", "lr": 0.01, "weight_decay": 0.1, "maximize": 1}),
        ("optim_adamw_amsgrad", {"class": "AdamW", "lr": 0.01, "weight_decay": 0.1, "amsgrad": 1}),
    ):
        case = {"name": name, "op": "optim", "args": args, "in": inputs, "out": []}
        case["out"] = [item("p_after_each_step", steps(case)[0], e=2.5e-7)]
        cases.append(case)
    for case in cases:
        case.pop("cot", None)
        case.pop("grad", None)
    lines = ",\n".join(json.dumps(case) for case in cases)
    print('{"format": 1, "torch": "%s", "cases": [\n%s\n]}' % (torch.__version__, lines))


main()
