#!/usr/bin/env python3
"""Writes the learning rates of PyTorch's schedulers, schedules.safetensors: one float64 list for
each case, its arguments as JSON in the header's __metadata__.

Run with PyTorch 2.6:  python3 make_schedule_vectors.py

What Hugging Face adds to PyTorch are LambdaLRs; their formulas are written out here."""

import json
import math

import torch
from torch.optim import lr_scheduler

from make_vectors import save

STEPS = 60


def rates(lr, make, steps):
    """The learning rate of each step."""
    optimiser = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr)
    scheduler = make(optimiser)
    values = []
    for step in range(steps):
        if step > 0:
            optimiser.step()
            scheduler.step()
        values.append(optimiser.param_groups[0]["lr"])
    return torch.tensor(values, dtype=torch.float64)


def linear(step, warmup, total):
    if step < warmup:
        return step / max(1, warmup)
    return max(0.0, (total - step) / max(1, total - warmup))


def cosine(step, warmup, total):
    if step < warmup:
        return step / max(1, warmup)
    return max(0.0, 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, total - warmup))))


def inverse_sqrt(step, warmup):
    return step / warmup if step < warmup else 1 / math.sqrt(step / warmup)


def schedules():
    tensors, metadata = {}, {}

    def case(op, lr, make, steps=STEPS, **arguments):
        label = f"{op}.{sum(name.startswith(op + '.') for name in metadata)}"
        metadata[label] = json.dumps({"op": op, "lr": lr, **arguments}, separators=(",", ":"))
        tensors[label] = rates(lr, make, steps)

    for name, cases in {
        "StepLR": [{"step_size": 7}, {"step_size": 1, "gamma": 0.9}],
        "LinearLR": [{}, {"start_factor": 0.1, "end_factor": 0.5, "total_iters": 40}],
        "CosineAnnealingLR": [{"T_max": 50}, {"T_max": 20, "eta_min": 0.01}],
    }.items():
        for arguments in cases:
            make = lambda o, name=name, a=arguments: getattr(lr_scheduler, name)(o, **a)
            case(name, 0.3, make, **arguments)
    for arguments in (
        {"total_steps": 60}, {"total_steps": 60, "pct_start": 0.1, "div_factor": 10.0},
        {"total_steps": 37, "anneal_strategy": "linear", "final_div_factor": 100.0},
        {"total_steps": 3}, {"total_steps": 5, "pct_start": 1.0},
        {"total_steps": 5, "pct_start": 0.0},
    ):
        make = lambda o, a=arguments: lr_scheduler.OneCycleLR(
            o, max_lr=0.2, cycle_momentum=False, **a)
        case("OneCycleLR", 0.2, make, steps=arguments["total_steps"], **arguments)
    for warmup in (0, 1, 9):
        factor = {"WarmupLinear": lambda s: linear(s, warmup, 50),
                  "WarmupCosine": lambda s: cosine(s, warmup, 50)}
        for op, f in factor.items():
            case(op, 0.3, lambda o: lr_scheduler.LambdaLR(o, f), steps=50, warmup=warmup, total=50)
        if warmup > 0:
            make = lambda o: lr_scheduler.LambdaLR(o, lambda s: inverse_sqrt(s, warmup))
            case("WarmupInverseSqrt", 0.3, make, warmup=warmup)
        make = lambda o: lr_scheduler.LambdaLR(o, lambda s: min(1.0, s / max(1, warmup))
                                               if warmup else 1.0)
        case("WarmupConstant", 0.3, make, warmup=warmup)
    save("schedules", tensors, metadata)


if __name__ == "__main__":
    schedules()
