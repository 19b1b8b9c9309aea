# kedge_room(NAME SRCS a.cc HDRS a.h DEPS kedge::base ...): library kedge_NAME, alias kedge::NAME.
# Every header in HDRS is also compiled alone by the target all_verify_interface_header_sets.
function(kedge_room name)
  cmake_parse_arguments(ARG "" "" "SRCS;HDRS;DEPS;PRIVATE_DEPS" ${ARGN})
  if(ARG_SRCS)
    add_library(kedge_${name} STATIC ${ARG_SRCS})
    target_sources(kedge_${name} PUBLIC FILE_SET HEADERS BASE_DIRS "${CMAKE_SOURCE_DIR}" FILES ${ARG_HDRS})
    target_link_libraries(kedge_${name} PUBLIC kedge_flags ${ARG_DEPS} PRIVATE ${ARG_PRIVATE_DEPS})
  else()
    add_library(kedge_${name} INTERFACE)
    target_sources(kedge_${name} INTERFACE FILE_SET HEADERS BASE_DIRS "${CMAKE_SOURCE_DIR}" FILES ${ARG_HDRS})
    target_link_libraries(kedge_${name} INTERFACE kedge_flags ${ARG_DEPS})
  endif()
  set_target_properties(kedge_${name} PROPERTIES VERIFY_INTERFACE_HEADER_SETS ON)
  add_library(kedge::${name} ALIAS kedge_${name})
endfunction()

# Where this checkout and its build are, for the tests that need it. A header and no compile
# definition: a file compiled with a path is of no use to the compiler cache of another checkout.
file(CONFIGURE OUTPUT "${CMAKE_BINARY_DIR}/house/folders.h" @ONLY CONTENT
[[#pragma once
#define KEDGE_SOURCE_DIR "@CMAKE_SOURCE_DIR@"
#define KEDGE_BINARY_DIR "@CMAKE_BINARY_DIR@"
]])

# kedge_test(NAME SRCS x_test.cc DEPS ... [LABELS unit|integration] [TIMEOUT seconds] [THREADED]):
# one gtest binary, each case a ctest test. THREADED: of a room with threads of its own; with
# KEDGE_TSAN these alone are built (target threaded_tests) and run (label threads).
add_custom_target(threaded_tests)
function(kedge_test name)
  cmake_parse_arguments(ARG "THREADED" "TIMEOUT" "SRCS;DEPS;LABELS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  if(NOT ARG_LABELS)
    set(ARG_LABELS unit)
  endif()
  if(KEDGE_TSAN)
    set(ARG_LABELS threads)
  endif()
  add_executable(${name} ${ARG_SRCS})
  target_link_libraries(${name} PRIVATE kedge_flags ${ARG_DEPS} GTest::gmock GTest::gtest_main)
  if(ARG_THREADED)
    add_dependencies(threaded_tests ${name})
  elseif(KEDGE_TSAN)
    return()
  endif()
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
    PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS "${ARG_LABELS}")
endfunction()

# kedge_fuzz(NAME SRCS x_fuzz.cc DEPS ... CORPUS tests/corpus/x): the fuzz entry point
# LLVMFuzzerTestOneInput is always linked into a replay test that runs every corpus file (a
# missing or empty corpus fails); with KEDGE_FUZZ it is also built as a libFuzzer binary and run
# for KEDGE_FUZZ_SECONDS (default 10) as the test NAME.fuzz (target fuzz_targets, label fuzz).
add_custom_target(fuzz_targets)
function(kedge_fuzz name)
  cmake_parse_arguments(ARG "" "CORPUS" "SRCS;DEPS" ${ARGN})
  set(corpus "${CMAKE_SOURCE_DIR}/${ARG_CORPUS}")
  add_executable(${name}_replay ${ARG_SRCS} "${CMAKE_SOURCE_DIR}/tests/house/replay_main.cc")
  target_link_libraries(${name}_replay PRIVATE kedge_flags ${ARG_DEPS})
  add_test(NAME ${name}.replay COMMAND ${name}_replay "${corpus}")
  set_tests_properties(${name}.replay PROPERTIES LABELS "unit;fuzz-replay" TIMEOUT 120)
  if(KEDGE_FUZZ)
    add_executable(${name} ${ARG_SRCS})
    target_link_libraries(${name} PRIVATE kedge_flags ${ARG_DEPS})
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    add_dependencies(fuzz_targets ${name})
    add_test(NAME ${name}.fuzz
      COMMAND "${CMAKE_SOURCE_DIR}/tests/house/run_fuzz.sh" $<TARGET_FILE:${name}>
              "${CMAKE_BINARY_DIR}/fuzz-work/${name}" "${corpus}")
    set_tests_properties(${name}.fuzz PROPERTIES LABELS "fuzz" TIMEOUT 900)
  endif()
endfunction()
