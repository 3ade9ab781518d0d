#include "tenon/data/pad_sequences.hpp"

#include <algorithm>

#include "tenon/base/error.hpp"
#include "tenon/tensor/factories.hpp"

namespace tenon::data {

template <class T>
BasicTensor<T> pad_sequences(const std::vector<std::vector<T>>& sequences,
                             const PadSequencesOptions& options) {
  Index longest = 0;
  for (const auto& s : sequences) longest = std::max(longest, static_cast<Index>(s.size()));
  const Index steps = options.maxlen.value_or(longest);
  if (steps < 0) {
    detail::fail<ValueError>("pad_sequences", "maxlen is ", steps,
                             "; hint: unset it to keep the longest sequence whole");
  }
  auto padded = full<T>({sequences.size(), steps}, static_cast<T>(options.value));
  T* row = padded.data();
  for (const auto& s : sequences) {
    const Index length = static_cast<Index>(s.size());
    const Index kept = std::min(length, steps);
    const Index from = options.truncating == Side::pre ? length - kept : 0;
    const Index to = options.padding == Side::pre ? steps - kept : 0;
    std::copy_n(s.begin() + from, kept, row + to);
    row += steps;
  }
  return padded;
}

template BasicTensor<float> pad_sequences(const std::vector<std::vector<float>>&,
                                          const PadSequencesOptions&);
template BasicTensor<double> pad_sequences(const std::vector<std::vector<double>>&,
                                           const PadSequencesOptions&);
template BasicTensor<std::int64_t> pad_sequences(const std::vector<std::vector<std::int64_t>>&,
                                                 const PadSequencesOptions&);

}  // namespace tenon::data
