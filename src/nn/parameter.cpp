#include "tenon/nn/parameter.hpp"

#include "copy_plan.hpp"
#include "tenon/base/error.hpp"

namespace tenon::nn {
namespace {

using detail::TensorImpl;

/// A new leaf, one reference held by the caller. copy_ writes without telling the tape.
template <class T>
TensorImpl* new_leaf(const BasicTensor<T>& values) {
  auto leaf = BasicTensor<T>::empty(values.shape());
  leaf.copy_(values);
  leaf.impl()->is_leaf = true;
  detail::retain(leaf.impl());
  return leaf.impl();
}

template <class T>
TensorImpl* copied_leaf(TensorImpl* leaf) {
  detail::retain(leaf);
  return new_leaf(BasicTensor<T>(leaf));
}

template <class T>
TensorImpl* leaf_of_values(const BasicTensor<T>& values) {
  if (!values.defined()) {
    detail::fail<ValueError>("parameter",
                             "a parameter cannot be made of an undefined tensor; hint: give it "
                             "values, as in nn::Parameter(zeros({3, 4}))");
  }
  return new_leaf(values);
}

template <class T>
TensorImpl* leaf_of_copy(const BasicParameter<T>& other) {
  if (!other.defined()) return nullptr;
  TensorImpl* shared = detail::planned_copy(&other, other.impl(), &copied_leaf<T>);
  return shared != nullptr ? shared : new_leaf<T>(other);
}

}  // namespace

template <class T>
BasicParameter<T>::BasicParameter(const BasicTensor<T>& values)
    : BasicTensor<T>(leaf_of_values(values)) {}

template <class T>
BasicParameter<T>::BasicParameter(const BasicParameter& other)
    : BasicTensor<T>(leaf_of_copy(other)) {}

template <class T>
BasicParameter<T>& BasicParameter<T>::operator=(const BasicTensor<T>& values) {
  if (!this->defined() && !values.defined()) return *this;
  if (!this->defined()) return *this = BasicParameter(values);
  if (!values.defined()) {
    detail::fail<ValueError>(
        "parameter", "an undefined tensor is assigned to a parameter of shape ", this->shape(),
        "; hint: was the layer that it comes from moved from, or made without "
        "a bias?");
  }
  if (!(values.shape() == this->shape())) {
    detail::fail<ShapeError>("parameter",
                             "assigning writes the values in place, so a parameter of "
                             "shape ",
                             this->shape(), " cannot take values of shape ", values.shape(),
                             "; hint: reshape the values, or move another "
                             "parameter in: p = nn::Parameter(values)");
  }
  this->copy_(values);
  return *this;
}

template <class T>
void BasicParameter<T>::tie(const BasicParameter& other) {
  if (!other.defined()) {
    detail::fail<ValueError>("tie",
                             "the other parameter is undefined; hint: tie to a parameter "
                             "that has values, of a layer that was not moved from");
  }
  if (this->defined() && !(this->shape() == other.shape())) {
    detail::fail<ShapeError>("tie", "a parameter of shape ", this->shape(),
                             " cannot be the same as one of shape ", other.shape(),
                             "; hint: where one layer needs the transpose, use other.t() in its "
                             "forward() instead");
  }
  BasicTensor<T>::operator=(other);
  detail::note_tied();
}

template class BasicParameter<float>;
template class BasicParameter<double>;

}  // namespace tenon::nn
