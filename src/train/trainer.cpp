#include "tenon/train/trainer.hpp"

#include <algorithm>
#include <cmath>

#include "fit_run.hpp"

namespace tenon {

namespace detail {

void fail_loss_target(DType target) {
  fail<TypeError>("fit", "the loss takes no ", to_string(target), " targets; hint: ",
                  target == DType::int64
                      ? "CrossEntropyLoss takes class labels, other losses take numbers like the "
                        "predictions: labels.to<float>()"
                      : "class labels are int64");
}

void fail_loss_weights() {
  fail<ValueError>("fit", "class_weights and sample_weights need a loss of one number a sample; ",
                   "hint: a loss with a member `Reduction reduction`, as those of nn/loss.hpp");
}

void check_fit_options(Index epochs, Index batch_size, Index accumulate, Index validate_every,
                       Index checkpoint_every, double validation_split, bool has_validation,
                       double clip_norm, double clip_value, Index samples) {
  const auto at_least = [](const char* name, Index value, Index least) {
    if (value < least) {
      fail<ValueError>("fit", name, " must be at least ", least, ", not ", value);
    }
  };
  at_least("epochs", epochs, 0);
  at_least("batch_size", batch_size, 1);
  at_least("accumulate", accumulate, 1);
  at_least("validate_every", validate_every, 1);
  at_least("checkpoint_every", checkpoint_every, 0);
  if (!(validation_split >= 0 && validation_split < 1)) {
    fail<ValueError>("fit", "validation_split must lie in [0, 1), not ", validation_split);
  }
  if (validation_split > 0 && has_validation) {
    fail<ValueError>("fit", "both validation and validation_split are given; hint: one of them");
  }
  if (!(clip_norm >= 0) || !(clip_value >= 0)) {
    fail<ValueError>("fit", "clip_norm ", clip_norm, " and clip_value ", clip_value,
                     " must not be negative");
  }
  if (samples == 0) fail<ValueError>("fit", "the data set has no samples");
}

namespace {

/// Evaluation mode until the scope ends.
template <class T>
class EvalScope {
 public:
  explicit EvalScope(nn::BasicModule<T>& net) : net_(net), was_training_(net.is_training()) {
    net_.eval();
  }
  ~EvalScope() { net_.train(was_training_); }
  EvalScope(const EvalScope&) = delete;
  EvalScope& operator=(const EvalScope&) = delete;

 private:
  const NoTape guard_;
  nn::BasicModule<T>& net_;
  bool was_training_;
};

void check_batch_size(const char* op, Index batch_size) {
  if (batch_size < 1) {
    fail<ValueError>(op, "batch_size must be at least 1, not ", batch_size);
  }
}

/// Outputs of f(begin, end) for pieces of [0, size), one behind the other.
template <class T, class F>
BasicTensor<T> in_pieces(Index size, Index batch_size, const F& f) {
  BasicTensor<T> all;
  for (Index begin = 0; begin < size || begin == 0; begin += batch_size) {
    const Index end = std::min(begin + batch_size, size);
    const BasicTensor<T> part = f(begin, end);
    if (part.rank() == 0 || part.size(0) != end - begin) {
      fail<ShapeError>("predict", "the net gave shape ", part.shape(), " for ", end - begin,
                       " samples; hint: its first axis must be that of the samples");
    }
    if (!all.defined()) {
      if (end == size) return part;
      Shape shape = part.shape();
      shape[0] = size;
      all = BasicTensor<T>::empty(shape);
    }
    all.narrow(0, begin, end - begin).copy_(part);
  }
  return all;
}

/// The net's outputs for the rows of a tensor of numbers or of ids.
template <class T, class X>
BasicTensor<T> predict_rows(nn::BasicModule<T>& net, const X& inputs, Index batch_size) {
  check_batch_size("predict", batch_size);
  const EvalScope<T> scope(net);
  return in_pieces<T>(inputs.size(0), batch_size, [&](Index begin, Index end) {
    return net(inputs.narrow(0, begin, end - begin));
  });
}

}  // namespace
}  // namespace detail

double Scores::operator[](std::string_view name) const {
  std::string names;
  for (const auto& [known, value] : values_) {
    if (known == name) return value;
    names += (names.empty() ? "'" : ", '") + known + "'";
  }
  detail::fail<IndexError>("Scores", "there is no '", name, "'; there are ", names);
}

template <class T>
BasicTrainer<T>::BasicTrainer(nn::BasicModule<T>& net, std::unique_ptr<detail::FitLoss<T>> loss,
                              std::unique_ptr<optim::BasicOptimizer<T>> optimizer,
                              BasicTrainerOptions<T> options)
    : net_(net),
      loss_(std::move(loss)),
      optimizer_(std::move(optimizer)),
      metrics_(std::move(options.metrics)) {
  for (const auto* parameter : nn::parameters(net_)) {
    if (optimizer_->owns(*parameter)) return;
  }
  detail::fail<ValueError>("Trainer", "the optimiser trains none of the parameters of ",
                           net_.description(), "; hint: make it from the net that is trained, ",
                           "not from a copy, and after the net has its layers");
}

template <class T>
BasicTrainer<T>::~BasicTrainer() = default;

template <class T>
template <class D>
History BasicTrainer<T>::fit_on(const D& train, const FitOptions<D>& options) {
  return detail::FitRun<T, D>(*this, train, options).run();
}

template <class T>
template <class D>
Scores BasicTrainer<T>::evaluate_on(const D& dataset, Index batch_size) {
  detail::check_batch_size("evaluate", batch_size);
  const detail::EvalScope<T> scope(net_);
  for (auto& metric : metrics_) metric.reset();
  double loss_sum = 0;
  for (Index begin = 0; begin < dataset.size(); begin += batch_size) {
    const Index end = std::min(begin + batch_size, dataset.size());
    const auto batch = dataset.batch(begin, end);
    const BasicTensor<T> prediction = detail::predicted(net_, batch);
    loss_sum += static_cast<double>(loss_->mean(prediction, batch.labels).item()) *
                static_cast<double>(end - begin);
    for (auto& metric : metrics_) metric.update(prediction, batch.labels);
  }
  Scores scores;
  scores.add("loss", loss_sum / static_cast<double>(dataset.size()));
  for (const auto& metric : metrics_) scores.add(metric.name(), metric.result());
  return scores;
}

template <class T>
template <class D>
BasicTensor<T> BasicTrainer<T>::predict_on(const D& dataset, Index batch_size) {
  detail::check_batch_size("predict", batch_size);
  const detail::EvalScope<T> scope(net_);
  return detail::in_pieces<T>(dataset.size(), batch_size, [&](Index begin, Index end) {
    return detail::predicted(net_, dataset.batch(begin, end));
  });
}

template <class T>
BasicTensor<T> BasicTrainer<T>::predict(const BasicTensor<T>& inputs, Index batch_size) {
  return detail::predict_rows(net_, inputs, batch_size);
}

template <class T>
BasicTensor<T> BasicTrainer<T>::predict(const LongTensor& ids, Index batch_size) {
  return detail::predict_rows(net_, ids, batch_size);
}

template class BasicTrainer<float>;
template class BasicTrainer<double>;

#define TENON_INSTANTIATE(T, ...)                                                               \
  template History BasicTrainer<T>::fit_on(const __VA_ARGS__&, const FitOptions<__VA_ARGS__>&); \
  template Scores BasicTrainer<T>::evaluate_on(const __VA_ARGS__&, Index);                      \
  template BasicTensor<T> BasicTrainer<T>::predict_on(const __VA_ARGS__&, Index);
TENON_INSTANTIATE(float, data::BasicDataset<Tensor, LongTensor>)
TENON_INSTANTIATE(float, data::BasicDataset<Tensor, Tensor>)
TENON_INSTANTIATE(float, data::BasicDataset<LongTensor, LongTensor>)
TENON_INSTANTIATE(float, data::BasicDataset<LongTensor, Tensor>)
TENON_INSTANTIATE(float, data::SequenceDataset<LongTensor>)
TENON_INSTANTIATE(float, data::SequenceDataset<Tensor>)
TENON_INSTANTIATE(double, data::BasicDataset<DoubleTensor, LongTensor>)
TENON_INSTANTIATE(double, data::BasicDataset<DoubleTensor, DoubleTensor>)
#undef TENON_INSTANTIATE

}  // namespace tenon
