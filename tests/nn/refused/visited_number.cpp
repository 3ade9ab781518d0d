// refused: takes a layer, an nn::Parameter, or a std::vector or std::array of these
#include <tenon/tenon.hpp>
using namespace tenon;
struct Scale : nn::Module {
  double factor = 1;
  void visit(nn::Visitor& v) override { v("factor", factor); }
};
int main() { Scale layer; }
