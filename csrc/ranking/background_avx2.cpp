#define ACPP_ISA Isa::avx2
#include "ranking/background_kernel_inl.h"
