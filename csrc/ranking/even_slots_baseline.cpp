#define ACPP_ISA Isa::baseline
#include "ranking/even_slots_kernel_inl.h"
