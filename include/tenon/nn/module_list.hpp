#pragma once

#include <utility>

#include "tenon/nn/sequential.hpp"

namespace tenon::nn {

/// A list of layers of any types that a module calls as it likes, as torch.nn.ModuleList:
///
///   nn::ModuleList heads{nn::Linear(64, 10), nn::Sequential{...}};
///   y = heads[i](x);
///
/// Takes its layers as a Sequential does; they are named "0", "1", ... and copied with it. It has
/// no forward(). Layers of one type fit into a std::vector just as well, which visit() takes, too.
template <class T>
class TENON_API BasicModuleList : public BasicModule<T> {
 public:
  BasicModuleList() noexcept = default;
  /// Not for a single ModuleList: that is what copying and moving are for.
  template <class First, class... Rest>
  requires(
      sizeof...(Rest) > 0 ||
      !std::is_base_of_v<BasicModuleList,
                         std::remove_cvref_t<First>>) explicit BasicModuleList(First&& first,
                                                                               Rest&&... rest) {
    append(std::forward<First>(first));
    (append(std::forward<Rest>(rest)), ...);
  }

  /// Adds a layer at the end.
  template <class Layer>
  BasicModuleList& append(Layer&& layer) {
    layers_.append(std::forward<Layer>(layer));
    return *this;
  }

  Index size() const { return layers_.size(); }
  /// Layer i, counted from the end where negative. Throws IndexError.
  BasicModule<T>& operator[](Index i) { return layers_[i]; }
  const BasicModule<T>& operator[](Index i) const { return layers_[i]; }
  /// Layer i as what it is. Throws IndexError, TypeError.
  template <class M>
  M& get(Index i) {
    return layers_.template get<M>(i);
  }

  void visit(BasicVisitor<T>& v) override { layers_.visit(v); }

 private:
  BasicSequential<T> layers_;
};

using ModuleList = BasicModuleList<float>;

}  // namespace tenon::nn
