#pragma once

#include <iosfwd>
#include <string>
#include <type_traits>
#include <vector>

#include "tenon/nn/module.hpp"
#include "tenon/tensor/tensor.hpp"

namespace tenon::nn {

/// A layer of a summary. Numbers are the layer's own, without those of layers inside it.
struct LayerSummary {
  std::string path;         ///< "encoder.0.fc"; "" for the net itself
  std::string description;  ///< "Linear(3 -> 4)"
  int depth = 0;            ///< how many layers it stands in
  bool has_layers = false;  ///< inside it
  Index calls = 0;          ///< 0 for a ReLU that is part of the pass of the layer before it
  bool has_output = false;
  Shape output;          ///< what the last call gave
  Index parameters = 0;  ///< trained values; tied ones count where they are met first
  Index buffers = 0;     ///< values that are kept but not trained
  Index flops = 0;       ///< floating-point operations of all calls, as in profiles

  /// A multiply-add is two floating-point operations; other operations count as half of one.
  Index multiply_adds() const { return flops / 2; }
};

/// What a net consists of, and what one forward pass of an input costs.
struct ModelSummary {
  std::vector<LayerSummary> layers;  ///< the net itself first, then in the order of visit()
  Index parameters = 0, parameter_bytes = 0;
  Index buffers = 0, buffer_bytes = 0;
  Index activation_bytes = 0;  ///< of the outputs of all calls of layers without layers inside
  Index flops = 0;

  Index multiply_adds() const { return flops / 2; }
};

/// The table: a line for each layer, and the sums.
TENON_API std::string to_string(const ModelSummary& summary);
TENON_API std::ostream& operator<<(std::ostream& out, const ModelSummary& summary);

}  // namespace tenon::nn

namespace tenon::detail {
template <class T>
TENON_API nn::ModelSummary summary_of(nn::BasicModule<T>& net, void (*run)(void* context),
                                      void* context);
}  // namespace tenon::detail

namespace tenon::nn {

/// Runs the net once on zeros of that shape, in evaluation mode and without a tape, and tells what
/// each layer gave:
///
///   std::cout << summary(net, {1, 3, 32, 32});
///
/// The net is as before afterwards, its mode included, and so is the random generator. Throws what
/// the net throws for an input that does not fit.
template <class T>
TENON_API ModelSummary summary(BasicModule<T>& net, const Shape& input_shape);
/// The same for nets of ids.
template <class T>
TENON_API ModelSummary summary(BasicModule<T>& net, const LongTensor& ids);
/// The same for nets of any inputs: summary(net, [&] { net(ids, lengths); }).
template <class T, class F>
requires std::is_invocable_v<F&> ModelSummary summary(BasicModule<T>& net, F forward) {
  return detail::summary_of(
      net, [](void* f) { (*static_cast<F*>(f))(); }, &forward);
}

}  // namespace tenon::nn
