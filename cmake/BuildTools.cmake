# How everything is compiled: launcher, linker, warnings, sanitizers.
find_program(CCACHE ccache)
if(CCACHE)
  # pch_defines and time_macros let ccache store objects that use a precompiled header.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${CCACHE})
endif()
# gcc knows -fuse-ld=mold from 12.1 on; elsewhere the default linker does.
include(CheckCXXSourceCompiles)
set(CMAKE_REQUIRED_LINK_OPTIONS -fuse-ld=mold)
check_cxx_source_compiles("int main() { return 0; }" LLMBOX_MOLD_WORKS)
unset(CMAKE_REQUIRED_LINK_OPTIONS)
if(LLMBOX_MOLD_WORKS)
  add_link_options(-fuse-ld=mold)
endif()

# Options are structs with defaults, set by name: a member left out is meant.
set(warnings -Wall -Wextra -Werror -Wno-missing-field-initializers)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # The compiler's collector would walk the precompiled header again and again: 6 % of a build.
  add_compile_options(${warnings} -fpch-preprocess -fno-math-errno --param=ggc-min-heapsize=4000000)
else()
  add_compile_options(-fno-math-errno)
endif()
set(LLMBOX_SANITIZE "" CACHE STRING "address,undefined or thread or (clang) fuzzer-no-link,…; empty for none")
if(LLMBOX_SANITIZE MATCHES fuzzer)
  add_compile_options(-fno-sanitize-recover=undefined)
endif()
if(LLMBOX_SANITIZE)
  # gcc sees uninitialised members in std::regex and std::function where its own checks stand (GCC bug 105562).
  add_compile_options(-fsanitize=${LLMBOX_SANITIZE} -fno-omit-frame-pointer -g1 -Wno-maybe-uninitialized)
  add_link_options(-fsanitize=${LLMBOX_SANITIZE})
endif()
