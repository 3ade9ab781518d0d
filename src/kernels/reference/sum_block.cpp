#include "kernels/sum_block.hpp"

namespace tenon::kernels {
namespace {

template <Term term, class T>
double term_of(T x) {
  const auto v = static_cast<double>(x);
  return term == Term::square ? v * v : v;
}

}  // namespace

template <Term term, class T>
double sum_block(const T* x, Index n, Index step) {
  constexpr Index lanes = 8;
  double lane[lanes] = {};
  Index i = 0;
  if (step == 1) {
    for (; i + lanes <= n; i += lanes) {
      for (Index k = 0; k < lanes; ++k) lane[k] += term_of<term>(x[i + k]);
    }
  } else {
    for (; i + lanes <= n; i += lanes) {
      for (Index k = 0; k < lanes; ++k) lane[k] += term_of<term>(x[(i + k) * step]);
    }
  }
  for (Index k = 0; i < n; ++i, ++k) lane[k] += term_of<term>(x[i * step]);
  return ((lane[0] + lane[4]) + (lane[2] + lane[6])) + ((lane[1] + lane[5]) + (lane[3] + lane[7]));
}

template <Term term, class T>
void sum_rows(const T* x, Index n, Index step, Index width, double* sums) {
  for (Index j = 0; j < width; ++j) sums[j] = 0;
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j < width; ++j) sums[j] += term_of<term>(x[i * step + j]);
  }
}

#define TENON_INSTANTIATE(term, T)                            \
  template double sum_block<term, T>(const T*, Index, Index); \
  template void sum_rows<term, T>(const T*, Index, Index, Index, double*);
TENON_INSTANTIATE(Term::value, float)
TENON_INSTANTIATE(Term::value, double)
TENON_INSTANTIATE(Term::square, float)
TENON_INSTANTIATE(Term::square, double)
#undef TENON_INSTANTIATE

}  // namespace tenon::kernels
