#include <utility>

#include "tensor_support.hpp"

using namespace tenon_test;

TEST_CASE("A handle is eight bytes and shares the values", "[tensor][tensor][tiny]") {
  static_assert(sizeof(Tensor) == 8);
  Tensor a = tensor({1, 2});
  Tensor b = a;
  CHECK(b.is_same(a));
  b(0) = 5;
  CHECK(a(0) == 5);
  CHECK_FALSE(a.clone().is_same(a));
}

TEST_CASE("Copying, moving and swapping handles keeps count", "[tensor][tensor]") {
  Tensor a = tensor({1, 2});
  detail::TensorImpl* impl = a.impl();
  Tensor b = a;
  CHECK(impl->references == 2);
  Tensor c = std::move(b);
  CHECK(impl->references == 2);
  CHECK_FALSE(b.defined());
  Tensor& same = a;
  a = same;
  CHECK(a.impl() == impl);
  a = std::move(same);
  CHECK(a.impl() == impl);
  c = tensor(3);
  CHECK(impl->references == 1);
  a.swap(c);
  CHECK(a.item() == 3);
  CHECK(c.impl() == impl);
}

TEST_CASE("Metadata of a tensor", "[tensor][tensor]") {
  const DoubleTensor x = empty<double>({2, 3, 4});
  CHECK(x.rank() == 3);
  CHECK(x.size(-1) == 4);
  CHECK(x.numel() == 24);
  CHECK(x.strides() == Shape{12, 4, 1});
  CHECK(x.dtype() == DType::float64);
  CHECK(x.impl()->dtype == DType::float64);
  CHECK_THROWS_AS(x.size(3), IndexError);
  CHECK(std::string(to_string(BoolTensor::dtype())) == "bool");
  CHECK(std::string(to_string(ByteTensor::dtype())) == "uint8");
  CHECK(std::string(to_string(IntTensor::dtype())) == "int32");
  CHECK(std::string(to_string(LongTensor::dtype())) == "int64");
  CHECK(std::string(to_string(Tensor::dtype())) == "float32");
  CHECK(std::string(to_string(DType::float64)) == "float64");
}

TEST_CASE("Shapes take any integer type in braces", "[tensor][tensor]") {
  const std::size_t rows = 2;
  const int columns = 3;
  const unsigned short depth = 4;
  const Tensor x = empty({rows, columns, depth});
  CHECK(x.shape() == Shape{2, 3, 4});
  CHECK_NOTHROW(x(rows - 1, columns - 1, depth - 1));
  CHECK(x.reshape({rows * depth, -1}).shape() == Shape{8, 3});
}

TEST_CASE("Values start on a cache line", "[tensor][tensor]") {
  for (Index n = 0; n < 40; ++n) {
    const ByteTensor x = ByteTensor::empty({n});
    CHECK(reinterpret_cast<std::uintptr_t>(x.data()) % 64 == 0);
  }
}

TEST_CASE("Element access counts from either end", "[tensor][tensor]") {
  Tensor x = counting<float>({2, 3});
  CHECK(x(1, 2) == 5);
  CHECK(x(-1, -3) == 3);
  CHECK(x.t()(2, -1) == 5);
  x(0, 1) = 8;
  CHECK(std::as_const(x)(0, 1) == 8);
  CHECK(tensor(4)() == 4);
}

TEST_CASE("Element access says what is outside", "[tensor][tensor][error]") {
  const Tensor x = empty({2, 3});
  CHECK(message<IndexError>([&] { x(0, 5); }) ==
        "[tensor] position 5 is outside axis 1 of shape (2, 3); hint: positions run from 0 to 2, "
        "or from -1 (the last) to -3");
  CHECK(message<IndexError>([&] { x(-3, 0); }) ==
        "[tensor] position -3 is outside axis 0 of shape (2, 3); hint: positions run from 0 to 1, "
        "or from -1 (the last) to -2");
  CHECK(message<IndexError>([&] { x(1); }) ==
        "[tensor] an element of shape (2, 3) needs 2 positions but 1 were given; hint: one "
        "position an axis; x[i] and x.index(...) take fewer and give a tensor");
  CHECK_THROWS_AS(x(std::numeric_limits<Index>::min(), 0), IndexError);
}

TEST_CASE("item wants one element", "[tensor][tensor][error]") {
  CHECK(tensor({{7}}).item() == 7);
  CHECK(counting<float>({2, 3}).select(0, 1).select(0, 2).item() == 5);
  CHECK(message<ShapeError>([&] {
          empty({2, 3}).item();
        }) ==
        "[item] a tensor of shape (2, 3) has 6 elements, not one; hint: reduce it first (sum, "
        "mean) or name one element, as in x(0, 0)");
  CHECK_THROWS_AS(empty({0}).item(), ShapeError);
}

TEST_CASE("An undefined tensor says so", "[tensor][tensor][error]") {
  const Tensor x;
  Tensor y = tensor({1, 2});
  CHECK_FALSE(x.defined());
  const std::string rest =
      " the tensor is undefined: it was default-constructed or moved from; hint: assign a tensor "
      "to it first, or ask defined()";
  CHECK(message<ValueError>([&] { x.item(); }) == "[item]" + rest);
  CHECK(message<ValueError>([&] { x(0); }) == "[tensor]" + rest);
  CHECK(message<ValueError>([&] { x.reshape({1}); }) == "[reshape]" + rest);
  CHECK(message<ValueError>([&] { x.flatten(); }) == "[flatten]" + rest);
  CHECK(message<ValueError>([&] { x.t(); }) == "[transpose]" + rest);
  CHECK(message<ValueError>([&] { x.permute({}); }) == "[permute]" + rest);
  CHECK(message<ValueError>([&] { x.narrow(0, 0, 0); }) == "[narrow]" + rest);
  CHECK(message<ValueError>([&] { x.slice(0, all); }) == "[slice]" + rest);
  CHECK(message<ValueError>([&] { x[0]; }) == "[select]" + rest);
  CHECK(message<ValueError>([&] { x.index({0}); }) == "[index]" + rest);
  CHECK(message<ValueError>([&] { x.expand({1}); }) == "[expand]" + rest);
  CHECK(message<ValueError>([&] { x.squeeze(); }) == "[squeeze]" + rest);
  CHECK(message<ValueError>([&] { x.squeeze(0); }) == "[squeeze]" + rest);
  CHECK(message<ValueError>([&] { x.unsqueeze(0); }) == "[unsqueeze]" + rest);
  CHECK(message<ValueError>([&] { x.detach(); }) == "[detach]" + rest);
  CHECK(message<ValueError>([&] { x.clone(); }) == "[clone]" + rest);
  CHECK(message<ValueError>([&] { x.contiguous(); }) == "[is_contiguous]" + rest);
  CHECK(message<ValueError>([&] { x.to<double>(); }) == "[to]" + rest);
  CHECK(message<ValueError>([&] { y.copy_(x); }) == "[copy_]" + rest);
  CHECK(message<ValueError>([&] { Tensor().copy_(y); }) == "[copy_]" + rest);
  CHECK(message<ValueError>([&] { Tensor().fill_(1); }) == "[fill_]" + rest);
  CHECK(message<ValueError>([&] { equal(x, y); }) == "[equal]" + rest);
  CHECK(message<ValueError>([&] { allclose(y, x); }) == "[allclose]" + rest);
}

TEST_CASE("Shapes that no memory can hold are refused", "[tensor][tensor][error]") {
  CHECK(message<ValueError>([] {
          empty({2, -1});
        }) ==
        "[empty] a tensor of shape (2, -1) cannot have the negative size -1; hint: only reshape "
        "and expand give -1 a meaning");
  const Index huge = Index{1} << 40;
  CHECK(message<ShapeError>([&] {
          empty({huge, huge});
        }) ==
        "[empty] a tensor of shape (1099511627776, 1099511627776) needs more bytes than memory "
        "can have; hint: check the sizes for a product or a conversion that overflowed");
  CHECK_THROWS_AS(empty({0, huge, huge}), ShapeError);
  CHECK_THROWS_AS(empty<double>({Index{1} << 60}), ShapeError);
  CHECK_THROWS_AS(ByteTensor::empty({std::numeric_limits<Index>::max()}), ShapeError);
  CHECK_THROWS_AS(empty({-huge, -huge}), ValueError);
  CHECK_THROWS_AS(empty({1, 1, 1, 1, 1, 1, 1, 1, 1}), ShapeError);
}
