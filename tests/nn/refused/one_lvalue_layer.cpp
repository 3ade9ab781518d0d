// refused: this one has a name: write std::move.layer. to give it away, or clone.layer.
#include <tenon/tenon.hpp>
using namespace tenon;
int main() {
  nn::Linear layer(2, 2);
  nn::Sequential net{layer};
}
