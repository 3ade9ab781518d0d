// OpenBLAS: products by cblas_sgemm, a single row's by cblas_sgemv.

#include <cblas.h>

#include <algorithm>

#include "peer.hpp"
#include "tenon/tensor/factories.hpp"

namespace tenon::bench {
namespace {

blasint size(Index n) { return static_cast<blasint>(n); }

PeerWork matmul(const Tensor& a, const Tensor& b) {
  Tensor y = empty({a.size(0), b.size(1)});
  const blasint m = size(a.size(0)), k = size(a.size(1)), n = size(b.size(1));
  return {[=]() mutable {
            cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, m, n, k, 1, a.data(), k,
                        b.data(), n, 0, y.data(), n);
          },
          [=] { return std::vector{y}; }};
}

/// The bias is what the product is added to.
PeerWork linear(const Tensor& x, const Tensor& w, const Tensor& b) {
  Tensor y = empty({x.size(0), w.size(0)});
  const blasint m = size(x.size(0)), k = size(x.size(1)), n = size(w.size(0));
  return {[=]() mutable {
            for (Index i = 0; i < m; ++i) std::copy_n(b.data(), n, y.data() + i * n);
            if (m == 1) {
              cblas_sgemv(CblasRowMajor, CblasNoTrans, n, k, 1, w.data(), k, x.data(), 1, 1,
                          y.data(), 1);
            } else {
              cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, m, n, k, 1, x.data(), k,
                          w.data(), k, 1, y.data(), n);
            }
          },
          [=] { return std::vector{y}; }};
}

const bool added =
    add_peer({"openblas", openblas_set_num_threads, matmul, linear, nullptr, nullptr});

}  // namespace
}  // namespace tenon::bench
