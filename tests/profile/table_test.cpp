// The text, from lines with known numbers.

#include "profile/report.hpp"
#include "profile_support.hpp"

using namespace tenon;
using namespace tenon::test;
using Kind = ProfileEntry::Kind;

namespace {

ProfileEntry layer(int depth, const char* path, const char* description) {
  ProfileEntry e;
  e.kind = Kind::layer;
  e.depth = depth;
  e.layer = path;
  e.description = description;
  return e;
}

ProfileEntry step(Kind kind, int depth, const char* name) {
  ProfileEntry e;
  e.kind = kind;
  e.depth = depth;
  e.name = name;
  return e;
}

std::vector<ProfileEntry> entries() {
  auto net = layer(0, "", "Sequential()");
  net.forward = {10, 0.010, 3000000000, 20000000, 1500000, 0.004};
  net.backward = {0, 0.020, 6000000000, 40000000, 0, 0.008};
  net.self_seconds = 0.001;
  auto conv = layer(1, "0", "Conv2d(1 -> 8, kernel 3)");
  conv.forward = net.forward;
  conv.self_seconds = 0.010;
  auto conv_op = step(Kind::operation, 2, "conv2d");
  conv_op.forward = net.forward;
  auto block = layer(1, "1", "Block()");
  block.forward = {10, 0.002};
  auto add = step(Kind::operation, 2, "add");
  add.forward = {20, 0.001, 0, 4000000, 0, 0};
  auto range = step(Kind::range, 2, "mixing");
  range.forward = {10, 0.001, 7, 7, 0, 0};
  auto sweep = step(Kind::operation, 0, "gradients");
  sweep.backward = {10, 0.003};
  auto adam = step(Kind::optimizer, 0, "Adam.step");
  adam.forward = {10, 0.004};
  auto rest = step(Kind::elsewhere, 0, "");
  rest.forward = {0, 0.013};
  rest.self_seconds = 0.013;
  return {net, conv, conv_op, block, add, range, sweep, adam, rest};
}

}  // namespace

TEST_CASE("the table aligns names and numbers", "[profile][table]") {
  MachineLimits limits;
  limits.threads = 2;
  limits.float_flops = 200e9;
  limits.double_flops = 100e9;
  limits.copy_bytes[4] = 25.4e9;
  CHECK("\n" + detail::profile_table(entries(), 0.05, &limits) == R"(
50.000 ms; 2 threads: at most 200 GFLOP/s in float, 100 in double, 25.4 GB/s from memory
layer or operation                     calls  total ms  forward  backward    self  % time  GFLOP/s  GB/s  % peak  MB alloc
Sequential()                              10    30.000   10.000    20.000   1.000    60.0    300.0   2.0      40      1.50
  0  Conv2d(1 -> 8, kernel 3): conv2d     10    10.000   10.000         -  10.000    20.0    300.0   2.0      40      1.50
  1  Block()                              10     2.000    2.000         -   0.000     4.0        -     -       -      0.00
    add                                   20     1.000    1.000         -   0.000     2.0        -   4.0       -      0.00
    mixing                                10     1.000        -         -   0.000     2.0        -     -       -      0.00
gradients                                 10     3.000        -     3.000   0.000     6.0        -     -       -      0.00
Adam.step                                 10     4.000        -         -   0.000     8.0        -     -       -      0.00
(elsewhere)                                -    13.000        -         -  13.000    26.0        -     -       -      0.00
)");
}

TEST_CASE("the table of nothing has its head, and says that limits are not known",
          "[profile][table]") {
  CHECK("\n" + detail::profile_table({}, 0, nullptr) == R"(
0.000 ms; limits not measured
layer or operation  calls  total ms  forward  backward  self  % time  GFLOP/s  GB/s  % peak  MB alloc
)");
  const std::string one = detail::profile_table({step(Kind::elsewhere, 0, "")}, 0, nullptr);
  CHECK(one.find("nan") == std::string::npos);
}

TEST_CASE("bandwidth is that of the cache that holds the data", "[profile][table]") {
  MachineLimits limits;
  for (int i = 0; i < 5; ++i) limits.copy_bytes[i] = 5 - i;
  CHECK(limits.bandwidth(0) == 5);
  CHECK(limits.bandwidth(16e3) == 5);
  CHECK(limits.bandwidth(17e3) == 4);
  CHECK(limits.bandwidth(16e6) == 2);
  CHECK(limits.bandwidth(1e12) == 1);
  CHECK(limits.memory_bytes() == 1);
}

TEST_CASE("limits are measured once", "[profile][table]") {
  const MachineLimits first = machine_limits(2), again = machine_limits(2);
  CHECK(first.threads == 2);
  CHECK(first.float_flops > 0);
  CHECK(first.float_flops == again.float_flops);
  CHECK(first.memory_bytes() == again.memory_bytes());
  CHECK(machine_limits(1).threads == 1);
}
