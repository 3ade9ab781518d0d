#pragma once

#include <type_traits>
#include <utility>

#include "tenon/autograd/record.hpp"

namespace tenon {

/// y = x, whose gradient f sees when a sweep comes by:
///
///   h = gradient_hook(h, [](const Tensor& dh) { std::cout << dh; });          // looks
///   h = gradient_hook(h, [](const Tensor& dh) { return clamp(dh, -1, 1); });  // and replaces
///
/// f is called once in each sweep that reaches y, with the whole gradient dy of y's shape, in the
/// thread of the sweep. What it returns, of that shape, is x's gradient; without a result dy is.
/// What f captures by reference must outlive the tape. y is a view of x; where nothing records, y
/// is x and f is dropped. What PyTorch calls Tensor.register_hook; there the tensor itself changes.
template <class T, class F>
BasicTensor<T> gradient_hook(const BasicTensor<T>& x, F f) {
  detail::Recording recording{"gradient_hook", x};
  if (!recording) return x;
  const detail::TensorImpl& impl = *x.impl();
  BasicTensor<T> y(detail::new_view(x.impl(), impl.data, impl.shape, impl.strides));
  recording.rule(y, [f = std::move(f)](detail::Sweep<T>& sweep) mutable {
    if constexpr (std::is_void_v<decltype(f(sweep.dy()))>) {
      f(sweep.dy());
      sweep.add(0, sweep.dy());
    } else {
      sweep.add(0, BasicTensor<T>(f(sweep.dy())));
    }
  });
  return y;
}

}  // namespace tenon
