#!/usr/bin/env python3
"""Writes the reference vectors of embedding_bag, in the format that make_vectors.py describes.

Run with PyTorch 2.6:  python3 make_embedding_bag_vectors.py
"""

import torch
import torch.nn.functional as F

from make_vectors import Stem, rand

if __name__ == "__main__":
    torch.set_num_threads(1)
    s = Stem("embedding_bag", 61)
    for mode in ("sum", "mean", "max"):
        for label, shape, offsets, padding_idx in (
            ("one", (1, 1), None, None),
            ("square", (3, 5), None, None),
            ("offsets", (9,), [0, 4, 4, 8], None),
            ("padding", (4, 3), None, 1),
        ):
            ids = torch.randint(0, 4, shape)
            inputs = {"w": rand(4, 7), "t": ids}
            arguments = {} if padding_idx is None else {"padding_idx": padding_idx}
            if offsets is not None:
                inputs["o"] = torch.tensor(offsets)
            s.case(f"{mode}.{label}",
                   lambda w, t, o=None, k=arguments: F.embedding_bag(t, w, o, mode=mode, **k),
                   inputs, op="embedding_bag", mode=mode, **arguments)
    s.case("weights", lambda w, t, o, v: F.embedding_bag(t, w, o, mode="sum", per_sample_weights=v),
           {"w": rand(4, 7), "t": torch.randint(0, 4, (9,)), "o": torch.tensor([0, 4, 4, 8]),
            "v": rand(9)}, op="embedding_bag", mode="sum")
    s.save()
