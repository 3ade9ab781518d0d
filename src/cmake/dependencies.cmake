# Finds what Tenon is built from. A target that the including project made already is taken as it
# is; what is not installed is downloaded only with -DTENON_FETCH_DEPENDENCIES=ON.

include(FetchContent)

# tenon_dependency(<find_package name> TARGET <target> PACKAGE <Debian package>
#                  [REPOSITORY <url> TAG <tag>] [PREFER_CONFIG])
# A macro, because imported targets and their variables must reach the top-level folder.
macro(tenon_dependency name)
  cmake_parse_arguments(tenon_dep "PREFER_CONFIG" "TARGET;PACKAGE;REPOSITORY;TAG" "" ${ARGN})
  if(NOT TARGET ${tenon_dep_TARGET})
    if(tenon_dep_PREFER_CONFIG)
      find_package(${name} QUIET CONFIG)
    else()
      find_package(${name} QUIET)
    endif()
    if(TARGET ${tenon_dep_TARGET})
      # A project that adds Tenon as a subfolder links these too, and from its own folder.
      get_target_property(tenon_dep_imported ${tenon_dep_TARGET} IMPORTED)
      if(tenon_dep_imported)
        set_target_properties(${tenon_dep_TARGET} PROPERTIES IMPORTED_GLOBAL TRUE)
      endif()
    elseif(TENON_FETCH_DEPENDENCIES AND tenon_dep_REPOSITORY)
      message(STATUS "Tenon: downloading ${name} ${tenon_dep_TAG}")
      FetchContent_Declare(
        ${name}
        GIT_REPOSITORY ${tenon_dep_REPOSITORY}
        GIT_TAG ${tenon_dep_TAG}
        GIT_SHALLOW ON)
      FetchContent_MakeAvailable(${name})
    else()
      set(tenon_dep_hint "")
      if(tenon_dep_REPOSITORY)
        set(tenon_dep_hint " or configure with -DTENON_FETCH_DEPENDENCIES=ON to download it")
      endif()
      message(FATAL_ERROR "Tenon needs ${name} (${tenon_dep_TARGET}), which was not found: install "
                          "it (Debian and Ubuntu: ${tenon_dep_PACKAGE})${tenon_dep_hint}.")
    endif()
  endif()
endmacro()

set(THREADS_PREFER_PTHREAD_FLAG ON)
tenon_dependency(Threads TARGET Threads::Threads PACKAGE g++)
tenon_dependency(OpenMP TARGET OpenMP::OpenMP_CXX PACKAGE
                 "g++, or libomp-dev for clang")
tenon_dependency(ZLIB TARGET ZLIB::ZLIB PACKAGE zlib1g-dev)

# Headers alone, which one file of the library includes.
set(EIGEN_BUILD_TESTING OFF)
set(EIGEN_BUILD_DOC OFF)
set(EIGEN_BUILD_PKGCONFIG OFF)
tenon_dependency(
  Eigen3 TARGET Eigen3::Eigen PACKAGE libeigen3-dev PREFER_CONFIG
  REPOSITORY https://gitlab.com/libeigen/eigen.git TAG 3.4.0)

if(TENON_SIMD)
  set(HWY_ENABLE_TESTS OFF)
  set(HWY_ENABLE_EXAMPLES OFF)
  set(HWY_ENABLE_INSTALL OFF)
  tenon_dependency(
    hwy TARGET hwy::hwy PACKAGE libhwy-dev PREFER_CONFIG
    REPOSITORY https://github.com/google/highway.git TAG 1.2.0)
endif()

set(JSON_BuildTests OFF)
set(JSON_Install OFF)
tenon_dependency(
  nlohmann_json TARGET nlohmann_json::nlohmann_json PACKAGE nlohmann-json3-dev
  REPOSITORY https://github.com/nlohmann/json.git TAG v3.11.2)

# Decodes PNG and JPEG, headers only. Without it everything else works, and data::image_folder says
# what is missing; so does -DTENON_STB_INCLUDE_DIR="".
find_path(TENON_STB_INCLUDE_DIR stb_image.h PATH_SUFFIXES stb)
mark_as_advanced(TENON_STB_INCLUDE_DIR)
if(NOT TENON_STB_INCLUDE_DIR)
  message(STATUS "Tenon: no stb_image.h (Debian and Ubuntu: libstb-dev), so no image files")
endif()

if(TENON_BUILD_EXAMPLES)
  tenon_dependency(
    CLI11 TARGET CLI11::CLI11 PACKAGE libcli11-dev PREFER_CONFIG
    REPOSITORY https://github.com/CLIUtils/CLI11.git TAG v2.3.2)
endif()

if(TENON_BUILD_TESTS)
  tenon_dependency(
    Catch2 TARGET Catch2::Catch2 PACKAGE catch2 PREFER_CONFIG
    REPOSITORY https://github.com/catchorg/Catch2.git TAG v3.5.4)
endif()

if(TENON_BUILD_BENCH)
  set(BENCHMARK_ENABLE_TESTING OFF)
  set(BENCHMARK_ENABLE_INSTALL OFF)
  tenon_dependency(
    benchmark TARGET benchmark::benchmark PACKAGE libbenchmark-dev PREFER_CONFIG
    REPOSITORY https://github.com/google/benchmark.git TAG v1.7.1)
endif()
