#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <type_traits>

#include "tenon/base/config.hpp"

namespace tenon {

/// Sizes, strides and positions, counted in elements.
using Index = std::int64_t;

/// Largest number of dimensions a tensor can have.
inline constexpr int max_rank = 8;

/// One entry of a brace-written shape: any integer type, so that size_t needs no cast.
struct Dim {
  Index value;
  template <class I>
  requires std::is_integral_v<I>
  constexpr Dim(I v) : value(static_cast<Index>(v)) {}
};

namespace detail {
[[noreturn]] TENON_API void fail_rank(Index rank);
[[noreturn]] TENON_API void fail_axis(Index axis, int rank);
}  // namespace detail

/// The sizes (or strides) of a tensor: at most max_rank integers, stored inline, never on the heap.
class Shape {
 public:
  constexpr Shape() = default;
  constexpr Shape(std::initializer_list<Dim> dims) {
    resize(static_cast<Index>(dims.size()));
    Index* out = dims_;
    for (const Dim& d : dims) *out++ = d.value;
  }

  /// A shape of the given rank with every entry equal to value.
  static constexpr Shape filled(Index rank, Index value) {
    Shape s;
    s.resize(rank);
    for (Index& d : s) d = value;
    return s;
  }

  constexpr int rank() const { return rank_; }
  constexpr bool empty() const { return rank_ == 0; }

  /// Entry i without a check; see at() for negative positions.
  constexpr Index operator[](Index i) const { return dims_[i]; }
  constexpr Index& operator[](Index i) { return dims_[i]; }

  /// Entry i, counted from the end where negative. Throws IndexError.
  constexpr Index at(Index i) const { return dims_[axis(i)]; }

  /// The position that axis names: -1 is the last one. Throws IndexError.
  constexpr int axis(Index i) const {
    const Index position = i < 0 ? i + rank_ : i;
    if (position < 0 || position >= rank_) detail::fail_axis(i, rank_);
    return static_cast<int>(position);
  }

  /// The number of elements: the product of all entries, 1 for rank 0.
  constexpr Index numel() const {
    Index n = 1;
    for (Index d : *this) n *= d;
    return n;
  }

  constexpr void push_back(Index d) {
    resize(rank_ + 1);
    dims_[rank_ - 1] = d;
  }
  /// Inserts d before position i.
  constexpr void insert(int i, Index d) {
    push_back(d);
    for (int k = rank_ - 1; k > i; --k) dims_[k] = dims_[k - 1];
    dims_[i] = d;
  }
  constexpr void erase(int i) {
    for (int k = i; k + 1 < rank_; ++k) dims_[k] = dims_[k + 1];
    --rank_;
  }

  constexpr const Index* begin() const { return dims_; }
  constexpr const Index* end() const { return dims_ + rank_; }
  constexpr Index* begin() { return dims_; }
  constexpr Index* end() { return dims_ + rank_; }

  friend constexpr bool operator==(const Shape& a, const Shape& b) {
    if (a.rank_ != b.rank_) return false;
    for (int i = 0; i < a.rank_; ++i) {
      if (a.dims_[i] != b.dims_[i]) return false;
    }
    return true;
  }

 private:
  constexpr void resize(Index rank) {
    if (rank > max_rank) detail::fail_rank(rank);
    rank_ = static_cast<int>(rank);
  }

  int rank_ = 0;
  Index dims_[max_rank] = {};
};

/// "(2, 3)"; with letters "NC" it reads "(N=2, C=3)". Letters beyond the rank are ignored.
TENON_API std::string to_string(const Shape& shape, const char* letters = "");

/// The strides of a row-major (C order) tensor: the last one is 1.
TENON_API Shape contiguous_strides(const Shape& shape);

/// The shape that both broadcast to under NumPy's rule: aligned at the end, each pair of sizes
/// equal or one of them 1. op names the caller in the ShapeError thrown when they do not fit.
TENON_API Shape broadcast_shapes(const char* op, const Shape& a, const Shape& b);

}  // namespace tenon
