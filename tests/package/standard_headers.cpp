// The yardstick of the budgets: a file of standard headers, compiled beside what is measured, so
// that a slow or busy machine slows both.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <vector>

int main() { std::puts("headers"); }
