#!/usr/bin/env python3
"""Writes the reference vectors of indexing, rearranging, sorting, running sums and einsum, in the
format that make_vectors.py describes.

Run with PyTorch 2.6:  python3 make_index_vectors.py
"""

import torch

from make_vectors import Stem, rand


def index():
    s = Stem("index", 31)
    x, t = rand(3, 5, 4), torch.tensor([4, 0, 4, 2, 1, 4])
    s.case("index_select", lambda x, t: x.index_select(1, t), {"x": x, "t": t}, op="index_select",
           dim=1)
    t = torch.randint(0, 5, (3, 9, 4))
    s.case("gather", lambda x, t: x.gather(1, t), {"x": x, "t": t}, op="gather", dim=1)
    s.case("scatter_add", lambda x, a, t: x.scatter_add(1, t, a), {"x": x, "a": rand(3, 9, 4), "t": t},
           op="scatter_add", dim=1)
    t = torch.randint(0, 2, (3, 5, 4))
    s.case("masked_select", lambda x, t: x.masked_select(t.bool()), {"x": x, "t": t},
           op="masked_select")
    s.case("tile", lambda x: x.tile(2, 3), {"x": rand(4, 3)}, op="tile", counts=[2, 3])
    s.case("repeat_interleave", lambda x: x.repeat_interleave(3, 1), {"x": rand(4, 3)},
           op="repeat_interleave", count=3, dim=1)
    s.case("flip", lambda x: x.flip(0, 2), {"x": x}, op="flip", dims=[0, 2])
    s.case("roll", lambda x: x.roll(-7, 1), {"x": x}, op="roll", shift=-7, dim=1)
    s.case("tril", lambda x: x.tril(-1), {"x": x}, op="tril", diagonal=-1)
    s.case("triu", lambda x: x.triu(1), {"x": x}, op="triu", diagonal=1)
    s.case("outer", torch.outer, {"a": rand(5), "b": rand(4)}, op="outer")
    s.case("sort", lambda x: x.sort(1, descending=True).values, {"x": x}, op="sort", dim=1)
    s.case("topk", lambda x: x.topk(2, 1).values, {"x": x}, op="topk", k=2, dim=1)
    s.case("min", lambda x: x.min(1).values, {"x": x}, op="min", dim=1)
    for label, shape, dim in (("rows", (4, 37), 1), ("middle", (2, 9, 5), 1), ("one", (1,), 0)):
        s.case(f"cumsum.{label}", lambda x, d=dim: x.cumsum(d), {"x": rand(*shape)}, op="cumsum",
               dim=dim)
        s.case(f"cumprod.{label}", lambda x, d=dim: x.cumprod(d),
               {"x": rand(*shape, scale=0.7, outliers=False)}, op="cumprod", dim=dim)
    zeros = rand(3, 7, outliers=False)
    zeros[0, 2] = zeros[1, 0] = zeros[1, 5] = 0
    s.case("cumprod.zeros", lambda x: x.cumprod(1), {"x": zeros}, op="cumprod", dim=1)
    for equation, a, b in (
        ("ij,jk->ik", (3, 4), (4, 5)),
        ("bij,bkj->kbi", (2, 3, 4), (2, 5, 4)),
        ("iij,i->j", (3, 3, 4), (3,)),
        ("ij,ij->i", (3, 4), (3, 4)),
    ):
        s.case(f"einsum.{equation}", lambda a, b, e=equation: torch.einsum(e, a, b),
               {"a": rand(*a), "b": rand(*b)}, op="einsum", equation=equation)
    s.save()


def index_put():
    s = Stem("index_put", 32)
    x, t, u = rand(4, 5, 3), torch.tensor([3, 0, 3, 1]), torch.tensor([0, 4, 2, 2])
    s.case("lists", lambda x, t, u: x[t, u], {"x": x, "t": t, "u": u}, op="index", lists=True)
    s.case("lists.meet", lambda x, t, u: x[t, u],
           {"x": x, "t": torch.tensor([[1], [1], [2]]), "u": torch.tensor([4, 4, 0])}, op="index",
           lists=True)
    s.case("new", lambda x: x[..., None, ::2], {"x": x}, op="index", new=True)
    s.case("put", lambda x, a, t, u: x.index_put((t, u), a),
           {"x": x, "a": rand(4, 3), "t": t, "u": u}, op="index_put")
    s.case("put.broadcast", lambda x, a, t, u: x.index_put((t, u), a),
           {"x": x, "a": rand(4, 1), "t": torch.tensor([[2], [0]]), "u": torch.tensor([1, 4, 3, 0])},
           op="index_put")
    s.case("put.accumulate", lambda x, a, t, u: x.index_put((t, u), a, accumulate=True),
           {"x": x, "a": rand(4, 3), "t": torch.tensor([1, 1, 0, 1]),
            "u": torch.tensor([2, 2, 0, 2])}, op="index_put", accumulate=True)
    # Without positions that meet, of which PyTorch leaves open which one stays.
    t = torch.argsort(torch.rand(4, 5, 3), 1)[:, :2]
    s.case("scatter", lambda x, a, t: x.scatter(1, t, a), {"x": x, "a": rand(4, 2, 3), "t": t},
           op="scatter", dim=1)
    t = torch.randint(0, 2, (4, 5, 3))
    s.case("masked", lambda x, a, t: x.masked_scatter(t.bool(), a),
           {"x": x, "a": rand(int(t.sum())), "t": t}, op="masked_scatter")
    s.save()


if __name__ == "__main__":
    torch.set_num_threads(1)
    index()
    index_put()
