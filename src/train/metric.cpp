#include "tenon/train/metric.hpp"

#include "tenon/base/error.hpp"

namespace tenon {

void detail::fail_metric_target(std::string_view name, DType target) {
  const bool labels = target == DType::int64;
  fail<TypeError>(name, "this metric has no update for ",
                  labels ? "integer labels (LongTensor)" : "a target of real numbers (Tensor)",
                  labels ? "; hint: target.to<float>() makes numbers of them"
                         : "; hint: target.to<std::int64_t>() makes labels of them",
                  ", or choose a metric for such targets");
}

template <class T>
BasicMetric<T>::BasicMetric(const BasicMetric& other)
    : model_(other.model_ != nullptr ? other.model_->clone() : nullptr) {}

template <class T>
BasicMetric<T>& BasicMetric<T>::operator=(const BasicMetric& other) {
  return *this = BasicMetric(other);
}

template class BasicMetric<float>;
template class BasicMetric<double>;

}  // namespace tenon
