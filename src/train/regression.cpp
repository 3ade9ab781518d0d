#include "tenon/train/regression.hpp"

#include <cmath>
#include <cstddef>
#include <limits>

#include "tenon/autograd/tape.hpp"
#include "tensor/checks.hpp"
#include "train/metric_state.hpp"

namespace tenon {
namespace detail {
namespace {

/// (N, 1) as (N).
Shape without_single_output(Shape shape) {
  if (shape.rank() == 2 && shape[1] == 1) shape.erase(1);
  return shape;
}

template <class T>
void check_shapes(const char* op, const BasicTensor<T>& prediction, const BasicTensor<T>& target) {
  const Shape& p = defined(op, prediction.impl()).shape;
  const Shape& y = defined(op, target.impl()).shape;
  if (without_single_output(p) == without_single_output(y)) return;
  fail<ShapeError>(op, "prediction ", p, " and target ", y,
                   " must have one shape; hint: nothing is broadcast here; reshape one of them");
}

}  // namespace

const char* MeanError::op() const {
  switch (kind_) {
    case Kind::squared:
      return "MeanSquaredError";
    case Kind::root:
      return "RootMeanSquaredError";
    case Kind::absolute:
      break;
  }
  return "MeanAbsoluteError";
}

std::string MeanError::name() const {
  switch (kind_) {
    case Kind::squared:
      return "mean_squared_error";
    case Kind::root:
      return "root_mean_squared_error";
    case Kind::absolute:
      break;
  }
  return "mean_absolute_error";
}

void MeanError::reset() {
  sum_ = 0;
  count_ = 0;
}

template <std::floating_point T>
void MeanError::update(const BasicTensor<T>& prediction, const BasicTensor<T>& target) {
  check_shapes(op(), prediction, target);
  const NoTape guard;
  const auto p = prediction.contiguous(), y = target.contiguous();
  for (Index i = 0; i < p.numel(); ++i) {
    const double difference = static_cast<double>(p.data()[i]) - static_cast<double>(y.data()[i]);
    sum_ += kind_ == Kind::absolute ? std::abs(difference) : difference * difference;
  }
  count_ += p.numel();
}

double MeanError::result() const {
  if (count_ == 0) return std::numeric_limits<double>::quiet_NaN();
  const double mean = sum_ / static_cast<double>(count_);
  return kind_ == Kind::root ? std::sqrt(mean) : mean;
}

std::vector<double> MeanError::state() const { return {sum_, static_cast<double>(count_)}; }

void MeanError::load_state(const std::vector<double>& state) {
  check_state_size(op(), state, 2);
  count_ = state_count(op(), state, 1);
  sum_ = state[0];
}

}  // namespace detail

void R2Score::reset() {
  count_ = 0;
  outputs_.clear();
}

template <std::floating_point T>
void R2Score::update(const BasicTensor<T>& prediction, const BasicTensor<T>& target) {
  detail::check_shapes("R2Score", prediction, target);
  const Shape& shape = prediction.shape();
  Index width = 1;
  for (int i = 1; i < shape.rank(); ++i) width *= shape[i];
  if (!outputs_.empty() && width != static_cast<Index>(outputs_.size())) {
    detail::fail<ShapeError>("R2Score", "the prediction ", shape, " has ", width,
                             " outputs a sample but earlier ones had ", outputs_.size(),
                             "; hint: reset() begins anew");
  }
  outputs_.resize(static_cast<std::size_t>(width));
  const NoTape guard;
  const auto p_all = prediction.contiguous(), y_all = target.contiguous();
  const T* p = p_all.data();
  const T* y = y_all.data();
  const Index samples = shape.rank() == 0 ? 1 : shape[0];
  for (Index i = 0; i < samples; ++i) {
    const auto count = static_cast<double>(++count_);
    for (Output& output : outputs_) {
      const auto value = static_cast<double>(*y++);
      const double residual = value - static_cast<double>(*p++);
      const double before = value - output.mean;
      output.mean += before / count;
      output.residual += residual * residual;
      output.deviation += before * (value - output.mean);
    }
  }
}

std::vector<double> R2Score::per_output() const {
  std::vector<double> values;
  for (const Output& output : outputs_) {
    double value = 1 - output.residual / output.deviation;
    if (output.deviation == 0 && !std::isnan(output.residual)) value = output.residual == 0 ? 1 : 0;
    values.push_back(count_ < 2 ? std::numeric_limits<double>::quiet_NaN() : value);
  }
  return values;
}

double R2Score::result() const {
  double sum = 0;
  for (double value : per_output()) sum += value;
  return sum / static_cast<double>(outputs_.size());  // 0 / 0 before the first batch
}

std::vector<double> R2Score::state() const {
  std::vector<double> state{static_cast<double>(count_)};
  for (const Output& output : outputs_) {
    state.insert(state.end(), {output.residual, output.mean, output.deviation});
  }
  return state;
}

void R2Score::load_state(const std::vector<double>& state) {
  const std::size_t outputs = state.size() / 3;
  detail::check_state_size("R2Score", state, 3 * outputs + 1);
  count_ = detail::state_count("R2Score", state, 0);
  outputs_.clear();
  for (std::size_t i = 1; i < state.size(); i += 3) {
    outputs_.push_back({state[i], state[i + 1], state[i + 2]});
  }
}

#define TENON_INSTANTIATE(T)                                                                       \
  template TENON_API void detail::MeanError::update(const BasicTensor<T>&, const BasicTensor<T>&); \
  template TENON_API void R2Score::update(const BasicTensor<T>&, const BasicTensor<T>&);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon
