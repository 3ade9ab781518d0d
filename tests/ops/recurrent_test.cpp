// rnn, lstm and gru: what holds for all of them. Their values and gradients in every option stand
// against PyTorch's in tests/nn/recurrent_pytorch_test.cpp.

#include <functional>
#include <limits>

#include "recurrent_support.hpp"

using namespace tenon;
using namespace tenon::test;
using Catch::Matchers::Contains;

namespace {

std::vector<Layer> layers(bool projects) {
  std::vector<Layer> all = {{},
                            {2, 3, 3, 2, 2},
                            {1, 1, 1, 1},
                            {2, 4, 2, 3, 1, false, false},
                            {3, 2, 1, 2, 2, true, false},
                            {4, 5, 2, 2, 2, true, true, 0, {3, 0, 5, 1}},
                            {3, 4, 2, 2, 1, true, false, 0, {2, 4, 1}, false},
                            {2, 3, 2, 9}};
  if (projects) {
    all.push_back({2, 3, 2, 4, 2, true, true, 2});
    all.push_back({3, 4, 2, 3, 1, false, true, 2, {4, 0, 2}});
  }
  return all;
}

template <class Net>
void check_first_derivatives(const char* name) {
  for (const Layer& z : layers(Net::gates == 4)) {
    Operands<double> o(z, Net::gates);
    check_first_gradients(
        name, [&](auto& in) { return Net::of(o.with(in)).joined(); }, o.list());
  }
}

template <class Net>
void check_cells(const char* name) {
  for (const bool projects : {false, true}) {
    if (projects && Net::gates != 4) continue;
    for (const bool states : {true, false}) {
      Layer z{2, 1, 2, 2, 1, true, states, projects ? 1 : 0};
      Operands<double> o(z, Net::gates, 7);
      check_gradients(
          name,
          [&](auto& in) {
            const auto call = o.with(in);
            BasicLSTMState<double> state;
            if (states) state.h = call.h.select(0, 0);
            if (states && call.c.defined()) state.c = call.c.select(0, 0);
            const auto next =
                Net::template cell<double>(call.x.select(1, 0), state, call.weights[0]);
            return next.c.defined() ? cat({next.h, next.c}, 1) : next.h;
          },
          o.list());
    }
  }
}

/// Results, and gradients of all operands for a fixed cotangent.
template <class Net, bool cells>
std::vector<DoubleTensor> results_and_gradients(const Operands<double>& o_constant) {
  Tape tape;
  Operands<double> o = o_constant;
  std::vector<DoubleTensor> leaves;
  for (const auto& tensor : o.list()) leaves.push_back(tape.watch(tensor));
  o = o.with(leaves);
  const auto results = cells ? unrolled<Net, double>(o) : Net::of(o);
  const auto y = results.joined();
  const Gradients g = tape.gradients(y, random_tensor(y.shape(), 77));
  std::vector<DoubleTensor> all{y};
  for (const auto& leaf : leaves) all.push_back(g[leaf]);
  return all;
}

template <class Net>
void check_unrolled() {
  for (const Layer& z : layers(Net::gates == 4)) {
    if (!z.lengths.empty()) continue;
    Operands<double> o(z, Net::gates, 3);
    const auto sequence = results_and_gradients<Net, false>(o);
    const auto cells = results_and_gradients<Net, true>(o);
    REQUIRE(sequence.size() == cells.size());
    for (std::size_t i = 0; i < cells.size(); ++i) {
      INFO("result or gradient " << i);
      CHECK(max_error(sequence[i], cells[i]) <= 1e-13);
    }
  }
}

template <class Net>
std::string error_for(const Layer& z, const std::function<void(Operands<float>&)>& change) {
  Operands<float> o(z, Net::gates);
  change(o);
  return error_of([&] { Net::of(o); });
}

}  // namespace

TEST_CASE("recurrent sequences pass gradient checks", "[ops][rnn][lstm][gru]") {
  check_first_derivatives<TanhRnn>("rnn");
  check_first_derivatives<ReluRnn>("rnn, relu");
  check_first_derivatives<Lstm>("lstm");
  check_first_derivatives<Gru>("gru");
}

TEST_CASE("recurrent cells pass gradient checks of first and second order",
          "[ops][rnn][lstm][gru]") {
  check_cells<TanhRnn>("rnn_cell");
  check_cells<ReluRnn>("rnn_cell, relu");
  check_cells<Lstm>("lstm_cell");
  check_cells<Gru>("gru_cell");
}

TEST_CASE("a recurrent sequence is its cells, one after the other, and so are its gradients",
          "[ops][rnn][lstm][gru]") {
  check_unrolled<TanhRnn>();
  check_unrolled<ReluRnn>();
  check_unrolled<Lstm>();
  check_unrolled<Gru>();
}

TEMPLATE_TEST_CASE("x, states, weights and dy may lie anywhere in memory", "[ops][rnn][lstm][gru]",
                   TanhRnn, Lstm, Gru) {
  using Net = TestType;
  Operands<double> o({3, 4, 5, 3, 2, true, true, 0, {4, 2, 3}}, Net::gates);
  const auto expected = results_and_gradients<Net, false>(o);
  for (int layout = 1; layout < 3; ++layout) {
    std::vector<DoubleTensor> list;
    for (const auto& tensor : o.list()) {
      list.push_back(layouts_of(tensor)[static_cast<std::size_t>(layout)]);
    }
    const auto other = results_and_gradients<Net, false>(o.with(list));
    for (std::size_t i = 0; i < expected.size(); ++i) CHECK(same_bits(other[i], expected[i]));
  }
  // Gradients of y that are one number repeated, that come transposed, or from a part of y.
  const auto gradient = [&](const auto& loss_of) {
    Tape tape;
    Operands<double> leaves = o;
    leaves.x = tape.watch(o.x);
    return tape.gradients(loss_of(Net::of(leaves).y))[leaves.x];
  };
  const auto ones_of = gradient([](const auto& y) { return sum(y * ones_like(y)); });
  CHECK(same_bits(gradient([](const auto& y) { return sum(y); }), ones_of));
  CHECK(same_bits(gradient([](const auto& y) { return sum(y.transpose(0, 2).contiguous()); }),
                  ones_of));
  CHECK(same_bits(gradient([](const auto& y) { return sum(sum(y, 1)); }), ones_of));
  CHECK(same_bits(gradient([](const auto& y) { return sum(sum(y, 2)); }), ones_of));
}

TEMPLATE_TEST_CASE("batch_first = false is the same with two axes swapped", "[ops][rnn][lstm][gru]",
                   TanhRnn, Lstm, Gru) {
  using Net = TestType;
  Operands<float> o({3, 5, 2, 4, 2, true, true, 0, {5, 1, 4}}, Net::gates);
  const auto expected = Net::of(o);
  Operands<float> steps_first = o;
  steps_first.x = o.x.transpose(0, 1).contiguous();
  steps_first.options.batch_first = false;
  const auto results = Net::of(steps_first);
  CHECK(results.y.shape() == Shape{5, 3, 8});
  CHECK(same_bits(results.y.transpose(0, 1), expected.y));
  CHECK(same_bits(results.h, expected.h));
  // A transposed view is read where it lies.
  steps_first.x = o.x.transpose(0, 1);
  CHECK(same_bits(Net::of(steps_first).y, results.y));
}

TEMPLATE_TEST_CASE("sequences of true lengths are those that they are alone",
                   "[ops][rnn][lstm][gru]", TanhRnn, ReluRnn, Lstm, Gru) {
  using Net = TestType;
  const Layer z{4, 6, 3, 5, 2, true, true, 0, {3, 6, 1, 4}};
  Operands<float> o(z, Net::gates);
  const auto together = Net::of(o);
  for (Index i = 0; i < z.n; ++i) {
    const Index length = z.lengths[static_cast<std::size_t>(i)];
    Operands<float> one = o;
    one.lengths = {};
    one.x = o.x.narrow(0, i, 1).narrow(1, 0, length);
    one.h = o.h.narrow(1, i, 1);
    if (o.c.defined()) one.c = o.c.narrow(1, i, 1);
    const auto alone = Net::of(one);
    CHECK(same_bits(together.y.narrow(0, i, 1).narrow(1, 0, length), alone.y));
    CHECK(same_bits(together.h.narrow(1, i, 1), alone.h));
    if (o.c.defined()) CHECK(same_bits(together.c.narrow(1, i, 1), alone.c));
    const auto padding = together.y.narrow(0, i, 1).narrow(1, length, z.l - length);
    CHECK(same_bits(padding, zeros_like(padding)));
  }
  // Lengths in another order, and what stands in the padding, change nothing but the order.
  const std::vector<Index> order{2, 0, 3, 1};
  Operands<float> permuted = o;
  permuted.lengths = LongTensor::empty({z.n});
  permuted.x = empty({z.n, z.l, z.d});
  permuted.x.fill_(std::numeric_limits<float>::quiet_NaN());
  permuted.h = o.h.clone();
  if (o.c.defined()) permuted.c = o.c.clone();
  for (Index i = 0; i < z.n; ++i) {
    const Index from = order[static_cast<std::size_t>(i)], length = o.lengths(from);
    permuted.lengths(i) = length;
    permuted.x.select(0, i).narrow(0, 0, length).copy_(o.x.select(0, from).narrow(0, 0, length));
    permuted.h.select(1, i).copy_(o.h.select(1, from));
    if (o.c.defined()) permuted.c.select(1, i).copy_(o.c.select(1, from));
  }
  const auto results = Net::of(permuted);
  for (Index i = 0; i < z.n; ++i) {
    const Index from = order[static_cast<std::size_t>(i)];
    CHECK(same_bits(results.y.select(0, i), together.y.select(0, from)));
    CHECK(same_bits(results.h.select(1, i), together.h.select(1, from)));
  }
  // All of full length is no lengths at all.
  o.lengths = full<std::int64_t>({z.n}, z.l);
  const auto full_length = Net::of(o);
  o.lengths = {};
  CHECK(same_bits(full_length.joined(), Net::of(o).joined()));
}

TEMPLATE_TEST_CASE("no sequences, no steps, no length: the state stays what it was",
                   "[ops][rnn][lstm][gru]", TanhRnn, Lstm, Gru) {
  using Net = TestType;
  for (const Layer& z :
       {Layer{0, 3, 2, 3, 2}, Layer{2, 0, 2, 3, 2}, Layer{2, 3, 2, 3, 2, true, true, 0, {0, 0}}}) {
    Operands<double> o(z, Net::gates);
    Tape tape;
    std::vector<DoubleTensor> leaves;
    for (const auto& tensor : o.list()) leaves.push_back(tape.watch(tensor));
    const auto call = o.with(leaves);
    const auto results = Net::of(call);
    CHECK(results.y.shape() == Shape{z.n, z.l, 6});
    CHECK(same_bits(results.y, zeros<double>({z.n, z.l, 6})));
    CHECK(same_bits(results.h, o.h));
    const Gradients g = tape.gradients(sum(results.joined()));
    CHECK(same_bits(g[call.h], ones<double>({2, z.n, 3})));
    CHECK(same_bits(g[call.x], zeros<double>(o.x.shape())));
    const auto& w = call.weights[1];
    for (const auto& weight : {w.w_ih, w.w_hh, w.b_ih, w.b_hh}) {
      CHECK(same_bits(g[weight], zeros_like(weight)));
    }
  }
}

TEMPLATE_TEST_CASE("a recurrent sequence records what is tracked, and once",
                   "[ops][rnn][lstm][gru]", TanhRnn, Lstm, Gru) {
  using Net = TestType;
  Operands<float> o({}, Net::gates);
  Tape tape;
  Net::of(o);
  CHECK(tape.size() == 0);
  o.weights[0].b_hh = tape.watch(o.weights[0].b_hh);
  const Index before = tape.size();
  const auto results = Net::of(o);
  CHECK(tape.size() == before + (results.c.defined() ? 3 : 2));  // a node for each result
  const Gradients g = tape.gradients(sum(results.h));
  CHECK(g.size() == 1);
  CHECK(g[o.weights[0].b_hh].shape() == o.weights[0].b_hh.shape());
}

TEMPLATE_TEST_CASE("the same weights in both directions get both gradients",
                   "[ops][rnn][lstm][gru]", TanhRnn, Lstm, Gru) {
  using Net = TestType;
  Operands<double> o({2, 3, 2, 3, 2}, Net::gates);
  const auto apart = results_and_gradients<Net, false>([&] {
    Operands<double> twice = o;
    twice.weights[1] = twice.weights[0];
    return twice;
  }());
  Tape tape;
  Operands<double> tied = o;
  const auto w = tape.watch(o.weights[0].w_hh);
  tied.weights[0].w_hh = w;
  tied.weights[1] = tied.weights[0];
  const auto y = Net::of(tied).joined();
  const auto g = tape.gradients(y, random_tensor(y.shape(), 77))[w];
  const std::size_t first = Net::gates == 4 ? 5 : 4;  // result, x, h, (c,) w_ih, w_hh
  CHECK(max_error(g, apart[first] + apart[first + 4]) <= 1e-14);
}

TEMPLATE_TEST_CASE("asking for a second derivative of a sequence names the cells",
                   "[ops][rnn][lstm][gru][errors]", TanhRnn, Lstm, Gru) {
  using Net = TestType;
  Operands<double> o({}, Net::gates);
  const char* name = Net::gates == 1 ? "[rnn]" : Net::gates == 3 ? "[gru]" : "[lstm]";
  Tape outer;
  o.x = outer.watch(o.x);
  DoubleTensor dx;
  {
    Tape inner;
    dx = inner.gradients(sum(Net::of(o).y))[o.x];
  }
  // Having the gradient is no mistake; differentiating it is, although dy was a constant.
  CHECK(outer.gradients(sum(o.x * o.x)).contains(o.x));
  CHECK_THROWS_WITH(outer.gradients(sum(dx * dx)),
                    Contains(name) && Contains("cannot be differentiated again"));
  // The cells can.
  DoubleTensor dx_of_cells;
  {
    Tape inner;
    dx_of_cells = inner.gradients(sum(unrolled<Net, double>(o).y))[o.x];
  }
  CHECK(max_error(dx_of_cells.detach(), dx.detach()) <= 1e-13);
  CHECK(outer.gradients(sum(dx_of_cells * dx_of_cells)).contains(o.x));
}

TEST_CASE("a weight changed between forward and backward pass is noticed", "[ops][lstm][errors]") {
  Operands<float> o({}, 4);
  Tape tape;
  o.x = tape.watch(o.x);
  const auto y = Lstm::of(o).y;
  o.weights[0].w_hh.fill_(0);
  CHECK_THROWS_WITH(tape.gradients(sum(y)), Contains("[lstm]") && Contains("changed in place"));
}

TEST_CASE("a change of lengths after the call changes no gradient", "[ops][lstm]") {
  Operands<double> o({3, 4, 2, 3, 1, true, true, 0, {4, 2, 3}}, 4);
  const auto gradient = [&](bool change) {
    Tape tape;
    Operands<double> call = o;
    call.lengths = o.lengths.clone();
    call.x = tape.watch(o.x);
    const auto y = Lstm::of(call).y;
    if (change) call.lengths.fill_(1);
    return tape.gradients(sum(y))[call.x];
  };
  CHECK(same_bits(gradient(true), gradient(false)));
}

TEMPLATE_TEST_CASE("recurrent sequences have the same bits at any number of threads",
                   "[ops][rnn][lstm][gru]", TanhRnn, Lstm, Gru) {
  using Net = TestType;
  Layer z{37, 9, 5, 19, 2};
  for (Index i = 0; i < z.n; ++i) z.lengths.push_back(i * 5 % 10);
  Operands<float> o(z, Net::gates);
  CHECK(same_bits_for_all_threads([&] {
    Tape tape;
    std::vector<Tensor> leaves, flat;
    for (const auto& tensor : o.list()) leaves.push_back(tape.watch(tensor));
    const auto y = Net::of(o.with(leaves)).joined();
    flat.push_back(y.detach());
    const Gradients g = tape.gradients(sum(y * y));
    for (const auto& leaf : leaves) flat.push_back(g[leaf].reshape({-1}));
    return cat(flat);
  }));
}

TEST_CASE("mistakes in a recurrent sequence's operands are named",
          "[ops][rnn][lstm][gru][errors]") {
  using Change = Operands<float>;
  const Layer z{};  // N 3, L 4, D 2, S 3
  CHECK(error_for<Lstm>(z,
                        [](Change& o) {
                          o.x = zeros({4, 2});
                        }) ==
        "[lstm] x must have 3 axes (N, L, D) but its shape is (4, 2); hint: x.unsqueeze(0) makes a "
        "batch of one sequence");
  CHECK(error_for<Gru>(z,
                       [](Change& o) {
                         o.x = zeros({4});
                         o.options.batch_first = false;
                       }) ==
        "[gru] x must have 3 axes (L, N, D) but its shape is (4); hint: reshape x to (N, L, D)");
  CHECK(
      error_for<Lstm>(z,
                      [](Change& o) {
                        o.x = zeros({3, 4, 5});
                      }) ==
      "[lstm] w_ih expects 2 features but x has 5: x (N=3, L=4, D=5), w_ih (4S=12, D=2); hint: the "
      "last axis of x holds the features of a step");
  CHECK(error_for<TanhRnn>(z,
                           [](Change& o) {
                             o.weights[0].w_hh = zeros({3, 2});
                           }) ==
        "[rnn] w_hh must have a column for each of the 3 outputs: w_hh (S=3, H=2); hint: without "
        "w_hr these are the hidden units");
  CHECK(error_for<Lstm>(z,
                        [](Change& o) {
                          o.weights[0].w_hr = zeros({2, 3});
                        }) ==
        "[lstm] w_hh must have a column for each of the 2 outputs: w_hh (4S=12, H=3); hint: with "
        "w_hr these are its rows");
  CHECK(error_for<Lstm>(z,
                        [](Change& o) {
                          o.weights[0].w_hr = zeros({2, 4});
                        }) ==
        "[lstm] w_hr must have shape (H, S=3) but has (2, 4); hint: it projects the 3 units to H "
        "outputs");
  CHECK(
      error_for<Gru>(z,
                     [](Change& o) {
                       o.weights[0].w_hh = zeros({10, 3});
                     }) ==
      "[gru] w_ih and w_hh must be matrices of 3S rows, but have shapes (9, 2) and (10, 3); hint: "
      "the rows of each gate stand together, one for each hidden unit");
  CHECK(
      error_for<Gru>(z, [](Change& o) { o.weights[0].b_hh = zeros({3}); }) ==
      "[gru] b_hh must have shape (3S=9) but has (3); hint: one bias for each row of the weights");
  CHECK(error_for<Lstm>(z,
                        [](Change& o) {
                          o.weights[0].b_ih = zeros({12, 1});
                        }) ==
        "[lstm] b_ih must have shape (4S=12) but has (12, 1); hint: one bias for each row of the "
        "weights");
  CHECK(
      error_for<Lstm>(z,
                      [](Change& o) {
                        o.h = zeros({3, 3});
                      }) ==
      "[lstm] h must have shape (K=1, N=3, H=3) but has (3, 3); hint: one state for each direction "
      "K and sequence, undefined for zeros");
  CHECK(error_for<Lstm>(z,
                        [](Change& o) {
                          o.c = zeros({1, 2, 3});
                        }) ==
        "[lstm] c must have shape (K=1, N=3, S=3) but has (1, 2, 3); hint: one state for each "
        "direction K and sequence, undefined for zeros");
  CHECK(error_for<Lstm>(z, [](Change& o) { o.directions = 0; }) ==
        "[lstm] weights are those of one direction or of two, not of 0; hint: a layer on top is a "
        "call of its own");
  Layer both = z;
  both.directions = 2;
  CHECK(
      error_for<TanhRnn>(both,
                         [](Change& o) {
                           o.weights[1].w_ih = zeros({4, 2});
                           o.weights[1].w_hh = zeros({4, 4});
                           o.weights[1].b_ih = o.weights[1].b_hh = {};
                         }) ==
      "[rnn] both directions must have weights of the same shapes, but w_hh has (3, 3) and (4, 4); "
      "hint: make them alike, or call each direction by itself");
  CHECK(error_for<Lstm>(z, [](Change& o) { o.lengths = full<std::int64_t>({4}, 1); }) ==
        "[lstm] lengths must have shape (N=3) but has (4); hint: one number of steps for each "
        "sequence");
  CHECK(error_for<Gru>(z,
                       [](Change& o) {
                         o.lengths = tensor<std::int64_t>({1, 5, 2});
                       }) ==
        "[gru] lengths must lie in [0, L=4] but that of sequence 1 is 5; hint: the number of its "
        "real steps, without padding");
  CHECK(error_for<TanhRnn>(z,
                           [](Change& o) {
                             o.lengths = tensor<std::int64_t>({1, 2, -1});
                           }) ==
        "[rnn] lengths must lie in [0, L=4] but that of sequence 2 is -1; hint: the number of its "
        "real steps, without padding");
  CHECK_THAT(error_for<Lstm>(z, [](Change& o) { o.x = {}; }),
             Contains("[lstm]") && Contains("undefined"));
  CHECK_THAT(error_for<Gru>(z, [](Change& o) { o.weights[0].w_ih = {}; }),
             Contains("[gru]") && Contains("undefined"));
}

TEST_CASE("mistakes in a recurrent cell's operands are named", "[ops][rnn][lstm][gru][errors]") {
  Operands<float> o({}, 4);
  const auto& w = o.weights[0];
  CHECK(error_of([&] { lstm_cell(o.x, {}, w); }) ==
        "[lstm_cell] x must have 2 axes (N, D) but its shape is (3, 4, 2); hint: a cell takes one "
        "step; select(1, t) gives that of time t");
  CHECK(
      error_of([&] {
        lstm_cell(zeros({3, 4}), {}, w);
      }) ==
      "[lstm_cell] w_ih expects 2 features but x has 4: x (N=3, D=4), w_ih (4S=12, D=2); hint: the "
      "last axis of x holds the features of a step");
  CHECK(
      error_of([&] {
        lstm_cell(zeros({3, 2}), {zeros({1, 3}), {}}, w);
      }) ==
      "[lstm_cell] h must have shape (N=3, H=3) but has (1, 3); hint: one state for each sequence, "
      "undefined for zeros");
  CHECK_THAT(error_of([&] { gru_cell(zeros({3, 2}), {}, w); }), Contains("[gru_cell]"));
  CHECK_THAT(error_of([&] { rnn_cell(zeros({3, 2}), zeros({3, 2}), w); }), Contains("[rnn_cell]"));
}
