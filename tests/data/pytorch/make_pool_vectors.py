#!/usr/bin/env python3
"""Writes avg_pool2d.safetensors, which tests/table reads; make_vectors.py says how
the file is laid out.

Run with PyTorch 2.6:  python3 make_pool_vectors.py
"""

import torch
import torch.nn.functional as F

from make_vectors import Stem, rand


def avg_pool2d(s):
    def pool(label, x, **arguments):
        run = lambda x: F.avg_pool2d(x, **arguments)
        s.case("avg_" + label, run, {"x": x}, op="avg_pool2d", **arguments)

    pool("plain", rand(2, 2, 4, 6), kernel_size=[2, 2])
    pool("odd", rand(1, 2, 7, 5), kernel_size=[2, 2])
    pool("stride", rand(1, 2, 9, 8), kernel_size=[3, 3], stride=[2, 2])
    pool("overlap", rand(2, 1, 5, 5), kernel_size=[3, 3], stride=[1, 1])
    pool("padding", rand(1, 2, 6, 7), kernel_size=[3, 3], stride=[2, 2], padding=[1, 1])
    pool("excluded", rand(1, 2, 6, 7), kernel_size=[3, 3], stride=[2, 2], padding=[1, 1],
         count_include_pad=False)
    pool("ceil", rand(1, 2, 7, 8), kernel_size=[2, 3], stride=[2, 3], ceil_mode=True)
    pool("ceil_padding", rand(1, 2, 8, 7), kernel_size=[3, 4], stride=[2, 3], padding=[1, 2],
         ceil_mode=True)
    pool("ceil_excluded", rand(1, 1, 8, 7), kernel_size=[3, 4], stride=[2, 3], padding=[1, 2],
         ceil_mode=True, count_include_pad=False)
    pool("ceil_in_padding", rand(1, 1, 5, 5), kernel_size=[2, 2], stride=[3, 3], padding=[1, 1],
         ceil_mode=True)
    pool("divisor", rand(1, 2, 5, 6), kernel_size=[2, 3], padding=[1, 0], divisor_override=5)
    pool("gaps", rand(1, 1, 9, 9), kernel_size=[2, 1], stride=[3, 4])
    pool("whole", rand(2, 3, 4, 3), kernel_size=[4, 3])


def adaptive_avg_pool2d(s):
    def pool(label, x, *size):
        run = lambda x: F.adaptive_avg_pool2d(x, [n or None for n in size])
        s.case("adaptive_" + label, run, {"x": x}, op="adaptive_avg_pool2d", output_size=size)

    pool("global", rand(2, 3, 7, 7), 1, 1)
    pool("even", rand(1, 2, 8, 6), 4, 3)
    pool("uneven", rand(1, 2, 7, 10), 3, 4)
    pool("larger", rand(1, 2, 3, 4), 5, 7)
    pool("same", rand(1, 2, 5, 4), 0, 2)
    pool("row", rand(1, 2, 5, 9), 1, 0)


if __name__ == "__main__":
    torch.set_num_threads(1)
    stem = Stem("avg_pool2d", 33)
    avg_pool2d(stem)
    adaptive_avg_pool2d(stem)
    stem.save()
