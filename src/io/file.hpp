#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tenon/base/error.hpp"

namespace tenon::detail {

/// A regular file read from its start; every failure is an IoError that names op and path.
class InputFile {
 public:
  InputFile(std::string_view op, const std::string& path);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  std::uint64_t size() const { return size_; }
  /// The next bytes, all of them.
  void read(void* to, std::uint64_t bytes);

  /// Throws E with "[op] path: part part ...".
  template <class E = IoError, class... Parts>
  [[noreturn]] void fail(const Parts&... parts) const {
    detail::fail<E>(op_, path_, ": ", parts...);
  }

 private:
  std::string op_;
  std::string path_;
  int handle_ = -1;
  std::uint64_t size_ = 0;
};

/// A file that appears under its name only once commit() has everything on the disk. Until then it
/// is a temporary one in the same folder, which the destructor removes.
class AtomicFile {
 public:
  AtomicFile(std::string_view op, const std::string& path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(const void* from, std::uint64_t bytes);
  void commit();

 private:
  [[noreturn]] void fail_system(const char* what) const;

  std::string op_;
  std::string path_;
  std::string temporary_;
  int handle_ = -1;
};

/// A name out of a file as it may stand in a message: in_quotes, shortened, without control
/// characters.
std::string in_quotes(std::string_view name);

}  // namespace tenon::detail
