#pragma once

#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "tenon/nn/module.hpp"

namespace tenon::detail {

template <class T>
struct LambdaFunction {
  virtual ~LambdaFunction() = default;
  virtual BasicTensor<T> call(const BasicTensor<T>& x) = 0;
  virtual std::unique_ptr<LambdaFunction> clone() const = 0;
};

template <class T, class F>
struct LambdaFunctionOf final : LambdaFunction<T> {
  explicit LambdaFunctionOf(F f) : function(std::move(f)) {}
  BasicTensor<T> call(const BasicTensor<T>& x) override { return function(x); }
  std::unique_ptr<LambdaFunction<T>> clone() const override {
    return std::make_unique<LambdaFunctionOf>(function);
  }
  F function;
};

}  // namespace tenon::detail

namespace tenon::nn {

/// A function as a layer: nn::Lambda([](const Tensor& x) { return x * x; }, "square").
/// The function has no parameters of its own: what it captures is not visited, trained or saved.
template <class T>
class TENON_API BasicLambda : public BasicModule<T> {
 public:
  template <class F>
  requires(!std::is_base_of_v<BasicLambda, std::remove_cvref_t<F>>) explicit BasicLambda(
      F f, std::string name = "Lambda")
      : name_(std::move(name)) {
    static_assert(std::is_invocable_r_v<BasicTensor<T>, F&, const BasicTensor<T>&>,
                  "nn::Lambda takes a function Tensor(const Tensor&)");
    static_assert(std::is_copy_constructible_v<F>,
                  "nn::Lambda: the function must be copyable, since nets are");
    if constexpr (std::is_invocable_r_v<BasicTensor<T>, F&, const BasicTensor<T>&> &&
                  std::is_copy_constructible_v<F>) {
      function_ = std::make_unique<detail::LambdaFunctionOf<T, F>>(std::move(f));
    }
  }
  BasicLambda(const BasicLambda& other);
  BasicLambda(BasicLambda&&) noexcept = default;
  BasicLambda& operator=(const BasicLambda& other);
  BasicLambda& operator=(BasicLambda&&) noexcept = default;

  BasicTensor<T> forward(const BasicTensor<T>& x) override;
  std::string name() const override { return name_; }

 private:
  std::unique_ptr<detail::LambdaFunction<T>> function_;
  std::string name_;
};

extern template class BasicLambda<float>;
extern template class BasicLambda<double>;

using Lambda = BasicLambda<float>;

}  // namespace tenon::nn
