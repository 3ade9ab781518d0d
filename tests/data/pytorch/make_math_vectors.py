#!/usr/bin/env python3
"""Writes the reference vectors of further functions of elements, activations, reductions and products
of vectors, in the format that make_vectors.py describes.

Run with PyTorch 2.6:  python3 make_math_vectors.py
"""

import torch
import torch.nn.functional as F

from make_vectors import Stem, exact, positive, rand

SHAPES = {"one": (1,), "odd": (5, 7), "cube": (3, 1, 5), "empty": (2, 0)}


def given(values):
    return exact(torch.tensor(values, dtype=torch.float64))


# The formulas, where PyTorch's own gradients in double are rounded to float on the way (by 6e-9).
FORMULAS = {
    "celu": lambda x, alpha=1: torch.where(x > 0, x, alpha * torch.expm1(x.clamp(max=0) / alpha)),
    "hardsigmoid": lambda x: F.relu6(x + 3) / 6,
}


def more_math():
    s = Stem("more_math", 51)
    for op in "log1p expm1 erf tan sign floor ceil round reciprocal rsqrt".split():
        for label, shape in SHAPES.items():
            if op in ("log1p", "rsqrt"):
                x = positive(*shape)
            elif op == "reciprocal":
                x = positive(*shape, low=0.05) * torch.sign(rand(*shape))
            elif op == "tan":
                x = rand(*shape, scale=0.3, outliers=False).clamp(-1.4, 1.4)
            else:
                most = 8 if op == "erf" else 80  # beyond, gradients are no floats any more
                x = rand(*shape).clamp(-most, most)
            s.case(f"{op}.{label}", getattr(torch, op), {"x": exact(x)}, op=op)
    near_zero = [1e-30, -1e-12, 1e-7, -3e-6, 1e-4, -0.003, 0.02, -0.1, 0.3, -0.45]
    for op, more in (("log1p", [0.9, 3, 1e10]), ("expm1", [-0.71, 0.69, 5, -5]),
                     ("erf", [0.89, -0.91, 2, -4])):
        # One number a case, so that each is measured on its own scale; nearer to 0 than these,
        # PyTorch's erf of float has few digits.
        for i, v in enumerate((near_zero[-2:] if op == "erf" else near_zero) + more):
            s.case(f"{op}.v{i}", getattr(torch, op), {"x": given([v])}, op=op)
    s.case("round.ties", torch.round, {"x": given([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5])}, op="round")
    for label, (a, b) in {"same": ((3, 5), (3, 5)), "row": ((2, 3, 5), (5,)), "outer": ((24, 1), (1, 29)),
                          "empty": ((0, 3), (1, 3))}.items():
        s.case(f"logaddexp.{label}", torch.logaddexp, {"a": rand(*a), "b": rand(*b)}, op="logaddexp")
    s.save()


def activations():
    s = Stem("activations", 52)
    cases = (
        ("leaky_relu", {}), ("leaky_relu", {"negative_slope": 0.2}), ("elu", {}), ("elu", {"alpha": 1.7}),
        ("selu", {}), ("celu", {}), ("celu", {"alpha": 0.6}), ("relu6", {}), ("hardtanh", {}),
        ("hardtanh", {"min_val": -2.5, "max_val": 0.75}), ("hardsigmoid", {}), ("hardswish", {}),
        ("softplus", {}), ("softplus", {"beta": 2.5, "threshold": 3}), ("mish", {}), ("softsign", {}),
        ("logsigmoid", {}),
    )
    for i, (op, k) in enumerate(cases):
        f = lambda x, f=FORMULAS.get(op, getattr(F, op)), k=k: f(x, **k)
        for label, shape in SHAPES.items():
            s.case(f"{op}{i}.{label}", f, {"x": rand(*shape)}, op=op, **k)
        values = [-60, -5, -2.9, -1.0, -0.01, 1e-5, 0.3, 2.9, 6.5, 30]
        s.case(f"{op}{i}.extremes", f, {"x": given(values)}, op=op, **k)
    for label, shape, w in (("one", (3, 4), 1), ("columns", (5, 3), 3), ("images", (2, 3, 4, 5), 3),
                            ("vector", (7,), 1), ("scalar", (), 1), ("empty", (0, 3), 3)):
        s.case(f"prelu.{label}", F.prelu, {"x": rand(*shape), "w": rand(w, outliers=False)}, op="prelu")
    s.save()


def reductions():
    s = Stem("reductions", 53)
    axes = (([0], False), ([1], False), ([-1], True), ([0, 2], False), ([1, 2], True), (None, False))
    norms = (("norm2", 2.0), ("norm1", 1.0), ("norm_inf", "inf"), ("norm_minus_inf", "-inf"),
             ("norm3", 3.0), ("norm1_5", 1.5), ("norm_half", 0.5), ("norm_minus_2", -2.0))
    for dims, keepdim in axes:
        label = ("all" if dims is None else "dims" + "".join(map(str, dims)).replace("-", "m"))
        k = {"dims": [] if dims is None else dims, "keepdim": keepdim}
        shape = (2, 5, 3)
        for op, torch_op in (("var", torch.var), ("stddev", torch.std)):
            for c in (1, 0):
                f = lambda x, t=torch_op, d=dims, kd=keepdim, c=c: t(x, d, correction=c, keepdim=kd)
                s.case(f"{op}.{label}_{c}", f, {"x": rand(*shape)}, op=op, correction=c, **k)
        for name, p in norms:
            f = lambda x, p=p, d=dims, kd=keepdim: torch.linalg.vector_norm(x, float(p), d, kd)
            s.case(f"{name}.{label}", f, {"x": rand(*shape)}, op="norm", p=p, **k)
        f = lambda x, d=dims, kd=keepdim: x.logsumexp(list(range(3)) if d is None else d, kd)
        s.case(f"logsumexp.{label}", f, {"x": rand(*shape)}, op="logsumexp", **k)
        if dims is None or len(dims) == 1:
            one = {"keepdim": keepdim} if dims is None else {"dim": dims[0], "keepdim": keepdim}
            f = lambda x, one=one: x.prod(**one) if "dim" in one else x.prod()
            s.case(f"prod.{label}", f, {"x": rand(*shape, scale=0.9, outliers=False)}, op="prod", **one)
    s.case("var.far", lambda x: x.var(1), {"x": exact(rand(3, 40) + 3000)}, op="var", dims=[1],
           keepdim=False, correction=1)
    zeros = rand(3, 6, outliers=False)
    zeros[1, 2] = zeros[2, 0] = zeros[2, 4] = 0
    s.case("prod.zeros", lambda x: x.prod(1), {"x": zeros}, op="prod", dim=1, keepdim=False)
    rows = given([[0, 0, 0], [1, -2, 0]])
    for name, p in norms[:3]:
        s.case(f"{name}.zeros", lambda x, p=p: torch.linalg.vector_norm(x, float(p), 1), {"x": rows},
               op="norm", p=p, dims=[1], keepdim=False)
    s.case("norm.ties", lambda x: torch.linalg.vector_norm(x, float("inf"), 1),
           {"x": given([[3, -3, 2], [-1, -1, -1]])}, op="norm", p="inf", dims=[1], keepdim=False)
    s.case("logsumexp.large", lambda x: x.logsumexp(1), {"x": given([[1000, 1001, 999], [-5000, -5001, -4999]])},
           op="logsumexp", dims=[1], keepdim=False)
    s.save()


def products():
    s = Stem("products", 54)
    for label, lead, i, j, o, bias in (("plain", (4,), 3, 5, 2, True), ("no_bias", (3,), 2, 4, 3, False),
                                       ("sequence", (2, 3), 3, 2, 4, True), ("vector", (), 4, 3, 2, True),
                                       ("empty", (0,), 3, 2, 2, True), ("deep", (2,), 13, 7, 3, True)):
        inputs = {"x1": rand(*lead, i), "x2": rand(*lead, j), "w": rand(o, i, j)}
        if bias:
            inputs["b"] = rand(o)
        s.case(f"bilinear.{label}", lambda x, y, w, b=None: F.bilinear(x, y, w, b), inputs, op="bilinear")
    for label, a, b, dim in (("rows", (4, 5), (4, 5), 1), ("columns", (4, 5), (4, 5), 0),
                             ("broadcast", (3, 1, 4), (2, 4), -1), ("images", (2, 3, 4), (2, 3, 4), 1)):
        s.case(f"cosine.{label}", lambda x, y, d=dim: F.cosine_similarity(x, y, d),
               {"x1": rand(*a), "x2": rand(*b)}, op="cosine_similarity", dim=dim)
    for label, a, b, p, keepdim in (("plain", (4, 5), (4, 5), 2.0, False), ("one", (4, 5), (4, 5), 1.0, True),
                                    ("broadcast", (3, 1, 4), (2, 4), 3.0, False)):
        s.case(f"distance.{label}", lambda x, y, p=p, k=keepdim: F.pairwise_distance(x, y, p, keepdim=k),
               {"x1": rand(*a), "x2": rand(*b)}, op="pairwise_distance", p=p, keepdim=keepdim)
    s.save()


if __name__ == "__main__":
    torch.set_num_threads(1)
    more_math()
    activations()
    reductions()
    products()
