#include "bindings/arrays.h"

namespace acpp::bind {

void add_bank_embeddings(py::module_&) {}

}  // namespace acpp::bind
