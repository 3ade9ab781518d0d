#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "value_summary.hpp"

namespace tenon::detail {

/// An input of an operation whose result or gradient is not finite.
struct AnomalyInput {
  Shape shape;
  ValueSummary values;
  bool is_parameter = false;
  bool is_constant = false;
};

/// What most likely made the result of the forward pass infinite or NaN.
std::string likely_cause_forward(std::string_view op, const std::vector<AnomalyInput>& inputs);
/// The same of a gradient. dy: what the rule was given.
std::string likely_cause_backward(std::string_view op, const std::vector<AnomalyInput>& inputs,
                                  const ValueSummary& dy);

}  // namespace tenon::detail
