#include "tenon/tensor/layout.hpp"

#include "tensor_support.hpp"

using namespace tenon_test;

namespace {

/// The offsets of operand k in the order in which a kernel walks dims.
template <int Inputs>
std::vector<Index> walk(const kernels::ElementwiseDims<Inputs>& dims, int k) {
  Shape sizes;
  Shape strides;
  for (int i = 0; i < dims.rank; ++i) {
    sizes.push_back(dims.sizes[i]);
    strides.push_back(dims.strides[k][i]);
  }
  std::vector<Index> offsets;
  for_each_position(sizes, [&](const Shape& at) { offsets.push_back(dot(at, strides)); });
  return offsets;
}

std::vector<Index> expected_offsets(const Shape& out, const LongTensor& x) {
  const LongTensor seen = x.expand(out);
  std::vector<Index> offsets;
  for_each_position(out, [&](const Shape& at) { offsets.push_back(dot(at, seen.strides())); });
  return offsets;
}

template <int Inputs>
bool is_merged(const kernels::ElementwiseDims<Inputs>& dims) {
  for (int i = 0; i + 1 < dims.rank; ++i) {
    bool could_merge = true;
    for (int k = 0; k < Inputs; ++k) {
      could_merge = could_merge && dims.strides[k][i] == dims.strides[k][i + 1] * dims.sizes[i + 1];
    }
    if (could_merge) return false;
  }
  return true;
}

LongTensor random_operand(const Shape& out, Random& random) {
  Shape shape = out;
  for (Index& size : shape) {
    if (random.chance(25)) size = 1;
  }
  while (shape.rank() > 0 && random.chance(15)) shape.erase(0);
  LongTensor x = counting(shape);
  if (shape.rank() >= 2 && random.chance(40)) x = x.t().contiguous().t();
  if (shape.rank() >= 1 && random.chance(30)) {
    Shape wide = shape;
    wide[0] *= 2;
    x = counting(wide).slice(0, {0, Slice::end, 2});
  }
  return x;
}

template <int Inputs>
void check_random_dims(Random& random) {
  const Shape out = random.shape();
  LongTensor operands[Inputs];
  const detail::TensorImpl* impls[Inputs];
  for (int k = 0; k < Inputs; ++k) {
    operands[k] = random_operand(out, random);
    impls[k] = operands[k].impl();
  }
  const auto dims = detail::elementwise_dims<Inputs>(out, impls);
  REQUIRE(dims.numel == out.numel());
  REQUIRE(dims.rank >= 1);
  REQUIRE(is_merged(dims));
  for (int k = 0; k < Inputs; ++k) {
    REQUIRE(walk(dims, k) == expected_offsets(out, operands[k]));
  }
}

}  // namespace

TEST_CASE("Elementwise dims walk every operand as broadcasting says", "[tensor][layout][tiny]") {
  Random random(5);
  for (int round = 0; round < 2000; ++round) {
    check_random_dims<1>(random);
    check_random_dims<2>(random);
    check_random_dims<3>(random);
  }
}

TEST_CASE("Flat operands have rank 1", "[tensor][layout]") {
  const Tensor a = empty({2, 3, 4});
  const Tensor b = empty({2, 3, 4});
  const auto flat = detail::elementwise_dims<2>(a.shape(), {a.impl(), b.impl()});
  CHECK(flat.rank == 1);
  CHECK(flat.sizes[0] == 24);
  CHECK(flat.strides[0][0] == 1);
  CHECK(flat.strides[1][0] == 1);
  const Tensor scalar = tensor(2);
  const auto with_scalar = detail::elementwise_dims<2>(a.shape(), {a.impl(), scalar.impl()});
  CHECK(with_scalar.rank == 1);
  CHECK(with_scalar.strides[1][0] == 0);
  const Tensor bias = empty({4});
  const auto with_bias = detail::elementwise_dims<2>(a.shape(), {a.impl(), bias.impl()});
  CHECK(with_bias.rank == 2);
  CHECK(with_bias.sizes[0] == 6);
  CHECK(with_bias.sizes[1] == 4);
}

TEST_CASE("A single element and an empty output have rank 1", "[tensor][layout]") {
  const Tensor scalar = tensor(2);
  const auto one = detail::elementwise_dims<1>({}, {scalar.impl()});
  CHECK(one.numel == 1);
  CHECK(one.rank == 1);
  CHECK(one.sizes[0] == 1);
  const Tensor none = empty({3, 0});
  const auto nothing = detail::elementwise_dims<2>(none.shape(), {none.impl(), scalar.impl()});
  CHECK(nothing.numel == 0);
  CHECK(nothing.rank == 1);
  CHECK(nothing.sizes[0] == 0);
}

TEST_CASE("Contiguity ignores axes of size 1 and empty tensors", "[tensor][layout]") {
  CHECK(detail::is_contiguous({2, 3}, {3, 1}));
  CHECK_FALSE(detail::is_contiguous({2, 3}, {4, 1}));
  CHECK_FALSE(detail::is_contiguous({2, 3}, {1, 2}));
  CHECK(detail::is_contiguous({2, 1, 3}, {3, 77, 1}));
  CHECK(detail::is_contiguous({1}, {0}));
  CHECK(detail::is_contiguous({}, {}));
  CHECK(detail::is_contiguous({2, 0, 3}, {9, 9, 9}));
  CHECK_FALSE(detail::is_contiguous({3}, {0}));
}
