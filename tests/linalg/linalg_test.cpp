#include "tenon/linalg.hpp"

#include <Eigen/Dense>
#include <cmath>
#include <limits>

#include "catch.hpp"
#include "ops_support.hpp"
#include "tenon/base/memory.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/elementwise.hpp"
#include "tenon/ops/matmul.hpp"
#include "tenon/ops/rearrange.hpp"
#include "tenon/ops/reduce.hpp"
#include "tenon/ops/shape.hpp"

using namespace tenon;
using namespace tenon::test;
using Catch::Matchers::Contains;

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

DoubleTensor regular(const Shape& shape, std::uint64_t seed) {
  return random_tensor(shape, seed) + 6 * eye<double>(shape.at(-1));
}
DoubleTensor positive(const Shape& shape, std::uint64_t seed) {
  const DoubleTensor x = random_tensor(shape, seed);
  return matmul(x, x.t()) + eye<double>(shape.at(-1));
}

}  // namespace

TEST_CASE("Factors multiply to what they were made of", "[linalg][tiny]") {
  for (const Shape& shape : {Shape{1, 1}, Shape{7, 7}, Shape{9, 4}, Shape{4, 9}, Shape{3, 2, 5, 3},
                             Shape{40, 40}, Shape{65, 33}}) {
    CAPTURE(shape);
    for (const DoubleTensor& a : layouts_of(random_tensor(shape, 1))) {
      const auto [q, r] = linalg::qr(a);
      CHECK(max_error(matmul(q, r), a) < 1e-13);
      CHECK(max_error(matmul(q.t(), q), eye<double>(q.size(-1)).expand(matmul(q.t(), q).shape())) <
            1e-13);
      CHECK(equal(triu(r), r));
      const auto [u, s, vh] = linalg::svd(a);
      CHECK(max_error(matmul(u * s.unsqueeze(-2), vh), a) < 1e-13);
      const DoubleTensor id = eye<double>(s.size(-1)).expand(matmul(vh, vh.t()).shape());
      CHECK(max_error(matmul(u.t(), u), id) < 1e-13);
      CHECK(max_error(matmul(vh, vh.t()), id) < 1e-13);
      CHECK(equal(abs(s), s));
      const DoubleTensor p = linalg::pinv(a);
      CHECK(max_error(matmul(matmul(a, p), a), a) < 1e-12);
      CHECK(max_error(matmul(matmul(p, a), p), p) < 1e-12);
    }
  }
  for (const Shape& shape : {Shape{1, 1}, Shape{5, 5}, Shape{2, 3, 4, 4}, Shape{50, 50}}) {
    CAPTURE(shape);
    for (const DoubleTensor& a : layouts_of(positive(shape, 2))) {
      const double size = max(a).item();
      const DoubleTensor l = linalg::cholesky(a), id = eye<double>(a.size(-1)).expand(shape);
      CHECK(max_error(matmul(l, l.t()) / size, a / size) < 1e-14);
      CHECK(equal(tril(l), l));
      CHECK(equal(linalg::cholesky(a, true), l.t()));
      const auto [w, v] = linalg::eigh(a);
      CHECK(max_error(matmul(v * w.unsqueeze(-2), v.t()) / size, a / size) < 1e-13);
      CHECK(max_error(matmul(a, linalg::inverse(a)), id) < 1e-10);
      const DoubleTensor b = random_tensor(shape, 3);
      CHECK(max_error(matmul(a, linalg::solve(a, b)), b) < 1e-10);
      CHECK(max_error(log(linalg::det(a)), linalg::logdet(a)) < 1e-12);
    }
  }
}

TEST_CASE("Eigen, on its own, finds the same", "[linalg]") {
  const DoubleTensor a = regular({6, 6}, 4);
  const Eigen::Map<const Eigen::Matrix<double, 6, 6, Eigen::RowMajor>> m(a.data());
  CHECK(linalg::det(a).item() == Approx(m.fullPivLu().determinant()).epsilon(1e-12));
  const DoubleTensor s = linalg::svdvals(a);
  const Eigen::VectorXd expected = Eigen::BDCSVD<Eigen::MatrixXd>(m).singularValues();
  for (Index i = 0; i < 6; ++i) CHECK(s(i) == Approx(expected(i)).epsilon(1e-12));
}

TEST_CASE("Right sides are matrices, vectors and batches of them", "[linalg]") {
  const DoubleTensor a = regular({2, 3, 3}, 5);
  const auto each = [&](const DoubleTensor& x, const DoubleTensor& b) {
    return max_error(matmul(a, x), b) < 1e-13;
  };
  const DoubleTensor vectors = random_tensor({2, 3}, 6);
  CHECK(each(linalg::solve(a, vectors).unsqueeze(-1), vectors.unsqueeze(-1)));
  const DoubleTensor one = random_tensor({3}, 7);
  const DoubleTensor x = linalg::solve(a[0], one);
  CHECK(x.shape() == Shape{3});
  CHECK(max_error(matmul(a[0], x), one) < 1e-13);
  const DoubleTensor columns = random_tensor({4, 1, 3, 2}, 8);
  CHECK(linalg::solve(a, columns).shape() == Shape{4, 2, 3, 2});
  CHECK(linalg::solve(a, zeros<double>({2, 3, 0})).shape() == Shape{2, 3, 0});
}

TEST_CASE("Empty matrices and empty batches are fine", "[linalg]") {
  const DoubleTensor none = zeros<double>({0, 0}), no_batch = zeros<double>({0, 3, 3});
  CHECK(linalg::det(none).item() == 1);
  CHECK(linalg::slogdet(none).sign.item() == 1);
  CHECK(linalg::logdet(none).item() == 0);
  CHECK(linalg::inverse(none).shape() == Shape{0, 0});
  CHECK(linalg::cholesky(none).shape() == Shape{0, 0});
  CHECK(linalg::eigh(none).eigenvalues.shape() == Shape{0});
  CHECK(linalg::matrix_exp(none).shape() == Shape{0, 0});
  CHECK(linalg::trace(none).item() == 0);
  CHECK(linalg::qr(zeros<double>({3, 0})).q.shape() == Shape{3, 0});
  CHECK(linalg::svd(zeros<double>({0, 3})).vh.shape() == Shape{0, 3});
  CHECK(equal(linalg::pinv(zeros<double>({3, 0})), zeros<double>({0, 3})));
  CHECK(linalg::matrix_rank(zeros<double>({3, 0})).item() == 0);
  CHECK(linalg::solve(no_batch, zeros<double>({0, 3, 2})).shape() == Shape{0, 3, 2});
  CHECK(linalg::svd(no_batch).u.shape() == Shape{0, 3, 3});
  CHECK(linalg::det(no_batch).shape() == Shape{0});
  Tape tape;
  const DoubleTensor x = tape.watch(none);
  CHECK(tape.gradients(linalg::det(x))[x].shape() == Shape{0, 0});
}

TEST_CASE("Float tensors are computed in double and rounded once", "[linalg]") {
  // Hilbert's matrix of order 6: its condition is 1.5e7, so that float has no digits for it.
  auto h = DoubleTensor::empty({6, 6});
  for (Index i = 0; i < 6; ++i) {
    for (Index j = 0; j < 6; ++j) h(i, j) = 1.0 / static_cast<double>(i + j + 1);
  }
  const Tensor a = h.to<float>();
  const DoubleTensor rounded = a.to<double>();
  CHECK(same_bits(linalg::inverse(a), linalg::inverse(rounded).to<float>()));
  const auto gradient = [](const auto& x) {
    Tape tape;
    const auto v = tape.watch(x);
    return tape.gradients(sum(linalg::inverse(v)))[v];
  };
  CHECK(same_bits(gradient(a), gradient(rounded).to<float>()));
}

TEST_CASE("Ranks, condition numbers and least squares of any rank", "[linalg]") {
  const auto a = tensor<double>({{1, 2, 3}, {2, 4, 6}, {1, 0, 1}});
  CHECK(linalg::matrix_rank(a).item() == 2);
  CHECK(linalg::matrix_rank(zeros<double>({2, 2})).item() == 0);
  CHECK(linalg::matrix_rank(eye<double>(3) * 1e-200).item() == 3);
  const auto nearly = tensor<double>({{1, 0}, {0, 1e-9}});
  CHECK(linalg::matrix_rank(nearly).item() == 2);
  CHECK(linalg::matrix_rank(nearly.to<float>()).item() == 1);
  CHECK(linalg::matrix_rank(nearly, 1e-3).item() == 1);
  CHECK(linalg::cond(nearly).item() == Approx(1e9));
  CHECK(linalg::cond(zeros<double>({2, 3}) + tensor<double>({{1, 0, 0}, {0, 0, 0}})).item() ==
        infinity);
  const DoubleTensor tall = random_tensor({20, 4}, 9), b = random_tensor({20, 2}, 10);
  const DoubleTensor x = linalg::lstsq(tall, b);
  CHECK(max_error(matmul(tall.t(), matmul(tall, x) - b), zeros<double>({4, 2})) < 1e-13);
  // Of all x with the same a x, the smallest has no part in the null space.
  const DoubleTensor smallest = linalg::lstsq(a, a.narrow(1, 0, 1));
  const auto null = tensor<double>({{1, 1, -1}});
  CHECK(std::abs(matmul(null, smallest).item()) < 1e-14);
}

TEST_CASE("Exponentials of matrices", "[linalg]") {
  const auto turn = tensor<double>({{0, -1}, {1, 0}});
  for (const double t : {0.0, 1e-9, 0.3, 3.0, 100.0, 10000.0}) {
    CAPTURE(t);
    const auto expected = tensor<double>({{std::cos(t), -std::sin(t)}, {std::sin(t), std::cos(t)}});
    CHECK(max_error(linalg::matrix_exp(turn * t), expected) < 1e-15 * (10 + 10 * t));
  }
  const auto nilpotent = tensor<double>({{0, 1, 2}, {0, 0, 3}, {0, 0, 0}});
  CHECK(max_error(linalg::matrix_exp(nilpotent),
                  tensor<double>({{1, 1, 3.5}, {0, 1, 3}, {0, 0, 1}})) < 1e-15);
  CHECK(linalg::matrix_exp(tensor<double>({{-800}})).item() < 1e-300);
  CHECK(linalg::matrix_exp(tensor<double>({{1e300}})).item() > 1e300);
}

TEST_CASE("Diagonals are views", "[linalg]") {
  DoubleTensor x = zeros<double>({2, 3, 4});
  linalg::diagonal(x).fill_(1);
  CHECK(equal(linalg::trace(x), tensor<double>({3, 3})));
  CHECK(sum(x).item() == 6);
  check_gradients_in_all_layouts("linalg::trace",
                                 [](auto& in) { return linalg::trace(in[0] * in[0]); },
                                 {random_tensor({2, 3, 4}, 1)});
}

TEST_CASE("Gradients of singular determinants are cofactors", "[linalg]") {
  const auto gradient = [](const DoubleTensor& x) {
    Tape tape;
    const DoubleTensor a = tape.watch(x);
    return tape.gradients(sum(linalg::det(a)))[a];
  };
  CHECK(max_error(gradient(tensor<double>({{1, 2}, {2, 4}})), tensor<double>({{4, -2}, {-2, 1}})) <
        1e-14);
  CHECK(max_error(gradient(tensor<double>({{1, 2, 3}, {4, 5, 6}, {7, 8, 9}})),
                  tensor<double>({{-3, 6, -3}, {6, -12, 6}, {-3, 6, -3}})) < 1e-12);
  CHECK(max_error(gradient(tensor<double>({{1, 0, 0}, {0, 0, 0}, {0, 0, 2}})),
                  tensor<double>({{0, 0, 0}, {0, 2, 0}, {0, 0, 0}})) < 1e-14);
  CHECK(max_error(gradient(zeros<double>({3, 3})), zeros<double>({3, 3})) < 1e-14);
  CHECK_THAT(
      error_of<TapeError>([] {
        gradgradcheck([](auto& in) { return linalg::det(in[0]); }, {zeros<double>({2, 2})});
      }),
      Contains("[linalg::det] the gradient of this operation cannot be differentiated again"));
}

TEST_CASE("Gradients where only one result is used", "[linalg]") {
  const DoubleTensor a = random_tensor({4, 3}, 11);
  check_gradients("linalg::qr", [](auto& in) { return linalg::qr(in[0]).r; }, {a});
  check_gradients("linalg::qr", [](auto& in) { return linalg::qr(in[0]).q; }, {a});
  check_gradients("linalg::svd", [](auto& in) { return square(linalg::svd(in[0]).u); }, {a});
  check_gradients("linalg::svd", [](auto& in) { return square(linalg::svd(in[0]).vh); }, {a.t()});
  const auto symmetric = [](const DoubleTensor& x) { return x + x.t(); };
  const DoubleTensor b = random_tensor({3, 3}, 12);
  check_gradients(
      "linalg::eigh",
      [&](auto& in) { return square(linalg::eigh(symmetric(in[0]), 'U').eigenvectors); }, {b});
  check_gradients(
      "linalg::cholesky",
      [](auto& in) { return linalg::cholesky(matmul(in[0], in[0].t()) + eye<double>(3), true); },
      {b});
  // The rank stays what it is along such a path.
  check_gradients("linalg::pinv", [](auto& in) { return linalg::pinv(matmul(in[0], in[1])); },
                  {random_tensor({4, 2}, 13), random_tensor({2, 3}, 14)});
}

TEST_CASE("Equal singular values and eigenvalues have gradients, their vectors have not",
          "[linalg]") {
  const DoubleTensor x = eye<double>(3) * 2;
  Tape tape;
  const DoubleTensor a = tape.watch(x);
  CHECK(max_error(tape.gradients(sum(linalg::svdvals(a)))[a], eye<double>(3)) < 1e-15);
  CHECK(max_error(tape.gradients(sum(linalg::eigvalsh(a)))[a], eye<double>(3)) < 1e-15);
  CHECK_THAT(
      error_of<ValueError>([&] { tape.gradients(sum(linalg::eigh(a).eigenvectors)); }),
      Contains("[linalg::eigh] the gradient of the vectors needs distinct eigenvalues but 0 and 1 "
               "are both 2; hint:"));
  CHECK_THAT(error_of<ValueError>([&] { tape.gradients(sum(linalg::svd(a).u)); }),
             Contains("needs distinct singular values but 0 and 1 are both 2"));
  const DoubleTensor tall = tape.watch(tensor<double>({{1, 0}, {0, 0}, {0, 0}}));
  CHECK_THAT(error_of<ValueError>([&] { tape.gradients(sum(linalg::svd(tall).u)); }),
             Contains("needs singular values above 0 but the last is 0"));
}

TEST_CASE("Every refusal says what is wrong and what helps", "[linalg]") {
  const DoubleTensor singular = stack({eye<double>(2), tensor<double>({{1, 2}, {2, 4}})});
  const auto error = [](const auto& f) { return error_of<ValueError>(f); };
  CHECK_THAT(error([&] { linalg::solve(singular, singular); }),
             Contains("[linalg::solve] a is singular: pivot 1 of its LU factors is 0 (matrix 1 of "
                      "the batch); hint: lstsq() and pinv() take singular matrices"));
  CHECK_THAT(error([&] {
               linalg::inverse(zeros<double>({2, 2}));
             }),
             Contains("[linalg::inverse] a is singular: pivot 0 of its LU factors is 0; hint:"));
  CHECK_THAT(error([&] { linalg::solve_triangular(singular, singular, {.upper = true}); }),
             Contains("no error"));
  CHECK_THAT(error([&] {
               linalg::solve_triangular(zeros<double>({2, 2}), eye<double>(2));
             }),
             Contains("[linalg::solve_triangular] a is singular: element (0, 0) of its diagonal"));
  CHECK_THAT(error([&] {
               linalg::cholesky(tensor<double>({{1, 2}, {2, 1}}));
             }),
             Contains("[linalg::cholesky] a is not positive definite: its leading minor of order 2 "
                      "is not positive; hint:"));
  CHECK_THAT(error([&] { linalg::eigh(eye<double>(2), 'l'); }),
             Contains("[linalg::eigh] uplo must be 'L' or 'U' but is 'l'"));
  const auto shape_error = [](const auto& f) { return error_of<ShapeError>(f); };
  const DoubleTensor wide = zeros<double>({2, 3});
  CHECK_THAT(shape_error([&] { linalg::inverse(wide); }),
             Contains("[linalg::inverse] a must be square, (..., N, N), but has shape (2, 3)"));
  CHECK_THAT(shape_error([&] { linalg::svd(zeros<double>({3})); }),
             Contains("[linalg::svd] a must be a matrix or a batch of them, (..., M, N), but has "
                      "shape (3); hint:"));
  CHECK_THAT(shape_error([&] { linalg::solve(eye<double>(2), zeros<double>({3})); }),
             Contains("[linalg::solve] b must have 2 rows, as many as a"));
  CHECK_THAT(shape_error([&] { linalg::solve(eye<double>(2), zeros<double>({})); }),
             Contains("[linalg::solve] b must have 2 rows"));
  CHECK_THAT(shape_error([&] {
               linalg::lstsq(wide, zeros<double>({3, 1}));
             }),
             Contains("[linalg::lstsq] b must have 2 rows"));
  CHECK_THAT(shape_error([&] {
               linalg::cond(zeros<double>({0, 1}));
             }),
             Contains("[linalg::cond] a must not be empty"));
  CHECK_THAT(shape_error([&] {
               linalg::solve(zeros<double>({2, 3, 3}), zeros<double>({4, 3, 1}));
             }),
             Contains("[linalg::solve]"));
  CHECK_THAT(error([&] { linalg::trace(DoubleTensor()); }), Contains("[linalg::trace]"));
}

TEST_CASE("NaN and infinity are refused by name and place", "[linalg]") {
  for (const double bad : {not_a_number, infinity, -infinity}) {
    DoubleTensor x = eye<double>(3).expand({2, 3, 3}).clone();
    x(1, 2, 0) = bad;
    const auto refused = [&](const auto& f) {
      CHECK_THAT(error_of<ValueError>([&] { f(x); }), Contains("a must be finite but holds "));
      CHECK_THAT(error_of<ValueError>([&] { f(x); }), Contains(" at (1, 2, 0), its shape being"));
    };
    refused([](const auto& a) { linalg::solve(a, a); });
    refused([](const auto& a) { linalg::inverse(a); });
    refused([](const auto& a) { linalg::det(a); });
    refused([](const auto& a) { linalg::cholesky(a); });
    refused([](const auto& a) { linalg::qr(a); });
    refused([](const auto& a) { linalg::svd(a); });
    refused([](const auto& a) { linalg::eigh(a); });
    refused([](const auto& a) { linalg::pinv(a); });
    refused([](const auto& a) { linalg::matrix_exp(a); });
    refused([](const auto& a) { linalg::matrix_rank(a); });
  }
}

TEST_CASE("Very large and very small numbers", "[linalg]") {
  const DoubleTensor a = regular({4, 4}, 15);
  for (const double scale : {1e-150, 1e150}) {
    CAPTURE(scale);
    CHECK(max_error(linalg::svdvals(a * scale) / scale, linalg::svdvals(a)) < 1e-13);
    CHECK(max_error(linalg::inverse(a * scale) * scale, linalg::inverse(a)) < 1e-13);
    const auto [sign, logabsdet] = linalg::slogdet(a * scale);
    CHECK(logabsdet.item() ==
          Approx(linalg::slogdet(a).logabsdet.item() + 4 * std::log(scale)).epsilon(1e-13));
  }
  CHECK(linalg::logdet(-1 * eye<double>(2)).item() == 0);
  CHECK(std::isnan(linalg::logdet(-1 * eye<double>(3)).item()));
  CHECK(linalg::slogdet(zeros<double>({2, 2})).logabsdet.item() == -infinity);
  CHECK(linalg::slogdet(zeros<double>({2, 2})).sign.item() == 0);
}

TEST_CASE("Bits do not depend on the number of threads", "[linalg]") {
  const DoubleTensor a = regular({37, 9, 9}, 16);
  CHECK(same_bits_for_all_threads([&] { return linalg::inverse(a); }));
  CHECK(same_bits_for_all_threads([&] { return linalg::svd(a).u; }));
  CHECK(same_bits_for_all_threads([&] { return linalg::matrix_exp(a * 0.1); }));
  const DoubleTensor large = regular({300, 300}, 17);
  CHECK(same_bits_for_all_threads([&] { return linalg::inverse(large); }));
}

TEST_CASE("The determinant of no rows is the empty product", "[linalg]") {
  const DoubleTensor none = zeros<double>({2, 0, 0});
  CHECK(equal(linalg::det(none), ones<double>({2})));
  CHECK(equal(linalg::slogdet(none).sign, ones<double>({2})));
  CHECK(equal(linalg::slogdet(none).logabsdet, zeros<double>({2})));
}
