#include "tenon/base/isa.hpp"

#include <cstdlib>
#include <string>

#include "catch.hpp"
#include "tenon/base/show_config.hpp"

using namespace tenon;

TEST_CASE("the instruction set is the one asked for, and show_config names it", "[base][isa]") {
  const std::string name = to_string(isa());
  const char* wanted = std::getenv("TENON_ISA");
  if (wanted != nullptr && *wanted != '\0' && isa() != Isa::portable && isa() != Isa::native) {
    CHECK(name == wanted);
  }
  CHECK(isa() == isa());
  CHECK(show_config().find("kernels: " + name) != std::string::npos);
}
