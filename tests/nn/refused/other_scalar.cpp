// refused: this layer has not the same scalar type as the Sequential
#include <tenon/tenon.hpp>
using namespace tenon;
int main() { nn::Sequential net{nn::Linear(2, 2), nn::BasicLinear<double>(2, 2)}; }
