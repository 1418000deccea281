# install.cmake: the library, its headers and the command; found with pkg-config and find_package.
include(CMakePackageConfigHelpers)

install(TARGETS ore_shared ore_static EXPORT oreTargets
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
if(TARGET ore)
  install(TARGETS ore RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
install(DIRECTORY include/ore DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/ore)

set(ORE_PACKAGE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/ore)
set_target_properties(ore_shared PROPERTIES EXPORT_NAME ore)
install(EXPORT oreTargets NAMESPACE ore:: DESTINATION ${ORE_PACKAGE_DIR})
configure_package_config_file(cmake/oreConfig.cmake.in oreConfig.cmake
                              INSTALL_DESTINATION ${ORE_PACKAGE_DIR})
write_basic_package_version_file(oreConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/oreConfig.cmake
              ${CMAKE_CURRENT_BINARY_DIR}/oreConfigVersion.cmake DESTINATION ${ORE_PACKAGE_DIR})

# The prefix follows the file, since it may be named at install time only or move afterwards. A
# library folder outside the prefix leaves none to follow.
if(IS_ABSOLUTE ${CMAKE_INSTALL_LIBDIR})
  set(ORE_PC_PREFIX ${CMAKE_INSTALL_PREFIX})
else()
  file(RELATIVE_PATH up /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
  string(REGEX REPLACE "/$" "" ORE_PC_PREFIX "\${pcfiledir}/${up}")
endif()
foreach(dir LIBDIR INCLUDEDIR)
  set(ORE_PC_${dir} ${CMAKE_INSTALL_${dir}})
  if(NOT IS_ABSOLUTE ${CMAKE_INSTALL_${dir}})
    set(ORE_PC_${dir} "\${prefix}/${CMAKE_INSTALL_${dir}}")
  endif()
endforeach()
configure_file(cmake/ore.pc.in ore.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/ore.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
