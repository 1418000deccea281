#!/usr/bin/env python3
"""torch_names.py: writes tests/docs/torch_names.txt, the public names of the parts of PyTorch that Ore
is compared with, one a line with its part, for the list of what Ore lacks in docs/torch-coverage.md.
Needs torch, so it is run by hand; coverage.py reads the file alone."""
import types
from pathlib import Path

import torch
import torch.nn.functional

# Aliases of the same thing under another name, which would count twice.
ALIASES = {"absolute": "abs", "arccos": "acos", "arccosh": "acosh", "arcsin": "asin",
           "arcsinh": "asinh", "arctan": "atan", "arctan2": "atan2", "arctanh": "atanh",
           "clip": "clamp", "concat": "cat", "concatenate": "cat", "divide": "div", "fix": "trunc",
           "greater": "gt", "greater_equal": "ge", "less": "lt", "less_equal": "le",
           "moveaxis": "movedim", "multiply": "mul", "negative": "neg", "not_equal": "ne",
           "row_stack": "vstack", "subtract": "sub", "swapaxes": "transpose",
           "swapdims": "transpose", "true_divide": "div", "special_expit": "sigmoid"}


def public(module, kinds):
    return sorted(name for name in dir(module)
                  if not name.startswith("_") and not name.endswith("_")
                  and name not in ALIASES and isinstance(getattr(module, name), kinds))


FUNCTIONS = (types.FunctionType, types.BuiltinFunctionType, type(torch.abs))
# Methods that are no functions of torch; most of the others are both.
TENSOR_METHODS = ["backward", "contiguous", "copy_", "cpu", "cuda", "data_ptr", "double",
                  "element_size", "expand", "expand_as", "exponential_", "fill_", "float", "half",
                  "index_copy", "int", "is_contiguous", "item", "long", "masked_fill", "numpy",
                  "register_hook", "repeat", "requires_grad_", "retain_grad", "size", "stride", "to",
                  "tolist", "type_as", "unfold", "view", "view_as", "zero_"]


def tensor_functions():
    """What torch.overrides counts as functions of tensors: torch has hundreds of names beside."""
    from torch.overrides import get_testing_overrides
    known = {getattr(f, "__name__", "") for f in get_testing_overrides()}
    made = {"arange", "as_tensor", "empty", "empty_like", "eye", "full", "from_numpy", "linspace",
            "load", "logspace", "manual_seed", "multinomial", "no_grad", "normal", "ones", "rand",
            "randint", "randn", "randperm", "save", "tensor", "tril_indices", "triu_indices", "zeros",
            "set_num_threads", "get_num_threads", "promote_types", "inference_mode"}
    hidden = ("cudnn", "miopen", "mkldnn", "quantize", "fbgemm", "choose_qparams", "sym_", "q_",
              "native_", "batch_norm_", "unsafe_", "_copy", "fake_quant", "int_repr", "dequantize",
              "fused_", "resize_as", "view_as_", "rnn_", "lstm", "gru", "segment_reduce",
              "from_file", "convolution", "dsmm", "hsmm", "hspmm", "saddmm", "smm", "spmm", "sspaddmm", "sparse")
    names = [n for n in public(torch, FUNCTIONS) if n in known | made]
    return [n for n in names if not any(h in n for h in hidden)]


def main():
    parts = {
        "torch": tensor_functions(),
        "torch.Tensor": TENSOR_METHODS,
        "torch.nn": [n for n in public(torch.nn, type) if issubclass(
            getattr(torch.nn, n), (torch.nn.Module, torch.nn.Parameter))],
        "torch.nn.functional": [n for n in public(torch.nn.functional, FUNCTIONS)
                                if "torch_function" not in n and "_with_indices" not in n
                                and not n.startswith(("multi_head", "assert_", "boolean_", "native_"))],
        "torch.nn.init": [n.rstrip("_") for n in dir(torch.nn.init) if n.endswith("_")
                          and not n.startswith("_")] + ["calculate_gain"],
        "torch.optim": [n for n in public(torch.optim, type)],
        "torch.optim.lr_scheduler": [
            n for n in public(torch.optim.lr_scheduler, type)
            if issubclass(getattr(torch.optim.lr_scheduler, n), torch.optim.lr_scheduler.LRScheduler)
            or n == "ReduceLROnPlateau"],
    }
    lines = [f"# torch {torch.__version__.split('+')[0]}: made by torch_names.py"]
    for part, names in parts.items():
        lines += [f"{part}\t{name}" for name in sorted(set(names))]
    Path(__file__).with_name("torch_names.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
