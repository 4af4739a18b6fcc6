# The libraries that Typhon stands on. tools/dev setup installs them on Debian.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto)
find_package(ZLIB REQUIRED)
pkg_check_modules(GMP REQUIRED IMPORTED_TARGET gmp)
pkg_check_modules(UTF8PROC REQUIRED IMPORTED_TARGET libutf8proc)

add_library(typhon_dependencies INTERFACE)
target_link_libraries(typhon_dependencies INTERFACE
  PkgConfig::GMP PkgConfig::UTF8PROC OpenSSL::Crypto ZLIB::ZLIB Threads::Threads ${CMAKE_DL_LIBS})

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
