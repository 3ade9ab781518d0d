#include <algorithm>

#include "kernels/reference/planes.hpp"
#include "kernels/work.hpp"
#include "tenon/base/denormals.hpp"

namespace tenon::kernels {

template <class T>
void max_pool2d_backward(const Pool2dDims& d, const T* dy, const std::int32_t* argmax, T* dx) {
  count_max_pool2d_backward<T>(d);
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
  count_work<T>(0,
                (2 * bytes_of<T>(1) + bytes_of<std::int32_t>(1)) * d.n * d.c * d.out_h * d.out_w);
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
