#include "tenon/kernels/adaptive_max_pool2d.hpp"

#include <algorithm>

#include "kernels/work.hpp"
#include "tenon/base/parallel.hpp"

namespace tenon::kernels {
namespace {

struct Range {
  Index begin, end;
};

Range window(Index i, Index size, Index outputs) {
  return {i * size / outputs, ((i + 1) * size + outputs - 1) / outputs};
}

template <class T>
Index largest(const T* image, Index width, Range rows, Range columns) {
  Index best = rows.begin * width + columns.begin;
  for (Index h = rows.begin; h < rows.end; ++h) {
    for (Index w = columns.begin; w < columns.end; ++w) {
      const T v = image[h * width + w], champion = image[best];
      if (v > champion || (v != v && champion == champion)) best = h * width + w;
    }
  }
  return best;
}

}  // namespace

template <class T>
void adaptive_max_pool2d(const AdaptivePool2dDims& d, const T* x, std::int64_t* argmax) {
  const Index pixels = d.h * d.w, outputs = d.out_h * d.out_w;
  count_work<T>(d.planes * pixels,
                bytes_of<T>(d.planes * pixels) + bytes_of<std::int64_t>(d.planes * outputs));
  const Index grain = std::max<Index>(1, (1 << 14) / std::max<Index>(1, pixels + outputs));
  parallel_for(d.planes, grain, [&](Index begin, Index end) {
    for (Index p = begin; p < end; ++p) {
      std::int64_t* at = argmax + p * outputs;
      for (Index i = 0; i < d.out_h; ++i) {
        for (Index j = 0; j < d.out_w; ++j) {
          *at++ = largest(x + p * pixels, d.w, window(i, d.h, d.out_h), window(j, d.w, d.out_w));
        }
      }
    }
  });
}

template void adaptive_max_pool2d<float>(const AdaptivePool2dDims&, const float*, std::int64_t*);
template void adaptive_max_pool2d<double>(const AdaptivePool2dDims&, const double*, std::int64_t*);

}  // namespace tenon::kernels
