#!/usr/bin/env python3
"""PyTorch's side of the scoreboard: reads lines "THREADS SECONDS CASE" as tenon_bench --worker does,
times the case and answers with a line of JSON ({} for a case it does not know).

PyTorch is shown at its best. Every case is timed with oneDNN on and off, convolutions in NCHW and
channels_last, training steps with each implementation of Adam besides; the first request for
a case finds the fastest of these and later ones time that one. Denormals are flushed, inference
runs in inference mode; "frozen" is of models that TorchScript has frozen."""

import copy
import json
import re
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

torch.manual_seed(0)
torch.set_flush_denormal(True)


def timed(run, seconds):
    for _ in range(3):
        run()
    times, end = [], time.perf_counter() + seconds
    while len(times) < 5 or (time.perf_counter() < end and len(times) < 5000):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    times.sort()
    return {"min_ms": times[0] * 1e3, "median_ms": times[len(times) // 2] * 1e3}


def inference(run):
    def call():
        with torch.inference_mode():
            run()
    return call


def gradients(function, leaves, dy):
    def call():
        for leaf in leaves:
            leaf.grad = None
        function().backward(dy)
    return call


def channels_last(tensor):
    last = tensor.detach().to(memory_format=torch.channels_last)
    return last.requires_grad_(tensor.requires_grad)


def layouts(make, *tensors):
    """{label: what make gives for the tensors in that layout}"""
    return {"nchw": make(*tensors), "channels_last": make(*(channels_last(t) for t in tensors))}


def matmul(sizes):
    m, k, n = map(int, sizes.split("x"))
    a, b = torch.randn(m, k), torch.randn(k, n)
    return {"": inference(lambda: a @ b)}


def linear(text):
    m, k, n = map(int, re.split("x|->", text))
    x, w, b = torch.randn(m, k), torch.randn(n, k), torch.randn(n)
    return {"": inference(lambda: F.linear(x, w, b))}


def convolution(layer):
    def make(text):
        pattern = r"(\w+)/(\d+)x(\d+)x(\d+)x\d+->(\d+) k(\d+) s(\d+) p(\d+)(?: g(\d+))?"
        kind, *numbers = re.match(pattern, text).groups(default="1")
        n, c, size, o, kernel, stride, padding, groups = map(int, numbers)
        conv = layer(c, o, kernel, stride, padding, groups=groups)
        x = torch.randn(n, c, size, size, requires_grad=True)
        if kind == "forward":
            return layouts(lambda x: inference(lambda: conv(x)), x)
        dy = torch.randn_like(conv(x).detach())
        leaves = [conv.weight, conv.bias]
        return layouts(lambda x, dy: gradients(lambda: conv(x), [x, *leaves], dy), x, dy)
    return make


def pool2d(layer):
    def make(text):
        kind, n, c, size, kernel = re.match(r"(\w+)/(\d+)x(\d+)x(\d+)x\d+ k(\d+)", text).groups()
        x = torch.randn(int(n), int(c), int(size), int(size), requires_grad=True)
        pool = layer(int(kernel))
        if kind == "forward":
            return layouts(lambda x: inference(lambda: pool(x)), x)
        dy = torch.randn_like(pool(x).detach())
        return layouts(lambda x, dy: gradients(lambda: pool(x), [x], dy), x, dy)
    return make


def elementwise(function):
    def make(text):
        x = torch.randn(1 << 20, requires_grad=True)
        if text.startswith("forward"):
            return {"": inference(lambda: function(x))}
        return {"": gradients(lambda: function(x), [x], torch.ones_like(x))}
    return make


def of_tensor(function, *constants):
    """function of x, and of the constants that are made of x's sizes: "forward/1024x1000"."""
    def make(text):
        kind, sizes = text.split("/")
        x = torch.randn(list(map(int, sizes.split("x"))), requires_grad=True)
        others = [constant(x.shape) for constant in constants]
        run = lambda: function(x, *others)
        return {"": inference(run) if kind == "forward" else gradients(run, [x], torch.randn_like(run()))}
    return make


def convolution_of(dimensions, function):
    """Of sequences or volumes: "forward/32x64x256 k3", "forward/4x8x16x16x16 o16"."""
    def make(text):
        kind, sizes, option, number = re.match(r"(\w+)/([\dx]+) ([ko])(\d+)", text).groups()
        x = torch.randn(list(map(int, sizes.split("x"))), requires_grad=True)
        channels, kernel = (x.shape[1], int(number)) if option == "k" else (int(number), 3)
        w = torch.randn(channels, x.shape[1], *[kernel] * dimensions, requires_grad=True)
        run = lambda: function(x, w, None, padding=kernel // 2)
        return {"": inference(run) if kind == "forward" else gradients(run, [x, w], torch.randn_like(run()))}
    return make


def ctc_loss(text):
    steps, samples, symbols, labels = map(int, re.findall(r"\d+", text))
    x = torch.randn(steps, samples, symbols).log_softmax(2).requires_grad_()
    targets = torch.randint(1, symbols, (samples, labels))
    lengths = [torch.full((samples,), n) for n in (steps, labels)]
    return {"": gradients(lambda: F.ctc_loss(x, targets, *lengths), [x], None)}


def softmax(_):
    x = torch.randn(1024, 1000)
    return {"": inference(lambda: torch.softmax(x, 1))}


def embedding(text):
    kind, ids, rows, columns = re.match(r"(\w+)/(\d+) of (\d+)x(\d+)", text).groups()
    w = nn.Parameter(torch.randn(int(rows), int(columns)))
    ids = torch.randint(0, int(rows), (int(ids),))
    dy = torch.randn(len(ids), int(columns))
    if kind == "forward":
        return {"": inference(lambda: F.embedding(ids, w))}
    if kind == "train":
        return {"": gradients(lambda: F.embedding(ids, w), [w], dy)}
    kinds = {"adam_step": (torch.optim.Adam, ADAMS), "adagrad_step": (torch.optim.Adagrad, ADAGRADS)}
    make, variants = kinds[kind]

    def step(options):
        optimiser = make([w], **options)

        def call():
            optimiser.zero_grad()
            F.embedding(ids, w).backward(dy)
            optimiser.step()
        return call
    return {label: step(options) for label, options in variants.items()}


def cross_entropy(text):
    x, labels = torch.randn(1024, 1000, requires_grad=True), torch.randint(0, 1000, (1024,))
    loss = lambda: F.cross_entropy(x, labels)
    return {"": inference(loss) if text.startswith("forward") else gradients(loss, [x], None)}


def sgd(_):
    w = nn.Parameter(torch.randn(1 << 20))
    w.grad = torch.ones_like(w)
    kinds = {"loop": {"foreach": False}, "foreach": {"foreach": True}, "fused": {"fused": True}}
    return {label: torch.optim.SGD([w], 1e-4, momentum=0.9, weight_decay=1e-4, **options).step
            for label, options in kinds.items()}


def layer_norm(text):
    rows, size = map(int, text.split("/")[1].split("x"))
    x = torch.randn(rows, size)
    return {"": inference(lambda: F.layer_norm(x, (size,)))}


def batch_norm2d(text):
    sizes = list(map(int, text.split("/")[1].split("x")))
    norm, x, dy = nn.BatchNorm2d(sizes[1]), torch.randn(sizes, requires_grad=True), torch.randn(sizes)
    return layouts(lambda x, dy: gradients(lambda: norm(x), [x, norm.weight, norm.bias], dy), x, dy)


def attention(text):
    kind, *sizes = re.match(r"(\w+)/B(\d+) h(\d+) L(\d+) D(\d+)", text).groups()
    shape, causal = list(map(int, sizes)), text.endswith("causal")
    q, k, v = (torch.randn(shape, requires_grad=True) for _ in range(3))
    run = lambda: F.scaled_dot_product_attention(q, k, v, is_causal=causal)
    return {"": inference(run) if kind == "forward" else gradients(run, [q, k, v], torch.ones(shape))}


def review_lengths():
    """Those of tenon_bench: the quantiles of IMDB's reviews, cut at 256 steps."""
    quantiles = [56, 87, 113, 125, 133, 143, 155, 169, 186, 207, 234] + [256] * 6
    ks = [i * 37 % 128 for i in range(128)]
    return torch.tensor([quantiles[k // 8] + (quantiles[k // 8 + 1] - quantiles[k // 8]) * (k % 8) // 8
                         for k in ks])


def recurrent(layer):
    def make(text):
        kind, *numbers, ragged = re.match(r"(\w+)/B(\d+) T(\d+) I(\d+) H(\d+)( ragged)?", text).groups()
        n, steps, features, units = map(int, numbers)
        net, x = layer(features, units, batch_first=True), torch.randn(n, steps, features)

        def outputs():
            if not ragged:
                return net(x)[0]
            packed = pack_padded_sequence(x, review_lengths(), True, enforce_sorted=False)
            return pad_packed_sequence(net(packed)[0], True, total_length=steps)[0]

        def step():
            net.zero_grad()
            outputs().sum().backward()
        return {"": inference(outputs) if kind == "forward" else step}
    return make


class BiLSTM(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(10000, 16)
        self.lstm = nn.LSTM(16, 64, bidirectional=True, batch_first=True)
        self.hidden, self.out = nn.Linear(128, 64), nn.Linear(64, 1)

    def forward(self, ids):
        _, (h, _) = self.lstm(self.embedding(ids))
        return self.out(F.relu(self.hidden(torch.cat([h[0], h[1]], 1))))


def cnn(channels, features):
    return nn.Sequential(
        nn.Conv2d(channels, 32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(32, 64, 3), nn.ReLU(),
        nn.MaxPool2d(2), nn.Conv2d(64, 64, 3), nn.ReLU(), nn.Flatten(), nn.Linear(features, 64),
        nn.ReLU(), nn.Linear(64, 10))


class TextTransformer(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(10000, 128)
        layer = nn.TransformerEncoderLayer(128, 4, 256, dropout=0.0, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.out = nn.Linear(128, 2)

    def forward(self, ids):
        return self.out(self.encoder(self.embedding(ids)).mean(1))


def classes(n, count=10):
    labels = torch.randint(0, count, (n,))
    return lambda y: F.cross_entropy(y, labels)


def yes_or_no(n):
    target = torch.rand(n, 1).round()
    return lambda y: F.binary_cross_entropy_with_logits(y, target)


MODELS = {
    "mnist_cnn b64": lambda: (cnn(1, 576), torch.randn(64, 1, 28, 28), classes(64)),
    "cifar_cnn b32": lambda: (cnn(3, 1024), torch.randn(32, 3, 32, 32), classes(32)),
    "medical_mlp b32": lambda: (
        nn.Sequential(nn.Linear(30, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 1)),
        torch.randn(32, 30), yes_or_no(32)),
    "imdb_bilstm b128 T256": lambda: (BiLSTM(), torch.randint(0, 10000, (128, 256)), yes_or_no(128)),
    "text_transformer b32 T128": lambda: (
        TextTransformer(), torch.randint(0, 10000, (32, 128)), classes(32, 2)),
}
ADAMS = {"adam": {"foreach": False}, "foreach": {"foreach": True}, "fused": {"fused": True}}
ADAGRADS = {"adagrad": {"foreach": False}, "foreach": {"foreach": True}, "fused": {"fused": True}}


def training_step(net, x, loss, options):
    adam = torch.optim.Adam(net.parameters(), **options)

    def call():
        adam.zero_grad()
        loss(net(x)).backward()
        adam.step()
    return call


def model(text):
    kind, name = text.split("/")
    net, x, loss = MODELS[name]()
    net.train(kind == "train_step")  # evaluation has a path of its own through a Transformer
    if kind.endswith("_one"):
        x = x[:1].clone()
    kinds = {"nchw": (net, x)}
    if x.dim() == 4:
        kinds["channels_last"] = (copy.deepcopy(net).to(memory_format=torch.channels_last),
                                  channels_last(x))
    if kind == "train_step":
        return {f"{layout} {adam}": training_step(n, v, loss, options)
                for layout, (n, v) in kinds.items() for adam, options in ADAMS.items()}
    if kind.startswith("frozen"):
        kinds = {layout: (torch.jit.freeze(torch.jit.trace(n.eval(), v)), v)
                 for layout, (n, v) in kinds.items()}
    return {layout: inference(lambda n=n, v=v: n(v)) for layout, (n, v) in kinds.items()}


PICKED = 512
rows = lambda shape: torch.randint(0, shape[0], (PICKED,))
columns = lambda shape: torch.randint(0, shape[1], (PICKED,))
pairs = lambda shape: torch.randint(0, shape[1], (shape[0], PICKED))
FUNCTIONS = {
    "sum": [lambda x: x.sum(1)], "sum_columns": [lambda x: x.sum(0)], "min": [lambda x: x.min(1).values],
    "var": [lambda x: x.var(1)], "var_columns": [lambda x: x.var(0)],
    "norm": [lambda x: torch.linalg.vector_norm(x, 2, 1)], "logsumexp": [lambda x: x.logsumexp(1)],
    "prod": [lambda x: x.prod(1)], "cumsum": [lambda x: x.cumsum(1)],
    "cumsum_columns": [lambda x: x.cumsum(0)], "cumprod": [lambda x: x.cumprod(1)],
    "sort": [lambda x: x.sort(1).values], "topk": [lambda x: x.topk(10, 1).values],
    "index_select": [lambda x, at: x.index_select(0, at), rows],
    "index_select_columns": [lambda x, at: x.index_select(1, at), columns],
    "gather": [lambda x, at: x.gather(1, at), pairs],
    "scatter_add": [lambda x, at, v: x.scatter_add(1, at, v), pairs, lambda s: torch.randn(s[0], PICKED)],
    "index_put": [lambda x, at, v: x.index_put((at,), v), rows, lambda s: torch.randn(PICKED, s[1])],
    "masked_select": [torch.masked_select, lambda s: torch.rand(s) < 0.5],
    "flip": [lambda x: x.flip(1)], "roll": [lambda x: x.roll(3, 1)], "tril": [torch.tril],
    "pad": [lambda x: F.pad(x, (2, 2, 2, 2))],
    "pad_reflect": [lambda x: F.pad(x, (2, 2, 2, 2), "reflect")],
    "pad_replicate": [lambda x: F.pad(x, (2, 2, 2, 2), "replicate")],
    "interpolate_nearest": [lambda x: F.interpolate(x, scale_factor=2)],
    "interpolate_bilinear": [lambda x: F.interpolate(x, scale_factor=2, mode="bilinear")],
    "pixel_shuffle": [lambda x: F.pixel_shuffle(x, 2)], "unfold": [lambda x: F.unfold(x, 3, padding=1)],
    "fold": [lambda x: F.fold(x, 32, 3, padding=1)],
    "adaptive_max_pool2d": [lambda x: F.adaptive_max_pool2d(x, 7)],
    "adaptive_avg_pool2d": [lambda x: F.adaptive_avg_pool2d(x, 7)],
    "group_norm": [lambda x: F.group_norm(x, 8)], "instance_norm": [F.instance_norm],
    "local_response_norm": [lambda x: F.local_response_norm(x, 5)],
    "mse_loss": [F.mse_loss, torch.rand], "l1_loss": [F.l1_loss, torch.rand],
    "smooth_l1_loss": [F.smooth_l1_loss, torch.rand], "kl_div": [F.kl_div, torch.rand],
    "bce_with_logits": [F.binary_cross_entropy_with_logits, torch.rand],
    "triplet_margin_loss": [F.triplet_margin_loss, torch.rand, torch.rand],
    "cosine_similarity": [F.cosine_similarity, torch.rand],
}
FAMILIES = {
    "matmul": matmul, "linear": linear, "conv2d": convolution(nn.Conv2d),
    "conv_transpose2d": convolution(nn.ConvTranspose2d), "max_pool2d": pool2d(nn.MaxPool2d),
    "avg_pool2d": pool2d(nn.AvgPool2d),
    "embedding": embedding,
    "relu": elementwise(torch.relu), "tanh": elementwise(torch.tanh),
    "sigmoid": elementwise(torch.sigmoid), "exp": elementwise(torch.exp), "gelu": elementwise(F.gelu),
    "gelu_tanh": elementwise(lambda x: F.gelu(x, approximate="tanh")), "silu": elementwise(F.silu),
    "erf": elementwise(torch.erf), "leaky_relu": elementwise(F.leaky_relu),
    "hardswish": elementwise(F.hardswish), "elu": elementwise(F.elu),
    "softplus": elementwise(F.softplus), "mish": elementwise(F.mish),
    "dropout": elementwise(lambda x: F.dropout(x, 0.5, True)), "softmax": softmax,
    "attention": attention,
    "conv1d": convolution_of(1, F.conv1d), "conv3d": convolution_of(3, F.conv3d), "ctc_loss": ctc_loss,
    **{name: of_tensor(*entry) for name, entry in FUNCTIONS.items()},
    "layer_norm": layer_norm, "batch_norm2d": batch_norm2d,
    "cross_entropy": cross_entropy, "sgd": sgd,
    "rnn": recurrent(nn.RNN), "lstm": recurrent(nn.LSTM), "gru": recurrent(nn.GRU),
    "model": model,
}
best = {}  # (case, threads) -> (variant, oneDNN, callable)


def answer(threads, seconds, case):
    torch.set_num_threads(threads)
    family, _, rest = case.partition("/")
    if family not in FAMILIES:
        return {}
    if (case, threads) not in best:
        candidates = []
        for label, run in FAMILIES[family](rest).items():
            for onednn in (True, False):
                with torch.backends.mkldnn.flags(enabled=onednn):
                    candidates.append((timed(run, seconds)["median_ms"], label, onednn, run))
        best[case, threads] = min(candidates, key=lambda c: c[0])[1:]
    label, onednn, run = best[case, threads]
    with torch.backends.mkldnn.flags(enabled=onednn):
        result = timed(run, seconds)
    setting = " ".join(filter(None, ("oneDNN" if onednn else "native", label)))
    return {"case": case, "threads": threads, "setting": setting, **result}


if "--version" in sys.argv:
    print("PyTorch", torch.__version__)
    sys.exit()
for line in sys.stdin:
    words = line.split(maxsplit=2)
    print(json.dumps(answer(int(words[0]), float(words[1]), words[2].strip())), flush=True)
