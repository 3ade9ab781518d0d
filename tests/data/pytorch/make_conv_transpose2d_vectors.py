#!/usr/bin/env python3
"""Writes conv_transpose2d.safetensors; see make_vectors.py.

Run with PyTorch 2.6:  python3 make_conv_transpose2d_vectors.py
"""

import torch
import torch.nn.functional as F

from make_vectors import Stem, rand


def conv_transpose2d():
    s = Stem("conv_transpose2d", 20)
    for label, x, w, bias, arguments in (
        ("plain", (2, 3, 4, 5), (3, 4, 3, 3), True, {}),
        ("no_bias", (1, 2, 4, 3), (2, 3, 3, 3), False, {}),
        ("one_pixel", (1, 1, 1, 1), (1, 1, 1, 1), True, {}),
        ("one_pixel_paints", (2, 2, 1, 1), (2, 3, 4, 5), True, {}),
        ("pointwise", (2, 5, 4, 3), (5, 3, 1, 1), True, {}),
        ("pointwise_stride", (1, 3, 3, 2), (3, 2, 1, 1), True, {"stride": [2, 3]}),
        ("padding", (2, 2, 5, 4), (2, 3, 3, 3), True, {"padding": [1, 1]}),
        ("double", (2, 3, 4, 3), (3, 2, 4, 4), True, {"stride": [2, 2], "padding": [1, 1]}),
        ("output_padding", (1, 2, 4, 5), (2, 3, 3, 3), True,
         {"stride": [2, 2], "padding": [1, 1], "output_padding": [1, 1]}),
        ("stride_skips", (1, 2, 3, 4), (2, 2, 2, 2), True,
         {"stride": [3, 3], "output_padding": [2, 0]}),
        ("dilation", (1, 2, 4, 4), (2, 2, 3, 3), True, {"dilation": [2, 2]}),
        ("dilation_output_padding", (1, 2, 3, 3), (2, 2, 2, 3), True,
         {"stride": [1, 2], "dilation": [4, 5], "output_padding": [3, 4]}),
        ("oblong", (1, 2, 3, 4), (2, 3, 2, 5), True,
         {"stride": [2, 1], "padding": [0, 2], "dilation": [2, 1]}),
        ("groups", (2, 4, 4, 5), (4, 3, 3, 3), True, {"groups": 2, "padding": [1, 1]}),
        ("depthwise", (2, 3, 4, 5), (3, 1, 3, 3), False,
         {"groups": 3, "stride": [2, 2], "padding": [1, 1]}),
        ("everything", (2, 4, 3, 4), (4, 2, 3, 2), True,
         {"stride": [2, 3], "padding": [2, 1], "output_padding": [1, 2], "dilation": [2, 3],
          "groups": 2}),
        ("many_channels", (1, 9, 3, 2), (9, 10, 2, 2), True, {"stride": [2, 2]}),
    ):
        inputs = {"x": rand(*x), "w": rand(*w)}
        if bias:
            inputs["b"] = rand(w[1] * arguments.get("groups", 1))
        run = lambda x, w, b=None, k=arguments: F.conv_transpose2d(x, w, b, **k)
        s.case(label, run, inputs, op="conv_transpose2d", **arguments)
    s.save()


if __name__ == "__main__":
    torch.set_num_threads(1)
    conv_transpose2d()
