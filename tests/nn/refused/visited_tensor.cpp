// refused: a Tensor is not trained. Make the member an nn::Parameter, or write v.buffer
#include <tenon/tenon.hpp>
using namespace tenon;
struct Scale : nn::Module {
  Tensor factor = ones({1});
  void visit(nn::Visitor& v) override { v("factor", factor); }
};
int main() { Scale layer; }
