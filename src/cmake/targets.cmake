# What every target of ours gets: C++20 without extensions and our warnings. Nothing here is
# global, and nothing reaches the targets of a project that uses Tenon.

function(tenon_own_target target)
  target_compile_features(${target} PRIVATE cxx_std_20)
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF)
  target_compile_options(
    ${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wconversion
                      $<$<BOOL:${TENON_WERROR}>:-Werror>)
endfunction()

# Folders below `parent` (a path), sorted; a folder that appears later triggers a new configure.
function(tenon_subfolders out parent)
  file(GLOB entries CONFIGURE_DEPENDS LIST_DIRECTORIES ON "${parent}/*")
  set(folders "")
  foreach(entry IN LISTS entries)
    if(IS_DIRECTORY "${entry}")
      get_filename_component(name "${entry}" NAME)
      list(APPEND folders ${name})
    endif()
  endforeach()
  set(${out} ${folders} PARENT_SCOPE)
endfunction()

# Environment of every test run: in a sanitizer's build its options, and for the thread sanitizer
# Archer, which teaches it what OpenMP's barriers order.
set(tenon_test_environment "")
if(CMAKE_CXX_FLAGS MATCHES "-fsanitize=thread")
  get_filename_component(tenon_libomp "${OpenMP_omp_LIBRARY}" REALPATH)
  get_filename_component(tenon_libomp_dir "${tenon_libomp}" DIRECTORY)
  find_library(TENON_ARCHER NAMES archer HINTS "${tenon_libomp_dir}" REQUIRED)
  list(APPEND tenon_test_environment "OMP_TOOL_LIBRARIES=${TENON_ARCHER}"
       "TSAN_OPTIONS=ignore_noninstrumented_modules=1:halt_on_error=1:second_deadlock_stack=1")
elseif(CMAKE_CXX_FLAGS MATCHES "-fsanitize=.*address")
  list(APPEND tenon_test_environment "UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1")
endif()
