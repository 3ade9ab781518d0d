#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "tenon/tensor/tensor.hpp"

namespace tenon::detail {

/// What a BasicMetric holds.
template <class T>
struct MetricModel {
  virtual ~MetricModel() = default;
  virtual std::unique_ptr<MetricModel> clone() const = 0;
  virtual std::string name() const = 0;
  virtual void reset() = 0;
  virtual void update(const BasicTensor<T>& prediction, const LongTensor& target) = 0;
  virtual void update(const BasicTensor<T>& prediction, const BasicTensor<T>& target) = 0;
  virtual double result() const = 0;
  virtual std::vector<double> state() const = 0;
  virtual void load_state(const std::vector<double>& state) = 0;
};

/// name: of the metric; target: the type that it cannot compare with.
[[noreturn]] TENON_API void fail_metric_target(std::string_view name, DType target);

template <class M, class T, class Target>
concept UpdatesWith = requires(M& metric, const BasicTensor<T>& prediction,
                               const BasicTensor<Target>& target) {
  metric.update(prediction, target);
};

template <class M>
concept HasMetricState = requires(M& metric, const M& constant, const std::vector<double>& state) {
  { constant.state() } -> std::convertible_to<std::vector<double>>;
  metric.load_state(state);
};

template <class T, class M>
struct MetricModelOf final : MetricModel<T> {
  explicit MetricModelOf(M m) : metric(std::move(m)) {}
  std::unique_ptr<MetricModel<T>> clone() const override {
    return std::make_unique<MetricModelOf>(metric);
  }
  std::string name() const override { return metric.name(); }
  void reset() override { metric.reset(); }
  void update(const BasicTensor<T>& prediction, const LongTensor& target) override {
    update_with(prediction, target);
  }
  void update(const BasicTensor<T>& prediction, const BasicTensor<T>& target) override {
    update_with(prediction, target);
  }
  double result() const override { return metric.result(); }
  std::vector<double> state() const override { return metric.state(); }
  void load_state(const std::vector<double>& state) override { metric.load_state(state); }

  template <class Target>
  void update_with(const BasicTensor<T>& prediction, const BasicTensor<Target>& target) {
    if constexpr (UpdatesWith<M, T, Target>) {
      metric.update(prediction, target);
    } else {
      fail_metric_target(metric.name(), dtype_of<Target>);
    }
  }

  M metric;
};

}  // namespace tenon::detail

namespace tenon {

/// A measure of predictions, gathered batch by batch: any metric as a value that can be copied.
///
///   std::vector<Metric> metrics{Accuracy(), F1Score({.average = Average::macro})};
///
/// A metric is any copyable class with these members; both update or one of them:
///   std::string name() const;               what a history calls it
///   void reset();                           forgets all samples
///   void update(const Tensor& prediction, const LongTensor& target);
///   void update(const Tensor& prediction, const Tensor& target);
///   double result() const;                  over all samples since reset()
///   std::vector<double> state() const;      all that a metric of the same options needs to go on
///   void load_state(const std::vector<double>& state);
/// Copies are independent. A metric that was moved from may only be assigned to or destroyed.
template <class T>
class TENON_API BasicMetric {
 public:
  template <class M>
  requires(!std::is_same_v<std::remove_cvref_t<M>, BasicMetric> &&
           requires(const std::remove_cvref_t<M>& metric) { metric.result(); })
      BasicMetric(M&& metric) {
    using Model = std::remove_cvref_t<M>;
    static_assert(std::is_copy_constructible_v<Model>, "a metric must be copyable");
    static_assert(
        requires(Model & m, const Model& c) {
          { c.name() } -> std::convertible_to<std::string>;
          { c.result() } -> std::convertible_to<double>;
          m.reset();
        },
        "a metric has std::string name() const, double result() const and void reset()");
    static_assert(detail::HasMetricState<Model>,
                  "a metric has std::vector<double> state() const and "
                  "void load_state(const std::vector<double>&), so that training can be resumed");
    static_assert(detail::UpdatesWith<Model, T, std::int64_t> || detail::UpdatesWith<Model, T, T>,
                  "a metric has void update(const Tensor& prediction, const LongTensor& target), "
                  "or the same with a Tensor as target");
    model_ = std::make_unique<detail::MetricModelOf<T, Model>>(std::forward<M>(metric));
  }
  BasicMetric(const BasicMetric& other);
  BasicMetric(BasicMetric&&) noexcept = default;
  BasicMetric& operator=(const BasicMetric& other);
  BasicMetric& operator=(BasicMetric&&) noexcept = default;

  std::string name() const { return model_->name(); }
  void reset() { model_->reset(); }
  /// Takes in one batch. Throws TypeError where the metric has no update for such a target, and
  /// what that update throws.
  void update(const BasicTensor<T>& prediction, const LongTensor& target) {
    model_->update(prediction, target);
  }
  void update(const BasicTensor<T>& prediction, const BasicTensor<T>& target) {
    model_->update(prediction, target);
  }
  /// Over all samples since reset().
  double result() const { return model_->result(); }
  std::vector<double> state() const { return model_->state(); }
  /// Goes on where the metric that gave this state was; the options must be the same.
  void load_state(const std::vector<double>& state) { model_->load_state(state); }

  /// The metric inside, if it is an M, else null: metrics[1].get<ConfusionMatrix>()->matrix().
  template <class M>
  M* get() {
    auto* model = dynamic_cast<detail::MetricModelOf<T, M>*>(model_.get());
    return model != nullptr ? &model->metric : nullptr;
  }
  template <class M>
  const M* get() const {
    auto* model = dynamic_cast<const detail::MetricModelOf<T, M>*>(model_.get());
    return model != nullptr ? &model->metric : nullptr;
  }

 private:
  std::unique_ptr<detail::MetricModel<T>> model_;
};

extern template class BasicMetric<float>;
extern template class BasicMetric<double>;

using Metric = BasicMetric<float>;

}  // namespace tenon
