#include "tenon/ops/cross_entropy.hpp"

#include "ops/class_labels.hpp"
#include "ops/common.hpp"
#include "ops/softmax_rules.hpp"
#include "tenon/autograd/record.hpp"
#include "tenon/kernels/cross_entropy.hpp"
#include "tenon/ops/compare.hpp"
#include "tenon/ops/elementwise.hpp"
#include "tenon/ops/softmax.hpp"

namespace tenon {
namespace detail {
namespace {

using kernels::CrossEntropyDims;

void check_smoothing(const CrossEntropyOptions& options) {
  if (options.label_smoothing >= 0 && options.label_smoothing <= 1) [[likely]]
    return;
  fail<ValueError>("cross_entropy", "label_smoothing must be in [0, 1] but is ",
                   options.label_smoothing, "; hint: 0.1 is a common choice");
}

/// weight (C) as (C, 1, ...), which broadcasts to scores (N, C, d1, ...) of that rank.
template <class T>
BasicTensor<T> along_classes(const BasicTensor<T>& weight, int rank) {
  Shape shape = Shape::filled(rank - 1, 1);
  shape[0] = weight.numel();
  return weight.detach().reshape(shape);
}

/// (N, C, d1, ...) as (N d1 ..., C).
template <class T>
BasicTensor<T> rows_of(const BasicTensor<T>& logits, Index rows) {
  if (logits.rank() == 2) return logits.contiguous();
  Shape order{0};
  for (int i = 2; i < logits.rank(); ++i) order.push_back(i);
  order.push_back(1);
  return logits.permute(order).reshape({rows, logits.shape()[1]}).contiguous();
}

/// What the second derivative needs of the labels: targets t (rows, C), and which rows count.
template <class T>
struct Targets {
  BasicTensor<T> t;
  BasicTensor<T> counts;  // (rows, 1), 0 for ignored rows
};

template <class T>
Targets<T> targets_of(const CrossEntropyDims& dims, const LongTensor& labels) {
  Targets<T> targets{zeros<T>({dims.n, dims.c}), zeros<T>({dims.n, 1})};
  const double everywhere = dims.label_smoothing / static_cast<double>(dims.c);
  T* row = targets.t.data();
  for (Index i = 0; i < dims.n; ++i, row += dims.c) {
    const Index label = labels.data()[i];
    if (label == dims.ignore_index) continue;
    targets.counts.data()[i] = T(1);
    for (Index c = 0; c < dims.c; ++c) row[c] = static_cast<T>(everywhere);
    row[label] = static_cast<T>(1 - dims.label_smoothing + everywhere);
  }
  return targets;
}

/// dlogits[i,c] = dlosses[i] (e^y[i,c] - t[i,c]) as an operation on dlosses (rows) and the
/// logarithms y (rows, C); 0 in ignored rows. With u the gradient of dlogits, that of dlosses is
/// sum_c u (e^y - t), and that of y is u dlosses e^y.
template <class T>
BasicTensor<T> cross_entropy_backward(const CrossEntropyDims& dims,
                                      const BasicTensor<T>& dlosses_any,
                                      const Saved<std::int64_t>& labels, const BasicTensor<T>& y) {
  const OpScope scope("cross_entropy_backward");
  const auto dlosses = dlosses_any.contiguous();
  auto dlogits = BasicTensor<T>::empty(y.shape());
  kernels::cross_entropy_backward(dims, dlosses.data(), labels->data(), y.data(), dlogits.data());
  if (Recording recording{"cross_entropy_backward", dlosses, y}) {
    recording.rule(dlogits, [dims, labels, dlosses = saved_if(recording.needs(1), dlosses),
                             y = Saved(y)](Sweep<T>& sweep) {
      const auto [t, counts] = targets_of<T>(dims, *labels);
      const auto weighted = sweep.dy() * exp(*y) * counts;
      if (sweep.needs(0)) sweep.add(0, sum(weighted - sweep.dy() * t, {1}));
      if (sweep.needs(1)) sweep.add(1, weighted * dlosses->unsqueeze(1));
    });
  }
  return dlogits;
}

/// The losses (rows) of logits (rows, C).
template <class T>
BasicTensor<T> row_losses(const CrossEntropyDims& dims, const BasicTensor<T>& logits,
                          const LongTensor& labels) {
  const OpScope scope("cross_entropy");
  auto losses = BasicTensor<T>::empty({dims.n});
  auto y = BasicTensor<T>::empty({dims.n, dims.c});
  kernels::cross_entropy_forward(dims, logits.data(), labels.data(), losses.data(), y.data());
  // The logarithms stand on the tape as well, so that the gradient can be differentiated through
  // them without keeping the logits.
  if (Recording recording{"log_softmax", logits}) {
    recording.rule(y, [y = Saved(y)](Sweep<T>& sweep) {
      sweep.add(0, log_softmax_backward(sweep.dy(), *y, 1));
    });
  }
  if (Recording recording{"cross_entropy", logits}) {
    recording.describe({"ignore_index", {dims.ignore_index}});
    recording.rule(losses, [dims, labels = Saved(labels), y = Saved(y)](Sweep<T>& sweep) {
      sweep.add(0, cross_entropy_backward(dims, sweep.dy(), labels, *y));
    });
  }
  return losses;
}

}  // namespace
}  // namespace detail

template <std::floating_point T>
BasicTensor<T> cross_entropy(const BasicTensor<T>& logits, const LongTensor& labels_any,
                             const CrossEntropyOptions& options) {
  const detail::OpScope scope("cross_entropy");
  detail::check_smoothing(options);
  const auto labels =
      detail::checked_labels("cross_entropy", "logits", logits, labels_any, options.ignore_index);
  const kernels::CrossEntropyDims dims{labels.numel(), logits.shape()[1], options.ignore_index,
                                       options.label_smoothing};
  const auto losses = detail::row_losses(dims, detail::rows_of(logits, dims.n), labels);
  if (options.reduction == Reduction::none) return losses.reshape(labels.shape());
  return detail::reduce_losses(losses, options.reduction,
                               detail::count_labels(labels, options.ignore_index));
}

template <std::floating_point T>
BasicTensor<T> cross_entropy(const BasicTensor<T>& logits, const LongTensor& labels_any,
                             const BasicTensor<T>& weight, const CrossEntropyOptions& options) {
  if (!weight.defined()) return cross_entropy(logits, labels_any, options);
  constexpr const char* op = "cross_entropy";
  const detail::OpScope scope(op);
  detail::check_smoothing(options);
  const Index ignored = options.ignore_index;
  const auto labels = detail::checked_labels(op, "logits", logits, labels_any, ignored);
  const Index classes = logits.shape()[1];
  detail::check_class_weight(op, weight.impl(), classes);
  const auto weights = detail::label_weights(labels, weight, ignored);
  const auto losses = cross_entropy(logits, labels, {Reduction::none, ignored});
  const double smoothing = options.label_smoothing;
  if (smoothing == 0) return detail::reduce_weighted(losses, weights, options.reduction);
  // Smoothed targets have the weights of all classes, not those of the label.
  const auto all_classes =
      -sum(log_softmax(logits, 1) * detail::along_classes(weight, logits.rank()), {1});
  const auto smooth = all_classes * (smoothing / static_cast<double>(classes));
  const auto smoothed =
      losses * weights.each * (1 - smoothing) + where(eq(labels, ignored), 0, smooth);
  return detail::reduce_weighted(smoothed, {{}, weights.total}, options.reduction);
}

template <std::floating_point T>
BasicTensor<T> cross_entropy(const BasicTensor<T>& logits, const BasicTensor<T>& targets,
                             const CrossEntropyOptions& options) {
  return cross_entropy(logits, targets, BasicTensor<T>(), options);
}

template <std::floating_point T>
BasicTensor<T> cross_entropy(const BasicTensor<T>& logits, const BasicTensor<T>& targets,
                             const BasicTensor<T>& weight, const CrossEntropyOptions& options) {
  const detail::OpScope scope("cross_entropy");
  detail::check_same_shape("cross_entropy", "logits", logits.impl(), "targets", targets.impl());
  detail::check_class_axis("cross_entropy", "logits", logits.shape());
  detail::check_smoothing(options);
  const double smoothing = options.label_smoothing;
  const Index classes = logits.shape()[1];
  const auto t = smoothing == 0
                     ? targets
                     : targets * (1 - smoothing) + smoothing / static_cast<double>(classes);
  detail::check_class_weight("cross_entropy", weight.impl(), classes);
  const auto weighted = weight.defined() ? t * detail::along_classes(weight, logits.rank()) : t;
  const auto losses = -sum(weighted * log_softmax(logits, 1), {1});
  return detail::reduce_losses(losses, options.reduction, losses.numel());
}

template <std::floating_point T>
BasicTensor<T> categorical_cross_entropy(const BasicTensor<T>& probabilities,
                                         const BasicTensor<T>& targets, Reduction reduction) {
  constexpr const char* op = "categorical_cross_entropy";
  const detail::OpScope scope(op);
  detail::check_same_shape(op, "probabilities", probabilities.impl(), "targets", targets.impl());
  detail::check_class_axis(op, "probabilities", probabilities.shape());
  const auto normalised = probabilities / sum(probabilities, {1}, true);
  const auto q = clamp(normalised, T(1e-7), T(1 - 1e-7));
  const auto losses = -sum(targets * log(q), {1});
  return detail::reduce_losses(losses, reduction, losses.numel());
}

#define TENON_INSTANTIATE(T)                                                                    \
  template TENON_API BasicTensor<T> cross_entropy(const BasicTensor<T>&, const LongTensor&,     \
                                                  const CrossEntropyOptions&);                  \
  template TENON_API BasicTensor<T> cross_entropy(const BasicTensor<T>&, const BasicTensor<T>&, \
                                                  const CrossEntropyOptions&);                  \
  template TENON_API BasicTensor<T> cross_entropy(const BasicTensor<T>&, const LongTensor&,     \
                                                  const BasicTensor<T>&,                        \
                                                  const CrossEntropyOptions&);                  \
  template TENON_API BasicTensor<T> cross_entropy(const BasicTensor<T>&, const BasicTensor<T>&, \
                                                  const BasicTensor<T>&,                        \
                                                  const CrossEntropyOptions&);                  \
  template TENON_API BasicTensor<T> categorical_cross_entropy(const BasicTensor<T>&,            \
                                                              const BasicTensor<T>&, Reduction);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon
