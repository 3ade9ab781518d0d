#include "tenon/base/error.hpp"

#include <string>

#include "catch.hpp"

using namespace tenon;

TEST_CASE("a message is the op and its parts: text, numbers, shapes, truth", "[base][error]") {
  const std::string name = "weight";
  const std::size_t count = 3;
  try {
    detail::fail<ShapeError>("linear", name, " expects ", count, " features but x is ", Shape{2, 4},
                             ", bias=", true, ", eps=", 1e-5, ", lr=", 0.5f, ", at ", -1);
  } catch (const Error& e) {
    CHECK(
        std::string(e.what()) ==
        "[linear] weight expects 3 features but x is (2, 4), bias=true, eps=1e-05, lr=0.5, at -1");
    CHECK(e.layer_path().empty());
  }
}

TEST_CASE("every kind of error is an Error and a runtime_error", "[base][error]") {
  CHECK_THROWS_AS(detail::fail<ShapeError>("op", "x"), Error);
  CHECK_THROWS_AS(detail::fail<ValueError>("op", "x"), Error);
  CHECK_THROWS_AS(detail::fail<IndexError>("op", "x"), Error);
  CHECK_THROWS_AS(detail::fail<TypeError>("op", "x"), Error);
  CHECK_THROWS_AS(detail::fail<TapeError>("op", "x"), Error);
  CHECK_THROWS_AS(detail::fail<IoError>("op", "x"), std::runtime_error);
}

TEST_CASE("layers add their path from the inside out and describe the innermost", "[base][error]") {
  ShapeError e("[conv2d] bad; hint: good");
  e.enter_layer("conv", "Conv2d(3, 8, 3)");
  CHECK(std::string(e.what()) == "[conv2d] bad; hint: good (in layer conv: Conv2d(3, 8, 3))");
  e.enter_layer("3", "Block");
  CHECK(std::string(e.what()) == "[conv2d] bad; hint: good (in layer 3.conv: Conv2d(3, 8, 3))");
  CHECK(e.layer_path() == "3.conv");
  e.enter_layer("", "Sequential");
  CHECK(e.layer_path() == "3.conv");
}

TEST_CASE("a layer without a name or a description adds what it has", "[base][error]") {
  ValueError unnamed("[op] bad");
  unnamed.enter_layer("", "Linear(1, 2)");
  CHECK(std::string(unnamed.what()) == "[op] bad");
  unnamed.enter_layer("head", "Net");
  CHECK(std::string(unnamed.what()) == "[op] bad (in layer head: Linear(1, 2))");

  ValueError undescribed("[op] bad");
  undescribed.enter_layer("head", "");
  CHECK(std::string(undescribed.what()) == "[op] bad (in layer head)");
}

TEST_CASE("copying an error keeps its layer", "[base][error]") {
  ValueError e("[op] bad");
  e.enter_layer("a", "A");
  const ValueError copy = e;
  CHECK(std::string(copy.what()) == "[op] bad (in layer a: A)");
}
