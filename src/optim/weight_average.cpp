#include "tenon/optim/weight_average.hpp"

#include <algorithm>
#include <utility>

#include "base/profile.hpp"
#include "checks.hpp"
#include "nn/module_path.hpp"
#include "tenon/base/denormals.hpp"
#include "tenon/base/parallel.hpp"
#include "tenon/tensor/factories.hpp"

namespace tenon::optim {
namespace {

constexpr Index average_grain = 1 << 14;

/// a += share (w - a)
template <class T>
void move_towards(const BasicTensor<T>& weights, double share, BasicTensor<T>& average) {
  const detail::FlushDenormals flush;
  const T* w = weights.data();
  T* a = average.data();
  const T part = static_cast<T>(share);
  parallel_for(average.numel(), average_grain, [=](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) a[i] += part * (w[i] - a[i]);
  });
}

}  // namespace

/// Finds what the net consists of; tied parameters once.
template <class T>
struct BasicWeightAverage<T>::Collector : detail::PathVisitor<T> {
  explicit Collector(BasicWeightAverage& a) : average(a) {}

  template <class V>
  void add(std::vector<Entry<V>>& entries, std::string_view name, const BasicTensor<V>& own,
           bool is_copied) {
    for (const auto& entry : entries) {
      if (entry.own.is_same(own)) return;
    }
    entries.push_back({"module." + this->path(name), own, own.clone(), is_copied});
  }
  void on_parameter(std::string_view name, nn::BasicParameter<T>& parameter) override {
    add<T>(average.entries_, name, parameter, false);
  }
  void on_buffer(std::string_view name, BasicTensor<T>& tensor) override {
    add<T>(average.entries_, name, tensor, true);
  }
  void on_long_buffer(std::string_view name, LongTensor& tensor) override {
    add<Index>(average.integers_, name, tensor, true);
  }

  BasicWeightAverage& average;
};

template <class T>
BasicWeightAverage<T>::BasicWeightAverage(const char* op, nn::BasicModule<T>& net)
    : op_(op), updates_(LongTensor::empty({})) {
  updates_.data()[0] = 0;
  Collector collector(*this);
  net.visit(collector);
  if (entries_.empty()) {
    detail::fail<ValueError>(op, net.description(),
                             " has no parameters to average; hint: its visit() must name every "
                             "layer and parameter, as in v(\"conv\", conv)");
  }
}

template <class T>
Index BasicWeightAverage<T>::updates() const {
  return updates_.data()[0];
}

template <class T>
void BasicWeightAverage<T>::check_not_applied() const {
  if (!is_applied_) return;
  detail::fail<ValueError>(op_,
                           "the average is applied: the net has the averaged weights and the "
                           "average those of the net; hint: end the scope of apply() first");
}

template <class T>
void BasicWeightAverage<T>::update() {
  const detail::OpScope scope(
      [this] { return detail::profile_begin(detail::ProfileKind::optimizer, op_); });
  check_not_applied();
  const bool is_first = updates() == 0;
  const double part = is_first ? 1 : share(updates());
  for (auto& entry : entries_) {
    if (is_first || entry.is_copied) {
      entry.average.copy_(entry.own);
    } else {
      move_towards(entry.own, part, entry.average);
    }
  }
  for (auto& entry : integers_) entry.average.copy_(entry.own);
  ++updates_.data()[0];
}

template <class T>
void BasicWeightAverage<T>::exchange() {
  const auto exchange_all = [](auto& entries) {
    for (auto& entry : entries) {
      std::swap_ranges(entry.own.data(), entry.own.data() + entry.own.numel(),
                       entry.average.data());
      entry.own.mark_modified();
    }
  };
  exchange_all(entries_);
  exchange_all(integers_);
  is_applied_ = !is_applied_;
}

template <class T>
BasicWeightAverage<T>::Applied::Applied(BasicWeightAverage& average) : average_(average) {
  average.check_not_applied();
  average.exchange();
}
template <class T>
BasicWeightAverage<T>::Applied::~Applied() {
  average_.exchange();
}

template <class T>
void BasicWeightAverage<T>::visit(nn::BasicVisitor<T>& v) {
  check_not_applied();
  v.buffer("n_averaged", updates_);
  for (auto& entry : entries_) v.buffer(entry.name, entry.average);
  for (auto& entry : integers_) v.buffer(entry.name, entry.average);
}

template <class T>
BasicExponentialMovingAverage<T>::BasicExponentialMovingAverage(nn::BasicModule<T>& net,
                                                                double decay)
    : BasicWeightAverage<T>("ExponentialMovingAverage", net), decay_(decay) {
  detail::check_option("ExponentialMovingAverage", "decay", decay, 0, 1);
}
template <class T>
double BasicExponentialMovingAverage<T>::share(Index) const {
  return 1 - decay_;
}

template <class T>
BasicStochasticWeightAverage<T>::BasicStochasticWeightAverage(nn::BasicModule<T>& net)
    : BasicWeightAverage<T>("StochasticWeightAverage", net) {}
template <class T>
double BasicStochasticWeightAverage<T>::share(Index updates) const {
  return 1 / static_cast<double>(updates + 1);
}

template class BasicWeightAverage<float>;
template class BasicWeightAverage<double>;
template class BasicExponentialMovingAverage<float>;
template class BasicExponentialMovingAverage<double>;
template class BasicStochasticWeightAverage<float>;
template class BasicStochasticWeightAverage<double>;

}  // namespace tenon::optim
