#pragma once

#include <charconv>
#include <cstddef>
#include <string_view>
#include <type_traits>

#include "tenon/nn/parameter.hpp"

namespace tenon::nn {
template <class T>
class BasicModule;
}  // namespace tenon::nn

namespace tenon::detail {

/// "12" without a heap allocation.
class IndexName {
 public:
  explicit IndexName(std::size_t i) : end_(std::to_chars(text_, text_ + sizeof text_, i).ptr) {}
  operator std::string_view() const { return {text_, static_cast<std::size_t>(end_ - text_)}; }

 private:
  char text_[24];
  char* end_;
};

/// A module of any scalar type.
template <class M>
concept AnyModule = requires {
  typename M::scalar_type;
}
&&std::is_base_of_v<nn::BasicModule<typename M::scalar_type>, M>;

template <class M>
concept MemberRange = requires(M& m) {
  m.begin();
  m.end();
  m.size();
};

template <class>
inline constexpr bool always_false = false;

}  // namespace tenon::detail

namespace tenon::nn {

/// What a module's visit() names its members to. One visit serves parameters, buffers, train and
/// eval, saving, loading, counting and printing:
///
///   void visit(nn::Visitor& v) override {
///     v("conv", conv);                      // a layer, or a std::vector or array of layers
///     v("scale", scale);                    // an nn::Parameter
///     v.buffer("mean", mean);               // an nn::Buffer, which is saved but not trained
///   }
template <class T>
class BasicVisitor {
 public:
  virtual ~BasicVisitor() = default;

  template <class Member>
  void operator()(std::string_view name, Member& member) {
    if constexpr (std::is_base_of_v<BasicModule<T>, Member>) {
      on_module(name, member);
    } else if constexpr (std::is_base_of_v<BasicParameter<T>, Member>) {
      on_parameter(name, member);
    } else if constexpr (detail::MemberRange<Member>) {
      enter(name);
      std::size_t i = 0;
      for (auto& item : member) (*this)(detail::IndexName(i++), item);
      leave();
    } else if constexpr (std::is_const_v<Member>) {
      static_assert(detail::always_false<Member>,
                    "visit(): this member is const; parameters must be writable");
    } else if constexpr (std::is_base_of_v<BasicTensor<T>, Member>) {
      static_assert(detail::always_false<Member>,
                    "visit(): a Tensor is not trained. Make the member an nn::Parameter, or write "
                    "v.buffer(name, member) for values that are saved but not trained");
    } else if constexpr (detail::AnyModule<Member>) {
      static_assert(detail::always_false<Member>,
                    "visit(): this layer has not the same scalar type as the module (for example "
                    "double in a float module)");
    } else {
      static_assert(detail::always_false<Member>,
                    "visit(): v(name, member) takes a layer, an nn::Parameter, or a std::vector or "
                    "std::array of these, of the module's own scalar type");
    }
  }

  /// A tensor that belongs to the state of the module but is not trained.
  void buffer(std::string_view name, BasicTensor<T>& tensor) { on_buffer(name, tensor); }
  void buffer(std::string_view name, LongTensor& tensor) { on_long_buffer(name, tensor); }

 protected:
  /// Names are those of the members themselves; enter() and leave() enclose what is inside another.
  virtual void on_module(std::string_view name, BasicModule<T>& module) {
    enter(name);
    module.visit(*this);
    leave();
  }
  virtual void on_parameter(std::string_view, BasicParameter<T>&) {}
  virtual void on_buffer(std::string_view, BasicTensor<T>&) {}
  virtual void on_long_buffer(std::string_view, LongTensor&) {}
  virtual void enter(std::string_view) {}
  virtual void leave() {}
};

using Visitor = BasicVisitor<float>;

}  // namespace tenon::nn
