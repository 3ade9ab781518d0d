// refused: this layer cannot be moved without copying it, most likely because it has a destructor
#include <tenon/tenon.hpp>
using namespace tenon;
struct Closes : nn::Module {
  nn::Linear fc{2, 2};
  ~Closes() override {}
};
int main() { nn::Sequential net{Closes(), nn::ReLU()}; }
