#pragma once

#include "tenon/tensor/tensor.hpp"

// Linear maps along one axis: what padding, resizing, cutting into windows and gathering taps have
// in common. The adjoint of one is another, so derivatives of every order come by themselves, and
// backward passes gather as forward passes do.

namespace tenon::detail {

/// A sparse matrix (outputs, inputs) as the kernel reads it, and what the tape calls it.
template <class T>
struct AxisMap {
  const char* op;
  const char* backward;  ///< the name of its adjoint
  Index inputs;
  LongTensor starts;       ///< (outputs + 1)
  LongTensor columns;      ///< (entries)
  BasicTensor<T> weights;  ///< (entries), or undefined for ones

  Index outputs() const { return starts.numel() - 1; }
};

/// Where one output comes from. Negative positions are none: such an entry is left out.
struct Tap {
  Index position;
  double weight = 1;
};

/// The map whose output k is the sum of tap(k, t) over t < taps.
template <class T, class F>
AxisMap<T> make_axis_map(const char* op, const char* backward, Index outputs, Index inputs,
                         Index taps, bool weighted, const F& tap) {
  AxisMap<T> map{op, backward, inputs, LongTensor::empty({outputs + 1}), {}, {}};
  auto columns = LongTensor::empty({outputs * taps});
  if (weighted) map.weights = BasicTensor<T>::empty({outputs * taps});
  Index entries = 0;
  for (Index k = 0; k < outputs; ++k) {
    map.starts.data()[k] = entries;
    for (Index t = 0; t < taps; ++t) {
      const Tap from = tap(k, t);
      if (from.position < 0) continue;
      columns.data()[entries] = from.position;
      if (weighted) map.weights.data()[entries] = static_cast<T>(from.weight);
      ++entries;
    }
  }
  map.starts.data()[outputs] = entries;
  map.columns = columns;
  return map;
}

/// Its adjoint.
template <class T>
AxisMap<T> transposed(const AxisMap<T>& map);

/// y (..., outputs, ...) = map x for x (..., inputs, ...) along the axis. Recorded under the map's
/// name.
template <class T>
BasicTensor<T> apply(const AxisMap<T>& map, const BasicTensor<T>& x, int axis);

}  // namespace tenon::detail
