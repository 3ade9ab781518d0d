#include "tenon/kernels/lstm.hpp"

#include "recurrent.hpp"

namespace tenon::kernels {
namespace {

struct LstmUnit {
  static constexpr Index gate_count = 4, saved_count = 5;  // i, f, g, o and c

  template <class T>
  static void forward(const T* a, const T* b, Index step, T& h, T& c, T* saved) {
    const T i = sigmoid_of(a[0] + b[0]), f = sigmoid_of(a[step] + b[step]);
    const T g = std::tanh(a[2 * step] + b[2 * step]);
    const T o = sigmoid_of(a[3 * step] + b[3 * step]);
    c = f * c + i * g;
    h = o * std::tanh(c);
    const T kept[] = {i, f, g, o, c};
    std::copy_n(kept, 5, saved);
  }

  template <class T>
  static void backward(const T* saved, T, T c_before, T& dh, T& dc, Index step, T* da, T* db) {
    const T i = saved[0], f = saved[1], g = saved[2], o = saved[3], t = std::tanh(saved[4]);
    dc += dh * o * (T(1) - t * t);
    da[0] = dc * g * i * (T(1) - i);
    da[step] = dc * c_before * f * (T(1) - f);
    da[2 * step] = dc * i * (T(1) - g * g);
    da[3 * step] = dh * t * o * (T(1) - o);
    for (Index k = 0; k < gate_count; ++k) db[k * step] = da[k * step];
    dc *= f;
    dh = T(0);
  }

  template <class T>
  static T h(const T* saved) {
    return saved[3] * std::tanh(saved[4]);
  }
  template <class T>
  static T c(const T* saved) {
    return saved[4];
  }
};

}  // namespace

template <class T>
Index lstm_saved_size(const RecurrentDims& dims) {
  return RecurrentLoops<T, LstmUnit>::saved_size(dims);
}

template <class T>
void lstm_forward(const RecurrentDims& dims, const RecurrentForward<T>& operands) {
  recurrent_forward<T, LstmUnit>(dims, operands);
}

template <class T>
void lstm_backward(const RecurrentDims& dims, const RecurrentForward<T>& operands,
                   const RecurrentBackward<T>& gradients) {
  recurrent_backward<T, LstmUnit>(dims, operands, gradients);
}

#define TENON_INSTANTIATE(T)                                                       \
  template Index lstm_saved_size<T>(const RecurrentDims&);                         \
  template void lstm_forward<T>(const RecurrentDims&, const RecurrentForward<T>&); \
  template void lstm_backward<T>(const RecurrentDims&, const RecurrentForward<T>&, \
                                 const RecurrentBackward<T>&);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon::kernels
