#include "anomaly_causes.hpp"

#include <algorithm>

namespace tenon::detail {
namespace {

// Products of two such values leave the range of float.
constexpr double huge = 1e18;

bool begins_with(std::string_view text, std::string_view begin) {
  return text.substr(0, begin.size()) == begin;
}

bool is_huge(const AnomalyInput& x) { return x.values.largest() > huge; }

std::string bad_input_cause(const AnomalyInput& x, std::size_t i) {
  const std::string which = "input " + std::to_string(i);
  if (x.is_parameter) {
    return which +
           " is a parameter that is not finite already: an update has spoilt it. Lower the "
           "learning "
           "rate, or clip the gradients (clip_grad_norm), and look at the steps before";
  }
  if (x.is_constant) {
    return which +
           " was not finite when it came: look at the data, for missing values and for a division "
           "by a standard deviation of 0";
  }
  return which +
         " was not finite already, and only -inf, the value of masks, is let pass: mask after this "
         "operation, or with a large negative number";
}

/// The numerator is input 0, the divisor the last; a number as an operand is no input.
std::string division_cause(const std::vector<AnomalyInput>& inputs) {
  if (inputs.empty()) return "";
  const ValueSummary& divisor = inputs.back().values;
  if (inputs.size() < 2 || (divisor.min <= 0 && divisor.max >= 0)) {
    return "a division by 0: add a small eps to the divisor, or clamp it from below";
  }
  return "a division by a very small number: add a small eps to the divisor";
}

std::string cause_of(std::string_view op, const std::vector<AnomalyInput>& inputs) {
  if (op == "log") {
    return "log(0) is -inf and the log of a negative number NaN: clamp x from below, take "
           "log(x + eps), or compute logarithms of probabilities with log_softmax";
  }
  if (op == "exp") {
    return "exp(x) overflows where x > 88.7 (float) or 709.7 (double): subtract the maximum first, "
           "or use softmax, log_softmax and the losses that take logits";
  }
  if (op == "sqrt") return "the square root of a negative number: clamp x from below at 0";
  if (op == "div") return division_cause(inputs);
  if (op == "pow") {
    return "a negative base has no fractional power, 0 no negative one, and large bases overflow: "
           "clamp the base";
  }
  if (begins_with(op, "softmax") || begins_with(op, "log_softmax")) {
    return "a row in which all is masked (-inf), or holds +inf, has no softmax: leave at least one "
           "entry of each row";
  }
  return "";
}

constexpr const char* overflow =
    "values have grown beyond what the type can hold: lower the learning rate, clip the gradients "
    "(clip_grad_norm), and normalise the data";

}  // namespace

std::string likely_cause_forward(std::string_view op, const std::vector<AnomalyInput>& inputs) {
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const bool is_mask = op == "softmax" || op == "log_softmax";  // -inf is welcome there
    if (!inputs[i].values.all_finite() && !(is_mask && !inputs[i].is_parameter)) {
      return bad_input_cause(inputs[i], i);
    }
  }
  const std::string cause = cause_of(op, inputs);
  if (!cause.empty()) return cause;
  if (std::any_of(inputs.begin(), inputs.end(), is_huge)) return overflow;
  return "all inputs are finite, so the operation made it: an overflow, or a mistake in an "
         "operation of your own";
}

std::string likely_cause_backward(std::string_view op, const std::vector<AnomalyInput>& inputs,
                                  const ValueSummary& dy) {
  if (!dy.all_finite()) return "the gradient that the sweep began with was not finite";
  if (op == "sqrt") {
    return "the slope of sqrt at 0 is infinite: take sqrt(x + eps)";
  }
  if (op == "pow") {
    return "the slope of a power below 1 at 0 is infinite: take pow(x + eps, p)";
  }
  const auto bad = std::find_if(inputs.begin(), inputs.end(),
                                [](const AnomalyInput& x) { return !x.values.all_finite(); });
  if (bad != inputs.end()) {
    std::string cause("input ");
    cause.append(std::to_string(bad - inputs.begin()));
    return cause.append(
        " is not finite, and times 0 it is NaN: where a mask hides a result, hide its input, too");
  }
  const std::string cause = cause_of(op, inputs);
  if (!cause.empty()) return cause;
  if (dy.largest() > huge || std::any_of(inputs.begin(), inputs.end(), is_huge)) return overflow;
  return "gradients grow while they go backwards: clip them (clip_grad_norm), lower the learning "
         "rate, or look at the rule of an operation of your own";
}

}  // namespace tenon::detail
