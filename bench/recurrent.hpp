#pragma once

#include <string>
#include <utility>

#include "case.hpp"
#include "tenon/autograd/tape.hpp"
#include "tenon/ops/reduce.hpp"
#include "tenon/tensor/factories.hpp"

/// The cases of rnn, lstm and gru: inference, and one forward and backward pass with the gradients
/// of all weights; batches of equal length, and one of the lengths that film reviews have.
namespace tenon::bench {

struct RecurrentSizes {
  Index batch, steps, features, units;
  bool ragged = false;

  std::string name() const {
    std::string text;
    for (const auto& [letter, size] :
         {std::pair("B", batch), {" T", steps}, {" I", features}, {" H", units}}) {
      text += letter;
      text += std::to_string(size);
    }
    if (ragged) text += " ragged";
    return text;
  }
};

/// Steps of 128 reviews cut at 256, in no particular order: the quantiles of IMDB's.
inline LongTensor review_lengths() {
  constexpr Index quantiles[] = {56,  87,  113, 125, 133, 143, 155, 169, 186,
                                 207, 234, 256, 256, 256, 256, 256, 256};
  auto lengths = LongTensor::empty({128});
  for (Index i = 0; i < 128; ++i) {
    const Index k = i * 37 % 128, q = k / 8;
    lengths.data()[i] = quantiles[q] + (quantiles[q + 1] - quantiles[q]) * (k % 8) / 8;
  }
  return lengths;
}

/// make(features, units) gives the layer.
template <class Make>
bool add_recurrent_cases(const std::string& family, Index gates, const Make& make) {
  for (const RecurrentSizes& s : {RecurrentSizes{128, 256, 16, 64},
                                  {32, 100, 128, 128},
                                  {64, 50, 256, 512},
                                  {128, 256, 16, 64, true}}) {
    const LongTensor lengths = s.ragged ? review_lengths() : LongTensor();
    double steps = static_cast<double>(s.batch * s.steps);
    if (s.ragged) {
      steps = 0;
      for (Index i = 0; i < s.batch; ++i) steps += static_cast<double>(lengths(i));
    }
    const double flops = 2 * steps * static_cast<double>(gates * s.units * (s.features + s.units));
    const auto prepare = [=](bool trains) {
      return [=, net = make(s.features, s.units),
              x = randn({s.batch, s.steps, s.features})]() mutable {
        if (!trains) return keep(net(x, {}, lengths).y);
        Tape tape;
        keep(tape.gradients(sum(net(x, {}, lengths).y)));
      };
    };
    cases().push_back({family + "/forward/" + s.name(), flops, 0, [=] { return prepare(false); }});
    cases().push_back({family + "/train/" + s.name(), 3 * flops, 0, [=] { return prepare(true); }});
  }
  return true;
}

}  // namespace tenon::bench
