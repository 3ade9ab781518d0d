// What hostile and broken tables and images do to their readers; see garbage_test.cpp.

#include <zlib.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "data/image_file.hpp"
#include "garbage_support.hpp"
#include "tenon/data/csv.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

class Dice {
 public:
  explicit Dice(std::uint32_t seed) : state_(seed) {}
  std::uint32_t roll(std::size_t sides) {
    state_ = state_ * 1664525 + 1013904223;
    return static_cast<std::uint32_t>((state_ >> 8) % sides);
  }

 private:
  std::uint32_t state_;
};

/// good with some bytes changed, removed, doubled, or replaced by ones that mean something.
std::string damaged(std::string good, Dice& dice, const std::string& meaningful) {
  for (std::uint32_t changes = 1 + dice.roll(4); changes > 0 && !good.empty(); --changes) {
    const std::size_t at = dice.roll(good.size());
    switch (dice.roll(5)) {
      case 0:
        good[at] = static_cast<char>(dice.roll(256));
        break;
      case 1:
        good[at] = meaningful[dice.roll(meaningful.size())];
        break;
      case 2:
        good.erase(at, 1 + dice.roll(9));
        break;
      case 3:
        good.insert(at, good.substr(dice.roll(good.size()), 1 + dice.roll(20)));
        break;
      default:
        good.resize(at);
    }
  }
  return good;
}

/// The PNG with the check sums that its chunks should have, so that what is damaged gets further.
std::string with_check_sums(std::string png) {
  const auto number = [&](std::size_t i) {
    std::size_t value = 0;
    for (std::size_t k = i; k < i + 4; ++k) value = value << 8 | static_cast<unsigned char>(png[k]);
    return value;
  };
  for (std::size_t i = 8; i + 12 <= png.size();) {
    const std::size_t length = number(i);
    if (length > png.size() - i - 12) break;
    const auto sum =
        crc32(0, reinterpret_cast<const Bytef*>(png.data()) + i + 4, static_cast<uInt>(length + 4));
    for (std::size_t k = 0; k < 4; ++k) {
      png[i + 8 + length + k] = static_cast<char>(sum >> (24 - 8 * k));
    }
    i += length + 12;
  }
  return png;
}

std::string random_bytes(std::size_t n, Dice& dice) {
  std::string bytes;
  for (std::size_t i = 0; i < n; ++i) bytes += static_cast<char>(dice.roll(256));
  return bytes;
}

// A field takes two bytes in the file; as a column it has a name, kind and list of words.
constexpr std::size_t csv_factor = 250;

void load_table(const std::string& path) {
  data::load_csv(path, {.missing = data::CsvMissing::nan});
}
void load_strict(const std::string& path) { data::load_csv<double>(path, {.target = -1}); }
void load_image(const std::string& path) { detail::decode_image("decode_image", path, 3); }

}  // namespace

TEST_CASE("The CSV parser bears every kind of garbage", "[io][garbage]") {
  const std::string good =
      "\xEF\xBB\xBFname,\"size, in m\",class\r\n"
      "\"a \"\"b\"\"\",1.5,x\r\n\r\nZ\xC3\xBCrich,-2e-3,\"y\nz\"\r\n\"\",NA,x\r\n";
  for (const auto load : {load_table, load_strict}) {
    Trial cut("CSV", "cut short after every byte", load, csv_factor);
    for (std::size_t n = 0; n < good.size(); ++n) cut.run(good.substr(0, n));
    Trial turned("CSV", "every byte set to 0, 255, and with each bit turned", load, csv_factor);
    for (std::size_t i = 0; i < good.size(); ++i) {
      for (int mask = -2; mask < 8; ++mask) {
        std::string bytes = good;
        const char other = static_cast<char>(bytes[i] ^ (1 << std::max(mask, 0)));
        bytes[i] = mask == -2 ? '\0' : mask == -1 ? '\xff' : other;
        turned.run(bytes);
      }
    }
    Trial fuzzed("CSV", "bytes changed, removed and doubled at random", load, csv_factor);
    Dice dice(1);
    for (int i = 0; i < 2000; ++i) fuzzed.run(damaged(good, dice, "\",\n\r;\t 0.e-+\xEF"));
  }
  Trial foreign("CSV", "zeros, ones, a PNG, UTF-16, random bytes", load_table, csv_factor);
  for (const std::size_t n : {std::size_t{1}, std::size_t{7}, std::size_t{64}, std::size_t{5000}}) {
    CHECK(foreign.run(std::string(n, '\0')));
    CHECK(foreign.run(std::string(n, '\xff')));
    CHECK(foreign.run(std::string(n, '"')));
    CHECK(foreign.run(std::string(n, 'a')));  // a header without rows
    CHECK(foreign.run(std::string(n, ',')));
    CHECK(foreign.run(std::string(n, '\n')));
  }
  CHECK(foreign.run("\x89PNG\r\n\x1a\n 12345678901234567890"));
  CHECK(
      foreign.run("\xFF\xFE"
                  "a"));
  Dice dice(2);
  for (std::size_t n = 2; n < 300; ++n) foreign.run(random_bytes(n, dice));
}

TEST_CASE("The image reader bears every kind of garbage", "[io][garbage]") {
  if (!detail::has_image_decoder()) TENON_TEST_SKIP("built without stb_image");
  const std::string images = TENON_TEST_DATA_DIR "/images/";
  for (const bool is_png : {true, false}) {
    const std::string parser = is_png ? "PNG" : "JPEG";
    Trial fuzzed(parser, "bytes changed, removed and doubled at random", load_image);
    Trial turned(parser, "every byte set to 0 and 255, and two bits turned", load_image);
    Trial cut(parser, "cut short after every byte", load_image);
    Dice dice(3);
    const std::vector<std::string> names =
        is_png ? std::vector<std::string>{"colours.png", "palette.png", "alpha.png"}
               : std::vector<std::string>{"photo.jpg", "progressive.jpg", "grey.jpg"};
    for (const std::string& name : names) {
      const std::string good = read_bytes(images + name);
      for (std::size_t n = 0; n < good.size(); ++n) CHECK(cut.run(good.substr(0, n)));
      for (std::size_t i = 0; i < good.size(); ++i) {
        for (const int to : {0, 255, good[i] ^ 1, good[i] ^ 128}) {
          std::string bytes = good;
          bytes[i] = static_cast<char>(to);
          const bool is_refused = turned.run(bytes);
          // Every bit of a PNG is part of its signature or of a check sum.
          if (is_png) CHECK(is_refused == (bytes != good));
        }
      }
      for (int i = 0; i < 1500; ++i) {
        fuzzed.run(damaged(good, dice, std::string("\xFF\xD8\xD9\xDA\xC0\xC2\xC4\0\1\x7f", 10)));
      }
    }
  }
  {
    Trial sealed("PNG", "damaged at random, the check sums put right", load_image);
    Dice dice(5);
    for (const char* name : {"colours.png", "palette.png", "alpha.png", "deep.png"}) {
      const std::string good = read_bytes(images + name);
      CHECK_FALSE(sealed.run(with_check_sums(good)));
      for (int i = 0; i < 1500; ++i) {
        sealed.run(with_check_sums(damaged(good, dice, std::string("\0\1\2\3\4\6\x10\xff", 8))));
      }
    }
  }
  Trial foreign("PNG and JPEG", "zeros, ones, text, other formats, random bytes", load_image);
  Dice dice(4);
  for (std::size_t n = 0; n < 300; ++n) {
    CHECK(foreign.run(random_bytes(n, dice)));
    foreign.run("\x89PNG\r\n\x1a\n" + random_bytes(n, dice));
    foreign.run("\xFF\xD8\xFF" + random_bytes(n, dice));
  }
  for (const char* text : {"GIF89a", "BM", "P6 1 1 255 abc", "PK\3\4", "RIFF"}) {
    CHECK(foreign.run(text + std::string(100, '\1')));
  }
}
