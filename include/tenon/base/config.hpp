#pragma once

/// Version of the library; CMake reads it from here.
#define TENON_VERSION_MAJOR 0
#define TENON_VERSION_MINOR 1
#define TENON_VERSION_PATCH 0

/// Marks what a shared build exports; everything else stays hidden.
#if defined(TENON_SHARED) && defined(_WIN32)
#if defined(TENON_BUILDING)
#define TENON_API __declspec(dllexport)
#else
#define TENON_API __declspec(dllimport)
#endif
#else
#define TENON_API __attribute__((visibility("default")))
#endif
