# The libraries that Typhon stands on. tools/dev setup installs them on Debian.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
# Static where Debian has an archive: a shared library that start-up maps and relocates costs each process memory, used or
# not (libcrypto alone 1.4 MB), and what is linked in costs only the pages that run.
foreach(library IN ITEMS ssl crypto z bz2 lzma expat sqlite3 gmp utf8proc uuid zstd ffi)
  find_library(TYPHON_LIB_${library} NAMES lib${library}.a ${library} REQUIRED)
endforeach()

add_library(typhon_dependencies INTERFACE)
target_link_libraries(typhon_dependencies INTERFACE
  ${TYPHON_LIB_gmp} ${TYPHON_LIB_utf8proc} ${TYPHON_LIB_ssl} ${TYPHON_LIB_crypto} ${TYPHON_LIB_z} ${TYPHON_LIB_bz2} ${TYPHON_LIB_lzma} ${TYPHON_LIB_expat} ${TYPHON_LIB_sqlite3} ${TYPHON_LIB_uuid} ${TYPHON_LIB_zstd} ${TYPHON_LIB_ffi} Threads::Threads ${CMAKE_DL_LIBS})

# For memory that holds no Python objects (parser arenas, buffers). Off by default: Debian's shared library replaces malloc
# of the whole process as soon as it is linked. Never with the sanitizers, which bring an allocator of their own.
option(TYPHON_MIMALLOC "Link mimalloc" OFF)
if(TYPHON_MIMALLOC AND NOT TYPHON_MODE MATCHES "^(asan|tsan)$")
  find_package(mimalloc 2.0 REQUIRED)
  target_link_libraries(typhon_dependencies INTERFACE mimalloc)
  target_compile_definitions(typhon_dependencies INTERFACE TYPHON_HAVE_MIMALLOC=1)
endif()

option(TYPHON_TESTS "Build the unit tests" ON)
if(TYPHON_TESTS)
  find_package(GTest REQUIRED)
endif()
