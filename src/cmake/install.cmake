# Installs the library, its headers, the CMake package `Tenon` and tenon.pc.

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(tenon_package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/Tenon")

install(
  TARGETS tenon
  EXPORT TenonTargets
  ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}"
  LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}"
  RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}"
  INCLUDES
  DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/tenon" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(
  EXPORT TenonTargets
  NAMESPACE tenon::
  DESTINATION "${tenon_package_dir}")

# Used by both templates: the OpenMP runtime whose entry points the objects call.
set(TENON_OPENMP_COMPILER "${CMAKE_CXX_COMPILER_ID}")
list(GET OpenMP_CXX_LIB_NAMES 0 TENON_OPENMP_RUNTIME)
set(TENON_OPENMP_RUNTIME_PATH "${OpenMP_${TENON_OPENMP_RUNTIME}_LIBRARY}")
get_filename_component(TENON_OPENMP_RUNTIME_DIR "${TENON_OPENMP_RUNTIME_PATH}" DIRECTORY)
if(BUILD_SHARED_LIBS)
  set(TENON_IS_SHARED ON)
  set(TENON_PC_CFLAGS " -DTENON_SHARED")
else()
  set(TENON_IS_SHARED OFF)
  set(TENON_PC_CFLAGS "")
endif()

configure_package_config_file(
  "${CMAKE_CURRENT_LIST_DIR}/TenonConfig.cmake.in" "${PROJECT_BINARY_DIR}/TenonConfig.cmake"
  INSTALL_DESTINATION "${tenon_package_dir}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/TenonConfigVersion.cmake"
                                 COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/TenonConfig.cmake"
              "${PROJECT_BINARY_DIR}/TenonConfigVersion.cmake" DESTINATION "${tenon_package_dir}")

# tenon.pc finds its prefix from where it lies, so that an installed tree can be moved; an absolute
# library folder (some distributions set one) must not be glued to the prefix.
if(IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}")
  set(TENON_PC_PREFIX "${CMAKE_INSTALL_PREFIX}")
else()
  file(RELATIVE_PATH tenon_pc_up "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
  set(TENON_PC_PREFIX "\${pcfiledir}/${tenon_pc_up}")
endif()
foreach(dir LIBDIR INCLUDEDIR)
  if(IS_ABSOLUTE "${CMAKE_INSTALL_${dir}}")
    set(TENON_PC_${dir} "${CMAKE_INSTALL_${dir}}")
  else()
    set(TENON_PC_${dir} "\${prefix}/${CMAKE_INSTALL_${dir}}")
  endif()
endforeach()
configure_file("${CMAKE_CURRENT_LIST_DIR}/tenon.pc.in" "${PROJECT_BINARY_DIR}/tenon.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/tenon.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
