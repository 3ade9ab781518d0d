#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tenon/autograd/tape.hpp"

namespace tenon {

struct GradcheckOptions {
  double step = 1e-5;       ///< h of the central difference, times max(1, |x|)
  double tolerance = 1e-6;  ///< allowed |a - n| / max(1, |a|, |n|)
  std::uint64_t seed = 0;   ///< of the random cotangent
};

/// What gradcheck found; true where it passed.
struct GradcheckResult {
  bool passed = true;
  double max_error = 0;  ///< largest |a - n| / max(1, |a|, |n|)
  std::string report;    ///< where the largest error is: input, position, both numbers
  explicit operator bool() const { return passed; }
};

namespace detail {

/// A function from tensors to one tensor, whatever its type.
struct CheckedFunction {
  const void* object;
  DoubleTensor (*call)(const void* object, const std::vector<DoubleTensor>& inputs);
  DoubleTensor operator()(const std::vector<DoubleTensor>& inputs) const {
    return call(object, inputs);
  }
};

TENON_API GradcheckResult gradcheck(CheckedFunction f, const std::vector<DoubleTensor>& inputs,
                                    const GradcheckOptions& options);
TENON_API GradcheckResult gradgradcheck(CheckedFunction f, const std::vector<DoubleTensor>& inputs,
                                        const GradcheckOptions& options);

template <class F>
CheckedFunction checked(const F& f) {
  return {&f, [](const void* object, const std::vector<DoubleTensor>& inputs) -> DoubleTensor {
            return (*static_cast<const F*>(object))(inputs);
          }};
}

}  // namespace detail

/// Compares the gradients of f, a function of std::vector<DoubleTensor>, with central differences:
///   a = d <v, f(x)> / d x_i by the tape,   n = (<v, f(x + h e_i)> - <v, f(x - h e_i)>) / 2h,
/// v random and fixed. Every element of every input is tried; inputs are left as they were.
///
///   gradcheck([](auto& in) { return conv2d(in[0], in[1]); }, {x, w})
///
/// f must be smooth within h of the inputs and give the same result for the same values.
template <class F>
GradcheckResult gradcheck(const F& f, const std::vector<DoubleTensor>& inputs,
                          const GradcheckOptions& options = {}) {
  return detail::gradcheck(detail::checked(f), inputs, options);
}

/// The same for second derivatives: checks the gradient of <u, d <v, f(x)> / d x>, u random.
template <class F>
GradcheckResult gradgradcheck(const F& f, const std::vector<DoubleTensor>& inputs,
                              const GradcheckOptions& options = {}) {
  return detail::gradgradcheck(detail::checked(f), inputs, options);
}

}  // namespace tenon
