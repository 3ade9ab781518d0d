#include "tenon/optim/chain.hpp"

#include <string>

#include "tenon/base/error.hpp"

namespace tenon::optim {

template <class T>
void BasicChain<T>::add_part(std::unique_ptr<BasicOptimizer<T>> optimizer) {
  const std::size_t index = parts_.size();
  if (index == 0) {
    if (optimizer->learning_rate() == 0) {
      detail::fail<ValueError>("Chain",
                               "the learning rate of the first part is 0, to which those of the "
                               "others keep their ratio; hint: give it the greatest rate of the "
                               "training, and set_learning_rate(0) where it starts there");
    }
    this->learning_rate_ = optimizer->learning_rate();
  }
  for (Slot& slot : optimizer->slots_) {
    if (this->owns(slot.parameter)) {
      detail::fail<ValueError>("Chain", "part ", index, " trains '", slot.name,
                               "', which a part before it trains already; hint: each parameter "
                               "belongs to one part");
    }
  }
  for (Slot& slot : optimizer->slots_) {
    slot.name = std::to_string(index) + "." + slot.name;
    slot.part = index;
    this->slots_.push_back(std::move(slot));
  }
  optimizer->slots_.clear();
  parts_.push_back({std::move(optimizer), 1});
  Part& part = parts_.back();
  part.ratio = part.optimizer->learning_rate() / this->learning_rate_;
}

template <class T>
void BasicChain<T>::update(Slot& slot, const BasicTensor<T>& g) {
  const Part& part = parts_[slot.part];
  part.optimizer->learning_rate_ = part.ratio * this->learning_rate_;
  part.optimizer->update(slot, g);
}

template class BasicChain<float>;
template class BasicChain<double>;

}  // namespace tenon::optim
