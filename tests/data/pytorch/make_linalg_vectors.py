#!/usr/bin/env python3
"""Writes the reference vectors of linear algebra, in the format that make_vectors.py describes.

What an operation is given is made of x so that it is well conditioned wherever x lies: regular(x),
positive(x), symmetric(x) and spread(x), which tests/table/linalg_test.cpp has too. Singular and
eigenvectors are squared, since their signs are arbitrary. Several results stand one behind the
other in y.

Run with PyTorch 2.6:  python3 make_linalg_vectors.py
"""

import torch
from make_vectors import Stem, rand

L = torch.linalg


def joined(*parts):
    return torch.cat([p.reshape(-1) for p in parts])


def spread(x):
    """x with 2, 4, 6 ... added to its diagonal."""
    k = min(x.shape[-2:])
    d = torch.zeros(x.shape[-2:], dtype=x.dtype)
    d[range(k), range(k)] = 2 * torch.arange(1, k + 1, dtype=x.dtype)
    return x + d


def regular(x):
    return x + 4 * torch.eye(x.shape[-1], dtype=x.dtype)


def positive(x):
    return x @ x.mT + torch.eye(x.shape[-1], dtype=x.dtype)


def symmetric(x):
    return spread(0.5 * (x + x.mT))


def small(*shape):
    return rand(*shape, scale=0.3, outliers=False).clamp(-0.9, 0.9)


def vectors_squared(u, s, vh):
    return joined(u * u, s, vh * vh)


def eigh_squared(x):
    w, q = L.eigh(symmetric(x))
    return joined(w, q * q)


def main():
    s = Stem("linalg", 61)
    shapes = {"one": (1, 1), "three": (3, 3), "batch": (2, 1, 4, 4)}
    square = {
        "inverse": lambda x: L.inv(regular(x)),
        "det": lambda x: L.det(regular(x)),
        "slogdet": lambda x: L.slogdet(regular(x)).logabsdet,
        "logdet": lambda x: torch.logdet(positive(x)),
        "cholesky": lambda x: L.cholesky(positive(x)),
        "eigh": eigh_squared,
        "eigvalsh": lambda x: L.eigvalsh(symmetric(x)),
        "matrix_exp": L.matrix_exp,
    }
    for op, f in square.items():
        for label, shape in shapes.items():
            s.case(f"{op}.{label}", f, {"x": small(*shape)}, op=f"linalg::{op}")
    s.case("matrix_exp.large", lambda x: L.matrix_exp(20 * x), {"x": small(4, 4)},
           op="linalg::matrix_exp", scale=20)
    rectangular = {"square": (3, 3), "tall": (5, 2), "wide": (2, 4), "batch": (2, 4, 3)}
    anyshape = {
        "qr": lambda x: joined(*L.qr(spread(x))),
        "svd": lambda x: vectors_squared(*L.svd(spread(x), full_matrices=False)),
        "svdvals": lambda x: L.svdvals(spread(x)),
        "pinv": lambda x: L.pinv(spread(x)),
        "cond": lambda x: L.cond(spread(x)),
        "diagonal": L.diagonal,
        "trace": lambda x: L.diagonal(x).sum(-1),
    }
    for op, f in anyshape.items():
        for label, shape in rectangular.items():
            s.case(f"{op}.{label}", f, {"x": small(*shape)}, op=f"linalg::{op}")
    pairs = {"matrix": ((3, 3), (3, 2)), "vector": ((3, 3), (3,)), "vectors": ((2, 3, 3), (2, 3)),
             "broadcast": ((3, 3), (2, 3, 1))}
    for label, (a, b) in pairs.items():
        s.case(f"solve.{label}", lambda a, b: L.solve(regular(a), b), {"a": small(*a), "b": small(*b)},
               op="linalg::solve")
    for upper in (False, True):
        for left in (False, True):
            for unit in (False, True):
                k = {"upper": upper, "left": left, "unitriangular": unit}
                b = (2, 3, 2) if left else (2, 2, 3)
                s.case(f"solve_triangular.{upper}.{left}.{unit}",
                       lambda a, b: L.solve_triangular(regular(a), b, **k),
                       {"a": small(3, 3), "b": small(*b)}, op="linalg::solve_triangular", **k)
    for label, (a, b) in {"tall": ((5, 2), (5, 3)), "wide": ((2, 4), (2, 1))}.items():
        s.case(f"lstsq.{label}", lambda a, b: L.pinv(spread(a)) @ b, {"a": small(*a), "b": small(*b)},
               op="linalg::lstsq")
    s.save()


if __name__ == "__main__":
    main()
