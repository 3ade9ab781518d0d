#include <algorithm>

#include "kernels/reference/planes.hpp"
#include "tenon/base/denormals.hpp"

namespace tenon::kernels {

template <class T>
void max_pool2d_backward(const Pool2dDims& d, const T* dy, const std::int32_t* argmax, T* dx) {
  const detail::FlushDenormals flush;
  const Index outputs = d.out_h * d.out_w;
  for_each_plane(d, [&](Index plane) {
    T* image = dx + plane * d.h * d.w;
    std::fill(image, image + d.h * d.w, T(0));
    for (Index k = plane * outputs; k < (plane + 1) * outputs; ++k) image[argmax[k]] += dy[k];
  });
}

template <class T>
void max_pool2d_gather(const Pool2dDims& d, const T* x, const std::int32_t* argmax, T* y) {
  const Index outputs = d.out_h * d.out_w;
  for_each_plane(d, [&](Index plane) {
    const T* image = x + plane * d.h * d.w;
    for (Index k = plane * outputs; k < (plane + 1) * outputs; ++k) y[k] = image[argmax[k]];
  });
}

#define TENON_INSTANTIATE(T)                                                                  \
  template void max_pool2d_backward<T>(const Pool2dDims&, const T*, const std::int32_t*, T*); \
  template void max_pool2d_gather<T>(const Pool2dDims&, const T*, const std::int32_t*, T*);

TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)

}  // namespace tenon::kernels
