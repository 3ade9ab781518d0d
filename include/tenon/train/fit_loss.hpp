#pragma once

#include <memory>
#include <type_traits>
#include <utility>

#include "tenon/ops/reduction.hpp"
#include "tenon/tensor/tensor.hpp"

namespace tenon::detail {

[[noreturn]] TENON_API void fail_loss_target(DType target);
[[noreturn]] TENON_API void fail_loss_weights();

/// loss(prediction, target) of any kind of loss, behind one type.
template <class T>
class FitLoss {
 public:
  virtual ~FitLoss() = default;
  virtual BasicTensor<T> mean(const BasicTensor<T>& prediction, const LongTensor& target) const = 0;
  virtual BasicTensor<T> mean(const BasicTensor<T>& prediction,
                              const BasicTensor<T>& target) const = 0;
  /// One loss a sample, or more with the samples in front.
  virtual BasicTensor<T> each(const BasicTensor<T>& prediction, const LongTensor& target) const = 0;
  virtual BasicTensor<T> each(const BasicTensor<T>& prediction,
                              const BasicTensor<T>& target) const = 0;
};

/// The same loss without a reduction, where it has the member that says so.
template <class L>
L unreduced(L loss) {
  if constexpr (requires { loss.reduction = Reduction::none; }) {
    loss.reduction = Reduction::none;
  } else if constexpr (requires { loss.options.reduction = Reduction::none; }) {
    loss.options.reduction = Reduction::none;
  } else {
    fail_loss_weights();
  }
  return loss;
}

template <class T, class L>
class FitLossOf final : public FitLoss<T> {
 public:
  explicit FitLossOf(L loss) : loss_(std::move(loss)) {}

  BasicTensor<T> mean(const BasicTensor<T>& x, const LongTensor& target) const override {
    return call(loss_, x, target);
  }
  BasicTensor<T> mean(const BasicTensor<T>& x, const BasicTensor<T>& target) const override {
    return call(loss_, x, target);
  }
  BasicTensor<T> each(const BasicTensor<T>& x, const LongTensor& target) const override {
    return call(unreduced(loss_), x, target);
  }
  BasicTensor<T> each(const BasicTensor<T>& x, const BasicTensor<T>& target) const override {
    return call(unreduced(loss_), x, target);
  }

 private:
  template <class Target>
  static BasicTensor<T> call(const L& loss, const BasicTensor<T>& x,
                             const BasicTensor<Target>& target) {
    if constexpr (std::is_invocable_v<const L&, const BasicTensor<T>&,
                                      const BasicTensor<Target>&>) {
      return loss(x, target);
    } else {
      fail_loss_target(dtype_of<Target>);
    }
  }

  L loss_;
};

}  // namespace tenon::detail
