# Language level, warnings, hardening and build-mode switches shared by every target.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo)
endif()

option(KEDGE_SANITIZE "Build with AddressSanitizer and UBSan" OFF)
option(KEDGE_COVERAGE "Build for gcov, with the target coverage_summary" OFF)
option(KEDGE_TSAN "Build with ThreadSanitizer (clang only)" OFF)
option(KEDGE_FUZZ "Build the libFuzzer targets (clang only)" OFF)

add_library(kedge_flags INTERFACE)
target_include_directories(kedge_flags INTERFACE "${CMAKE_SOURCE_DIR}" "${CMAKE_BINARY_DIR}")
target_compile_options(kedge_flags INTERFACE
  -Wall -Wextra -Wconversion -Wshadow -Werror
  -fstack-protector-strong -fno-omit-frame-pointer)
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  target_compile_options(kedge_flags INTERFACE -Wthread-safety)
else()
  # False alarms of g++ 12 at -O2 inside its own headers: on std::string (its bug 105651) and on
  # moved std::variants (105562).
  target_compile_options(kedge_flags INTERFACE
    $<$<CONFIG:Release>:-Wno-error=restrict;-Wno-error=maybe-uninitialized>)
endif()
if(KEDGE_SANITIZE)
  target_compile_options(kedge_flags INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=all)
  target_link_options(kedge_flags INTERFACE -fsanitize=address,undefined)
elseif(KEDGE_TSAN)
  # What Debian's Abseil does not tell the sanitizer: tests/tsan/absl_shim.cc.
  target_compile_options(kedge_flags INTERFACE -fsanitize=thread)
  target_link_options(kedge_flags INTERFACE -fsanitize=thread)
  target_link_libraries(kedge_flags INTERFACE "$<LINK_LIBRARY:WHOLE_ARCHIVE,kedge_tsan_absl>")
else()
  # Hardening needs optimisation and clashes with the sanitizers' own checks.
  target_compile_options(kedge_flags INTERFACE
    $<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE;-D_FORTIFY_SOURCE=2>
    -D_GLIBCXX_ASSERTIONS -fstack-clash-protection -fcf-protection)
endif()
if(KEDGE_COVERAGE)
  # Atomic: many tests have threads.
  target_compile_options(kedge_flags INTERFACE --coverage -fprofile-update=atomic)
  target_link_options(kedge_flags INTERFACE --coverage)
  find_program(GCOVR gcovr REQUIRED)
  # Of release code only; a test covers itself.
  add_custom_target(coverage_summary
    COMMAND "${GCOVR}" --root "${CMAKE_SOURCE_DIR}" --exclude ".*_test\\.cc" --exclude ".*_fuzz\\.cc"
            --exclude ".*/testing/" --exclude "tests/" --exclude "build/" --exclude-throw-branches
            --print-summary "${CMAKE_BINARY_DIR}"
    USES_TERMINAL VERBATIM)
endif()
if(KEDGE_FUZZ)
  # Coverage in every room, or libFuzzer is blind; the fuzz targets alone link its main.
  target_compile_options(kedge_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
target_link_options(kedge_flags INTERFACE -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack)

# Generated code is compiled without our warnings.
add_library(kedge_generated_flags INTERFACE)
target_include_directories(kedge_generated_flags INTERFACE "${CMAKE_BINARY_DIR}")
if(KEDGE_SANITIZE)
  target_compile_options(kedge_generated_flags INTERFACE -fsanitize=address,undefined)
elseif(KEDGE_TSAN)
  target_compile_options(kedge_generated_flags INTERFACE -fsanitize=thread)
endif()
