#include "event_file.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <vector>

namespace tenon::detail {

namespace {

// Numbers of fields, from tensorflow/core/util/event.proto and core/framework/summary.proto.
namespace event {
constexpr std::uint32_t wall_time = 1, step = 2, file_version = 3, summary = 5, session_log = 7;
}
namespace session_log {
constexpr std::uint32_t status = 1, start = 1;
}
namespace summary {
constexpr std::uint32_t value = 1;
}
namespace value {
constexpr std::uint32_t tag = 1, simple_value = 2, histo = 5;
}
namespace histo {
constexpr std::uint32_t min = 1, max = 2, num = 3, sum = 4, sum_squares = 5, bucket_limit = 6,
                        bucket = 7;
}

constexpr std::size_t bins = 30;

static_assert(std::endian::native == std::endian::little,
              "protocol buffers are little-endian, and so is what is written here");

template <class V>
void put_bytes(std::string& to, V value) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  to.append(bytes, sizeof value);
}

void put_varint(std::string& to, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) to += static_cast<char>(value | 0x80);
  to += static_cast<char>(value);
}

enum class Wire : std::uint32_t { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

void put_key(std::string& to, std::uint32_t field, Wire wire) {
  put_varint(to, field << 3 | static_cast<std::uint32_t>(wire));
}

void put_integer(std::string& to, std::uint32_t field, std::uint64_t value) {
  put_key(to, field, Wire::varint);
  put_varint(to, value);
}

void put_double(std::string& to, std::uint32_t field, double value) {
  put_key(to, field, Wire::fixed64);
  put_bytes(to, value);
}

void put_float(std::string& to, std::uint32_t field, float value) {
  put_key(to, field, Wire::fixed32);
  put_bytes(to, value);
}

/// Text, or a message.
void put_text(std::string& to, std::uint32_t field, std::string_view text) {
  put_key(to, field, Wire::bytes);
  put_varint(to, text.size());
  to.append(text);
}

void put_doubles(std::string& to, std::uint32_t field, const std::vector<double>& values) {
  put_key(to, field, Wire::bytes);
  put_varint(to, values.size() * sizeof(double));
  for (double value : values) put_bytes(to, value);
}

constexpr std::array<std::uint32_t, 256> crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78u : 0u);
    table[byte] = crc;
  }
  return table;
}

std::uint32_t masked_crc(std::string_view bytes) {
  return std::rotr(crc32c(bytes), 15) + 0xa282ead8u;
}

double wall_time_now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

/// TensorBoard looks for "tfevents" and reads the files of a folder in the order of their names.
std::string new_path(const std::string& folder) {
  static std::atomic<unsigned> counter{0};
  char host[256] = "localhost";
  ::gethostname(host, sizeof host - 1);
  char name[400];
  std::snprintf(name, sizeof name, "/events.out.tfevents.%017.6f.%s.%d.%u", wall_time_now(), host,
                static_cast<int>(::getpid()), counter++);
  return folder + name;
}

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
  static constexpr auto table = crc_table();
  std::uint32_t crc = ~0u;
  for (char c : bytes) crc = table[(crc ^ static_cast<unsigned char>(c)) & 0xff] ^ (crc >> 8);
  return ~crc;
}

EventFile::EventFile(const std::string& folder) : file_("TensorBoard", new_path(folder)) {
  write(0, event::file_version, "brain.Event:2");
}

void EventFile::write(Index step, std::uint32_t field, std::string_view what) {
  event_.clear();
  put_double(event_, event::wall_time, wall_time_now());
  if (step != 0) put_integer(event_, event::step, static_cast<std::uint64_t>(step));
  put_text(event_, field, what);
  record_.clear();
  put_bytes(record_, static_cast<std::uint64_t>(event_.size()));
  put_bytes(record_, masked_crc(record_));
  record_ += event_;
  put_bytes(record_, masked_crc(event_));
  file_.append(record_);
}

void EventFile::restart(Index step) {
  std::string log;
  put_integer(log, session_log::status, session_log::start);
  write(step, event::session_log, log);
}

void EventFile::scalar(std::string_view tag, Index step, double number) {
  value_.clear();
  put_text(value_, value::tag, tag);
  put_float(value_, value::simple_value, static_cast<float>(number));
  summary_.clear();
  put_text(summary_, summary::value, value_);
  write(step, event::summary, summary_);
}

template <class T>
void EventFile::histogram(std::string_view tag, Index step, const T* values, Index count) {
  double low = INFINITY, high = -INFINITY, total = 0, sum = 0, sum_squares = 0;
  for (Index i = 0; i < count; ++i) {
    const auto v = static_cast<double>(values[i]);
    if (!std::isfinite(v)) continue;
    low = std::min(low, v);
    high = std::max(high, v);
    total += 1;
    sum += v;
    sum_squares += v * v;
  }
  if (total == 0) return;
  // Equal values all go into one bin.
  const std::size_t buckets = high > low ? bins : 1;
  const auto count_of_bins = static_cast<double>(buckets);
  std::vector<double> limits(buckets), counts(buckets);
  for (std::size_t b = 0; b < buckets; ++b) {
    limits[b] = std::lerp(low, high, static_cast<double>(b + 1) / count_of_bins);
  }
  const double scale = std::isfinite(high - low) ? 1 : 0.5;  // halves where the width overflows
  for (Index i = 0; i < count; ++i) {
    const auto v = static_cast<double>(values[i]);
    if (!std::isfinite(v)) continue;
    const double share = high > low ? (v * scale - low * scale) / (high * scale - low * scale) : 0;
    counts[static_cast<std::size_t>(std::clamp(share * count_of_bins, 0.0, count_of_bins - 1))] +=
        1;
  }

  std::string histogram;
  put_double(histogram, histo::min, low);
  put_double(histogram, histo::max, high);
  put_double(histogram, histo::num, total);
  put_double(histogram, histo::sum, sum);
  put_double(histogram, histo::sum_squares, sum_squares);
  put_doubles(histogram, histo::bucket_limit, limits);
  put_doubles(histogram, histo::bucket, counts);
  value_.clear();
  put_text(value_, value::tag, tag);
  put_text(value_, value::histo, histogram);
  summary_.clear();
  put_text(summary_, summary::value, value_);
  write(step, event::summary, summary_);
}

template void EventFile::histogram(std::string_view, Index, const float*, Index);
template void EventFile::histogram(std::string_view, Index, const double*, Index);

}  // namespace tenon::detail
