#!/usr/bin/env python3
"""Writes the reference vectors that tests/nn/recurrent_pytorch_test.cpp reads.

Run with PyTorch 2.6:  python3 make_recurrent_vectors.py

As make_vectors.py, for layers. A case's tensors are named "<case>.<what>":
    x, h0, c0           inputs (the states only where the case has them)
    p.weight_ih_l0 ...  parameters, by PyTorch's names
    gy, ghn, gcn        cotangents of the results, where the loss depends on them
    y64, hn64, cn64     results, computed in float64
    dx64, dp.* 64 ...   gradients
    ...32               the same, computed in float32
and its arguments stand as JSON in the header's __metadata__ under the case's name.
"""

import json

import torch
from make_vectors import exact, rand, save
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


def run(kind, arguments, inputs, parameters, cotangents, lengths, dtype):
    """Results and gradients of one layer in one precision."""
    net = getattr(nn, kind)(**arguments).to(dtype)
    net.load_state_dict({k: v.to(dtype) for k, v in parameters.items()})
    leaves = {k: v.clone().to(dtype).requires_grad_() for k, v in inputs.items()}
    state = None
    if "h0" in leaves:
        state = (leaves["h0"], leaves["c0"]) if kind == "LSTM" else leaves["h0"]
    x = leaves["x"]
    if lengths:
        first = arguments.get("batch_first", False)
        packed = pack_padded_sequence(x, torch.tensor(lengths), first, enforce_sorted=False)
        y, last = net(packed, state)
        y, _ = pad_packed_sequence(y, first, total_length=x.shape[1 if first else 0])
    else:
        y, last = net(x, state)
    hn, cn = last if kind == "LSTM" else (last, None)
    results = {"y": y, "hn": hn} | ({"cn": cn} if kind == "LSTM" else {})
    sum((results[k] * g.to(dtype)).sum() for k, g in cotangents.items()).backward()
    gradients = {f"d{k}": v.grad for k, v in leaves.items()}
    gradients |= {f"dp.{k}": v.grad for k, v in net.named_parameters()}
    return results | gradients


def cases():
    plain = {"batch_first": True}
    sizes = (3, 4, 2, 3)  # N, L, D, S
    common = [
        ("plain", sizes, plain, {}),
        ("state", sizes, plain, {"state": True}),
        ("last_only", sizes, plain, {"state": True, "wants": ["hn", "cn"]}),
        ("outputs_only", sizes, plain, {"wants": ["y"]}),
        ("no_bias", sizes, plain | {"bias": False}, {}),
        ("steps_first", sizes, {}, {"state": True}),
        ("bidirectional", sizes, plain | {"bidirectional": True}, {"state": True}),
        ("layers", sizes, plain | {"num_layers": 3}, {"state": True}),
        ("deep", (2, 3, 2, 2), plain | {"num_layers": 2, "bidirectional": True}, {"state": True}),
        ("lengths", (5, 6, 2, 3), plain, {"state": True, "lengths": [4, 1, 6, 3, 4]}),
        ("lengths_deep", (4, 5, 2, 2), plain | {"num_layers": 2, "bidirectional": True},
         {"lengths": [2, 5, 1, 4]}),
        ("lengths_steps_first", (3, 4, 2, 3), {"bidirectional": True}, {"lengths": [2, 4, 3]}),
        ("wide", (7, 5, 5, 19), plain, {}),
        ("one", (1, 9, 3, 17), plain | {"bidirectional": True}, {}),
    ]
    for kind in ("RNN", "LSTM", "GRU"):
        extra = []
        if kind == "RNN":
            extra = [("relu", sizes, plain | {"nonlinearity": "relu"}, {"state": True}),
                     ("relu_deep", (4, 5, 2, 2), plain | {"nonlinearity": "relu", "num_layers": 2,
                                                          "bidirectional": True},
                      {"lengths": [2, 5, 1, 4]})]
        if kind == "LSTM":
            extra = [("projection", (3, 4, 2, 5), plain | {"proj_size": 2}, {"state": True}),
                     ("projection_deep", (3, 4, 2, 3),
                      plain | {"proj_size": 2, "num_layers": 2, "bidirectional": True},
                      {"state": True}),
                     ("projection_lengths", (4, 5, 3, 18), plain | {"proj_size": 3},
                      {"state": True, "lengths": [2, 5, 1, 4]})]
        yield kind, common + extra


def make(kind, list_of_cases, seed):
    torch.manual_seed(seed)
    tensors, metadata = {}, {}
    for label, (n, l, d, s), options, extra in list_of_cases:
        arguments = {"input_size": d, "hidden_size": s, **options}
        lengths = extra.get("lengths")
        net = getattr(nn, kind)(**arguments)
        parameters = {k: exact(v.detach().double() * 1.5) for k, v in net.state_dict().items()}
        first = options.get("batch_first", False)
        inputs = {"x": rand(*((n, l, d) if first else (l, n, d)), scale=0.7, outliers=False)}
        rows = options.get("num_layers", 1) * (2 if options.get("bidirectional") else 1)
        width = options.get("proj_size") or s
        shapes = {"y": (n, l) if first else (l, n), "hn": (rows, n, width), "cn": (rows, n, s)}
        shapes["y"] += (width * (2 if options.get("bidirectional") else 1),)
        if extra.get("state"):
            inputs["h0"] = rand(*shapes["hn"], scale=0.5, outliers=False)
            if kind == "LSTM":
                inputs["c0"] = rand(*shapes["cn"], scale=0.5, outliers=False)
        wants = extra.get("wants", ["y", "hn", "cn"])
        wants = [k for k in wants if k != "cn" or kind == "LSTM"]
        cotangents = {k: rand(*shapes[k], outliers=False) for k in wants}
        for k, v in inputs.items():
            tensors[f"{label}.{k}"] = v
        for k, v in parameters.items():
            tensors[f"{label}.p.{k}"] = v
        for k, v in cotangents.items():
            tensors[f"{label}.g{k}"] = v
        for bits, dtype in (("64", torch.float64), ("32", torch.float32)):
            results = run(kind, arguments, inputs, parameters, cotangents, lengths, dtype)
            for k, v in results.items():
                tensors[f"{label}.{k}{bits}"] = v
        if lengths:
            arguments["lengths"] = lengths
        metadata[label] = json.dumps(arguments, separators=(",", ":"))
    save(kind.lower(), tensors, metadata)


if __name__ == "__main__":
    torch.set_num_threads(1)
    for seed, (kind, list_of_cases) in enumerate(cases()):
        make(kind, list_of_cases, 40 + seed)
