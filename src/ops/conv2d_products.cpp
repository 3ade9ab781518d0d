#include "ops/conv2d_products.hpp"

#include "ops/common.hpp"
#include "tenon/autograd/record.hpp"
#include "tenon/ops/reduce.hpp"
#include "tenon/ops/relu.hpp"

namespace tenon::detail {

namespace {

Attributes attributes_of(const kernels::Conv2dDims& d) {
  return {"stride_h stride_w padding_h padding_w dilation_h dilation_w groups",
          {d.stride_h, d.stride_w, d.pad_h, d.pad_w, d.dilation_h, d.dilation_w, d.groups}};
}

}  // namespace

template <class T>
BasicTensor<T> convolve(const kernels::Conv2dDims& dims, const BasicTensor<T>& x_any,
                        const BasicTensor<T>& w_any, const BasicTensor<T>& b_any,
                        const kernels::ConvEpilogue& epilogue, const kernels::Conv2dPack<T>* pack) {
  const OpScope scope(epilogue.relu ? "conv2d_relu" : "conv2d");
  const auto x = x_any.contiguous();
  const auto w = w_any.contiguous();
  const auto b = b_any.defined() ? b_any.contiguous() : b_any;
  auto y = BasicTensor<T>::empty({dims.n, dims.o, dims.out_h, dims.out_w});
  kernels::conv2d_forward(dims, x.data(), w.data(), b.defined() ? b.data() : nullptr, y.data(),
                          epilogue, pack);
  if (Recording recording{epilogue.relu ? "conv2d_relu" : "conv2d", x, w, b}) {
    recording.describe(attributes_of(dims));
    recording.rule(y,
                   [dims, x = saved_if(recording.needs(1), x), w = saved_if(recording.needs(0), w),
                    y = saved_if(epilogue.relu, y)](Sweep<T>& sweep) {
                     const auto dy = y->defined() ? relu_backward(sweep.dy(), *y) : sweep.dy();
                     if (sweep.needs(0)) sweep.add(0, conv2d_backward_input(dims, dy, *w));
                     if (sweep.needs(1)) sweep.add(1, conv2d_backward_weight(dims, dy, *x));
                     if (sweep.needs(2)) sweep.add(2, sum(dy, {0, 2, 3}));
                   });
  }
  return y;
}

template <class T>
BasicTensor<T> conv2d_backward_input(const kernels::Conv2dDims& dims, const BasicTensor<T>& dy_any,
                                     const BasicTensor<T>& w_any, const BasicTensor<T>& b_any,
                                     const char* op) {
  const OpScope scope(op);
  const auto dy = dy_any.contiguous();
  const auto w = w_any.contiguous();
  const auto b = b_any.defined() ? b_any.contiguous() : b_any;
  auto dx = BasicTensor<T>::empty({dims.n, dims.c, dims.h, dims.w});
  kernels::conv2d_backward_input(dims, dy.data(), w.data(), dx.data(),
                                 b.defined() ? b.data() : nullptr);
  if (Recording recording{op, dy, w, b}) {
    recording.describe(attributes_of(dims));
    recording.rule(dx, [dims, dy = saved_if(recording.needs(1), dy),
                        w = saved_if(recording.needs(0), w)](Sweep<T>& sweep) {
      if (sweep.needs(0)) sweep.add(0, convolve(dims, sweep.dy(), *w));
      if (sweep.needs(1)) sweep.add(1, conv2d_backward_weight(dims, *dy, sweep.dy()));
      if (sweep.needs(2)) sweep.add(2, sum(sweep.dy(), {0, 2, 3}));
    });
  }
  return dx;
}

template <class T>
BasicTensor<T> conv2d_backward_weight(const kernels::Conv2dDims& dims, const BasicTensor<T>& dy_any,
                                      const BasicTensor<T>& x_any) {
  const OpScope scope("conv2d_backward_weight");
  const auto dy = dy_any.contiguous();
  const auto x = x_any.contiguous();
  auto dw = BasicTensor<T>::empty({dims.o, dims.c / dims.groups, dims.kh, dims.kw});
  kernels::conv2d_backward_weight(dims, dy.data(), x.data(), dw.data());
  if (Recording recording{"conv2d_backward_weight", dy, x}) {
    recording.describe(attributes_of(dims));
    recording.rule(dw, [dims, dy = saved_if(recording.needs(1), dy),
                        x = saved_if(recording.needs(0), x)](Sweep<T>& sweep) {
      if (sweep.needs(0)) sweep.add(0, convolve(dims, *x, sweep.dy()));
      if (sweep.needs(1)) sweep.add(1, conv2d_backward_input(dims, *dy, sweep.dy()));
    });
  }
  return dw;
}

#define TENON_INSTANTIATE(T)                                                                       \
  template BasicTensor<T> convolve(const kernels::Conv2dDims&, const BasicTensor<T>&,              \
                                   const BasicTensor<T>&, const BasicTensor<T>&,                   \
                                   const kernels::ConvEpilogue&, const kernels::Conv2dPack<T>*);   \
  template BasicTensor<T> conv2d_backward_input(const kernels::Conv2dDims&, const BasicTensor<T>&, \
                                                const BasicTensor<T>&, const BasicTensor<T>&,      \
                                                const char*);                                      \
  template BasicTensor<T> conv2d_backward_weight(const kernels::Conv2dDims&,                       \
                                                 const BasicTensor<T>&, const BasicTensor<T>&);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon::detail
