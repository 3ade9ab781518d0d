#include "tensor_support.hpp"

using namespace tenon_test;

TEST_CASE("A view writes through to the tensor it was made from", "[tensor][views]") {
  Tensor x = zeros({3, 4});
  Tensor column = x.t().select(0, 1);
  column(2) = 5;
  CHECK(x(2, 1) == 5);
  x[0].fill_(7);
  CHECK(x(0, 3) == 7);
  CHECK(x.reshape({12})(9) == 5);
}

TEST_CASE("reshape fills in -1 and copies only where it must", "[tensor][views]") {
  const Tensor x = counting<float>({3, 4});
  CHECK(x.reshape({-1}).shape() == Shape{12});
  CHECK(x.reshape({2, -1, 3}).shape() == Shape{2, 2, 3});
  CHECK(x.reshape({-1, 12}).shape() == Shape{1, 12});
  CHECK(x.reshape({2, 6}).shares_storage(x));
  CHECK(x.t().reshape({4, 3, 1}).shares_storage(x));
  CHECK_FALSE(x.t().reshape({12}).shares_storage(x));
  CHECK(values_of(x.t().reshape({12})) == values_of(x.t()));
  CHECK(tensor(5).reshape({1, 1}).item() == 5);
  CHECK(tensor({5}).reshape({}).rank() == 0);
}

TEST_CASE("reshape knows empty tensors", "[tensor][views]") {
  const Tensor x = empty({0, 3});
  CHECK(x.reshape({3, 0}).shape() == Shape{3, 0});
  CHECK(x.reshape({-1}).shape() == Shape{0});
  CHECK(x.reshape({5, -1}).shape() == Shape{5, 0});
  CHECK(x.t().reshape({0}).numel() == 0);
}

TEST_CASE("reshape says which shapes do not fit", "[tensor][views][error]") {
  const Tensor x = empty({3, 4});
  CHECK(message<ShapeError>([&] {
          x.reshape({5, -1});
        }) ==
        "[reshape] cannot view 12 elements of shape (3, 4) as (5, -1); hint: the number of "
        "elements must be a multiple of the other sizes");
  CHECK(message<ShapeError>([&] {
          x.reshape({5, 2});
        }) ==
        "[reshape] cannot view 12 elements of shape (3, 4) as (5, 2); hint: the product of the "
        "sizes must stay the same");
  CHECK(message<ShapeError>([&] {
          x.reshape({-1, -1});
        }) ==
        "[reshape] cannot view 12 elements of shape (3, 4) as (-1, -1); hint: only one size can "
        "be -1; write out the others");
  CHECK(message<ShapeError>([&] {
          x.reshape({-2, 6});
        }) ==
        "[reshape] cannot view 12 elements of shape (3, 4) as (-2, 6); hint: sizes are at least "
        "0, and one may be -1 for whatever is left");
  CHECK(message<ShapeError>([&] {
          empty({0}).reshape({0, -1});
        }) ==
        "[reshape] cannot view 0 elements of shape (0) as (0, -1); hint: next to a size of 0 the "
        "-1 could be any size");
  const Index huge = Index{1} << 40;
  CHECK(message<ShapeError>([&] {
          x.reshape({huge, huge});
        }) ==
        "[reshape] cannot view 12 elements of shape (3, 4) as (1099511627776, 1099511627776); "
        "hint: the product of the sizes overflows");
}

TEST_CASE("flatten merges a range of axes", "[tensor][views]") {
  const Tensor x = counting<float>({2, 3, 4, 5});
  CHECK(x.flatten().shape() == Shape{120});
  CHECK(x.flatten(1).shape() == Shape{2, 60});
  CHECK(x.flatten(1, 2).shape() == Shape{2, 12, 5});
  CHECK(x.flatten(-2, -1).shape() == Shape{2, 3, 20});
  CHECK(x.flatten(2, 2).shape() == x.shape());
  CHECK(values_of(x.flatten(1)) == values_of(x));
  CHECK(tensor(3).flatten().shape() == Shape{1});
  CHECK(empty({2, 0, 3}).flatten(1).shape() == Shape{2, 0});
  CHECK(message<ValueError>([&] { x.flatten(2, 1); }) ==
        "[flatten] axis 2 comes after axis 1 in shape (2, 3, 4, 5); hint: give the first axis to "
        "merge, then the last");
}

TEST_CASE("permute wants every axis once", "[tensor][views][error]") {
  const Tensor x = empty({2, 3});
  CHECK(message<ValueError>([&] {
          x.permute({0, 0});
        }) ==
        "[permute] (0, 0) is not an order of the 2 axes of shape (2, 3); hint: name every axis "
        "exactly once");
  CHECK(message<ValueError>([&] {
          x.permute({0, -2});
        }) ==
        "[permute] (0, -2) is not an order of the 2 axes of shape (2, 3); hint: name every axis "
        "exactly once");
  CHECK(message<ValueError>([&] { x.permute({0}); }) ==
        "[permute] (0) is not an order of the 2 axes of shape (2, 3); hint: name every axis "
        "exactly once");
  CHECK_THROWS_AS(x.permute({0, 2}), IndexError);
  CHECK_THROWS_AS(x.transpose(0, 2), IndexError);
  CHECK_THROWS_AS(tensor({1, 2}).t(), IndexError);
}

TEST_CASE("expand repeats without copying", "[tensor][views]") {
  const Tensor row = tensor({1, 2, 3});
  const Tensor x = row.expand({2, -1});
  CHECK(x.shape() == Shape{2, 3});
  CHECK(x.strides() == Shape{0, 1});
  CHECK(x.shares_storage(row));
  CHECK(values_of(x) == std::vector<float>{1, 2, 3, 1, 2, 3});
  CHECK(tensor(4).expand({3}).strides() == Shape{0});
  CHECK(tensor(4).expand({}).rank() == 0);
  CHECK(empty({1, 0}).expand({5, 0}).shape() == Shape{5, 0});
  CHECK(empty({1}).expand({0}).numel() == 0);
}

TEST_CASE("expand says what cannot be repeated", "[tensor][views][error]") {
  const Tensor x = empty({2, 3});
  CHECK(message<ShapeError>([&] {
          x.expand({4, 3});
        }) ==
        "[expand] cannot expand shape (2, 3) to (4, 3); hint: only axes of size 1 can be "
        "repeated, counted from the end");
  CHECK(message<ShapeError>([&] { x.expand({3}); }) ==
        "[expand] cannot expand shape (2, 3) to (3); hint: the new shape needs at least as many "
        "axes");
  CHECK(message<ShapeError>([&] {
          x.expand({-1, 2, 3});
        }) ==
        "[expand] cannot expand shape (2, 3) to (-1, 2, 3); hint: sizes are at least 0, and -1 "
        "keeps the size of an old axis");
  CHECK_THROWS_AS(x.expand({-2, 3}), ShapeError);
}

TEST_CASE("squeeze and unsqueeze say what they need", "[tensor][views][error]") {
  const Tensor x = empty({2, 1, 3});
  CHECK(x.squeeze(-2).shape() == Shape{2, 3});
  CHECK(x.unsqueeze(-1).shape() == Shape{2, 1, 3, 1});
  CHECK(message<ShapeError>([&] { x.squeeze(0); }) ==
        "[squeeze] axis 0 of shape (2, 1, 3) has size 2, not 1; hint: select() picks one position "
        "of an axis, flatten() merges axes");
  CHECK(message<IndexError>([&] { x.unsqueeze(4); }) ==
        "[unsqueeze] a new axis of shape (2, 1, 3) cannot be axis 4; hint: it can be 0 to 3, or "
        "-1 (behind all) to -4");
  CHECK_THROWS_AS(x.unsqueeze(-5), IndexError);
  CHECK_THROWS_AS(empty(Shape::filled(8, 1)).unsqueeze(0), ShapeError);
}

TEST_CASE("Views work up to rank 8", "[tensor][views]") {
  const LongTensor x = counting({2, 1, 2, 3, 1, 2, 2, 2});
  CHECK(x.rank() == 8);
  CHECK(x(1, 0, 1, 2, 0, 1, 1, 1) == x.numel() - 1);
  const LongTensor y = x.permute({7, 6, 5, 4, 3, 2, 1, 0});
  CHECK(y(1, 0, 0, 0, 2, 0, 0, 1) == x(1, 0, 0, 2, 0, 0, 0, 1));
  CHECK(values_of(y.contiguous()) == values_of(y));
}

TEST_CASE("detach shares the values and marks only itself", "[tensor][views]") {
  Tensor x = tensor({1, 2});
  Tensor constant = x.detach();
  CHECK(constant.shares_storage(x));
  CHECK(constant.impl()->is_detached);
  CHECK_FALSE(x.impl()->is_detached);
  CHECK_FALSE(constant.reshape({2, 1}).impl()->is_detached);
  constant(0) = 9;
  CHECK(x(0) == 9);
}
