#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <string>
#include <type_traits>
#include <typeinfo>
#include <utility>

#include "tenon/autograd/tape.hpp"
#include "tenon/tensor/tensor.hpp"

namespace tenon::detail {

/// How an operation puts itself on the tape. The rule stands beside the forward pass:
///
///   template <class T>
///   BasicTensor<T> tanh(const BasicTensor<T>& x) {
///     auto y = ...;
///     if (Recording recording{"tanh", x}) {
///       recording.rule(y, [y = Saved(y)](Sweep<T>& sweep) {
///         sweep.add(0, tanh_backward(sweep.dy(), *y));
///       });
///     }
///     return y;
///   }
///
/// The rule is made of operations, never of bare kernels: under an enclosing tape they record
/// themselves, and that is all that second derivatives need.

/// Named integers that describe one call (stride, padding, axis ...) for profiles and traces.
struct Attributes {
  const char* names = "";  ///< separated by blanks, as many as there are values set
  Index values[8] = {};
};

class SweepCore;

/// One recorded operation, or a leaf (run is null). Lives in the tape's arena.
struct Node {
  const char* op = nullptr;
  const void* layer = nullptr;  ///< the module in which it ran, null outside of one
  const Attributes* attributes = nullptr;
  void (*run)(Node&, SweepCore&) = nullptr;
  void (*destroy)(Node&) = nullptr;
  std::uint64_t id = 0;                  ///< of the output
  const std::int32_t* inputs = nullptr;  ///< nodes of the inputs, -1 for constants
  std::int32_t input_count = 0;
  std::int32_t outputs = 1;  ///< the nodes of the others follow this one, which has the rule
  DType dtype{};
  bool keep_gradient = false;  ///< leaves and what was watched
  Shape shape;                 ///< of the output
};

/// The state of one reverse sweep that rules see, whatever the scalar type.
class TENON_API SweepCore {
 public:
  /// gradients: one for each node, null where nothing has arrived. Those of nodes before start are
  /// the results of the sweep, since their own rules do not run.
  SweepCore(TensorImpl** gradients, std::int32_t start) : gradients_(gradients), start_(start) {}

  /// Adds g to what has arrived at input i of node so far.
  template <class T>
  void accumulate(const Node& node, int i, BasicTensor<T> g);
  const Shape& input_shape(const Node& node, int i) const;
  std::uint64_t input_id(const Node& node, int i) const;
  std::int32_t running() const { return running_; }
  /// Hands over the gradient of the node that runs.
  TensorImpl* take_dy() { return std::exchange(dy_, nullptr); }
  /// The gradient of another output of it, not owned; null where there is none.
  TensorImpl* dy_of_output(int output) const { return gradients_[running_ + output]; }

 protected:
  TensorImpl** gradients_;
  TensorImpl* dy_ = nullptr;
  std::int32_t start_;
  std::int32_t running_ = -1;  ///< the node whose rule runs
};

/// What a rule gets: the gradient dy of its output, and a place for those of its inputs.
template <class T>
class Sweep {
 public:
  Sweep(SweepCore& core, const Node& node, BasicTensor<T> dy)
      : core_(core), node_(node), dy_(std::move(dy)) {}

  /// Of the output's shape; any strides.
  const BasicTensor<T>& dy() const { return dy_; }
  /// Of an operation with several outputs, the gradient of one of them (the first is 0); undefined
  /// where the loss does not depend on it.
  BasicTensor<T> dy(int output) const {
    if (output == 0) return dy_;
    TensorImpl* const dy = core_.dy_of_output(output);
    retain(dy);
    return BasicTensor<T>(dy);
  }
  /// Whether input i depends on a leaf. What is not needed should not be computed.
  bool needs(int i) const { return node_.inputs[i] >= 0; }
  /// The shape of input i, which must be needed.
  const Shape& shape(int i) const { return core_.input_shape(node_, i); }
  /// Of the node that runs, on the tape.
  std::int32_t position() const { return core_.running(); }
  /// Of all inputs, needed or not.
  int input_count() const { return node_.input_count; }
  /// The tensor's id of input i, which must be needed.
  std::uint64_t id(int i) const { return core_.input_id(node_, i); }
  /// Adds g, of input i's shape, to that input's gradient; ignored where it is not needed.
  /// Throws ShapeError for another shape.
  template <class U>
  void add(int i, BasicTensor<U> g) {
    if (needs(i)) core_.accumulate(node_, i, std::move(g));
  }

 private:
  SweepCore& core_;
  const Node& node_;
  BasicTensor<T> dy_;
};

[[noreturn]] TENON_API void fail_changed_in_place();

/// A tensor kept for the rule. *saved throws TapeError where its values were changed in between.
template <class T>
class Saved {
 public:
  explicit Saved(const BasicTensor<T>& tensor)
      : tensor_(tensor), version_(tensor.defined() ? tensor.impl()->root->version : 0) {}

  const BasicTensor<T>& operator*() const {
    if (tensor_.defined() && tensor_.impl()->root->version != version_) fail_changed_in_place();
    return tensor_;
  }
  const BasicTensor<T>* operator->() const { return &**this; }

 private:
  BasicTensor<T> tensor_;
  std::uint32_t version_;
};

/// Decides whether an operation is recorded, and records it.
class TENON_API Recording {
 public:
  /// True afterwards only where a tape records and an input is tracked. Undefined tensors (a bias
  /// that is not there) count as constants.
  template <class... T>
  explicit Recording(const char* op, const BasicTensor<T>&... inputs) {
    if (!Tape::is_recording()) return;
    TensorImpl* const impls[] = {inputs.impl()...};
    begin(op, impls, sizeof...(inputs));
  }
  /// The same for a list of inputs.
  Recording(const char* op, TensorImpl* const* inputs, std::size_t count) {
    if (Tape::is_recording()) begin(op, inputs, count);
  }

  /// Nothing is recorded before begin_at().
  Recording() = default;
  /// Records an operation on the nodes at these positions of the tape.
  void begin_at(const char* op, const std::int32_t* nodes, std::size_t count);

  explicit operator bool() const { return inputs_ != nullptr; }

  /// Whether input i is tracked: what only a constant's gradient would need is not worth saving.
  bool needs(int i) const { return inputs_[i] >= 0; }

  /// Names the numbers that describe this call; before rule().
  void describe(const Attributes& attributes);

  /// The result may be used under later tapes too: it is a view that can be followed anew.
  void leave_output_unmarked() { marks_output_ = false; }

  /// y, the result, is recorded with the rule that turns its gradient into those of the inputs.
  template <class T, class Rule>
  void rule(const BasicTensor<T>& y, Rule rule) {
    const BasicTensor<T>* const only = &y;
    this->rule(&only, 1, std::move(rule));
  }
  /// The same for a list of results, which share one rule: it runs where the loss depends on at
  /// least one of them and finds their gradients as sweep.dy(0), sweep.dy(1) ...
  template <class T, class Rule>
  void rule(const BasicTensor<T>* const* ys, std::size_t count, Rule rule) {
    struct RuleNode : Node {
      explicit RuleNode(Rule&& r) : rule(std::move(r)) {}
      Rule rule;
    };
    static_assert(alignof(RuleNode) <= alignof(std::max_align_t));
    auto* node = new (allocate(sizeof(RuleNode))) RuleNode(std::move(rule));
    node->run = [](Node& base, SweepCore& core) {
      Sweep<T> sweep(core, base, BasicTensor<T>(core.take_dy()));
      static_cast<RuleNode&>(base).rule(sweep);
    };
    node->destroy = [](Node& base) { static_cast<RuleNode&>(base).~RuleNode(); };
    node->outputs = static_cast<std::int32_t>(count);
    for (std::size_t i = 0; i < count; ++i) commit(i == 0 ? node : nullptr, *ys[i]->impl());
  }

 private:
  void begin(const char* op, TensorImpl* const* inputs, std::size_t count);
  static void* allocate(std::size_t bytes);
  /// node: null for a further output.
  void commit(Node* node, TensorImpl& y);

  const char* op_ = nullptr;
  const std::int32_t* inputs_ = nullptr;
  const Attributes* attributes_ = nullptr;
  std::int32_t count_ = 0;
  bool marks_output_ = true;
};

[[noreturn]] TENON_API void fail_no_second_derivative(const char* op);

/// Called by a rule whose gradient cannot be differentiated again. Throws TapeError where dy is
/// tracked by an enclosing tape.
template <class T>
void no_second_derivative(const char* op, const BasicTensor<T>& dy) {
  if (Recording recording{op, dy}) fail_no_second_derivative(op);
}

/// How a profile or an error asks a layer of an unknown type what it is.
struct LayerTraits {
  const std::type_info& (*type)(const void* layer);
  std::string (*description)(const void* layer);
  std::string (*path)(const void* layer, const void* inside);  ///< "" where that is not known
};
template <class Layer>
inline constexpr LayerTraits layer_traits = {
    [](const void* layer) -> const std::type_info& {
      return typeid(*static_cast<const Layer*>(layer));
    },
    [](const void* layer) { return static_cast<const Layer*>(layer)->description(); },
    [](const void* layer, const void* inside) -> std::string {
      if constexpr (requires(const Layer& l) { l.path_to(inside); }) {
        return static_cast<const Layer*>(layer)->path_to(inside);
      } else {
        return {};
      }
    }};

/// Whether x was computed under a tape that has ended, or in another thread.
TENON_API bool is_stale(const TensorImpl* x);

/// x, as a constant where it is stale: what a recurrent layer carries from one step of training to
/// the next. An undefined x stays so.
template <class T>
BasicTensor<T> carried(const BasicTensor<T>& x) {
  return Tape::is_recording() && is_stale(x.impl()) ? x.detach() : x;
}

/// Names the module whose forward pass runs in this thread, until the scope ends.
class TENON_API LayerScope {
 public:
  [[nodiscard]] explicit LayerScope(const void* layer) noexcept : LayerScope(layer, nullptr) {}
  /// A layer that has a description().
  template <class Layer>
  requires(!std::is_void_v<Layer>) [[nodiscard]] explicit LayerScope(const Layer* layer) noexcept
      : LayerScope(layer, &layer_traits<Layer>) {}
  ~LayerScope();
  LayerScope(const LayerScope&) = delete;
  LayerScope& operator=(const LayerScope&) = delete;

  const void* layer() const { return layer_; }
  const LayerTraits* traits() const { return traits_; }
  const LayerScope* enclosing() const { return enclosing_; }

 private:
  LayerScope(const void* layer, const LayerTraits* traits) noexcept;

  const void* layer_;
  const LayerTraits* traits_;  // null where the layer cannot tell
  const LayerScope* enclosing_;
  void* profile_;  // the recorder that was active at the beginning, if any
  int profile_depth_ = 0;
};

}  // namespace tenon::detail
