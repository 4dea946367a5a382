#define ACPP_ISA Isa::baseline
#include "bank/coreset_kernel_inl.h"
