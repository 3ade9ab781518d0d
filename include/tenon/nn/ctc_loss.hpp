#pragma once

#include "tenon/ops/ctc_loss.hpp"

namespace tenon::nn {

/// ctc_loss as an object: loss(log_probabilities, targets, input_lengths, target_lengths). Works
/// for float and double.
struct CTCLoss {
  CTCLossOptions options = {};

  template <class T>
  BasicTensor<T> operator()(const BasicTensor<T>& log_probabilities, const LongTensor& targets,
                            const LongTensor& input_lengths,
                            const LongTensor& target_lengths) const {
    return ctc_loss(log_probabilities, targets, input_lengths, target_lengths, options);
  }
};

}  // namespace tenon::nn
