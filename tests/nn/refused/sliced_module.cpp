// refused: is protected|protected constructor|protected within this context
#include <tenon/tenon.hpp>
using namespace tenon;
int main() {
  nn::Sequential net{nn::Linear(2, 2), nn::ReLU()};
  auto layer = net[0];
}
