#!/usr/bin/env python3
"""Writes the reference vectors of attention and Transformer layers, multihead_attention.safetensors
and transformer.safetensors: inputs, all parameters under PyTorch's names, results and gradients.

Run with PyTorch 2.6:  python3 make_transformer_vectors.py        (make_vectors.py explains the
format)"""

import torch
import torch.nn.functional as F
from torch import nn
from torch.func import functional_call

from make_vectors import Stem, exact, rand


def parameters(module):
    """Of a spread such that no softmax saturates; norms' weights around 1."""
    values = {}
    for name, p in module.named_parameters():
        x = exact(torch.randn(p.shape, dtype=torch.float64))
        values[name] = exact(1 + 0.3 * x) if "norm" in name and "weight" in name else exact(x * 0.5)
    return values


def sequences(*shape):
    return rand(*shape, outliers=False, scale=0.5)


def causal(queries, keys=None):
    """What may not be seen, as PyTorch's modules want it."""
    return torch.ones(queries, keys or queries).triu(1).bool()


def padding(lengths, longest):
    return torch.arange(longest)[None] >= torch.tensor(lengths)[:, None]


def case(stem, name, module, inputs, call, **arguments):
    """call(run, *inputs): run is the module with the case's parameters."""
    names = list(parameters(module))

    def f(*values):
        own = dict(zip(names, values[len(inputs):]))
        run = lambda *x, **options: functional_call(module, own, x, options)
        return call(run, *values[:len(inputs)])
    stem.case(name, f, {**inputs, **parameters(module)}, **arguments)


def multihead_attention():
    s = Stem("multihead_attention", 31)
    op = "MultiheadAttention"
    x = lambda: sequences(2, 5, 8)
    kv = lambda: sequences(2, 7, 8)

    def attention(**options):
        return nn.MultiheadAttention(8, 2, batch_first=True, **options)
    case(s, "self", attention(), {"x": x()}, lambda run, x: run(x, x, x)[0], op=op)
    case(s, "no_bias", attention(bias=False), {"x": x()}, lambda run, x: run(x, x, x)[0], op=op,
         bias=False)
    case(s, "causal", attention(), {"x": x()},
         lambda run, x: run(x, x, x, attn_mask=causal(5))[0], op=op, causal=True)
    case(s, "padded", attention(), {"x": x()},
         lambda run, x: run(x, x, x, key_padding_mask=padding([5, 3], 5))[0], op=op,
         key_lengths=[5, 3])
    case(s, "cross", attention(), {"x": x(), "kv": kv()}, lambda run, x, kv: run(x, kv, kv)[0],
         op=op)
    case(s, "cross_padded", attention(), {"x": x(), "kv": kv()},
         lambda run, x, kv: run(x, kv, kv, key_padding_mask=padding([2, 7], 7))[0], op=op,
         key_lengths=[2, 7])
    case(s, "three", attention(), {"x": x(), "k": kv(), "v": kv()},
         lambda run, x, k, v: run(x, k, v)[0], op=op)
    case(s, "weights", attention(), {"x": x(), "kv": kv()},
         lambda run, x, kv: run(x, kv, kv, average_attn_weights=False)[1], op="weights")
    case(s, "mean_weights", attention(), {"x": x(), "kv": kv()},
         lambda run, x, kv: run(x, kv, kv, key_padding_mask=padding([2, 7], 7))[1], op="weights",
         key_lengths=[2, 7], average=True)

    # Heads of keys and values that are shared: PyTorch has them as a function only.
    def grouped(x, in_w, in_b, out_w, out_b):
        heads = lambda t: t.unflatten(2, (-1, 4)).transpose(1, 2)
        q, k, v = (heads(t) for t in F.linear(x, in_w, in_b).split([16, 8, 8], 2))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
        return F.linear(y.transpose(1, 2).flatten(2), out_w, out_b)
    inputs = {"x": sequences(2, 5, 16), "in_proj_weight": sequences(32, 16),
              "in_proj_bias": sequences(32), "out_proj.weight": sequences(16, 16),
              "out_proj.bias": sequences(16)}
    s.case("grouped", grouped, inputs, op=op, heads=4, kv_heads=2, causal=True)
    s.save()


def transformers():
    s = Stem("transformer", 32)
    common = {"dropout": 0.0, "batch_first": True}
    x, memory = (lambda: sequences(2, 5, 8)), (lambda: sequences(2, 7, 8))
    for label, options in (("post", {}), ("first", {"norm_first": True}),
                           ("gelu", {"activation": "gelu", "layer_norm_eps": 1e-3}),
                           ("no_bias", {"bias": False})):
        layer = nn.TransformerEncoderLayer(8, 2, 6, **common, **options)
        case(s, f"encoder_layer.{label}", layer, {"x": x()},
             lambda run, x: run(x, src_key_padding_mask=padding([5, 3], 5)),
             op="TransformerEncoderLayer", key_lengths=[5, 3], **options)
    for label, options in (("post", {}), ("first", {"norm_first": True})):
        layer = nn.TransformerDecoderLayer(8, 2, 6, **common, **options)
        case(s, f"decoder_layer.{label}", layer, {"x": x(), "memory": memory()},
             lambda run, x, memory: run(x, memory, tgt_mask=causal(5), tgt_is_causal=True,
                                        memory_key_padding_mask=padding([7, 4], 7)),
             op="TransformerDecoderLayer", key_lengths=[7, 4], **options)
    net = nn.Transformer(8, 2, 2, 1, 6, **common)
    case(s, "transformer", net, {"source": memory(), "target": x()},
         lambda run, source, target: run(source, target, tgt_mask=causal(5), tgt_is_causal=True),
         op="Transformer")
    s.save()


if __name__ == "__main__":
    multihead_attention()
    transformers()
