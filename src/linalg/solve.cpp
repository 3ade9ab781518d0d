#include <atomic>
#include <cmath>
#include <string>

#include "common.hpp"
#include "factors.hpp"
#include "tenon/ops/elementwise.hpp"
#include "tenon/ops/rearrange.hpp"
#include "tenon/ops/reduce.hpp"
#include "tenon/tensor/layout.hpp"
#include "tensor/checks.hpp"

namespace tenon::linalg {
namespace {

constexpr const char* singular_hint =
    "; hint: lstsq() and pinv() take singular matrices; a + eps eye(n) is regular";

/// What went wrong with each matrix: none, or the position that the error names.
class Failures {
 public:
  explicit Failures(Index count) : where_(full<std::int64_t>({count}, -1)) {}
  void set(Index matrix, Index where) { where_.data()[matrix] = where; }
  /// Calls fail(matrix, where) for the first.
  template <class F>
  void check(const F& fail) const {
    for (Index i = 0; i < where_.numel(); ++i) {
      if (where_.data()[i] >= 0) fail(i, where_.data()[i]);
    }
  }
  Index count() const { return where_.numel(); }

 private:
  LongTensor where_;
};

void check_pivots(const char* op, const Failures& failures) {
  failures.check([&](Index matrix, Index pivot) {
    detail::fail<ValueError>(op, "a is singular: pivot ", pivot, " of its LU factors is 0",
                             in_batch(matrix, failures.count()), singular_hint);
  });
}

Shape with_last_two(Shape batch, const Shape& matrix) {
  batch.push_back(matrix.at(-2));
  batch.push_back(matrix.at(-1));
  return batch;
}

/// a and b with the batch axes that both broadcast to.
void broadcast_batches(const char* op, DoubleTensor& a, DoubleTensor& b) {
  const Shape p = batch_shape(a), q = batch_shape(b);
  if (p == q) return;
  const Shape both = broadcast_shapes(op, p, q);
  a = a.expand(with_last_two(both, a.shape()));
  b = b.expand(with_last_two(both, b.shape()));
}

template <class T>
void check_right_side(const char* op, const BasicTensor<T>& a, const BasicTensor<T>& b,
                      Index rows) {
  if (rows == a.size(-1)) return;
  detail::fail<ShapeError>(op, "b must have ", a.size(-1), " rows, as many as a, but a has shape ",
                           a.shape(), " and b ", b.shape(),
                           "; hint: the right sides are the columns of b");
}

}  // namespace

DoubleTensor solve_in_double(const DoubleTensor& a, const DoubleTensor& b) {
  const OpScope scope("linalg::solve");
  const DoubleTensor matrix = finite_values("linalg::solve", a);
  DoubleTensor x = DoubleTensor::empty(b.shape());
  const Index n = a.size(-1), k = b.size(-1), count = batch_shape(a).numel();
  Failures failures(count);
  if (n > 0) {
    const NoTape values_only;
    const DoubleTensor right = b.contiguous();
    for_each_matrix(count, n * n * (n + 2 * k), [&](Index i) {
      failures.set(i, factors::solve(n, k, matrix.data() + i * n * n, right.data() + i * n * k,
                                     x.data() + i * n * k));
    });
  }
  check_pivots("linalg::solve", failures);
  if (Recording recording{"linalg::solve", a, b}) {
    recording.rule(x, [a = Saved(a), x = Saved(x)](DoubleSweep& sweep) {
      const DoubleTensor db = solve_in_double(a->t(), sweep.dy());
      if (sweep.needs(0)) sweep.add(0, -matmul(db, x->t()));
      sweep.add(1, db);
    });
  }
  return x;
}

DoubleTensor solve_triangular_in_double(const DoubleTensor& a, const DoubleTensor& b, bool upper,
                                        bool unit) {
  const OpScope scope("linalg::solve_triangular");
  DoubleTensor x = DoubleTensor::empty(b.shape());
  const Index n = a.size(-1), k = b.size(-1), count = batch_shape(a).numel();
  Failures failures(count);
  {
    const NoTape values_only;
    const DoubleTensor matrix = a.contiguous(), right = b.contiguous();
    for_each_matrix(count, n * n * k, [&](Index i) {
      failures.set(i, factors::solve_triangular(n, k, upper, unit, matrix.data() + i * n * n,
                                                right.data() + i * n * k, x.data() + i * n * k));
    });
  }
  failures.check([&](Index matrix, Index at) {
    detail::fail<ValueError>("linalg::solve_triangular", "a is singular: element (", at, ", ", at,
                             ") of its diagonal is 0", in_batch(matrix, count), singular_hint);
  });
  if (Recording recording{"linalg::solve_triangular", a, b}) {
    recording.rule(x, [a = Saved(a), x = Saved(x), upper, unit](DoubleSweep& sweep) {
      const DoubleTensor db = solve_triangular_in_double(a->t(), sweep.dy(), !upper, unit);
      if (sweep.needs(0)) {
        const DoubleTensor da = -matmul(db, x->t());
        sweep.add(0, upper ? triu(da, unit ? 1 : 0) : tril(da, unit ? -1 : 0));
      }
      sweep.add(1, db);
    });
  }
  return x;
}

namespace {

DoubleTensor inverse_in_double(const DoubleTensor& a) {
  const OpScope scope("linalg::inverse");
  const DoubleTensor matrix = finite_values("linalg::inverse", a);
  DoubleTensor y = DoubleTensor::empty(a.shape());
  const Index n = a.size(-1), count = batch_shape(a).numel();
  const DoubleTensor id = eye<double>(n);
  Failures failures(count);
  if (n > 0) {
    for_each_matrix(count, 3 * n * n * n, [&](Index i) {
      const Index at = i * n * n;
      failures.set(i, factors::solve(n, n, matrix.data() + at, id.data(), y.data() + at));
    });
  }
  check_pivots("linalg::inverse", failures);
  if (Recording recording{"linalg::inverse", a}) {
    recording.rule(y, [y = Saved(y)](DoubleSweep& sweep) {
      sweep.add(0, -matmul(matmul(y->t(), sweep.dy()), y->t()));
    });
  }
  return y;
}

DoubleTensor cofactors(const DoubleTensor& a, const DoubleTensor& dy) {
  detail::no_second_derivative("linalg::det", a);
  detail::no_second_derivative("linalg::det", dy);
  const DoubleTensor matrix = a.contiguous();
  DoubleTensor y = DoubleTensor::empty(a.shape());
  const Index n = a.size(-1);
  for_each_matrix(batch_shape(a).numel(), 3 * n * n * n, [&](Index i) {
    factors::cofactors(n, matrix.data() + i * n * n, y.data() + i * n * n);
  });
  return y;
}

/// f(i, determinant of matrix i)
template <class F>
void determinants(const char* op, const DoubleTensor& a, const F& f) {
  const DoubleTensor matrix = finite_values(op, a);
  const Index n = a.size(-1);
  for_each_matrix(batch_shape(a).numel(), n * n * n, [&](Index i) {
    f(i,
      n == 0 ? factors::Determinant{1, 0, 1} : factors::determinant(n, matrix.data() + i * n * n));
  });
}

DoubleTensor det_in_double(const DoubleTensor& a) {
  const OpScope scope("linalg::det");
  DoubleTensor y = DoubleTensor::empty(batch_shape(a));
  std::atomic<bool> singular = false;
  determinants("linalg::det", a, [&](Index i, const factors::Determinant& d) {
    y.data()[i] = d.det;
    // The product of tiny pivots may be 0 where the matrix is not singular.
    if (d.det == 0 || !std::isfinite(d.det)) singular = true;
  });
  if (Recording recording{"linalg::det", a}) {
    recording.rule(y, [a = Saved(a), y = Saved(y), singular = singular.load()](DoubleSweep& sweep) {
      const DoubleTensor dy = sweep.dy().unsqueeze(-1).unsqueeze(-1);
      if (singular) return sweep.add(0, cofactors(*a, dy) * dy);
      sweep.add(0, (dy * y->unsqueeze(-1).unsqueeze(-1)) * inverse_in_double(*a).t());
    });
  }
  return y;
}

SlogdetResult<double> slogdet_in_double(const DoubleTensor& a) {
  const OpScope scope("linalg::slogdet");
  SlogdetResult<double> y{DoubleTensor::empty(batch_shape(a)), DoubleTensor::empty(batch_shape(a))};
  determinants("linalg::slogdet", a, [&](Index i, const factors::Determinant& d) {
    y.sign.data()[i] = d.sign;
    y.logabsdet.data()[i] = d.log_abs;
  });
  if (Recording recording{"linalg::slogdet", a}) {
    recording.rule(y.logabsdet, [a = Saved(a)](DoubleSweep& sweep) {
      const DoubleTensor dy = sweep.dy().unsqueeze(-1).unsqueeze(-1);
      sweep.add(0, dy * inverse_in_double(*a).t());
    });
  }
  return y;
}

}  // namespace

template <std::floating_point T>
BasicTensor<T> solve(const BasicTensor<T>& a_any, const BasicTensor<T>& b_any) {
  DoubleTensor a = square_matrices("linalg::solve", a_any);
  const Shape& shape = detail::defined("linalg::solve", b_any.impl()).shape;
  const bool vectors = shape.rank() == 1 || shape == batch_shape(a, {a.size(-1)});
  if (shape.rank() == 0) check_right_side("linalg::solve", a_any, b_any, -1);
  check_right_side("linalg::solve", a_any, b_any, shape.at(vectors ? -1 : -2));
  DoubleTensor b = cast<double>(b_any);
  if (vectors) b = b.unsqueeze(-1);
  broadcast_batches("linalg::solve", a, b);
  const DoubleTensor x = solve_in_double(a, b);
  return cast<T>(vectors ? x.squeeze(-1) : x);
}

template <std::floating_point T>
BasicTensor<T> solve_triangular(const BasicTensor<T>& a_any, const BasicTensor<T>& b_any,
                                const SolveTriangularOptions& options) {
  constexpr const char* op = "linalg::solve_triangular";
  DoubleTensor a = square_matrices(op, a_any), b = matrices(op, b_any);
  const bool left = options.left;
  check_right_side(op, a_any, b_any, b.size(left ? -2 : -1));
  broadcast_batches(op, a, b);
  const bool upper = options.upper == left;
  const DoubleTensor x =
      solve_triangular_in_double(left ? a : a.t(), left ? b : b.t(), upper, options.unitriangular);
  return cast<T>(left ? x : x.t());
}

template <std::floating_point T>
BasicTensor<T> inverse(const BasicTensor<T>& a) {
  return cast<T>(inverse_in_double(square_matrices("linalg::inverse", a)));
}

template <std::floating_point T>
BasicTensor<T> det(const BasicTensor<T>& a) {
  return cast<T>(det_in_double(square_matrices("linalg::det", a)));
}

template <std::floating_point T>
SlogdetResult<T> slogdet(const BasicTensor<T>& a) {
  const auto y = slogdet_in_double(square_matrices("linalg::slogdet", a));
  return {cast<T>(y.sign), cast<T>(y.logabsdet)};
}

template <std::floating_point T>
BasicTensor<T> logdet(const BasicTensor<T>& a) {
  const auto y = slogdet_in_double(square_matrices("linalg::logdet", a));
  return cast<T>(y.logabsdet + log(y.sign));
}

template <std::floating_point T>
BasicTensor<T> lstsq(const BasicTensor<T>& a_any, const BasicTensor<T>& b_any,
                     std::optional<double> rtol) {
  constexpr const char* op = "linalg::lstsq";
  const DoubleTensor a = matrices(op, a_any), b = matrices(op, b_any);
  if (a.size(-2) != b.size(-2)) {
    detail::fail<ShapeError>(op, "b must have ", a.size(-2),
                             " rows, as many as a, but a has shape ", a.shape(), " and b ",
                             b.shape(), "; hint: a vector of observations is b.unsqueeze(-1)");
  }
  const double limit =
      std::numeric_limits<T>::epsilon() * static_cast<double>(std::max(a.size(-2), a.size(-1)));
  return cast<T>(matmul(pinv(a, rtol ? rtol : limit), b));
}

#define TENON_INSTANTIATE(T)                                                                       \
  template TENON_API BasicTensor<T> solve(const BasicTensor<T>&, const BasicTensor<T>&);           \
  template TENON_API BasicTensor<T> solve_triangular(const BasicTensor<T>&, const BasicTensor<T>&, \
                                                     const SolveTriangularOptions&);               \
  template TENON_API BasicTensor<T> inverse(const BasicTensor<T>&);                                \
  template TENON_API BasicTensor<T> det(const BasicTensor<T>&);                                    \
  template TENON_API SlogdetResult<T> slogdet(const BasicTensor<T>&);                              \
  template TENON_API BasicTensor<T> logdet(const BasicTensor<T>&);                                 \
  template TENON_API BasicTensor<T> lstsq(const BasicTensor<T>&, const BasicTensor<T>&,            \
                                          std::optional<double>);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon::linalg
