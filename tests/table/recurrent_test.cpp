#include "table.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

template <class T>
BasicRecurrentWeights<T> weights_of(Inputs<T>& in) {
  return {.w_ih = in["w"], .w_hh = in["u"], .b_ih = in["b"], .b_hh = in["d"], .w_hr = {}};
}

/// h or c (N, S) as the state of one layer.
template <class T>
BasicTensor<T> state_of(Inputs<T>& in, const char* name) {
  return in[name].unsqueeze(0);
}

const Row rows[] = {
    {"rnn",
     [](auto& in, const Json&) {
       const auto w = weights_of(in);
       const auto r = rnn(in["x"], state_of(in, "h"), std::span(&w, 1));
       return joined<TypeOf<decltype(in)>>({r.y, r.h});
     }},
    {"gru",
     [](auto& in, const Json&) {
       const auto w = weights_of(in);
       const auto r = gru(in["x"], state_of(in, "h"), std::span(&w, 1));
       return joined<TypeOf<decltype(in)>>({r.y, r.h});
     }},
    {"lstm",
     [](auto& in, const Json&) {
       const auto w = weights_of(in);
       const auto r = lstm(in["x"], {state_of(in, "h"), state_of(in, "c")}, std::span(&w, 1));
       return joined<TypeOf<decltype(in)>>({r.y, r.state.h, r.state.c});
     }},
    {"rnn_cell",
     [](auto& in, const Json&) { return rnn_cell(in["x"].select(1, 0), in["h"], weights_of(in)); }},
    {"gru_cell",
     [](auto& in, const Json&) { return gru_cell(in["x"].select(1, 0), in["h"], weights_of(in)); }},
    {"lstm_cell",
     [](auto& in, const Json&) {
       const auto s = lstm_cell(in["x"].select(1, 0), {in["h"], in["c"]}, weights_of(in));
       return joined<TypeOf<decltype(in)>>({s.h, s.c});
     }},
};

}  // namespace

TEST_CASE("Recurrent operations agree with PyTorch", "[table]") { check_file("recurrent"); }
