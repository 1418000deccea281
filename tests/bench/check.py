#!/usr/bin/env python3
"""check.py ROOT: bench/compare tells curves apart that differ, and bench/report changes nothing of a
page but what stands between its marks."""
import importlib.util
import json
import subprocess
import sys
import tempfile
from importlib.machinery import SourceFileLoader
from pathlib import Path

root = Path(sys.argv[1]).resolve()
sys.dont_write_bytecode = True
loader = SourceFileLoader("compare", str(root / "bench" / "compare"))
compare = importlib.util.module_from_spec(importlib.util.spec_from_loader("compare", loader))
loader.exec_module(compare)


def side(losses):
    return {"losses": losses}


def agree(ore, torch):
    return compare.curves([(side(ore), side(torch))])["losses_agree"]


def falling(start, end, steps, noise=0.0):
    return [end + (start - end) * 0.9 ** i + noise * (-1) ** i for i in range(steps)]


assert agree(falling(3.3, 2.3, 100), falling(3.3, 2.3, 90))
assert agree(falling(3.3, 2.3, 100, 0.1), falling(3.4, 2.35, 100, 0.1))
assert not agree(falling(3.3, 2.3, 100), falling(4.3, 2.3, 100))  # other weights at first
assert not agree(falling(3.3, 2.3, 100), falling(3.3, 2.6, 100))  # learns less
assert not agree(falling(3.3, 2.3, 100), [3.3] * 100)  # learns nothing
assert agree([4.0], [4.1]) and not agree([4.0], [float("nan")])

row = {"workload": "mlp", "threads": 1, "pairs": 5, "ore_ms": 0.061, "torch_ms": 0.244,
       "ratio": 4.0, "ratio_min": 3.5, "ratio_max": 4.5, "asked_ratio": 5, "asked_memory": 0.5,
       "ore_mib": 16.0, "torch_mib": 640.0, "memory_ratio": 0.025, "ore_loss": [3.3, 2.3],
       "torch_loss": [3.3, 2.3], "losses_agree": True, "loss_steps": 100, "date": "2000-01-01"}
machine = {"cpu": "C", "cores": 2, "kernels": "avx2", "ore": "0", "compiler": "gcc", "torch": "2",
           "mkl": True, "package": "PyPI's torch", "python": "3", "command": "bench/compare mlp",
           "load_at_start": 0.1}
before, after = "# Page\nby hand\n<!-- figures: training -->\n", "<!-- end of figures -->\nby hand\n"
with tempfile.TemporaryDirectory() as folder:
    page, rows = Path(folder, "page.md"), Path(folder, "rows.json")
    page.write_text(before + "old\n" + after)
    rows.write_text(json.dumps({"machine": machine, "rows": [row]}))
    for _ in range(2):  # twice: its own figures are replaced too
        subprocess.run([sys.executable, root / "bench" / "report", rows, "--page", page], check=True)
    text = page.read_text()
    assert text.startswith(before) and text.endswith(after) and "old" not in text
    assert "| mlp | 1 | 0.061 | 0.244 | 4.00 (3.50 to 4.50) | 5 | 5: missed by 20% |" in text, text
    assert "| mlp | 16 | 640 | 0.03 | 0.5: met |" in text, text
    assert "Below what was asked: mlp." in text
    page.write_text("no marks\n")
    refused = subprocess.run([sys.executable, root / "bench" / "report", rows, "--page", page],
                             capture_output=True)
    assert refused.returncode == 1 and page.read_text() == "no marks\n"
print("bench scripts: as they say")
