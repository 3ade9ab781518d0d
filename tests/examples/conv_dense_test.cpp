// A convolution, a dense layer, softmax and categorical cross-entropy on one-hot labels, as Keras'
// users write it, against the same net without softmax, trained by integer labels on logits.

#include <algorithm>
#include <cmath>
#include <string>
#include <tenon/tenon.hpp>

#include "catch.hpp"

using namespace tenon;

namespace {

template <class T>
struct Digits {
  BasicTensor<T> images;  // (N, 1, 8, 8) in [0, 1]
  LongTensor labels;      // (N)
};

template <class T>
Digits<T> load_digits() {
  const auto table = io::load_npy<T>(std::string(TENON_EXAMPLES_DATA_DIR) + "/digits/digits.npy");
  return {(table.slice(1, {0, -1}).contiguous() / 16).reshape({-1, 1, 8, 8}),
          table.select(1, -1).template to<std::int64_t>()};
}

template <class T>
nn::BasicSequential<T> conv_dense() {
  manual_seed(7);
  return nn::BasicSequential<T>{nn::BasicConv2d<T>(1, 32, 3), nn::BasicReLU<T>(),
                                nn::BasicFlatten<T>(), nn::BasicLinear<T>(32 * 6 * 6, 10)};
}

/// Trains both nets on the same batches and returns the largest |loss - loss| / max(1, loss).
template <class T>
double largest_difference(Index steps, double* first_loss, double* last_loss) {
  const Digits<T> digits = load_digits<T>();
  nn::BasicSequential<T> on_logits = conv_dense<T>();
  nn::BasicSequential<T> on_probabilities = conv_dense<T>();
  on_probabilities.append(nn::BasicSoftmax<T>());
  optim::BasicAdam<T> adam_logits(on_logits, {.lr = 1e-3});
  optim::BasicAdam<T> adam_probabilities(on_probabilities, {.lr = 1e-3});

  constexpr Index batch = 32;
  double largest = 0;
  for (Index step = 0; step < steps; ++step) {
    const Index begin = step * batch % (digits.labels.numel() - batch);
    const auto images = digits.images.narrow(0, begin, batch);
    const auto labels = digits.labels.narrow(0, begin, batch);
    double loss[2];
    {
      Tape tape;
      const auto l = cross_entropy(on_logits(images), labels);
      adam_logits.step(tape.gradients(l));
      loss[0] = static_cast<double>(l.item());
    }
    {
      Tape tape;
      const auto l = categorical_cross_entropy(on_probabilities(images), one_hot<T>(labels, 10));
      adam_probabilities.step(tape.gradients(l));
      loss[1] = static_cast<double>(l.item());
    }
    if (step == 0) *first_loss = loss[0];
    *last_loss = loss[0];
    const double difference = std::abs(loss[0] - loss[1]) / std::max(1.0, loss[0]);
    if (!(difference <= largest)) largest = difference;  // keeps a NaN
  }
  return largest;
}

}  // namespace

TEST_CASE("conv_dense: one-hot labels on probabilities train like integer labels on logits",
          "[examples][conv_dense]") {
  double first = 0, last = 0;

  SECTION("in double precision the losses agree for two passes over the digits") {
    const double difference = largest_difference<double>(112, &first, &last);
    CAPTURE(difference, first, last);
    CHECK(difference < 1e-9);
    CHECK(first > 2.0);  // nothing learnt: about log 10
    CHECK(last < 0.5);
  }
  SECTION("in single precision they agree to rounding at first") {
    const double difference = largest_difference<float>(10, &first, &last);
    CAPTURE(difference, first, last);
    CHECK(difference < 1e-5);
  }
}
