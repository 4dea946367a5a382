#define ACPP_ISA Isa::baseline
#include "bank/patch_embeddings_kernel_inl.h"
