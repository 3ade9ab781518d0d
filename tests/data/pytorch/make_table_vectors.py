#!/usr/bin/env python3
"""Writes the reference vectors of operations that have no file of their own, in the format that
make_vectors.py describes. Several results stand one behind the other in y.

Run with PyTorch 2.6:  python3 make_table_vectors.py
"""

import torch
import torch.nn.functional as F

from make_vectors import Stem, exact, rand


def joined(*parts):
    return torch.cat([p.reshape(-1) for p in parts])


def shape_and_index():
    s = Stem("shape_and_index", 41)
    x = rand(3, 1, 5)
    s.case("flatten", lambda x: x.flatten(0, 1), {"x": x}, op="flatten", start=0, end=1)
    s.case("narrow", lambda x: x.narrow(2, 1, 3), {"x": x}, op="narrow", dim=2, start=1, length=3)
    s.case("select", lambda x: x.select(0, -1), {"x": x}, op="select", dim=0, position=-1)
    s.case("index", lambda x: x[1, :, 1::2], {"x": x}, op="index")
    s.case("squeeze", lambda x: x.squeeze(1), {"x": x}, op="squeeze", dim=1)
    s.case("unsqueeze", lambda x: x.unsqueeze(-1), {"x": x}, op="unsqueeze", dim=-1)
    s.case("stack", lambda a, b: torch.stack([a, b], 1), {"a": rand(2, 3), "b": rand(2, 3)}, op="stack",
           dim=1)
    s.case("split", lambda x: joined(*x.split(2, 2)), {"x": x}, op="split", dim=2, size=2)
    s.case("chunk", lambda x: joined(*x.chunk(2, 0)), {"x": x}, op="chunk", dim=0, chunks=2)
    s.case("repeat", lambda x: x.repeat(2, 3, 1), {"x": x}, op="repeat", counts=[2, 3, 1])
    s.case("meshgrid", lambda a, b: joined(*torch.meshgrid(a, b, indexing="ij")),
           {"a": rand(3), "b": rand(4)}, op="meshgrid")
    t = torch.tensor([[4, 0], [2, 4]])
    s.case("take", lambda x, t: x[:, :, t], {"x": x, "t": t}, op="take", dim=2)
    s.save()


def fused():
    s = Stem("fused", 42)
    linear = {"x": rand(4, 3), "w": rand(5, 3), "b": rand(5)}
    s.case("linear", lambda x, w, b: F.linear(x, w, b).relu(), linear, op="linear_relu")
    conv = {"x": rand(2, 2, 4, 3), "w": rand(3, 2, 3, 3), "b": rand(3)}
    s.case("conv2d", lambda x, w, b: F.conv2d(x, w, b, padding=1).relu(), conv, op="conv2d_relu")
    s.case("max_pool2d", lambda x: F.max_pool2d(x, 2).relu(), {"x": rand(2, 2, 4, 5)},
           op="max_pool2d_relu")

    def crossed(x, t):
        q = (x / x.sum(1, keepdim=True)).clamp(1e-7, 1 - 1e-7)
        return -(t * q.log()).sum(1).mean()

    p, t = exact(torch.rand(4, 5).double() + 0.05), exact(torch.rand(4, 5).double())
    s.case("categorical", crossed, {"x": p, "t": t}, op="categorical_cross_entropy")

    def weights(q, k):
        return torch.softmax(q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5, -1)

    s.case("attention_weights", weights, {"q": rand(2, 2, 3, 4), "k": rand(2, 2, 5, 4)},
           op="attention_weights")

    def rotated(x):
        length, features = x.shape[-2:]
        frequency = 10000 ** (-torch.arange(0, features, 2, dtype=torch.float64) / features)
        angle = torch.arange(length, dtype=torch.float64)[:, None] * frequency
        cos, sin = angle.cos().to(x.dtype), angle.sin().to(x.dtype)
        a, b = x[..., 0::2], x[..., 1::2]
        return torch.stack([a * cos - b * sin, a * sin + b * cos], -1).flatten(-2)

    s.case("rotary", rotated, {"x": rand(2, 5, 6)}, op="rotary")
    s.save()


def recurrent():
    s = Stem("recurrent", 43)

    def inputs(gates, **state):
        tame = lambda *shape: rand(*shape, scale=0.5, outliers=False)
        weights = {"w": tame(gates * 4, 3), "u": tame(gates * 4, 4), "b": tame(gates * 4),
                   "d": tame(gates * 4)}
        return {"x": tame(2, 5, 3), "h": tame(2, 4), **state, **weights}

    flags = (True, 1, 0.0, False, False, True)  # biases, layers, dropout, training, two ways, batch first

    def rnn(x, h, w, u, b, d):
        return joined(*torch.rnn_tanh(x, h[None], (w, u, b, d), *flags))

    def gru(x, h, w, u, b, d):
        return joined(*torch.gru(x, h[None], (w, u, b, d), *flags))

    def lstm(x, h, c, w, u, b, d):
        return joined(*torch.lstm(x, (h[None], c[None]), (w, u, b, d), *flags))

    cell = rand(2, 4, scale=0.5, outliers=False)
    s.case("rnn", rnn, inputs(1), op="rnn")
    s.case("gru", gru, inputs(3), op="gru")
    s.case("lstm", lstm, inputs(4, c=cell), op="lstm")
    step = lambda x: x[:, 0]
    s.case("rnn_cell", lambda x, h, *p: torch.rnn_tanh_cell(step(x), h, *p), inputs(1), op="rnn_cell")
    s.case("gru_cell", lambda x, h, *p: torch.gru_cell(step(x), h, *p), inputs(3), op="gru_cell")
    s.case("lstm_cell", lambda x, h, c, *p: joined(*torch.lstm_cell(step(x), (h, c), *p)),
           inputs(4, c=cell), op="lstm_cell")
    s.save()


if __name__ == "__main__":
    torch.set_num_threads(1)
    for make in (shape_and_index, fused, recurrent):
        make()
