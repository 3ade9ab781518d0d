#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

#include "tenon/base/config.hpp"
#include "tenon/base/shape.hpp"

namespace tenon {

/// What every error of this library derives from. what() reads
/// "[op] what was expected and what came; hint: a likely remedy (in layer 3.conv: ...)"; lines
/// below that may say more.
class TENON_API Error : public std::runtime_error {
 public:
  explicit Error(const std::string& message) : std::runtime_error(message), message_(message) {}
  const char* what() const noexcept override { return message_.c_str(); }

  /// Dotted path of the layer in which the error arose, "" outside a model.
  const std::string& layer_path() const noexcept { return layer_path_; }
  /// That layer in a line, "Conv2d(3 -> 8, kernel 3)"; "" outside a model.
  const std::string& layer_description() const noexcept { return layer_description_; }

  /// Appends a line to what(): what a program knows besides, such as the step of its training.
  void add_note(std::string_view note);

  /// Called by modules while the error passes through them, innermost first.
  void enter_layer(std::string_view name, std::string_view description);
  /// Called by nn::Sequential: lines about the layers around, which replace those shown before.
  void show_layers(std::string lines);

 private:
  void compose();

  std::string message_;
  std::string layer_path_;
  std::string layer_description_;
  std::string layers_;  // this and notes_: lines, each begun by a line feed
  std::string notes_;
};

/// Sizes or ranks that do not fit together.
class TENON_API ShapeError : public Error {
  using Error::Error;
};
/// An argument outside its range.
class TENON_API ValueError : public Error {
  using Error::Error;
};
/// A position outside a tensor.
class TENON_API IndexError : public Error {
  using Error::Error;
};
/// A scalar type other than the one required (where only the run can tell: files, labels).
class TENON_API TypeError : public Error {
  using Error::Error;
};
/// A gradient that was asked for in a way that cannot give a right one.
class TENON_API TapeError : public Error {
  using Error::Error;
};
/// A file or stream that cannot be read or written, or does not hold what it claims.
class TENON_API IoError : public Error {
  using Error::Error;
};

namespace detail {

/// Text of one part of a message.
inline std::string to_text(std::string_view s) { return std::string(s); }
inline std::string to_text(const Shape& shape) { return to_string(shape); }
TENON_API std::string to_text(double value);
template <class I>
requires(std::is_integral_v<I> && !std::is_same_v<I, bool>) std::string to_text(I value) {
  return std::to_string(value);
}
/// A template, since text written in quotes would rather become a bool than a string_view.
template <class B>
requires std::is_same_v<B, bool> std::string to_text(B value) { return value ? "true" : "false"; }

/// Throws E with the message "[op] part part ..."; parts are text, numbers and shapes.
template <class E, class... Parts>
[[noreturn]] void fail(std::string_view op, const Parts&... parts) {
  std::string message("[");
  message.append(op).append("] ");
  ((message += to_text(parts)), ...);
  throw E(message);
}

}  // namespace detail
}  // namespace tenon
