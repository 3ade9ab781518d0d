#include "tenon/ops/compare.hpp"

#include "ops/common.hpp"
#include "tenon/base/error.hpp"
#include "tenon/kernels/compare.hpp"

namespace tenon {

void detail::fail_number_out_of_range(const char* op, const char* dtype) {
  fail<ValueError>(op, "the number is outside the range of the tensor's type ", dtype,
                   "; hint: convert the tensor with to<>() first");
}

#define TENON_DEFINE(name)                                            \
  template <class T>                                                  \
  BoolTensor name(const BasicTensor<T>& a, const BasicTensor<T>& b) { \
    const detail::OpScope scope(#name);                               \
    return detail::apply<T, bool>(#name, kernels::name<T>, a, b);     \
  }                                                                   \
  template <class T>                                                  \
  BoolTensor detail::name(const BasicTensor<T>& a, T b) {             \
    const OpScope scope(#name);                                       \
    return apply<T, bool>(#name, kernels::name<T>, a, b);             \
  }
TENON_DEFINE(eq)
TENON_DEFINE(ne)
TENON_DEFINE(lt)
TENON_DEFINE(le)
TENON_DEFINE(gt)
TENON_DEFINE(ge)
#undef TENON_DEFINE

#define TENON_INSTANTIATE_ONE(name, T)                                              \
  template TENON_API BoolTensor name(const BasicTensor<T>&, const BasicTensor<T>&); \
  template TENON_API BoolTensor detail::name(const BasicTensor<T>&, T);
#define TENON_INSTANTIATE(T)   \
  TENON_INSTANTIATE_ONE(eq, T) \
  TENON_INSTANTIATE_ONE(ne, T) \
  TENON_INSTANTIATE_ONE(lt, T) \
  TENON_INSTANTIATE_ONE(le, T) \
  TENON_INSTANTIATE_ONE(gt, T) \
  TENON_INSTANTIATE_ONE(ge, T)
TENON_FOR_EACH_SCALAR(TENON_INSTANTIATE)
#undef TENON_INSTANTIATE
#undef TENON_INSTANTIATE_ONE

}  // namespace tenon
