# The lecture ladder: lab/rungs/NAME.c, one rung each, the frame that they report to, lab/frame, and
# their list, lab/rungs.c. One static library, which the command links; with the examples also one
# program for each rung, lab/main.c.
file(GLOB ORE_LECTURE_SOURCES CONFIGURE_DEPENDS lab/rungs/*.c)
file(GLOB ORE_LAB_SOURCES CONFIGURE_DEPENDS lab/frame/*.c lab/rungs.c)
add_library(ore_lab STATIC ${ORE_LAB_SOURCES} ${ORE_LECTURE_SOURCES})
target_include_directories(ore_lab PUBLIC ${PROJECT_SOURCE_DIR})
target_compile_definitions(ore_lab PRIVATE _GNU_SOURCE)
target_link_libraries(ore_lab PUBLIC ore_models ore_static PRIVATE ore_embedded)

if(ORE_EXAMPLES)
  foreach(source ${ORE_LECTURE_SOURCES})
    get_filename_component(name ${source} NAME_WE)
    add_executable(lecture_${name} lab/main.c)
    target_compile_definitions(lecture_${name} PRIVATE LECTURE="${name}")
    target_link_libraries(lecture_${name} PRIVATE ore_lab)
    set_target_properties(lecture_${name} PROPERTIES OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY
                          ${PROJECT_BINARY_DIR}/examples)
  endforeach()
endif()
