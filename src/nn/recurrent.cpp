#include "tenon/nn/recurrent.hpp"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "tenon/autograd/record.hpp"
#include "tenon/base/error.hpp"
#include "tenon/ops/dropout.hpp"
#include "tenon/ops/shape.hpp"
#include "tenon/tensor/factories.hpp"

namespace tenon::nn {
namespace {

void check(const char* name, const detail::RecurrentSettings& s, Index most_layers) {
  if (s.input_size < 1 || s.hidden_size < 1) {
    detail::fail<ValueError>(name, "input_size and hidden_size must be at least 1, not ",
                             s.input_size, " and ", s.hidden_size, "; hint: nn::", name,
                             "(input_size, hidden_size)");
  }
  if (s.num_layers < 1 || s.num_layers > most_layers) {
    detail::fail<ValueError>(name, "num_layers must lie in [1, ", most_layers, "], not ",
                             s.num_layers, "; hint: 1 is a single layer");
  }
  if (!(s.dropout >= 0 && s.dropout <= 1)) {
    detail::fail<ValueError>(name, "the dropout must lie in [0, 1], not ", s.dropout,
                             "; hint: it is the fraction of outputs to drop between layers");
  }
  if (s.dropout > 0 && s.num_layers == 1) {
    detail::fail<ValueError>(name,
                             "dropout acts between layers, but num_layers is 1; hint: put an "
                             "nn::Dropout behind the layer");
  }
  if (s.projects && (s.outputs < 1 || s.outputs >= s.hidden_size)) {
    detail::fail<ValueError>(name, "proj_size must lie in [0, hidden_size = ", s.hidden_size,
                             "), not ", s.outputs, "; hint: 0 is no projection");
  }
}

/// "weight_ih_l0_reverse" without a heap allocation.
class ParameterName {
 public:
  ParameterName(std::string_view what, Index layer, bool reverse) {
    append(what);
    append("_l");
    append(detail::IndexName(static_cast<std::size_t>(layer)));
    if (reverse) append("_reverse");
  }
  operator std::string_view() const { return {text_, size_}; }

 private:
  void append(std::string_view part) {
    std::copy(part.begin(), part.end(), text_ + size_);
    size_ += part.size();
  }
  char text_[64];
  std::size_t size_ = 0;
};

}  // namespace

template <class T>
BasicRecurrent<T>::BasicRecurrent(const char* name, const detail::RecurrentSettings& settings)
    : settings_(settings) {
  check(name, settings, most_layers);
  const double bound = 1 / std::sqrt(static_cast<double>(settings.hidden_size));
  const auto parameter = [&](const Shape& shape) {
    return BasicParameter<T>(uniform<T>(shape, -bound, bound));
  };
  const Index rows = settings.gates * settings.hidden_size;
  for (Index layer = 0; layer < settings.num_layers; ++layer) {
    const Index features = layer == 0 ? settings.input_size : directions() * settings.outputs;
    for (Index direction = 0; direction < directions(); ++direction) {
      BasicRecurrentParameters<T>& p = parameters_.emplace_back();
      p.weight_ih = parameter({rows, features});
      p.weight_hh = parameter({rows, settings.outputs});
      if (settings.bias) {
        p.bias_ih = parameter({rows});
        p.bias_hh = parameter({rows});
      }
      if (settings.projects) p.weight_hr = parameter({settings.outputs, settings.hidden_size});
    }
  }
}

template <class T>
void BasicRecurrent<T>::visit(BasicVisitor<T>& v) {
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    const Index layer = static_cast<Index>(i) / directions();
    const bool reverse = static_cast<Index>(i) % directions() == 1;
    BasicRecurrentParameters<T>& p = parameters_[i];
    v(ParameterName("weight_ih", layer, reverse), p.weight_ih);
    v(ParameterName("weight_hh", layer, reverse), p.weight_hh);
    if (p.bias_ih.defined()) v(ParameterName("bias_ih", layer, reverse), p.bias_ih);
    if (p.bias_hh.defined()) v(ParameterName("bias_hh", layer, reverse), p.bias_hh);
    if (p.weight_hr.defined()) v(ParameterName("weight_hr", layer, reverse), p.weight_hr);
  }
}

template <class T>
ExpectedInput BasicRecurrent<T>::expected_input() const {
  return {settings_.batch_first ? "NLD" : "LND", -1, settings_.input_size, "features",
          "input_size"};
}

template <class T>
std::string BasicRecurrent<T>::description() const {
  const detail::RecurrentSettings& s = settings_;
  if (parameters_.empty()) return this->name() + "(moved from)";
  std::string text =
      this->name() + "(" + std::to_string(s.input_size) + " -> " + std::to_string(s.hidden_size);
  if (s.num_layers > 1) text += ", " + std::to_string(s.num_layers) + " layers";
  if (s.bidirectional) text += ", bidirectional";
  if (s.dropout > 0) text += ", dropout " + detail::to_text(s.dropout);
  if (s.projects) text += ", projected to " + std::to_string(s.outputs);
  if (!s.bias) text += ", bias=false";
  if (!s.batch_first) text += ", batch_first=false";
  return text + ")";
}

template <class T>
BasicRecurrentParameters<T>& BasicRecurrent<T>::layer(Index layer, bool reverse) {
  const Index i = layer * directions() + reverse;
  if (layer < 0 || layer >= num_layers() || (reverse && directions() == 1)) {
    detail::fail<IndexError>(this->name(), "there is no layer ", layer, reverse ? ", reverse," : "",
                             " in ", description(), "; hint: layers count from 0");
  }
  return parameters_[static_cast<std::size_t>(i)];
}

template <class T>
auto BasicRecurrent<T>::weights(Index layer) const -> Weights {
  if (parameters_.empty()) {
    detail::fail<ValueError>(this->name(), "this layer has no parameters; hint: it was moved from");
  }
  Weights all{{}, static_cast<std::size_t>(directions())};
  for (std::size_t i = 0; i < all.count; ++i) {
    all.each[i] = parameters_[static_cast<std::size_t>(layer) * all.count + i].weights();
  }
  return all;
}

template <class T>
BasicTensor<T> BasicRecurrent<T>::state(const char* name, const BasicTensor<T>& all, Index layer,
                                        Index width) const {
  if (!all.defined()) return all;
  const Index count = num_layers() * directions();
  if (all.rank() != 3 || all.size(0) != count || all.size(2) != width) {
    detail::fail<ShapeError>(this->name(), name,
                             " must have shape (num_layers directions = ", count, ", N, ", width,
                             ") but has ", all.shape(),
                             "; hint: pass the state that the layer returned, or {} for zeros");
  }
  const BasicTensor<T> live = detail::carried(all);
  return num_layers() == 1 ? live : live.narrow(0, layer * directions(), directions());
}

template <class T>
BasicTensor<T> BasicRecurrent<T>::between(const BasicTensor<T>& y, Index layer) const {
  if (settings_.dropout == 0 || layer + 1 == num_layers()) return y;
  return dropout(y, settings_.dropout, this->is_training());
}

template <class T>
BasicTensor<T> BasicRecurrent<T>::joined(const BasicTensor<T>* states) const {
  return num_layers() == 1 ? states[0] : detail::cat(states, num_layers(), 0);
}

template class BasicRecurrent<float>;
template class BasicRecurrent<double>;

}  // namespace tenon::nn
