#include "tenon/kernels/sort.hpp"

#include <algorithm>
#include <bit>

#include "kernels/work.hpp"
#include "tenon/base/parallel.hpp"

namespace tenon::kernels {
namespace {

template <class T>
struct Entry {
  T value;
  Index place;
};

/// a before b: a total order, since no two have one place. So any way of sorting is a stable one.
template <class T>
bool precedes(const Entry<T>& a, const Entry<T>& b, bool descending) {
  const bool a_nan = a.value != a.value, b_nan = b.value != b.value;
  if (a_nan != b_nan) return a_nan == descending;
  if (a_nan || a.value == b.value) return a.place < b.place;
  return (a.value < b.value) != descending;
}

}  // namespace

template <class T>
void sort(const SortDims& d, bool descending, const T* x, T* y, std::int64_t* indices) {
  const Index lines = d.outer * d.inner,
              steps = static_cast<Index>(std::bit_width(static_cast<std::uint64_t>(d.length)));
  count_work<T>(lines * d.length * steps,
                bytes_of<T>(lines * (d.length + d.k)) + bytes_of<Index>(lines * d.k));
  const Index grain = std::max<Index>(1, (Index{1} << 12) / std::max<Index>(1, d.length));
  const auto before = [descending](const Entry<T>& a, const Entry<T>& b) {
    return precedes(a, b, descending);
  };
  parallel_with_scratch<Entry<T>>(
      d.k == 0 ? 0 : lines, grain, d.length, [&](Entry<T>* entries, Index begin, Index end) {
        for (Index line = begin; line < end; ++line) {
          const Index o = line / d.inner, i = line % d.inner;
          for (Index p = 0; p < d.length; ++p) {
            entries[p] = {x[(o * d.length + p) * d.inner + i], p};
          }
          if (d.k < d.length) std::nth_element(entries, entries + d.k, entries + d.length, before);
          std::sort(entries, entries + d.k, before);
          for (Index p = 0; p < d.k; ++p) {
            y[(o * d.k + p) * d.inner + i] = entries[p].value;
            indices[(o * d.k + p) * d.inner + i] = entries[p].place;
          }
        }
      });
}

#define TENON_INSTANTIATE(T) \
  template void sort<T>(const SortDims&, bool, const T*, T*, std::int64_t*);

TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
TENON_INSTANTIATE(std::int64_t)

}  // namespace tenon::kernels
