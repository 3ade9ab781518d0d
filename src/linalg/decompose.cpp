#include <algorithm>
#include <limits>
#include <string>

#include "common.hpp"
#include "factors.hpp"
#include "tenon/ops/elementwise.hpp"
#include "tenon/ops/rearrange.hpp"
#include "tenon/ops/reduce.hpp"
#include "tenon/ops/shape.hpp"

namespace tenon::linalg {
namespace {

DoubleTensor symmetric_part(const DoubleTensor& x) { return (x + x.t()) * 0.5; }
DoubleTensor antisymmetric(const DoubleTensor& x) { return x - x.t(); }
/// 1 - x y
DoubleTensor complement(const DoubleTensor& x, const DoubleTensor& y) {
  return eye<double>(x.size(-2)) - matmul(x, y);
}
/// What a gradient starts from: x, or 0 where there is none.
void add_to(DoubleTensor& sum, const DoubleTensor& x) { sum = sum.defined() ? sum + x : x; }

DoubleTensor cholesky_in_double(const DoubleTensor& a) {
  const OpScope scope("linalg::cholesky");
  const DoubleTensor matrix = finite_values("linalg::cholesky", a);
  DoubleTensor l = DoubleTensor::empty(a.shape());
  const Index n = a.size(-1), count = batch_shape(a).numel();
  auto minors = zeros<std::int64_t>({count});
  if (n > 0) {
    for_each_matrix(count, n * n * n / 3, [&](Index i) {
      const Index at = i * n * n;
      minors.data()[i] = factors::cholesky(n, matrix.data() + at, l.data() + at);
    });
  }
  for (Index i = 0; i < count; ++i) {
    const Index k = minors.data()[i];
    if (k == 0) continue;
    detail::fail<ValueError>(
        "linalg::cholesky", "a is not positive definite: its leading minor of order ", k,
        " is not positive", in_batch(i, count),
        "; hint: a must be symmetric (only its lower triangle is read); a + eps eye(n) helps where "
        "an eigenvalue is 0 but for rounding, and eigh() takes any symmetric matrix");
  }
  if (Recording recording{"linalg::cholesky", a}) {
    recording.rule(l, [l = Saved(l)](DoubleSweep& sweep) {
      const DoubleTensor p = matmul(l->t(), sweep.dy());
      const DoubleTensor phi = tril(p) - diagonal_matrices(diagonal(p) * 0.5);
      const DoubleTensor s =
          solve_triangular_in_double(l->t(), divide_by_triangular(phi, *l, false), true, false);
      sweep.add(0, symmetric_part(s));
    });
  }
  return l;
}

/// For M >= N.
QrResult<double> tall_qr(const DoubleTensor& a) {
  const OpScope scope("linalg::qr");
  const DoubleTensor matrix = finite_values("linalg::qr", a);
  const Index m = a.size(-2), n = a.size(-1);
  QrResult<double> y{DoubleTensor::empty(a.shape()), DoubleTensor::empty(batch_shape(a, {n, n}))};
  if (n > 0) {
    for_each_matrix(batch_shape(a).numel(), 4 * m * n * n, [&](Index i) {
      factors::qr(m, n, matrix.data() + i * m * n, y.q.data() + i * m * n, y.r.data() + i * n * n);
    });
  }
  if (Recording recording{"linalg::qr", a}) {
    const DoubleTensor* const results[] = {&y.q, &y.r};
    recording.rule(results, 2, [q = Saved(y.q), r = Saved(y.r)](DoubleSweep& sweep) {
      const DoubleTensor dq = sweep.dy(0), dr = sweep.dy(1);
      DoubleTensor mixed;
      if (dr.defined()) add_to(mixed, matmul(*r, dr.t()));
      if (dq.defined()) add_to(mixed, -matmul(dq.t(), *q));
      DoubleTensor right = matmul(*q, tril(mixed) + tril(mixed, -1).t());
      if (dq.defined()) right += dq;
      sweep.add(0, divide_by_triangular(right, r->t(), false));
    });
  }
  return y;
}

QrResult<double> qr_in_double(const DoubleTensor& a) {
  const Index m = a.size(-2), n = a.size(-1);
  if (m >= n) return tall_qr(a);
  // The columns behind the first square add nothing to q.
  QrResult<double> y = tall_qr(a.narrow(-1, 0, m));
  y.r = cat({y.r, matmul(y.q.t(), a.narrow(-1, m, n - m))}, -1);
  return y;
}

DoubleTensor svd_gradient(const DoubleTensor& u, const DoubleTensor& s, const DoubleTensor& vh,
                          const DoubleTensor& du, const DoubleTensor& ds, const DoubleTensor& dvh) {
  const Index m = u.size(-2), n = vh.size(-1), k = s.size(-1);
  const DoubleTensor v = vh.t(), rows = s.unsqueeze(-1), columns = s.unsqueeze(-2);
  DoubleTensor inner, outside;
  if (du.defined() || dvh.defined()) {
    const DoubleTensor gaps = inverse_gaps("linalg::svd", "singular values", square(s), s);
    const bool divides = (du.defined() && m > k) || (dvh.defined() && n > k);
    const double* const last = s.detach().contiguous().data() + (k - 1);
    for (Index i = 0; divides && i < s.numel() / k; ++i) {
      if (last[i * k] != 0) continue;
      detail::fail<ValueError>("linalg::svd",
                               "the gradient of the vectors needs singular values above 0 but the "
                               "last is 0",
                               in_batch(i, s.numel() / k),
                               "; hint: the gradients of svdvals() and pinv() do not");
    }
    if (du.defined()) {
      const DoubleTensor p = matmul(u.t(), du);
      add_to(inner, antisymmetric(p) * gaps * columns);
      if (m > k) add_to(outside, matmul((du - matmul(u, p)) / columns, vh));
    }
    if (dvh.defined()) {
      const DoubleTensor dv = dvh.t(), p = matmul(vh, dv);
      add_to(inner, rows * antisymmetric(p) * gaps);
      if (n > k) add_to(outside, matmul(u / columns, (dv - matmul(v, p)).t()));
    }
  }
  if (ds.defined()) add_to(inner, diagonal_matrices(ds));
  const DoubleTensor da = matmul(matmul(u, inner), vh);
  return outside.defined() ? da + outside : da;
}

SvdResult<double> svd_in_double(const char* op, const DoubleTensor& a) {
  const OpScope scope(op);
  const DoubleTensor matrix = finite_values(op, a);
  const Index m = a.size(-2), n = a.size(-1), k = std::min(m, n);
  SvdResult<double> y{DoubleTensor::empty(batch_shape(a, {m, k})),
                      DoubleTensor::empty(batch_shape(a, {k})),
                      DoubleTensor::empty(batch_shape(a, {k, n}))};
  if (k > 0) {
    for_each_matrix(batch_shape(a).numel(), 20 * m * n * k, [&](Index i) {
      factors::svd(m, n, matrix.data() + i * m * n, y.u.data() + i * m * k, y.s.data() + i * k,
                   y.vh.data() + i * k * n);
    });
  }
  if (k == 0) return y;  // nothing in it depends on a
  if (Recording recording{op, a}) {
    const DoubleTensor* const results[] = {&y.u, &y.s, &y.vh};
    recording.rule(results, 3,
                   [u = Saved(y.u), s = Saved(y.s), vh = Saved(y.vh)](DoubleSweep& sweep) {
                     sweep.add(0, svd_gradient(*u, *s, *vh, sweep.dy(0), sweep.dy(1), sweep.dy(2)));
                   });
  }
  return y;
}

EighResult<double> eigh_in_double(const char* op, const DoubleTensor& a) {
  const OpScope scope(op);
  const DoubleTensor matrix = finite_values(op, a);
  const Index n = a.size(-1), count = batch_shape(a).numel();
  EighResult<double> y{DoubleTensor::empty(batch_shape(a, {n})), DoubleTensor::empty(a.shape())};
  auto converged = full<bool>({count}, true);
  if (n > 0) {
    for_each_matrix(count, 9 * n * n * n, [&](Index i) {
      converged.data()[i] =
          factors::eigh(n, matrix.data() + i * n * n, y.eigenvalues.data() + i * n,
                        y.eigenvectors.data() + i * n * n);
    });
  }
  for (Index i = 0; i < count; ++i) {
    if (converged.data()[i]) continue;
    detail::fail<ValueError>(op, "the iteration has not converged", in_batch(i, count),
                             "; hint: scale a, whose values may be too large or too small");
  }
  if (n == 0) return y;
  if (Recording recording{op, a}) {
    const DoubleTensor* const results[] = {&y.eigenvalues, &y.eigenvectors};
    recording.rule(
        results, 2, [w = Saved(y.eigenvalues), q = Saved(y.eigenvectors)](DoubleSweep& sweep) {
          const DoubleTensor dw = sweep.dy(0), dq = sweep.dy(1);
          DoubleTensor inner;
          if (dq.defined()) {
            add_to(inner, matmul(q->t(), dq) * inverse_gaps("linalg::eigh", "eigenvalues", *w, *w));
          }
          if (dw.defined()) add_to(inner, diagonal_matrices(dw));
          sweep.add(0, symmetric_part(matmul(matmul(*q, inner), q->t())));
        });
  }
  return y;
}

EighResult<double> eigh_of_triangle(const char* op, const DoubleTensor& a, char uplo) {
  if (uplo != 'L' && uplo != 'U') {
    detail::fail<ValueError>(op, "uplo must be 'L' or 'U' but is '", std::string(1, uplo),
                             "'; hint: it says which triangle of a is read, lower or upper");
  }
  return eigh_in_double(op, uplo == 'L' ? a : a.t());
}

template <class T>
double relative_limit(const DoubleTensor& a, std::optional<double> rtol) {
  if (rtol) return *rtol;
  return static_cast<double>(std::numeric_limits<T>::epsilon()) *
         static_cast<double>(std::max(a.size(-2), a.size(-1)));
}

DoubleTensor pinv_in_double(const DoubleTensor& a, double rtol) {
  const OpScope scope("linalg::pinv");
  DoubleTensor y;
  {
    const NoTape values_only;
    const auto [u, s, vh] = svd_in_double("linalg::pinv", a);
    const Index k = s.size(-1);
    DoubleTensor inverses = DoubleTensor::empty(s.shape());
    for (Index i = 0; i < s.numel(); ++i) {
      const double value = s.data()[i], largest = s.data()[i / k * k];
      inverses.data()[i] = value > rtol * largest ? 1 / value : 0;
    }
    y = matmul(vh.t(), inverses.unsqueeze(-1) * u.t());
  }
  if (Recording recording{"linalg::pinv", a}) {
    recording.rule(y, [a = Saved(a), y = Saved(y)](DoubleSweep& sweep) {
      const DoubleTensor yt = y->t(), dyt = sweep.dy().t();
      const DoubleTensor da = -matmul(matmul(yt, sweep.dy()), yt) +
                              matmul(matmul(matmul(complement(*a, *y), dyt), *y), yt) +
                              matmul(matmul(matmul(yt, *y), dyt), complement(*y, *a));
      sweep.add(0, da);
    });
  }
  return y;
}

DoubleTensor matrix_exp_in_double(const DoubleTensor& a) {
  const OpScope scope("linalg::matrix_exp");
  const DoubleTensor matrix = finite_values("linalg::matrix_exp", a);
  DoubleTensor y = DoubleTensor::empty(a.shape());
  const Index n = a.size(-1);
  if (n > 0) {
    for_each_matrix(batch_shape(a).numel(), 20 * n * n * n, [&](Index i) {
      factors::matrix_exp(n, matrix.data() + i * n * n, y.data() + i * n * n);
    });
  }
  if (Recording recording{"linalg::matrix_exp", a}) {
    recording.rule(y, [a = Saved(a), n](DoubleSweep& sweep) {
      const DoubleTensor at = a->t();
      const DoubleTensor block =
          cat({cat({at, sweep.dy()}, -1), cat({zeros_like(at), at}, -1)}, -2);
      sweep.add(0, matrix_exp_in_double(block).narrow(-2, 0, n).narrow(-1, n, n));
    });
  }
  return y;
}

}  // namespace

template <std::floating_point T>
BasicTensor<T> cholesky(const BasicTensor<T>& a, bool upper) {
  const DoubleTensor l = cholesky_in_double(square_matrices("linalg::cholesky", a));
  return cast<T>(upper ? l.t() : l);
}

template <std::floating_point T>
QrResult<T> qr(const BasicTensor<T>& a) {
  const auto y = qr_in_double(matrices("linalg::qr", a));
  return {cast<T>(y.q), cast<T>(y.r)};
}

template <std::floating_point T>
SvdResult<T> svd(const BasicTensor<T>& a) {
  const auto y = svd_in_double("linalg::svd", matrices("linalg::svd", a));
  return {cast<T>(y.u), cast<T>(y.s), cast<T>(y.vh)};
}

template <std::floating_point T>
BasicTensor<T> svdvals(const BasicTensor<T>& a) {
  return cast<T>(svd_in_double("linalg::svdvals", matrices("linalg::svdvals", a)).s);
}

template <std::floating_point T>
EighResult<T> eigh(const BasicTensor<T>& a, char uplo) {
  const auto y = eigh_of_triangle("linalg::eigh", square_matrices("linalg::eigh", a), uplo);
  return {cast<T>(y.eigenvalues), cast<T>(y.eigenvectors)};
}

template <std::floating_point T>
BasicTensor<T> eigvalsh(const BasicTensor<T>& a, char uplo) {
  return cast<T>(eigh_of_triangle("linalg::eigvalsh", square_matrices("linalg::eigvalsh", a), uplo)
                     .eigenvalues);
}

template <std::floating_point T>
BasicTensor<T> pinv(const BasicTensor<T>& a_any, std::optional<double> rtol) {
  const DoubleTensor a = matrices("linalg::pinv", a_any);
  return cast<T>(pinv_in_double(a, relative_limit<T>(a, rtol)));
}

template <std::floating_point T>
LongTensor matrix_rank(const BasicTensor<T>& a_any, std::optional<double> rtol) {
  const NoTape values_only;
  const DoubleTensor a = matrices("linalg::matrix_rank", a_any);
  const double limit = relative_limit<T>(a, rtol);
  const DoubleTensor s = svd_in_double("linalg::matrix_rank", a).s;
  const Index k = s.size(-1);
  auto rank = zeros<std::int64_t>(batch_shape(a));
  for (Index i = 0; i < s.numel(); ++i) {
    rank.data()[i / k] += s.data()[i] > limit * s.data()[i / k * k];
  }
  return rank;
}

template <std::floating_point T>
BasicTensor<T> cond(const BasicTensor<T>& a_any) {
  const DoubleTensor a = matrices("linalg::cond", a_any);
  if (std::min(a.size(-2), a.size(-1)) == 0) {
    detail::fail<ShapeError>("linalg::cond", "a must not be empty but has shape ", a.shape(),
                             "; hint: an empty matrix has no singular value");
  }
  const DoubleTensor s = svd_in_double("linalg::cond", a).s;
  return cast<T>(s.select(-1, 0) / s.select(-1, -1));
}

template <std::floating_point T>
BasicTensor<T> matrix_exp(const BasicTensor<T>& a) {
  return cast<T>(matrix_exp_in_double(square_matrices("linalg::matrix_exp", a)));
}

template <std::floating_point T>
BasicTensor<T> diagonal(const BasicTensor<T>& a) {
  check_matrices("linalg::diagonal", a.impl());
  Shape shape, strides;
  for (int i = 0; i < a.rank() - 2; ++i) {
    shape.push_back(a.shape()[i]);
    strides.push_back(a.strides()[i]);
  }
  shape.push_back(std::min(a.size(-2), a.size(-1)));
  strides.push_back(a.strides().at(-2) + a.strides().at(-1));
  return BasicTensor<T>(detail::new_view(a.impl(), a.impl()->data, shape, strides));
}

template <std::floating_point T>
BasicTensor<T> trace(const BasicTensor<T>& a) {
  check_matrices("linalg::trace", a.impl());
  return sum(diagonal(a), -1);
}

#define TENON_INSTANTIATE(T)                                                               \
  template TENON_API BasicTensor<T> cholesky(const BasicTensor<T>&, bool);                 \
  template TENON_API QrResult<T> qr(const BasicTensor<T>&);                                \
  template TENON_API SvdResult<T> svd(const BasicTensor<T>&);                              \
  template TENON_API BasicTensor<T> svdvals(const BasicTensor<T>&);                        \
  template TENON_API EighResult<T> eigh(const BasicTensor<T>&, char);                      \
  template TENON_API BasicTensor<T> eigvalsh(const BasicTensor<T>&, char);                 \
  template TENON_API BasicTensor<T> pinv(const BasicTensor<T>&, std::optional<double>);    \
  template TENON_API LongTensor matrix_rank(const BasicTensor<T>&, std::optional<double>); \
  template TENON_API BasicTensor<T> cond(const BasicTensor<T>&);                           \
  template TENON_API BasicTensor<T> matrix_exp(const BasicTensor<T>&);                     \
  template TENON_API BasicTensor<T> diagonal(const BasicTensor<T>&);                       \
  template TENON_API BasicTensor<T> trace(const BasicTensor<T>&);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon::linalg
