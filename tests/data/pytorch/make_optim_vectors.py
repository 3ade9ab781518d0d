#!/usr/bin/env python3
"""Writes what PyTorch's rarer optimisers, its averages and its schedulers do: rare_optimisers,
averages, lbfgs and more_schedules.safetensors, read by tests/optim.

Run with PyTorch 2.6:  python3 make_optim_vectors.py"""

import json

import torch
from torch.optim import lr_scheduler, swa_utils

from make_schedule_vectors import rates
from make_vectors import exact, rand, save


def text(**arguments):
    return json.dumps(arguments, separators=(",", ":"))


def rare_optimisers():
    """Forty steps with given gradients; p64 and p32 hold the parameter after each of them."""
    torch.manual_seed(31)
    start, steps = rand(3, 3), 40
    grads = exact(0.5 * start + torch.stack([rand(3, 3, scale=0.3) for _ in range(steps)]))
    grads[:, 0, 1] = 0
    grads[::2, 2, 2] = 0
    grads[:, 1, 0] *= 2.0**-20
    grads[:, 1, 2] *= 2.0**14
    tensors, metadata = {"start": start, "grads": grads}, {}
    decoupled = {"weight_decay": 0.2, "decoupled_weight_decay": True}
    for label, kind, arguments in (
        ("adadelta.plain", "Adadelta", {"lr": 1.0}),
        ("adadelta.all", "Adadelta", {"lr": 0.5, "rho": 0.8, "eps": 1e-3, "weight_decay": 0.1}),
        ("adamax.plain", "Adamax", {"lr": 0.002}),
        ("adamax.all", "Adamax", {"lr": 0.05, "betas": [0.8, 0.9], "eps": 1e-3,
                                  "weight_decay": 0.1}),
        ("nadam.plain", "NAdam", {"lr": 0.002}),
        ("nadam.weight_decay", "NAdam", {"lr": 0.05, "betas": [0.8, 0.99], "eps": 1e-3,
                                         "weight_decay": 0.1, "momentum_decay": 0.5}),
        ("nadam.decoupled", "NAdam", {"lr": 0.02, **decoupled}),
        ("radam.plain", "RAdam", {"lr": 0.001}),
        ("radam.weight_decay", "RAdam", {"lr": 0.05, "betas": [0.8, 0.99], "eps": 1e-3,
                                         "weight_decay": 0.1}),
        ("radam.decoupled", "RAdam", {"lr": 0.02, **decoupled}),
        ("radam.short", "RAdam", {"lr": 0.02, "betas": [0.9, 0.6]}),
    ):
        metadata[label] = text(op=kind, **arguments)
        for bits, dtype in (("64", torch.float64), ("32", torch.float32)):
            torch.set_default_dtype(dtype)  # NAdam keeps its product of momenta in it
            p = torch.nn.Parameter(start.to(dtype, copy=True))
            optimiser = getattr(torch.optim, kind)([p], **arguments)
            trail = []
            for g in grads:
                p.grad = g.to(dtype, copy=True)
                optimiser.step()
                trail.append(p.detach().clone())
            tensors[f"{label}.p{bits}"] = torch.stack(trail)
        torch.set_default_dtype(torch.float32)
    save("rare_optimisers", tensors, metadata)


def rosenbrock(x):
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def lbfgs():
    """Rosenbrock's valley in n dimensions: the point after each step, and each step's loss."""
    tensors, metadata = {}, {}
    for label, n, steps, arguments in (
        ("wolfe", 2, 3, {"line_search_fn": "strong_wolfe", "max_iter": 10}),
        ("wolfe.short", 5, 8, {"line_search_fn": "strong_wolfe", "max_iter": 4,
                               "history_size": 3}),
        ("wolfe.lr", 2, 6, {"line_search_fn": "strong_wolfe", "lr": 0.1, "max_iter": 3}),
        ("fixed", 2, 6, {"lr": 0.1, "max_iter": 5, "history_size": 4}),
        ("max_eval", 3, 6, {"line_search_fn": "strong_wolfe", "max_iter": 6, "max_eval": 4}),
    ):
        metadata[label] = text(n=n, **arguments)
        x = torch.nn.Parameter(torch.linspace(-1.2, 1, n, dtype=torch.float64))
        optimiser = torch.optim.LBFGS([x], **arguments)

        def closure():
            optimiser.zero_grad()
            loss = rosenbrock(x)
            loss.backward()
            return loss

        losses, points = [], []
        for _ in range(steps):
            losses.append(optimiser.step(closure).detach().clone())
            points.append(x.detach().clone())
        tensors[f"{label}.losses"] = torch.stack(losses)
        tensors[f"{label}.points"] = torch.stack(points)
    save("lbfgs", tensors, metadata)


def averages():
    """Weights and a running mean that change from step to step, and their averages."""
    torch.manual_seed(32)
    steps = 6
    weights = torch.stack([rand(2, 3) for _ in range(steps)])
    means = torch.stack([rand(3) for _ in range(steps)])
    tensors, metadata = {"weights": weights, "means": means}, {}
    for label, arguments in (
        ("swa", {}),
        ("ema", {"multi_avg_fn": swa_utils.get_ema_multi_avg_fn(0.9)}),
    ):
        net = torch.nn.Module()
        net.weight = torch.nn.Parameter(torch.zeros(2, 3, dtype=torch.float64))
        net.register_buffer("mean", torch.zeros(3, dtype=torch.float64))
        averaged = swa_utils.AveragedModel(net, **arguments)
        trail = []
        for w, m in zip(weights, means):
            net.weight.data.copy_(w)
            net.mean.copy_(m)
            averaged.update_parameters(net)
            trail.append(averaged.module.weight.detach().clone())
            assert torch.equal(averaged.module.mean, m)
        tensors[f"{label}.weights"] = torch.stack(trail)
    save("averages", tensors, metadata)


def more_schedules():
    tensors, metadata = {}, {}
    for label, op, arguments in (
        ("multistep", "MultiStepLR", {"milestones": [5, 5, 12, 30], "gamma": 0.3}),
        ("multistep.none", "MultiStepLR", {"milestones": []}),
        ("exponential", "ExponentialLR", {"gamma": 0.93}),
        ("polynomial", "PolynomialLR", {}),
        ("polynomial.power", "PolynomialLR", {"total_iters": 25, "power": 0.9}),
        ("restarts", "CosineAnnealingWarmRestarts", {"T_0": 7}),
        ("restarts.longer", "CosineAnnealingWarmRestarts", {"T_0": 4, "T_mult": 2,
                                                            "eta_min": 0.05}),
    ):
        metadata[label] = text(op=op, lr=0.3, **arguments)
        make = lambda o, op=op, a=arguments: getattr(lr_scheduler, op)(o, **a)
        tensors[label] = rates(0.3, make, 40)

    def sequence(o):
        first = lr_scheduler.LinearLR(o, start_factor=0.1, total_iters=4)
        return lr_scheduler.SequentialLR(o, [first, lr_scheduler.ExponentialLR(o, 0.9)], [6])

    def chain(o):
        first = lr_scheduler.LinearLR(o, start_factor=0.1, total_iters=4)
        return lr_scheduler.ChainedScheduler([first, lr_scheduler.ExponentialLR(o, 0.9)])

    for label, make in (("sequence", sequence), ("chain", chain)):
        metadata[label] = text(op=label, lr=0.3)
        tensors[label] = rates(0.3, make, 20)
    save("more_schedules", tensors, metadata)


if __name__ == "__main__":
    torch.set_num_threads(1)
    for make in (rare_optimisers, lbfgs, averages, more_schedules):
        make()
