#include "tenon/kernels/huber.hpp"

#include "elementwise_loop.hpp"

namespace tenon::kernels {

template <class T>
void huber(const ElementwiseDims<1>& dims, T delta, const T* x, T* y) {
  map<5>(dims, cheap_grain, x, y, [delta](T v) {
    const T above = v < -delta ? -delta : v;
    const T limited = above > delta ? delta : above;
    return limited * (v - limited * T(0.5));
  });
}

template void huber<float>(const ElementwiseDims<1>&, float, const float*, float*);
template void huber<double>(const ElementwiseDims<1>&, double, const double*, double*);

}  // namespace tenon::kernels
