// RNN, LSTM, GRU and their cells as layers: names, starts, calls, states, copies, errors. Their
// numbers stand against PyTorch's in recurrent_pytorch_test.cpp.

#include <cmath>
#include <type_traits>

#include "allocation_counter.hpp"
#include "nn_support.hpp"
#include "tenon/autograd/record.hpp"
#include "tenon/base/memory.hpp"
#include "tenon/io/safetensors.hpp"
#include "tenon/nn/gru.hpp"
#include "tenon/nn/init.hpp"
#include "tenon/nn/lstm.hpp"
#include "tenon/nn/recurrent_cell.hpp"
#include "tenon/nn/rnn.hpp"
#include "tenon/ops/matmul.hpp"

using namespace tenon;
using namespace tenon::test;
using Catch::Matchers::Contains;

namespace {

template <class... M>
constexpr bool all_nothrow_movable = ((std::is_nothrow_move_constructible_v<M> &&
                                       std::is_nothrow_move_assignable_v<M> &&
                                       std::is_copy_constructible_v<M> &&
                                       std::is_copy_assignable_v<M>)&&...);
static_assert(
    all_nothrow_movable<nn::RNN, nn::LSTM, nn::GRU, nn::RNNCell, nn::LSTMCell, nn::GRUCell>);

std::vector<std::string> names_of(nn::Module& net) {
  std::vector<std::string> names;
  for (const auto& entry : nn::named_tensors(net)) names.push_back(entry.name);
  return names;
}

double largest(const Tensor& x) {
  double value = 0;
  for (const float v : values_of(x)) value = std::max(value, std::abs(static_cast<double>(v)));
  return value;
}

/// max |w w^T - 1| or of w^T w, whichever is smaller a matrix.
double distance_from_orthonormal(const Tensor& w) {
  const Tensor rows = w.size(0) <= w.size(1) ? w : w.t();
  return largest(matmul(rows, rows.t()) - eye(rows.size(0)));
}

}  // namespace

TEST_CASE("recurrent parameters have PyTorch's names, order and shapes", "[nn][rnn][lstm][gru]") {
  nn::LSTM lstm(5, 6, {.num_layers = 2, .bidirectional = true, .proj_size = 3});
  CHECK(names_of(lstm) ==
        std::vector<std::string>{
            "weight_ih_l0",         "weight_hh_l0",         "bias_ih_l0",
            "bias_hh_l0",           "weight_hr_l0",         "weight_ih_l0_reverse",
            "weight_hh_l0_reverse", "bias_ih_l0_reverse",   "bias_hh_l0_reverse",
            "weight_hr_l0_reverse", "weight_ih_l1",         "weight_hh_l1",
            "bias_ih_l1",           "bias_hh_l1",           "weight_hr_l1",
            "weight_ih_l1_reverse", "weight_hh_l1_reverse", "bias_ih_l1_reverse",
            "bias_hh_l1_reverse",   "weight_hr_l1_reverse"});
  CHECK(lstm.layer(0).weight_ih.shape() == Shape{24, 5});
  CHECK(lstm.layer(1, true).weight_ih.shape() == Shape{24, 6});
  CHECK(lstm.layer(1).weight_hh.shape() == Shape{24, 3});
  CHECK(lstm.layer(1).weight_hr.shape() == Shape{3, 6});
  CHECK(lstm.layer().bias_hh.shape() == Shape{24});

  nn::GRU gru(5, 6, {.bias = false});
  CHECK(names_of(gru) == std::vector<std::string>{"weight_ih_l0", "weight_hh_l0"});
  CHECK(gru.layer().weight_hh.shape() == Shape{18, 6});
  nn::RNN rnn(5, 6);
  CHECK(count_parameters(rnn) == 6 * (5 + 6 + 2));
  nn::LSTMCell cell(5, 6);
  CHECK(names_of(cell) == std::vector<std::string>{"weight_ih", "weight_hh", "bias_ih", "bias_hh"});
  CHECK(count_parameters(cell) == 24 * (5 + 6 + 2));
}

TEST_CASE("recurrent layers start as PyTorch's do", "[nn][rnn][lstm][gru]") {
  manual_seed(1);
  nn::LSTM lstm(40, 25, {.bidirectional = true});
  nn::GRUCell cell(40, 25);
  const auto check = [](nn::Module& net) {
    for (const auto& [name, parameter] : nn::named_parameters(net)) {
      INFO(name);
      CHECK(largest(*parameter) <= 0.2);
      CHECK(largest(*parameter) > 0.18);
    }
  };
  check(lstm);
  check(cell);
  CHECK_FALSE(same_bits<float>(lstm.layer(0).weight_ih, lstm.layer(0, true).weight_ih));
}

TEST_CASE("init::keras: Glorot, orthogonal, forget gates open", "[nn][lstm][gru][init]") {
  manual_seed(2);
  nn::Sequential net{nn::LSTM(30, 20, {.bidirectional = true}), nn::GRU(40, 20), nn::RNN(20, 30)};
  nn::init::keras(net);
  const auto glorot = [](const Tensor& w) {
    const double bound = std::sqrt(6.0 / static_cast<double>(w.size(0) + w.size(1)));
    CHECK(largest(w) <= bound);
    CHECK(largest(w) > 0.97 * bound);
  };
  for (const bool reverse : {false, true}) {
    auto& p = net.get<nn::LSTM>(0).layer(0, reverse);
    glorot(p.weight_ih);
    CHECK(distance_from_orthonormal(p.weight_hh) <= 1e-6);
    CHECK(same_bits<float>(p.bias_hh, zeros({80})));
    CHECK(same_bits<float>(p.bias_ih, cat({zeros({20}), ones({20}), zeros({40})})));
  }
  auto& gru = net.get<nn::GRU>(1).layer();
  glorot(gru.weight_ih);
  CHECK(distance_from_orthonormal(gru.weight_hh) <= 1e-6);
  CHECK(same_bits<float>(gru.bias_ih, zeros({60})));
  auto& rnn = net.get<nn::RNN>(2).layer();
  CHECK(distance_from_orthonormal(rnn.weight_hh) <= 1e-6);

  nn::LSTMCell cell(3, 4);
  nn::init::keras(cell);
  CHECK(same_bits<float>(cell.bias_ih, cat({zeros({4}), ones({4}), zeros({8})})));
  CHECK(distance_from_orthonormal(cell.weight_hh) <= 1e-6);
  nn::LSTM projected(3, 8, {.bias = false, .proj_size = 2});
  nn::init::keras(projected);
  glorot(projected.layer().weight_hr);
  CHECK(distance_from_orthonormal(projected.layer().weight_hh) <= 1e-6);
}

TEST_CASE("orthogonal_ gives orthonormal rows or columns, whichever are fewer", "[nn][init]") {
  manual_seed(3);
  for (const Shape& shape : {Shape{5, 5}, {7, 3}, {3, 7}, {1, 4}, {4, 1}, {1, 1}, {50, 20}}) {
    Tensor w = zeros(shape);
    nn::init::orthogonal_(w);
    CHECK(distance_from_orthonormal(w) <= 1e-6);
    auto d = zeros<double>(shape);
    nn::init::orthogonal_(d, 3);
    CHECK(distance_from_orthonormal((d / 3.0).to<float>()) <= 1e-6);
  }
  Tensor conv = zeros({4, 2, 3, 3});
  nn::init::orthogonal_(conv);
  CHECK(distance_from_orthonormal(conv.reshape({4, 18})) <= 1e-6);
  // Both signs occur everywhere: without R's signs the first entry would always be negative.
  int positive = 0;
  for (int i = 0; i < 200; ++i) {
    Tensor w = zeros({2, 2});
    nn::init::orthogonal_(w);
    positive += w(0, 0) > 0;
  }
  CHECK(positive > 60);
  CHECK(positive < 140);
  manual_seed(4);
  Tensor a = zeros({6, 4}), b = zeros({6, 4});
  nn::init::orthogonal_(a);
  manual_seed(4);
  nn::init::orthogonal_(b);
  CHECK(same_bits(a, b));
  Tensor vector = zeros({3}), none;
  CHECK(
      error_of<ShapeError>([&] { nn::init::orthogonal_(vector); }) ==
      "[orthogonal_] the tensor must have at least two axes, (outputs, inputs, ...), but its shape "
      "is (3); hint: its rows, or its columns if these are fewer, become orthonormal");
  CHECK_THROWS_WITH(nn::init::orthogonal_(none), Contains("it is undefined"));
}

TEST_CASE("a layer can be called with a state, with lengths, with both, with neither",
          "[nn][rnn][lstm][gru]") {
  manual_seed(5);
  nn::LSTM lstm(3, 4, {.num_layers = 2, .bidirectional = true});
  const Tensor x = random_tensor<float>({2, 5, 3}, 1);
  const auto [y, last] = lstm(x, {});
  CHECK(y.shape() == Shape{2, 5, 8});
  CHECK(last.h.shape() == Shape{4, 2, 4});
  CHECK(last.c.shape() == Shape{4, 2, 4});
  CHECK(same_bits(lstm(x), y));
  CHECK(same_bits(lstm(x, {zeros({4, 2, 4}), zeros({4, 2, 4})}).y, y));
  // The last states of the last layer are where its directions end.
  CHECK(same_bits(last.h.select(0, 2), y.select(1, 4).narrow(1, 0, 4)));
  CHECK(same_bits(last.h.select(0, 3), y.select(1, 0).narrow(1, 4, 4)));
  const LongTensor lengths = tensor<std::int64_t>({5, 2});
  const auto [short_y, short_last] = lstm(x, lengths);
  CHECK(same_bits(short_y, lstm(x, {}, lengths).y));
  CHECK(same_bits(short_y.select(0, 0), y.select(0, 0)));
  CHECK(same_bits(short_last.h.select(0, 2).select(0, 1),
                  short_y.select(0, 1).select(0, 1).narrow(0, 0, 4)));
  CHECK(same_bits(short_y.select(0, 1).narrow(0, 2, 3), zeros({3, 8})));
  const auto carried = lstm(x, last, lengths);
  CHECK_FALSE(same_bits(carried.y, short_y));

  nn::GRU gru(3, 4);
  const auto [g, h] = gru(x, {});
  CHECK(same_bits(gru(x), g));
  CHECK(same_bits(h.select(0, 0), g.select(1, 4)));
  CHECK(same_bits(gru(x, lengths).y, gru(x, {}, lengths).y));
  nn::RNN rnn(3, 4, {.nonlinearity = Nonlinearity::relu, .batch_first = false});
  const auto [r, rh] = rnn(x.transpose(0, 1), {});
  CHECK(r.shape() == Shape{5, 2, 4});
  CHECK(rh.shape() == Shape{1, 2, 4});
  CHECK(same_bits(rnn(x.transpose(0, 1)), r));
}

TEST_CASE("a sequence in two parts, its state carried over, is the whole", "[nn][lstm][gru]") {
  manual_seed(6);
  nn::LSTM lstm(3, 4, {.num_layers = 2});
  const Tensor x = random_tensor<float>({2, 6, 3}, 1);
  const Tensor whole = lstm(x);
  LSTMState state;
  std::vector<Tensor> parts;
  for (Index t = 0; t < 6; t += 2) {
    auto [y, next] = lstm(x.narrow(1, t, 2), state);
    state = next;
    parts.push_back(y);
  }
  CHECK(same_bits(cat(parts, 1), whole));
}

TEST_CASE("a state has a gradient within its tape and is a constant under the next",
          "[nn][lstm][gru]") {
  manual_seed(7);
  nn::LSTM lstm(3, 4);
  nn::GRU gru(3, 4, {.num_layers = 2});
  nn::LSTMCell cell(3, 4);
  const Tensor x = random_tensor<float>({2, 5, 3}, 1);
  const auto& w = lstm.layer().weight_hh;
  {
    // An encoder's state reaches the decoder with its gradient.
    Tape tape;
    const auto v = tape.watch(x);
    const auto [y, last] = lstm(v, {});
    const auto g = tape.gradients(sum(lstm(x.detach(), last).y));
    CHECK(largest(g[v]) > 0);
  }
  LSTMState state, cell_state;
  Tensor h;
  Tensor second;
  for (int step = 0; step < 3; ++step) {
    Tape tape;
    auto [y, next] = lstm(x, state);
    state = next;
    auto [z, next_h] = gru(x, h);
    h = next_h;
    cell_state = cell(x.select(1, 0), cell_state);
    const Gradients g = tape.gradients(sum(y) + sum(z) + sum(cell_state.h));
    if (step == 1) second = g[w];
  }
  // The second step by hand.
  const auto [y0, first] = lstm(x, {});
  Tape tape;
  const Gradients g = tape.gradients(sum(lstm(x, {first.h.clone(), first.c.clone()}).y));
  CHECK(same_bits(g[w], second));
}

TEST_CASE("dropout acts between layers, in training only", "[nn][lstm]") {
  manual_seed(8);
  nn::LSTM lstm(3, 4, {.num_layers = 2, .dropout = 0.5});
  const Tensor x = random_tensor<float>({4, 5, 3}, 1);
  CHECK_FALSE(same_bits(lstm(x), lstm(x)));
  lstm.eval();
  const Tensor y = lstm(x);
  CHECK(same_bits(lstm(x), y));
  // Of all outputs dropped, the second layer sees nothing but zeros.
  nn::LSTM deaf(3, 4, {.num_layers = 2, .dropout = 1});
  CHECK(same_bits(deaf(x), deaf(x * 2)));
  deaf.eval();
  CHECK_FALSE(same_bits(deaf(x), deaf(x * 2)));
}

TEST_CASE("recurrent layers stand in a Sequential, are copied, moved and saved",
          "[nn][lstm][gru]") {
  manual_seed(9);
  nn::Sequential net{nn::LSTM(3, 4, {.bidirectional = true}), nn::GRU(8, 5), nn::Linear(5, 2)};
  const Tensor x = random_tensor<float>({2, 5, 3}, 1);
  const Tensor y = net(x);
  CHECK(y.shape() == Shape{2, 5, 2});
  nn::Sequential copy = net;
  CHECK(same_bits(copy(x), y));
  CHECK_FALSE(copy.get<nn::LSTM>(0).layer().weight_ih.shares_storage(
      net.get<nn::LSTM>(0).layer().weight_ih));
  const void* leaf = net.get<nn::LSTM>(0).layer().weight_ih.impl();
  nn::LSTM moved = std::move(net.get<nn::LSTM>(0));
  CHECK(moved.layer().weight_ih.impl() == leaf);
  CHECK(error_of([&] { net(x); }).find("was moved from") != std::string::npos);
  nn::LSTM other(3, 4, {.bidirectional = true});
  const void* kept = other.layer(0, true).weight_hh.impl();
  other = std::as_const(moved);
  CHECK(other.layer(0, true).weight_hh.impl() == kept);
  CHECK(same_bits(other(x), moved(x)));
}

TEST_CASE("recurrent layers describe themselves", "[nn][rnn][lstm][gru]") {
  CHECK(nn::LSTM(16, 64).description() == "LSTM(16 -> 64)");
  CHECK(nn::LSTM(16, 64,
                 {.num_layers = 2,
                  .bias = false,
                  .batch_first = false,
                  .dropout = 0.25,
                  .bidirectional = true,
                  .proj_size = 8})
            .description() ==
        "LSTM(16 -> 64, 2 layers, bidirectional, dropout 0.25, projected to 8, bias=false, "
        "batch_first=false)");
  CHECK(nn::GRU(1, 2).description() == "GRU(1 -> 2)");
  CHECK(nn::RNN(1, 2, {.nonlinearity = Nonlinearity::relu}).description() == "RNN(1 -> 2, relu)");
  CHECK(nn::LSTMCell(3, 4).description() == "LSTMCell(3 -> 4)");
  CHECK(nn::RNNCell(3, 4, {.bias = false}).description() == "RNNCell(3 -> 4, bias=false)");
  nn::GRU gru(1, 2);
  const nn::GRU moved = std::move(gru);
  CHECK(gru.description() == "GRU(moved from)");
}

TEST_CASE("mistakes in recurrent layers are named", "[nn][rnn][lstm][gru][errors]") {
  CHECK(error_of<ValueError>([] { nn::LSTM(0, 3); }) ==
        "[LSTM] input_size and hidden_size must be at least 1, not 0 and 3; hint: "
        "nn::LSTM(input_size, hidden_size)");
  CHECK(error_of<ValueError>([] { nn::GRUCell(2, 0); }) ==
        "[GRUCell] input_size and hidden_size must be at least 1, not 2 and 0; hint: "
        "nn::GRUCell(input_size, hidden_size)");
  CHECK(error_of<ValueError>([] { nn::GRU(2, 3, {.num_layers = 0}); }) ==
        "[GRU] num_layers must lie in [1, 64], not 0; hint: 1 is a single layer");
  CHECK(
      error_of<ValueError>([] { nn::RNN(2, 3, {.num_layers = 2, .dropout = 1.5}); }) ==
      "[RNN] the dropout must lie in [0, 1], not 1.5; hint: it is the fraction of outputs to drop "
      "between layers");
  CHECK(error_of<ValueError>([] { nn::LSTM(2, 3, {.dropout = 0.5}); }) ==
        "[LSTM] dropout acts between layers, but num_layers is 1; hint: put an nn::Dropout behind "
        "the layer");
  CHECK(error_of<ValueError>([] { nn::LSTM(2, 3, {.proj_size = 3}); }) ==
        "[LSTM] proj_size must lie in [0, hidden_size = 3), not 3; hint: 0 is no projection");
  nn::LSTM lstm(2, 3, {.num_layers = 2});
  CHECK(error_of<IndexError>([&] { lstm.layer(2); }) ==
        "[LSTM] there is no layer 2 in LSTM(2 -> 3, 2 layers); hint: layers count from 0");
  CHECK(
      error_of<IndexError>([&] { lstm.layer(0, true); }) ==
      "[LSTM] there is no layer 0, reverse, in LSTM(2 -> 3, 2 layers); hint: layers count from 0");
  const Tensor x = zeros({4, 5, 2});
  CHECK(error_of<ShapeError>([&] {
          lstm(x, {zeros({1, 4, 3}), {}});
        }) ==
        "[LSTM] h must have shape (num_layers directions = 2, N, 3) but has (1, 4, 3); hint: pass "
        "the state that the layer returned, or {} for zeros");
  CHECK_THROWS_WITH(lstm(x, {{}, zeros({2, 3, 3})}), Contains("[lstm] c must have shape"));
  // Typed calls name the layer's path as forward() does.
  struct Model : nn::Module {
    nn::LSTM encoder{2, 3};
    Tensor forward(const Tensor& input) override { return encoder(input, {}).y; }
    void visit(nn::Visitor& v) override { v("encoder", encoder); }
  } model;
  CHECK(
      error_of([&] {
        model(zeros({4, 5, 7}));
      }) ==
      "[lstm] w_ih expects 2 features but x has 7: x (N=4, L=5, D=7), w_ih (4S=12, D=2); hint: the "
      "last axis of x holds the features of a step (in layer encoder: LSTM(2 -> 3))");
}

TEST_CASE("a warm recurrent training step allocates nothing", "[nn][rnn][lstm][gru][memory]") {
  if (!can_count_allocations()) return;
  manual_seed(10);
  nn::LSTM lstm(5, 20, {.num_layers = 2, .dropout = 0.1, .bidirectional = true});
  nn::GRU gru(40, 7);
  nn::RNN rnn(7, 7);
  const Tensor x = random_tensor<float>({40, 9, 5}, 1);
  LongTensor lengths = LongTensor::empty({40});
  for (Index i = 0; i < 40; ++i) lengths(i) = i % 10;
  LSTMState state;
  const auto step = [&] {
    Tape tape;
    auto [y, next] = lstm(x, state, lengths);
    state = next;
    const auto z = rnn(gru(y, lengths).y);
    return tape.gradients(sum(z * z)).size();
  };
  const auto infer = [&] { return lstm(x, lengths).y.numel(); };
  for (int i = 0; i < 3; ++i) {
    step();
    infer();
  }
  const AllocationCounter counter;
  const auto from_system = memory_stats().system_allocations;
  for (int i = 0; i < 5; ++i) {
    step();
    infer();
  }
  const auto allocations = counter.count();
  CHECK(allocations == 0);
  CHECK(memory_stats().system_allocations == from_system);
}
