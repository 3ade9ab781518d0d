#include "tenon/optim/optimizer.hpp"

#include <utility>

#include "base/profile.hpp"
#include "checks.hpp"
#include "tenon/tensor/factories.hpp"

namespace tenon::optim {

template <class T>
BasicOptimizer<T>::BasicOptimizer(const char* op, double learning_rate)
    : op_(op), learning_rate_(learning_rate) {}

template <class T>
BasicOptimizer<T>::BasicOptimizer(const char* op, nn::BasicModule<T>& module, double learning_rate,
                                  std::initializer_list<const char*> buffers)
    : op_(op), learning_rate_(learning_rate) {
  detail::check_option(op, "lr", learning_rate);
  for (auto& entry : nn::named_parameters(module))
    add(std::move(entry.name), *entry.parameter, buffers);
  if (slots_.empty()) {
    detail::fail<ValueError>(op, module.description(),
                             " has no parameters to train; hint: its visit() must name every layer "
                             "and parameter, as in v(\"conv\", conv), and it must not have been "
                             "moved from");
  }
}

template <class T>
BasicOptimizer<T>::BasicOptimizer(const char* op,
                                  const std::vector<nn::BasicParameter<T>*>& parameters,
                                  double learning_rate, std::initializer_list<const char*> buffers)
    : op_(op), learning_rate_(learning_rate) {
  detail::check_option(op, "lr", learning_rate);
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    if (parameters[i] == nullptr || !parameters[i]->defined()) {
      detail::fail<ValueError>(op, "parameter ", i,
                               " of the list is undefined; hint: was its layer "
                               "moved from, or made without a bias?");
    }
    if (!owns(*parameters[i])) add(std::to_string(i), *parameters[i], buffers);
  }
  if (slots_.empty()) detail::fail<ValueError>(op, "the list of parameters to train is empty");
}

template <class T>
void BasicOptimizer<T>::add(std::string name, const nn::BasicParameter<T>& parameter,
                            std::initializer_list<const char*> buffers) {
  Slot slot;
  slot.name = std::move(name);
  slot.parameter = parameter;
  int i = 0;
  for (const char* buffer : buffers) {
    slot.buffer_names[i] = buffer;
    slot.buffers[i++] = zeros<T>(parameter.shape());
  }
  slots_.push_back(std::move(slot));
}

template <class T>
void BasicOptimizer<T>::fill_buffers(int i, double value) {
  for (Slot& slot : slots_) slot.buffers[i].fill_(static_cast<T>(value));
}

template <class T>
void BasicOptimizer<T>::step(const Gradients& gradients) {
  const detail::OpScope scope(
      [this] { return detail::profile_begin(detail::ProfileKind::optimizer, op_); });
  Index updated = 0;
  for (Slot& slot : slots_) {
    const BasicTensor<T> g = gradients.find(slot.parameter);
    if (!g.defined()) continue;
    ++slot.steps;
    update(slot, g);
    slot.parameter.mark_modified();
    ++updated;
  }
  if (updated == 0) fail_no_gradient(gradients);
}

template <class T>
void BasicOptimizer<T>::fail_no_gradient(const Gradients& gradients) const {
  detail::fail<ValueError>(op_, "none of the ", slots_.size(),
                           " parameters of this optimiser has a "
                           "gradient; there are gradients of ",
                           gradients.size(),
                           " other leaves. hint: was the net copied after the optimiser was made? "
                           "A copy has parameters of its own: make the optimiser from the net that "
                           "is trained");
}

template <class T>
void BasicOptimizer<T>::set_learning_rate(double learning_rate) {
  detail::check_option(op_, "lr", learning_rate);
  learning_rate_ = learning_rate;
}

template <class T>
std::vector<std::string> BasicOptimizer<T>::missing(const Gradients& gradients) const {
  std::vector<std::string> names;
  for (const Slot& slot : slots_) {
    if (!gradients.contains(slot.parameter)) names.push_back(slot.name);
  }
  return names;
}

template <class T>
bool BasicOptimizer<T>::owns(const BasicTensor<T>& parameter) const {
  for (const Slot& slot : slots_) {
    if (slot.parameter.is_same(parameter)) return true;
  }
  return false;
}

template <class T>
BasicOptimizerState<T> BasicOptimizer<T>::state() const {
  BasicOptimizerState<T> state;
  state.learning_rate = learning_rate_;
  state.steps = LongTensor::empty({slots_.size()});
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    state.steps.data()[i] = slots_[i].steps;
    const Slot& slot = slots_[i];
    for (int k = 0; k < max_buffers && slot.buffer_names[k] != nullptr; ++k) {
      state.buffers.push_back({slot.name + "." + slot.buffer_names[k], slot.buffers[k], true});
    }
  }
  return state;
}

template <class T>
void BasicOptimizer<T>::load_state(const BasicOptimizerState<T>& state) {
  const BasicOptimizerState<T> own = this->state();
  const LongTensor steps = state.steps.defined() ? state.steps.contiguous() : LongTensor();
  if (!steps.defined() || !(steps.shape() == own.steps.shape()) ||
      state.buffers.size() != own.buffers.size()) {
    detail::fail<ValueError>(op_, "the state holds ", state.buffers.size(), " buffers of ",
                             steps.defined() ? steps.numel() : 0,
                             " parameters, but this optimiser "
                             "has ",
                             own.buffers.size(), " of ", own.steps.numel(),
                             "; hint: load it into the kind of optimiser, over the same net, that "
                             "it was saved from");
  }
  for (std::size_t i = 0; i < own.buffers.size(); ++i) {
    const auto& from = state.buffers[i];
    const auto& to = own.buffers[i];
    if (from.name != to.name) {
      detail::fail<ValueError>(op_, "the state holds '", from.name, "' where this optimiser has '",
                               to.name,
                               "'; hint: load it into the kind of optimiser, over the same "
                               "net, that it was saved from");
    }
    if (!from.tensor.defined() || !(from.tensor.shape() == to.tensor.shape())) {
      detail::fail<ShapeError>(op_, "'", to.name, "' has shape ",
                               from.tensor.defined() ? from.tensor.shape() : Shape(),
                               " in the state, but its parameter has shape ", to.tensor.shape());
    }
  }
  set_learning_rate(state.learning_rate);
  for (std::size_t i = 0; i < slots_.size(); ++i) slots_[i].steps = steps.data()[i];
  for (std::size_t i = 0; i < own.buffers.size(); ++i) {
    BasicTensor<T> to = own.buffers[i].tensor;
    to.copy_(state.buffers[i].tensor);
  }
}

template class BasicOptimizer<float>;
template class BasicOptimizer<double>;

}  // namespace tenon::optim
