// Eigen's products, compiled for this processor: its vectors are chosen when compiling.

#include <Eigen/Core>

#include "peer.hpp"
#include "tenon/tensor/factories.hpp"

namespace tenon::bench {
namespace {

using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Row = Eigen::Matrix<float, 1, Eigen::Dynamic>;

Eigen::Map<const Matrix> matrix(const Tensor& t) { return {t.data(), t.size(0), t.size(1)}; }
Eigen::Map<Matrix> matrix(Tensor& t) { return {t.data(), t.size(0), t.size(1)}; }

PeerWork matmul(const Tensor& a, const Tensor& b) {
  Tensor y = empty({a.size(0), b.size(1)});
  return {[=]() mutable { matrix(y).noalias() = matrix(a) * matrix(b); },
          [=] { return std::vector{y}; }};
}

PeerWork linear(const Tensor& x, const Tensor& w, const Tensor& b) {
  Tensor y = empty({x.size(0), w.size(0)});
  return {[=]() mutable {
            const Eigen::Map<const Row> bias(b.data(), b.size(0));
            if (x.size(0) == 1) {
              // Known to be a vector when compiling, the row takes the matrix-vector product.
              Eigen::Map<Row> out(y.data(), y.size(1));
              out.noalias() = Eigen::Map<const Row>(x.data(), x.size(1)) * matrix(w).transpose();
              out += bias;
            } else {
              matrix(y).noalias() = matrix(x) * matrix(w).transpose();
              matrix(y).rowwise() += bias;
            }
          },
          [=] { return std::vector{y}; }};
}

const bool added = add_peer({"eigen", Eigen::setNbThreads, matmul, linear, nullptr, nullptr});

}  // namespace
}  // namespace tenon::bench
