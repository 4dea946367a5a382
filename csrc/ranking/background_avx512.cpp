#define ACPP_ISA Isa::avx512
#include "ranking/background_kernel_inl.h"
