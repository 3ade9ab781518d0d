#include "tenon/kernels/lstm.hpp"

#include "recurrent_support.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

template <class T>
const Kind<T> kind = {
    4,
    true,
    kernels::lstm_saved_size<T>,
    kernels::lstm_forward<T>,
    kernels::lstm_backward<T>,
    [](const std::vector<Scalar>& a, const std::vector<Scalar>& b, Scalar& h, Scalar& c) {
      c = sigmoid(a[1] + b[1]) * c + sigmoid(a[0] + b[0]) * tanh(a[2] + b[2]);
      h = sigmoid(a[3] + b[3]) * tanh(c);
    }};

/// Those of all networks, and some that project.
std::vector<Sizes> lstm_cases() {
  auto all = cases();
  all.push_back({3, 4, 5, 6, 2, 2});
  all.push_back({5, 3, 2, 35, 1, 17});
  all.push_back({4, 5, 3, 18, 2, 3, true, true, {2, 5, 0, 4}});
  all.push_back({12, 30, 2, 5, 1, 4, false, false});
  return all;
}

}  // namespace

TEMPLATE_TEST_CASE("lstm agrees with its formulas, forward and backward", "[kernels][lstm]", float,
                   double) {
  for (const Sizes& z : lstm_cases()) check_against_scalars(kind<TestType>, z);
}

TEMPLATE_TEST_CASE("a sequence's lstm does not depend on the batch it comes in", "[kernels][lstm]",
                   float, double) {
  for (const Sizes& z : lstm_cases()) check_alone(kind<TestType>, z);
}

TEMPLATE_TEST_CASE("lstm has the same bits at any number of threads", "[kernels][lstm]", float,
                   double) {
  for (const Sizes& z : threads_cases()) check_threads(kind<TestType>, z);
  check_threads(kind<TestType>, {33, 7, 3, 20, 2, 6});
}

TEMPLATE_TEST_CASE("lstm saves nothing where it need not, and gives the same", "[kernels][lstm]",
                   float, double) {
  for (const Sizes& z : lstm_cases()) check_unsaved(kind<TestType>, z);
}

TEMPLATE_TEST_CASE("lstm reads and writes rows wherever they lie", "[kernels][lstm]", float,
                   double) {
  check_strides(kind<TestType>);
}

TEMPLATE_TEST_CASE("lstm computes the gradients that are asked for and no others",
                   "[kernels][lstm]", float, double) {
  check_wanted(kind<TestType>);
  check_wanted(kind<TestType>, 7);
}

TEMPLATE_TEST_CASE("a NaN in an LSTM's sequence stays in it", "[kernels][lstm]", float, double) {
  check_nan(kind<TestType>);
}
