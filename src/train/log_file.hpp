#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tenon/base/error.hpp"

namespace tenon::detail {

/// A file that grows at its end and of which a reader sees all that was written. Every failure is
/// an IoError that names op and path.
class LogFile {
 public:
  /// Creates the file and its folders where they are not there yet.
  LogFile(std::string_view op, const std::string& path);
  ~LogFile();
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;

  std::uint64_t size() const;
  /// All of it.
  std::string read() const;
  /// Drops what is behind so many bytes.
  void truncate(std::uint64_t bytes);
  /// Handed to the system in one piece, so that a program that is killed leaves whole records.
  void append(std::string_view bytes);

 private:
  [[noreturn]] void fail_system(const char* what) const;

  std::string op_;
  std::string path_;
  int handle_ = -1;
};

/// The folders that lead to a file, where they are not there yet. Throws IoError.
void make_folders(std::string_view op, const std::string& path);

}  // namespace tenon::detail
