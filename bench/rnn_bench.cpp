#include "recurrent.hpp"
#include "tenon/nn/rnn.hpp"

namespace tenon::bench {
namespace {

const bool registered = add_recurrent_cases(
    "rnn", 1, [](Index features, Index units) { return nn::RNN(features, units); });

}  // namespace
}  // namespace tenon::bench
