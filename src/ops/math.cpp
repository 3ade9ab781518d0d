#include "tenon/ops/math.hpp"

#include "ops/common.hpp"
#include "tenon/kernels/math.hpp"
#include "tenon/ops/reduce.hpp"
#include "tenon/ops/sigmoid.hpp"

namespace tenon {
namespace {

/// y = kernel(x); the slope is a function of what is saved: of y where of_result is set, else of x.
template <class T>
BasicTensor<T> curve(const char* op, detail::UnaryKernel<T> kernel, const BasicTensor<T>& x,
                     bool of_result,
                     BasicTensor<T> (*gradient)(const BasicTensor<T>& dy,
                                                const BasicTensor<T>& saved)) {
  const detail::OpScope scope(op);
  auto y = detail::apply(op, kernel, x);
  if (detail::Recording recording{op, x}) {
    recording.rule(y, [gradient, saved = detail::Saved(of_result ? y : x)](
                          detail::Sweep<T>& sweep) { sweep.add(0, gradient(sweep.dy(), *saved)); });
  }
  return y;
}

/// y = kernel(x), constant between its steps.
template <class T>
BasicTensor<T> steps(const char* op, detail::UnaryKernel<T> kernel, const BasicTensor<T>& x) {
  const detail::OpScope scope(op);
  auto y = detail::apply(op, kernel, x);
  if (detail::Recording recording{op, x}) {
    recording.rule(y, [](detail::Sweep<T>& sweep) { sweep.add(0, zeros<T>(sweep.shape(0))); });
  }
  return y;
}

}  // namespace

template <std::floating_point T>
BasicTensor<T> log1p(const BasicTensor<T>& x) {
  return curve<T>("log1p", kernels::log1p<T>, x, false,
                  [](const auto& dy, const auto& saved) { return dy / (saved + 1); });
}

template <std::floating_point T>
BasicTensor<T> expm1(const BasicTensor<T>& x) {
  return curve<T>("expm1", kernels::expm1<T>, x, false,
                  [](const auto& dy, const auto& saved) { return dy * exp(saved); });
}

template <std::floating_point T>
BasicTensor<T> erf(const BasicTensor<T>& x) {
  return curve<T>("erf", kernels::erf<T>, x, false, [](const auto& dy, const auto& saved) {
    constexpr double peak = 1.1283791670955126;  // 2 / sqrt(pi)
    return dy * exp(-square(saved)) * peak;
  });
}

template <std::floating_point T>
BasicTensor<T> tan(const BasicTensor<T>& x) {
  return curve<T>("tan", kernels::tan<T>, x, true,
                  [](const auto& dy, const auto& saved) { return dy * (square(saved) + 1); });
}

template <std::floating_point T>
BasicTensor<T> sign(const BasicTensor<T>& x) {
  return steps("sign", kernels::sign<T>, x);
}

template <std::floating_point T>
BasicTensor<T> floor(const BasicTensor<T>& x) {
  return steps("floor", kernels::floor<T>, x);
}

template <std::floating_point T>
BasicTensor<T> ceil(const BasicTensor<T>& x) {
  return steps("ceil", kernels::ceil<T>, x);
}

template <std::floating_point T>
BasicTensor<T> round(const BasicTensor<T>& x) {
  return steps("round", kernels::round<T>, x);
}

template <std::floating_point T>
BasicTensor<T> logaddexp(const BasicTensor<T>& a, const BasicTensor<T>& b) {
  const detail::OpScope scope("logaddexp");
  auto y = detail::apply("logaddexp", kernels::logaddexp<T>, a, b);
  if (detail::Recording recording{"logaddexp", a, b}) {
    recording.rule(y, [a = detail::Saved(a), b = detail::Saved(b)](detail::Sweep<T>& sweep) {
      const auto lead = *a - *b;
      if (sweep.needs(0)) sweep.add(0, detail::sum_to(sweep.dy() * sigmoid(lead), sweep.shape(0)));
      if (sweep.needs(1)) sweep.add(1, detail::sum_to(sweep.dy() * sigmoid(-lead), sweep.shape(1)));
    });
  }
  return y;
}

#define TENON_INSTANTIATE(T)                                      \
  template TENON_API BasicTensor<T> log1p(const BasicTensor<T>&); \
  template TENON_API BasicTensor<T> expm1(const BasicTensor<T>&); \
  template TENON_API BasicTensor<T> erf(const BasicTensor<T>&);   \
  template TENON_API BasicTensor<T> tan(const BasicTensor<T>&);   \
  template TENON_API BasicTensor<T> sign(const BasicTensor<T>&);  \
  template TENON_API BasicTensor<T> floor(const BasicTensor<T>&); \
  template TENON_API BasicTensor<T> ceil(const BasicTensor<T>&);  \
  template TENON_API BasicTensor<T> round(const BasicTensor<T>&); \
  template TENON_API BasicTensor<T> logaddexp(const BasicTensor<T>&, const BasicTensor<T>&);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon
