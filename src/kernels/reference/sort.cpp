#include "tenon/kernels/sort.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <type_traits>

#include "kernels/work.hpp"
#include "tenon/base/parallel.hpp"

namespace tenon::kernels {
namespace {

template <class T>
using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;

/// An unsigned number for each value, in the order of the values: NaN above all, -0 equal to 0; in
/// descending order the other way round.
template <class T>
Bits<T> key_of(T value, bool descending) {
  using B = Bits<T>;
  constexpr B sign = B{1} << (8 * sizeof(T) - 1);
  B bits = std::bit_cast<B>(value);
  if constexpr (std::is_floating_point_v<T>) {
    if (value != value) {
      bits = static_cast<B>(-1);
    } else if (bits != sign) {  // the bits of negative numbers rise as the numbers fall
      bits ^= (bits & sign) != 0 ? static_cast<B>(-1) : sign;
    }
  } else {
    bits ^= sign;
  }
  return descending ? static_cast<B>(~bits) : bits;
}

/// Value and place in one number, which costs a single comparison.
struct PackedEntry {
  std::uint64_t both;

  PackedEntry(std::uint32_t key, Index place)
      : both(std::uint64_t{key} << 32 | static_cast<std::uint64_t>(place)) {}
  Index place() const { return static_cast<Index>(both & 0xffffffff); }
  bool operator<(PackedEntry other) const { return both < other.both; }
};
constexpr Index packed_length = Index{1} << 32;

struct Entry {
  std::uint64_t key;
  Index position;

  Index place() const { return position; }
  bool operator<(const Entry& other) const {
    return key != other.key ? key < other.key : position < other.position;
  }
};

/// Brings the k first of n to the front, in order. No two are equal, since no two have one place:
/// so any way of sorting is a stable one.
template <class E>
void sort_first(E* entries, Index n, Index k) {
  if (k < n / 8) return std::partial_sort(entries, entries + k, entries + n);
  if (k < n) std::nth_element(entries, entries + k, entries + n);
  std::sort(entries, entries + k);
}

template <class E, class T>
void sort_lines(const SortDims& d, bool descending, const T* x, T* y, std::int64_t* indices) {
  const Index lines = d.k == 0 ? 0 : d.outer * d.inner;
  const Index grain = std::max<Index>(1, (Index{1} << 12) / std::max<Index>(1, d.length));
  parallel_with_scratch<E>(lines, grain, d.length, [&](E* entries, Index begin, Index end) {
    for (Index line = begin; line < end; ++line) {
      const Index o = line / d.inner, i = line % d.inner;
      const T* from = x + o * d.length * d.inner + i;
      const Index to = o * d.k * d.inner + i;
      for (Index p = 0; p < d.length; ++p) {
        entries[p] = E{key_of(from[p * d.inner], descending), p};
      }
      sort_first(entries, d.length, d.k);
      for (Index p = 0; p < d.k; ++p) {
        const Index place = entries[p].place();
        y[to + p * d.inner] = from[place * d.inner];
        indices[to + p * d.inner] = place;
      }
    }
  });
}

}  // namespace

template <class T>
void sort(const SortDims& d, bool descending, const T* x, T* y, std::int64_t* indices) {
  const Index lines = d.outer * d.inner,
              steps = static_cast<Index>(std::bit_width(static_cast<std::uint64_t>(d.length)));
  count_work<T>(lines * d.length * steps,
                bytes_of<T>(lines * (d.length + d.k)) + bytes_of<Index>(lines * d.k));
  if constexpr (sizeof(T) == 4) {
    if (d.length <= packed_length) {
      return sort_lines<PackedEntry>(d, descending, x, y, indices);
    }
  }
  sort_lines<Entry>(d, descending, x, y, indices);
}

#define TENON_INSTANTIATE(T) \
  template void sort<T>(const SortDims&, bool, const T*, T*, std::int64_t*);

TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
TENON_INSTANTIATE(std::int64_t)

}  // namespace tenon::kernels
