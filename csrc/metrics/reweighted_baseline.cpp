#define ACPP_ISA Isa::baseline
#include "metrics/reweighted_kernel_inl.h"
