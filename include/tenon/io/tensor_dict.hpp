#pragma once

#include <cstddef>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tenon/base/error.hpp"
#include "tenon/tensor/tensor.hpp"

namespace tenon::io {

/// A tensor whose scalar type only the run knows: a handle like BasicTensor, eight bytes, copies
/// share the values.
class AnyTensor {
 public:
  AnyTensor() noexcept = default;
  template <class T>
  AnyTensor(const BasicTensor<T>& tensor) noexcept : handle_(share(tensor.impl())) {}

  bool defined() const noexcept { return handle_.defined(); }
  DType dtype() const { return handle_.impl()->dtype; }
  const Shape& shape() const { return handle_.shape(); }
  Index numel() const { return handle_.numel(); }
  /// Whether both handles mean the very same tensor.
  bool is_same(const AnyTensor& other) const { return handle_.is_same(other.handle_); }

  /// The tensor under its own type. Throws TypeError where that is not T.
  template <class T>
  BasicTensor<T> as() const {
    if (dtype() != detail::dtype_of<T>) {
      detail::fail<TypeError>("as", "the tensor holds ", to_string(dtype()), ", not ",
                              to_string(detail::dtype_of<T>),
                              "; hint: ask for that type, or convert with "
                              "visit([](const auto& t) { return t.template to<float>(); })");
    }
    return BasicTensor<T>(share(handle_.impl()));
  }

  /// Calls f with the tensor under its own type and returns what f returns.
  template <class F>
  decltype(auto) visit(F&& f) const {
    switch (dtype()) {
      case DType::float32:
        return f(as<float>());
      case DType::float64:
        return f(as<double>());
      case DType::int64:
        return f(as<std::int64_t>());
      case DType::int32:
        return f(as<std::int32_t>());
      case DType::uint8:
        return f(as<std::uint8_t>());
      case DType::boolean:
        break;
    }
    return f(as<bool>());
  }

 private:
  static detail::TensorImpl* share(detail::TensorImpl* impl) noexcept {
    detail::retain(impl);
    return impl;
  }

  ByteTensor
      handle_;  // owns a reference whatever the type is; its values are never read through it
};

/// One entry of a TensorDict.
struct TensorEntry {
  std::string name;
  AnyTensor tensor;
};

/// Free text that a file carries beside its tensors.
using Metadata = std::map<std::string, std::string>;

/// Named tensors of any scalar types in the order in which they were added, with free text beside
/// them: what a weights file holds and what a module's state is.
class TENON_API TensorDict {
 public:
  TensorDict() = default;
  /// TensorDict{{"weight", w}, {"bias", b}}. Throws ValueError like add().
  TensorDict(std::initializer_list<TensorEntry> entries);

  /// Adds one tensor (shared, not copied). Throws ValueError where the name is taken or the tensor
  /// undefined.
  void add(std::string name, AnyTensor tensor);

  bool contains(std::string_view name) const { return positions_.contains(name); }
  /// Throws IndexError, which names the closest entry there is.
  const AnyTensor& operator[](std::string_view name) const;
  /// The entry as a tensor of T. Throws IndexError, and TypeError where it holds another type.
  template <class T>
  BasicTensor<T> get(std::string_view name) const {
    const AnyTensor& tensor = (*this)[name];
    if (tensor.dtype() != detail::dtype_of<T>) fail_type(name, detail::dtype_of<T>);
    return tensor.as<T>();
  }

  std::size_t size() const noexcept { return entries_.size(); }
  bool empty() const noexcept { return entries_.empty(); }
  auto begin() const noexcept { return entries_.begin(); }
  auto end() const noexcept { return entries_.end(); }

  Metadata metadata;

 private:
  [[noreturn]] void fail_type(std::string_view name, DType wanted) const;

  std::vector<TensorEntry> entries_;
  std::map<std::string, std::size_t, std::less<>> positions_;
};

}  // namespace tenon::io
