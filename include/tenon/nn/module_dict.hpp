#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tenon/nn/sequential.hpp"

namespace tenon::detail {

/// The position of a name in a ModuleDict, -1 where there is none.
TENON_API Index find_name(const std::vector<std::string>& names, std::string_view name);
/// The same, but throws IndexError.
TENON_API Index checked_name(const std::vector<std::string>& names, std::string_view name);
/// Throws ValueError for a name that is there already, empty, or has a dot.
TENON_API void check_new_name(const std::vector<std::string>& names, std::string_view name);

}  // namespace tenon::detail

namespace tenon::nn {

/// Layers of any types by their names, as torch.nn.ModuleDict:
///
///   nn::ModuleDict heads;
///   heads.insert("digit", nn::Linear(64, 10)).insert("colour", nn::Linear(64, 3));
///   y = heads["digit"](x);
///
/// Layers are given as to a Sequential, kept in the order in which they came, and copied with it.
/// It has no forward().
template <class T>
class TENON_API BasicModuleDict : public BasicModule<T> {
 public:
  BasicModuleDict() noexcept = default;

  /// Adds a layer. Throws ValueError for a name that is there already, is empty, or has a dot,
  /// which separates the names of a path.
  template <class Layer>
  BasicModuleDict& insert(std::string_view name, Layer&& layer) {
    detail::check_new_name(names_, name);
    names_.reserve(names_.size() + 1);
    layers_.append(std::forward<Layer>(layer));
    names_.emplace_back(name);
    return *this;
  }

  Index size() const { return layers_.size(); }
  bool contains(std::string_view name) const { return detail::find_name(names_, name) >= 0; }
  /// In the order of the layers.
  const std::vector<std::string>& names() const { return names_; }
  /// The layer of that name. Throws IndexError.
  BasicModule<T>& operator[](std::string_view name) {
    return layers_[detail::checked_name(names_, name)];
  }
  const BasicModule<T>& operator[](std::string_view name) const {
    return layers_[detail::checked_name(names_, name)];
  }
  /// The same as what it is. Throws IndexError, TypeError.
  template <class M>
  M& get(std::string_view name) {
    return layers_.template get<M>(detail::checked_name(names_, name));
  }

  void visit(BasicVisitor<T>& v) override {
    Index i = 0;
    for (const std::string& name : names_) v(name, layers_[i++]);
  }

 private:
  std::vector<std::string> names_;
  BasicSequential<T> layers_;
};

using ModuleDict = BasicModuleDict<float>;

}  // namespace tenon::nn
