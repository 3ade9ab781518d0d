#include "log_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

namespace tenon::detail {

void make_folders(std::string_view op, const std::string& path) {
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  std::error_code error;
  if (!folder.empty()) std::filesystem::create_directories(folder, error);
  if (error) {
    fail<IoError>(op, path, ": its folder cannot be made: ", error.message(),
                  "; hint: is there a file of that name?");
  }
}

LogFile::LogFile(std::string_view op, const std::string& path) : op_(op), path_(path) {
  make_folders(op, path);
  handle_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (handle_ < 0) fail_system("cannot be opened for writing");
}

LogFile::~LogFile() { ::close(handle_); }

void LogFile::fail_system(const char* what) const {
  fail<IoError>(op_, path_, ": ", what, ": ", std::generic_category().message(errno));
}

std::uint64_t LogFile::size() const {
  struct stat status {};
  if (::fstat(handle_, &status) != 0) fail_system("cannot be looked at");
  return static_cast<std::uint64_t>(status.st_size);
}

std::string LogFile::read() const {
  std::string text(size(), '\0');
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t got =
        ::pread(handle_, text.data() + done, text.size() - done, static_cast<off_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail_system("cannot be read");
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  text.resize(done);
  return text;
}

void LogFile::truncate(std::uint64_t bytes) {
  if (::ftruncate(handle_, static_cast<off_t>(bytes)) != 0) fail_system("cannot be shortened");
}

void LogFile::append(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(handle_, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) fail_system("cannot be written");
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
}

}  // namespace tenon::detail
