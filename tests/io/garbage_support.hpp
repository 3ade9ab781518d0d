#pragma once

// What the tests of parsers share: a trial runs a parser on bytes, watches what it says and how
// much memory it takes, and the report becomes $TENON_REPORT_DIR/garbage.md.

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "catch.hpp"
#include "temporary_folder.hpp"
#include "tenon/base/error.hpp"
#include "tenon/base/memory.hpp"

namespace tenon::test {

// Largest request to operator new since it was set to 0; the pool keeps a count of its own.
inline std::atomic<std::size_t> largest_request{0};

// An error's text, one header of a tensor.
inline constexpr std::size_t allowed_extra = 4096;

struct Row {
  std::string parser, tried;
  int cases = 0, refused = 0;
  std::size_t largest_file = 0, largest_allocation = 0;
  std::map<std::string, int> said;  // messages without path and numbers
};

/// Collects the rows of all test cases and writes them as the program ends.
class Report {
 public:
  ~Report() {
    const char* folder = std::getenv("TENON_REPORT_DIR");
    if (folder == nullptr || rows_.empty()) return;
    std::filesystem::create_directories(folder);
    std::ofstream out(std::string(folder) + "/garbage.md");
    out << "| parser | what was tried | cases | refused | largest file (bytes) | "
           "largest allocation (bytes) | what was said most often "
           "|\n|---|---|--:|--:|--:|--:|---|\n";
    for (const Row& row : rows_) {
      std::string most;
      int count = 0;
      for (const auto& [text, n] : row.said) {
        if (n > count) most = text, count = n;
      }
      std::replace(most.begin(), most.end(), '|', '/');
      out << "| " << row.parser << " | " << row.tried << " | " << row.cases << " | " << row.refused
          << " | " << row.largest_file << " | " << row.largest_allocation << " | " << most
          << " |\n";
    }
  }
  void add(const Row& row) { rows_.push_back(row); }

 private:
  std::vector<Row> rows_;
};
inline Report report;

/// The message with its path dropped and every number written as N, so that alike ones are counted
/// together.
inline std::string outline(const std::string& message, const std::string& path) {
  std::string text = message;
  if (const auto at = text.find(path); at != std::string::npos)
    text.replace(at, path.size(), "FILE");
  std::string result;
  for (char c : text) {
    if (c >= '0' && c <= '9') {
      if (result.empty() || result.back() != 'N') result += 'N';
    } else {
      const bool is_plain = c >= ' ' && c <= '~';
      result += is_plain ? c : '?';
    }
  }
  return result;
}

class Trial {
 public:
  using Load = void (*)(const std::string& path);

  /// factor: bytes that may be allocated at once for each byte of the file.
  Trial(const std::string& parser, const std::string& tried, Load load, std::size_t factor = 8)
      : factor_(factor), load_(load) {
    row_.parser = parser;
    row_.tried = tried;
  }
  ~Trial() { report.add(row_); }

  /// Loads a file of those bytes; whether it was refused.
  bool run(const std::string& bytes) {
    const std::string path = folder_.file("garbage");
    // Some file systems wait for the disk when a file is overwritten, not when it is made anew.
    std::filesystem::remove(path);
    write_bytes(path, bytes);
    trim_memory();
    reset_peak_memory();
    const std::size_t live_before = memory_stats().live_bytes;
    largest_request = 0;
    std::string said;
    try {
      load_(path);
    } catch (const Error& error) {
      said = error.what();
    }
    const std::size_t pool = memory_stats().peak_live_bytes - live_before;
    const std::size_t largest = std::max(largest_request.load(), pool);
    CAPTURE(row_.parser, row_.tried, bytes.size(), said);
    // An empty tensor takes 54 bytes in a safetensors file and 256 in memory.
    CHECK(largest <= factor_ * bytes.size() + allowed_extra);
    ++row_.cases;
    row_.largest_file = std::max(row_.largest_file, bytes.size());
    row_.largest_allocation = std::max(row_.largest_allocation, largest);
    if (said.empty()) return false;
    ++row_.refused;
    ++row_.said[outline(said, path)];
    // The op in brackets, then the path: whoever reads it knows which file is meant.
    CHECK(said.front() == '[');
    CHECK(said.find(path) != std::string::npos);
    return true;
  }

 private:
  Row row_;
  std::size_t factor_;
  Load load_;
  TemporaryFolder folder_;
};

}  // namespace tenon::test
