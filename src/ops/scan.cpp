#include "tenon/ops/scan.hpp"

#include "ops/common.hpp"
#include "tenon/kernels/scan.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/shape.hpp"
#include "tenon/tensor/factories.hpp"

namespace tenon {
namespace detail {
namespace {

kernels::ScanDims scan_dims(const Shape& shape, int axis, bool reverse) {
  kernels::ScanDims dims{1, shape[axis], 1, reverse};
  for (int i = 0; i < axis; ++i) dims.outer *= shape[i];
  for (int i = axis + 1; i < shape.rank(); ++i) dims.inner *= shape[i];
  return dims;
}

/// x moved by one position along an axis: what comes in is fill.
template <class T>
BasicTensor<T> shifted(const BasicTensor<T>& x, int axis, bool to_the_end, T fill) {
  if (x.shape()[axis] == 0) return x;
  Shape edge = x.shape();
  edge[axis] = 1;
  const Index kept = x.shape()[axis] - 1;
  const auto in = full<T>(edge, fill);
  return to_the_end ? tenon::cat({in, x.narrow(axis, 0, kept)}, axis)
                    : tenon::cat({x.narrow(axis, 1, kept), in}, axis);
}

/// y_k = b_k + a_k y_{k-1} with y_{-1} = 0, from the end on where reverse is set. With g the same
/// recurrence of dy in the other direction, whose factors are those of the next step:
/// db = g, da_k = g_k y_{k-1}.
template <class T>
BasicTensor<T> linear_recurrence(const BasicTensor<T>& a_any, const BasicTensor<T>& b_any, int axis,
                                 bool reverse) {
  const OpScope scope("linear_recurrence");
  const auto a = a_any.contiguous(), b = b_any.contiguous();
  auto y = BasicTensor<T>::empty(b.shape());
  kernels::linear_recurrence(scan_dims(b.shape(), axis, reverse), a.data(), b.data(), y.data());
  if (Recording recording{"linear_recurrence", a, b}) {
    recording.rule(y, [a = Saved(a), y = Saved(y), axis, reverse](Sweep<T>& sweep) {
      const auto g =
          linear_recurrence(shifted(*a, axis, reverse, T(0)), sweep.dy(), axis, !reverse);
      if (sweep.needs(0)) sweep.add(0, g * shifted(*y, axis, !reverse, T(0)));
      sweep.add(1, g);
    });
  }
  return y;
}

template <class T>
BasicTensor<T> cumsum(const BasicTensor<T>& x_any, int axis, bool reverse) {
  const OpScope scope("cumsum");
  const auto x = x_any.contiguous();
  auto y = BasicTensor<T>::empty(x.shape());
  kernels::cumsum(scan_dims(x.shape(), axis, reverse), x.data(), y.data());
  if constexpr (std::is_floating_point_v<T>) {
    if (Recording recording{"cumsum", x}) {
      recording.rule(y, [axis, reverse](Sweep<T>& sweep) {
        sweep.add(0, cumsum(sweep.dy(), axis, !reverse));
      });
    }
  }
  return y;
}

}  // namespace
}  // namespace detail

template <detail::FloatOrLong T>
BasicTensor<T> cumsum(const BasicTensor<T>& x, Index axis) {
  return detail::cumsum(x, detail::defined("cumsum", x.impl()).shape.axis(axis), false);
}

template <detail::FloatOrLong T>
BasicTensor<T> cumprod(const BasicTensor<T>& x_any, Index axis_any) {
  const detail::OpScope scope("cumprod");
  const int axis = detail::defined("cumprod", x_any.impl()).shape.axis(axis_any);
  const auto x = x_any.contiguous();
  auto y = BasicTensor<T>::empty(x.shape());
  kernels::cumprod(detail::scan_dims(x.shape(), axis, false), x.data(), y.data());
  if constexpr (std::is_floating_point_v<T>) {
    if (detail::Recording recording{"cumprod", x}) {
      recording.rule(y,
                     [x = detail::Saved(x), y = detail::Saved(y), axis](detail::Sweep<T>& sweep) {
                       const auto g = detail::linear_recurrence(
                           detail::shifted(*x, axis, false, T(0)), sweep.dy(), axis, true);
                       sweep.add(0, g * detail::shifted(*y, axis, true, T(1)));
                     });
    }
  }
  return y;
}

#define TENON_INSTANTIATE(T)                                              \
  template TENON_API BasicTensor<T> cumsum(const BasicTensor<T>&, Index); \
  template TENON_API BasicTensor<T> cumprod(const BasicTensor<T>&, Index);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
TENON_INSTANTIATE(std::int64_t)
#undef TENON_INSTANTIATE

}  // namespace tenon
