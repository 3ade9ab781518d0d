// The code of docs/tensors.md: each region between [name] and [/name] is quoted there, and runs
// here.

#include <tenon/tenon.hpp>

#include "catch.hpp"

using namespace tenon;

TEST_CASE("the tensors page's ways to read and write by position", "[docs]") {
  // [index]
  Tensor x = tensor({{1, 2, 3}, {4, 5, 6}});
  LongTensor columns = tensor<std::int64_t>({2, 0});
  Tensor picked = index_select(x, 1, columns);                      // {{3, 1}, {6, 4}}
  Tensor large = masked_select(x, gt(x, 2));                        // {3, 4, 5, 6}
  LongTensor best = argmax(x, 1, true);                             // {{2}, {2}}
  Tensor values = gather(x, 1, best);                               // {{3}, {6}}
  Tensor sums = scatter_add(zeros({2, 3}), 1, best, ones({2, 1}));  // {{0, 0, 1}, {0, 0, 1}}

  LongTensor rows = tensor<std::int64_t>({0, 1});
  Tensor pairs = index(x, {rows, columns});                     // {3, 4}: x(0, 2) and x(1, 0)
  Tensor written = index_put(x, {rows, columns}, tensor(9));    // {{1, 2, 9}, {9, 5, 6}}
  Tensor filled = masked_scatter(x, lt(x, 3), tensor({8, 7}));  // {{8, 7, 3}, {4, 5, 6}}

  x.index({ellipsis, 0}).fill_(0);  // x[..., 0] = 0
  x.copy_(where(gt(x, 4), 4, x));   // x[x > 4] = 4
  // [/index]
  REQUIRE(equal(pairs, tensor({3, 4})));
  REQUIRE(equal(written, tensor({{1, 2, 9}, {9, 5, 6}})));
  REQUIRE(equal(filled, tensor({{8, 7, 3}, {4, 5, 6}})));
  REQUIRE(equal(x, tensor({{0, 2, 3}, {0, 4, 4}})));
  REQUIRE(equal(picked, tensor({{3, 1}, {6, 4}})));
  REQUIRE(equal(large, tensor({3, 4, 5, 6})));
  REQUIRE(equal(values, tensor({{3}, {6}})));
  REQUIRE(equal(sums, tensor({{0, 0, 1}, {0, 0, 1}})));
}

TEST_CASE("the tensors page's sorting and einsum", "[docs]") {
  const Tensor scores = tensor({0.1, 0.7, 0.2});
  // [sort]
  auto [top, where_from] = topk(scores, 2);  // {0.7, 0.2}, {1, 2}
  LongTensor order = argsort(scores);        // {0, 2, 1}
  auto [labels, inverse, counts] =
      unique(tensor<std::int64_t>({5, 2, 5}));  // {2, 5}, {1, 0, 1}, {1, 2}
  // [/sort]
  REQUIRE(equal(top, tensor({0.7, 0.2})));
  REQUIRE(equal(where_from, tensor<std::int64_t>({1, 2})));
  REQUIRE(equal(order, tensor<std::int64_t>({0, 2, 1})));
  REQUIRE(equal(labels, tensor<std::int64_t>({2, 5})));
  REQUIRE(equal(counts, tensor<std::int64_t>({1, 2})));
  REQUIRE(inverse(0) == 1);

  const Tensor q = ones({2, 3, 4}), k = ones({2, 5, 4});
  // [einsum]
  Tensor similarity = einsum("nqd,nkd->nqk", q, k);
  Tensor trace = einsum("ii->", eye(3));
  // [/einsum]
  REQUIRE(similarity.shape() == Shape{2, 3, 5});
  REQUIRE(trace.item() == 3);
}
