#include "tenon/kernels/avg_pool2d.hpp"

#include "kernels/reference/avg_pool2d_plane.hpp"
#include "kernels/work.hpp"
#include "tenon/base/denormals.hpp"

namespace tenon::kernels {

template <class T>
void avg_pool2d_forward(const AvgPool2dDims& d, const T* x, T* y) {
  count_avg_pool2d<T>(d);
  const detail::FlushDenormals flush;
  const Index pixels = d.h.size * d.w.size, outputs = d.h.outputs * d.w.outputs;
  for_each_pooled_plane<double>(d, [&](double* line, Index plane) {
    average_plane(d, x + plane * pixels, y + plane * outputs, line);
  });
}

template <class T>
void avg_pool2d_backward(const AvgPool2dDims& d, const T* dy, T* dx) {
  count_avg_pool2d<T>(d);
  const detail::FlushDenormals flush;
  const Index pixels = d.h.size * d.w.size, outputs = d.h.outputs * d.w.outputs;
  for_each_pooled_plane<T>(d, [&](T* line, Index plane) {
    spread_plane(d, dy + plane * outputs, dx + plane * pixels, line);
  });
}

#define TENON_INSTANTIATE(T)                                               \
  template void avg_pool2d_forward<T>(const AvgPool2dDims&, const T*, T*); \
  template void avg_pool2d_backward<T>(const AvgPool2dDims&, const T*, T*);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon::kernels
