#include "tenon/nn/output_hook.hpp"

namespace tenon::detail {
namespace {

template <class T>
constinit thread_local OutputListener<T>* innermost = nullptr;

}  // namespace

template <class T>
OutputListener<T>::OutputListener(Function function) noexcept
    : function_(function), enclosing_(innermost<T>) {
  innermost<T> = this;
}

template <class T>
OutputListener<T>::~OutputListener() {
  innermost<T> = enclosing_;
}

template <class T>
bool OutputListener<T>::is_open() noexcept {
  return innermost<T> != nullptr;
}

template <class T>
void OutputListener<T>::notify(const nn::BasicModule<T>& module, const BasicTensor<T>& y) {
  for (OutputListener* i = innermost<T>; i != nullptr; i = i->enclosing_) {
    i->function_(*i, module, y);
  }
}

template class OutputListener<float>;
template class OutputListener<double>;

}  // namespace tenon::detail
