#include "tenon/ops/matmul.hpp"

#include <string>

#include "ops/common.hpp"
#include "tenon/base/error.hpp"
#include "tenon/kernels/gemm.hpp"
#include "tenon/ops/reduce.hpp"

namespace tenon {
namespace {

using detail::TensorImpl;

/// "a (B=5, M=2, K=3)"; matrix: the letters of the last two axes.
std::string described(const char* name, const Shape& shape, const char* matrix) {
  std::string letters;
  for (int i = 2; i < shape.rank(); ++i) letters += 'B';
  letters += shape.rank() == 1 ? "K" : matrix;
  return std::string(name) + " " + to_string(shape, letters.c_str());
}

[[noreturn]] void fail_matmul(const char* what, const Shape& a, const Shape& b, const char* hint) {
  detail::fail<ShapeError>("matmul", what, ": ", described("a", a, "MK"), ", ",
                           described("b", b, "KN"), "; hint: ", hint);
}

void check_inner(const Shape& a, const Shape& b) {
  if (a.rank() == 0 || b.rank() == 0) {
    fail_matmul("a scalar is no matrix", a, b, "multiply by a scalar with *");
  }
  if (a.at(-1) != (b.rank() == 1 ? b[0] : b.at(-2))) {
    fail_matmul("inner sizes differ", a, b,
                "the last axis of a meets the last but one of b; t() swaps a matrix's axes");
  }
}

bool broadcasts(const Shape& a, const Shape& b) {
  for (int i = -3; i >= -a.rank() && i >= -b.rank(); --i) {
    if (a.at(i) != b.at(i) && a.at(i) != 1 && b.at(i) != 1) return false;
  }
  return true;
}

/// (B..., M, N), B the broadcast batch axes. Both ranks are at least 2.
Shape product_shape(const Shape& a, const Shape& b) {
  if (!broadcasts(a, b)) {
    fail_matmul("batch axes do not broadcast", a, b,
                "counted from the end, batch sizes must be equal or one of them 1");
  }
  Shape shape = a.rank() >= b.rank() ? a : b;
  for (int i = 3; i <= a.rank() && i <= b.rank(); ++i) {
    const Index size = a.at(-i);
    shape[shape.rank() - i] = size == 1 ? b.at(-i) : size;
  }
  shape[shape.rank() - 2] = a.at(-2);
  shape[shape.rank() - 1] = b.at(-1);
  return shape;
}

/// The batch axes of a product as few nested loops, the innermost of which the kernel runs.
struct Batch {
  int rank = 0;
  Index sizes[max_rank], a[max_rank], b[max_rank];

  Batch(const TensorImpl& x, const TensorImpl& y, const Shape& out) {
    for (int i = 0; i < out.rank() - 2; ++i) {
      if (out[i] != 1) append(out[i], stride(x, i, out.rank()), stride(y, i, out.rank()));
    }
  }

 private:
  static Index stride(const TensorImpl& x, int i, int rank) {
    const int axis = i - (rank - x.shape.rank());
    return axis < 0 || x.shape[axis] == 1 ? 0 : x.strides[axis];
  }
  void append(Index size, Index a_stride, Index b_stride) {
    if (rank > 0 && a[rank - 1] == a_stride * size && b[rank - 1] == b_stride * size) {
      sizes[rank - 1] *= size;
    } else {
      sizes[rank++] = size;
    }
    a[rank - 1] = a_stride;
    b[rank - 1] = b_stride;
  }
};

/// The kernel's view of the last two axes and the innermost batch axis.
kernels::GemmDims gemm_dims(const TensorImpl& a, const TensorImpl& b, const Batch& batch) {
  kernels::GemmDims dims;
  dims.m = a.shape.at(-2);
  dims.k = a.shape.at(-1);
  dims.n = b.shape.at(-1);
  dims.a_row = a.strides.at(-2);
  dims.a_col = a.strides.at(-1);
  dims.b_row = b.strides.at(-2);
  dims.b_col = b.strides.at(-1);
  dims.c_row = dims.n;
  dims.c_batch = dims.m * dims.n;
  if (batch.rank > 0) {
    dims.batch = batch.sizes[batch.rank - 1];
    dims.a_batch = batch.a[batch.rank - 1];
    dims.b_batch = batch.b[batch.rank - 1];
  }
  // One b for all of the batch, whose rows follow each other: that is one tall matrix.
  if (dims.b_batch == 0 && dims.a_batch == dims.m * dims.a_row) {
    dims.m *= dims.batch;
    dims.batch = 1;
  }
  return dims;
}

/// c = a b for ranks of at least 2.
template <class T>
void multiply(const BasicTensor<T>& a, const BasicTensor<T>& b, BasicTensor<T>& c) {
  const Batch batch(*a.impl(), *b.impl(), c.shape());
  const kernels::GemmDims dims = gemm_dims(*a.impl(), *b.impl(), batch);
  const int outer = batch.rank - 1;
  Index position[max_rank] = {};
  const T* x = a.data();
  const T* y = b.data();
  T* z = c.data();
  const Index step = batch.rank > 0 ? batch.sizes[outer] * c.size(-2) * c.size(-1) : 0;
  while (c.numel() > 0) {
    kernels::gemm(dims, x, y, z);
    z += step;
    int axis = outer - 1;
    for (; axis >= 0; --axis) {
      x += batch.a[axis];
      y += batch.b[axis];
      if (++position[axis] < batch.sizes[axis]) break;
      x -= batch.a[axis] * batch.sizes[axis];
      y -= batch.b[axis] * batch.sizes[axis];
      position[axis] = 0;
    }
    if (axis < 0) return;
  }
}

/// db = a^T dy, of b's shape.
template <class T>
BasicTensor<T> right_gradient(const BasicTensor<T>& a, const BasicTensor<T>& dy, const Shape& b) {
  if (b.rank() == 2 && a.rank() > 2) {
    // The sum over the batch belongs into the product: one long one instead of many and a sum.
    return matmul(a.flatten(0, -2).t(), dy.flatten(0, -2));
  }
  return detail::sum_to(matmul(a.t(), dy), b);
}

}  // namespace

template <std::floating_point T>
BasicTensor<T> matmul(const BasicTensor<T>& a, const BasicTensor<T>& b) {
  const detail::OpScope scope("matmul");
  const Shape& p = detail::defined("matmul", a.impl()).shape;
  const Shape& q = detail::defined("matmul", b.impl()).shape;
  check_inner(p, q);
  if (p.rank() == 1) return matmul(a.unsqueeze(0), b).squeeze(q.rank() == 1 ? -1 : -2);
  if (q.rank() == 1) return matmul(a, b.unsqueeze(1)).squeeze(-1);
  auto y = BasicTensor<T>::empty(product_shape(p, q));
  multiply(a, b, y);
  if (detail::Recording recording{"matmul", a, b}) {
    recording.rule(y, [a = detail::saved_if(recording.needs(1), a),
                       b = detail::saved_if(recording.needs(0), b)](detail::Sweep<T>& sweep) {
      const auto& dy = sweep.dy();
      if (sweep.needs(0)) sweep.add(0, detail::sum_to(matmul(dy, b->t()), sweep.shape(0)));
      if (sweep.needs(1)) sweep.add(1, right_gradient(*a, dy, sweep.shape(1)));
    });
  }
  return y;
}

template TENON_API BasicTensor<float> matmul(const BasicTensor<float>&, const BasicTensor<float>&);
template TENON_API BasicTensor<double> matmul(const BasicTensor<double>&,
                                              const BasicTensor<double>&);

}  // namespace tenon
