#pragma once

#include <concepts>
#include <cstddef>
#include <iosfwd>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "tenon/nn/parameter.hpp"
#include "tenon/nn/visitor.hpp"
#include "tenon/tensor/tensor.hpp"

namespace tenon::detail {

/// Of a layer's result the tensor whose shape tells most, null where there is none: the result
/// itself, or y of several.
template <class Result>
const TensorImpl* output_of(const Result& result) {
  if constexpr (requires { result.impl(); }) {
    return result.impl();
  } else if constexpr (requires { result.y.impl(); }) {
    return result.y.impl();
  } else {
    return nullptr;
  }
}

}  // namespace tenon::detail

namespace tenon::nn {
template <class T>
class BasicModule;
}  // namespace tenon::nn

namespace tenon::detail {

/// Is told of the outputs of all modules that run in this thread, from its making to its end; the
/// last one made is the first to know. nn/output_hook.hpp is what users see of it.
template <class T>
class TENON_API OutputListener {
 public:
  using Function = void (*)(OutputListener&, const nn::BasicModule<T>&, const BasicTensor<T>&);

  explicit OutputListener(Function function) noexcept;
  ~OutputListener();
  OutputListener(const OutputListener&) = delete;
  OutputListener& operator=(const OutputListener&) = delete;

  static bool is_open() noexcept;
  static void notify(const nn::BasicModule<T>& module, const BasicTensor<T>& y);

 private:
  Function function_;
  OutputListener* enclosing_;
};

extern template class OutputListener<float>;
extern template class OutputListener<double>;

}  // namespace tenon::detail

namespace tenon::nn {

/// What a layer wants of its input, for errors that it has no part in.
struct ExpectedInput {
  const char* axes = "";    ///< "NCHW" where x must have these axes, "" where it may have any
  Index axis = -1;          ///< the one whose size matters, negative ones counted from the end
  Index size = 0;           ///< of it; 0 where any will do
  const char* unit = "";    ///< what that axis counts: "features"
  const char* option = "";  ///< the layer's option that it is: "in_features"
};

/// What every layer and model derives from. A model is a struct with its layers as members:
///
///   struct Block : nn::Module {
///     nn::Conv2d conv{64, 64, 3, {.padding = 1}};
///     Tensor forward(const Tensor& x) override { return relu(conv(x)) + x; }
///     void visit(nn::Visitor& v) override { v("conv", conv); }
///   };
///
/// Copying clones (new parameters with the same values; those tied to each other stay so), moving
/// keeps the parameters, assigning a copy writes them in place. A module with a destructor of its
/// own needs `Block(Block&&) noexcept = default;` or it would be copied wherever it is moved.
/// A module that takes several inputs adds a call of its own, which runs through call(), and says
/// `using nn::Module::operator();`.
template <class T>
class TENON_API BasicModule {
 public:
  using scalar_type = T;

  virtual ~BasicModule() = default;

  /// What the module computes; called through operator(). The default throws ValueError.
  virtual BasicTensor<T> forward(const BasicTensor<T>& x);
  /// The same for modules that take ids, as an embedding does.
  virtual BasicTensor<T> forward_ids(const LongTensor& ids);
  /// And for those that take sequences of ids (N, L) and their lengths (N), as a
  /// data::SequenceLoader gives them.
  virtual BasicTensor<T> forward_sequences(const LongTensor& ids, const LongTensor& lengths);
  /// relu(forward(x)), bit for bit, in one pass where the layer can. An undefined tensor, which is
  /// the default, says that it cannot: Sequential then runs its ReLU as a layer of its own.
  virtual BasicTensor<T> forward_relu(const BasicTensor<T>& x);
  /// Names every member that is a layer, a parameter or a buffer.
  virtual void visit(BasicVisitor<T>&) {}
  /// "Linear": the type's name without namespaces, unless overridden.
  virtual std::string name() const;
  /// One line for errors and printing: "Linear(576 -> 64)"; the default is "name()".
  virtual std::string description() const;
  /// What forward() wants of x, as far as that can be said; the default says nothing.
  virtual ExpectedInput expected_input() const { return {}; }
  /// The dotted path of the module at that address inside this one, "" where visit() does not lead
  /// to it. The address is compared, not followed.
  std::string path_to(const void* module) const;

  /// Runs forward(). An error that leaves it is told which layer it passed through.
  BasicTensor<T> operator()(const BasicTensor<T>& x);
  BasicTensor<T> operator()(const LongTensor& ids);
  BasicTensor<T> operator()(const LongTensor& ids, const LongTensor& lengths);
  /// Runs forward_relu() in the same way.
  BasicTensor<T> with_relu(const BasicTensor<T>& x);

  /// Switches this module and all inside it between training (the initial mode) and evaluation,
  /// which layers like Dropout tell apart.
  void train(bool on = true);
  void eval() { train(false); }
  bool is_training() const { return training_; }

 protected:
  /// Called after train() or eval(): the place to drop what was prepared for the other mode.
  virtual void on_mode() {}

  /// Runs f() as operator() runs forward(): what a call of several inputs consists of. Its result
  /// is a value that can be made by default.
  template <class F>
  auto call(const F& f) {
    struct Context {
      const F& function;
      decltype(f()) result;
    } context{f, {}};
    run(
        [](void* raw) -> const detail::TensorImpl* {
          auto& c = *static_cast<Context*>(raw);
          c.result = c.function();
          return detail::output_of(c.result);
        },
        &context);
    if constexpr (std::is_same_v<decltype(f()), BasicTensor<T>>) {
      if (detail::OutputListener<T>::is_open()) notify(context.result);
    }
    return std::move(context.result);
  }

  BasicModule() = default;
  BasicModule(const BasicModule& other);
  BasicModule(BasicModule&& other) noexcept : training_(other.training_) {}
  BasicModule& operator=(const BasicModule&) = default;
  BasicModule& operator=(BasicModule&&) noexcept = default;

 private:
  void run(const detail::TensorImpl* (*f)(void* context), void* context);
  void notify(const BasicTensor<T>& y) const {
    if (y.defined()) detail::OutputListener<T>::notify(*this, y);
  }

  bool training_ = true;
};

/// A parameter and its path from the module: "encoder.2.weight".
template <class T>
struct BasicNamedParameter {
  std::string name;
  BasicParameter<T>* parameter;
};
/// A tensor of a module's state; the tensor shares the module's values.
template <class T>
struct BasicNamedTensor {
  std::string name;
  BasicTensor<T> tensor;
  bool is_buffer = false;
};
using NamedParameter = BasicNamedParameter<float>;
using NamedTensor = BasicNamedTensor<float>;

/// All parameters in the order of visit(). Tied ones, which are one leaf, appear once, under their
/// first name. The pointers are valid as long as the module stays where it is. Build the list once:
/// it allocates. Throws ValueError for a parameter without values.
template <class T>
TENON_API std::vector<BasicNamedParameter<T>> named_parameters(BasicModule<T>& module);
template <class T>
TENON_API std::vector<BasicParameter<T>*> parameters(BasicModule<T>& module);
/// Parameters and buffers in the order of visit(), tied parameters under each of their names: what
/// is saved and loaded, besides buffers of integers, which io::state_dict has, too. Names are
/// unique unless visit() gives one twice, which throws ValueError.
template <class T>
TENON_API std::vector<BasicNamedTensor<T>> named_tensors(BasicModule<T>& module);
/// The number of trainable values; those of tied parameters count once.
template <class T>
TENON_API Index count_parameters(const BasicModule<T>& module);

/// A copy with parameters of its own.
template <class M>
requires detail::AnyModule<M> M clone(const M& module) { return module; }

/// The module and all layers inside it, one a line, as PyTorch prints them:
///   Sequential(
///     (0): Linear(4 -> 8)
///     (1): ReLU()
///   )
template <class T>
TENON_API std::string to_string(const BasicModule<T>& module);
template <class T>
TENON_API std::ostream& operator<<(std::ostream& out, const BasicModule<T>& module);

extern template class BasicModule<float>;
extern template class BasicModule<double>;

using Module = BasicModule<float>;

}  // namespace tenon::nn
