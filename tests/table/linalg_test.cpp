#include "table.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

// As in make_linalg_vectors.py: well-conditioned matrices, wherever x lies.

template <class T>
BasicTensor<T> spread(const BasicTensor<T>& x) {
  const Index m = x.size(-2), n = x.size(-1);
  auto d = zeros<T>({m, n});
  for (Index i = 0; i < std::min(m, n); ++i) d(i, i) = static_cast<T>(2 * (i + 1));
  return x + d;
}
template <class T>
BasicTensor<T> regular(const BasicTensor<T>& x) {
  return x + 4 * eye<T>(x.size(-1));
}
template <class T>
BasicTensor<T> positive(const BasicTensor<T>& x) {
  return matmul(x, x.t()) + eye<T>(x.size(-1));
}
template <class T>
BasicTensor<T> symmetric(const BasicTensor<T>& x) {
  return spread<T>(0.5 * (x + x.t()));
}

const Row of_square_matrices[] = {
    {"linalg::inverse", [](auto& in, const Json&) { return linalg::inverse(regular(in["x"])); }},
    {"linalg::det", [](auto& in, const Json&) { return linalg::det(regular(in["x"])); }},
    {"linalg::slogdet",
     [](auto& in, const Json&) { return linalg::slogdet(regular(in["x"])).logabsdet; }},
    {"linalg::logdet", [](auto& in, const Json&) { return linalg::logdet(positive(in["x"])); }},
    {"linalg::cholesky", [](auto& in, const Json&) { return linalg::cholesky(positive(in["x"])); }},
    {"linalg::eigh",
     [](auto& in, const Json&) {
       const auto [w, q] = linalg::eigh(symmetric(in["x"]));
       return joined(std::vector{w, q * q});
     }},
    {"linalg::eigvalsh",
     [](auto& in, const Json&) { return linalg::eigvalsh(symmetric(in["x"])); }},
    {"linalg::matrix_exp",
     [](auto& in, const Json& k) { return linalg::matrix_exp(in["x"] * k.value("scale", 1.0)); }},
};

const Row of_any_matrices[] = {
    {"linalg::qr",
     [](auto& in, const Json&) {
       const auto [q, r] = linalg::qr(spread(in["x"]));
       return joined(std::vector{q, r});
     }},
    {"linalg::svd",
     [](auto& in, const Json&) {
       const auto [u, s, vh] = linalg::svd(spread(in["x"]));
       return joined(std::vector{u * u, s, vh * vh});
     }},
    {"linalg::svdvals", [](auto& in, const Json&) { return linalg::svdvals(spread(in["x"])); }},
    {"linalg::pinv", [](auto& in, const Json&) { return linalg::pinv(spread(in["x"])); }},
    {"linalg::cond", [](auto& in, const Json&) { return linalg::cond(spread(in["x"])); }},
    {"linalg::diagonal", [](auto& in, const Json&) { return linalg::diagonal(in["x"]); }},
    {"linalg::trace", [](auto& in, const Json&) { return linalg::trace(in["x"]); }},
};

const Row of_systems[] = {
    {"linalg::solve",
     [](auto& in, const Json&) { return linalg::solve(regular(in["a"]), in["b"]); }},
    {"linalg::solve_triangular",
     [](auto& in, const Json& k) {
       return linalg::solve_triangular(
           regular(in["a"]), in["b"],
           {.upper = k["upper"], .left = k["left"], .unitriangular = k["unitriangular"]});
     }},
    {"linalg::lstsq",
     [](auto& in, const Json&) { return linalg::lstsq(spread(in["a"]), in["b"]); }},
};

}  // namespace

TEST_CASE("Linear algebra agrees with PyTorch", "[table]") { check_file("linalg"); }
