#include "tenon/nn/residual.hpp"

#include "tenon/base/error.hpp"
#include "tenon/ops/arithmetic.hpp"

namespace tenon::nn {

template <class T>
BasicTensor<T> BasicResidual<T>::forward(const BasicTensor<T>& x) {
  const BasicTensor<T> y = layers(x);
  const BasicTensor<T> passed = shortcut.size() > 0 ? shortcut(x) : x;
  if (!(y.shape() == passed.shape())) {
    detail::fail<ShapeError>(
        "Residual", "the layers give ", y.shape(), " but ",
        shortcut.size() > 0 ? "the shortcut gives " : "x, which is added, has ", passed.shape(),
        shortcut.size() > 0 ? "; hint: both must change the shape in the same way"
                            : "; hint: .with_shortcut(nn::Conv2d(in, out, 1, {.stride = 2})) gives "
                              "x the shape of layers that halve the image");
  }
  return passed + y;
}

template <class T>
void BasicResidual<T>::visit(BasicVisitor<T>& v) {
  v("layers", layers);
  if (shortcut.size() > 0) v("shortcut", shortcut);
}

template class BasicResidual<float>;
template class BasicResidual<double>;

}  // namespace tenon::nn
