#!/usr/bin/env python3
"""Writes metrics.json, the reference numbers that tests/train/sklearn_test.cpp reads.

Run with scikit-learn 1.2 or newer:  python3 make_metric_vectors.py

Every score is a multiple of 1/64, so exact in float32, and many are equal. null: undefined."""

import json
import pathlib
import warnings

import numpy as np
import sklearn
from sklearn import metrics

warnings.filterwarnings("ignore")
RNG = np.random.default_rng(7)
AVERAGES = ("macro", "micro", "weighted")
FAMILIES = {"precision": metrics.precision_score, "recall": metrics.recall_score,
            "f1": metrics.f1_score}


def plain(value):
    """As JSON: lists, and null for NaN."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (np.ndarray, list)):
        return [plain(item) for item in value]
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and np.isnan(value) else value


def decided(truth, predicted, classes):
    """The metrics of classes."""
    expected = {"accuracy": metrics.accuracy_score(truth, predicted),
                "confusion": metrics.confusion_matrix(truth, predicted, labels=range(classes))}
    for name, f in FAMILIES.items():
        expected[name + "_per_class"] = f(truth, predicted, average=None, labels=range(classes),
                                          zero_division=0)
        for average in AVERAGES:
            expected[f"{name}_{average}"] = f(truth, predicted, average=average, zero_division=0)
        if classes == 2:
            expected[name] = f(truth, predicted, zero_division=0)
    return expected


def ranked(positive, scores):
    """ROC AUC and average precision of a class; NaN where Tenon calls them undefined."""
    both = 0 < positive.sum() < len(positive)
    return (metrics.roc_auc_score(positive, scores) if both else np.nan,
            metrics.average_precision_score(positive, scores) if positive.any() else np.nan)


def softmax(logits):
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def binary(scores, truth):
    predicted = (scores > 0.5).astype(int)
    expected = decided(truth, predicted, 2)
    expected["roc_auc"], expected["average_precision"] = ranked(truth == 1, scores)
    return {"scores": scores, "labels": truth, "expected": expected}


def multiclass(scores, truth, logits):
    classes = scores.shape[1]
    probabilities = softmax(scores) if logits else scores
    expected = decided(truth, scores.argmax(axis=1), classes)
    if logits:
        expected["perplexity"] = np.exp(metrics.log_loss(truth, probabilities, labels=range(classes)))
        expected["top_2_accuracy"] = metrics.top_k_accuracy_score(truth, scores, k=2,
                                                                  labels=range(classes))
    values = np.array([ranked(truth == c, probabilities[:, c]) for c in range(classes)])
    expected["roc_auc_per_class"], expected["average_precision_per_class"] = values.T
    expected["roc_auc"], expected["average_precision"] = np.nanmean(values, axis=0)
    if len(set(truth)) == classes:  # all defined: sklearn's own average over the classes
        expected["roc_auc"] = metrics.roc_auc_score(truth, probabilities, multi_class="ovr")
        one_hot = np.eye(classes, dtype=int)[truth]
        expected["average_precision"] = metrics.average_precision_score(one_hot, probabilities)
    return {"scores": scores, "labels": truth, "from_logits": logits, "expected": expected}


def regression(prediction, target):
    return {"prediction": prediction, "target": target, "expected": {
        "mean_squared_error": metrics.mean_squared_error(target, prediction),
        "root_mean_squared_error": np.sqrt(metrics.mean_squared_error(target, prediction)),
        "mean_absolute_error": metrics.mean_absolute_error(target, prediction),
        "r2": metrics.r2_score(target, prediction),
        "r2_per_output": metrics.r2_score(target, prediction, multioutput="raw_values")}}


def sixty_fourths(low, high, shape):
    return RNG.integers(low, high, shape) / 64


def distinct_logits(n, classes):
    """Within a sample no two are equal."""
    return np.array([RNG.permutation(200)[:classes] - 100 for _ in range(n)]) / 64


def probabilities(n, classes):
    return RNG.multinomial(64, RNG.dirichlet(np.ones(classes), n)) / 64


def labels(n, weights):
    return RNG.choice(len(weights), n, p=np.array(weights) / np.sum(weights))


def without(predicted_class, scores):
    """Scores that never choose a class."""
    scores = scores.copy()
    scores[:, predicted_class] = -4
    return scores


def main():
    n = 41
    coarse = RNG.integers(0, 9, n) / 8  # ties across the threshold and among all
    cases = {
        "binary": {
            "ties": binary(coarse, labels(n, [1, 1])),
            "fine": binary(sixty_fourths(0, 65, n), labels(n, [2, 3])),
            "imbalance": binary(sixty_fourths(0, 65, n), labels(n, [15, 1])),
            "nothing_predicted": binary(sixty_fourths(0, 33, n), labels(n, [3, 1])),
            "no_positive": binary(sixty_fourths(0, 65, n), np.zeros(n, int)),
            "all_positive": binary(sixty_fourths(0, 65, n), np.ones(n, int)),
            "all_equal": binary(np.full(n, 0.75), labels(n, [1, 2])),
        },
        "multiclass": {
            "probabilities": multiclass(probabilities(n, 4), labels(n, [1, 1, 1, 1]), False),
            "logits": multiclass(distinct_logits(n, 5), labels(n, [1, 2, 1, 1, 3]), True),
            "imbalance": multiclass(distinct_logits(n, 3), labels(n, [20, 1, 2]), True),
            "missing_in_truth": multiclass(distinct_logits(n, 4), labels(n, [1, 0, 2, 1]), True),
            "never_predicted": multiclass(without(2, distinct_logits(n, 4)),
                                          labels(n, [1, 1, 1, 1]), True),
            "missing_in_both": multiclass(without(1, distinct_logits(n, 4)),
                                          labels(n, [1, 0, 1, 1]), True),
            "one_class": multiclass(distinct_logits(n, 3), np.full(n, 1), True),
        },
        "regression": {
            "one_output": regression(sixty_fourths(-200, 200, n), sixty_fourths(-200, 200, n)),
            "good_fit": regression((t := sixty_fourths(6000, 6400, n)) + sixty_fourths(-9, 9, n), t),
            "outputs": regression(sixty_fourths(-99, 99, (n, 3)), sixty_fourths(-99, 99, (n, 3))),
            "constant_target": regression(sixty_fourths(-9, 9, n), np.full(n, 0.25)),
            "constant_and_exact": regression(np.full(n, 0.25), np.full(n, 0.25)),
        },
    }
    cases = {"sklearn": sklearn.__version__, **cases}
    path = pathlib.Path(__file__).resolve().parent / "metrics.json"
    path.write_text(json.dumps(plain(cases), separators=(",", ":"), allow_nan=False) + "\n")
    print(f"{path.name}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
