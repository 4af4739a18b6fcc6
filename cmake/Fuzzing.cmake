# The fuzzer of tokenizer, parser and compiler (tests/fuzz/compiler). In every mode typhon-fuzz-replay runs kept inputs once; in the mode
# fuzz typhon-fuzz-compiler is the same target under libFuzzer, guided by the branches of the code below.
set(fuzz_folder "${CMAKE_SOURCE_DIR}/tests/fuzz/compiler")

function(typhon_fuzz_executable name)
  add_executable(${name} ${ARGN})
  target_link_libraries(${name} PRIVATE typhon_options typhon_dependencies ${libraries})
  if(TARGET library)
    add_dependencies(${name} library)
  endif()
endfunction()

typhon_fuzz_executable(typhon-fuzz-replay "${fuzz_folder}/target.cpp" "${fuzz_folder}/replay.cpp")

if(TYPHON_MODE STREQUAL "fuzz")
  typhon_fuzz_executable(typhon-fuzz-compiler "${fuzz_folder}/target.cpp")
  target_link_options(typhon-fuzz-compiler PRIVATE -fsanitize=fuzzer)
  # What every program links must link in the others as well: the hooks of the counters are in the sanitizers' runtime.
  foreach(layer IN ITEMS parser compiler)
    target_compile_options(typhon_${layer} PRIVATE -fsanitize=fuzzer-no-link)
  endforeach()
  file(GLOB front_end "${CMAKE_SOURCE_DIR}/src/modules/_ast/*.cpp")
  list(APPEND front_end "${CMAKE_SOURCE_DIR}/src/modules/_symtable.cpp" "${CMAKE_SOURCE_DIR}/src/modules/_tokenize.cpp"
    "${CMAKE_SOURCE_DIR}/src/runtime/compile_source.cpp" "${CMAKE_SOURCE_DIR}/src/bytecode/positions.cpp")
  set_source_files_properties(${front_end} PROPERTIES COMPILE_OPTIONS -fsanitize=fuzzer-no-link)
endif()
