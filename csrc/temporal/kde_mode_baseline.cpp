#define ACPP_ISA Isa::baseline
#include "temporal/kde_mode_kernel_inl.h"
