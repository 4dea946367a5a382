#define ACPP_ISA Isa::avx2
#include "temporal/kde_mode_kernel_inl.h"
