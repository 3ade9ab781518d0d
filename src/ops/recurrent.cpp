#include "ops/recurrent.hpp"

#include <array>
#include <string>
#include <utility>

#include "ops/common.hpp"
#include "tenon/base/error.hpp"
#include "tenon/ops/shape.hpp"

namespace tenon::detail {
namespace {

using kernels::RecurrentDims;

std::string letters_of(Index gates) { return (gates == 1 ? "" : std::to_string(gates)) + "S"; }

/// "w_ih (4S=32, D=5)"
std::string weight_text(const char* name, Index gates, const char* letter, const Shape& shape) {
  return std::string(name) + " (" + letters_of(gates) + "=" + std::to_string(shape[0]) + ", " +
         letter + "=" + std::to_string(shape[1]) + ")";
}

void check_vector(const char* op, const char* name, const TensorImpl* b, Index gates, Index rows) {
  if (b == nullptr || b->shape == Shape{rows}) return;
  fail<ShapeError>(op, name, " must have shape (", letters_of(gates), "=", rows, ") but has ",
                   b->shape, "; hint: one bias for each row of the weights");
}

/// S, from weights whose own sizes fit each other and D, the last axis of x.
template <class T>
Index check_weights(const char* op, Index gates, const BasicRecurrentWeights<T>& w, const Shape& x,
                    const char* x_letters) {
  const Shape& w_ih = defined(op, w.w_ih.impl()).shape;
  const Shape& w_hh = defined(op, w.w_hh.impl()).shape;
  if (w_ih.rank() != 2 || w_hh.rank() != 2 || w_hh[0] % gates != 0 || w_hh[0] == 0 ||
      w_ih[0] != w_hh[0] || w_ih[1] == 0) {
    fail<ShapeError>(op, "w_ih and w_hh must be matrices of ", letters_of(gates),
                     " rows, but have shapes ", w_ih, " and ", w_hh,
                     "; hint: the rows of each gate stand together, one for each hidden unit");
  }
  if (const Index d = x[x.rank() - 1]; w_ih[1] != d) {
    fail<ShapeError>(op, "w_ih expects ", w_ih[1], " features but x has ", d, ": x ",
                     to_string(x, x_letters), ", ", weight_text("w_ih", gates, "D", w_ih),
                     "; hint: the last axis of x holds the features of a step");
  }
  const Index units = w_hh[0] / gates;
  const Index outputs = w.w_hr.defined() ? w.w_hr.shape().at(0) : units;
  if (w.w_hr.defined() && !(w.w_hr.shape() == Shape{outputs, units})) {
    fail<ShapeError>(op, "w_hr must have shape (H, S=", units, ") but has ", w.w_hr.shape(),
                     "; hint: it projects the ", units, " units to H outputs");
  }
  if (w_hh[1] != outputs) {
    fail<ShapeError>(op, "w_hh must have a column for each of the ", outputs,
                     " outputs: ", weight_text("w_hh", gates, "H", w_hh),
                     w.w_hr.defined() ? "; hint: with w_hr these are its rows"
                                      : "; hint: without w_hr these are the hidden units");
  }
  check_vector(op, "b_ih", w.b_ih.impl(), gates, w_ih[0]);
  check_vector(op, "b_hh", w.b_hh.impl(), gates, w_ih[0]);
  return units;
}

void check_state(const char* op, const char* name, const TensorImpl* state, const Shape& expected,
                 const char* letters, const char* hint) {
  if (state == nullptr || state->shape == expected) return;
  fail<ShapeError>(op, name, " must have shape ", to_string(expected, letters), " but has ",
                   state->shape, "; hint: ", hint);
}

void check_lengths(const char* op, const LongTensor& lengths, Index n, Index l) {
  if (!(lengths.shape() == Shape{n})) {
    fail<ShapeError>(op, "lengths must have shape (N=", n, ") but has ", lengths.shape(),
                     "; hint: one number of steps for each sequence");
  }
  for (Index i = 0; i < n; ++i) {
    const Index length = lengths.data()[i];
    if (length >= 0 && length <= l) continue;
    fail<ValueError>(op, "lengths must lie in [0, L=", l, "] but that of sequence ", i, " is ",
                     length, "; hint: the number of its real steps, without padding");
  }
}

template <class T>
RecurrentDims checked_dims(const RecurrentKernels<T>& kernels, const BasicTensor<T>& x,
                           const RecurrentStates<T>& first, RecurrentWeightSpan<T> weights,
                           bool batch_first) {
  const char* const op = kernels.name;
  const Shape& shape = defined(op, x.impl()).shape;
  if (shape.rank() != 3) {
    fail<ShapeError>(op, "x must have 3 axes ", batch_first ? "(N, L, D)" : "(L, N, D)",
                     " but its shape is ", shape,
                     shape.rank() == 2 ? "; hint: x.unsqueeze(0) makes a batch of one sequence"
                                       : "; hint: reshape x to (N, L, D)");
  }
  if (weights.size() != 1 && weights.size() != 2) {
    fail<ValueError>(op, "weights are those of one direction or of two, not of ", weights.size(),
                     "; hint: a layer on top is a call of its own");
  }
  const Index batch = batch_first ? 0 : 1, time = 1 - batch;
  RecurrentDims d{};
  d.n = shape[static_cast<int>(batch)];
  d.l = shape[static_cast<int>(time)];
  d.d = shape[2];
  d.directions = static_cast<Index>(weights.size());
  for (const auto& w : weights) {
    d.s = check_weights<T>(op, kernels.gates, w, shape, batch_first ? "NLD" : "LND");
    d.outputs = w.w_hr.defined() ? w.w_hr.size(0) : d.s;
  }
  if (!(weights.front().w_hh.shape() == weights.back().w_hh.shape()) ||
      weights.front().w_hr.defined() != weights.back().w_hr.defined()) {
    fail<ShapeError>(op, "both directions must have weights of the same shapes, but w_hh has ",
                     weights.front().w_hh.shape(), " and ", weights.back().w_hh.shape(),
                     "; hint: make them alike, or call each direction by itself");
  }
  const char* hint = "one state for each direction K and sequence, undefined for zeros";
  check_state(op, "h", first.h.impl(), {d.directions, d.n, d.outputs}, "KNH", hint);
  check_state(op, "c", first.c.impl(), {d.directions, d.n, d.s}, "KNS", hint);
  return d;
}

/// Rows of features that lie one after another.
template <class T>
struct Rows {
  BasicTensor<T> tensor;
  Index row, step;

  /// x (N, L, n), or (L, N, n). One that repeats a single number takes n of it and no more.
  Rows(const BasicTensor<T>& x, bool batch_first) : tensor(x) {
    if (x.strides()[2] != 1 && x.shape()[2] > 1) {
      const bool repeats = x.strides()[0] == 0 && x.strides()[1] == 0 && x.numel() > 0;
      tensor = repeats ? x.narrow(0, 0, 1).narrow(1, 0, 1).contiguous().expand(x.shape())
                       : x.contiguous();
    }
    row = tensor.strides()[batch_first ? 0 : 1];
    step = tensor.strides()[batch_first ? 1 : 0];
  }
};

/// The operands in the order in which the tape knows them.
enum Operand { x_at, h_at, c_at, weights_at };
constexpr int w_ih_at = 0, w_hh_at = 1, b_ih_at = 2, b_hh_at = 3, w_hr_at = 4;
constexpr int weights_each = 5, most_operands = weights_at + 2 * weights_each;
constexpr int at(int direction, int weight) {
  return weights_at + direction * weights_each + weight;
}

/// Those that are defined, contiguous but for x.
template <class T>
struct Operands {
  BasicTensor<T> tensors[most_operands];

  Operands() = default;
  Operands(const BasicTensor<T>& x, const RecurrentStates<T>& first,
           RecurrentWeightSpan<T> weights) {
    tensors[x_at] = x;
    set(h_at, first.h);
    set(c_at, first.c);
    for (std::size_t i = 0; i < weights.size(); ++i) {
      const int k = static_cast<int>(i);
      set(at(k, w_ih_at), weights[i].w_ih);
      set(at(k, w_hh_at), weights[i].w_hh);
      set(at(k, b_ih_at), weights[i].b_ih);
      set(at(k, b_hh_at), weights[i].b_hh);
      set(at(k, w_hr_at), weights[i].w_hr);
    }
  }

  const T* data(int i) const { return tensors[i].defined() ? tensors[i].data() : nullptr; }
  T* data(int i) { return tensors[i].defined() ? tensors[i].data() : nullptr; }

  kernels::RecurrentForward<T> of_kernel() const {
    kernels::RecurrentForward<T> of;
    of.x = data(x_at);
    of.h0 = data(h_at);
    of.c0 = data(c_at);
    for (int k = 0; k < 2; ++k) {
      of.weights[k] = {data(at(k, w_ih_at)), data(at(k, w_hh_at)), data(at(k, b_ih_at)),
                       data(at(k, b_hh_at)), data(at(k, w_hr_at))};
    }
    return of;
  }

 private:
  void set(int i, const BasicTensor<T>& tensor) {
    if (tensor.defined()) tensors[i] = tensor.contiguous();
  }
};

/// What the backward pass needs of the forward one.
template <class T>
struct SavedCall {
  kernels::RecurrentDims dims;
  bool batch_first;
  std::array<Saved<T>, most_operands> operands;
  Saved<T> y;
  // Nobody else knows these.
  LongTensor lengths;
  BasicTensor<T> gates;
};

template <class T, std::size_t... I>
std::array<Saved<T>, most_operands> saved(const Operands<T>& of, std::index_sequence<I...>) {
  return {Saved<T>(of.tensors[I])...};
}

/// The rule, and what of it the tape may be asked to differentiate again.
template <class T>
void backward(const RecurrentKernels<T>& kernels, const SavedCall<T>& call, Sweep<T>& sweep) {
  const OpScope scope(kernels.backward_name);
  Operands<T> of, gradients;
  TensorImpl* inputs[most_operands + 3];
  const BasicTensor<T>* outputs[most_operands];
  std::size_t input_count = 0, output_count = 0;
  for (int i = 0; i < most_operands; ++i) {
    of.tensors[i] = *call.operands[static_cast<std::size_t>(i)];
    inputs[input_count++] = of.tensors[i].impl();
    if (!of.tensors[i].defined() || !sweep.needs(i)) continue;
    gradients.tensors[i] = BasicTensor<T>::empty(of.tensors[i].shape());
    outputs[output_count++] = &gradients.tensors[i];
  }
  const BasicTensor<T> dy = sweep.dy(0);
  RecurrentStates<T> last{sweep.dy(1), kernels.has_c ? sweep.dy(2) : BasicTensor<T>()};
  for (const BasicTensor<T>* g : {&dy, &std::as_const(last.h), &std::as_const(last.c)}) {
    inputs[input_count++] = g->impl();
  }

  kernels::RecurrentForward<T> forward = of.of_kernel();
  forward.y = const_cast<T*>((*call.y).data());
  forward.saved = const_cast<T*>(call.gates.data());
  kernels::RecurrentBackward<T> g;
  BasicTensor<T> dy_rows;
  if (dy.defined()) {
    const Rows<T> rows(dy, call.batch_first);
    dy_rows = rows.tensor;
    g.dy = std::as_const(dy_rows).data();
    g.dy_row = rows.row;
    g.dy_step = rows.step;
  }
  if (last.h.defined()) last.h = last.h.contiguous();
  if (last.c.defined()) last.c = last.c.contiguous();
  g.dhn = last.h.defined() ? std::as_const(last.h).data() : nullptr;
  g.dcn = last.c.defined() ? std::as_const(last.c).data() : nullptr;
  g.dx = gradients.data(x_at);
  g.dh0 = gradients.data(h_at);
  g.dc0 = gradients.data(c_at);
  for (int k = 0; k < 2; ++k) {
    g.weights[k] = {gradients.data(at(k, w_ih_at)), gradients.data(at(k, w_hh_at)),
                    gradients.data(at(k, b_ih_at)), gradients.data(at(k, b_hh_at)),
                    gradients.data(at(k, w_hr_at))};
  }
  kernels.backward(call.dims, forward, g);

  if (Recording recording{kernels.backward_name, inputs, input_count};
      recording && output_count > 0) {
    recording.rule(outputs, output_count,
                   [name = kernels.name](Sweep<T>&) { fail_no_second_derivative(name); });
  }
  for (int i = 0; i < most_operands; ++i) {
    if (gradients.tensors[i].defined()) sweep.add(i, std::move(gradients.tensors[i]));
  }
}

}  // namespace

template <class T>
RecurrentOutputs<T> recurrent(const RecurrentKernels<T>& kernels, const BasicTensor<T>& x_any,
                              const RecurrentStates<T>& first, RecurrentWeightSpan<T> weights,
                              const LongTensor& lengths, const RecurrentOptions& options) {
  const OpScope scope(kernels.name);
  kernels::RecurrentDims dims = checked_dims(kernels, x_any, first, weights, options.batch_first);
  const Rows<T> x(x_any, options.batch_first);
  const Operands<T> of(x.tensor, first, weights);
  LongTensor own_lengths;
  if (lengths.defined()) {
    own_lengths = lengths.clone();
    check_lengths(kernels.name, own_lengths, dims.n, dims.l);
    dims.lengths = std::as_const(own_lengths).data();
  }
  const Index width = dims.directions * dims.outputs;
  const bool batch_first = options.batch_first;
  RecurrentOutputs<T> out;
  out.y = BasicTensor<T>::empty(batch_first ? Shape{dims.n, dims.l, width}
                                            : Shape{dims.l, dims.n, width});
  out.last.h = BasicTensor<T>::empty({dims.directions, dims.n, dims.outputs});
  if (kernels.has_c) out.last.c = BasicTensor<T>::empty({dims.directions, dims.n, dims.s});
  dims.x_row = x.row;
  dims.x_step = x.step;
  dims.dx_row = batch_first ? dims.l * dims.d : dims.d;
  dims.dx_step = batch_first ? dims.d : dims.n * dims.d;
  dims.y_row = batch_first ? dims.l * width : width;
  dims.y_step = batch_first ? width : dims.n * width;

  TensorImpl* inputs[most_operands];
  for (int i = 0; i < most_operands; ++i) inputs[i] = of.tensors[i].impl();
  Recording recording(kernels.name, inputs, most_operands);
  kernels::RecurrentForward<T> operands = of.of_kernel();
  operands.y = out.y.data();
  operands.hn = out.last.h.data();
  operands.cn = kernels.has_c ? out.last.c.data() : nullptr;
  BasicTensor<T> gates;
  if (recording) {
    gates = BasicTensor<T>::empty({kernels.saved_size(dims)});
    operands.saved = gates.data();
  }
  kernels.forward(dims, operands);
  if (recording) {
    recording.describe({"directions batch_first", {dims.directions, batch_first}});
    const BasicTensor<T>* const results[] = {&out.y, &out.last.h, &out.last.c};
    recording.rule(
        results, kernels.has_c ? 3 : 2,
        [&kernels, call = SavedCall<T>{dims, batch_first,
                                       saved(of, std::make_index_sequence<most_operands>()),
                                       Saved(out.y), own_lengths, gates}](Sweep<T>& sweep) {
          backward(kernels, call, sweep);
        });
  }
  return out;
}

template <class T>
Index check_cell(const char* op, Index gates, const BasicTensor<T>& x,
                 const RecurrentStates<T>& state, const BasicRecurrentWeights<T>& weights) {
  const Shape& shape = defined(op, x.impl()).shape;
  if (shape.rank() != 2) {
    fail<ShapeError>(op, "x must have 2 axes (N, D) but its shape is ", shape,
                     "; hint: a cell takes one step; select(1, t) gives that of time t");
  }
  const Index units = check_weights(op, gates, weights, shape, "ND");
  const Index outputs = weights.w_hr.defined() ? weights.w_hr.size(0) : units;
  const char* hint = "one state for each sequence, undefined for zeros";
  check_state(op, "h", state.h.impl(), {shape[0], outputs}, "NH", hint);
  check_state(op, "c", state.c.impl(), {shape[0], units}, "NS", hint);
  return units;
}

#define TENON_INSTANTIATE(T)                                                                      \
  template RecurrentOutputs<T> recurrent(const RecurrentKernels<T>&, const BasicTensor<T>&,       \
                                         const RecurrentStates<T>&, RecurrentWeightSpan<T>,       \
                                         const LongTensor&, const RecurrentOptions&);             \
  template Index check_cell(const char*, Index, const BasicTensor<T>&, const RecurrentStates<T>&, \
                            const BasicRecurrentWeights<T>&);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon::detail
