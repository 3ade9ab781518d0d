#include "tenon/kernels/rnn.hpp"

#include "recurrent.hpp"

namespace tenon::kernels {
namespace {

template <bool is_relu>
struct RnnUnit {
  static constexpr Index gate_count = 1, saved_count = 1;  // h

  template <class T>
  static void forward(const T* a, const T* b, Index, T& h, T&, T* saved) {
    const T sum = *a + *b;
    // False for NaN, which therefore passes.
    const T positive = sum <= T(0) ? T(0) : sum;
    h = *saved = is_relu ? positive : std::tanh(sum);
  }

  template <class T>
  static void backward(const T* saved, T, T, T& dh, T&, Index, T* da, T* db) {
    const T h = *saved;
    *da = *db = is_relu ? (h <= T(0) ? T(0) : dh) : dh * (T(1) - h * h);
    dh = T(0);
  }

  template <class T>
  static T h(const T* saved) {
    return *saved;
  }
  // It has no state but h.
  template <class T>
  static T c(const T*) {
    return T(0);
  }
};
using TanhUnit = RnnUnit<false>;
using ReluUnit = RnnUnit<true>;

}  // namespace

template <class T>
Index rnn_saved_size(const RecurrentDims& dims) {
  return RecurrentLoops<T, TanhUnit>::saved_size(dims);
}

template <class T>
void rnn_forward(const RecurrentDims& dims, Nonlinearity f, const RecurrentForward<T>& operands) {
  if (f == Nonlinearity::tanh) {
    recurrent_forward<T, TanhUnit>(dims, operands);
  } else {
    recurrent_forward<T, ReluUnit>(dims, operands);
  }
}

template <class T>
void rnn_backward(const RecurrentDims& dims, Nonlinearity f, const RecurrentForward<T>& operands,
                  const RecurrentBackward<T>& gradients) {
  if (f == Nonlinearity::tanh) {
    recurrent_backward<T, TanhUnit>(dims, operands, gradients);
  } else {
    recurrent_backward<T, ReluUnit>(dims, operands, gradients);
  }
}

#define TENON_INSTANTIATE(T)                                                                    \
  template Index rnn_saved_size<T>(const RecurrentDims&);                                       \
  template void rnn_forward<T>(const RecurrentDims&, Nonlinearity, const RecurrentForward<T>&); \
  template void rnn_backward<T>(const RecurrentDims&, Nonlinearity, const RecurrentForward<T>&, \
                                const RecurrentBackward<T>&);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon::kernels
