#!/usr/bin/env python3
"""Writes plateau.safetensors, which tests/optim/reduce_lr_on_plateau_test.cpp reads: for each case
the metrics that ReduceLROnPlateau was shown, "<case>.metrics", and the learning rates that followed,
"<case>.lr"; its options stand as JSON in the header's __metadata__.

Run with PyTorch 2.6:  python3 make_plateau_vectors.py
"""

import json
import math

import torch

from make_vectors import save


def noisy_losses(n):
    return [2 * math.exp(-i / 9) + 0.6 + 0.05 * math.sin(7.0 * i) for i in range(n)]


def steps(*levels):
    return [level for level, count in levels for _ in range(count)]


CASES = {
    "defaults": (noisy_losses(60), {}),
    "impatient": (noisy_losses(60), {"patience": 0, "factor": 0.5}),
    "absolute": (noisy_losses(60), {"patience": 2, "threshold": 0.04, "threshold_mode": "abs"}),
    "max": ([1 - v / 3 for v in noisy_losses(60)], {"mode": "max", "patience": 2, "factor": 0.3}),
    "max_absolute": ([1 - v / 3 for v in noisy_losses(60)],
                     {"mode": "max", "patience": 1, "threshold": 0.01, "threshold_mode": "abs"}),
    "negative": ([v - 3 for v in noisy_losses(40)], {"patience": 3, "threshold": 0.01}),
    "cooldown": (steps((1.0, 12), (0.5, 9)), {"patience": 1, "cooldown": 3, "factor": 0.5}),
    "min_lr": (steps((1.0, 20)), {"patience": 1, "min_lr": 0.004, "factor": 0.2}),
    "eps": (steps((1.0, 20)), {"patience": 1, "eps": 0.001, "factor": 0.2}),
    "nan": (steps((1.0, 2), (math.nan, 4), (0.5, 1), (math.inf, 6)), {"patience": 2}),
}


def learning_rates(metrics, options):
    optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimiser, **options)
    for metric in metrics:
        scheduler.step(metric)
        yield optimiser.param_groups[0]["lr"]


if __name__ == "__main__":
    tensors = {}
    for name, (metrics, options) in CASES.items():
        tensors[name + ".metrics"] = torch.tensor(metrics, dtype=torch.float64)
        tensors[name + ".lr"] = torch.tensor(list(learning_rates(metrics, options)),
                                             dtype=torch.float64)
    save("plateau", tensors, {name: json.dumps(options) for name, (_, options) in CASES.items()})
