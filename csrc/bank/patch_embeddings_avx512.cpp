#define ACPP_ISA Isa::avx512
#include "bank/patch_embeddings_kernel_inl.h"
