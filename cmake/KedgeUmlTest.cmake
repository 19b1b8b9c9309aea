# kedge_uml_test(NAME SRCS x_uml_test.cc DEPS ... [DISKS MiB ...] [TIMEOUT seconds]): a gtest binary
# that runs as root inside User-mode Linux (tests/uml/run), one kernel and empty disks of its own a
# case.
function(kedge_uml_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SRCS;DEPS;DISKS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  # The harness ends first, so that the kernel's console is in the report.
  math(EXPR inner "${ARG_TIMEOUT} - 10")
  list(TRANSFORM ARG_DISKS PREPEND "--disk=")
  add_executable(${name} ${ARG_SRCS})
  target_link_libraries(${name} PRIVATE kedge_flags ${ARG_DEPS} GTest::gmock GTest::gtest_main)
  set_target_properties(${name} PROPERTIES CROSSCOMPILING_EMULATOR
    "${CMAKE_SOURCE_DIR}/tests/uml/run;${ARG_DISKS};--timeout;${inner};--")
  if(KEDGE_SANITIZE)
    # A process of User-mode Linux has 512 GiB of address space; AddressSanitizer's shadow needs
    # more. The binary is built and stays unregistered.
    message(STATUS "${name} does not run under AddressSanitizer")
    return()
  endif()
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
    PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS integration RUN_SERIAL ON)
endfunction()

# kedge_uml_program_test(NAME PROGRAM target [ARGUMENTS ...] DISKS MiB ... [MEMORY MiB]
# [TIMEOUT seconds] LABELS label): one test that is a program of its own, likewise.
function(kedge_uml_program_test name)
  cmake_parse_arguments(ARG "" "PROGRAM;MEMORY;TIMEOUT" "ARGUMENTS;DISKS;LABELS" ${ARGN})
  if(KEDGE_SANITIZE)
    message(STATUS "${name} does not run under AddressSanitizer")
    return()
  endif()
  math(EXPR inner "${ARG_TIMEOUT} - 10")
  list(TRANSFORM ARG_DISKS PREPEND "--disk=")
  add_test(NAME ${name}
    COMMAND "${CMAKE_SOURCE_DIR}/tests/uml/run" ${ARG_DISKS} --memory ${ARG_MEMORY}
            --timeout ${inner} -- $<TARGET_FILE:${ARG_PROGRAM}> ${ARG_ARGUMENTS})
  set_tests_properties(${name} PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS "${ARG_LABELS}"
    RUN_SERIAL ON)
endfunction()
