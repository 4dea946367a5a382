#define ACPP_ISA Isa::baseline
#include "ranking/background_kernel_inl.h"
