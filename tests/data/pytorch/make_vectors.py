#!/usr/bin/env python3
"""Writes the reference vectors that tests/table reads.

Run with PyTorch 2.6:  python3 make_vectors.py

One safetensors file per stem. A case's tensors are named "<case>.<what>":
    x, w, b, ...      inputs, float64 (or int64), every value exact in float32
    dy                the cotangent of the output
    y64, dx64, ...    result and gradients, computed in float64; no gradient of a constant
    y32, dx32, ...    the same, computed in float32: PyTorch's own error is their distance
and its arguments stand as JSON in the header's __metadata__ under the case's name, "op" among them.
"""

import json
import os
import struct

import torch
import torch.nn.functional as F

DTYPES = {torch.float64: ("F64", 8), torch.int64: ("I64", 8), torch.float32: ("F32", 4)}


def save(stem, tensors, metadata):
    """Header length (8 bytes, little-endian), JSON header, data; wide types first: all aligned."""
    header = {"__metadata__": {"torch": torch.__version__.split("+")[0], **metadata}}
    blobs, end = [], 0
    for name, t in sorted(tensors.items(), key=lambda item: -DTYPES[item[1].dtype][1]):
        begin, end = end, end + t.numel() * DTYPES[t.dtype][1]
        shape, offsets = list(t.shape), [begin, end]
        header[name] = {"dtype": DTYPES[t.dtype][0], "shape": shape, "data_offsets": offsets}
        blobs.append(t.detach().contiguous().numpy().tobytes())
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), stem + ".safetensors")
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + b"".join(blobs))
    print(f"{stem}: {len(metadata)} cases, {os.path.getsize(path)} bytes")


def exact(t):
    """Rounds to float32, kept as float64."""
    return t.to(torch.float32).to(torch.float64)


def rand(*shape, scale=1.0, outliers=True):
    """Normal numbers whose spread differs from place to place, every eleventh one an outlier."""
    t = torch.randn(shape, dtype=torch.float64)
    t = t * torch.exp(torch.randn(shape, dtype=torch.float64)) * scale
    if outliers:
        t.view(-1)[5::11] *= 20
    return exact(t)


def positive(*shape, low=1e-3):
    return exact(rand(*shape).abs() + low)


class Stem:
    """Collects the cases of one file."""

    def __init__(self, name, seed):
        self.name, self.tensors, self.metadata = name, {}, {}
        torch.manual_seed(seed)

    def case(self, name, f, inputs, **arguments):
        """Runs f(inputs) in both precisions and keeps inputs, results and gradients."""
        assert name not in self.metadata
        self.metadata[name] = json.dumps(arguments, separators=(",", ":"))
        for key, value in inputs.items():
            self.tensors[f"{name}.{key}"] = value
        dy = None
        for bits, dtype in (("64", torch.float64), ("32", torch.float32)):
            leaves = {
                k: v.detach().clone().to(dtype).requires_grad_() if v.is_floating_point() else v
                for k, v in inputs.items()
            }
            y = f(*leaves.values())
            if dy is None:
                dy = rand(*y.shape)
                self.tensors[f"{name}.dy"] = dy
            y.backward(dy.to(dtype))
            self.tensors[f"{name}.y{bits}"] = y
            for key, leaf in leaves.items():
                if leaf.requires_grad and leaf.grad is not None:
                    self.tensors[f"{name}.d{key}{bits}"] = leaf.grad

    def save(self):
        save(self.name, self.tensors, self.metadata)


def arithmetic():
    s = Stem("arithmetic", 1)
    shapes = {
        "same": ((3, 5), (3, 5)),
        "row": ((2, 3, 5), (5,)),
        "column": ((3, 1), (3, 5)),
        "outer": ((4, 1), (1, 3)),
        "scalar": ((), (2, 3)),
        "middle": ((2, 1, 3), (2, 1)),
        "empty": ((0, 3), (1, 3)),
        "odd": ((37,), (37,)),
    }
    ops = ("add", "sub", "mul", "div", "maximum", "minimum", "pow")
    for op in ops:
        f = getattr(torch, op)
        for label, (a, b) in shapes.items():
            if op == "pow":  # a real exponent wants a positive base
                inputs = {"a": positive(*a, low=0.1), "b": rand(*b, scale=0.5, outliers=False)}
            elif op == "div":
                inputs = {"a": rand(*a), "b": positive(*b, low=0.05) * torch.sign(rand(*b))}
            else:
                inputs = {"a": rand(*a), "b": rand(*b)}
            s.case(f"{op}.{label}", f, inputs, op=op)
    s.save()


def elementwise():
    s = Stem("elementwise", 2)
    shapes = {"one": (1,), "odd": (5, 7), "cube": (3, 1, 5), "empty": (2, 0)}
    for op in "exp log sqrt abs square sin cos tanh sigmoid relu neg".split():
        f = getattr(torch, op)
        for label, shape in shapes.items():
            if op in ("log", "sqrt"):
                x = positive(*shape)
            elif op == "exp":
                x = rand(*shape).clamp(-80, 80)
            else:
                x = rand(*shape)
            s.case(f"{op}.{label}", f, {"x": x}, op=op)
    extremes = {
        "exp": [-87.0, -1e-4, 0.0, 1e-7, 88.0],
        "log": [1e-30, 0.99999, 1.0, 1.00001, 1e30],
        "sqrt": [1e-30, 1.0, 2.0, 1e30],
        "abs": [0.0, -1e-30, 1e30],
        "tanh": [-20.0, -1e-6, 0.0, 1e-3, 0.3, 9.0, 100.0],
        "sigmoid": [-80.0, -17.0, 0.0, 1e-6, 17.0, 100.0],
        "relu": [-1e30, -1e-30, 0.0, 1e-30, 1e30],
        "sin": [-1000.0, -3.14159274, 0.0, 1e-6, 1.57079637, 100.0],
        "cos": [-1000.0, -3.14159274, 0.0, 1e-6, 1.57079637, 100.0],
    }
    for op, values in extremes.items():
        x = exact(torch.tensor(values, dtype=torch.float64))
        s.case(f"{op}.extremes", getattr(torch, op), {"x": x}, op=op)
    for label, shape in shapes.items():
        s.case(f"clamp.{label}", lambda x: x.clamp(-0.5, 1.25), {"x": rand(*shape)}, op="clamp",
               low=-0.5, high=1.25)
        t = torch.randint(0, 2, shape)
        s.case(f"where.{label}", lambda a, b, t: torch.where(t.bool(), a, b),
               {"a": rand(*shape), "b": rand(1, shape[-1]), "t": t}, op="where")
    s.save()


def reduce():
    s = Stem("reduce", 3)
    fs = {"sum": torch.sum, "mean": torch.mean, "max": torch.amax}
    for op, f in fs.items():
        for dims, keepdim in (
            ([0], False), ([1], False), ([2], True), ([-1], False),
            ([0, 2], False), ([1, 2], True), ([0, 1, 2], False),
        ):
            label = "dims" + "".join(map(str, dims)).replace("-", "m") + ("k" if keepdim else "")
            run = lambda x, f=f, dims=dims, keepdim=keepdim: f(x, dim=dims, keepdim=keepdim)
            s.case(f"{op}.{label}", run, {"x": rand(2, 3, 5)}, op=op, dims=dims, keepdim=keepdim)
        for label, shape in {"all": (5, 13), "long": (77,), "one": (1, 1), "scalar": ()}.items():
            run = lambda x, op=op: getattr(torch, op)(x)
            s.case(f"{op}.{label}", run, {"x": rand(*shape)}, op=op)
    s.case("sum.empty", torch.sum, {"x": rand(0, 4)}, op="sum")
    # Many sums of many terms, so that nobody's largest error is a matter of luck.
    rows = {"op": "sum", "dims": [1], "keepdim": False}
    s.case("sum.rows", lambda x: x.sum(1), {"x": rand(24, 29)}, **rows)
    rows = {"op": "sum", "dims": [0], "keepdim": False}
    s.case("sum.empty_rows", lambda x: x.sum(0), {"x": rand(0, 4)}, **rows)
    s.save()


def matmul():
    s = Stem("matmul", 4)
    for label, a, b in (
        ("odd", (5, 7), (7, 3)),
        ("one", (1, 1), (1, 1)),
        ("deep", (3, 67), (67, 3)),
        ("wide", (2, 3), (3, 37)),
        ("tall", (33, 2), (2, 1)),
        ("blocks", (9, 9), (9, 7)),
        ("dot", (9,), (9,)),
        ("matrix_vector", (4, 6), (6,)),
        ("vector_matrix", (6,), (6, 5)),
        ("batched", (3, 4, 5), (3, 5, 2)),
        ("one_matrix_right", (3, 4, 5), (5, 2)),
        ("one_matrix_left", (4, 5), (3, 5, 2)),
        ("broadcast", (2, 1, 3, 4), (5, 4, 2)),
        ("broadcast_both", (2, 1, 3, 4), (1, 3, 4, 2)),
        ("batched_vector", (3, 4, 5), (5,)),
        ("vector_batched", (4,), (3, 4, 2)),
        ("inner_empty", (3, 0), (0, 2)),
        ("outer_empty", (0, 3), (3, 2)),
    ):
        s.case(label, torch.matmul, {"a": rand(*a), "b": rand(*b)}, op="matmul")
    s.save()


def linear():
    s = Stem("linear", 5)
    for label, x, features, bias in (
        ("plain", (4, 7), 5, True),
        ("no_bias", (3, 5), 2, False),
        ("one", (1, 1), 1, True),
        ("sequence", (2, 3, 6), 4, True),
        ("vector", (6,), 3, True),
        ("deep", (2, 67), 3, True),
        ("empty", (0, 3), 2, True),
    ):
        inputs = {"x": rand(*x), "w": rand(features, x[-1])}
        if bias:
            inputs["b"] = rand(features)
        s.case(label, lambda x, w, b=None: F.linear(x, w, b), inputs, op="linear")
    s.save()


def conv2d():
    s = Stem("conv2d", 6)
    for label, x, w, bias, arguments in (
        ("plain", (2, 3, 6, 5), (4, 3, 3, 3), True, {}),
        ("no_bias", (1, 2, 6, 7), (3, 2, 3, 3), False, {}),
        ("one_pixel", (1, 1, 1, 1), (1, 1, 1, 1), True, {}),
        ("pointwise", (2, 5, 4, 3), (3, 5, 1, 1), True, {}),
        ("pointwise_stride", (1, 3, 5, 6), (2, 3, 1, 1), True, {"stride": [2, 2]}),
        ("whole_image", (2, 2, 4, 5), (3, 2, 4, 5), True, {}),
        ("padding", (2, 2, 5, 4), (3, 2, 3, 3), True, {"padding": [1, 1]}),
        ("padding_wide", (1, 1, 3, 3), (2, 1, 3, 3), True, {"padding": [2, 2]}),
        ("stride", (1, 2, 9, 8), (3, 2, 3, 3), True, {"stride": [2, 2]}),
        ("stride_skips", (1, 2, 6, 8), (2, 2, 2, 2), True, {"stride": [3, 3]}),
        ("stride_padding", (2, 2, 7, 6), (3, 2, 3, 3), True, {"stride": [2, 2], "padding": [1, 1]}),
        ("dilation", (1, 2, 9, 9), (2, 2, 3, 3), True, {"dilation": [2, 2]}),
        ("oblong", (1, 2, 8, 9), (3, 2, 2, 5), True,
         {"stride": [2, 1], "padding": [0, 2], "dilation": [2, 1]}),
        ("row_kernel", (1, 2, 3, 9), (2, 2, 1, 4), True, {"stride": [1, 2]}),
        ("even_kernel", (1, 3, 6, 5), (2, 3, 4, 2), False, {"padding": [1, 1]}),
        ("groups", (2, 4, 4, 5), (6, 2, 3, 3), True, {"groups": 2, "padding": [1, 1]}),
        ("groups_three", (1, 6, 5, 5), (3, 2, 2, 3), False, {"groups": 3, "stride": [1, 2]}),
        ("depthwise", (2, 3, 4, 5), (3, 1, 3, 3), True, {"groups": 3, "padding": [1, 1]}),
        ("depthwise_two", (1, 3, 7, 6), (6, 1, 3, 3), True,
         {"groups": 3, "stride": [2, 2], "dilation": [2, 1]}),
        ("everything", (2, 4, 7, 6), (4, 2, 3, 2), True,
         {"stride": [2, 3], "padding": [2, 1], "dilation": [2, 3], "groups": 2}),
        ("many_inputs", (1, 19, 4, 3), (2, 19, 3, 3), True, {"padding": [1, 1]}),
        ("many_outputs", (1, 2, 3, 4), (19, 2, 3, 3), True, {"padding": [1, 1]}),
        ("many_channels", (1, 16, 5, 6), (16, 16, 3, 3), True, {"padding": [1, 1]}),
    ):
        inputs = {"x": rand(*x), "w": rand(*w)}
        if bias:
            inputs["b"] = rand(w[0])
        run = lambda x, w, b=None, k=arguments: F.conv2d(x, w, b, **k)
        s.case(label, run, inputs, op="conv2d", **arguments)
    s.save()


def max_pool2d():
    s = Stem("max_pool2d", 7)

    def pool(label, x, **arguments):
        run = lambda x: F.max_pool2d(x, **arguments)
        s.case(label, run, {"x": x}, op="max_pool2d", **arguments)

    pool("plain", rand(2, 2, 4, 6), kernel_size=[2, 2])
    pool("odd", rand(1, 2, 7, 5), kernel_size=[2, 2])
    pool("stride", rand(1, 2, 9, 8), kernel_size=[3, 3], stride=[2, 2])
    pool("overlap", rand(2, 1, 5, 5), kernel_size=[3, 3], stride=[1, 1])
    pool("padding", rand(1, 2, 6, 7), kernel_size=[3, 3], stride=[2, 2], padding=[1, 1])
    pool("dilation", rand(1, 2, 8, 9), kernel_size=[2, 3], stride=[1, 2], dilation=[3, 2])
    pool("gaps", rand(1, 1, 9, 9), kernel_size=[2, 2], stride=[3, 4])
    pool("one", rand(1, 1, 1, 1), kernel_size=[1, 1])
    pool("whole", rand(2, 2, 4, 3), kernel_size=[4, 3])
    everything = {"stride": [2, 3], "padding": [1, 1], "dilation": [2, 1]}
    pool("everything", rand(1, 2, 9, 10), kernel_size=[3, 2], **everything)
    # All negative: what pads must not win; and equal values: the first one gets the gradient.
    pool("negative", -positive(1, 1, 5, 5), kernel_size=[2, 2], padding=[1, 1])
    ties = torch.tensor([[1, 1, 0, 0], [1, 1, 0, 2], [3, 3, -1, -1]], dtype=torch.float64)
    pool("ties", ties.view(1, 1, 3, 4), kernel_size=[2, 2], stride=[1, 1])
    s.save()


def softmax():
    s = Stem("softmax", 8)
    for op, f in (("softmax", F.softmax), ("log_softmax", F.log_softmax)):
        for label, shape, dim in (
            ("dim0", (3, 4, 5), 0), ("dim1", (3, 4, 5), 1), ("dim2", (3, 4, 5), 2),
            ("last", (4, 11), -1), ("first", (7, 3), 0), ("vector", (6,), 0), ("one", (3, 1), 1),
            ("long", (2, 67), 1),
        ):
            run = lambda x, f=f, dim=dim: f(x, dim=dim)
            s.case(f"{op}.{label}", run, {"x": rand(*shape)}, op=op, dim=dim)
        rows = [[1e4, 1e4 - 1, -1e4], [-1e4, -1e4, -1e4], [0, 88, -104]]
        x = torch.tensor(rows, dtype=torch.float64)
        s.case(f"{op}.extremes", lambda x, f=f: f(x, dim=1), {"x": x}, op=op, dim=1)
    s.save()


def cross_entropy():
    s = Stem("cross_entropy", 9)
    labels = torch.tensor([0, 3, 4, 2, 1, 3, 0], dtype=torch.int64)
    holes = torch.tensor([0, -100, 4, 2, -100, 3, 0], dtype=torch.int64)
    two = torch.tensor([0, 2, 4, 2, 1, 2, 0], dtype=torch.int64)
    for reduction in ("mean", "sum", "none"):
        for label, target, arguments in (
            ("plain", labels, {}),
            ("ignored", holes, {}),
            ("ignore_two", two, {"ignore_index": 2}),
            ("smoothed", labels, {"label_smoothing": 0.1}),
            ("smoothed_ignored", holes, {"label_smoothing": 0.3}),
        ):
            run = lambda x, t, k=arguments, r=reduction: F.cross_entropy(x, t, reduction=r, **k)
            inputs = {"x": rand(7, 5), "t": target}
            arguments = {"reduction": reduction, **arguments}
            s.case(f"{reduction}.{label}", run, inputs, op="cross_entropy", **arguments)
    rows = [[1e4, -1e4, 0], [-1e4, 1e4, 1], [50, 51, 52]]
    inputs = {"x": torch.tensor(rows, dtype=torch.float64), "t": torch.tensor([1, 1, 2])}
    s.case("extremes", F.cross_entropy, inputs, op="cross_entropy", reduction="mean")
    one = {"x": rand(1, 3), "t": torch.tensor([2])}
    s.case("one", F.cross_entropy, one, op="cross_entropy", reduction="mean")
    s.save()


def losses():
    s = Stem("losses", 10)
    clear = exact(torch.tensor([0.0, 1.0, 0.0, 1.0, 1e-6, 0.5], dtype=torch.float64))
    target = exact(torch.tensor([0.0, 1.0, 1.0, 0.0, 1.0, 0.5], dtype=torch.float64))
    logits = exact(torch.tensor([-100.0, 100.0, -30.0, 30.0, 0.0, 1e-4], dtype=torch.float64))
    for reduction in ("mean", "sum", "none"):
        mse = lambda x, t, r=reduction: F.mse_loss(x, t, reduction=r)
        inputs = {"x": rand(4, 7), "t": rand(4, 7)}
        s.case(f"mse.{reduction}", mse, inputs, op="mse_loss", reduction=reduction)
        # Targets are data: they get no gradient in bce and bce_with_logits.
        for op in ("binary_cross_entropy", "binary_cross_entropy_with_logits"):
            f, is_probability = getattr(F, op), op == "binary_cross_entropy"
            run = lambda x, t, f=f, r=reduction: f(x, t.detach(), reduction=r)
            x, t = rand(5, 3), torch.rand(5, 3, dtype=torch.float64)
            x = exact(torch.sigmoid(rand(5, 3, outliers=False))) if is_probability else x
            s.case(f"{op}.{reduction}", run, {"x": x, "t": exact(t)}, op=op, reduction=reduction)
            hard = {"x": clear if is_probability else logits, "t": target}
            s.case(f"{op}.{reduction}.extremes", run, hard, op=op, reduction=reduction)
    s.save()


def shaping():
    s = Stem("shaping", 11)
    for label, shapes, dim in (
        ("rows", ((2, 3), (1, 3), (4, 3)), 0),
        ("columns", ((3, 2), (3, 5)), 1),
        ("last", ((2, 1, 3), (2, 1, 2)), -1),
        ("middle", ((2, 1, 3), (2, 4, 3), (2, 2, 3)), 1),
        ("vectors", ((3,), (0,), (2,)), 0),
    ):
        inputs = {"abc"[i]: rand(*shape) for i, shape in enumerate(shapes)}
        run = lambda a, b, c=None, dim=dim: torch.cat([t for t in (a, b, c) if t is not None], dim)
        s.case(f"cat.{label}", run, inputs, op="cat", dim=dim)
    # [start, stop, step] per dimension; null where Python leaves it out.
    for label, shape, slices in (
        ("one_step", (7,), [[1, 5, 1]]),
        ("step", (11,), [[1, None, 3]]),
        ("grid", (7, 9), [[1, 7, 2], [None, None, 3]]),
        ("negative", (6, 5), [[-4, -1, 1], [None, -1, 2]]),
        ("trailing", (3, 4, 5), [[None, None, 1], [1, 3, 1]]),
        ("nothing", (4, 3), [[2, 2, 1]]),
        ("beyond", (5,), [[3, 100, 1]]),
    ):
        run = lambda x, slices=slices: x[tuple(slice(*part) for part in slices)]
        s.case(f"slice.{label}", run, {"x": rand(*shape)}, op="slice", slices=slices)
    for label, shape, dims in (
        ("matrix", (3, 5), (0, 1)), ("ends", (2, 3, 4), (0, 2)), ("negative", (2, 3, 4), (-1, -2)),
    ):
        run = lambda x, dims=dims: x.transpose(*dims)
        s.case(f"transpose.{label}", run, {"x": rand(*shape)}, op="transpose", dims=dims)
    for label, shape, dims in (
        ("cycle", (2, 3, 4), (2, 0, 1)), ("four", (2, 1, 3, 2), (3, 1, 0, 2)),
        ("same", (2, 3), (0, 1)),
    ):
        run = lambda x, dims=dims: x.permute(*dims)
        s.case(f"permute.{label}", run, {"x": rand(*shape)}, op="permute", dims=dims)
    for label, shape, size in (
        ("row", (1, 4), (3, 4)), ("new", (3,), (2, 4, 3)), ("column", (3, 1), (3, 5)),
        ("scalar", (), (2, 3)),
    ):
        run = lambda x, size=size: x.expand(*size)
        s.case(f"expand.{label}", run, {"x": rand(*shape)}, op="expand", size=size)
    for label, shape, size in (("flat", (2, 3, 4), (24,)), ("split", (12,), (3, 2, 2))):
        run = lambda x, size=size: x.reshape(*size)
        s.case(f"reshape.{label}", run, {"x": rand(*shape)}, op="reshape", size=size)
    s.save()


def optimisers():
    """Ten steps with given gradients; p64 and p32 hold the parameter after each of them."""
    torch.manual_seed(12)
    start, steps = rand(3, 5), 10
    pull = torch.linspace(0.01, 4, 15, dtype=torch.float64).view(3, 5)
    noise = torch.stack([rand(3, 5, scale=0.3) for _ in range(steps)])
    fading = torch.linspace(1, 0.2, steps, dtype=torch.float64).view(-1, 1, 1)
    grads = exact(pull * start * fading + noise)
    grads[:, 0, 1] = 0
    grads[::2, 2, 4] = 0
    grads[:, 1, 0] *= 2.0**-20
    grads[:, 1, 3] *= 2.0**14
    tensors, metadata = {"start": start, "grads": grads}, {}
    for label, kind, arguments in (
        ("sgd.plain", "SGD", {"lr": 0.1}),
        ("sgd.momentum", "SGD", {"lr": 0.05, "momentum": 0.9}),
        ("sgd.nesterov", "SGD", {"lr": 0.05, "momentum": 0.8, "nesterov": True}),
        ("sgd.weight_decay", "SGD", {"lr": 0.1, "weight_decay": 0.02}),
        ("sgd.dampening", "SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.3}),
        ("sgd.all", "SGD", {"lr": 0.02, "momentum": 0.7, "weight_decay": 0.1, "nesterov": True}),
        ("adam.plain", "Adam", {"lr": 0.01}),
        ("adam.betas", "Adam", {"lr": 0.1, "betas": [0.5, 0.9], "eps": 1e-3}),
        ("adam.weight_decay", "Adam", {"lr": 0.01, "weight_decay": 0.1}),
        ("adamw.plain", "AdamW", {"lr": 0.01}),
        ("adamw.weight_decay", "AdamW", {"lr": 0.05, "betas": [0.8, 0.99], "weight_decay": 0.2}),
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
    save("optimisers", tensors, metadata)


def training():
    """Ten steps of a small CNN from given weights on given batches: losses and final weights."""
    torch.manual_seed(13)
    steps, batch = 10, 6
    shapes = {"0.weight": (4, 1, 3, 3), "0.bias": (4,), "4.weight": (3, 36), "4.bias": (3,)}
    start = {k: exact(torch.randn(v, dtype=torch.float64) * 0.3) for k, v in shapes.items()}
    images = exact(torch.rand(steps, batch, 1, 8, 8, dtype=torch.float64))
    labels = torch.randint(0, 3, (steps, batch))
    images[torch.arange(steps)[:, None], torch.arange(batch)[None], 0, 2 * labels] += 0.75
    images = exact(images)
    tensors = {"images": images, "labels": labels, **{f"start.{k}": v for k, v in start.items()}}
    metadata = {}
    for label, kind, arguments in (
        ("sgd", "SGD", {"lr": 0.05, "momentum": 0.9}),
        ("adam", "Adam", {"lr": 0.01}),
    ):
        metadata[label] = json.dumps({"op": kind, **arguments}, separators=(",", ":"))
        for bits, dtype in (("64", torch.float64), ("32", torch.float32)):
            net = torch.nn.Sequential(
                torch.nn.Conv2d(1, 4, 3), torch.nn.ReLU(), torch.nn.MaxPool2d(2),
                torch.nn.Flatten(), torch.nn.Linear(36, 3),
            ).to(dtype)
            net.load_state_dict({k: v.to(dtype) for k, v in start.items()})
            optimiser = getattr(torch.optim, kind)(net.parameters(), **arguments)
            losses = []
            for x, t in zip(images, labels):
                optimiser.zero_grad()
                loss = F.cross_entropy(net(x.to(dtype)), t)
                loss.backward()
                optimiser.step()
                losses.append(loss.detach())
            tensors[f"{label}.losses{bits}"] = torch.stack(losses)
            for key, value in net.state_dict().items():
                tensors[f"{label}.final{bits}.{key}"] = value.clone()
    save("training", tensors, metadata)


if __name__ == "__main__":
    torch.set_num_threads(1)
    for make in (arithmetic, elementwise, reduce, matmul, linear, conv2d, max_pool2d, softmax,
                 cross_entropy, losses, shaping, optimisers, training):
        make()
