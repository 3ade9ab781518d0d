#include "recurrent.hpp"
#include "tenon/nn/lstm.hpp"

namespace tenon::bench {
namespace {

const bool registered = add_recurrent_cases(
    "lstm", 4, [](Index features, Index units) { return nn::LSTM(features, units); });

}  // namespace
}  // namespace tenon::bench
