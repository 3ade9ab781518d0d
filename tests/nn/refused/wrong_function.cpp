// refused: nn::Lambda takes a function Tensor.const Tensor&.
#include <tenon/tenon.hpp>
using namespace tenon;
int main() {
  nn::Lambda layer([](int x) { return x; });
}
