#!/usr/bin/env python3
"""Writes the reference vectors of losses beyond those of make_vectors.py, in the format described
there. Targets t of 1 and -1, or 0 and 1, are kept as integers.

Run with PyTorch 2.6:  python3 make_loss_vectors.py
"""

import math

import torch
import torch.nn.functional as F

from make_vectors import Stem, exact, positive, rand

REDUCTIONS = ("none", "mean", "sum")


class LossStem(Stem):
    """Every case with the mean, but only the first one of an operation with other reductions."""

    def case(self, name, f, inputs, **arguments):
        kind = arguments["op"], arguments["reduction"]
        if arguments["reduction"] == "mean" or kind not in self.seen:
            super().case(name, f, inputs, **arguments)
        self.seen.add(kind)

    seen = set()


def signs(*shape):
    return torch.where(rand(*shape) > 0, 1, -1)


def regression(s):
    for reduction in REDUCTIONS:
        r = {"reduction": reduction}
        x, t = rand(4, 5), rand(4, 5)
        pair = {"x": x, "t": t}
        s.case(f"l1.{reduction}", lambda x, t: F.l1_loss(x, t, **r), pair, op="l1_loss", **r)
        for beta in (1.0, 0.25):
            s.case(f"smooth_l1.{reduction}.{beta}",
                   lambda x, t: F.smooth_l1_loss(x, t, beta=beta, **r), pair,
                   op="smooth_l1_loss", beta=beta, **r)
            s.case(f"huber.{reduction}.{beta}", lambda x, t: F.huber_loss(x, t, delta=beta, **r),
                   pair, op="huber_loss", delta=beta, **r)
        counts = torch.poisson(torch.full((4, 5), 2.5)).to(torch.int64)
        for log_input in (True, False):
            for full in (True, False):
                x = rand(4, 5, scale=0.5, outliers=False) if log_input else positive(4, 5, low=0.1)
                k = {"log_input": log_input, "full": full}
                s.case(f"poisson.{reduction}.{log_input}.{full}",
                       lambda x, t, k=k: F.poisson_nll_loss(x, t.to(x.dtype), **k, **r),
                       {"x": x, "t": counts},
                       op="poisson_nll_loss", **k, **r)
        for label, shape in (("same", (4, 5)), ("one", (4, 1)), ("less", (4,))):
            var = positive(*shape, low=0.05)
            full = label == "one"
            s.case(f"gaussian.{reduction}.{label}",
                   lambda x, t, v, f=full: F.gaussian_nll_loss(x, t, v, full=f, **r),
                   {"x": rand(4, 5, scale=0.5), "t": rand(4, 5, scale=0.5), "v": var},
                   op="gaussian_nll_loss", full=full, **r)
    s.case("smooth_l1.zero", lambda x, t: F.smooth_l1_loss(x, t, beta=0.0),
           {"x": rand(9), "t": rand(9)}, op="smooth_l1_loss", beta=0.0, reduction="mean")


def classes(s):
    for reduction in REDUCTIONS:
        r = {"reduction": reduction}
        for label, shape, ignore in (("rows", (6, 5), -100), ("pixels", (2, 5, 3, 2), 3),
                                     ("ignored", (9, 4), 1)):
            n = (shape[0], *shape[2:])
            t = torch.randint(0, shape[1], n)
            weight = positive(shape[1], low=0.1)
            x = rand(*shape)
            k = {"ignore_index": ignore, **r}
            log_p = exact(torch.log_softmax(x, 1))
            s.case(f"nll.{label}.{reduction}", lambda x, t, k=k: F.nll_loss(x, t, **k),
                   {"x": log_p, "t": t}, op="nll_loss", **k)
            s.case(f"nll.{label}.{reduction}.w",
                   lambda x, t, w, k=k: F.nll_loss(x, t, w.detach(), **k),
                   {"x": log_p, "t": t, "w": weight}, op="nll_loss", **k)
            for smoothing in (0.0, 0.3):
                kk = {**k, "label_smoothing": smoothing}
                s.case(f"weighted.{label}.{reduction}.{smoothing}",
                       lambda x, t, w, k=kk: F.cross_entropy(x, t, w.detach(), **k),
                       {"x": x, "t": t, "w": weight}, op="cross_entropy", **kk)
        target = torch.softmax(rand(6, 5, 2), 1)
        for smoothing in (0.0, 0.2):
            k = {"label_smoothing": smoothing, **r}
            s.case(f"weighted.probabilities.{reduction}.{smoothing}",
                   lambda x, t, w, k=k: F.cross_entropy(x, t, w.detach(), **k),
                   {"x": rand(6, 5, 2), "t": exact(target), "w": positive(5, low=0.1)},
                   op="cross_entropy", **k)
        target = exact(torch.softmax(rand(6, 5), 1))
        target[0, 1] = 0
        log_p = exact(torch.log_softmax(rand(6, 5), 1))
        s.case(f"kl.{reduction}", lambda x, w: F.kl_div(x, w.detach(), **r),
               {"x": log_p, "w": target}, op="kl_div", **r)
        target = target.clone()
        target[0, 1] = 0.125
        s.case(f"kl.log.{reduction}", lambda x, t: F.kl_div(x, t, log_target=True, **r),
               {"x": log_p, "t": exact(target.log())}, op="kl_div", log_target=True, **r)
        x, y = rand(4, 3), (rand(4, 3) > 0).to(torch.int64)
        for label, pos, weight in (("pos", positive(3), None), ("weight", None, positive(4, 1)),
                                   ("both", positive(3), positive(4, 3))):
            inputs = {"x": x, "t": y}
            inputs |= {"p": pos} if pos is not None else {}
            inputs |= {"v": weight} if weight is not None else {}

            def bce(x, t, *rest, has_pos=pos is not None, has_weight=weight is not None):
                rest = [v.detach() for v in rest]
                return F.binary_cross_entropy_with_logits(
                    x, t.to(x.dtype), pos_weight=rest[0] if has_pos else None,
                    weight=rest[-1] if has_weight else None, **r)

            s.case(f"bce_with_logits.{label}.{reduction}", bce, inputs,
                   op="binary_cross_entropy_with_logits", **r)
        s.case(f"bce.weight.{reduction}",
               lambda x, t, v: F.binary_cross_entropy(x, t.to(x.dtype), weight=v.detach(), **r),
               {"x": exact(torch.sigmoid(rand(4, 3, outliers=False))), "t": y, "v": positive(3)},
               op="binary_cross_entropy", **r)
    target = exact(torch.softmax(rand(6, 5), 1))
    s.case("kl.batch", lambda x, w: F.kl_div(x, w.detach(), reduction="batchmean"),
           {"x": exact(torch.log_softmax(rand(6, 5), 1)), "w": target}, op="kl_div",
           batch_mean=True, reduction="mean")


def reduced(losses, reduction):
    return {"none": lambda: losses, "mean": losses.mean, "sum": losses.sum}[reduction]()


def sigmoid_focal(x, t, gamma, alpha, reduction):
    p = torch.sigmoid(x)
    losses = F.binary_cross_entropy_with_logits(x, t, reduction="none")
    losses = losses * (p * (1 - t) + (1 - p) * t) ** gamma
    if alpha >= 0:
        losses = losses * (alpha * t + (1 - alpha) * (1 - t))
    return reduced(losses, reduction)


def focal(x, t, w, gamma, ignore_index, reduction):
    losses = F.cross_entropy(x, t, reduction="none", ignore_index=ignore_index)
    weight = torch.where(t == ignore_index, 0, w.detach()[t.clamp(min=0)])
    losses = losses * (1 - torch.exp(-losses)) ** gamma * weight
    return losses.sum() / weight.sum() if reduction == "mean" else reduced(losses, reduction)


def margins(s):
    for reduction in REDUCTIONS:
        r = {"reduction": reduction}
        x, y = rand(4, 5), signs(4, 5)
        s.case(f"hinge.{reduction}", lambda x, t: reduced((1 - t * x).clamp(min=0), reduction),
               {"x": x, "t": y}, op="hinge_loss", **r)
        s.case(f"squared_hinge.{reduction}",
               lambda x, t: reduced((1 - t * x).clamp(min=0) ** 2, reduction),
               {"x": x, "t": y}, op="squared_hinge_loss", **r)
        for margin in (1.0, 0.3):
            s.case(f"hinge_embedding.{reduction}.{margin}",
                   lambda x, t, m=margin: F.hinge_embedding_loss(x, t, margin=m, **r),
                   {"x": x, "t": y}, op="hinge_embedding_loss", margin=margin, **r)
            s.case(f"ranking.{reduction}.{margin}",
                   lambda a, b, t, m=margin: F.margin_ranking_loss(a, b, t, margin=m, **r),
                   {"a": x, "b": rand(4, 5), "t": y}, op="margin_ranking_loss", margin=margin, **r)
            s.case(f"cosine.{reduction}.{margin}",
                   lambda a, b, t, m=margin / 2: F.cosine_embedding_loss(a, b, t, margin=m, **r),
                   {"a": rand(6, 9), "b": rand(6, 9), "t": signs(6)}, op="cosine_embedding_loss",
                   margin=margin / 2, **r)
        for p in (1, 2):
            s.case(f"multi_margin.{reduction}.{p}",
                   lambda x, t, w, p=p: F.multi_margin_loss(x, t, p=p, margin=0.7, weight=w.detach(), **r),
                   {"x": rand(6, 5), "t": torch.randint(0, 5, (6,)), "w": positive(5)},
                   op="multi_margin_loss", p=p, margin=0.7, **r)
        for p, swap in ((2.0, True), (1.0, False), (3.0, False), (math.inf, False)):
            s.case(f"triplet.{reduction}.{p}.{swap}",
                   lambda a, b, c, p=p, swap=swap: F.triplet_margin_loss(a, b, c, margin=0.8, p=p,
                                                                         swap=swap, **r),
                   {"a": rand(6, 5), "b": rand(6, 5), "c": rand(6, 5)}, op="triplet_margin_loss",
                   margin=0.8, p=p if p < math.inf else -1, swap=swap, **r)
        for gamma, alpha in ((2.0, 0.25), (0.5, -1.0), (1.5, 0.8), (0.0, 0.25), (1.0, 0.5)):
            s.case(f"sigmoid_focal.{reduction}.{gamma}",
                   lambda x, t, g=gamma, a=alpha: sigmoid_focal(x, t.to(x.dtype), g, a, reduction),
                   {"x": rand(12, 9, outliers=False), "t": (rand(12, 9) > 0).to(torch.int64)},
                   op="sigmoid_focal_loss", gamma=gamma, alpha=alpha, **r)
            t = torch.randint(0, 4, (7, 3))
            t[0, 1] = t[4, 2] = -100
            s.case(f"focal.{reduction}.{gamma}",
                   lambda x, t, w, g=gamma: focal(x, t, w, g, -100, reduction),
                   {"x": rand(7, 4, 3, outliers=False), "t": t, "w": positive(4)},
                   op="focal_loss", gamma=gamma, **r)


def ctc():
    s = LossStem("ctc_loss", 52)
    for label, T, N, C, S, blank, inputs, targets in (
        ("one", 1, 1, 2, 1, 0, [1], [1]),
        ("batch", 12, 4, 6, 5, 0, [12, 9, 5, 11], [5, 3, 2, 0]),
        ("blank_last", 8, 2, 4, 3, 3, [8, 6], [3, 2]),
        ("tight", 6, 2, 5, 3, 0, [6, 3], [3, 3]),
        ("long", 60, 2, 8, 20, 0, [60, 51], [20, 13]),
        ("impossible", 4, 3, 4, 4, 0, [4, 2, 4], [2, 4, 3]),
    ):
        labels = [c for c in range(C) if c != blank]
        t = torch.tensor(labels)[torch.randint(0, len(labels), (N, S))]
        if label == "tight":  # as many steps as labels leaves one alignment without repetitions
            t = torch.tensor([[1, 1, 2], [1, 2, 3]])
        if label == "batch":
            t[1, 1] = t[1, 0]
        il, tl = torch.tensor(inputs), torch.tensor(targets)
        for reduction in REDUCTIONS:
            if label == "long" and reduction == "sum":
                continue
            k = {"blank": blank, "reduction": reduction, "zero_infinity": label == "impossible"}
            s.case(f"{label}.{reduction}",
                   lambda x, t, i, l, k=k: F.ctc_loss(torch.log_softmax(x, 2), t, i, l, **k),
                   {"x": rand(T, N, C, outliers=False), "t": t, "i": il, "l": tl},
                   op="ctc_loss", **k)
    t = torch.tensor([1, 2, 2, 3, 1])
    s.case("joined", lambda x, t, i, l: F.ctc_loss(torch.log_softmax(x, 2), t, i, l),
           {"x": rand(7, 2, 4), "t": t, "i": torch.tensor([7, 5]), "l": torch.tensor([3, 2])},
           op="ctc_loss", blank=0, reduction="mean", zero_infinity=False)
    s.save()


if __name__ == "__main__":
    torch.set_num_threads(1)
    stem = LossStem("more_losses", 51)
    for make in (regression, classes, margins):
        make(stem)
    stem.save()
    ctc()
