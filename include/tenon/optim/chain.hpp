#pragma once

#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "tenon/optim/optimizer.hpp"

namespace tenon::optim {

/// Several optimisers that step together: other options, or another optimiser, for some of the
/// parameters, as PyTorch's parameter groups.
///
///   optim::Chain chain(optim::AdamW(net.body, {.lr = 1e-4}), optim::SGD(net.head, {.lr = 1e-2}));
///
/// It is an optimiser like any other: one step(), one state. learning_rate() is that of the first
/// part; the others' keep the ratio to it that they were made with, so that one schedule serves
/// all. A parameter of part 1 is called "1.weight" in the state and in missing(). Throws ValueError
/// where two parts train the same parameter, or the first one's learning rate is 0.
template <class T>
class TENON_API BasicChain : public BasicOptimizer<T> {
 public:
  template <class... Parts>
  requires(sizeof...(Parts) > 1 &&
           ((std::is_base_of_v<BasicOptimizer<T>, Parts> &&
             !std::is_base_of_v<BasicChain, Parts>)&&...)) explicit BasicChain(Parts... parts)
      : BasicOptimizer<T>("Chain", 0) {
    (add_part(std::make_unique<Parts>(std::move(parts))), ...);
  }

 private:
  using typename BasicOptimizer<T>::Slot;
  struct Part {
    std::unique_ptr<BasicOptimizer<T>> optimizer;
    double ratio;  // of its learning rate to that of the first
  };

  void add_part(std::unique_ptr<BasicOptimizer<T>> optimizer);
  void update(Slot& slot, const BasicTensor<T>& g) override;

  std::vector<Part> parts_;
};

extern template class BasicChain<float>;
extern template class BasicChain<double>;

using Chain = BasicChain<float>;

}  // namespace tenon::optim
