// Products of matrices, and linear layers as inference runs them.

#include "case.hpp"
#include "sizes.hpp"
#include "tenon/ops/linear.hpp"
#include "tenon/ops/matmul.hpp"
#include "tenon/tensor/factories.hpp"

namespace tenon::bench {
namespace {

Case matmul_case(const MatmulSizes& s) {
  return {s.name(), s.flops(), s.bytes(), [=] {
            return [a = randn({s.m, s.k}), b = randn({s.k, s.n})] { keep(matmul(a, b)); };
          }};
}

Case linear_case(const LinearSizes& s) {
  return {s.name(), s.flops(), s.bytes(), [=] {
            return [x = randn({s.m, s.k}), w = randn({s.n, s.k}), b = randn({s.n})] {
              keep(linear(x, w, b));
            };
          }};
}

const bool registered = [] {
  for (const MatmulSizes& s : matmul_sizes) cases().push_back(matmul_case(s));
  for (const LinearSizes& s : linear_sizes) cases().push_back(linear_case(s));
  return true;
}();

}  // namespace
}  // namespace tenon::bench
