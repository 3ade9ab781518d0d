#include "kernels/reference/planes.hpp"
#include "kernels/work.hpp"
#include "tenon/base/denormals.hpp"

namespace tenon::kernels {

template <class T>
void max_pool2d_gather(const Pool2dDims& d, const T* x, const std::int32_t* argmax, T* y) {
  count_work<T>(0,
                (2 * bytes_of<T>(1) + bytes_of<std::int32_t>(1)) * d.n * d.c * d.out_h * d.out_w);
  const detail::FlushDenormals flush;
  const Index outputs = d.out_h * d.out_w;
  for_each_plane(d, [&](Index plane) {
    const T* image = x + plane * d.h * d.w;
    for (Index k = plane * outputs; k < (plane + 1) * outputs; ++k) y[k] = image[argmax[k]];
  });
}

template void max_pool2d_gather<float>(const Pool2dDims&, const float*, const std::int32_t*,
                                       float*);
template void max_pool2d_gather<double>(const Pool2dDims&, const double*, const std::int32_t*,
                                        double*);

}  // namespace tenon::kernels
