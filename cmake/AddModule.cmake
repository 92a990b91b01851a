# add_module(NAME [TORCH] [COLD] [LIBS lib...] [MODULES module...]) makes from src/NAME:
#   llmbox_NAME   a static library of all *.cpp but tests; it links MODULES (the only modules it may include) and LIBS
#   NAME_test     one GoogleTest program of all *_test.cpp, run by ctest; *_slow_test.cpp go to NAME_slow_test
# COLD modules have no loops of their own that a user waits for; they and all tests are compiled with -O1, which takes a
# quarter less time.
# Four files are compiled at a time, as one (a unity build): reading the headers takes longer than the rest. So names in
# the anonymous namespaces of neighbours differ. -DCMAKE_UNITY_BUILD=OFF compiles each file alone, as `make asan` does.
# Files named *_avx512.cpp and *_avx2.cpp are compiled for that instruction set and chosen at run time.
set(LLMBOX_AVX512_FLAGS "-mavx512f;-mavx512bw;-mavx512vl;-mavx512dq;-mavx512vnni;-mavx512bf16;-mavx2;-mfma;-mf16c;-O3")
set(LLMBOX_AVX2_FLAGS "-mavx2;-mfma;-mf16c;-O3")
set(LLMBOX_COLD_FLAGS "-O1")
option(CMAKE_UNITY_BUILD "compile several files as one" ON)
set(CMAKE_UNITY_BUILD_BATCH_SIZE 4)

# Two precompiled headers: with and without libtorch. Modules reuse them, so each is compiled once.
file(WRITE ${CMAKE_BINARY_DIR}/pch/empty.cpp "")
add_library(llmbox_pch OBJECT ${CMAKE_BINARY_DIR}/pch/empty.cpp)
target_precompile_headers(llmbox_pch PRIVATE ${CMAKE_SOURCE_DIR}/cmake/std_pch.h)
target_link_libraries(llmbox_pch PRIVATE nlohmann_json::nlohmann_json fmt::fmt)
add_library(llmbox_torch_pch OBJECT ${CMAKE_BINARY_DIR}/pch/empty.cpp)
target_precompile_headers(llmbox_torch_pch PRIVATE ${CMAKE_SOURCE_DIR}/cmake/torch_pch.h)
target_link_libraries(llmbox_torch_pch PRIVATE torch nlohmann_json::nlohmann_json fmt::fmt)

function(llmbox_compile target torch)
  target_include_directories(${target} PUBLIC ${CMAKE_SOURCE_DIR}/src)
  if(torch)
    target_link_libraries(${target} PUBLIC torch)
    target_precompile_headers(${target} REUSE_FROM llmbox_torch_pch)
  else()
    target_precompile_headers(${target} REUSE_FROM llmbox_pch)
  endif()
endfunction()

function(llmbox_test target labels sources library torch)
  add_executable(${target} ${sources})
  llmbox_compile(${target} ${torch})
  target_compile_options(${target} PRIVATE ${LLMBOX_COLD_FLAGS})
  target_link_libraries(${target} PRIVATE ${library} GTest::gtest_main)
  target_compile_definitions(${target} PRIVATE LLMBOX_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  add_test(NAME ${target} COMMAND ${target} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(${target} PROPERTIES LABELS "${labels}")
endfunction()

function(add_module name)
  cmake_parse_arguments(arg "TORCH;COLD" "" "LIBS;MODULES" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_test\\.cpp$|/main\\.cpp$")
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  set(slow_tests ${tests})
  list(FILTER tests EXCLUDE REGEX "_slow_test\\.cpp$")
  list(FILTER slow_tests INCLUDE REGEX "_slow_test\\.cpp$")

  foreach(source ${sources})
    foreach(isa AVX512 AVX2)
      string(TOLOWER ${isa} suffix)
      if(source MATCHES "_${suffix}\\.cpp$")
        set_source_files_properties(${source} PROPERTIES COMPILE_OPTIONS "${LLMBOX_${isa}_FLAGS}"
                                    SKIP_PRECOMPILE_HEADERS ON)
      endif()
    endforeach()
  endforeach()

  if(NOT sources)
    set(sources ${CMAKE_BINARY_DIR}/pch/empty.cpp)
  endif()
  add_library(llmbox_${name} STATIC ${sources})
  list(TRANSFORM arg_MODULES PREPEND llmbox_)
  target_link_libraries(llmbox_${name} PUBLIC ${arg_MODULES} ${arg_LIBS} nlohmann_json::nlohmann_json fmt::fmt)
  llmbox_compile(llmbox_${name} ${arg_TORCH})
  if(arg_COLD)
    target_compile_options(llmbox_${name} PRIVATE ${LLMBOX_COLD_FLAGS})
  endif()
  if(tests)
    llmbox_test(${name}_test fast "${tests}" llmbox_${name} ${arg_TORCH})
  endif()
  if(slow_tests)
    llmbox_test(${name}_slow_test slow "${slow_tests}" llmbox_${name} ${arg_TORCH})
  endif()
endfunction()
