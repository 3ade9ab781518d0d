// Products of matrices, and linear layers as inference runs them.

#include "case.hpp"
#include "tenon/ops/linear.hpp"
#include "tenon/ops/matmul.hpp"
#include "tenon/tensor/factories.hpp"

namespace tenon::bench {
namespace {

Case matmul_case(Index m, Index k, Index n) {
  return {"matmul/" + joined({m, k, n}), 2.0 * static_cast<double>(m * k * n), 0, [=] {
            return [a = randn({m, k}), b = randn({k, n})] { keep(matmul(a, b)); };
          }};
}

Case linear_case(Index m, Index k, Index n) {
  const double flops = 2.0 * static_cast<double>(m * k * n);
  // One row uses every weight once: memory is the limit.
  const double bytes = m == 1 ? 4.0 * static_cast<double>(k * n) : 0;
  return {
      "linear/" + joined({m, k}) + "->" + std::to_string(n), bytes > 0 ? 0 : flops, bytes, [=] {
        return [x = randn({m, k}), w = randn({n, k}), b = randn({n})] { keep(linear(x, w, b)); };
      }};
}

const Register registered[] = {
    Register(matmul_case(64, 64, 64)),       Register(matmul_case(256, 256, 256)),
    Register(matmul_case(1024, 1024, 1024)), Register(linear_case(64, 576, 64)),
    Register(linear_case(128, 784, 256)),    Register(linear_case(1, 1024, 1024)),
};

}  // namespace
}  // namespace tenon::bench
