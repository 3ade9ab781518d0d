#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "log_file.hpp"
#include "tenon/base/shape.hpp"

namespace tenon::detail {

/// CRC-32C (Castagnoli), as RFC 3720 defines it: of "123456789" it is 0xe3069283.
std::uint32_t crc32c(std::string_view bytes);

/// A file of TensorBoard's events, each a record of TensorFlow:
///   length (8 bytes, little-endian), crc(length), data, crc(data);  crc = masked CRC-32C
/// where data is the protocol buffer `Event` of tensorflow/core/util/event.proto.
/// Source: https://www.tensorflow.org/tutorials/load_data/tfrecord
class EventFile {
 public:
  /// A new file in that folder, which is made if need be. Throws IoError.
  explicit EventFile(const std::string& folder);

  /// Tells readers that what other files of the folder have from that step on is void.
  void restart(Index step);
  void scalar(std::string_view tag, Index step, double value);
  /// Of the finite values; nothing is written where there are none.
  template <class T>
  void histogram(std::string_view tag, Index step, const T* values, Index count);

 private:
  void write(Index step, std::uint32_t field, std::string_view what);

  LogFile file_;
  std::string value_, summary_, event_, record_;  // kept for their room
};

}  // namespace tenon::detail
