#include <cstdio>
#include <tenon/tenon.hpp>
int main() {
  double x[3] = {1, 2, 3};
  std::printf("%d %g %lu\n", tenon::json_size(77), tenon::kernels::total(x, 3),
              tenon::crc("ab", 2));
  return tenon::kernels::total(x, 3) == 6 ? 0 : 1;
}
