#include "tenon/data/idx.hpp"

#include <zlib.h>

#include <cstdint>
#include <initializer_list>
#include <string>

#include "catch.hpp"
#include "temporary_folder.hpp"
#include "tenon/tensor/factories.hpp"

using namespace tenon;
using namespace tenon::test;
using Catch::Matchers::ContainsSubstring;

namespace {

std::string bytes_of(std::initializer_list<int> values) {
  std::string bytes;
  for (int value : values) bytes += static_cast<char>(value);
  return bytes;
}

void write_compressed(const std::string& path, const std::string& bytes) {
  const gzFile file = gzopen(path.c_str(), "wb");
  gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size()));
  gzclose(file);
}

template <class T>
BasicTensor<T> load(const std::string& bytes) {
  TemporaryFolder folder;
  write_bytes(folder.file("x"), bytes);
  return data::load_idx<T>(folder.file("x"));
}

template <class E = IoError, class T = std::uint8_t>
std::string load_error(const std::string& bytes) {
  return message_of<E>([&] { load<T>(bytes); });
}

const std::string pixels = bytes_of({0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 255});

}  // namespace

TEST_CASE("An IDX file of each type gives its shape and values", "[data][idx]") {
  CHECK(equal(load<std::uint8_t>(pixels), tensor<std::uint8_t>({{1, 2, 3}, {4, 5, 255}})));
  CHECK(equal(load<float>(pixels), tensor({{1, 2, 3}, {4, 5, 255}})));
  CHECK(equal(load<std::int64_t>(bytes_of({0, 0, 9, 1, 0, 0, 0, 2, 0x80, 7})),
              tensor<std::int64_t>({-128, 7})));
  CHECK(
      equal(load<float>(bytes_of({0, 0, 11, 1, 0, 0, 0, 2, 0xff, 0xfe, 1, 2})), tensor({-2, 258})));
  CHECK(equal(load<std::int32_t>(bytes_of({0, 0, 12, 1, 0, 0, 0, 1, 0x80, 0, 0, 1})),
              tensor<std::int32_t>({-2147483647})));
  CHECK(equal(load<float>(bytes_of({0, 0, 13, 1, 0, 0, 0, 1, 0x3f, 0xc0, 0, 0})), tensor({1.5})));
  CHECK(equal(load<double>(bytes_of({0, 0, 14, 1, 0, 0, 0, 1, 0xc0, 4, 0, 0, 0, 0, 0, 0})),
              tensor<double>({-2.5})));
}

TEST_CASE("IDX files of rank 0 and without elements are read", "[data][idx]") {
  CHECK(load<std::uint8_t>(bytes_of({0, 0, 8, 0, 9})).item() == 9);
  CHECK(load<std::uint8_t>(bytes_of({0, 0, 8, 2, 0, 0, 0, 0, 0, 0, 0, 3})).shape() == Shape{0, 3});
}

TEST_CASE("An IDX file is recognised as compressed by its content, not its name", "[data][idx]") {
  TemporaryFolder folder;
  write_compressed(folder.file("plain-name"), pixels);
  write_bytes(folder.file("name.gz"), pixels);
  CHECK(equal(data::load_idx(folder.file("plain-name")), data::load_idx(folder.file("name.gz"))));
}

TEST_CASE("A large compressed IDX file arrives whole", "[data][idx]") {
  TemporaryFolder folder;
  std::string bytes = bytes_of({0, 0, 8, 1, 0, 15, 66, 64});  // 1,000,000
  for (int i = 0; i < 1000000; ++i) bytes += static_cast<char>(i * 7 % 251);
  write_compressed(folder.file("x"), bytes);
  const ByteTensor x = data::load_idx(folder.file("x"));
  REQUIRE(x.shape() == Shape{1000000});
  bool is_same = true;
  for (Index i = 0; i < x.numel(); ++i) is_same = is_same && x.data()[i] == i * 7 % 251;
  CHECK(is_same);
}

TEST_CASE("An IDX file is never converted with loss", "[data][idx]") {
  const std::string ints = bytes_of({0, 0, 12, 1, 0, 0, 0, 1, 0, 0, 0, 1});
  CHECK_THAT((load_error<TypeError, float>(ints)),
             ContainsSubstring("holds int32, which float32 cannot hold exactly; hint: load it as"));
  CHECK_FALSE((load_error<TypeError, std::uint8_t>(ints)).empty());
  CHECK_FALSE((load_error<TypeError>(bytes_of({0, 0, 9, 1, 0, 0, 0, 1, 1}))).empty());
  CHECK_FALSE((load_error<TypeError, std::int64_t>(bytes_of({0, 0, 13, 0, 0, 0, 0, 0}))).empty());
}

TEST_CASE("Every contradiction in an IDX file is refused and named", "[data][idx]") {
  CHECK_THAT(load_error(""), ContainsSubstring("has fewer than 4 bytes"));
  CHECK_THAT(load_error(bytes_of({1, 0, 8, 1})), ContainsSubstring("does not start like an IDX"));
  CHECK_THAT(load_error(bytes_of({0, 0, 8, 9})), ContainsSubstring("claims 9 dimensions"));
  CHECK_THAT(load_error(bytes_of({0, 0, 10, 0})), ContainsSubstring("has the type code 10"));
  CHECK_THAT(load_error(bytes_of({0, 0, 8, 1, 0, 0})), ContainsSubstring("ends inside its header"));
  CHECK_THAT(load_error(pixels.substr(0, 14)), ContainsSubstring("ends after 2 of 6 bytes"));
  CHECK_THAT(load_error(pixels + "x"), ContainsSubstring("goes on after the 6 bytes"));
  const std::string huge = bytes_of({0, 0, 8, 2, 127, 255, 255, 255, 127, 255, 255, 255});
  CHECK_THAT(load_error(huge), ContainsSubstring("but can hold at most 12"));
  CHECK_THAT(load_error(bytes_of({0, 0, 8, 3}) + std::string(12, '\xff')),
             ContainsSubstring("more elements than memory can hold"));
}

TEST_CASE("Damage inside a compressed IDX file is noticed", "[data][idx]") {
  TemporaryFolder folder;
  write_compressed(folder.file("x"), pixels);
  const std::string good = read_bytes(folder.file("x"));
  CHECK_THAT(load_error(good.substr(0, good.size() - 4)),
             ContainsSubstring("the compressed data end too early; hint: a truncated download?"));
  std::string bad = good;
  bad[bad.size() - 6] = static_cast<char>(bad[bad.size() - 6] ^ 1);  // of the checksum
  CHECK_THAT(load_error(bad), ContainsSubstring("cannot be read: ") &&
                                  ContainsSubstring("the file is damaged, download it again"));
}

TEST_CASE("A missing IDX file and a folder are named", "[data][idx]") {
  TemporaryFolder folder;
  CHECK_THAT(message_of<IoError>([&] { data::load_idx(folder.file("none")); }),
             ContainsSubstring("[load_idx] " + folder.file("none") + ": cannot be opened"));
  CHECK_THAT(message_of<IoError>([&] { data::load_idx(folder.path()); }),
             ContainsSubstring("is a folder"));
}
