#include "tenon/optim/clip.hpp"

#include <cmath>

#include "base/profile.hpp"
#include "checks.hpp"
#include "tenon/base/denormals.hpp"
#include "tenon/base/memory.hpp"
#include "tenon/base/parallel.hpp"
#include "tenon/tensor/tensor.hpp"

namespace tenon::optim {
namespace {

constexpr Index clip_grain = 1 << 14;

/// Calls f with gradient i under its own type.
template <class F>
void with_gradient(const Gradients& gradients, Index i, const F& f) {
  detail::TensorImpl* impl = gradients.gradient(i);
  detail::retain(impl);
  if (impl->dtype == DType::float32) return f(BasicTensor<float>(impl));
  f(BasicTensor<double>(impl));
}

/// Sums side by side, since each addition waits for the one before it.
template <class T>
double sum_of_squares(const T* x, Index n) {
  constexpr Index lanes = 8;
  double lane[lanes] = {};
  Index i = 0;
  const auto square = [x](Index k) {
    return static_cast<double>(x[k]) * static_cast<double>(x[k]);
  };
  for (; i + lanes <= n; i += lanes) {
    for (Index k = 0; k < lanes; ++k) lane[k] += square(i + k);
  }
  for (Index k = 0; i < n; ++i, ++k) lane[k] += square(i);
  return ((lane[0] + lane[4]) + (lane[2] + lane[6])) + ((lane[1] + lane[5]) + (lane[3] + lane[7]));
}

template <class T>
double sum_of_squares(const BasicTensor<T>& g) {
  const Index n = g.numel();
  detail::count_work<T>(2 * n, n * static_cast<Index>(sizeof(T)));
  detail::Scratch<double> partial(chunk_count(n, clip_grain));
  partial[0] = 0;
  const T* x = g.data();
  parallel_chunks(n, clip_grain, [&](Index chunk, Index begin, Index end) {
    partial[chunk] = sum_of_squares(x + begin, end - begin);
  });
  double sum = 0;
  for (Index chunk = 0; chunk < chunk_count(n, clip_grain); ++chunk) sum += partial[chunk];
  return sum;
}

/// Replaces every gradient by f of each of its elements. In new tensors, since two leaves may share
/// one gradient, or the program may hold it.
template <class F>
void map_gradients(Gradients& gradients, const F& f) {
  for (Index k = 0; k < gradients.size(); ++k) {
    with_gradient(gradients, k, [&]<class T>(const BasicTensor<T>& g) {
      auto mapped = BasicTensor<T>::empty(g.shape());
      detail::count_work<T>(g.numel(), 2 * g.numel() * static_cast<Index>(sizeof(T)));
      const T* x = g.data();
      T* y = mapped.data();
      parallel_for(g.numel(), clip_grain, [&](Index begin, Index end) {
        for (Index i = begin; i < end; ++i) y[i] = f(x[i]);
      });
      detail::retain(mapped.impl());
      gradients.set_gradient(k, mapped.impl());
    });
  }
}

}  // namespace

double clip_grad_norm(Gradients& gradients, double max_norm) {
  const detail::OpScope scope("clip_grad_norm");
  if (!(max_norm > 0)) {
    detail::fail<ValueError>("clip_grad_norm", "max_norm must be above 0, not ", max_norm);
  }
  const detail::FlushDenormals flush;
  double sum = 0;
  for (Index i = 0; i < gradients.size(); ++i) {
    with_gradient(gradients, i, [&](const auto& g) { sum += sum_of_squares(g); });
  }
  const double norm = std::sqrt(sum);
  const double scale = max_norm / (norm + 1e-6);
  if (!(scale >= 1)) {
    map_gradients(gradients, [scale]<class T>(T g) { return g * static_cast<T>(scale); });
  }
  return norm;
}

void clip_grad_value(Gradients& gradients, double limit) {
  const detail::OpScope scope("clip_grad_value");
  detail::check_option("clip_grad_value", "limit", limit);
  const detail::FlushDenormals flush;
  map_gradients(gradients, [limit]<class T>(T g) {
    const T bound = static_cast<T>(limit);
    return g > bound ? bound : g < -bound ? -bound : g;
  });
}

}  // namespace tenon::optim
