#!/usr/bin/env python3
"""Writes the reference vectors of normalisations, norm.safetensors and batch_norm_training.safetensors.

Run with PyTorch 2.6:  python3 make_norm_vectors.py        (make_vectors.py explains the format)"""

import json

import torch
import torch.nn.functional as F

from make_vectors import Stem, exact, positive, rand, save


def normalisations():
    s = Stem("norm", 21)
    for label, shape, normalized, weight, bias, eps in (
        ("rows", (3, 7), [7], True, True, 1e-5),
        ("sequence", (2, 3, 5), [5], True, True, 1e-5),
        ("two_axes", (2, 3, 5), [3, 5], True, True, 1e-3),
        ("all_axes", (3, 4), [3, 4], True, True, 1e-5),
        ("plain", (4, 9), [9], False, False, 1e-5),
        ("no_bias", (2, 33), [33], True, False, 1e-5),
        ("many", (37, 3), [3], True, True, 1e-5),
        ("long", (2, 130), [130], True, True, 1e-5),
        ("one", (2, 1), [1], True, True, 1e-5),
        ("empty", (0, 3), [3], True, True, 1e-5),
    ):
        inputs = {"x": rand(*shape)}
        if weight:
            inputs["w"] = rand(*normalized)
        if bias:
            inputs["b"] = rand(*normalized)
        arguments = {"shape": normalized, "eps": eps}
        run = lambda x, w=None, b=None, n=normalized, eps=eps: F.layer_norm(x, n, w, b, eps)
        if label != "one":  # all zeros, but for PyTorch's rounding
            s.case(f"layer_norm.{label}", run, inputs, op="layer_norm", **arguments)
        if bias:
            del inputs["b"]
        run = lambda x, w=None, n=normalized, eps=eps: F.rms_norm(x, n, w, eps)
        s.case(f"rms_norm.{label}", run, inputs, op="rms_norm", **arguments)
    far = exact(rand(3, 20, outliers=False) + 1000)
    s.case("layer_norm.far", lambda x: F.layer_norm(x, [20]), {"x": far}, op="layer_norm",
           shape=[20], eps=1e-5)

    for label, shape, affine, eps in (
        ("features", (7, 5), True, 1e-5),
        ("many_features", (3, 37), True, 1e-5),
        ("sequence", (3, 2, 5), True, 1e-5),
        ("images", (2, 3, 4, 5), True, 1e-5),
        ("plain", (3, 2, 4, 3), False, 1e-3),
        ("large", (2, 3, 9, 7), True, 1e-5),
        ("one_channel", (2, 1, 3, 3), True, 1e-5),
        ("empty", (0, 2, 3, 3), True, 1e-5),
    ):
        for training in (True, False):
            inputs = {"x": rand(*shape)}
            if affine:
                inputs.update(w=rand(shape[1]), b=rand(shape[1]))
            arguments = {"training": training, "eps": eps}
            mean = var = None
            if not training:
                mean, var = rand(shape[1]), positive(shape[1])
                arguments.update(running_mean=mean.tolist(), running_var=var.tolist())

            def run(x, w=None, b=None, mean=mean, var=var, training=training, eps=eps):
                statistics = [None if t is None else t.to(x.dtype) for t in (mean, var)]
                return F.batch_norm(x, *statistics, w, b, training, 0.1, eps)
            kind = "training" if training else "evaluation"
            s.case(f"batch_norm.{kind}.{label}", run, inputs, op="batch_norm", **arguments)
    far = exact(rand(3, 2, 5, 4, outliers=False) + 1000)
    s.case("batch_norm.far", lambda x: F.batch_norm(x, None, None, training=True), {"x": far},
           op="batch_norm", training=True, eps=1e-5)
    s.save()


def batch_norm_training():
    """State of a BatchNorm after each of three batches, then its output in evaluation."""
    torch.manual_seed(22)
    tensors, metadata = {}, {}
    for label, shape, arguments in (
        ("features", (5, 3), {}),
        ("sequence", (2, 3, 4), {"momentum": 0.25, "eps": 1e-3}),
        ("images", (2, 3, 4, 2), {}),
        ("average", (2, 3, 4, 2), {"momentum": None}),
    ):
        batches = torch.stack([rand(*shape) for _ in range(4)])
        weight, bias = rand(3), rand(3)
        tensors[f"{label}.x"] = batches
        tensors[f"{label}.start.weight"], tensors[f"{label}.start.bias"] = weight, bias
        metadata[label] = json.dumps(arguments, separators=(",", ":"))
        for bits, dtype in (("64", torch.float64), ("32", torch.float32)):
            kind = torch.nn.BatchNorm2d if len(shape) == 4 else torch.nn.BatchNorm1d
            norm = kind(3, **arguments).to(dtype)
            with torch.no_grad():
                norm.weight.copy_(weight)
                norm.bias.copy_(bias)
            for step in range(3):
                norm(batches[step].to(dtype))
                for key, value in norm.state_dict().items():
                    tensors[f"{label}.{bits}.{step}.{key}"] = value.clone()
            norm.eval()
            tensors[f"{label}.{bits}.y"] = norm(batches[3].to(dtype))
    save("batch_norm_training", tensors, metadata)


if __name__ == "__main__":
    normalisations()
    batch_norm_training()
