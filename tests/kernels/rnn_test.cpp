#include "tenon/kernels/rnn.hpp"

#include "recurrent_support.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

template <class T, kernels::Nonlinearity f>
const Kind<T> kind_of = {
    1,
    false,
    kernels::rnn_saved_size<T>,
    [](const kernels::RecurrentDims& d, const kernels::RecurrentForward<T>& of) {
      kernels::rnn_forward(d, f, of);
    },
    [](const kernels::RecurrentDims& d, const kernels::RecurrentForward<T>& of,
       const kernels::RecurrentBackward<T>& g) { kernels::rnn_backward(d, f, of, g); },
    [](const std::vector<Scalar>& a, const std::vector<Scalar>& b, Scalar& h, Scalar&) {
      h = f == kernels::Nonlinearity::tanh ? tanh(a[0] + b[0]) : relu(a[0] + b[0]);
    }};
template <class T>
const Kind<T>& kind = kind_of<T, kernels::Nonlinearity::tanh>;
template <class T>
const Kind<T>& relu_kind = kind_of<T, kernels::Nonlinearity::relu>;

}  // namespace

TEMPLATE_TEST_CASE("rnn agrees with its formulas, forward and backward", "[kernels][rnn]", float,
                   double) {
  for (const Sizes& z : cases()) {
    check_against_scalars(kind<TestType>, z);
    check_against_scalars(relu_kind<TestType>, z);
  }
}

TEMPLATE_TEST_CASE("a sequence's rnn does not depend on the batch it comes in", "[kernels][rnn]",
                   float, double) {
  for (const Sizes& z : cases()) {
    check_alone(kind<TestType>, z);
    check_alone(relu_kind<TestType>, z);
  }
}

TEMPLATE_TEST_CASE("rnn has the same bits at any number of threads", "[kernels][rnn]", float,
                   double) {
  for (const Sizes& z : threads_cases()) check_threads(relu_kind<TestType>, z);
}

TEMPLATE_TEST_CASE("rnn saves nothing where it need not, and gives the same", "[kernels][rnn]",
                   float, double) {
  for (const Sizes& z : cases()) check_unsaved(kind<TestType>, z);
}

TEMPLATE_TEST_CASE("rnn reads and writes rows wherever they lie", "[kernels][rnn]", float, double) {
  check_strides(kind<TestType>);
}

TEMPLATE_TEST_CASE("rnn computes the gradients that are asked for and no others", "[kernels][rnn]",
                   float, double) {
  check_wanted(kind<TestType>);
}

TEMPLATE_TEST_CASE("a NaN in an RNN's sequence stays in it", "[kernels][rnn]", float, double) {
  check_nan(kind<TestType>);
  check_nan(relu_kind<TestType>);
}
