# Compiles through ccache where it is installed. Paths are hashed relative to the source folder, so that several working
# trees share their results.
option(TYPHON_CCACHE "Compile through ccache when it is installed" ON)
find_program(TYPHON_CCACHE_PROGRAM ccache)
mark_as_advanced(TYPHON_CCACHE_PROGRAM)

if(TYPHON_CCACHE AND TYPHON_CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER
      env "CCACHE_BASEDIR=${CMAKE_SOURCE_DIR}" CCACHE_NOHASHDIR=true "${TYPHON_CCACHE_PROGRAM}")
endif()
