#include "tenon/ops/pad_sequence.hpp"

#include <algorithm>
#include <type_traits>

#include "ops/common.hpp"
#include "tenon/base/error.hpp"
#include "tenon/base/memory.hpp"
#include "tenon/tensor/factories.hpp"

namespace tenon::detail {

template <class T>
LongTensor sequence_lengths(const BasicTensor<T>* sequences, Index count) {
  if (count == 0) {
    fail<ValueError>("pad_sequence", "there is nothing to pad; hint: give at least one sequence");
  }
  auto lengths = LongTensor::empty({count});
  const Shape& first = defined("pad_sequence", sequences[0].impl()).shape;
  for (Index i = 0; i < count; ++i) {
    const Shape& shape = defined("pad_sequence", sequences[i].impl()).shape;
    Shape expected = first;
    if (shape.rank() > 0 && shape.rank() == first.rank()) expected[0] = shape[0];
    if (shape.rank() == 0 || !(shape == expected)) {
      fail<ShapeError>("pad_sequence", "sequence ", i, " has shape ", shape,
                       " but sequence 0 has shape ", first,
                       "; hint: steps are the first axis, and all other sizes must be equal");
    }
    lengths.data()[i] = shape[0];
  }
  return lengths;
}

template <class T>
BasicTensor<T> pad_sequence(const BasicTensor<T>* sequences, Index count, double value) {
  const OpScope scope("pad_sequence");
  const LongTensor lengths = sequence_lengths(sequences, count);
  Shape shape = sequences[0].shape();
  shape[0] = *std::max_element(lengths.data(), lengths.data() + count);
  shape.insert(0, count);
  auto y = full<T>(shape, static_cast<T>(value));
  for (Index i = 0; i < count; ++i) {
    y.select(0, i).narrow(0, 0, lengths.data()[i]).copy_(sequences[i]);
  }
  if constexpr (std::is_floating_point_v<T>) {
    Scratch<TensorImpl*> impls(count);
    for (Index i = 0; i < count; ++i) impls[i] = sequences[i].impl();
    if (Recording recording{"pad_sequence", impls.data(), static_cast<std::size_t>(count)}) {
      recording.rule(y, [count](Sweep<T>& sweep) {
        for (int i = 0; i < count; ++i) {
          if (!sweep.needs(i)) continue;
          sweep.add(i, sweep.dy().select(0, i).narrow(0, 0, sweep.shape(i)[0]));
        }
      });
    }
  }
  return y;
}

#define TENON_INSTANTIATE(T)                                                            \
  template TENON_API BasicTensor<T> pad_sequence(const BasicTensor<T>*, Index, double); \
  template TENON_API LongTensor sequence_lengths(const BasicTensor<T>*, Index);
TENON_FOR_EACH_SCALAR(TENON_INSTANTIATE)
#undef TENON_INSTANTIATE

}  // namespace tenon::detail
