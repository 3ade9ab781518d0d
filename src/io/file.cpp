#include "io/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "base/system_message.hpp"

namespace tenon::detail {

namespace {

// One call of read() or write() takes at most 2 GB on Linux.
constexpr std::uint64_t largest_piece = std::uint64_t{1} << 30;

/// Puts a finished rename on the disk too; a file system that cannot is no reason to fail.
void flush_folder(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  const int handle = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_CLOEXEC);
  if (handle < 0) return;
  ::fsync(handle);
  ::close(handle);
}

/// The file that path leads to, so that saving through a link keeps the link.
std::string resolve(const std::string& path) {
  std::error_code error;
  const auto target = std::filesystem::canonical(path, error);
  return error ? path : target.string();
}

}  // namespace

InputFile::InputFile(std::string_view op, const std::string& path) : op_(op), path_(path) {
  // Without O_NONBLOCK a named pipe would wait for a writer.
  handle_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (handle_ < 0) {
    fail("cannot be opened: ", system_message(errno), "; hint: the path is relative to the folder ",
         "in which the program was started");
  }
  struct stat status {};
  if (::fstat(handle_, &status) != 0 || !S_ISREG(status.st_mode)) {
    ::close(handle_);
    fail(S_ISDIR(status.st_mode) ? "is a folder" : "is not a regular file",
         "; hint: give the path of the file itself");
  }
  size_ = static_cast<std::uint64_t>(status.st_size);
}

InputFile::~InputFile() { ::close(handle_); }

void InputFile::read(void* to, std::uint64_t bytes) {
  auto* out = static_cast<char*>(to);
  while (bytes > 0) {
    const ssize_t got = ::read(handle_, out, std::min(bytes, largest_piece));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail("cannot be read: ", system_message(errno));
    if (got == 0) {
      fail("ends ", bytes, " bytes too early; hint: is it still being written?");
    }
    out += got;
    bytes -= static_cast<std::uint64_t>(got);
  }
}

AtomicFile::AtomicFile(std::string_view op, const std::string& path)
    : op_(op), path_(resolve(path)) {
  struct stat status {};
  if (::stat(path_.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) {
    fail<IoError>(op_, path, ": ",
                  S_ISDIR(status.st_mode) ? "is a folder" : "is not a regular file",
                  "; hint: give the path of a file");
  }
  static std::atomic<unsigned> counter{0};
  temporary_ = path_ + ".tmp-" + std::to_string(::getpid()) + "-" + std::to_string(counter++);
  handle_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (handle_ < 0) {
    const int error = errno;
    fail<IoError>(op_, path, ": cannot be written: ", system_message(error),
                  error == ENOENT ? "; hint: its folder does not exist" : "");
  }
}

AtomicFile::~AtomicFile() {
  if (handle_ >= 0) ::close(handle_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::fail_system(const char* what) const {
  fail<IoError>(op_, path_, ": ", what, ": ", system_message(errno),
                "; hint: is the disk full? what stood there before is unchanged");
}

void AtomicFile::write(const void* from, std::uint64_t bytes) {
  const auto* in = static_cast<const char*>(from);
  while (bytes > 0) {
    const ssize_t put = ::write(handle_, in, std::min(bytes, largest_piece));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) fail_system("cannot be written");
    in += put;
    bytes -= static_cast<std::uint64_t>(put);
  }
}

void AtomicFile::commit() {
  if (::fsync(handle_) != 0) fail_system("cannot be flushed to the disk");
  const int handle = handle_;
  handle_ = -1;
  if (::close(handle) != 0) fail_system("cannot be closed");
  if (std::rename(temporary_.c_str(), path_.c_str()) != 0) fail_system("cannot be put in place");
  temporary_.clear();
  flush_folder(path_);
}

std::string in_quotes(std::string_view name) {
  constexpr std::size_t longest = 60;
  std::string text = "'";
  for (char c : name.substr(0, longest)) {
    text += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
  }
  return text + (name.size() > longest ? "...'" : "'");
}

}  // namespace tenon::detail
