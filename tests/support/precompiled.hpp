#pragma once

// What takes longest to read of what tests include; see src/precompiled.hpp.

#include <cmath>
#include <string>
#include <vector>

#include "catch.hpp"
#include "tenon/tensor/tensor.hpp"
