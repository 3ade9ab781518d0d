#include "tenon/autograd/detect_anomaly.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "anomaly_causes.hpp"
#include "anomaly_listener.hpp"
#include "context.hpp"

namespace tenon::detail {
namespace {

using Phase = NonFiniteError::Phase;

/// A reference to a tensor.
class Held {
 public:
  explicit Held(TensorImpl* impl) : impl_(impl) { retain(impl_); }
  Held(Held&& other) noexcept : impl_(std::exchange(other.impl_, nullptr)) {}
  Held& operator=(Held&& other) noexcept {
    std::swap(impl_, other.impl_);
    return *this;
  }
  ~Held() { release(impl_); }
  TensorImpl* get() const { return impl_; }

 private:
  TensorImpl* impl_;
};

/// An input, and whether the tape followed it.
struct Input {
  Held tensor;
  bool is_constant;
};

/// Where in a model an operation ran.
struct Place {
  std::string path, description;
};

Place place_of(const LayerScope* layer) {
  if (layer == nullptr || layer->traits() == nullptr) return {};
  Place place{"", layer->traits()->description(layer->layer())};
  const LayerScope* model = layer;
  while (model->enclosing() != nullptr) model = model->enclosing();
  if (model != layer && model->traits() != nullptr) {
    place.path = model->traits()->path(model->layer(), layer->layer());
  }
  return place;
}

std::string values_text(const ValueSummary& s) {
  std::string text;
  if (s.finite > 0) {
    text = "min " + to_text(s.min) + ", max " + to_text(s.max) + ", mean " + to_text(s.mean) + ", ";
  }
  return text + (s.all_finite() ? "all finite" : counts_text(s));
}

std::string found_text(const TensorImpl& x) {
  const Shape& shape = x.shape;
  const ValueSummary s = summary_of(x);
  return to_string(shape) + " holds " + counts_text(s) + " among its " +
         std::to_string(shape.numel()) + " values, the first, " +
         // Which sign a NaN has tells nothing.
         (std::isnan(s.first_value) ? "nan" : to_text(s.first_value)) + ", at " +
         index_text(shape, s.first);
}

/// What a node was made from, kept while it is on a tape.
struct Record {
  std::int32_t node;
  Place place;
  std::vector<Input> inputs;
};

class Detector : public AnomalyListener {
 public:
  explicit Detector(TapeContext& context) : context_(context) {}

  void on_begin(const Recording& recording, TensorImpl* const* inputs, std::size_t count) override {
    begun_ = &recording;
    inputs_.clear();
    outputs_left_ = 0;
    for (std::size_t i = 0; i < count; ++i) {
      inputs_.push_back({Held(inputs[i]), !recording.needs(static_cast<int>(i))});
    }
  }

  void on_output(const Recording& recording, const TensorImpl& y) override {
    const auto node = static_cast<std::int32_t>(context_.nodes.size() - 1);
    if (outputs_left_ == 0) {
      outputs_left_ = node_at(node).outputs;
      outputs_.clear();
      records_.push_back({node, place_of(current_layer_scope), {}});
      // What another operation has begun with in between is not this one's.
      if (begun_ == &recording) records_.back().inputs = std::move(inputs_);
      begun_ = nullptr;
    }
    outputs_.push_back(&y);
    // Only once all results are on the tape, so that an error leaves it in order.
    if (--outputs_left_ > 0) return;
    const bool carries = takes_negative_infinity(records_.back());
    for (std::size_t i = 0; i < outputs_.size(); ++i) check_output(i, carries);
  }

  void on_truncate(std::int32_t start) noexcept override {
    while (!records_.empty() && records_.back().node >= start) records_.pop_back();
    inputs_.clear();
    dy_ = Held(nullptr);
  }

  void on_sweep(std::int32_t node, const TensorImpl& y, TensorImpl* dy) override {
    if (has_non_finite(y)) {
      fail_at(node, Phase::forward, "what gradients are taken of " + found_text(y));
    }
    on_rule(node, dy);
    if (dy != nullptr && has_non_finite(*dy)) {
      fail_at(node, Phase::backward, "the gradient that the sweep begins with " + found_text(*dy));
    }
  }

  void on_rule(std::int32_t node, TensorImpl* dy) override {
    rule_ = node;
    dy_ = Held(dy);
  }

  void on_gradient(std::int32_t node, int i, const TensorImpl& g, bool is_sum) override {
    if (!has_non_finite(g)) [[likely]]
      return;
    fail_at(node, Phase::backward,
            std::string(is_sum ? "the sum of the gradients" : "the gradient") + " of input " +
                std::to_string(i) + " " + found_text(g));
  }

 private:
  const Node& node_at(std::int32_t i) const { return *context_.nodes[static_cast<std::size_t>(i)]; }

  static bool takes_negative_infinity(const Record& record) {
    return std::any_of(record.inputs.begin(), record.inputs.end(), [](const Input& input) {
      const TensorImpl* x = input.tensor.get();
      return x != nullptr && !x->root->is_leaf && has_non_finite(*x) &&
             summary_of(*x).negative_infinite > 0;
    });
  }

  void check_output(std::size_t i, bool carries_negative_infinity) const {
    const TensorImpl& y = *outputs_[i];
    if (!has_non_finite(y)) [[likely]]
      return;
    const ValueSummary found = summary_of(y);
    if (carries_negative_infinity && found.nan + found.positive_infinite == 0) return;
    const std::string which = outputs_.size() == 1 ? "" : " " + std::to_string(i);
    fail_at(records_.back().node, Phase::forward, "the result" + which + " " + found_text(y));
  }

  /// text: what was found.
  [[noreturn]] void fail_at(std::int32_t i, Phase phase, const std::string& text) const {
    const Node& node = node_at(i);
    const auto record =
        std::lower_bound(records_.begin(), records_.end(), i,
                         [](const Record& r, std::int32_t at) { return r.node < at; });
    const bool known = record != records_.end() && record->node == i;
    std::string message = std::string("[") + node.op + "] ";
    message += phase == Phase::forward ? "forward" : "backward";
    if (phase == Phase::forward && context_.running != nullptr) {
      message += std::string(" (as part of the gradient of ") + context_.running->op + ")";
      phase = Phase::backward;
    }
    message += ": " + text;
    ValueSummary dy;
    if (phase == Phase::backward && rule_ == i && dy_.get() != nullptr) {
      dy = summary_of(*dy_.get());
      message +=
          "\n  gradient of the result " + to_string(dy_.get()->shape) + ": " + values_text(dy);
    }
    std::vector<AnomalyInput> inputs;
    if (known) {
      for (std::size_t k = 0; k < record->inputs.size(); ++k) {
        message += describe(record->inputs[k], k, inputs);
      }
    }
    const std::string hint = phase == Phase::forward ? likely_cause_forward(node.op, inputs)
                                                     : likely_cause_backward(node.op, inputs, dy);
    message += "\n  hint: " + hint;
    NonFiniteError error(message, node.op, phase);
    // Inside of a layer the error is told by those that it passes through.
    if (known && current_layer_scope == nullptr) {
      error.enter_layer(record->place.path, record->place.description);
    }
    throw error;
  }

  /// The line of input k, which is added to the list as well.
  static std::string describe(const Input& input, std::size_t k, std::vector<AnomalyInput>& list) {
    const TensorImpl* x = input.tensor.get();
    if (x == nullptr) {
      list.push_back({});
      return "";
    }
    list.push_back({x->shape, summary_of(*x), x->root->is_leaf, input.is_constant});
    return "\n  input " + std::to_string(k) + " " + to_string(x->shape) +
           (list.back().is_parameter ? ", a parameter: "
            : input.is_constant      ? ", a constant: "
                                     : ": ") +
           values_text(list.back().values);
  }

  TapeContext& context_;
  std::vector<Record> records_;  // in the order of the tape
  const Recording* begun_ = nullptr;
  std::vector<Input> inputs_;  // of the operation that has begun
  std::vector<const TensorImpl*> outputs_;
  std::int32_t outputs_left_ = 0;
  std::int32_t rule_ = -1;  // whose rule runs
  Held dy_{nullptr};        // what it was given
};

}  // namespace
}  // namespace tenon::detail

namespace tenon {

DetectAnomaly::DetectAnomaly() : listener_(nullptr) {
  detail::TapeContext& context = detail::tape_context();
  if (context.anomaly != nullptr) return;
  listener_ = new detail::Detector(context);
  context.anomaly = listener_;
}

DetectAnomaly::~DetectAnomaly() {
  if (listener_ == nullptr) return;
  detail::tape_context().anomaly = nullptr;
  delete listener_;
}

bool DetectAnomaly::is_enabled() noexcept { return detail::tape_context().anomaly != nullptr; }

}  // namespace tenon
