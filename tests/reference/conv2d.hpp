#pragma once

#include <cmath>
#include <vector>

#include "reference/gemm.hpp"
#include "tenon/kernels/conv2d.hpp"

/// Convolution as its definition says, seven nested loops, in double.
namespace tenon::reference {

/// Calls f(position in x, in w, in y) for every product that the convolution sums.
template <class F>
void for_each_product(const kernels::Conv2dDims& d, const F& f) {
  const Index c_group = d.c / d.groups, o_group = d.o / d.groups;
  for (Index n = 0; n < d.n; ++n) {
    for (Index o = 0; o < d.o; ++o) {
      for (Index i = 0; i < d.out_h; ++i) {
        for (Index j = 0; j < d.out_w; ++j) {
          for (Index c = 0; c < c_group; ++c) {
            for (Index p = 0; p < d.kh; ++p) {
              for (Index q = 0; q < d.kw; ++q) {
                const Index h = i * d.stride_h - d.pad_h + p * d.dilation_h;
                const Index w = j * d.stride_w - d.pad_w + q * d.dilation_w;
                if (h < 0 || h >= d.h || w < 0 || w >= d.w) continue;
                const Index channel = o / o_group * c_group + c;
                f(((n * d.c + channel) * d.h + h) * d.w + w,
                  ((o * c_group + c) * d.kh + p) * d.kw + q,
                  ((n * d.o + o) * d.out_h + i) * d.out_w + j);
              }
            }
          }
        }
      }
    }
  }
}

inline void add_term(Product& sum, double term) {
  sum.value += term;
  sum.magnitude += std::abs(term);
}

template <class T>
std::vector<Product> conv2d_forward(const kernels::Conv2dDims& d, const T* x, const T* w,
                                    const T* b) {
  std::vector<Product> y(static_cast<std::size_t>(d.n * d.o * d.out_h * d.out_w));
  for_each_product(d, [&](Index at_x, Index at_w, Index at_y) {
    add_term(y[static_cast<std::size_t>(at_y)],
             static_cast<double>(x[at_x]) * static_cast<double>(w[at_w]));
  });
  for (std::size_t k = 0; b != nullptr && k < y.size(); ++k) {
    add_term(y[k], static_cast<double>(b[static_cast<Index>(k) / (d.out_h * d.out_w) % d.o]));
  }
  return y;
}

template <class T>
std::vector<Product> conv2d_backward_input(const kernels::Conv2dDims& d, const T* dy, const T* w) {
  std::vector<Product> dx(static_cast<std::size_t>(d.n * d.c * d.h * d.w));
  for_each_product(d, [&](Index at_x, Index at_w, Index at_y) {
    add_term(dx[static_cast<std::size_t>(at_x)],
             static_cast<double>(dy[at_y]) * static_cast<double>(w[at_w]));
  });
  return dx;
}

template <class T>
std::vector<Product> conv2d_backward_weight(const kernels::Conv2dDims& d, const T* dy, const T* x) {
  std::vector<Product> dw(static_cast<std::size_t>(d.o * (d.c / d.groups) * d.kh * d.kw));
  for_each_product(d, [&](Index at_x, Index at_w, Index at_y) {
    add_term(dw[static_cast<std::size_t>(at_w)],
             static_cast<double>(dy[at_y]) * static_cast<double>(x[at_x]));
  });
  return dw;
}

}  // namespace tenon::reference
