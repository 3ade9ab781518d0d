#include "tenon/io/npy.hpp"

#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "catch.hpp"
#include "temporary_folder.hpp"
#include "tenon/tensor/factories.hpp"

using namespace tenon;
using namespace tenon::test;
using Catch::Matchers::ContainsSubstring;

namespace {

/// A .npy file with that dictionary, of version 1 or with the four-byte length of 2 and 3.
std::string npy(const std::string& dictionary, const std::string& values, int version = 1) {
  std::string bytes = "\x93NUMPY";
  bytes += static_cast<char>(version);
  bytes += '\0';
  for (int i = 0; i < (version == 1 ? 2 : 4); ++i) {
    bytes += static_cast<char>(dictionary.size() >> (8 * i));
  }
  return bytes + dictionary + values;
}

template <class T>
std::string bytes_of(std::initializer_list<T> values) {
  return {reinterpret_cast<const char*>(values.begin()), values.size() * sizeof(T)};
}

std::string dictionary(const std::string& descr, const std::string& shape,
                       const std::string& fortran = "False") {
  return "{'descr': '" + descr + "', 'fortran_order': " + fortran + ", 'shape': " + shape + ", }\n";
}

template <class T>
BasicTensor<T> load(const std::string& bytes) {
  TemporaryFolder folder;
  write_bytes(folder.file("x"), bytes);
  return io::load_npy<T>(folder.file("x"));
}

template <class E = IoError, class T = float>
std::string load_error(const std::string& bytes) {
  return message_of<E>([&] { load<T>(bytes); });
}

}  // namespace

TEST_CASE("A .npy file gives back shape and values of every type", "[io][npy]") {
  TemporaryFolder folder;
  const auto check = [&](const auto& x) {
    using T = typename std::decay_t<decltype(x)>::value_type;
    io::save_npy(folder.file("x"), x);
    const auto loaded = io::load_npy<T>(folder.file("x"));
    CHECK(loaded.shape() == x.shape());
    CHECK(equal(loaded, x.contiguous()));
    CHECK(read_bytes(folder.file("x")).size() ==
          128 + sizeof(T) * static_cast<std::size_t>(x.numel()));
  };
  check(tensor({{1.5, -2, 3e-30}, {0, 1e30, 0.1}}));
  check(tensor<double>({0.1, -1e300}));
  check(tensor<std::int64_t>({-9, 5000000000}));
  check(tensor<std::int32_t>({{{-1}, {2147483647}}}));
  check(tensor<std::uint8_t>({0, 255}));
  check(from_data(std::array<bool, 3>{true, false, true}.data(), {3}));
  check(tensor(7));
  check(zeros({3, 0, 2}));
  check(zeros({1, 1, 1, 1, 1, 1, 1, 1}));
  check(arange(12).reshape({3, 4}).t());
}

TEST_CASE("Versions 1, 2 and 3 of .npy are read", "[io][npy]") {
  for (int version : {1, 2, 3}) {
    CHECK(equal(load<float>(npy(dictionary("<f4", "(2,)"), bytes_of({1.0F, -2.5F}), version)),
                tensor({1, -2.5})));
  }
  CHECK_THAT(load_error(npy(dictionary("<f4", "(1,)"), "1234", 4)), ContainsSubstring("version 4"));
}

TEST_CASE("Fortran order is turned into rows", "[io][npy]") {
  const auto values = bytes_of<double>({1, 2, 3, 4, 5, 6});
  CHECK(equal(load<double>(npy(dictionary("<f8", "(2, 3)", "True"), values)),
              tensor<double>({{1, 3, 5}, {2, 4, 6}})));
  const auto cube = load<double>(npy(dictionary("<f8", "(3, 1, 2)", "True"), values));
  CHECK(cube.is_contiguous());
  CHECK(equal(cube, tensor<double>({{{1, 4}}, {{2, 5}}, {{3, 6}}})));
  CHECK(load<double>(npy(dictionary("<f8", "()", "True"), bytes_of({3.0}))).item() == 3);
}

TEST_CASE("A .npy file is converted to a type that holds its values exactly", "[io][npy]") {
  const std::string bytes = npy(dictionary("|u1", "(2,)"), bytes_of<std::uint8_t>({3, 200}));
  CHECK(equal(load<float>(bytes), tensor({3, 200})));
  CHECK(equal(load<double>(bytes), tensor<double>({3, 200})));
  CHECK(equal(load<std::int64_t>(bytes), tensor<std::int64_t>({3, 200})));
  CHECK(equal(load<std::int32_t>(bytes), tensor<std::int32_t>({3, 200})));
  CHECK(equal(load<double>(npy(dictionary("<i4", "(1,)"), bytes_of({-7}))), tensor<double>({-7})));
  CHECK(equal(load<double>(npy(dictionary("<f4", "(1,)"), bytes_of({0.1F}))),
              tensor<double>({double{0.1F}})));
  CHECK(equal(load<float>(npy(dictionary("|b1", "(2,)"), bytes_of<char>({1, 0}))), tensor({1, 0})));
}

TEST_CASE("A .npy file is never converted with loss", "[io][npy]") {
  const std::string doubles = npy(dictionary("<f8", "(1,)"), bytes_of({0.1}));
  CHECK_THAT((load_error<TypeError>(doubles)),
             ContainsSubstring("holds float64, which float32 cannot hold exactly; hint: load it as "
                               "float64 and convert with to<>()"));
  const std::string longs = npy(dictionary("<i8", "(1,)"), bytes_of({std::int64_t{1}}));
  const std::string ints = npy(dictionary("<i4", "(1,)"), bytes_of({1}));
  CHECK_FALSE(load_error<TypeError>(longs).empty());
  CHECK_FALSE(load_error<TypeError, double>(longs).empty());
  CHECK_FALSE(load_error<TypeError, std::int32_t>(longs).empty());
  CHECK_FALSE(load_error<TypeError>(ints).empty());
  CHECK_FALSE(load_error<TypeError, std::uint8_t>(ints).empty());
  CHECK_FALSE(load_error<TypeError, bool>(npy(dictionary("|u1", "(1,)"), "\1")).empty());
  CHECK_FALSE(
      (load_error<TypeError, std::int64_t>(npy(dictionary("<f4", "(1,)"), "1234"))).empty());
}

TEST_CASE("Types that Tenon lacks are named with the way out", "[io][npy]") {
  for (const char* descr : {">f4", "<f2", "<c8", "<U5", "|O", "<M8[ns]", "", "<", "f4"}) {
    CAPTURE(descr);
    CHECK_THAT(load_error<TypeError>(npy(dictionary(descr, "(1,)"), "12345678")),
               ContainsSubstring("NumPy's type '" + std::string(descr) + "'") &&
                   ContainsSubstring("array.astype('<f4')"));
  }
  CHECK_THAT(load_error<TypeError>(npy("{'descr': [('a', '<f4')], 'shape': (1,)}", "1234")),
             ContainsSubstring("is a structured array"));
}

TEST_CASE("Every contradiction in a .npy header is refused and named", "[io][npy]") {
  const auto header = [](const std::string& text) { return load_error(npy(text, "12345678")); };
  const std::string good = "'descr': '<f4', 'fortran_order': False";
  CHECK(header("{" + good + ", 'shape': (2,)}").empty());
  CHECK(header("{'shape': (2,1,), \"descr\":\"<f4\",'fortran_order':False}   \n").empty());
  CHECK_THAT(header("{" + good + ", 'shape': (3,)}"),
             ContainsSubstring("shape (3) of '<f4' needs 12 bytes but the file has 8") ||
                 ContainsSubstring("shape (3,) of '<f4' needs 12 bytes but the file has 8"));
  CHECK_THAT(header("{" + good + ", 'shape': (1,)}"), ContainsSubstring("only one array a file"));
  CHECK_THAT(header("{" + good + ", 'shape': (4294967296, 4294967296)}"),
             ContainsSubstring("more elements than memory can hold"));
  CHECK_THAT(header("{" + good + ", 'shape': (99999999999999999999,)}"),
             ContainsSubstring("a size that is too large"));
  CHECK_THAT(header("{" + good + ", 'shape': (1,1,1,1,1,1,1,1,2)}"),
             ContainsSubstring("more than 8 dimensions"));
  CHECK_THAT(header("{" + good + ", 'shape': (-2,)}"), ContainsSubstring("no whole number"));
  CHECK_THAT(header("{" + good + ", 'shape': 2}"), ContainsSubstring("has no '('"));
  CHECK_THAT(header("{" + good + "}"), ContainsSubstring("lacks one of"));
  CHECK_THAT(header("{" + good + ", 'shape': (2,), 'more': 1}"), ContainsSubstring("'more'"));
  CHECK_THAT(header("{'descr': '<f4', 'descr': '<f4'}"),
             ContainsSubstring("repeated entry 'descr'"));
  CHECK_THAT(header("{'fortran_order': Maybe}"), ContainsSubstring("neither True nor False"));
  CHECK_THAT(header("{'descr': '<f4"), ContainsSubstring("a text that does not end"));
  CHECK_THAT(header("{" + good + ", 'shape': (2,)} x"),
             ContainsSubstring("behind its closing brace"));
  CHECK_THAT(header("{'descr' '<f4'}"), ContainsSubstring("has no ':'"));
  CHECK_THAT(header(""), ContainsSubstring("has no '{'"));
  CHECK_THAT(header("{1"), ContainsSubstring("has no text"));
}

TEST_CASE("A file that is no .npy file says what it is not", "[io][npy]") {
  CHECK_THAT(load_error(""), ContainsSubstring("has only 0 bytes"));
  CHECK_THAT(load_error("PK\3\4 an archive"), ContainsSubstring("does not start like a .npy file"));
  CHECK_THAT(load_error(npy("", "").substr(0, 9)), ContainsSubstring("ends inside its header"));
  CHECK_THAT(load_error(npy(dictionary("<f4", "(2,)"), "").substr(0, 40)),
             ContainsSubstring("bytes but the file has 40"));
  CHECK_THAT(load_error(npy(dictionary("|b1", "(1,)"), "\2")),
             ContainsSubstring("bytes other than 0 and 1"));
  CHECK_THAT(message_of<IoError>([] { io::load_npy("no such file"); }),
             ContainsSubstring("[load_npy] no such file: cannot be opened"));
  CHECK_THAT(message_of<ValueError>([] { io::save_npy("x", Tensor()); }),
             ContainsSubstring("the tensor is undefined"));
}

TEST_CASE("The medical table loads from its .npy file", "[io][npy]") {
  const char* folder = std::getenv("TENON_DATA_DIR");
  if (folder == nullptr) TENON_TEST_SKIP("TENON_DATA_DIR is not set");
  const auto path = std::string(folder) + "/medical/medical_data.npy";
  if (!std::filesystem::exists(path)) TENON_TEST_SKIP(path + " does not exist");
  const Tensor table = io::load_npy(path);
  CHECK(table.shape() == Shape{569, 31});
}
