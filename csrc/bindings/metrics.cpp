#include "bindings/arrays.h"

namespace acpp::bind {

void add_metrics(py::module_&) {}

}  // namespace acpp::bind
