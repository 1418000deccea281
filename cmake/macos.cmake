# macos.cmake: the toolchain of scripts/check-macos.sh: zig's C compiler, which has macOS's headers and
# the names of its system library. It finds out whether Ore compiles there; nothing runs.
set(CMAKE_SYSTEM_NAME Darwin)
set(CMAKE_SYSTEM_PROCESSOR $ENV{ORE_MACOS_PROCESSOR})
set(CMAKE_C_COMPILER $ENV{ORE_MACOS_TOOLS}/cc)
set(CMAKE_AR $ENV{ORE_MACOS_TOOLS}/ar)
set(CMAKE_RANLIB $ENV{ORE_MACOS_TOOLS}/ranlib)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
