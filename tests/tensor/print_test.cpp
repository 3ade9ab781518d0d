#include "tenon/tensor/print.hpp"

#include <cmath>
#include <sstream>

#include "tensor_support.hpp"

using namespace tenon_test;

// The expected texts are what PyTorch 2 prints, but for true and false in lower case, shape= for
// size=, NumPy's names of types, and nan and inf lined up with the other columns.

TEST_CASE("Whole numbers print without decimals", "[tensor][print][tiny]") {
  CHECK(to_string(tensor(3)) == "tensor(3.)");
  CHECK(to_string(tensor({1, 2})) == "tensor([1., 2.])");
  CHECK(to_string(tensor({{1, -2}, {30, 4}})) ==
        "tensor([[ 1., -2.],\n"
        "        [30.,  4.]])");
  CHECK(to_string(zeros({2})) == "tensor([0., 0.])");
  CHECK(to_string(tensor({0, 100})) == "tensor([  0., 100.])");
  CHECK(to_string(tensor(-0.0)) == "tensor(-0.)");
}

TEST_CASE("Other numbers print with four decimals", "[tensor][print]") {
  CHECK(to_string(tensor(3.14159)) == "tensor(3.1416)");
  CHECK(to_string(tensor({{1, 2.5}, {-3, 4}})) ==
        "tensor([[ 1.0000,  2.5000],\n"
        "        [-3.0000,  4.0000]])");
  CHECK(to_string(tensor({0.1, 99.9})) == "tensor([ 0.1000, 99.9000])");
}

TEST_CASE("Wide ranges print in scientific notation", "[tensor][print]") {
  CHECK(to_string(tensor({1e-5})) == "tensor([1.0000e-05])");
  CHECK(to_string(tensor({0.5, 1000})) == "tensor([5.0000e-01, 1.0000e+03])");
  CHECK(to_string(tensor({1, 2000})) == "tensor([1.0000e+00, 2.0000e+03])");
  CHECK(to_string(tensor({1, 1000})) == "tensor([   1., 1000.])");
  CHECK(to_string(tensor(1e9)) == "tensor(1.0000e+09)");
  CHECK(to_string(tensor(1e8)) == "tensor(100000000.)");
  CHECK(to_string(tensor({0, -1e-7})) == "tensor([ 0.0000e+00, -1.0000e-07])");
  CHECK(to_string(tensor<double>(1e-300)) == "tensor(1.0000e-300, dtype=float64)");
  CHECK(to_string(tensor<double>({1e300, 2})) ==
        "tensor([1.0000e+300,  2.0000e+00], dtype=float64)");
  CHECK(to_string(tensor<double>(4.9e-324)) == "tensor(4.9407e-324, dtype=float64)");
}

TEST_CASE("NaN and infinities line up", "[tensor][print]") {
  CHECK(to_string(tensor({1.0f, NAN, -INFINITY})) == "tensor([  1.,  nan, -inf])");
  CHECK(to_string(tensor({0.5f, NAN, INFINITY})) == "tensor([0.5000,    nan,    inf])");
  CHECK(to_string(tensor({NAN, -NAN})) == "tensor([nan, nan])");
}

TEST_CASE("Integers and bools", "[tensor][print]") {
  CHECK(to_string(tensor<std::int64_t>({1, -20, 300})) == "tensor([  1, -20, 300])");
  CHECK(to_string(tensor<std::int32_t>({1, 2})) == "tensor([1, 2], dtype=int32)");
  CHECK(to_string(tensor<std::uint8_t>({65, 255})) == "tensor([ 65, 255], dtype=uint8)");
  CHECK(to_string(tensor<bool>({true, false})) == "tensor([ true, false])");
  CHECK(to_string(tensor<double>({{1}, {2}})) ==
        "tensor([[1.],\n"
        "        [2.]], dtype=float64)");
  CHECK(to_string(tensor<std::int64_t>(std::numeric_limits<std::int64_t>::min())) ==
        "tensor(-9223372036854775808)");
}

TEST_CASE("Blocks of higher rank stand apart", "[tensor][print]") {
  CHECK(to_string(counting({2, 2, 2})) ==
        "tensor([[[0, 1],\n"
        "         [2, 3]],\n"
        "\n"
        "        [[4, 5],\n"
        "         [6, 7]]])");
  CHECK(to_string(counting({2, 1, 1, 1})) ==
        "tensor([[[[0]]],\n"
        "\n"
        "\n"
        "        [[[1]]]])");
  CHECK(to_string(counting({2, 3}).t()) ==
        "tensor([[0, 3],\n"
        "        [1, 4],\n"
        "        [2, 5]])");
}

TEST_CASE("Empty and undefined tensors", "[tensor][print]") {
  CHECK(to_string(empty({0})) == "tensor([])");
  CHECK(to_string(empty({0, 3})) == "tensor([], shape=(0, 3))");
  CHECK(to_string(empty<std::int64_t>({2, 0})) == "tensor([], shape=(2, 0), dtype=int64)");
  CHECK(to_string(empty<double>({0})) == "tensor([], dtype=float64)");
  CHECK(to_string(Tensor()) == "tensor(undefined)");
}

TEST_CASE("Long rows wrap at 80 characters", "[tensor][print]") {
  CHECK(to_string(counting({30})) ==
        "tensor([ 0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14, 15, 16, 17,\n"
        "        18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29])");
  CHECK(to_string(full<double>({9}, 0.5)) ==
        "tensor([0.5000, 0.5000, 0.5000, 0.5000, 0.5000, 0.5000, 0.5000, 0.5000, 0.5000],\n"
        "       dtype=float64)");
}

TEST_CASE("More than 1000 elements are summarised", "[tensor][print]") {
  CHECK(to_string(arange(2000)) ==
        "tensor([0.0000e+00, 1.0000e+00, 2.0000e+00,  ..., 1.9970e+03, 1.9980e+03,\n"
        "        1.9990e+03])");
  CHECK(to_string(arange(1001)) == "tensor([   0.,    1.,    2.,  ...,  998.,  999., 1000.])");
  CHECK(to_string(counting({1001})) == "tensor([   0,    1,    2,  ...,  998,  999, 1000])");
  CHECK(to_string(zeros({2, 600})) ==
        "tensor([[0., 0., 0.,  ..., 0., 0., 0.],\n"
        "        [0., 0., 0.,  ..., 0., 0., 0.]])");
  CHECK(to_string(zeros({600, 2})) ==
        "tensor([[0., 0.],\n"
        "        [0., 0.],\n"
        "        [0., 0.],\n"
        "        ...,\n"
        "        [0., 0.],\n"
        "        [0., 0.],\n"
        "        [0., 0.]])");
  CHECK(to_string(zeros({1000})).find("...") == std::string::npos);
}

TEST_CASE("A summary's format comes from what it shows", "[tensor][print]") {
  Tensor x = zeros({2000});
  x(1000) = 0.125f;
  CHECK(to_string(x) == "tensor([0., 0., 0.,  ..., 0., 0., 0.])");
}

TEST_CASE("Six positions of an axis are shown even in a summary", "[tensor][print]") {
  const std::string text = to_string(zeros({6, 200}));
  CHECK(std::count(text.begin(), text.end(), '\n') == 5);
  const std::string longer = to_string(zeros({7, 200}));
  CHECK(std::count(longer.begin(), longer.end(), '\n') == 6);
  CHECK(longer.find("\n        ...,\n") != std::string::npos);
}

TEST_CASE("Streams take tensors of every type", "[tensor][print]") {
  std::ostringstream out;
  out << tensor({1, 2}) << ' ' << tensor<bool>(true) << ' ' << tensor<std::uint8_t>({7});
  CHECK(out.str() == "tensor([1., 2.]) tensor(true) tensor([7], dtype=uint8)");
}
