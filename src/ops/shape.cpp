#include "tenon/ops/shape.hpp"

#include <type_traits>

#include "ops/common.hpp"
#include "tenon/base/error.hpp"
#include "tenon/base/memory.hpp"

namespace tenon::detail {
namespace {

[[noreturn]] void fail_part(const char* op, Index i, const Shape& shape, const Shape& first,
                            const char* expected) {
  fail<ShapeError>(op, "part ", i, " has shape ", shape, " but part 0 has shape ", first,
                   "; hint: ", expected);
}

template <class T>
const Shape& checked_first(const char* op, const BasicTensor<T>* parts, Index count) {
  if (count == 0) {
    fail<ValueError>(op, "there is nothing to join; hint: give at least one tensor");
  }
  for (Index i = 0; i < count; ++i) defined(op, parts[i].impl());
  return parts[0].shape();
}

/// The handles' headers, as Recording takes them.
template <class T>
class Impls {
 public:
  Impls(const BasicTensor<T>* parts, Index count) : impls_(count), count_(count) {
    for (Index i = 0; i < count; ++i) impls_[i] = parts[i].impl();
  }
  TensorImpl* const* data() { return impls_.data(); }
  std::size_t size() const { return static_cast<std::size_t>(count_); }

 private:
  Scratch<TensorImpl*> impls_;
  Index count_;
};

}  // namespace

template <class T>
BasicTensor<T> cat(const BasicTensor<T>* parts, Index count, Index axis) {
  const OpScope scope("cat");
  const Shape& first = checked_first("cat", parts, count);
  const int along = first.axis(axis);
  // Where each part begins. A tensor, since the rule has to keep it without touching the heap.
  auto starts = LongTensor::empty({count});
  Shape shape = first;
  shape[along] = 0;
  for (Index i = 0; i < count; ++i) {
    Shape expected = first;
    if (parts[i].rank() == first.rank()) expected[along] = parts[i].shape()[along];
    if (!(parts[i].shape() == expected)) {
      fail_part("cat", i, parts[i].shape(), first,
                "all sizes but the one along the axis must be equal; stack() makes a new axis");
    }
    starts.data()[i] = shape[along];
    shape[along] += expected[along];
  }
  auto y = BasicTensor<T>::empty(shape);
  for (Index i = 0; i < count; ++i) {
    y.narrow(along, starts.data()[i], parts[i].shape()[along]).copy_(parts[i]);
  }
  if constexpr (std::is_floating_point_v<T>) {
    Impls impls(parts, count);
    if (Recording recording{"cat", impls.data(), impls.size()}) {
      recording.rule(y, [starts, count, along](Sweep<T>& sweep) {
        for (int i = 0; i < count; ++i) {
          if (!sweep.needs(i)) continue;
          const Index length = sweep.shape(i)[along];
          sweep.add(i, sweep.dy().narrow(along, starts.data()[i], length));
        }
      });
    }
  }
  return y;
}

template <class T>
BasicTensor<T> stack(const BasicTensor<T>* parts, Index count, Index axis) {
  const OpScope scope("stack");
  const Shape& first = checked_first("stack", parts, count);
  for (Index i = 1; i < count; ++i) {
    if (parts[i].shape() == first) continue;
    fail_part("stack", i, parts[i].shape(), first,
              "all shapes must be equal; cat() joins along an existing axis");
  }
  Shape shape = first;
  shape.push_back(count);
  const int along = shape.axis(axis);
  shape.erase(shape.rank() - 1);
  shape.insert(along, count);
  auto y = BasicTensor<T>::empty(shape);
  for (Index i = 0; i < count; ++i) y.select(along, i).copy_(parts[i]);
  if constexpr (std::is_floating_point_v<T>) {
    Impls impls(parts, count);
    if (Recording recording{"stack", impls.data(), impls.size()}) {
      recording.rule(y, [count, along](Sweep<T>& sweep) {
        for (int i = 0; i < count; ++i) {
          if (sweep.needs(i)) sweep.add(i, sweep.dy().select(along, i));
        }
      });
    }
  }
  return y;
}

#define TENON_INSTANTIATE(T)                                                  \
  template TENON_API BasicTensor<T> cat(const BasicTensor<T>*, Index, Index); \
  template TENON_API BasicTensor<T> stack(const BasicTensor<T>*, Index, Index);
TENON_FOR_EACH_SCALAR(TENON_INSTANTIATE)
#undef TENON_INSTANTIATE

}  // namespace tenon::detail
