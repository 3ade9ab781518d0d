#!/usr/bin/env python3
"""Writes the reference vectors of gelu and silu, gelu.safetensors.

Run with PyTorch 2.6:  python3 make_gelu_vectors.py        (make_vectors.py explains the format)"""

import torch
import torch.nn.functional as F

from make_vectors import Stem, exact, rand


def activations():
    s = Stem("gelu", 31)
    values = torch.tensor([-100.0, -13.0, -5.5, -3.0, -0.75, -1e-6, 0.0, 1e-3, 0.6, 4.0, 100.0],
                          dtype=torch.float64)
    inputs = {"one": rand(1), "odd": rand(5, 7), "cube": rand(3, 1, 5), "empty": rand(2, 0),
              "extremes": exact(values)}
    for label, x in inputs.items():
        for approximate in ("none", "tanh"):
            s.case(f"gelu.{approximate}.{label}", lambda x, a=approximate: F.gelu(x, approximate=a),
                   {"x": x}, op="gelu", approximate=approximate)
        s.case(f"silu.{label}", F.silu, {"x": x}, op="silu")
    s.save()


if __name__ == "__main__":
    activations()
