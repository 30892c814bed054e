# Three functions declare every target of the suite:
#   pyro_library(NAME SOURCES... [LINK libraries...])
#   pyro_program(NAME [STATIC] [LIBEXEC] SOURCES... [LINK libraries...])
#   pyro_test(NAME LABEL unit|service|guest|fault SOURCES... [LINK libraries...] [TIMEOUT seconds])
# Headers are included from the top of the tree: "common/base/error.h".

include(GNUInstallDirs)
include(GoogleTest)

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
# Line tables alone: whole debug information of the templates would double the time to build.
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1 -DNDEBUG")
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(PYRO_SANITIZE "" CACHE STRING "Sanitizers for everything, as address,undefined")
option(PYRO_TESTS "Build the tests and the figures too" ON)
option(PYRO_FUZZ "Build the libFuzzer targets (needs clang++ as the compiler)" OFF)
if(PYRO_FUZZ)
  # A fuzzer sees only what is compiled for it: the libraries as well.
  set(PYRO_SANITIZE fuzzer-no-link,address)
endif()

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(SQLiteCpp REQUIRED)
find_package(LibArchive REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto)
find_package(tomlplusplus REQUIRED)
find_package(nlohmann_json REQUIRED)
if(PYRO_TESTS)
  find_package(GTest REQUIRED)
  find_package(benchmark REQUIRED)
endif()
pkg_check_modules(ZMQ REQUIRED IMPORTED_TARGET libzmq)
pkg_check_modules(EXT2FS REQUIRED IMPORTED_TARGET ext2fs com_err)
pkg_check_modules(VTERM REQUIRED IMPORTED_TARGET vterm)
pkg_check_modules(SECCOMP REQUIRED IMPORTED_TARGET libseccomp)

# msgpack's own CMake config asks for Boost, which its headers do without.
add_library(pyro_msgpack INTERFACE)
target_compile_definitions(pyro_msgpack INTERFACE MSGPACK_NO_BOOST)
add_library(pyro_asio INTERFACE)
target_compile_definitions(pyro_asio INTERFACE ASIO_STANDALONE ASIO_NO_DEPRECATED)
target_link_libraries(pyro_asio INTERFACE Threads::Threads)

add_library(pyro_options INTERFACE)
target_include_directories(pyro_options INTERFACE ${PROJECT_SOURCE_DIR})
# A designated initializer names what differs from a message's defaults, and nothing else.
target_compile_options(pyro_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion
                                              -Wsign-conversion -Wnon-virtual-dtor
                                              -Wno-missing-field-initializers -Werror)
target_compile_definitions(pyro_options INTERFACE PYRO_VERSION="${PROJECT_VERSION}" _GNU_SOURCE)
if(PYRO_SANITIZE)
  add_compile_options(-fsanitize=${PYRO_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${PYRO_SANITIZE})
  if(PYRO_SANITIZE MATCHES thread)
    # Asio has fences, which gcc's thread sanitizer does not follow: it warns of each.
    add_compile_options(-Wno-tsan)
  endif()
endif()

# What is installed, and nothing else: `cmake --install` needs no other target.
add_custom_target(programs)

# tests_unit and so on: the tests of one label.
foreach(label unit service guest fault registries)
  add_custom_target(tests_${label})
endforeach()

function(pyro_library name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PUBLIC pyro_options ${ARG_LINK})
endfunction()

function(pyro_program name)
  cmake_parse_arguments(ARG "STATIC;LIBEXEC" "" "LINK" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE pyro_options ${ARG_LINK})
  # A sanitizer's runtime cannot be linked statically: with one, the agent is an ordinary program,
  # which unit and service tests run on the host and no guest can.
  if(ARG_STATIC AND NOT PYRO_SANITIZE)
    target_link_options(${name} PRIVATE -static -Wl,--gc-sections -s)
  endif()
  add_dependencies(programs ${name})
  if(ARG_LIBEXEC)
    install(TARGETS ${name} RUNTIME DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/pyro
            COMPONENT programs)
  else()
    install(TARGETS ${name} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT programs)
  endif()
endfunction()

function(pyro_test name)
  cmake_parse_arguments(ARG "" "LABEL;TIMEOUT" "LINK;PROPERTIES" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 60)
    if(PYRO_SANITIZE)
      set(ARG_TIMEOUT 300) # ten times as slow under the thread sanitizer
    endif()
  endif()
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE pyro_options ${ARG_LINK} GTest::gmock GTest::gtest_main)
  add_dependencies(tests_${ARG_LABEL} ${name})
  # What is tested is optimised; the tests themselves would only take longer to build.
  target_compile_options(${name} PRIVATE -O0)
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60
    PROPERTIES LABELS ${ARG_LABEL} TIMEOUT ${ARG_TIMEOUT} ${ARG_PROPERTIES})
endfunction()
