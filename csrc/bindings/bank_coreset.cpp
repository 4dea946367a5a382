#include "bindings/arrays.h"

namespace acpp::bind {

void add_bank_coreset(py::module_&) {}

}  // namespace acpp::bind
