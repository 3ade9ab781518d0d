#include "tenon/ops/ctc_loss.hpp"

#include <algorithm>
#include <limits>

#include "ops/common.hpp"
#include "ops/loss.hpp"
#include "tenon/kernels/ctc_loss.hpp"
#include "tenon/ops/compare.hpp"
#include "tenon/ops/elementwise.hpp"

namespace tenon {
namespace detail {
namespace {

using kernels::CtcDims;

constexpr const char* ctc_loss_op = "ctc_loss";

/// What the loss is of, once it is known to fit.
struct CtcCall {
  CtcDims dims;
  LongTensor targets, starts, labels, steps;

  kernels::CtcTargets of_kernel() const {
    return {targets.data(), starts.data(), labels.data(), steps.data()};
  }
};

/// Lengths (N), each in [0, most], contiguous.
LongTensor checked_lengths(const char* name, const LongTensor& lengths, Index n, Index most,
                           const char* limit) {
  const Shape& shape = defined(ctc_loss_op, lengths.impl()).shape;
  if (!(shape == Shape{n})) {
    fail<ShapeError>(ctc_loss_op, name, " must have shape ", to_string(Shape{n}, "N"), " but has ",
                     shape, "; hint: one length for each sample");
  }
  const auto values = lengths.contiguous();
  for (Index i = 0; i < n; ++i) {
    const Index length = values.data()[i];
    if (length < 0 || length > most) [[unlikely]] {
      fail<ValueError>(ctc_loss_op, position_text(name, shape, i), " is ", length,
                       " but must be in [0, ", limit, "=", most,
                       "]; hint: lengths count steps and labels before padding");
    }
  }
  return values;
}

/// Where each target begins.
LongTensor starts_of(const LongTensor& targets, const LongTensor& labels) {
  auto starts = LongTensor::empty(labels.shape());
  Index start = 0;
  for (Index n = 0; n < labels.numel(); ++n) {
    starts.data()[n] = start;
    start += targets.rank() == 2 ? targets.shape()[1] : labels.data()[n];
  }
  if (targets.rank() == 1 && start != targets.numel()) {
    fail<ShapeError>(ctc_loss_op, "target_lengths add up to ", start, " but targets hold ",
                     targets.numel(),
                     " labels; hint: without padding, targets stand one behind the other");
  }
  return starts;
}

void check_labels(const CtcCall& call) {
  for (Index n = 0; n < call.dims.n; ++n) {
    for (Index k = 0; k < call.labels.data()[n]; ++k) {
      const Index position = call.starts.data()[n] + k;
      const Index label = call.targets.data()[position];
      if (label >= 0 && label < call.dims.c && label != call.dims.blank) [[likely]]
        continue;
      fail<ValueError>(ctc_loss_op, position_text("targets", call.targets.shape(), position),
                       " is ", label, " but must be in [0, C=", call.dims.c,
                       ") and not the blank (", call.dims.blank,
                       "); hint: shift the labels by 1 to make room for blank 0");
    }
  }
}

CtcCall checked_call(const Shape& x, const LongTensor& targets, const LongTensor& input_lengths,
                     const LongTensor& target_lengths, const CTCLossOptions& options) {
  if (x.rank() != 3) {
    fail<ShapeError>(ctc_loss_op, "log_probabilities must have shape (T, N, C) but have ", x,
                     "; hint: unsqueeze(1) makes a batch of one; transpose(0, 1) puts steps first");
  }
  if (options.blank < 0 || options.blank >= x[2]) {
    fail<ValueError>(ctc_loss_op, "blank must be in [0, C=", x[2], ") but is ", options.blank,
                     "; hint: 0 is usual");
  }
  const Shape& shape = defined(ctc_loss_op, targets.impl()).shape;
  const bool is_padded = shape.rank() == 2;
  if (is_padded ? shape[0] != x[1] : shape.rank() != 1) {
    fail<ShapeError>(ctc_loss_op, "log_probabilities ", to_string(x, "TNC"),
                     " want targets of shape (N, S), or of one axis, but they have ", shape,
                     "; hint: data::pad_sequences makes (N, S)");
  }
  CtcCall call{{x[0], x[1], x[2], options.blank, 1}, targets.contiguous(), {}, {}, {}};
  call.steps = checked_lengths("input_lengths", input_lengths, x[1], x[0], "T");
  call.labels =
      checked_lengths("target_lengths", target_lengths, x[1], shape[is_padded ? 1 : 0], "S");
  call.starts = starts_of(call.targets, call.labels);
  check_labels(call);
  for (Index n = 0; n < x[1]; ++n) {
    call.dims.states = std::max(call.dims.states, 2 * call.labels.data()[n] + 1);
  }
  return call;
}

template <class T>
BasicTensor<T> ctc_loss_backward(const CtcCall& call, const BasicTensor<T>& dlosses_any,
                                 const BasicTensor<T>& log_p, const DoubleTensor& log_alpha,
                                 bool zero_infinity) {
  const OpScope scope("ctc_loss_backward");
  const auto dlosses = dlosses_any.contiguous();
  auto dlog_p = BasicTensor<T>::empty(log_p.shape());
  kernels::ctc_loss_backward(call.dims, call.of_kernel(), log_p.data(), log_alpha.data(),
                             dlosses.data(), zero_infinity, dlog_p.data());
  if (Recording recording{"ctc_loss_backward", dlosses, log_p}) {
    recording.rule(dlog_p, [](Sweep<T>&) { fail_no_second_derivative(ctc_loss_op); });
  }
  return dlog_p;
}

/// The losses (N).
template <class T>
BasicTensor<T> each_ctc_loss(const CtcCall& call, const BasicTensor<T>& log_p, bool zero_infinity) {
  const OpScope scope(ctc_loss_op);
  const CtcDims& d = call.dims;
  auto losses = BasicTensor<T>::empty({d.n});
  auto log_alpha = DoubleTensor::empty({d.n, d.t, d.states});
  kernels::ctc_loss_forward(d, call.of_kernel(), log_p.data(), log_alpha.data(), losses.data());
  if (zero_infinity) {
    std::replace(losses.data(), losses.data() + d.n, std::numeric_limits<T>::infinity(), T(0));
  }
  if (Recording recording{ctc_loss_op, log_p}) {
    recording.describe({"blank zero_infinity", {d.blank, zero_infinity ? 1 : 0}});
    recording.rule(losses, [call, log_p = Saved(log_p), log_alpha, zero_infinity](Sweep<T>& sweep) {
      sweep.add(0, ctc_loss_backward(call, sweep.dy(), *log_p, log_alpha, zero_infinity));
    });
  }
  return losses;
}

}  // namespace
}  // namespace detail

template <std::floating_point T>
BasicTensor<T> ctc_loss(const BasicTensor<T>& log_probabilities, const LongTensor& targets,
                        const LongTensor& input_lengths, const LongTensor& target_lengths,
                        const CTCLossOptions& options) {
  const detail::OpScope scope("ctc_loss");
  const Shape& shape = detail::defined("ctc_loss", log_probabilities.impl()).shape;
  const auto call = detail::checked_call(shape, targets, input_lengths, target_lengths, options);
  const auto losses =
      detail::each_ctc_loss(call, log_probabilities.contiguous(), options.zero_infinity);
  if (options.reduction != Reduction::mean) {
    return detail::reduce_losses(losses, options.reduction, call.dims.n);
  }
  auto lengths = BasicTensor<T>::empty(losses.shape());
  for (Index n = 0; n < call.dims.n; ++n) {
    lengths.data()[n] = static_cast<T>(std::max<Index>(1, call.labels.data()[n]));
  }
  return detail::reduce_losses(losses / lengths, options.reduction, call.dims.n);
}

template TENON_API Tensor ctc_loss(const Tensor&, const LongTensor&, const LongTensor&,
                                   const LongTensor&, const CTCLossOptions&);
template TENON_API DoubleTensor ctc_loss(const DoubleTensor&, const LongTensor&, const LongTensor&,
                                         const LongTensor&, const CTCLossOptions&);

}  // namespace tenon
