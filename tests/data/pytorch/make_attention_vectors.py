#!/usr/bin/env python3
"""Writes the reference vectors of scaled dot-product attention, attention.safetensors.

Run with PyTorch 2.6:  python3 make_attention_vectors.py        (make_vectors.py explains the format)"""

import torch
import torch.nn.functional as F

from make_vectors import Stem, rand


def main():
    s = Stem("attention", 31)
    for label, batch, heads, kv_heads, queries, keys, size, value_size, options in (
        ("plain", 2, 3, 3, 5, 7, 4, 6, {}),
        ("one", 1, 1, 1, 1, 1, 3, 2, {}),
        ("causal", 1, 2, 2, 9, 9, 8, 8, {"causal": True}),
        ("causal_wide", 1, 2, 2, 4, 9, 5, 5, {"causal": True}),
        ("grouped", 2, 4, 2, 5, 6, 4, 4, {}),
        ("shared", 1, 3, 1, 5, 6, 4, 4, {"causal": True}),
        ("scale", 1, 2, 2, 5, 6, 4, 4, {"scale": 0.3}),
        ("long", 1, 1, 1, 3, 300, 4, 4, {}),
        ("mask", 2, 2, 2, 5, 7, 4, 4, {"mask": (2, 1, 5, 7)}),
        ("mask_row", 2, 2, 2, 5, 7, 4, 4, {"mask": (5, 7)}),
        ("bias", 2, 2, 2, 5, 7, 4, 4, {"bias": (2, 5, 7)}),
        ("bias_all", 1, 2, 1, 5, 7, 4, 4, {"bias": (1, 2, 5, 7)}),
    ):
        inputs = {
            "q": rand(batch, heads, queries, size, outliers=False),
            "k": rand(batch, kv_heads, keys, size, outliers=False),
            "v": rand(batch, kv_heads, keys, value_size, outliers=False),
        }
        if "bias" in options:
            inputs["b"] = rand(*options["bias"], outliers=False)
        if "mask" in options:
            mask = (torch.rand(options["mask"]) < 0.7).long()
            mask[..., 0] = 1
            inputs["t"] = mask

        def run(q, k, v, *more, options=options):
            mask = more[0] if more else None
            if "mask" in options:
                mask = mask.bool()
            return F.scaled_dot_product_attention(
                q, k, v, mask, is_causal=options.get("causal", False), scale=options.get("scale"),
                enable_gqa=q.shape[1] != k.shape[1])

        arguments = {key: value for key, value in options.items() if key in ("causal", "scale")}
        s.case(label, run, inputs, op="scaled_dot_product_attention", **arguments)
    s.save()


if __name__ == "__main__":
    main()
