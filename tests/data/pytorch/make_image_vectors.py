#!/usr/bin/env python3
"""Writes images.safetensors, which tests/table/image_test.cpp reads; make_vectors.py says how the
file is laid out.

Run with PyTorch 2.6:  python3 make_image_vectors.py
"""

import warnings

import torch
import torch.nn.functional as F

from make_vectors import Stem, rand


def convolutions(s):
    def conv(op, label, x, w, outputs=None, **arguments):
        inputs = {"x": rand(*x), "w": rand(*w)}
        if outputs is not None:
            inputs["b"] = rand(outputs)
        run = lambda x, w, b=None: getattr(F, op)(x, w, b, **arguments)
        s.case(f"{op}.{label}", run, inputs, op=op, **arguments)

    conv("conv1d", "plain", (2, 3, 9), (4, 3, 3), 4)
    conv("conv1d", "one", (1, 1, 1), (1, 1, 1), 1)
    conv("conv1d", "stride", (2, 2, 11), (3, 2, 4), stride=3, padding=2)
    conv("conv1d", "dilation", (1, 2, 13), (3, 2, 3), 3, dilation=3, padding=1)
    conv("conv1d", "groups", (2, 4, 7), (6, 2, 3), 6, groups=2, padding=1)
    conv("conv1d", "depthwise", (1, 3, 8), (3, 1, 2), groups=3)
    conv("conv1d", "same", (2, 2, 7), (3, 2, 3), 3, padding="same")
    conv("conv1d", "same_even", (1, 2, 7), (2, 2, 4), 2, padding="same")
    conv("conv1d", "same_dilated", (1, 2, 5), (2, 2, 2), dilation=3, padding="same")
    conv("conv1d", "empty", (0, 2, 5), (3, 2, 2), 3)
    conv("conv2d", "same", (2, 2, 5, 4), (3, 2, 3, 3), 3, padding="same")
    conv("conv2d", "same_even", (1, 2, 5, 6), (2, 2, 2, 4), 2, padding="same")
    conv("conv2d", "same_mixed", (1, 2, 4, 5), (2, 1, 3, 2), groups=2, dilation=[2, 1],
         padding="same")
    conv("conv_transpose1d", "plain", (2, 3, 5), (3, 4, 3), 4)
    conv("conv_transpose1d", "stride", (1, 2, 5), (2, 3, 4), 3, stride=3, padding=1,
         output_padding=2)
    conv("conv_transpose1d", "groups", (2, 4, 4), (4, 2, 3), groups=2, dilation=2)
    conv("conv3d", "plain", (2, 2, 4, 3, 5), (3, 2, 2, 3, 2), 3)
    conv("conv3d", "one", (1, 1, 1, 1, 1), (1, 1, 1, 1, 1), 1)
    conv("conv3d", "stride", (1, 2, 5, 4, 5), (2, 2, 3, 2, 2), stride=[2, 1, 2], padding=[1, 0, 1])
    conv("conv3d", "dilation", (1, 1, 6, 4, 5), (2, 1, 2, 2, 3), 2, dilation=[3, 2, 1])
    conv("conv3d", "groups", (1, 4, 2, 3, 2), (4, 2, 2, 2, 2), 4, groups=2, padding=1)
    conv("conv3d", "same", (1, 2, 3, 4, 3), (2, 2, 3, 3, 3), 2, padding="same")
    conv("conv3d", "same_even", (1, 2, 3, 4, 3), (2, 2, 2, 3, 4), padding="same")
    conv("conv3d", "empty", (0, 2, 3, 3, 3), (2, 2, 2, 2, 2), 2)


def pooling(s):
    def pool(op, label, x, name=None, **arguments):
        run = lambda x: getattr(F, op)(x, **arguments)
        s.case(f"{name or op}.{label}", run, {"x": x}, op=name or op, **arguments)

    pool("max_pool1d", "plain", rand(2, 3, 8), kernel_size=2)
    pool("max_pool1d", "all", rand(2, 2, 11), kernel_size=3, stride=2, padding=1, dilation=2)
    pool("avg_pool1d", "plain", rand(2, 3, 8), kernel_size=2)
    pool("avg_pool1d", "all", rand(2, 2, 10), kernel_size=4, stride=3, padding=2, ceil_mode=True,
         count_include_pad=False)
    pool("adaptive_avg_pool1d", "uneven", rand(2, 3, 7), output_size=3)
    pool("adaptive_avg_pool1d", "more", rand(1, 2, 3), output_size=5)
    with_indices = "max_pool2d_with_indices"
    pool("max_pool2d", "plain", rand(2, 2, 4, 6), with_indices, kernel_size=[2, 2])
    pool("max_pool2d", "all", rand(1, 2, 9, 8), with_indices, kernel_size=[3, 2], stride=[2, 1],
         padding=[1, 1], dilation=[2, 1])
    for name in ("adaptive_max_pool2d", "adaptive_max_pool2d_with_indices"):
        pool("adaptive_max_pool2d", "even", rand(2, 2, 6, 4), name, output_size=[3, 2])
        pool("adaptive_max_pool2d", "uneven", rand(1, 3, 7, 5), name, output_size=[3, 4])
        pool("adaptive_max_pool2d", "more", rand(1, 2, 2, 3), name, output_size=[3, 5])
        pool("adaptive_max_pool2d", "one", rand(3, 2, 5, 4), name, output_size=[1, 1])
        pool("adaptive_max_pool2d", "empty", rand(0, 2, 5, 4), name, output_size=[2, 2])

    def unpool(label, x, **arguments):
        size = arguments.pop("output_size", None)
        y, indices = F.max_pool2d(x, return_indices=True, **arguments)
        run = lambda x, i: F.max_unpool2d(x, i, output_size=size, **arguments)
        if size:
            arguments_kept = {"output_size": size[2:], **arguments}
        else:
            arguments_kept = arguments
        s.case(f"max_unpool2d.{label}", run, {"x": rand(*y.shape), "i": indices},
               op="max_unpool2d", **arguments_kept)

    unpool("plain", rand(2, 3, 4, 6), kernel_size=[2, 2])
    unpool("odd", rand(1, 2, 5, 7), kernel_size=[2, 2], output_size=[1, 2, 5, 7])
    unpool("gaps", rand(1, 2, 8, 7), kernel_size=[2, 1], stride=[3, 2], output_size=[1, 2, 8, 7])


def images(s):
    def pad(label, x, widths, **arguments):
        """widths: (before, after) of the last axes, in their order."""
        flat = [n for pair in reversed(widths) for n in pair]
        run = lambda x: F.pad(x, flat, **arguments)
        s.case(f"pad.{label}", run, {"x": rand(*x)}, op="pad", widths=widths, **arguments)

    pad("constant", (2, 3, 4), [[1, 2], [0, 3]])
    pad("value", (2, 3, 2, 2), [[1, 0], [2, 1]], value=2.5)
    pad("all_axes", (2, 1, 3), [[1, 1], [0, 2], [3, 0]])
    pad("crop", (4, 6), [[-1, 2], [3, -2]], value=-1.0)
    pad("empty", (0, 3), [[1, 2]])
    for mode in ("reflect", "replicate", "circular"):
        pad(f"{mode}.image", (2, 2, 3, 4), [[2, 1], [0, 3]], mode=mode)
        pad(f"{mode}.sequence", (1, 2, 5), [[4, 3]], mode=mode)
        pad(f"{mode}.volume", (1, 1, 3, 2, 4), [[1, 2], [1, 0], [2, 2]], mode=mode)
    pad("replicate.far", (1, 2, 3), [[5, 7]], mode="replicate")
    pad("reflect.crop", (1, 2, 5), [[-1, 3]], mode="reflect")

    def resize(label, x, **arguments):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            run = lambda x: F.interpolate(x, **arguments)
            s.case(f"interpolate.{label}", run, {"x": rand(*x)}, op="interpolate", **arguments)

    resize("nearest.twice", (2, 2, 3, 4), scale_factor=[2.0, 2.0])
    resize("nearest.size", (1, 2, 5, 7), size=[7, 3])
    resize("nearest.factor", (1, 2, 5, 6), scale_factor=[1.7, 0.6])
    resize("nearest.one", (1, 1, 1, 1), size=[3, 2])
    for align_corners in (False, True):
        k = {"mode": "bilinear", "align_corners": align_corners}
        label = "corners" if align_corners else "bilinear"
        resize(f"{label}.twice", (2, 2, 3, 4), scale_factor=[2.0, 2.0], **k)
        resize(f"{label}.size", (1, 2, 5, 7), size=[7, 3], **k)
        resize(f"{label}.factor", (1, 2, 5, 6), scale_factor=[1.7, 0.6], **k)
        resize(f"{label}.one", (1, 2, 3, 1), size=[1, 4], **k)
        resize(f"{label}.same", (1, 2, 3, 4), size=[3, 4], **k)
        resize(f"{label}.row", (2, 1, 3, 4), size=[3, 9], **k)
        resize(f"{label}.large", (1, 2, 9, 11), size=[14, 16], **k)
        resize(f"{label}.small", (1, 2, 13, 12), size=[5, 7], **k)

    for op, label, x, factor in (
        ("pixel_shuffle", "two", (2, 8, 2, 3), 2), ("pixel_shuffle", "three", (1, 9, 1, 2), 3),
        ("pixel_unshuffle", "two", (2, 2, 4, 6), 2), ("pixel_unshuffle", "three", (1, 1, 3, 6), 3),
    ):
        run = lambda x, op=op, factor=factor: getattr(F, op)(x, factor)
        s.case(f"{op}.{label}", run, {"x": rand(*x)}, op=op, factor=factor)

    for label, x, arguments in (
        ("plain", (2, 2, 4, 5), {"kernel_size": [2, 3]}),
        ("one", (1, 1, 1, 1), {"kernel_size": [1, 1]}),
        ("padding", (1, 2, 4, 3), {"kernel_size": [3, 2], "padding": [1, 1]}),
        ("all", (2, 1, 7, 6), {"kernel_size": [2, 3], "stride": [2, 1], "padding": [1, 2],
                               "dilation": [3, 2]}),
    ):
        s.case(f"unfold.{label}", lambda x: F.unfold(x, **arguments), {"x": rand(*x)}, op="unfold",
               **arguments)
        columns = F.unfold(torch.zeros(*x), **arguments)
        run = lambda x, size=x[2:]: F.fold(x, list(size), **arguments)
        s.case(f"fold.{label}", run, {"x": rand(*columns.shape)}, op="fold",
               output_size=list(x[2:]), **arguments)


def normalisation(s):
    for label, shape, groups, affine in (
        ("images", (2, 6, 3, 2), 3, True), ("one_group", (2, 4, 5), 1, True),
        ("each", (2, 3, 4, 3), 3, False), ("features", (4, 6), 2, True),
    ):
        inputs = {"x": rand(*shape)}
        if affine:
            inputs |= {"w": rand(shape[1]), "b": rand(shape[1])}
        run = lambda x, w=None, b=None: F.group_norm(x, groups, w, b, 1e-3)
        s.case(f"group_norm.{label}", run, inputs, op="group_norm", groups=groups, eps=1e-3)
    for label, shape, affine in (
        ("images", (2, 3, 3, 2), True), ("sequences", (3, 2, 5), False), ("bias", (2, 2, 7), True),
    ):
        inputs = {"x": rand(*shape)}
        if affine:
            inputs |= {"w": rand(shape[1]), "b": rand(shape[1])}
        run = lambda x, w=None, b=None: F.instance_norm(x, weight=w, bias=b, eps=1e-3)
        s.case(f"instance_norm.{label}", run, inputs, op="instance_norm", eps=1e-3)
    for label, shape, size in (("odd", (2, 7, 2, 3), 5), ("even", (1, 5, 4), 4),
                               ("one", (2, 3, 2), 1)):
        run = lambda x: F.local_response_norm(x, size, alpha=0.2, beta=0.6, k=1.5)
        s.case(f"local_response_norm.{label}", run, {"x": rand(*shape)}, op="local_response_norm",
               size=size, alpha=0.2, beta=0.6, k=1.5)


if __name__ == "__main__":
    torch.set_num_threads(1)
    stem = Stem("images", 41)
    for make in (convolutions, pooling, images, normalisation):
        make(stem)
    stem.save()
