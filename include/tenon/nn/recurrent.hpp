#pragma once

#include <string>
#include <vector>

#include "tenon/nn/module.hpp"
#include "tenon/ops/recurrent.hpp"

namespace tenon::nn {

/// The parameters of one direction of one layer; those without use are undefined.
template <class T>
struct BasicRecurrentParameters {
  BasicParameter<T> weight_ih;  ///< (gates S, D)
  BasicParameter<T> weight_hh;  ///< (gates S, H)
  BasicParameter<T> bias_ih;    ///< (gates S)
  BasicParameter<T> bias_hh;    ///< (gates S)
  BasicParameter<T> weight_hr;  ///< (H, S), of an LSTM that projects

  BasicRecurrentWeights<T> weights() const {
    return {weight_ih, weight_hh, bias_ih, bias_hh, weight_hr};
  }
};

}  // namespace tenon::nn

namespace tenon::detail {

/// The options of RNN, LSTM and GRU.
struct RecurrentSettings {
  Index gates, input_size, hidden_size, outputs;
  bool projects;
  Index num_layers;
  bool bias, batch_first;
  double dropout;
  bool bidirectional;
};

}  // namespace tenon::detail

namespace tenon::nn {

/// What RNN, LSTM and GRU have in common: parameters with PyTorch's names (weight_ih_l0,
/// bias_hh_l1_reverse ...) and shapes, uniform in +-1 / sqrt(hidden_size) to start with.
template <class T>
class TENON_API BasicRecurrent : public BasicModule<T> {
 public:
  void visit(BasicVisitor<T>& v) override;
  std::string description() const override;
  ExpectedInput expected_input() const override;

  Index num_layers() const { return settings_.num_layers; }
  Index directions() const { return settings_.bidirectional ? 2 : 1; }
  Index hidden_size() const { return settings_.hidden_size; }
  /// Of one direction of one layer. Throws IndexError.
  BasicRecurrentParameters<T>& layer(Index layer = 0, bool reverse = false);

 protected:
  /// name: of the layer, for errors. Throws ValueError.
  BasicRecurrent(const char* name, const detail::RecurrentSettings& settings);

  static constexpr Index most_layers = 64;

  /// A layer's weights, of both directions.
  struct Weights {
    BasicRecurrentWeights<T> each[2];
    std::size_t count;
    operator RecurrentWeightSpan<T>() const { return {each, count}; }
  };
  Weights weights(Index layer) const;
  /// The layer's part of a state (layers directions, N, width), which may be undefined or carried
  /// over from an earlier tape.
  BasicTensor<T> state(const char* name, const BasicTensor<T>& all, Index layer, Index width) const;
  /// What a layer's outputs are to the next one.
  BasicTensor<T> between(const BasicTensor<T>& y, Index layer) const;
  /// The layers' last states as one.
  BasicTensor<T> joined(const BasicTensor<T>* states) const;
  RecurrentOptions options() const { return {.batch_first = settings_.batch_first}; }

 private:
  detail::RecurrentSettings settings_;
  std::vector<BasicRecurrentParameters<T>> parameters_;  // directions side by side
};

extern template class BasicRecurrent<float>;
extern template class BasicRecurrent<double>;

}  // namespace tenon::nn
