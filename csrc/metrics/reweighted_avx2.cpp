#define ACPP_ISA Isa::avx2
#include "metrics/reweighted_kernel_inl.h"
