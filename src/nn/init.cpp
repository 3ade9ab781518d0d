#include "tenon/nn/init.hpp"

#include <cmath>

#include "recurrent_init.hpp"
#include "tenon/base/error.hpp"
#include "tenon/nn/conv2d.hpp"
#include "tenon/nn/conv_transpose2d.hpp"
#include "tenon/nn/embedding.hpp"
#include "tenon/nn/linear.hpp"
#include "tenon/tensor/factories.hpp"

namespace tenon::nn::init {
namespace {

struct Fans {
  double in, out;
  double of(Fan fan) const { return fan == Fan::in ? in : out; }
};

template <class T>
const Shape& shape_of(const char* op, const BasicTensor<T>& w) {
  if (!w.defined()) {
    detail::fail<ValueError>(op,
                             "the tensor to initialise is undefined; hint: was the layer moved "
                             "from, or made without a bias?");
  }
  return w.shape();
}

template <class T>
Fans fans(const char* op, const BasicTensor<T>& w) {
  const Shape& shape = shape_of(op, w);
  if (shape.rank() < 2) {
    detail::fail<ShapeError>(op,
                             "a weight has at least two axes, (outputs, inputs, ...), but this "
                             "tensor has shape ",
                             shape,
                             "; hint: initialise biases with init::constant_ or init::uniform_");
  }
  Index pixels = 1;
  for (int i = 2; i < shape.rank(); ++i) pixels *= shape[i];
  return {static_cast<double>(shape[1] * pixels), static_cast<double>(shape[0] * pixels)};
}

double gain(const KaimingOptions& options) {
  return calculate_gain(options.nonlinearity, options.a);
}

template <class T>
class KerasVisitor : public BasicVisitor<T> {
 public:
  /// Whether it was one of the layers that this initialisation knows.
  static bool start(BasicModule<T>& module) {
    return start_as<BasicLinear<T>>(module) || start_as<BasicConv2d<T>>(module) ||
           start_as<BasicConvTranspose2d<T>>(module) || start_embedding(module) ||
           detail::start_recurrent_as_keras(module);
  }

 private:
  void on_module(std::string_view name, BasicModule<T>& module) override {
    if (!start(module)) BasicVisitor<T>::on_module(name, module);
  }
  template <class Layer>
  static bool start_as(BasicModule<T>& module) {
    auto* layer = dynamic_cast<Layer*>(&module);
    if (layer == nullptr) return false;
    xavier_uniform_<T>(layer->weight);
    if (layer->bias.defined()) constant_<T>(layer->bias, 0);
    return true;
  }
  static bool start_embedding(BasicModule<T>& module) {
    auto* layer = dynamic_cast<BasicEmbedding<T>*>(&module);
    if (layer == nullptr) return false;
    uniform_<T>(layer->weight, -0.05, 0.05);
    if (layer->padding_idx()) layer->weight[*layer->padding_idx()].fill_(0);
    return true;
  }
};

}  // namespace

double calculate_gain(Nonlinearity nonlinearity, double slope) {
  switch (nonlinearity) {
    case Nonlinearity::tanh:
      return 5.0 / 3;
    case Nonlinearity::relu:
      return std::sqrt(2.0);
    case Nonlinearity::leaky_relu:
      return std::sqrt(2 / (1 + slope * slope));
    case Nonlinearity::selu:
      return 0.75;
    case Nonlinearity::linear:
    case Nonlinearity::sigmoid:
      break;
  }
  return 1;
}

template <class T>
void uniform_(BasicTensor<T>& w, double low, double high) {
  w.copy_(uniform<T>(shape_of("uniform_", w), low, high));
}

template <class T>
void normal_(BasicTensor<T>& w, double mean, double stddev) {
  w.copy_(normal<T>(shape_of("normal_", w), mean, stddev));
}

template <class T>
void constant_(BasicTensor<T>& w, double value) {
  shape_of("constant_", w);
  w.fill_(static_cast<T>(value));
}

template <class T>
void xavier_uniform_(BasicTensor<T>& w, double gain) {
  const Fans fan = fans("xavier_uniform_", w);
  const double bound = gain * std::sqrt(6 / (fan.in + fan.out));
  uniform_(w, -bound, bound);
}

template <class T>
void xavier_normal_(BasicTensor<T>& w, double gain) {
  const Fans fan = fans("xavier_normal_", w);
  normal_(w, 0, gain * std::sqrt(2 / (fan.in + fan.out)));
}

template <class T>
void kaiming_uniform_(BasicTensor<T>& w, const KaimingOptions& options) {
  const double fan = fans("kaiming_uniform_", w).of(options.fan);
  const double bound = gain(options) * std::sqrt(3 / fan);
  uniform_(w, -bound, bound);
}

template <class T>
void kaiming_normal_(BasicTensor<T>& w, const KaimingOptions& options) {
  const double fan = fans("kaiming_normal_", w).of(options.fan);
  normal_(w, 0, gain(options) / std::sqrt(fan));
}

template <class T>
void keras(BasicModule<T>& net) {
  KerasVisitor<T> visitor;
  if (!visitor.start(net)) net.visit(visitor);
}

#define TENON_INSTANTIATE(T)                                              \
  template void uniform_(BasicTensor<T>&, double, double);                \
  template void normal_(BasicTensor<T>&, double, double);                 \
  template void constant_(BasicTensor<T>&, double);                       \
  template void xavier_uniform_(BasicTensor<T>&, double);                 \
  template void xavier_normal_(BasicTensor<T>&, double);                  \
  template void kaiming_uniform_(BasicTensor<T>&, const KaimingOptions&); \
  template void kaiming_normal_(BasicTensor<T>&, const KaimingOptions&);  \
  template void keras(BasicModule<T>&);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon::nn::init
