# Other libraries in tenon_bench, each where it is found; none is ever needed.

include(CheckCXXCompilerFlag)

target_sources(tenon_bench PRIVATE peers/peer.cpp)

# tenon_peer(<stem> [libraries]): compiles peers/<stem>.cpp in.
function(tenon_peer stem)
  message(STATUS "Tenon: ${stem} takes part in the benchmarks")
  target_sources(tenon_bench PRIVATE peers/${stem}.cpp)
  target_link_libraries(tenon_bench PRIVATE ${ARGN})
endfunction()

# Beside OpenBLAS' own openblas_config.h lies its cblas.h; another BLAS' one knows no threads.
find_path(TENON_OPENBLAS_INCLUDE openblas_config.h
          PATH_SUFFIXES openblas openblas-pthread openblas-openmp)
find_library(TENON_OPENBLAS_LIBRARY openblas PATH_SUFFIXES openblas-pthread openblas-openmp)
mark_as_advanced(TENON_OPENBLAS_INCLUDE TENON_OPENBLAS_LIBRARY)
if(TENON_OPENBLAS_INCLUDE AND TENON_OPENBLAS_LIBRARY)
  set_source_files_properties(peers/openblas.cpp PROPERTIES INCLUDE_DIRECTORIES
                                                            "${TENON_OPENBLAS_INCLUDE}")
  tenon_peer(openblas "${TENON_OPENBLAS_LIBRARY}")
endif()

find_package(Eigen3 QUIET CONFIG)
if(TARGET Eigen3::Eigen)
  check_cxx_compiler_flag(-march=native TENON_HAS_MARCH_NATIVE)
  set(options -O3)
  if(TENON_HAS_MARCH_NATIVE)
    list(APPEND options -march=native)
  endif()
  # g++'s own AVX-512 intrinsics leave values undefined on purpose.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    list(APPEND options -Wno-maybe-uninitialized)
  endif()
  set_source_files_properties(peers/eigen.cpp PROPERTIES COMPILE_OPTIONS "${options}")
  tenon_peer(eigen Eigen3::Eigen OpenMP::OpenMP_CXX)
endif()

# Version 3 changed how primitives are described.
find_package(dnnl 3 QUIET CONFIG)
if(TARGET DNNL::dnnl)
  tenon_peer(onednn DNNL::dnnl OpenMP::OpenMP_CXX)
endif()
