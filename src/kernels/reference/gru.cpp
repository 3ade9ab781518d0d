#include "tenon/kernels/gru.hpp"

#include "recurrent.hpp"

namespace tenon::kernels {
namespace {

struct GruUnit {
  static constexpr Index gate_count = 3, saved_count = 4;  // r, z, n and q

  template <class T>
  static void forward(const T* a, const T* b, Index step, T& h, T&, T* saved) {
    const T r = sigmoid_of(a[0] + b[0]), z = sigmoid_of(a[step] + b[step]), q = b[2 * step];
    const T n = std::tanh(a[2 * step] + r * q);
    h = (T(1) - z) * n + z * h;
    const T kept[] = {r, z, n, q};
    std::copy_n(kept, 4, saved);
  }

  template <class T>
  static void backward(const T* saved, T h_before, T, T& dh, T&, Index step, T* da, T* db) {
    const T r = saved[0], z = saved[1], n = saved[2], q = saved[3];
    da[2 * step] = dh * (T(1) - z) * (T(1) - n * n);
    db[2 * step] = da[2 * step] * r;
    da[0] = db[0] = da[2 * step] * q * r * (T(1) - r);
    da[step] = db[step] = dh * (h_before - n) * z * (T(1) - z);
    dh *= z;
  }

  // Neither projected nor with a state of its own.
  template <class T>
  static T h(const T*) {
    return T(0);
  }
  template <class T>
  static T c(const T*) {
    return T(0);
  }
};

}  // namespace

template <class T>
Index gru_saved_size(const RecurrentDims& dims) {
  return RecurrentLoops<T, GruUnit>::saved_size(dims);
}

template <class T>
void gru_forward(const RecurrentDims& dims, const RecurrentForward<T>& operands) {
  recurrent_forward<T, GruUnit>(dims, operands);
}

template <class T>
void gru_backward(const RecurrentDims& dims, const RecurrentForward<T>& operands,
                  const RecurrentBackward<T>& gradients) {
  recurrent_backward<T, GruUnit>(dims, operands, gradients);
}

#define TENON_INSTANTIATE(T)                                                      \
  template Index gru_saved_size<T>(const RecurrentDims&);                         \
  template void gru_forward<T>(const RecurrentDims&, const RecurrentForward<T>&); \
  template void gru_backward<T>(const RecurrentDims&, const RecurrentForward<T>&, \
                                const RecurrentBackward<T>&);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon::kernels
