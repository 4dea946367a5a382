# The CUDA extension, a module of its own (_cuda) that Python loads on first use. Its runtime is linked statically and
# asks for the driver at the first call only, so that the module imports on a machine without one.
if(ANOMALIB_CPP_CUDA STREQUAL "OFF")
  return()
endif()
if(NOT ANOMALIB_CPP_CUDA MATCHES "^(AUTO|ON)$")
  message(FATAL_ERROR "ANOMALIB_CPP_CUDA must be AUTO, ON or OFF; got '${ANOMALIB_CPP_CUDA}'")
endif()

set(ACPP_CUDA_OLDEST 12.0)  # the first nvcc that compiles C++20
set(ACPP_NO_CUDA "")
if(NOT CMAKE_CUDA_COMPILER AND NOT DEFINED ENV{CUDACXX})
  find_program(ACPP_NVCC nvcc HINTS ENV CUDA_PATH ENV CUDA_HOME PATHS /usr/local/cuda PATH_SUFFIXES bin)
  if(ACPP_NVCC)
    set(CMAKE_CUDA_COMPILER ${ACPP_NVCC})
  endif()
endif()
include(CheckLanguage)
check_language(CUDA)  # compiles a file: a toolkit that does not work with this host compiler counts as none
if(NOT CMAKE_CUDA_COMPILER)
  set(ACPP_NO_CUDA "no working nvcc was found")
else()
  if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
    set(CMAKE_CUDA_ARCHITECTURES 80-real 90)  # Ampere and Hopper as machine code; newer ones from Hopper's PTX
  endif()
  enable_language(CUDA)
  if(CMAKE_CUDA_COMPILER_VERSION VERSION_LESS ACPP_CUDA_OLDEST)
    set(ACPP_NO_CUDA "nvcc ${CMAKE_CUDA_COMPILER_VERSION} is older than ${ACPP_CUDA_OLDEST}")
  endif()
endif()
if(ACPP_NO_CUDA)
  if(ANOMALIB_CPP_CUDA STREQUAL "ON")
    message(FATAL_ERROR "ANOMALIB_CPP_CUDA=ON, but ${ACPP_NO_CUDA}")
  endif()
  message(STATUS "CUDA extension: not built (${ACPP_NO_CUDA})")
  return()
endif()
message(STATUS "CUDA extension: nvcc ${CMAKE_CUDA_COMPILER_VERSION}, architectures ${CMAKE_CUDA_ARCHITECTURES}")
find_package(CUDAToolkit REQUIRED)

file(GLOB ACPP_CUDA_SOURCES CONFIGURE_DEPENDS csrc/cuda/*/*.cu)
add_library(acpp_cuda STATIC ${ACPP_CUDA_SOURCES})
target_include_directories(acpp_cuda PUBLIC csrc)
target_link_libraries(acpp_cuda PUBLIC CUDA::cudart_static)
set_target_properties(acpp_cuda PROPERTIES CUDA_STANDARD 20 CUDA_STANDARD_REQUIRED ON CUDA_RUNTIME_LIBRARY Static
                                           CUDA_VISIBILITY_PRESET hidden)
# As on the CPU, nothing is contracted unless the code says so.
target_compile_options(acpp_cuda PRIVATE
  "$<$<COMPILE_LANGUAGE:CUDA>:--expt-relaxed-constexpr;-fmad=false;-Xfatbin=-compress-all;-Xcompiler=-Wall,-Wextra>")

file(GLOB ACPP_CUDA_BINDINGS CONFIGURE_DEPENDS csrc/cuda/bindings/*.cpp)
pybind11_add_module(_cuda NO_EXTRAS ${ACPP_CUDA_BINDINGS})
target_link_libraries(_cuda PRIVATE acpp_cuda acpp_core)
set_target_properties(_cuda PROPERTIES CUDA_RUNTIME_LIBRARY Static)
install(TARGETS _cuda LIBRARY DESTINATION anomalib_cpp)
