#define ACPP_ISA Isa::avx512
#include "temporal/kde_mode_kernel_inl.h"
