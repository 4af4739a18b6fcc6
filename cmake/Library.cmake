# The library folder next to the binary: CPython's pure-Python library (fetched by tools/dev setup) overlaid with lib/.
set(TYPHON_STDLIB "${CMAKE_SOURCE_DIR}/build/stdlib/python3.14" CACHE PATH "Folder of CPython 3.14's library")
set(library_folder "${CMAKE_BINARY_DIR}/lib/python3.14")

if(EXISTS "${TYPHON_STDLIB}/os.py")
  file(GLOB_RECURSE own_files CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/lib/*")
  list(FILTER own_files EXCLUDE REGEX "/__pycache__/")
  add_custom_command(
    OUTPUT "${CMAKE_BINARY_DIR}/lib/.stamp"
    COMMAND "${CMAKE_SOURCE_DIR}/tools/link-library" "${TYPHON_STDLIB}" "${CMAKE_SOURCE_DIR}/lib" "${library_folder}"
    COMMAND "${CMAKE_COMMAND}" -E touch "${CMAKE_BINARY_DIR}/lib/.stamp"
    DEPENDS "${CMAKE_SOURCE_DIR}/tools/link-library" "${TYPHON_STDLIB}/os.py" ${own_files}
    COMMENT "Linking the standard library" VERBATIM)
  add_custom_target(library ALL DEPENDS "${CMAKE_BINARY_DIR}/lib/.stamp")
  if(TARGET typhon)
    add_dependencies(typhon library)
  endif()
else()
  message(WARNING "No standard library in ${TYPHON_STDLIB}: run tools/dev setup, then configure again")
endif()
