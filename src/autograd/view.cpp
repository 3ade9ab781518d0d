#include "context.hpp"
#include "tenon/kernels/copy.hpp"
#include "tenon/tensor/factories.hpp"
#include "tenon/tensor/layout.hpp"

namespace tenon::detail {

namespace {

/// Where the elements of a view lie, in the storage that its base sees too.
struct ViewGeometry {
  Shape base_shape, base_strides;
  Shape shape, strides;
  Index offset;  // of the view's first element from the base's

  bool base_is_contiguous() const { return is_contiguous(base_shape, base_strides); }
  /// Same elements in the same order under another shape.
  bool is_reshape() const {
    return offset == 0 && shape.numel() == base_shape.numel() && base_is_contiguous() &&
           is_contiguous(shape, strides);
  }
  /// Number of storage positions from the base's first element to its last.
  Index extent() const {
    Index last = 0;
    for (int i = 0; i < base_shape.rank(); ++i) last += (base_shape[i] - 1) * base_strides[i];
    return base_shape.numel() == 0 ? 0 : last + 1;
  }
};

template <class T>
BasicTensor<T> as_strided(const BasicTensor<T>& storage, Index offset, const Shape& shape,
                          const Shape& strides) {
  auto* data = static_cast<T*>(storage.impl()->data) + offset;
  return BasicTensor<T>(new_view(storage.impl(), data, shape, strides));
}

/// y[strided positions] += x, repeated positions included.
template <class T>
void scatter_add(const BasicTensor<T>& x, BasicTensor<T> y) {
  kernels::scatter_add_strided(elementwise_dims<1>(y.shape(), {y.impl()}), x.contiguous().data(),
                               y.data());
}

template <class T>
BasicTensor<T> scatter(const BasicTensor<T>& dy, const ViewGeometry& g);

/// The view's elements of x, which has the base's shape but is laid out anew.
template <class T>
BasicTensor<T> gather(const BasicTensor<T>& x, const ViewGeometry& g) {
  if (g.base_is_contiguous()) return as_strided(x.contiguous(), g.offset, g.shape, g.strides);
  BasicTensor<T> y;
  {
    NoTape values_only;
    auto storage = zeros<T>({g.extent()});
    scatter_add(x, as_strided(storage, 0, g.base_shape, g.base_strides));
    y = as_strided(storage, g.offset, g.shape, g.strides).clone();
  }
  if (Recording recording{"view", x}) {
    recording.rule(y, [g](Sweep<T>& sweep) { sweep.add(0, scatter(sweep.dy(), g)); });
  }
  return y;
}

/// The gradient of a view: zeros of the base's shape, with dy added where the view looks.
template <class T>
BasicTensor<T> scatter(const BasicTensor<T>& dy, const ViewGeometry& g) {
  if (g.is_reshape()) return dy.reshape(g.base_shape);
  BasicTensor<T> dx;
  if (NoTape values_only; g.base_is_contiguous()) {
    dx = zeros<T>(g.base_shape);
    scatter_add(dy, as_strided(dx, g.offset, g.shape, g.strides));
  } else {
    auto storage = zeros<T>({g.extent()});
    scatter_add(dy, as_strided(storage, g.offset, g.shape, g.strides));
    dx = as_strided(storage, 0, g.base_shape, g.base_strides).clone();
  }
  if (Recording recording{"view_backward", dy}) {
    recording.rule(dx, [g](Sweep<T>& sweep) { sweep.add(0, gather(sweep.dy(), g)); });
  }
  return dx;
}

template <class T>
void record_view_as(BasicTensor<T> base, BasicTensor<T> view) {
  const Index offset = static_cast<const T*>(view.impl()->data) - base.data();
  const ViewGeometry g{base.shape(), base.strides(), view.shape(), view.strides(), offset};
  Recording recording{"view", base};
  recording.leave_output_unmarked();
  recording.rule(view, [g](Sweep<T>& sweep) { sweep.add(0, scatter(sweep.dy(), g)); });
}

template <class T>
BasicTensor<T> handle(const TensorImpl& impl) {
  auto& shared = const_cast<TensorImpl&>(impl);
  retain(&shared);
  return BasicTensor<T>(&shared);
}

template <class T>
void record_copy_as(BasicTensor<T> from, BasicTensor<T> to) {
  if (Recording recording{"copy", from}) {
    recording.rule(to, [](Sweep<T>& sweep) { sweep.add(0, sweep.dy()); });
  }
}

}  // namespace

std::int32_t record_view(TapeContext& context, const TensorImpl& base, TensorImpl& v) {
  if (v.dtype == DType::float32) {
    record_view_as(handle<float>(base), handle<float>(v));
  } else {
    record_view_as(handle<double>(base), handle<double>(v));
  }
  return static_cast<std::int32_t>(context.nodes.size() - 1);
}

void record_copy(const TensorImpl& from, TensorImpl& to) {
  if (from.dtype == DType::float32) record_copy_as(handle<float>(from), handle<float>(to));
  if (from.dtype == DType::float64) record_copy_as(handle<double>(from), handle<double>(to));
}

}  // namespace tenon::detail
