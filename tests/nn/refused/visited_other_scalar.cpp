// refused: this layer has not the same scalar type as the module
#include <tenon/tenon.hpp>
using namespace tenon;
struct Net : nn::Module {
  nn::BasicLinear<double> fc{2, 2};
  void visit(nn::Visitor& v) override { v("fc", fc); }
};
int main() { Net net; }
