#pragma once

#include "tenon/autograd/gradients.hpp"

namespace tenon {

/// Fills a Gradients: reserve once, then add.
struct GradientsBuilder {
  Gradients result;

  void reserve(Index count);
  /// Takes over one reference to gradient.
  void add(std::uint64_t id, detail::TensorImpl* gradient);
};

}  // namespace tenon
