#include "sweep.hpp"

#include "anomaly_listener.hpp"
#include "base/profile.hpp"
#include "gradients_builder.hpp"
#include "tenon/base/denormals.hpp"
#include "tenon/tensor/factories.hpp"

namespace tenon::detail {

namespace {

TensorImpl* ones_like(const TensorImpl& y) {
  return y.dtype == DType::float32 ? ones<float>(y.shape).take() : ones<double>(y.shape).take();
}

/// The gradient as optimisers want it. Takes over one reference and returns one.
template <class T>
TensorImpl* contiguous(TensorImpl* gradient) {
  return BasicTensor<T>(gradient).contiguous().take();
}

/// Storage from the thread's stock, returned to it with all gradients null.
class StorageLease {
 public:
  explicit StorageLease(TapeContext& context)
      : context_(context), enclosing_(context.sweep), enclosing_running_(context.running) {
    if (!context.spare_storage.empty()) {
      storage_ = std::move(context.spare_storage.back());
      context.spare_storage.pop_back();
    }
    if (storage_.gradients.size() < context.nodes.size()) {
      storage_.gradients.resize(context.nodes.size(), nullptr);
    }
    context.sweep = &storage_;
  }
  ~StorageLease() {
    context_.sweep = enclosing_;
    context_.running = enclosing_running_;
    storage_.kept.clear();
    context_.spare_storage.push_back(std::move(storage_));
  }
  StorageLease(const StorageLease&) = delete;
  StorageLease& operator=(const StorageLease&) = delete;

  SweepStorage& storage() { return storage_; }

 private:
  TapeContext& context_;
  SweepStorage storage_;
  SweepStorage* enclosing_;
  const Node* enclosing_running_;
};

class ReverseSweep : public SweepCore {
 public:
  ReverseSweep(TapeContext& context, SweepStorage& storage, std::int32_t start)
      : SweepCore(storage.gradients.data(), start), context_(context), storage_(storage) {}

  ~ReverseSweep() {
    release(dy_);
    if (finished_) return;
    for (TensorImpl*& gradient : storage_.gradients) release(std::exchange(gradient, nullptr));
  }

  /// Takes over one reference to seed, the gradient of node y.
  Gradients run(std::int32_t y, TensorImpl* seed) {
    gradients_[y] = seed;
    if (y < start_) storage_.kept.push_back(y);
    for (std::int32_t i = y; i >= start_; --i) {
      if (gradients_[i] != nullptr || has_other_gradient(i)) visit(i);
    }
    return collect();
  }

 private:
  /// Whether one has arrived at a further output. These have nodes of their own behind that of the
  /// rule, where their gradients wait for it.
  bool has_other_gradient(std::int32_t i) const {
    for (std::int32_t k = i + 1; k < i + node_at(i).outputs; ++k) {
      if (gradients_[k] != nullptr) return true;
    }
    return false;
  }

  void visit(std::int32_t i) {
    Node& node = node_at(i);
    if (node.keep_gradient && gradients_[i] != nullptr) storage_.kept.push_back(i);
    if (node.run == nullptr) return;
    const OpScope scope(
        [&] { return profile_begin_backward(context_.profiled_as(i), node.op, node.layer); });
    context_.running = &node;
    running_ = i;
    dy_ = gradients_[i];
    if (node.keep_gradient) {
      retain(dy_);
    } else {
      gradients_[i] = nullptr;
    }
    if (context_.anomaly != nullptr) [[unlikely]]
      context_.anomaly->on_rule(i, dy_);
    node.run(node, *this);
    for (std::int32_t k = i + 1; k < i + node.outputs; ++k) {
      if (!node_at(k).keep_gradient) release(std::exchange(gradients_[k], nullptr));
    }
  }

  Gradients collect() {
    GradientsBuilder builder;
    builder.reserve(static_cast<Index>(storage_.kept.size()));
    for (std::int32_t i : storage_.kept) {
      TensorImpl* gradient = std::exchange(gradients_[i], nullptr);
      gradient = node_at(i).dtype == DType::float32 ? contiguous<float>(gradient)
                                                    : contiguous<double>(gradient);
      builder.add(node_at(i).id, gradient);
    }
    finished_ = true;
    return std::move(builder.result);
  }

  Node& node_at(std::int32_t i) const { return *context_.nodes[static_cast<std::size_t>(i)]; }

  TapeContext& context_;
  SweepStorage& storage_;
  bool finished_ = false;
};

}  // namespace

Gradients reverse_sweep(TapeContext& context, std::int32_t y_node, std::int32_t start,
                        TensorImpl* y, TensorImpl* dy) {
  // Every kernel switches the floating-point mode and back; where it is set already, that is free.
  const FlushDenormals flush;
  const OpScope scope([] { return profile_begin(ProfileKind::sweep, "gradients"); });
  if (context.anomaly != nullptr) [[unlikely]]
    context.anomaly->on_sweep(y_node, *y, dy);
  StorageLease lease(context);
  ReverseSweep sweep(context, lease.storage(), start);
  retain(dy);
  return sweep.run(y_node, dy != nullptr ? dy : ones_like(*y));
}

bool is_tracked(TensorImpl& x) { return tape_context().track(x) >= 0; }

}  // namespace tenon::detail
