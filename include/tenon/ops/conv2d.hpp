#pragma once

#include <concepts>
#include <cstdint>
#include <memory>

#include "tenon/ops/padding.hpp"
#include "tenon/ops/pair.hpp"
#include "tenon/tensor/tensor.hpp"

namespace tenon::kernels {
template <class T>
class Conv2dPack;
}  // namespace tenon::kernels

namespace tenon {

/// Each is one number for both image axes or {along H, along W}.
struct Conv2dOptions {
  Pair stride = 1;        ///< pixels from one window to the next, >= 1
  Padding2d padding = 0;  ///< rows and columns of zeros around the image, on each side, >= 0, or
                          ///< Padding::same
  Pair dilation = 1;      ///< pixels from one weight to the next, >= 1
  Index groups = 1;       ///< parts into which both kinds of channels are split, >= 1
};

/// The weights of a convolution as its inner loops read them, made once instead of in every call.
/// Valid for that one weight tensor until it is written; a copy is therefore empty, a move keeps
/// all.
template <std::floating_point T>
class TENON_API PackedConv2d {
 public:
  PackedConv2d() noexcept = default;
  /// For images of x's size, in batches of any. Throws as conv2d() does.
  PackedConv2d(const BasicTensor<T>& x, const BasicTensor<T>& w, const Conv2dOptions& options = {});
  PackedConv2d(const PackedConv2d&) noexcept {}
  PackedConv2d(PackedConv2d&&) noexcept = default;
  PackedConv2d& operator=(const PackedConv2d&) noexcept {
    pack_.reset();
    return *this;
  }
  PackedConv2d& operator=(PackedConv2d&&) noexcept = default;

  /// What was made of w as it is now, or null.
  const kernels::Conv2dPack<T>* of(const BasicTensor<T>& w) const;

 private:
  std::shared_ptr<const kernels::Conv2dPack<T>> pack_;
  std::uint64_t weight_ = 0;
  std::uint32_t version_ = 0;
};

/// Cross-correlates images with a set of kernels.
///   y[n,o,i,j] = b[o] + sum_{c,p,q} w[o,c,p,q] x[n, g C/groups + c, i stride - padding + p
///   dilation,
///                                               j stride - padding + q dilation]
/// where x is zero outside the image and g = o / (O/groups) is the group of channel o.
///   x (N, C, H, W)   w (O, C/groups, KH, KW)   b (O), or undefined for none
///   y (N, O, H', W') with H' = (H + 2 padding - dilation (KH - 1) - 1) / stride + 1, W' likewise
/// Throws ShapeError where these do not fit together, ValueError for an option out of its range.
/// packed: saves time where it is w's and made for images of this size; else it is ignored. The
/// same bits either way.
/// Saves x where dw is needed and w where dx is. Has derivatives of every order.
/// As torch.nn.functional.conv2d.
template <std::floating_point T>
TENON_API BasicTensor<T> conv2d(const BasicTensor<T>& x, const BasicTensor<T>& w,
                                const BasicTensor<T>& b = {}, const Conv2dOptions& options = {},
                                const PackedConv2d<T>& packed = {});

/// relu(conv2d(x, w, b, options)), the same bits, without a pass of its own over y. Saves y
/// besides.
template <std::floating_point T>
TENON_API BasicTensor<T> conv2d_relu(const BasicTensor<T>& x, const BasicTensor<T>& w,
                                     const BasicTensor<T>& b = {},
                                     const Conv2dOptions& options = {},
                                     const PackedConv2d<T>& packed = {});

extern template class PackedConv2d<float>;
extern template class PackedConv2d<double>;

}  // namespace tenon
