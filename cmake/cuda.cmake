# The CUDA extension, a module of its own (_cuda) that Python loads on first use.
if(ANOMALIB_CPP_CUDA STREQUAL "OFF")
  return()
endif()
