#include "recurrent.hpp"
#include "tenon/nn/gru.hpp"

namespace tenon::bench {
namespace {

const bool registered = add_recurrent_cases(
    "gru", 3, [](Index features, Index units) { return nn::GRU(features, units); });

}  // namespace
}  // namespace tenon::bench
