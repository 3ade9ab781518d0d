#!/usr/bin/env python3
"""Writes the reference vectors of embeddings, masked reductions, padding, Adagrad and RMSprop, in
the format that make_vectors.py describes.

Run with PyTorch 2.6:  python3 make_text_vectors.py
"""

import json

import torch
import torch.nn.functional as F
from torch.nn.utils.rnn import pad_sequence

from make_vectors import Stem, exact, rand, save


def embedding():
    s = Stem("embedding", 21)
    for label, shape, rows, columns, padding_idx in (
        ("one", (1,), 1, 1, None),
        ("scalar", (), 5, 3, None),
        ("batch", (3, 7), 11, 5, None),
        ("padding", (4, 6), 9, 17, 0),
        ("padding_from_the_end", (3, 5), 6, 4, -1),
        ("cube", (2, 3, 4), 7, 16, None),
        ("often", (3, 70), 3, 3, None),
        ("empty", (2, 0), 4, 3, None),
    ):
        ids = torch.randint(0, rows, shape)
        run = lambda w, t, p=padding_idx: F.embedding(t, w, padding_idx=p)
        arguments = {} if padding_idx is None else {"padding_idx": padding_idx}
        s.case(f"embedding.{label}", run, {"w": rand(rows, columns), "t": ids}, op="embedding",
               **arguments)
    s.save()


def mask_of(x, lengths):
    """(N, L, 1, ...), true at real steps"""
    mask = torch.arange(x.shape[1])[None] < lengths[:, None]
    return mask.view(*mask.shape, *[1] * (x.dim() - 2))


def masked_sum(x, lengths):
    return torch.where(mask_of(x, lengths), x, torch.zeros((), dtype=x.dtype)).sum(1)


def masked_mean(x, lengths):
    counts = lengths.clamp(min=1).to(x.dtype)
    return masked_sum(x, lengths) / counts.view(-1, *[1] * (x.dim() - 2))


def masked_max(x, lengths):
    return x.masked_fill(~mask_of(x, lengths), -torch.inf).max(1).values


def masked_loss(x, lengths):
    real = mask_of(x, lengths).expand(x.shape)
    return x[real].mean()


def masked():
    s = Stem("masked", 22)
    for op in (masked_sum, masked_mean, masked_max, masked_loss):
        for label, shape, lengths in (
            ("one", (1, 1, 1), [1]),
            ("batch", (3, 7, 5), [7, 1, 4]),
            ("wide", (2, 3, 67), [3, 1]),
            ("flat", (4, 6), [2, 6, 1, 5]),
            ("deep", (2, 5, 3, 2), [5, 2]),
            ("long", (1, 150, 1), [149]),
            ("none", (2, 3, 2), [0, 2]),
        ):
            if label == "none" and op is masked_max:
                continue
            s.case(f"{op.__name__}.{label}", op, {"x": rand(*shape), "t": torch.tensor(lengths)},
                   op=op.__name__)
    for label, shapes, value in (
        ("vectors", ((3,), (1,), (4,)), 0.0),
        ("features", ((2, 3), (5, 3)), -1.5),
        ("nothing", ((0, 2), (3, 2), (1, 2)), 0.0),
    ):
        run = lambda *x, v=value: pad_sequence(x, batch_first=True, padding_value=v)
        inputs = {"abc"[i]: rand(*shape) for i, shape in enumerate(shapes)}
        s.case(f"pad_sequence.{label}", run, inputs, op="pad_sequence", padding_value=value)
    s.save()


def adaptive_optimisers():
    """As optimisers() of make_vectors.py: ten steps with given gradients."""
    torch.manual_seed(23)
    start, steps = rand(3, 5), 10
    grads = exact(0.5 * start + torch.stack([rand(3, 5, scale=0.3) for _ in range(steps)]))
    grads[:, 0, 1] = 0
    grads[::2, 2, 4] = 0
    grads[:, 1, 0] *= 2.0**-20
    grads[:, 1, 3] *= 2.0**14
    tensors, metadata = {"start": start, "grads": grads}, {}
    for label, kind, arguments in (
        ("adagrad.plain", "Adagrad", {"lr": 0.1}),
        ("adagrad.lr_decay", "Adagrad", {"lr": 0.2, "lr_decay": 0.3}),
        ("adagrad.all", "Adagrad", {"lr": 0.1, "lr_decay": 0.01, "weight_decay": 0.05,
                                    "initial_accumulator_value": 0.1, "eps": 1e-3}),
        ("rmsprop.plain", "RMSprop", {"lr": 0.01}),
        ("rmsprop.alpha", "RMSprop", {"lr": 0.02, "alpha": 0.7, "eps": 1e-3}),
        ("rmsprop.momentum", "RMSprop", {"lr": 0.01, "momentum": 0.9}),
        ("rmsprop.centered", "RMSprop", {"lr": 0.01, "alpha": 0.9, "centered": True, "eps": 1e-2}),
        ("rmsprop.all", "RMSprop", {"lr": 0.01, "alpha": 0.95, "weight_decay": 0.1, "eps": 1e-2,
                                    "momentum": 0.5, "centered": True}),
    ):
        metadata[label] = json.dumps({"op": kind, **arguments}, separators=(",", ":"))
        for bits, dtype in (("64", torch.float64), ("32", torch.float32)):
            p = torch.nn.Parameter(start.to(dtype, copy=True))
            optimiser = getattr(torch.optim, kind)([p], **arguments)
            trail = []
            for g in grads:
                p.grad = g.to(dtype, copy=True)
                optimiser.step()
                trail.append(p.detach().clone())
            tensors[f"{label}.p{bits}"] = torch.stack(trail)
    save("adaptive_optimisers", tensors, metadata)


if __name__ == "__main__":
    torch.set_num_threads(1)
    for make in (embedding, masked, adaptive_optimisers):
        make()
