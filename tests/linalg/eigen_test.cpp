#include "tenon/eigen.hpp"

#include "catch.hpp"
#include "ops_support.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/matmul.hpp"
#include "tenon/ops/reduce.hpp"

using namespace tenon;
using namespace tenon::test;
using Catch::Matchers::Contains;

namespace {

template <class M>
constexpr bool has_as_tensor = requires(M&& m) {
  as_tensor(std::forward<M>(m));
};

}  // namespace

TEST_CASE("A tensor is seen by Eigen in place, whatever its strides", "[linalg][eigen]") {
  const auto x = random_tensor({4, 3}, 1);
  for (const auto& layout : layouts_of(x)) {
    const auto m = as_matrix(layout);
    REQUIRE(m.rows() == 4);
    REQUIRE(m.cols() == 3);
    REQUIRE(m.data() == layout.data());
    for (Index i = 0; i < 4; ++i) {
      for (Index j = 0; j < 3; ++j) CHECK(m(i, j) == x(i, j));
    }
    CHECK(max_error(from_eigen(m * m.transpose()), matmul(x, x.t())) < 1e-15);
  }
}

TEST_CASE("What Eigen writes, the tensor holds, and nothing beside it changes", "[linalg][eigen]") {
  DoubleTensor storage = zeros<double>({4, 6});
  DoubleTensor view = storage.slice(0, {1, 3}).slice(1, {.start = 1, .step = 2});
  as_matrix(view) << 1, 2, 3, 4, 5, 6;
  CHECK(equal(storage.select(0, 1), tensor<double>({0, 1, 0, 2, 0, 3})));
  CHECK(equal(storage.select(0, 2), tensor<double>({0, 4, 0, 5, 0, 6})));
  CHECK(sum(storage).item() == 21);
  DoubleTensor column = storage.select(1, 0);
  as_vector(column).setConstant(7);
  CHECK(sum(storage).item() == 49);
}

TEST_CASE("A batch's matrix is named by its position", "[linalg][eigen]") {
  Tensor x = random_tensor<float>({2, 3, 2, 2}, 2);
  CHECK(as_matrix(x, {1, -1})(0, 1) == x(1, 2, 0, 1));
  as_matrix(x, {0, 1}).setZero();
  CHECK(equal(x.index({0, 1}), zeros({2, 2})));
  CHECK(x(0, 0, 0, 0) != 0);
}

TEST_CASE("Vectors, empty matrices and single rows have maps", "[linalg][eigen]") {
  const Tensor x = arange(6);
  CHECK(as_vector(x.slice(0, {.step = 2})).sum() == 6);
  CHECK(as_vector(x).squaredNorm() == 55);
  CHECK(as_matrix(zeros({0, 3})).rows() == 0);
  CHECK(as_matrix(x.unsqueeze(0)).cols() == 6);
  CHECK(as_matrix(x.unsqueeze(1)).rows() == 6);
  const LongTensor ids = arange<std::int64_t>(4).reshape({2, 2});
  CHECK(as_matrix(ids).trace() == 3);
}

TEST_CASE("A const tensor gives a map that cannot be written", "[linalg][eigen]") {
  const Tensor x = zeros({2, 2});
  using Scalar = std::remove_pointer_t<decltype(as_matrix(x).data())>;
  STATIC_REQUIRE(std::is_const_v<Scalar>);
  Tensor y = x;
  STATIC_REQUIRE_FALSE(std::is_const_v<std::remove_pointer_t<decltype(as_matrix(y).data())>>);
}

TEST_CASE("Strides that Eigen does not have are refused", "[linalg][eigen]") {
  Tensor repeated = ones({1, 3}).expand({2, 3});
  CHECK_THAT(error_of<ValueError>([&] { as_matrix(repeated); }),
             Contains("[as_matrix] axis 0 of shape (2, 3) repeats its elements"));
  const Tensor& readable = repeated;
  CHECK(as_matrix(readable).sum() == 6);
  CHECK_THAT(error_of<ShapeError>([&] { as_matrix(arange(4)); }),
             Contains("with 2 axes was expected but x has shape (4); hint:"));
  CHECK_THAT(error_of<ShapeError>([&] { as_vector(repeated); }), Contains("[as_vector]"));
  CHECK_THAT(error_of<ShapeError>([&] { as_vector(Tensor()); }), Contains("is undefined"));
  CHECK_THAT(error_of<IndexError>([&] {
               as_matrix(zeros({2, 1, 1}), {2});
             }),
             Contains("position 2 lies outside of axis 0 of shape (2, 1, 1)"));
}

TEST_CASE("Eigen's memory is a tensor without a copy", "[linalg][eigen]") {
  Eigen::MatrixXd columns(2, 3);
  columns << 1, 2, 3, 4, 5, 6;
  Eigen::Matrix<double, 2, 3, Eigen::RowMajor> rows = columns;
  for (DoubleTensor x : {as_tensor(columns), as_tensor(rows)}) {
    CHECK(equal(x, tensor<double>({{1, 2, 3}, {4, 5, 6}})));
    x(1, 0) = 40;
  }
  CHECK(columns(1, 0) == 40);
  CHECK(rows(1, 0) == 40);
  const auto block = as_tensor(columns.block(0, 1, 2, 2));
  CHECK(equal(block, tensor<double>({{2, 3}, {5, 6}})));
  CHECK(block.data() == columns.data() + 2);
  Eigen::VectorXf v = Eigen::VectorXf::LinSpaced(3, 1, 3);
  CHECK(equal(as_tensor(v), tensor({1, 2, 3})));
  CHECK(as_tensor(v).data() == v.data());
  const auto row = as_tensor(columns.row(1));
  CHECK(equal(row, tensor<double>({40, 5, 6})));
  Eigen::MatrixXd none(0, 3);
  CHECK(as_tensor(none).shape() == Shape{0, 3});
  CHECK(has_as_tensor<Eigen::MatrixXd&>);
  CHECK_FALSE(has_as_tensor<const Eigen::MatrixXd&>);
  CHECK_FALSE(has_as_tensor<Eigen::MatrixXd>);
}

TEST_CASE("A tensor over Eigen's memory computes, is tracked, and ends before it",
          "[linalg][eigen]") {
  Eigen::MatrixXd m = Eigen::MatrixXd::Random(3, 3);
  DoubleTensor g;
  {
    Tape tape;
    const auto x = tape.watch(as_tensor(m));
    g = tape.gradients(sum(x * x))[x];
  }
  CHECK(max_error(g, from_eigen(2 * m)) == 0);
  const DoubleTensor copy = from_eigen(m);
  const double before = copy(0, 0);
  m(0, 0) += 1;
  CHECK(copy(0, 0) == before);
}

TEST_CASE("Expressions, arrays and constants are copied", "[linalg][eigen]") {
  const Eigen::ArrayXXf a = Eigen::ArrayXXf::Constant(2, 2, 3);
  CHECK(equal(from_eigen(a + 1), full({2, 2}, 4)));
  CHECK(equal(from_eigen(Eigen::RowVector3f(1, 2, 3)), tensor({1, 2, 3})));
}
