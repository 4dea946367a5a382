#define ACPP_ISA Isa::avx2
#include "bank/patch_embeddings_kernel_inl.h"
