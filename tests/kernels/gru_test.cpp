#include "tenon/kernels/gru.hpp"

#include "recurrent_support.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

template <class T>
const Kind<T> kind = {
    3,
    false,
    kernels::gru_saved_size<T>,
    kernels::gru_forward<T>,
    kernels::gru_backward<T>,
    [](const std::vector<Scalar>& a, const std::vector<Scalar>& b, Scalar& h, Scalar&) {
      const Scalar r = sigmoid(a[0] + b[0]), z = sigmoid(a[1] + b[1]);
      const Scalar n = tanh(a[2] + r * b[2]);
      h = (Scalar(1) - z) * n + z * h;
    }};

}  // namespace

TEMPLATE_TEST_CASE("gru agrees with its formulas, forward and backward", "[kernels][gru]", float,
                   double) {
  for (const Sizes& z : cases()) check_against_scalars(kind<TestType>, z);
}

TEMPLATE_TEST_CASE("a sequence's gru does not depend on the batch it comes in", "[kernels][gru]",
                   float, double) {
  for (const Sizes& z : cases()) check_alone(kind<TestType>, z);
}

TEMPLATE_TEST_CASE("gru has the same bits at any number of threads", "[kernels][gru]", float,
                   double) {
  for (const Sizes& z : threads_cases()) check_threads(kind<TestType>, z);
}

TEMPLATE_TEST_CASE("gru saves nothing where it need not, and gives the same", "[kernels][gru]",
                   float, double) {
  for (const Sizes& z : cases()) check_unsaved(kind<TestType>, z);
}

TEMPLATE_TEST_CASE("gru reads and writes rows wherever they lie", "[kernels][gru]", float, double) {
  check_strides(kind<TestType>);
}

TEMPLATE_TEST_CASE("gru computes the gradients that are asked for and no others", "[kernels][gru]",
                   float, double) {
  check_wanted(kind<TestType>);
}

TEMPLATE_TEST_CASE("a NaN in a GRU's sequence stays in it", "[kernels][gru]", float, double) {
  check_nan(kind<TestType>);
}
