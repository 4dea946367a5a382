#include "bindings/arrays.h"

namespace acpp::bind {

void add_maps(py::module_&) {}

}  // namespace acpp::bind
