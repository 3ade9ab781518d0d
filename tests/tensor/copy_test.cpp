#include <cmath>
#include <numeric>

#include "tensor_support.hpp"

using namespace tenon_test;

namespace {

/// A random view of x that repeats no value.
LongTensor writable_view(LongTensor x, Random& random) {
  if (random.chance(50)) x = x.permute(random.order(x.rank()));
  for (int axis = 0; axis < x.rank(); ++axis) {
    if (random.chance(40)) {
      x = x.slice(axis, {random.pick(0, 2), random.pick(2, 6), random.pick(1, 2)});
    }
  }
  return x;
}

/// Some positions of the values' shape made 1 and axes dropped in front, so that it broadcasts.
Shape broadcast_source(const Shape& shape, Random& random) {
  Shape result = shape;
  for (Index& size : result) {
    if (random.chance(30)) size = 1;
  }
  while (result.rank() > 0 && random.chance(20)) result.erase(0);
  return result;
}

Index source_offset(const LongTensor& values, const Shape& at) {
  Index offset = 0;
  const int skipped = at.rank() - values.rank();
  for (int i = 0; i < values.rank(); ++i) {
    if (values.shape()[i] != 1) offset += at[i + skipped] * values.strides()[i];
  }
  return offset;
}

}  // namespace

TEST_CASE("copy_ writes broadcast values into any view and nothing else", "[tensor][copy][tiny]") {
  Random random(3);
  for (int round = 0; round < 1000; ++round) {
    LongTensor storage = counting(random.shape());
    LongTensor target = writable_view(storage, random);
    LongTensor values = counting(broadcast_source(target.shape(), random));
    for (Index i = 0; i < values.numel(); ++i) values.data()[i] += 10000;
    // The same values in column-major order, so that the source is no flat array either.
    if (values.rank() == 2 && random.chance(50)) values = values.t().contiguous().t();
    std::vector<std::int64_t> expected(storage.data(), storage.data() + storage.numel());
    for_each_position(target.shape(), [&](const Shape& at) {
      const Index where = target.data() - storage.data() + dot(at, target.strides());
      expected[static_cast<std::size_t>(where)] = values.data()[source_offset(values, at)];
    });
    target.copy_(values);
    REQUIRE(values_of(storage) == expected);
  }
}

TEST_CASE("copy_ between overlapping views reads everything first", "[tensor][copy]") {
  Random random(4);
  for (int round = 0; round < 500; ++round) {
    const Index n = random.pick(2, 12);
    const Index length = random.pick(1, n);
    LongTensor storage = counting({n, n});
    LongTensor target = storage.narrow(0, random.pick(0, n - length), length);
    LongTensor source = storage.narrow(0, random.pick(0, n - length), length);
    if (random.chance(50)) source = source.narrow(1, 0, length).t();
    if (source.size(1) == length) target = target.narrow(1, random.pick(0, n - length), length);
    const std::vector<std::int64_t> expected = values_of(source);
    target.copy_(source);
    REQUIRE(values_of(target) == expected);
  }
}

TEST_CASE("copy_ transposes a square matrix in place", "[tensor][copy]") {
  LongTensor x = counting({3, 3});
  x.copy_(x.t());
  CHECK(values_of(x) == std::vector<std::int64_t>{0, 3, 6, 1, 4, 7, 2, 5, 8});
  x.copy_(x);
  CHECK(values_of(x) == std::vector<std::int64_t>{0, 3, 6, 1, 4, 7, 2, 5, 8});
  x.copy_(x[1]);
  CHECK(values_of(x) == std::vector<std::int64_t>{1, 4, 7, 1, 4, 7, 1, 4, 7});
}

TEST_CASE("copy_ sees the overlap of two tensors over a caller's memory", "[tensor][copy]") {
  std::vector<float> memory(10);
  std::iota(memory.begin(), memory.end(), 0.0f);
  Tensor a = from_blob(memory.data(), {9});
  const Tensor b = from_blob(memory.data() + 1, {9});
  CHECK_FALSE(a.shares_storage(b));
  Tensor c = from_blob(memory.data() + 1, {9});
  c.copy_(a);
  CHECK(memory == std::vector<float>{0, 0, 1, 2, 3, 4, 5, 6, 7, 8});
}

TEST_CASE("copy_ and fill_ count as writes of the storage", "[tensor][copy]") {
  Tensor x = zeros({2, 3});
  const auto version = [&] { return x.impl()->version; };
  CHECK(version() == 0);
  x.copy_(tensor({1, 2, 3}));
  CHECK(version() == 1);
  x.t().select(0, 1).fill_(4);
  CHECK(version() == 2);
  x.detach().mark_modified();
  CHECK(version() == 3);
  x.slice(0, {0, 0}).copy_(tensor(1));
  CHECK(version() == 4);
  CHECK(values_of(x) == std::vector<float>{1, 4, 3, 1, 4, 3});
}

TEST_CASE("fill_ sets every element of any view", "[tensor][copy]") {
  LongTensor x = counting({3, 4});
  x.slice(1, {1, 4, 2}).fill_(-1);
  CHECK(values_of(x) == std::vector<std::int64_t>{0, -1, 2, -1, 4, -1, 6, -1, 8, -1, 10, -1});
  x.fill_(7);
  CHECK(values_of(x) == std::vector<std::int64_t>(12, 7));
  BoolTensor mask = full<bool>({3}, false);
  mask.slice(0, {1, 2}).fill_(true);
  CHECK(values_of(mask) == std::vector<bool>{false, true, false});
  Tensor scalar = tensor(1);
  scalar.fill_(2);
  CHECK(scalar.item() == 2);
  CHECK_NOTHROW(empty({0, 2}).fill_(1));
}

TEST_CASE("Writing says what does not fit", "[tensor][copy][error]") {
  Tensor x = zeros({2, 4});
  CHECK(message<ShapeError>([&] { x.copy_(zeros({3})); }) ==
        "[copy_] values of shape (3) do not broadcast to (2, 4); hint: counted from the end, "
        "every size must be 1 or that of the tensor written to");
  CHECK_THROWS_AS(x.copy_(zeros({1, 2, 4})), ShapeError);
  CHECK_THROWS_AS(x[0].copy_(x), ShapeError);
  CHECK_THROWS_AS(zeros({1, 4}).copy_(x), ShapeError);
  CHECK(x.impl()->version == 0);
  CHECK(message<ValueError>([&] {
          zeros({4}).expand({2, 4}).copy_(x);
        }) ==
        "[copy_] cannot write to a tensor of shape (2, 4) that repeats its values along axis 0 "
        "(made by expand); hint: write to its clone()");
  CHECK(message<ValueError>([&] {
          zeros({2, 1}).expand({2, 4}).fill_(1);
        }) ==
        "[fill_] cannot write to a tensor of shape (2, 4) that repeats its values along axis 1 "
        "(made by expand); hint: write to its clone()");
}

TEST_CASE("clone and contiguous copy what a view shows", "[tensor][copy]") {
  const Tensor x = counting<float>({2, 3});
  const Tensor y = x.t().clone();
  CHECK(y.is_contiguous());
  CHECK_FALSE(y.shares_storage(x));
  CHECK(values_of(y) == values_of(x.t()));
  CHECK(x.contiguous().is_same(x));
  CHECK(values_of(x.expand({4, 2, 3}).clone()) == values_of(x.expand({4, 2, 3})));
  CHECK(tensor(2).clone().item() == 2);
  CHECK(empty({0, 3}).clone().shape() == Shape{0, 3});
}

TEST_CASE("to converts the values of any view", "[tensor][copy]") {
  const Tensor x = tensor({{-1.7f, 0.0f}, {2.9f, 300.0f}});
  CHECK(values_of(x.t().to<std::int64_t>()) == std::vector<std::int64_t>{-1, 2, 0, 300});
  CHECK(values_of(x.to<bool>()) == std::vector<bool>{true, false, true, true});
  CHECK(values_of(x.to<double>()) == std::vector<double>{double(-1.7f), 0.0, double(2.9f), 300.0});
  CHECK(values_of(counting({4}).to<float>()) == std::vector<float>{0, 1, 2, 3});
  CHECK(values_of(tensor<bool>({true, false}).to<std::int32_t>()) ==
        std::vector<std::int32_t>{1, 0});
  CHECK(values_of(tensor<std::int32_t>({1, 255}).to<std::uint8_t>()) ==
        std::vector<std::uint8_t>{1, 255});
  CHECK_FALSE(x.to<float>().shares_storage(x));
  CHECK(std::isnan(tensor(NAN).to<double>().item()));
}
