#include "ops/axis_map.hpp"

#include <algorithm>

#include "ops/common.hpp"
#include "tenon/kernels/axis_map.hpp"

namespace tenon::detail {

template <class T>
AxisMap<T> transposed(const AxisMap<T>& map) {
  const Index outputs = map.outputs(), entries = map.starts.data()[outputs];
  AxisMap<T> t{map.backward,
               map.op,
               outputs,
               LongTensor::empty({map.inputs + 1}),
               LongTensor::empty({entries}),
               {}};
  if (map.weights.defined()) t.weights = BasicTensor<T>::empty({entries});
  // A counting sort by column, which keeps the order of rows. While it runs starts[c + 1] is where
  // the next entry of row c goes.
  std::int64_t* starts = t.starts.data();
  std::fill_n(starts, map.inputs + 1, 0);
  for (Index e = 0; e < entries; ++e) ++starts[map.columns.data()[e] + 1];
  Index begin = 0;
  for (Index c = 0; c < map.inputs; ++c) {
    const Index count = starts[c + 1];
    starts[c + 1] = begin;
    begin += count;
  }
  for (Index k = 0; k < outputs; ++k) {
    for (Index e = map.starts.data()[k]; e < map.starts.data()[k + 1]; ++e) {
      const Index place = starts[map.columns.data()[e] + 1]++;
      t.columns.data()[place] = k;
      if (t.weights.defined()) t.weights.data()[place] = map.weights.data()[e];
    }
  }
  return t;
}

template <class T>
BasicTensor<T> apply(const AxisMap<T>& map, const BasicTensor<T>& x_any, int axis) {
  const OpScope scope(map.op);
  const auto x = x_any.contiguous();
  Shape shape = x.shape();
  kernels::AxisMapDims dims{1, map.inputs, map.outputs(), 1};
  for (int i = 0; i < axis; ++i) dims.outer *= shape[i];
  for (int i = axis + 1; i < shape.rank(); ++i) dims.inner *= shape[i];
  shape[axis] = dims.outputs;
  auto y = BasicTensor<T>::empty(shape);
  kernels::axis_map<T>(
      dims,
      {map.starts.data(), map.columns.data(), map.weights.defined() ? map.weights.data() : nullptr},
      x.data(), y.data());
  if (Recording recording{map.op, x}) {
    recording.describe({"axis inputs outputs", {axis, dims.inputs, dims.outputs}});
    recording.rule(y, [map, axis](Sweep<T>& sweep) {
      sweep.add(0, apply(transposed(map), sweep.dy(), axis));
    });
  }
  return y;
}

#define TENON_INSTANTIATE(T)                         \
  template AxisMap<T> transposed(const AxisMap<T>&); \
  template BasicTensor<T> apply(const AxisMap<T>&, const BasicTensor<T>&, int);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon::detail
