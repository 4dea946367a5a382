#include "bindings/arrays.h"

namespace acpp::bind {

void add_bank(py::module_&) {}

}  // namespace acpp::bind
