#define ACPP_ISA Isa::avx512
#include "metrics/reweighted_kernel_inl.h"
