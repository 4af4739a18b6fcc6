# The libraries that Typhon stands on. tools/dev setup installs them on Debian.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
# Static where Debian has an archive: a shared library that start-up maps and relocates costs each process memory, used or
# not (libcrypto alone 1.4 MB), and what is linked in costs only the pages that run.
foreach(library IN ITEMS ssl crypto z bz2 lzma expat sqlite3 gmp utf8proc uuid zstd ffi)
  find_library(TYPHON_LIB_${library} NAMES lib${library}.a ${library} REQUIRED)
endforeach()

# libmpdec, for _decimal. Debian 12 lacks it: tools/dev setup unpacks a later one's into build/mpdec. Without it the module is left out,
# and decimal is the one in Python.
find_path(TYPHON_MPDEC_INCLUDE mpdecimal.h HINTS "${CMAKE_SOURCE_DIR}/build/mpdec/usr/include"
  PATH_SUFFIXES "${CMAKE_LIBRARY_ARCHITECTURE}")
find_library(TYPHON_LIB_mpdec NAMES libmpdec.a mpdec HINTS "${CMAKE_SOURCE_DIR}/build/mpdec/usr/lib"
  PATH_SUFFIXES "${CMAKE_LIBRARY_ARCHITECTURE}")
mark_as_advanced(TYPHON_MPDEC_INCLUDE TYPHON_LIB_mpdec)
set(TYPHON_MPDEC_LIBRARY)
set(TYPHON_LEFT_OUT_SOURCES)  # a pattern
if(TYPHON_MPDEC_INCLUDE AND TYPHON_LIB_mpdec)
  set(TYPHON_MPDEC_LIBRARY "${TYPHON_LIB_mpdec}")
  file(GLOB mpdec_sources CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/src/modules/_decimal/*.cpp")
  set_source_files_properties(${mpdec_sources} PROPERTIES COMPILE_OPTIONS "-isystem${TYPHON_MPDEC_INCLUDE}")
  set_source_files_properties("${CMAKE_SOURCE_DIR}/src/modules/registry.cpp" PROPERTIES COMPILE_DEFINITIONS TYPHON_HAVE_MPDEC=1)
else()
  message(STATUS "No libmpdec: _decimal is left out")
  set(TYPHON_LEFT_OUT_SOURCES "/src/modules/_decimal/")
endif()

add_library(typhon_dependencies INTERFACE)
target_link_libraries(typhon_dependencies INTERFACE
  ${TYPHON_LIB_gmp} ${TYPHON_LIB_utf8proc} ${TYPHON_LIB_ssl} ${TYPHON_LIB_crypto} ${TYPHON_LIB_z} ${TYPHON_LIB_bz2} ${TYPHON_LIB_lzma} ${TYPHON_LIB_expat} ${TYPHON_LIB_sqlite3} ${TYPHON_LIB_uuid} ${TYPHON_LIB_zstd} ${TYPHON_LIB_ffi} ${TYPHON_MPDEC_LIBRARY} Threads::Threads ${CMAKE_DL_LIBS})

# For memory that holds no Python objects (parser arenas, buffers). Off by default: Debian's shared library replaces malloc
# of the whole process as soon as it is linked. Never with the sanitizers, which bring an allocator of their own.
option(TYPHON_MIMALLOC "Link mimalloc" OFF)
if(TYPHON_MIMALLOC AND NOT TYPHON_MODE MATCHES "^(asan|fuzz|tsan)$")
  find_package(mimalloc 2.0 REQUIRED)
  target_link_libraries(typhon_dependencies INTERFACE mimalloc)
  target_compile_definitions(typhon_dependencies INTERFACE TYPHON_HAVE_MIMALLOC=1)
endif()

option(TYPHON_TESTS "Build the unit tests" ON)
if(TYPHON_TESTS)
  find_package(GTest REQUIRED)
endif()
