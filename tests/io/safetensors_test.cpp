#include "tenon/io/safetensors.hpp"

#include <sys/resource.h>
#include <sys/stat.h>

#include <array>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "catch.hpp"
#include "temporary_folder.hpp"
#include "tenon/tensor/factories.hpp"

using namespace tenon;
using namespace tenon::test;
using Catch::Matchers::ContainsSubstring;
using io::TensorDict;

namespace {

TensorDict one_of_each() {
  return {{"byte", from_container(std::vector<std::uint8_t>{0, 1, 255})},
          {"weight", tensor({{1.5, -2.0, 3e-30}, {0.0, 1e30, -0.1}})},
          {"mask", from_data(std::array<bool, 2>{true, false}.data(), {2})},
          {"double", tensor<double>({{0.1}, {-1e300}})},
          {"labels", tensor<std::int64_t>({-9, 5000000000})},
          {"ids", tensor<std::int32_t>({-1, 2147483647})},
          {"scalar", tensor(7)},
          {"nothing", zeros({0, 4})}};
}

/// A file with that header and so many bytes of values.
std::string file_with(const std::string& header, std::size_t value_bytes) {
  std::string bytes(8, '\0');
  for (std::size_t i = 0; i < 8; ++i) bytes[i] = static_cast<char>(header.size() >> (8 * i));
  return bytes + header + std::string(value_bytes, '\1');
}

std::string load_error(const std::string& header, std::size_t value_bytes) {
  TemporaryFolder folder;
  write_bytes(folder.file("x"), file_with(header, value_bytes));
  return message_of<Error>([&] { io::load_safetensors(folder.file("x")); });
}

std::string entry(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return "{\"dtype\":\"" + dtype + "\",\"shape\":" + shape + ",\"data_offsets\":" + offsets + "}";
}

bool has_python() { return std::system("python3 -c '' >/dev/null 2>&1") == 0; }

std::string script(const std::string& command) {
  return "python3 '" TENON_TEST_DATA_DIR "/../io/check_safetensors.py' " + command;
}

}  // namespace

TEST_CASE("A safetensors file gives back names, order, types, values and metadata",
          "[io][safetensors]") {
  TemporaryFolder folder;
  TensorDict saved = one_of_each();
  saved.metadata["epoch"] = "3";
  io::save_safetensors(folder.file("a"), saved, {{"note", "line\n\"quoted\" \xc3\xa9"}});
  const TensorDict loaded = io::load_safetensors(folder.file("a"));

  REQUIRE(loaded.size() == saved.size());
  auto wanted = saved.begin();
  for (const auto& [name, value] : loaded) {
    CHECK(name == wanted->name);
    value.visit([&, &name = name](const auto& typed) {
      using T = typename std::decay_t<decltype(typed)>::value_type;
      CHECK(equal(typed, saved.get<T>(name)));
      CHECK(typed.shape() == saved[name].shape());
    });
    ++wanted;
  }
  CHECK(loaded.metadata == io::Metadata{{"epoch", "3"}, {"note", "line\n\"quoted\" \xc3\xa9"}});
}

TEST_CASE("Saving what was loaded gives the same bytes", "[io][safetensors]") {
  TemporaryFolder folder;
  io::save_safetensors(folder.file("a"), one_of_each(), {{"k", "v"}});
  io::save_safetensors(folder.file("b"), io::load_safetensors(folder.file("a")));
  CHECK(read_bytes(folder.file("a")) == read_bytes(folder.file("b")));
}

TEST_CASE("Views are saved as they look, not as they are stored", "[io][safetensors]") {
  TemporaryFolder folder;
  const Tensor x = arange(12).reshape({3, 4});
  io::save_safetensors(folder.file("a"), {{"t", x.t()}, {"s", x.slice(1, {1, 4, 2})}});
  const TensorDict loaded = io::load_safetensors(folder.file("a"));
  CHECK(equal(loaded.get<float>("t"), x.t().clone()));
  CHECK(equal(loaded.get<float>("s"), tensor({{1, 3}, {5, 7}, {9, 11}})));
}

TEST_CASE("NaN, infinities, denormals and the sign of zero survive a safetensors file",
          "[io][safetensors]") {
  TemporaryFolder folder;
  const std::uint32_t bits[] = {0x7fc01234, 0x7f800000, 0xff800000, 0x00000001, 0x80000000};
  Tensor x = empty({5});
  std::memcpy(x.data(), bits, sizeof bits);
  io::save_safetensors(folder.file("a"), {{"x", x}});
  const Tensor y = io::load_safetensors(folder.file("a")).get<float>("x");
  CHECK(std::memcmp(y.data(), bits, sizeof bits) == 0);
}

TEST_CASE("A file without tensors is a valid one", "[io][safetensors]") {
  TemporaryFolder folder;
  io::save_safetensors(folder.file("a"), {});
  CHECK(io::load_safetensors(folder.file("a")).empty());
  CHECK(load_error("{}", 0).empty());
  CHECK(load_error("{}      ", 0).empty());
}

TEST_CASE("A safetensors file written here passes a checker in plain Python", "[io][safetensors]") {
  if (!has_python()) TENON_TEST_SKIP("python3 was not found");
  TemporaryFolder folder;
  io::save_safetensors(folder.file("a"), one_of_each(), {{"epoch", "3"}});
  REQUIRE(std::system(script("check " + folder.file("a") + " >" + folder.file("said")).c_str()) ==
          0);
  const std::string said = read_bytes(folder.file("said"));
  CHECK_THAT(said, ContainsSubstring("metadata epoch 3\n"));
  CHECK_THAT(said, ContainsSubstring("byte U8 [3] 0 1 255\n"));
  CHECK_THAT(said, ContainsSubstring("mask BOOL [2] True False\n"));
  CHECK_THAT(said, ContainsSubstring("double F64 [2, 1] 0.1 -1e+300\n"));
  CHECK_THAT(said, ContainsSubstring("labels I64 [2] -9 5000000000\n"));
  CHECK_THAT(said, ContainsSubstring("ids I32 [2] -1 2147483647\n"));
  CHECK_THAT(said, ContainsSubstring("weight F32 [2, 3] 1.5 -2.0 "));
  CHECK_THAT(said, ContainsSubstring("scalar F32 [] 7.0\n"));
  CHECK_THAT(said, ContainsSubstring("nothing F32 [0, 4]\n"));
}

TEST_CASE("A safetensors file written by plain Python loads here", "[io][safetensors]") {
  if (!has_python()) TENON_TEST_SKIP("python3 was not found");
  TemporaryFolder folder;
  REQUIRE(std::system(script("write " + folder.file("a")).c_str()) == 0);
  const TensorDict loaded = io::load_safetensors(folder.file("a"));
  CHECK(loaded.size() == 8);
  CHECK(equal(loaded.get<float>("w"), tensor({{0.5, -1.25, 3.0}, {1e-30, 1e30, 0.1}})));
  CHECK(loaded.get<double>("double").item() == 0.1);
  CHECK(loaded.get<std::int64_t>("labels")(2) == std::int64_t{1} << 62);
  CHECK(loaded.get<std::int32_t>("ids")(0) == -2147483647 - 1);
  CHECK(loaded.get<std::uint8_t>("pixels")(1, 1) == 255);
  CHECK(loaded.get<bool>("mask")(0));
  CHECK_FALSE(loaded.get<bool>("mask")(1));
  CHECK(loaded.get<float>("scalar").rank() == 0);
  CHECK(loaded.get<float>("nothing").shape() == Shape{0, 4});
  CHECK(loaded.metadata.at("made by") == "Python \"\xc3\xa9\"");
}

TEST_CASE("Every contradiction in a safetensors header is refused and named", "[io][safetensors]") {
  const std::string w = entry("F32", "[2]", "[0,8]");
  struct Case {
    std::string header;
    std::size_t bytes;
    const char* said;
  };
  const Case cases[] = {
      {"{\"w\":" + w + "}", 4, "lies at bytes 0 to 8 of the values, but the file has 4"},
      {"{\"w\":" + w + "}", 9, "have 9 bytes but the tensors end at 8"},
      {"{\"w\":" + entry("F32", "[3]", "[0,8]") + "}", 8, "needs 12 bytes for its shape"},
      {"{\"w\":" + entry("F32", "[2]", "[8,0]") + "}", 8, "lies at bytes 8 to 0"},
      {"{\"w\":" + w + ",\"v\":" + entry("U8", "[4]", "[4,8]") + "}", 8, "they overlap"},
      {"{\"w\":" + w + ",\"v\":" + entry("U8", "[1]", "[9,10]") + "}", 10, "what lies between"},
      {"{\"w\":" + entry("F32", "[2]", "[1,9]") + "}", 9, "starts at byte 1 of the values"},
      {"{\"w\":" + w + ",\"w\":" + w + "}", 8, "has the name 'w' twice"},
      {"{\"w\":{\"dtype\":\"U8\",\"dtype\":\"U8\"}}", 8, "has 'dtype' twice"},
      {"{\"w\":{\"shape\":[],\"data_offsets\":[0,4]}}", 4, "'w' has no dtype"},
      {"{\"w\":{\"dtype\":\"U8\",\"data_offsets\":[0,4]}}", 4, "'w' has no shape"},
      {"{\"w\":{\"dtype\":\"U8\",\"shape\":[]}}", 4, "'w' has no data_offsets"},
      {"{\"w\":" + entry("U8", "[]", "[0]") + "}", 1, "has 1 data_offsets, not 2"},
      {"{\"w\":" + entry("U8", "[]", "[0,1,2]") + "}", 1, "has 3 data_offsets, not 2"},
      {"{\"w\":" + entry("U8", "[1,1,1,1,1,1,1,1,1]", "[0,1]") + "}", 1, "more than 8 entries"},
      {"{\"w\":" + entry("U8", "[-1]", "[0,1]") + "}", 1,
       "has a negative number in 'shape' of 'w'"},
      {"{\"w\":" + entry("U8", "[1.5]", "[0,1]") + "}", 1, "has a fraction"},
      {"{\"w\":" + entry("U8", "[99999999999999999999]", "[0,1]") + "}", 1, "a number too large"},
      {"{\"w\":" + entry("F32", "[9223372036854775807]", "[0,4]") + "}", 4, "more elements than"},
      {"{\"w\":" + entry("F32", "[4294967296,4294967296]", "[0,4]") + "}", 4, "more elements than"},
      {"{\"w\":" + entry("F32", "[4294967296,4294967296,0]", "[0,0]") + "}", 0, "more elements"},
      {"{\"w\":" + entry("U8", "[[1]]", "[0,1]") + "}", 1, "has a list in 'shape' of 'w'"},
      {"{\"w\":" + entry("U8", "{}", "[0,1]") + "}", 1, "has an object in 'shape' of 'w'"},
      {"{\"w\":" + entry("U8", "\"1\"", "[0,1]") + "}", 1, "has text in 'shape' of 'w'"},
      {"{\"w\":" + entry("U8", "1", "[0,1]") + "}", 1, "has a number in 'shape' of 'w'"},
      {"{\"w\":{\"dtype\":[]}}", 1, "has a list in 'dtype' of 'w'"},
      {"{\"w\":{\"dtype\":null}}", 1, "has null in 'dtype' of 'w'"},
      {"{\"w\":{\"colour\":1}}", 1, "a field 'colour' that the format does not know"},
      {"{\"w\":7}", 1, "has a number in 'w'"},
      {"{\"w\":true}", 1, "has true or false in 'w'"},
      {"{\"__metadata__\":{\"k\":1}}", 0, "has a number in 'k' of '__metadata__'"},
      {"{\"__metadata__\":{\"k\":\"\",\"k\":\"\"}}", 0, "'__metadata__' has 'k' twice"},
      {"{\"__metadata__\":[]}", 0, "has a list in '__metadata__'"},
      {"[1]", 0, "has a list where it should start"},
      {"{\"w\":" + w + "} x", 8, "not valid JSON at its byte"},
      {"{\"w\":" + w, 8, "not valid JSON at its byte"},
      {"", 0, "not valid JSON at its byte"},
      {"{\"\xff\":" + w + "}", 8, "not valid JSON at its byte"},
      {"{\"w\":" + entry("BF16", "[1]", "[0,2]") + "}", 2, "has the type 'BF16', which Tenon does"},
      {"{\"w\":" + entry("BOOL", "[1]", "[0,1]") + "}", 1, ""},
  };
  for (const Case& c : cases) {
    CAPTURE(c.header);
    const std::string said = load_error(c.header, c.bytes);
    CHECK(said.empty() == std::string(c.said).empty());
    if (!said.empty()) CHECK_THAT(said, ContainsSubstring(c.said) && ContainsSubstring("[load_"));
  }
}

TEST_CASE("A type that Tenon lacks is a TypeError, bytes that are no bool an IoError",
          "[io][safetensors]") {
  TemporaryFolder folder;
  write_bytes(folder.file("a"), file_with("{\"w\":" + entry("F16", "[1]", "[0,2]") + "}", 2));
  CHECK_THROWS_AS(io::load_safetensors(folder.file("a")), TypeError);
  std::string bytes = file_with("{\"w\":" + entry("BOOL", "[1]", "[0,1]") + "}", 1);
  bytes.back() = '\2';
  write_bytes(folder.file("b"), bytes);
  CHECK_THAT(message_of<IoError>([&] { io::load_safetensors(folder.file("b")); }),
             ContainsSubstring("is BOOL but has bytes other than 0 and 1"));
}

TEST_CASE("Missing, empty and absurd files say what is wrong with them", "[io][safetensors]") {
  TemporaryFolder folder;
  const auto said = [&](const std::string& path) {
    return message_of<IoError>([&] { io::load_safetensors(path); });
  };
  CHECK_THAT(said(folder.file("none")), ContainsSubstring("cannot be opened: No such file"));
  CHECK_THAT(said(folder.path()), ContainsSubstring("is a folder"));
  CHECK_THAT(said("/dev/zero"), ContainsSubstring("is not a regular file"));
  write_bytes(folder.file("short"), "1234567");
  CHECK_THAT(said(folder.file("short")), ContainsSubstring("has only 7 bytes"));
  std::string bytes = file_with("{}", 110);
  const std::uint64_t claim = 9000000000;
  std::memcpy(bytes.data(), &claim, sizeof claim);
  write_bytes(folder.file("claims"), bytes);
  CHECK(said(folder.file("claims")) ==
        "[load_safetensors] " + folder.file("claims") +
            ": header claims 9000000000 bytes but the file has 120; hint: a truncated download, or "
            "not a safetensors file?");
  REQUIRE(::mkfifo(folder.file("pipe").c_str(), 0600) == 0);
  CHECK_THAT(said(folder.file("pipe")), ContainsSubstring("is not a regular file"));
}

TEST_CASE("A save that fails leaves the old file and nothing else", "[io][safetensors]") {
  TemporaryFolder folder;
  io::save_safetensors(folder.file("a"), {{"x", ones({3})}});
  const std::string before = read_bytes(folder.file("a"));

  struct rlimit old_limit;
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &old_limit) == 0);
  struct rlimit limit = old_limit;
  limit.rlim_cur = 4096;  // stands for a full disk
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
  const std::string said = message_of<IoError>([&] {
    io::save_safetensors(folder.file("a"), {{"x", ones({100000})}});
  });
  ::setrlimit(RLIMIT_FSIZE, &old_limit);
  std::signal(SIGXFSZ, old_handler);

  CHECK_THAT(said,
             ContainsSubstring("[save_safetensors]") && ContainsSubstring("is the disk full?"));
  CHECK(read_bytes(folder.file("a")) == before);
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()),
                      std::filesystem::directory_iterator()) == 1);
}

TEST_CASE("Saving refuses what cannot be a file or a tensor's name", "[io][safetensors]") {
  TemporaryFolder folder;
  const TensorDict x{{"x", ones({1})}};
  const auto said = [](const auto& f) { return message_of<IoError>(f); };
  CHECK_THAT(said([&] { io::save_safetensors(folder.file("no/where"), x); }),
             ContainsSubstring("cannot be written") &&
                 ContainsSubstring("hint: its folder does not exist"));
  CHECK_THAT(said([&] { io::save_safetensors(folder.path(), x); }),
             ContainsSubstring("is a folder"));
  CHECK_THAT(said([&] { io::save_safetensors("/dev/null", x); }),
             ContainsSubstring("is not a regular file"));
  CHECK_THAT(said([&] {
               io::save_safetensors(folder.file("a"), {{"\xff", ones({1})}});
             }),
             ContainsSubstring("is not UTF-8"));
  CHECK_THROWS_AS(io::save_safetensors(folder.file("a"), {{"__metadata__", ones({1})}}),
                  ValueError);
  CHECK(std::filesystem::is_empty(folder.path()));
}

TEST_CASE("Saving through a symbolic link replaces the file it leads to", "[io][safetensors]") {
  TemporaryFolder folder;
  io::save_safetensors(folder.file("real"), {{"x", zeros({1})}});
  std::filesystem::create_symlink("real", folder.file("link"));
  io::save_safetensors(folder.file("link"), {{"x", ones({1})}});
  CHECK(std::filesystem::is_symlink(folder.file("link")));
  CHECK(io::load_safetensors(folder.file("real")).get<float>("x").item() == 1);
}

TEST_CASE("A tensor dictionary refuses doubles, gaps and wrong types and names near misses",
          "[io][tensor_dict]") {
  TensorDict dict{{"layer.weight", ones({2})}, {"layer.bias", zeros<double>({2})}};
  CHECK(dict.contains("layer.bias"));
  CHECK_FALSE(dict.contains("layer.bia"));
  CHECK(dict.get<float>("layer.weight").shares_storage(dict["layer.weight"].as<float>()));
  CHECK_THAT(message_of<ValueError>([&] { dict.add("layer.bias", ones({1})); }),
             ContainsSubstring("the name 'layer.bias' is taken"));
  CHECK_THAT(message_of<ValueError>([&] { dict.add("x", Tensor()); }),
             ContainsSubstring("the tensor 'x' is undefined"));
  CHECK_THAT(message_of<IndexError>([&] { dict["layer.wieght"]; }),
             ContainsSubstring("no tensor 'layer.wieght' among the 2") &&
                 ContainsSubstring("the closest name is 'layer.weight'"));
  CHECK_THAT(message_of<IndexError>([&] { TensorDict()["x"]; }), ContainsSubstring("is empty"));
  CHECK_THAT(message_of<TypeError>([&] { dict.get<float>("layer.bias"); }),
             ContainsSubstring("'layer.bias' holds float64, not float32"));
  CHECK_THAT(message_of<TypeError>([&] { dict["layer.bias"].as<bool>(); }),
             ContainsSubstring("the tensor holds float64, not bool"));
  CHECK(dict.size() == 2);
}
