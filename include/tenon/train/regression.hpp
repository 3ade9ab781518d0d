#pragma once

#include <concepts>
#include <string>
#include <vector>

#include "tenon/tensor/tensor.hpp"

namespace tenon {

namespace detail {

/// What metrics of a mean error share: a sum of errors in double, in the order of the samples.
class TENON_API MeanError {
 public:
  std::string name() const;
  void reset();
  /// prediction, target: of one shape; (N, 1) against (N) counts as such. Throws ShapeError.
  template <std::floating_point T>
  void update(const BasicTensor<T>& prediction, const BasicTensor<T>& target);
  /// >= 0; NaN without a value, and where one is NaN.
  double result() const;
  std::vector<double> state() const;
  void load_state(const std::vector<double>& state);

 protected:
  enum class Kind { squared, root, absolute };
  explicit MeanError(Kind kind) : kind_(kind) {}

 private:
  const char* op() const;

  Kind kind_;
  double sum_ = 0;
  Index count_ = 0;
};

}  // namespace detail

/// mean((prediction - target)^2) over all values. As sklearn.metrics.mean_squared_error.
class MeanSquaredError : public detail::MeanError {
 public:
  MeanSquaredError() : MeanError(Kind::squared) {}
};

/// The square root of MeanSquaredError, in the target's unit.
class RootMeanSquaredError : public detail::MeanError {
 public:
  RootMeanSquaredError() : MeanError(Kind::root) {}
};

/// mean(|prediction - target|) over all values. As sklearn.metrics.mean_absolute_error.
class MeanAbsoluteError : public detail::MeanError {
 public:
  MeanAbsoluteError() : MeanError(Kind::absolute) {}
};

/// The share of the target's variance that is predicted, in (-inf, 1]:
///   R2 = 1 - sum((target - prediction)^2) / sum((target - mean(target))^2)
/// of each output (N, D), and the mean over the D outputs. An output whose target is constant has 1
/// where it is predicted exactly, else 0; NaN with less than two samples, and where a value is NaN.
/// As sklearn.metrics.r2_score. The sums about the mean are kept by Welford's method
/// (Technometrics, 1962), which does not cancel.
class TENON_API R2Score {
 public:
  std::string name() const { return "r2"; }
  void reset();
  /// prediction, target: (N), (N, D) or (N, d1, ...) of one shape; (N, 1) against (N) counts as
  /// such. Throws ShapeError, also where the outputs are not as many as before.
  template <std::floating_point T>
  void update(const BasicTensor<T>& prediction, const BasicTensor<T>& target);
  double result() const;
  /// The value of each output; empty before the first batch.
  std::vector<double> per_output() const;
  std::vector<double> state() const;
  void load_state(const std::vector<double>& state);

 private:
  struct Output {
    double residual = 0;   // sum (target - prediction)^2
    double mean = 0;       // of the target
    double deviation = 0;  // sum (target - mean)^2
  };

  Index count_ = 0;
  std::vector<Output> outputs_;
};

}  // namespace tenon
