#pragma once
// Each C++ error becomes one class of anomalib_cpp._errors, looked up when it is raised.
#include <pybind11/pybind11.h>

#include <exception>

#include "core/error.h"

namespace acpp::bind {
namespace py = pybind11;

inline void raise(const char* class_name, const char* message) {
    const py::object type = py::module_::import("anomalib_cpp._errors").attr(class_name);
    PyErr_SetString(type.ptr(), message);
}

inline void translate(std::exception_ptr error) {
    try {
        if (error) std::rethrow_exception(error);
    } catch (const InvalidArgument& e) { raise("InvalidInputError", e.what()); } catch (const InvalidType& e) {
        raise("InvalidTypeError", e.what());
    } catch (const BudgetExceeded& e) { raise("MemoryBudgetError", e.what()); } catch (const Cancelled& e) {
        raise("OperationCancelled", e.what());
    }
}

}  // namespace acpp::bind
