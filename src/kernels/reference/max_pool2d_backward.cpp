#include "kernels/reference/max_pool2d_scatter.hpp"
#include "kernels/reference/planes.hpp"
#include "kernels/work.hpp"
#include "tenon/base/denormals.hpp"

namespace tenon::kernels {

template <class T>
void max_pool2d_backward(const Pool2dDims& d, const T* dy, const std::int32_t* argmax, const T* y,
                         T* dx) {
  count_max_pool2d_backward<T>(d);
  const detail::FlushDenormals flush;
  const Index outputs = d.out_h * d.out_w;
  for_each_plane(d, [&](Index plane) {
    const Index first = plane * outputs;
    scatter_plane(d, dy + first, argmax + first, y == nullptr ? y : y + first,
                  dx + plane * d.h * d.w);
  });
}

#define TENON_INSTANTIATE(T)                                                                       \
  template void max_pool2d_backward<T>(const Pool2dDims&, const T*, const std::int32_t*, const T*, \
                                       T*);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon::kernels
