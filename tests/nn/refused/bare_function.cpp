// refused: nn::Sequential takes layers; wrap a function in nn::Lambda
#include <tenon/tenon.hpp>
using namespace tenon;
int main() {
  nn::Sequential net{nn::Linear(2, 2), [](const Tensor& x) { return x * 2; }};
}
