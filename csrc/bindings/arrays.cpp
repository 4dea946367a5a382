#include "bindings/arrays.h"

namespace acpp::bind {

void add_arrays(py::module_&) {}

}  // namespace acpp::bind
