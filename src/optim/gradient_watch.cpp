#include "tenon/optim/gradient_watch.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace tenon::optim {
namespace {

/// "encoder.0" of "encoder.0.weight", "" where the net itself owns the parameter.
std::string_view layer_of(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  return dot == std::string_view::npos ? std::string_view() : name.substr(0, dot);
}

void add_name(std::string& list, const std::string& name) {
  if (!list.empty()) list += ", ";
  list += name;
}

}  // namespace

template <class T>
BasicGradientWatch<T>::BasicGradientWatch(nn::BasicModule<T>& net) {
  for (auto& entry : nn::named_parameters(net)) {
    slots_.push_back({std::move(entry.name), *entry.parameter});
  }
}

template <class T>
void BasicGradientWatch<T>::observe(const Gradients& gradients) {
  ++steps_;
  if (alive_ == slots_.size()) return;
  for (Slot& slot : slots_) {
    if (slot.seen == Seen::alive) continue;
    const BasicTensor<T> g = gradients.find(slot.parameter);
    if (!g.defined()) continue;
    const T* values = g.data();
    const bool is_zero = std::all_of(values, values + g.numel(), [](T v) { return v == T(0); });
    slot.seen = is_zero ? Seen::zeros : Seen::alive;
    alive_ += !is_zero;
  }
}

template <class T>
std::vector<std::string> BasicGradientWatch<T>::names(Seen seen) const {
  std::vector<std::string> list;
  for (const Slot& slot : slots_) {
    if (slot.seen == seen) list.push_back(slot.name);
  }
  return list;
}

template <class T>
std::vector<std::string> BasicGradientWatch<T>::missing() const {
  return names(Seen::nothing);
}

template <class T>
std::vector<std::string> BasicGradientWatch<T>::dead() const {
  return names(Seen::zeros);
}

template <class T>
void BasicGradientWatch<T>::report_layer(std::size_t begin, std::size_t end,
                                         std::string& text) const {
  std::string missing, dead;
  std::size_t missing_count = 0;
  for (std::size_t i = begin; i < end; ++i) {
    if (slots_[i].seen == Seen::nothing) {
      add_name(missing, slots_[i].name);
      ++missing_count;
    }
    if (slots_[i].seen == Seen::zeros) add_name(dead, slots_[i].name);
  }
  if (missing_count > 0) {
    text += missing + ": no gradient";
    text += missing_count == end - begin
                ? "; the layer is not used in forward(), its result does not reach the loss, or it "
                  "was cut off by detach(), to() or a NoTape\n"
                : "; forward() does not use it, or uses a copy that was made outside of the tape "
                  "(clone(), to(), data())\n";
  }
  if (!dead.empty()) {
    text += dead +
            ": only zeros; a ReLU behind it is never positive, its result is multiplied by 0 or "
            "masked, or weights behind it are 0\n";
  }
}

template <class T>
std::string BasicGradientWatch<T>::report() const {
  if (steps_ == 0 || alive_ == slots_.size()) return "";
  std::string text;
  const bool none = std::all_of(slots_.begin(), slots_.end(),
                                [](const Slot& slot) { return slot.seen == Seen::nothing; });
  if (none) {
    text = "no parameter of the net had one";
    text +=
        "; the net was copied after the watch was made, the forward pass ran before the tape "
        "was opened, or the loss does not depend on it\n";
  } else {
    for (std::size_t begin = 0, end = 0; begin < slots_.size(); begin = end) {
      const std::string_view layer = layer_of(slots_[begin].name);
      while (end < slots_.size() && layer_of(slots_[end].name) == layer) ++end;
      report_layer(begin, end, text);
    }
  }
  return "gradients that never came, in " + std::to_string(steps_) +
         (steps_ == 1 ? " step:\n" : " steps:\n") + text;
}

template class BasicGradientWatch<float>;
template class BasicGradientWatch<double>;

}  // namespace tenon::optim
