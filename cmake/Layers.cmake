# One static library for each layer that has sources. Layers are libraries of their own, so that a tool, or the tests of
# a low layer, can be built while a higher layer does not compile. The order, and what may include what, is checked by
# tools/lint_layers.py; it is not restated here, except for the tools below.
set(TYPHON_LAYERS
    base platform value heap threads objects bytecode parser compiler interpreter runtime modules cli)

# Tools: the name of src/<layer>/<file>_main.cpp, and the layers that it links (default: typhon-<layer>-<file>, and all
# layers up to its own).
set(TYPHON_TOOL_parser_dump typhon-ast-dump)
set(TYPHON_TOOL_parser_dump_LAYERS base parser)

if(TYPHON_TESTS)
  enable_testing()
  include(GoogleTest)
  add_executable(typhon_tests)
  target_link_libraries(typhon_tests PRIVATE typhon_options typhon_dependencies GTest::gtest_main)
endif()

set(libraries)       # of the layers so far
set(test_sources)    # of all layers
foreach(layer IN LISTS TYPHON_LAYERS)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/src/${layer}/*.cpp")
  if(TYPHON_LEFT_OUT_SOURCES)
    list(FILTER sources EXCLUDE REGEX "${TYPHON_LEFT_OUT_SOURCES}")
  endif()
  set(tests ${sources})
  set(mains ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  list(FILTER mains INCLUDE REGEX "_main\\.cpp$")
  list(FILTER sources EXCLUDE REGEX "(_test|_main)\\.cpp$")
  list(REMOVE_ITEM sources "${CMAKE_SOURCE_DIR}/src/cli/main.cpp")

  if(sources)
    add_library(typhon_${layer} STATIC ${sources})
    target_link_libraries(typhon_${layer} PUBLIC typhon_options typhon_dependencies)
    list(APPEND libraries typhon_${layer})
  endif()

  foreach(main IN LISTS mains)
    get_filename_component(name "${main}" NAME)
    string(REGEX REPLACE "_main\\.cpp$" "" name "${name}")
    set(tool "typhon-${layer}-${name}")
    if(DEFINED TYPHON_TOOL_${layer}_${name})
      set(tool "${TYPHON_TOOL_${layer}_${name}}")
    endif()
    set(tool_libraries ${libraries})
    if(DEFINED TYPHON_TOOL_${layer}_${name}_LAYERS)
      list(TRANSFORM TYPHON_TOOL_${layer}_${name}_LAYERS PREPEND typhon_ OUTPUT_VARIABLE wanted)
      set(tool_libraries)
      foreach(library IN LISTS wanted)
        if(TARGET ${library})
          list(APPEND tool_libraries ${library})
        endif()
      endforeach()
    endif()
    add_executable(${tool} "${main}")
    target_link_libraries(${tool} PRIVATE typhon_options typhon_dependencies ${tool_libraries})
  endforeach()

  if(tests AND TYPHON_TESTS)
    list(APPEND test_sources ${tests})
    add_library(typhon_${layer}_test_objects OBJECT EXCLUDE_FROM_ALL ${tests})
    target_link_libraries(typhon_${layer}_test_objects PUBLIC typhon_options typhon_dependencies GTest::gtest)
    target_link_libraries(typhon_tests PRIVATE typhon_${layer}_test_objects)
    add_executable(${layer}_tests EXCLUDE_FROM_ALL)
    target_link_libraries(${layer}_tests PRIVATE typhon_${layer}_test_objects ${libraries} GTest::gtest_main)
  endif()
endforeach()

# No instruction is guessed: by the profile alone a handler would compare the next one with those that followed it most often.
if(TYPHON_MODE STREQUAL "release")
  target_compile_options(typhon_interpreter PRIVATE "SHELL:-mllvm -disable-vp" -falign-functions=64)
endif()

if(TYPHON_TESTS)
  target_link_libraries(typhon_tests PRIVATE ${libraries})
  if(TYPHON_LTO)
    target_link_options(typhon_tests PRIVATE -Wl,--lto-O0)  # linked in seconds; what it tests is the source
  endif()
  if(test_sources)
    gtest_discover_tests(typhon_tests DISCOVERY_MODE PRE_TEST PROPERTIES TIMEOUT 120)
  else()
    set_target_properties(typhon_tests PROPERTIES EXCLUDE_FROM_ALL TRUE)
  endif()
endif()

if(EXISTS "${CMAKE_SOURCE_DIR}/src/cli/main.cpp")
  add_executable(typhon "${CMAKE_SOURCE_DIR}/src/cli/main.cpp")
  target_link_libraries(typhon PRIVATE typhon_options typhon_dependencies ${libraries})
  set_target_properties(typhon PROPERTIES LINK_DEPENDS "${TYPHON_ORDER}")
endif()
