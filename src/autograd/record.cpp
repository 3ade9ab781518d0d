#include "tenon/autograd/record.hpp"

#include "anomaly_listener.hpp"
#include "base/profile.hpp"
#include "context.hpp"
#include "tenon/autograd/custom.hpp"
#include "tenon/base/error.hpp"
#include "tenon/kernels/elementwise.hpp"
#include "tenon/tensor/layout.hpp"

namespace tenon::detail {

constinit thread_local const LayerScope* current_layer_scope = nullptr;

LayerScope::LayerScope(const void* layer, const LayerTraits* traits) noexcept
    : layer_(layer), traits_(traits), enclosing_(current_layer_scope), profile_(profile_recorder) {
  current_layer_scope = this;
  if (profile_ != nullptr) [[unlikely]] {
    const std::type_info* type = traits == nullptr ? nullptr : &traits->type(layer);
    profile_depth_ =
        profile_begin_layer(layer, type, traits == nullptr ? nullptr : traits->description);
  }
}

LayerScope::~LayerScope() {
  current_layer_scope = enclosing_;
  if (profile_ != nullptr) [[unlikely]]
    profile_end(static_cast<ProfileRecorder*>(profile_), profile_depth_);
}

void Recording::begin(const char* op, TensorImpl* const* inputs, std::size_t count) {
  TapeContext& context = *recording_context;
  const auto mark = context.arena.mark();
  auto* slots =
      static_cast<std::int32_t*>(context.arena.allocate((count + 1) * sizeof(std::int32_t)));
  const std::size_t nodes_before = context.nodes.size();
  bool any = false;
  for (std::size_t i = 0; i < count; ++i) {
    slots[i] = inputs[i] != nullptr ? context.track(*inputs[i]) : -1;
    any |= slots[i] >= 0;
  }
  if (!any) {
    if (context.nodes.size() == nodes_before) context.arena.rewind(mark);
    return;
  }
  op_ = op;
  inputs_ = slots;
  count_ = static_cast<std::int32_t>(count);
  if (context.anomaly != nullptr) [[unlikely]]
    context.anomaly->on_begin(*this, inputs, count);
}

void Recording::describe(const Attributes& attributes) {
  attributes_ = new (recording_context->arena.allocate(sizeof(Attributes))) Attributes(attributes);
}

void* Recording::allocate(std::size_t bytes) { return recording_context->arena.allocate(bytes); }

void Recording::commit(Node* node, TensorImpl& y) {
  if (node == nullptr) {
    node = new (allocate(sizeof(Node))) Node;
  } else {
    node->attributes = attributes_;
    node->inputs = inputs_;
    node->input_count = count_;
  }
  node->op = op_;
  node->layer = current_layer_scope != nullptr ? current_layer_scope->layer() : nullptr;
  if (marks_output_) y.is_recorded = true;
  TapeContext& context = *recording_context;
  context.push(*node, y);
  // A view is recorded where it is first used, but its gradient is no part of that operation's.
  if (is_profiled()) [[unlikely]]
    context.set_profiled(context.nodes.size() - 1, profile_recorded(op_, !marks_output_));
  // A view has the values of what it was made from.
  if (context.anomaly != nullptr && marks_output_) [[unlikely]]
    context.anomaly->on_output(*this, y);
}

bool is_stale(const TensorImpl* x) {
  const TapeContext& context = tape_context();
  for (; x != nullptr; x = x->is_detached ? nullptr : x->parent) {
    if (x->is_leaf || context.find(x->id) >= 0) return false;
    if (x->is_recorded) return true;
  }
  return false;
}

void fail_changed_in_place() {
  const TapeContext& context = tape_context();
  fail<TapeError>(context.running != nullptr ? context.running->op : "tape",
                  "a tensor that was saved for the backward pass has been changed in place since; "
                  "hint: take all gradients of a tape before the optimiser's step(), or change a "
                  "clone()");
}

void fail_no_second_derivative(const char* op) {
  fail<TapeError>(op,
                  "the gradient of this operation cannot be differentiated again yet; hint: take "
                  "the inner gradients outside of the enclosing tape, or compose the operation of "
                  "others that have second derivatives");
}

void fail_custom_inputs(const char* op, std::size_t count) {
  fail<ValueError>(op, "a custom function takes at most 16 inputs, not ", count,
                   "; hint: join them with cat()");
}

void fail_custom_gradients(const char* op, std::size_t expected, std::size_t got) {
  fail<TapeError>(op, "the rule returned ", got, " gradients for ", expected,
                  " inputs; hint: return one tensor for each input, an undefined one for zero");
}

namespace {

// Nobody else can see the values of such a tensor, so they may be overwritten.
template <class T>
bool is_exclusive(const BasicTensor<T>& x) {
  const TensorImpl& impl = *x.impl();
  return impl.references.load(std::memory_order_acquire) == 1 && impl.root == &impl &&
         x.is_contiguous();
}

template <class T>
BasicTensor<T> added(const BasicTensor<T>& a, const BasicTensor<T>& b) {
  const OpScope scope("accumulate");
  auto y = BasicTensor<T>::empty(a.shape());
  kernels::add(elementwise_dims<2>(y.shape(), {a.impl(), b.impl()}), a.data(), b.data(), y.data());
  if (Recording recording{"accumulate", a, b}) {
    recording.rule(y, [](Sweep<T>& sweep) {
      sweep.add(0, sweep.dy());
      sweep.add(1, sweep.dy());
    });
  }
  return y;
}

}  // namespace

const Shape& SweepCore::input_shape(const Node& node, int i) const {
  return tape_context().nodes[static_cast<std::size_t>(node.inputs[i])]->shape;
}

std::uint64_t SweepCore::input_id(const Node& node, int i) const {
  return tape_context().nodes[static_cast<std::size_t>(node.inputs[i])]->id;
}

template <class T>
void SweepCore::accumulate(const Node& node, int i, BasicTensor<T> g) {
  const auto input = static_cast<std::size_t>(node.inputs[i]);
  TapeContext& context = tape_context();
  const Node& target = *context.nodes[input];
  if (!(g.shape() == target.shape)) {
    fail<ShapeError>(node.op, "the gradient rule returned shape ", g.shape(), " for input ", i,
                     " of shape ", target.shape);
  }
  if (dtype_of<T> != target.dtype) {
    fail<TypeError>(node.op, "the gradient rule returned ", to_string(dtype_of<T>), " for input ",
                    i, ", which is ", to_string(target.dtype));
  }
  if (context.anomaly != nullptr) [[unlikely]]
    context.anomaly->on_gradient(running_, i, *g.impl(), false);
  BasicTensor<T> sum(std::exchange(gradients_[input], nullptr));
  const bool is_first = !sum.defined();
  if (is_first) {
    sum = std::move(g);
    if (node.inputs[i] < start_) context.sweep->kept.push_back(node.inputs[i]);
  } else if (!Tape::is_recording() && is_exclusive(sum)) {
    const auto dims = elementwise_dims<2>(sum.shape(), {sum.impl(), g.impl()});
    kernels::add(dims, sum.data(), g.data(), sum.data());
  } else {
    sum = added(sum, g);
  }
  if (context.anomaly != nullptr && !is_first) [[unlikely]]
    context.anomaly->on_gradient(running_, i, *sum.impl(), true);
  gradients_[input] = sum.take();
}

template void SweepCore::accumulate(const Node&, int, BasicTensor<float>);
template void SweepCore::accumulate(const Node&, int, BasicTensor<double>);

}  // namespace tenon::detail
