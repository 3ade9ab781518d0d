#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tenon/base/error.hpp"

namespace tenon::detail {

/// A regular file read from its start, through gzip where its content says so. Every failure is an
/// IoError that names op and path.
class GzipFile {
 public:
  GzipFile(std::string_view op, const std::string& path);
  ~GzipFile();
  GzipFile(const GzipFile&) = delete;
  GzipFile& operator=(const GzipFile&) = delete;

  /// The most bytes that can come out of it, judged by its size on the disk.
  std::uint64_t largest_content() const { return largest_content_; }

  /// The next bytes, or as many as there are.
  std::size_t read_some(void* to, std::size_t bytes);

  /// The next bytes, all of them; memory grows with what arrives, not with what was claimed.
  std::vector<std::uint8_t> read(std::uint64_t bytes);

  /// Throws E with "[op] path: part part ...".
  template <class E = IoError, class... Parts>
  [[noreturn]] void fail(const Parts&... parts) const {
    detail::fail<E>(op_, path_, ": ", parts...);
  }

 private:
  std::string op_;
  std::string path_;
  void* file_ = nullptr;  // a gzFile
  std::uint64_t largest_content_ = 0;
};

}  // namespace tenon::detail
