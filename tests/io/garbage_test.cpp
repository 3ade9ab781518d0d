// What hostile and broken files do to the parsers: they may only ever cause a Tenon error, and no
// allocation much larger than the file. $TENON_REPORT_DIR/garbage.md gets the table of what was
// tried.

#include <zlib.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <string>

#include "catch.hpp"
#include "garbage_support.hpp"
#include "temporary_folder.hpp"
#include "tenon/data/idx.hpp"
#include "tenon/io/npy.hpp"
#include "tenon/io/safetensors.hpp"
#include "tenon/tensor/factories.hpp"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TENON_TEST_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define TENON_TEST_SANITIZED 1
#endif
#endif

namespace {

[[maybe_unused]] void* counted(std::size_t bytes) {
  std::size_t seen = tenon::test::largest_request.load(std::memory_order_relaxed);
  while (bytes > seen && !tenon::test::largest_request.compare_exchange_weak(seen, bytes)) {
  }
  if (void* block = std::malloc(std::max<std::size_t>(bytes, 1))) return block;
  throw std::bad_alloc();
}

}  // namespace

// The sanitizers bring operators of their own; under them only the pool is watched.
#if !defined(TENON_TEST_SANITIZED)
void* operator new(std::size_t bytes) { return counted(bytes); }
void* operator new[](std::size_t bytes) { return counted(bytes); }
void operator delete(void* block) noexcept { std::free(block); }
void operator delete[](void* block) noexcept { std::free(block); }
void operator delete(void* block, std::size_t) noexcept { std::free(block); }
void operator delete[](void* block, std::size_t) noexcept { std::free(block); }
#endif

using namespace tenon;
using namespace tenon::test;

namespace {

void load_safetensors(const std::string& path) { io::load_safetensors(path); }
void load_npy(const std::string& path) { io::load_npy<double>(path); }
void load_idx(const std::string& path) { data::load_idx<double>(path); }

std::string good_safetensors() {
  TemporaryFolder folder;
  io::save_safetensors(folder.file("x"),
                       {{"weight", ones({2, 3})}, {"labels", zeros<std::int64_t>({2})}},
                       {{"epoch", "3"}});
  return read_bytes(folder.file("x"));
}

std::string good_npy() {
  TemporaryFolder folder;
  io::save_npy(folder.file("x"), ones<double>({2, 3}));
  return read_bytes(folder.file("x"));
}

std::string good_idx() {
  std::string bytes{'\0', '\0', '\x0C', '\2', '\0', '\0', '\0', '\2', '\0', '\0', '\0', '\3'};
  return bytes + std::string(24, '\1');
}

std::string compressed(const std::string& bytes) {
  TemporaryFolder folder;
  const gzFile file = gzopen(folder.file("x").c_str(), "wb9");
  gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size()));
  gzclose(file);
  return read_bytes(folder.file("x"));
}

std::string little_endian(std::uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i));
  return text;
}

/// What every parser has to bear: each way a good file can be cut short, each bit of its header
/// turned over, and foreign content.
void try_all(const std::string& parser, Trial::Load load, const std::string& good,
             std::size_t header_bytes) {
  {
    Trial trial(parser, "cut short after every byte", load);
    for (std::size_t n = 0; n < good.size(); ++n) {
      CAPTURE(n);
      CHECK(trial.run(good.substr(0, n)));
    }
  }
  {
    Trial trial(parser, "every byte of the header set to 0, 255, and with each bit turned", load);
    for (std::size_t i = 0; i < header_bytes; ++i) {
      for (int mask = -2; mask < 8; ++mask) {
        std::string bytes = good;
        const char turned = static_cast<char>(bytes[i] ^ (1 << std::max(mask, 0)));
        bytes[i] = mask == -2 ? '\0' : mask == -1 ? '\xff' : turned;
        trial.run(bytes);
      }
    }
  }
  {
    Trial trial(parser, "bytes added at the end", load);
    for (std::size_t n : {std::size_t{1}, std::size_t{8}, std::size_t{1000}})
      // What follows a gzip stream is padding, as gzip itself has it.
      CHECK(trial.run(good + std::string(n, '\0')) == (parser != "IDX in gzip"));
  }
  {
    Trial trial(parser, "zeros, ones, text, a PNG, a zip archive, random bytes", load);
    constexpr std::size_t lengths[] = {1, 7, 8, 64, 5000};
    for (std::size_t n : lengths) {
      trial.run(std::string(n, '\0'));
      trial.run(std::string(n, '\xff'));
      CHECK(trial.run(std::string(n, 'a')));
    }
    CHECK(trial.run("\x89PNG\r\n\x1a\n 12345678901234567890"));
    CHECK(trial.run("PK\3\4 12345678901234567890"));
    std::uint32_t state = 1;
    for (int n = 0; n < 300; ++n) {
      std::string bytes;
      for (int i = 0; i < n; ++i) {
        state = state * 1664525 + 1013904223;
        bytes += static_cast<char>(state >> 24);
      }
      trial.run(bytes);
      trial.run(good.substr(0, header_bytes / 2) + bytes);
    }
  }
}

}  // namespace

TEST_CASE("The safetensors parser bears every kind of garbage", "[io][garbage]") {
  const std::string good = good_safetensors();
  const std::string header = good.substr(8, good.size() - 8 - 40);
  try_all("safetensors", load_safetensors, good, 8 + header.size());

  Trial trial("safetensors", "claims larger than the file", load_safetensors);
  for (std::uint64_t claim : {std::uint64_t{121}, std::uint64_t{9000000000}, ~std::uint64_t{0},
                              ~std::uint64_t{7}, std::uint64_t{1} << 63}) {
    CHECK(trial.run(little_endian(claim, 8) + header + std::string(40, '\0')));
  }
  const auto with = [&](std::string text) {
    return little_endian(text.size(), 8) + text + std::string(40, '\0');
  };
  const std::string shapes[] = {"[1000000000000]", "[4294967296,4294967296]",
                                "[9223372036854775807]", "[18446744073709551615,2]",
                                "[0,9223372036854775807,9223372036854775807]"};
  for (const std::string& shape : shapes) {
    for (const char* offsets : {"[0,40]", "[0,8000000000000]", "[0,18446744073709551615]"}) {
      CHECK(trial.run(with("{\"w\":{\"dtype\":\"F64\",\"shape\":" + shape +
                           ",\"data_offsets\":" + offsets + "}}")));
    }
  }

  Trial deep("safetensors", "a header of brackets, of braces, of a thousand entries",
             load_safetensors);
  CHECK(deep.run(with(std::string(100000, '['))));
  std::string braces;
  for (int i = 0; i < 20000; ++i) braces += "{\"a\":";
  CHECK(deep.run(with(braces)));
  std::string many = "{\"__metadata__\":{}";
  for (int i = 0; i < 1000; ++i) {
    many +=
        ",\"" + std::to_string(i) + "\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}";
  }
  CHECK(deep.run(with(many + "}")));
  CHECK_FALSE(
      deep.run(with(many + ",\"x\":{\"dtype\":\"U8\",\"shape\":[40],\"data_offsets\":[0,40]}}")));
}

TEST_CASE("The .npy parser bears every kind of garbage", "[io][garbage]") {
  const std::string good = good_npy();
  try_all(".npy", load_npy, good, 128);

  Trial trial(".npy", "claims larger than the file", load_npy);
  for (int version : {1, 2, 3}) {
    for (std::uint64_t claim :
         {std::uint64_t{200}, std::uint64_t{65535}, std::uint64_t{4294967295}}) {
      CHECK(trial.run("\x93NUMPY" + std::string(1, static_cast<char>(version)) + '\0' +
                      little_endian(claim, version == 1 ? 2 : 4) + std::string(118, ' ')));
    }
  }
  for (const char* shape :
       {"(1000000000000,)", "(4294967296, 4294967296)", "(9223372036854775807,)",
        "(18446744073709551615, 2)", "(0, 9223372036854775807, 3)"}) {
    const std::string text =
        std::string("{'descr': '<f8', 'fortran_order': False, 'shape': ") + shape + "}";
    CHECK(trial.run("\x93NUMPY\1" + std::string(1, '\0') + little_endian(text.size(), 2) + text +
                    std::string(48, '\0')));
  }
}

TEST_CASE("The IDX parser bears every kind of garbage, compressed or not", "[io][garbage]") {
  const std::string good = good_idx();
  try_all("IDX", load_idx, good, 12);
  // gzip's own header has fields that nobody checks, such as the time.
  try_all("IDX in gzip", load_idx, compressed(good), compressed(good).size());

  Trial trial("IDX", "claims larger than the file", load_idx);
  for (char rank : {'\1', '\3', '\10'}) {
    const std::string claim = std::string("\0\0\16", 3) + rank;
    CHECK(trial.run(claim + std::string(40, '\xff')));
    CHECK(trial.run(compressed(claim + std::string(40, '\xff'))));
  }
  CHECK(trial.run(std::string("\0\0\10\1\0\0\0\51", 8) + std::string(40, '\1')));

  // So short a file could hold 196,608 bytes at best, and claims to; it holds 100,000.
  Trial bomb("IDX in gzip", "a claim that its size on the disk does not rule out", load_idx);
  const std::string zeros =
      compressed(std::string("\0\0\10\1\0\3\0\0", 8) + std::string(100000, '\0'));
  CHECK(bomb.run(zeros));
}
