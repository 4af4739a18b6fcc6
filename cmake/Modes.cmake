# The build modes. Each is a preset of the same name; CMAKE_BUILD_TYPE is not used.
#
#   dev       -O1 with assertions and line tables (below -O1, tail calls in the interpreter are too slow to be usable)
#   release   -O2 without assertions
#   checking  -O1, TYPHON_CHECKING: ownership rules are verified at every store, freed memory is poisoned
#   counting  -O2, TYPHON_COUNTING: counts atomic read-modify-writes and lock acquisitions
#   asan      AddressSanitizer and UBSan without the checks that tagged pointers break by design
#   fuzz      the same; the layers that libFuzzer looks at count their branches (cmake/Fuzzing.cmake)
#   tsan      ThreadSanitizer
set(TYPHON_MODES dev release checking counting asan fuzz tsan)
set(TYPHON_MODE "dev" CACHE STRING "One of: ${TYPHON_MODES}")
set_property(CACHE TYPHON_MODE PROPERTY STRINGS ${TYPHON_MODES})
option(TYPHON_LTO "Link with ThinLTO (the preset release does)" OFF)

if(NOT TYPHON_MODE IN_LIST TYPHON_MODES)
  message(FATAL_ERROR "TYPHON_MODE is '${TYPHON_MODE}'; it must be one of: ${TYPHON_MODES}")
endif()
if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang" OR CMAKE_CXX_COMPILER_VERSION VERSION_LESS 19)
  message(FATAL_ERROR "Typhon needs clang 19 or later (preserve_none, musttail); use a preset, or tools/dev build")
endif()

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS ON)
# Release binaries are linked at a fixed address, as Debian's Python is: no relocations to apply (and dirty pages for them)
# at every start, no detours to the VM's own globals.
if(TYPHON_MODE MATCHES "^(release|counting)$")
  set(CMAKE_POSITION_INDEPENDENT_CODE OFF)
else()
  set(CMAKE_POSITION_INDEPENDENT_CODE ON)
endif()

add_library(typhon_options INTERFACE)
target_include_directories(typhon_options INTERFACE "${CMAKE_SOURCE_DIR}/src")
target_compile_options(typhon_options INTERFACE
  # Members that are read and written by functions (Tuple::size).
  -fdeclspec
  -fno-exceptions -fno-rtti -fno-strict-aliasing -fvisibility=hidden
  # A value that is dropped without a look may be an exception that is lost.
  -Wall -Wextra -Werror=return-type -Werror=unused-result
  -Wno-unused-parameter -Wno-unused-value -Wno-missing-field-initializers -Wno-c99-designator -Wno-gnu-statement-expression -Wno-invalid-offsetof
  # No absolute paths in binaries.
  "-ffile-prefix-map=${CMAKE_SOURCE_DIR}=.")
target_compile_definitions(typhon_options INTERFACE TYPHON_VERSION="${PROJECT_VERSION}")
target_link_options(typhon_options INTERFACE -fuse-ld=lld)
if(TYPHON_MODE MATCHES "^(release|counting)$")
  target_compile_options(typhon_options INTERFACE -fno-pie -ffunction-sections -fdata-sections)
  target_link_options(typhon_options INTERFACE -no-pie -static-libstdc++ -static-libgcc -Wl,--gc-sections)
endif()
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$")
  # Tuned for no machine in particular: by itself x86-64-v2 means an Intel of 2011, whose rotation by `shld` is slow elsewhere
  # (every float operation and every store into a register rotates).
  target_compile_options(typhon_options INTERFACE -march=x86-64-v2 -mtune=generic)
endif()

if(TYPHON_MODE STREQUAL "release")
  target_compile_options(typhon_options INTERFACE -O2)
  target_compile_definitions(typhon_options INTERFACE NDEBUG)
elseif(TYPHON_MODE STREQUAL "counting")
  target_compile_options(typhon_options INTERFACE -O2 -gline-tables-only)
  target_compile_definitions(typhon_options INTERFACE NDEBUG TYPHON_COUNTING=1)
else()
  target_compile_options(typhon_options INTERFACE -O1 -gline-tables-only)
endif()
if(NOT TYPHON_MODE STREQUAL "release")
  target_compile_options(typhon_options INTERFACE -fno-omit-frame-pointer)
endif()

if(TYPHON_MODE STREQUAL "checking")
  target_compile_definitions(typhon_options INTERFACE TYPHON_CHECKING=1)
elseif(TYPHON_MODE MATCHES "^(asan|fuzz)$")
  # Off: what a tagged word looks like to a sanitizer that expects plain pointers (alignment, pointer-overflow,
  # object-size, null), and checks that need RTTI (vptr) or a prologue before every function (function).
  set(sanitizers -fsanitize=address,undefined
      -fno-sanitize=alignment,pointer-overflow,object-size,null,vptr,function -fno-sanitize-recover=undefined)
  target_compile_options(typhon_options INTERFACE ${sanitizers})
  target_link_options(typhon_options INTERFACE ${sanitizers})
  target_compile_definitions(typhon_options INTERFACE TYPHON_ASAN=1)
elseif(TYPHON_MODE STREQUAL "tsan")
  target_compile_options(typhon_options INTERFACE -fsanitize=thread)
  target_link_options(typhon_options INTERFACE -fsanitize=thread)
  target_compile_definitions(typhon_options INTERFACE TYPHON_TSAN=1)
endif()

# Release builds are laid out and inlined by a profile of what runs how often, which `tools/dev profile` records. Functions that changed
# since then are compiled as without.
set(TYPHON_PROFILE "" CACHE STRING "empty: cmake/profile.tar.xz; `none`; `generate`: record one; or a file to optimise by")
set(profile_archive "${CMAKE_SOURCE_DIR}/cmake/profile.tar.xz")
if(TYPHON_PROFILE STREQUAL "generate")
  target_compile_options(typhon_options INTERFACE "-fprofile-generate=${CMAKE_BINARY_DIR}/profiles")
  target_link_options(typhon_options INTERFACE "-fprofile-generate=${CMAKE_BINARY_DIR}/profiles")
  target_compile_definitions(typhon_options INTERFACE TYPHON_PROFILE_GENERATE=1)
elseif(TYPHON_MODE STREQUAL "release" AND NOT TYPHON_PROFILE STREQUAL "none")
  set(profile "${TYPHON_PROFILE}")
  if(NOT profile)
    # The path names the contents, so that another profile compiles everything anew; it is relative to the build folder, so that ccache
    # finds what another checkout has compiled.
    file(SHA256 "${profile_archive}" profile_hash)
    string(SUBSTRING "${profile_hash}" 0 12 profile_hash)
    set(profile "profile-${profile_hash}/typhon.profdata")
    file(ARCHIVE_EXTRACT INPUT "${profile_archive}" DESTINATION "${CMAKE_BINARY_DIR}/profile-${profile_hash}")
    set_property(DIRECTORY "${CMAKE_SOURCE_DIR}" APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${profile_archive}")
  endif()
  target_compile_options(typhon_options INTERFACE "-fprofile-use=${profile}" -Wno-profile-instr-out-of-date
    -Wno-profile-instr-unprofiled -Wno-backend-plugin)
endif()

# Functions and tables that programs use lie together, so that few pages become resident: tools/order-symbols. What the file does not
# name comes behind.
set(TYPHON_ORDER "${CMAKE_SOURCE_DIR}/cmake/order.txt")
if(TYPHON_MODE STREQUAL "release" AND NOT TYPHON_PROFILE STREQUAL "generate")
  # -O0 is the linker's: merged, the string literals would lie in the order of their hashes, and start-up would touch them all over.
  target_link_options(typhon_options INTERFACE "-Wl,--symbol-ordering-file=${TYPHON_ORDER}" -Wl,--no-warn-symbol-ordering -Wl,-O0)
endif()

# Functions of other files are inlined when they are small, or hot by the profile (ten times this limit): a larger limit makes programs
# 3 % quicker and 1 MB bigger. Local functions that other files come to use are named after their file, not after its contents: cmake/order.txt
# names them.
if(TYPHON_LTO)
  target_compile_options(typhon_options INTERFACE -flto=thin)
  target_link_options(typhon_options INTERFACE
    -flto=thin "-Wl,--thinlto-cache-dir=${CMAKE_BINARY_DIR}/lto-cache"
    "-Wl,--thinlto-cache-policy=cache_size_bytes=500m" -Wl,--thinlto-jobs=all -Wl,-mllvm,-import-instr-limit=20
    -Wl,-mllvm,-use-source-filename-for-promoted-locals)
endif()
